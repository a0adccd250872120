"""Silk: products of waves."""

import math

import numpy as np

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program, Values


def draw(stream: Stream, o: Options) -> Program:
    """A multiplicative filter network (Fathony et al. 2021): each layer mixes the last one and
    multiplies it by fresh sines of the point, so that frequencies add up and interfere, as in
    watered silk."""
    c = Canvas(stream, o, time=True)
    bend = c.net(c.point, 2, depth=1, width=8, gain=1.3, latent=0.7, time=0.3)
    point = c.moved(c.point, bend, 0.35)
    state = waves(c, point, 1.6)
    for layer in range(o.depth - 1):
        mixed = c.layer(state, o.width, "identity", gain=1.6, bias=0.4)
        state = c.b.product(mixed, waves(c, point, 2.2 + 1.2 * layer))
    out = c.layer(state, 3, "identity", gain=1.5)
    return c.finish(out[:1], out[1:2], out[2:])


def waves(c: Canvas, point: Values, frequency: float) -> Values:
    """A layer of sines of the point in all directions."""
    units = c.options.width
    angle = c.stream.uniform(0, 2 * math.pi, units)
    size = frequency * c.stream.uniform(0.3, 1.3, units)
    weight = np.stack([np.cos(angle) * size, np.sin(angle) * size], 1)
    return c.b.affine(point, weight, c.stream.uniform(0, 2 * math.pi, units), "sin")


STYLE = Style(
    "silk",
    "Watered silk: waves multiplied by waves.",
    draw,
    scale=1.5,
    depth=4,
    width=16,
    time=True,
    finish="relief",
)
