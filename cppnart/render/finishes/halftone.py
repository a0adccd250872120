"""Halftone: coloured dots on paper, larger where it is dark."""

from __future__ import annotations

import math

import numpy as np

from cppnart.fields.program import Values
from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.lines import CROWDED
from cppnart.render.finishes.surface import SHORT_SIDE, Surface


def dots(s: Surface, across: int, down: int, tone: Values) -> Values:
    """How much of a pixel round dots cover, on a square screen with steps (across, down) and
    (-down, across) along the short side; the dots of tone in [0, 1] cover about that share."""
    a, b = across / SHORT_SIDE, down / SHORT_SIDE
    cell = s.b.affine([s.x, s.y], [[a, b], [-b, a]])
    away = s.sum((1, cell), (-1, s.b.map(cell, "floor", 1, 0.5)))
    distance = s.b.affine(s.b.map(away, "square"), [[1, 1]], activation="sqrt")
    rate = s.apply("identity", s.pixel, math.hypot(a, b))
    radius = s.apply("sqrt", tone, 0.5)  # 0.707 reaches the corners of the cell
    inside = s.times(s.sum((1, radius), (-1, distance)), s.apply("reciprocal", rate))
    return s.mix(s.apply("clamp", inside, 1, 0.5), tone, s.step(rate, *CROWDED))


def paint(s: Surface, strength: float) -> None:
    tone = s.apply("clamp", s.lightness(), -1.1 * strength, 1.05 * strength)
    cover = dots(s, 64, 37, tone)
    pure = s.times(s.rgb, s.b.map(s.rgb, scale=0.3, shift=0.6))
    s.rgb = s.mix(s.b.map(s.rgb, scale=0, shift=s.paper), pure, cover)


FINISH = Finish("halftone", "Coloured dots on paper, larger where it is dark.", paint)
