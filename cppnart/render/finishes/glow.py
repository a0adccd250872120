"""Glow: level lines of light in the dark."""

from __future__ import annotations

import numpy as np

from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.lines import CROWDED, line_width, lines
from cppnart.render.finishes.surface import Surface


def paint(s: Surface, strength: float) -> None:
    n = s.bands(1 / 9, 4, 9)
    phase, per_length = s.apply("identity", s.height, n), s.apply("identity", s.steep, n)
    nearest = s.apply("floor", phase, 1, 0.5)
    away = s.of("abs", (1, phase), (-1, nearest))
    away = s.times(away, s.apply("reciprocal", per_length, 1, 0.02))
    halo = s.apply("lorentz", away, 1 / (0.016 * strength + 1e-6))
    air = s.apply("lorentz", away, 1 / (0.11 * strength + 1e-6))
    core = lines(s, phase, per_length, line_width(1 / 260))
    pure = s.b.map(s.rgb, "sqrt", 1, 0.01)
    pure = s.times(pure, pure, s.b.map(pure, scale=0.5, shift=0.9))
    light = s.sum((0.9, halo), (0.13, air), bias=0.02)
    light = s.mix(light, [0.4], s.step(s.times(per_length, s.pixel), *CROWDED))
    colour = s.times(pure, light)
    s.ground = np.full(3, 0.002)
    s.rgb = s.mix(colour, s.b.map(pure, scale=0.3, shift=0.75), core)


FINISH = Finish("glow", "Lines of light in the dark, like neon in fog.", paint, None, True)
