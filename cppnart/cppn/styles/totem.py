"""Totem: mirror-symmetric figures out of mixed activations."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import MIXED, Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Stanley, "Compositional pattern producing networks" (2007): symmetry by a gaussian and an
    absolute value of x, repetition by sines of y, and repetition with variation, since the
    network sees y itself as well."""
    c = Canvas(stream, o, time=True)
    mirror = c.length(c.x, 0.05)
    bump = c.b.map(c.x, "bell", 1.3 / o.scale)
    wave = c.b.map(c.y, "sin", stream.number(1.5, 3.5), stream.number(0, 6.28))
    radius = c.length(c.point, 0.1)
    out = c.net([mirror, c.y, bump, wave, radius], 3, gain=1.9, latent=0.6, time=0.3)
    figure = c.bell(c.b.map(c.point, scale=[1.1, 0.7]), 0.7 * o.scale)
    ground = c.b.affine([out[:1], figure], [[0.8, stream.choice((-1.0, 1.0)) * 1.6]])
    bands = c.bands(ground, 6, 1.0, 4.5)
    held = c.b.product(bands[:1], c.b.affine(figure, [[0.9]], 0.15))
    value = c.b.combine((1.0, held), (0.8, ground))
    return c.finish(value, c.b.combine((1.0, out[1:2]), (0.5, bands[1:])), out[2:])


STYLE = Style(
    "totem",
    "Masks and creatures: a mirrored network with an activation of its own for every unit.",
    draw,
    scale=2.0,
    depth=3,
    width=16,
    activation=MIXED,
    time=True,
    finish="relief",
)
