"""Quasicrystal: plane waves from all sides."""

import math

import numpy as np

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program, Values


def draw(stream: Stream, o: Options) -> Program:
    """The sum of ``symmetry`` plane waves in evenly spread directions has stars of that order and
    never repeats. A slow sum gives the large forms, a quick one is let in where the slow one is
    high, and bands follow them."""
    c = Canvas(stream, o, time=True)
    point = c.moved(c.point, c.sway(2, 0.15))
    point = c.away(point, stream.uniform(-0.3, 0.3, 2))
    slow = crystal(c, point, stream.number(9.0, 17.0))
    quick = crystal(c, point, stream.number(26.0, 44.0))
    gate = c.b.map(slow, "sigmoid", 2.5, -0.5)
    both = c.b.affine([slow, c.b.product(quick, gate)], [[1.0, stream.number(0.3, 0.6)]])
    bands = c.bands(both, 6, 0.8, stream.number(2.5, 5.0))
    away = c.b.map(c.length(c.point, 0.3), scale=stream.number(-0.9, 0.9))
    value = c.b.combine((1.0, bands[:1]), (0.6, both), (1.0, away))
    return c.finish(value, c.b.combine((1.0, bands[1:]), (0.5, slow)), quick)


def crystal(c: Canvas, point: Values, frequency: float) -> Values:
    """The sum of the waves of this frequency, of about unit size."""
    n = c.options.symmetry
    angle = math.pi * np.arange(n) / n
    waves = frequency * np.stack([np.cos(angle), np.sin(angle)], 1)
    clock = c.stream.normal((n, len(c.clock))) * 0.3
    sines = c.b.affine([point, c.clock], np.concatenate([waves, clock], 1), activation="cos")
    return c.total(c.b.map(sines, scale=math.sqrt(2 / n)))


STYLE = Style(
    "quasicrystal",
    "Stars that never repeat: plane waves from all sides.",
    draw,
    scale=1.0,
    symmetry=(5, 7, 8, 9, 11),
    time=True,
    noise=0.4,
    finish="pearl",
)
