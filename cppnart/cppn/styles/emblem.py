"""Emblem: a seal on nothing."""

import math

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """A scalloped disc, transparent outside, with a rim, a ring of beads and a field. In the field
    a network sees only the radius and cos n theta, which no turn by an n-th and no mirror
    changes, and which stays smooth where mirrors meet."""
    c = Canvas(stream, o, time=True)
    radius = c.length(c.point, 0.01)
    turn = c.direction(c.point, 0.08)
    lobes = c.power(turn, o.symmetry)[:1]
    beads = c.power(turn, o.symmetry * max(1, round(40 / o.symmetry)))[:1]
    fields = c.net([c.b.map(radius, scale=3.5), lobes], 3, gain=2.0, time=0.4)
    bands = c.bands(fields[:1], 6, 0.8, 2.5, 1)
    waves = c.b.affine([bands, fields[:1], lobes], [[0.5, 2.0, 0.8]], activation="sin")
    middle = c.edge(waves, 2.6)

    inside = c.b.affine([lobes, radius], [[stream.number(-0.04, 0.04), -1.0]], 0.88)
    ring = stream.number(0.1, 0.16)
    row = c.b.map(inside, "bell", 30.0, -30.0 * (ring - 0.04))
    bead = c.edge(c.b.product(row, c.b.map(beads, scale=0.5, shift=0.5)), 14, -0.35)
    rim = c.b.map(c.b.map(inside, "cos", 2 * math.pi / 0.04), "sigmoid", 2.5)
    frame = c.mix(c.edge(inside, 260, -0.04), rim, c.b.map(bead, scale=0.85, shift=0.08))
    value = c.mix(c.edge(inside, 260, -ring - 0.012), frame, middle)
    groove = c.b.map(inside, "bell", 130.0, -130.0 * (ring + 0.012))
    value = c.b.combine((1.0, value), (-0.9, c.b.product(groove, value)))
    shade = c.edge(c.b.affine([fields[1:2], radius], [[0.6, -0.5]], 0.4), 2.0)
    return c.finish(value, shade, c.b.map(fields[2:], "sigmoid"), c.edge(inside, 500))


STYLE = Style(
    "emblem",
    "A seal with a beaded rim, transparent outside.",
    draw,
    scale=1.0,
    depth=3,
    width=16,
    activation="sin",
    symmetry=(3, 4, 5, 6, 8, 10, 12),
    time=True,
    alpha=True,
    tones="drawn",
    noise=0.7,
    finish="relief",
    palettes=("gold-leaf", "cinnabar", "lapis", "verdigris", "malachite", "night-gold"),
)
