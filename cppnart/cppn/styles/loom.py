"""Loom: damask, woven out of products of waves."""

import math

import numpy as np

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program, Values


def draw(stream: Stream, o: Options) -> Program:
    """The figure is a multiplicative filter network (Fathony et al. 2021): each layer mixes the
    last one and multiplies it by fresh sines, so that frequencies add up. It is mirrored, as on a
    loom, and where it is positive the weft shows, elsewhere the warp."""
    c = Canvas(stream, o, time=True)
    bend = c.net(c.point, 2, depth=1, width=8, gain=1.3, latent=0.5, time=0.3)
    mirrored = c.b.affine([c.length(c.x, 0.02), c.y], [[1, 0], [0, 1]])
    drift = c.net(mirrored, 2, depth=1, width=8, gain=1.5, latent=0.7, time=0.2)
    point = c.moved(mirrored, drift, 0.3)
    state = waves(c, point, 1.6)
    for layer in range(o.depth - 1):
        mixed = c.layer(state, o.width, "identity", gain=1.6, bias=0.4)
        state = c.b.product(mixed, waves(c, point, 1.8 + 0.8 * layer))
    out = c.layer(state, 2, "identity", gain=1.5)
    relief = c.bands(out[:1], 6, 1.0, 3.0, 1)
    figure = c.b.map(relief, "sigmoid", 7.0)
    pitch = 2 * math.pi * stream.number(30, 40) / o.scale
    cloth = c.turned(c.moved(c.point, bend, 0.05), stream.choice((0.0, math.pi / 4)))
    threads = c.b.map(cloth, "cos", pitch)
    thread = c.mix(figure, threads[:1], threads[1:])
    value = c.b.affine([figure, out[:1], relief, thread], [[0.45, 0.08, 0.1, 0.07]], 0.28)
    return c.finish(value, c.b.map(bend[:1], "sigmoid"), c.b.map(out[1:], "sigmoid"))


def waves(c: Canvas, point: Values, frequency: float) -> Values:
    """A layer of sines of the point in all directions."""
    units = c.options.width
    angle = c.stream.uniform(0, 2 * math.pi, units)
    size = frequency * c.stream.uniform(0.3, 1.3, units)
    weight = np.stack([np.cos(angle) * size, np.sin(angle) * size], 1)
    return c.b.affine(point, weight, c.stream.uniform(0, 2 * math.pi, units), "sin")


STYLE = Style(
    "loom",
    "Damask: a mirrored figure in warp and weft, made of products of waves.",
    draw,
    scale=1.8,
    depth=4,
    width=16,
    time=True,
    tones="linear",
    noise=0.6,
    palettes=("oxblood", "gold-leaf", "malachite", "lapis", "rose-smoke", "fig", "celadon"),
)
