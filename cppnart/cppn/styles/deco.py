"""Deco: fans of arcs and rays."""

import math

import numpy as np

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program, Values


def draw(stream: Stream, o: Options) -> Program:
    """Paints fans over fans, from the top down, the same on both sides: each a disc with a border,
    arcs of unequal width inside it, or rays."""
    c = Canvas(stream, o, time=True)
    mirror = c.length(c.x, 0.002)
    point = np.concatenate([mirror, c.y])
    value = rays(c, point, np.array([0.0, 0.95]))
    top, spacing = stream.number(-0.45, 0.1), stream.number(0.6, 1.2)
    first = stream.integer(0, 1)
    for row in range(o.depth):
        height = top + (1.05 - top) * (row + 0.6) / o.depth
        size = spacing * stream.number(0.5, 0.66)
        kind = stream.integer(0, 2)
        for column in range(3):
            centre = np.array([(column + 0.5 * ((row + first) % 2)) * spacing, height])
            value = fan(c, point, value, centre, size, kind)
    shade = c.b.affine([c.y, c.sway(1, 0.3, time=0.2)], [[0.3, 1.0]], 0.5)
    return c.finish(value, shade, mirror)


def rays(c: Canvas, point: Values, centre: Values) -> Values:
    """A sky of rays round a centre."""
    away = c.away(point, centre)
    many = c.power(c.direction(away, 0.01), 2 * c.stream.integer(8, 14))
    band = c.edge(many[:1], 40, c.stream.number(-0.3, 0.3))
    return c.b.affine([band, c.length(away)], [[0.25, -0.2]], 0.5)


def fan(c: Canvas, point: Values, below: Values, centre: Values, size: float, kind: int) -> Values:
    """A disc painted over what is below: arcs (0), rays (1), or arcs outside and rays inside."""
    sway = c.sway(2, 0.02, time=0.01)
    away = c.moved(c.away(point, centre), sway)
    radius = c.length(away, 0.005)
    inside = c.edge(radius, -300, -size)
    rings = c.stream.integer(3, 6)
    wave = c.b.map(radius, "sin", rings * 2 * math.pi / size, c.stream.number(0, 6))
    arcs = c.b.map(wave, "sigmoid", 18.0, c.stream.number(-9, 9))
    spokes = c.power(c.direction(away, 0.01), c.stream.choice((12, 16, 20, 24)))
    beams = c.b.map(spokes[:1], "sigmoid", 14.0, c.stream.number(-5, 5))
    if kind == 2:
        pattern = c.mix(c.edge(radius, 300, -0.5 * size), beams, arcs)
    else:
        pattern = beams if kind else arcs
    low, high = c.stream.number(0.05, 0.3), c.stream.number(0.65, 0.95)
    tone = c.b.affine([pattern, radius], [[high - low, -0.15 / size]], low + 0.1)
    border = c.edge(radius, 300, -0.93 * size)
    tone = c.mix(border, tone, c.b.constant(c.stream.choice((0.02, 0.97))))
    return c.mix(inside, below, tone)


STYLE = Style(
    "deco",
    "Fans of arcs and rays, as on a cinema's front.",
    draw,
    scale=1.0,
    depth=4,
    time=True,
    tones="drawn",
    noise=0.85,
    palettes=("night-gold", "gold-leaf", "peacock", "malachite", "oxblood", "lapis"),
)
