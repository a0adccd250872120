"""Filigree: folds within folds."""

import math

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """p <- |p| / p.p - c, again and again (the "Kali set" of the fractal forums), with rounded
    corners: every round turns the outside in, so that each scale holds the next. Drawn are thin
    circles and broad glows round the point's way, finer rounds fainter."""
    c = Canvas(stream, o, time=True)
    sway = c.sway(2, 0.03, time=0.015)
    point = c.turned(c.away(c.point, stream.uniform(-0.4, 0.4, 2)), stream.number(0, math.pi))
    offset = stream.uniform(0.4, 0.8, 2)
    value, shade = c.b.constant(0.0), c.b.constant(0.0)
    circle = stream.number(0.35, 0.8)
    weight = 1.0
    for _ in range(o.depth):
        squares = c.b.map(point, "square")
        inverse = c.total(squares, 0.05, "reciprocal")
        rounded = c.b.map(squares, "sqrt", 1.0, 1e-3)
        folded = c.b.product(rounded, inverse)
        point = c.moved(c.away(folded, offset), sway)
        reach = c.length(point, 0.02)
        value = c.b.combine(
            (1.0, value),
            (weight, c.b.map(reach, "bell", 7.0, -7.0 * circle)),
            (0.6 * weight, c.b.map(reach, "bell", 1.3)),
        )
        shade = c.b.combine((1.0, shade), (weight, c.b.map(point[:1], "tanh")))
        weight *= 0.7
    return c.finish(value, shade, c.b.map(point[1:], "tanh"))


STYLE = Style(
    "filigree",
    "Lace of circles, each scale holding the next: for prints to step up to.",
    draw,
    scale=0.7,
    depth=6,
    time=True,
    noise=0.5,
    finish="gilt",
    palettes=("night-gold", "gold-leaf", "obsidian", "peacock", "verdigris", "porcelain", "fig"),
)
