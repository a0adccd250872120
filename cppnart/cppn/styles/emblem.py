"""Emblem: a seal on nothing."""

import math

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """A scalloped disc, transparent outside. Inside, a network sees only the radius and cos n
    theta, which no turn by an n-th and no mirror changes, and stays smooth where mirrors meet."""
    c = Canvas(stream, o, time=True)
    radius = c.length(c.point, 0.01)
    lobes = c.power(c.direction(c.point, 0.06), o.symmetry)[:1]
    double = c.b.map(lobes, "square")
    fields = c.net([c.b.map(radius, scale=3.0), lobes, double], 3, gain=2.0, time=0.4)
    size = 0.86
    scallop = stream.number(-0.05, 0.05)
    rim = c.b.affine([lobes, radius], [[scallop, -1.0]], size)
    rings = c.b.map(rim, "cos", 2 * math.pi / stream.number(0.05, 0.09))
    border = c.edge(rim, -220, 0.1)
    value = c.mix(border, c.b.map(fields[:1], "sigmoid", 1.8), c.b.map(rings, "sigmoid", 4.0))
    line = c.b.map(c.b.map(rim, shift=-0.1), "bell", 110.0)
    value = c.b.combine((1.0, value), (-1.0, c.b.product(line, value)))
    shade = c.mix(border, c.b.map(fields[1:2], "sigmoid"), c.b.constant(0.7))
    return c.finish(value, shade, c.b.map(fields[2:], "sigmoid"), c.edge(rim, 500))


STYLE = Style(
    "emblem",
    "A seal with a scalloped rim, transparent outside.",
    draw,
    scale=1.0,
    depth=3,
    width=16,
    activation="sin",
    symmetry=(3, 4, 5, 6, 8, 12, 16),
    time=True,
    alpha=True,
    tones="drawn",
    palettes=("gold-leaf", "cinnabar", "lapis", "verdigris", "malachite", "night-gold"),
)
