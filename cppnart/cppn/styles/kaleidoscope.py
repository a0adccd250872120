"""Kaleidoscope: a mixed network seen through mirrors."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import MIXED, Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Folds the plane into one wedge, where a network with an activation of its own for every unit
    draws; the radius is among its inputs, so that rings form, and bands give it edges."""
    c = Canvas(stream, o, time=True)
    wedge = c.folded(c.point, o.symmetry)
    radius = c.length(c.point, 0.02)
    out = c.net([wedge, radius], 3, gain=2.0, latent=0.6, time=0.3)
    ground = c.b.affine([out[:1], radius], [[1.0, stream.number(-0.5, 0.5)]])
    bands = c.bands(ground, 6, 1.0, stream.number(2.5, 5.0))
    value = c.b.combine((stream.number(0.4, 0.9), bands[:1]), (0.8, ground))
    return c.finish(value, c.b.combine((1.0, out[1:2]), (0.4, bands[1:])), out[2:])


STYLE = Style(
    "kaleidoscope",
    "Mirrors: one wedge of a mixed network, reflected to a star.",
    draw,
    scale=2.2,
    depth=3,
    width=16,
    activation=MIXED,
    symmetry=(5, 6, 6, 7, 8, 8, 10, 12),
    time=True,
)
