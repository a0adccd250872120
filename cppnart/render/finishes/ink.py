"""Ink: level lines drawn with a brush that swells in the shade."""

from __future__ import annotations

from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.light import TOWARDS_LIGHT, Shape, mean_height
from cppnart.render.finishes.lines import line_width, lines, sharp
from cppnart.render.finishes.surface import Surface

POOL = 0.13
"""Where the value is below this, the brush was full: spotted blacks hold a drawing together."""


def paint(s: Surface, strength: float) -> None:
    n = s.bands(1 / 26, 8, 30)
    phase, per_length = s.apply("identity", s.height, n), s.apply("identity", s.steep, n)
    away = s.apply("clamp", Shape(s, mean_height(s, 0.8)).facing(TOWARDS_LIGHT), -0.75, 0.72)
    weight = s.of("clamp", (1.0, away), (0.5, s.shade), bias=-0.3)
    weight = s.times(weight, weight)
    thin, thick = line_width(strength / 900), line_width(strength / 75)
    line = lines(s, phase, per_length, s.apply("identity", weight, thick, thin), 0.8)
    pool = sharp(s, s.apply("identity", s.height, -1, POOL), s.times(s.steep, s.pixel))
    s.rgb = s.between(s.paper, s.ink, s.of("clamp", (1, line), (1, pool)))


FINISH = Finish(
    "ink", "A drawing in ink on paper, its lines heavier in the shade.", paint, None, True
)
