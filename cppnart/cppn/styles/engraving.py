"""Engraving: tone by the thickness of lines."""

import math

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Lines follow the level sets of one smooth field; a second field, the tone, makes them swell
    until they join, or thin out to bare paper."""
    c = Canvas(stream, o, time=True)
    form = c.net(c.point, 3, depth=2, width=16, gain=1.5, time=0.3)
    tone = c.net([c.point, form[:1]], 1, depth=2, width=16, gain=1.6, latent=0.3)
    away = c.away(c.point, stream.uniform(-0.4, 0.4, 2) * o.scale)
    centre = c.bell(away, o.scale * 0.8)
    straight = c.turned(c.point, stream.number(0, math.pi))[:1]
    across = c.length(away, 0.1) if stream.chance(0.35) else straight
    path = c.b.affine([across, form[1:2]], [[1.0, stream.number(0.15, 0.4)]])
    lines = c.b.map(path, "cos", o.depth * math.pi / o.scale)
    ink = c.b.affine([lines, tone, centre], [[1.0, 1.3, 1.1]], -0.55)
    value = c.edge(ink, -7.0)
    return c.finish(value, c.b.map(tone, "sigmoid", -1.0), form[2:])


STYLE = Style(
    "engraving",
    "Lines that swell and thin, as cut in copper.",
    draw,
    scale=1.2,
    depth=30,
    time=True,
    tones="drawn",
    noise=0.9,
    palettes=("sumi", "porcelain", "oxblood", "moss", "glacier", "fig"),
)
