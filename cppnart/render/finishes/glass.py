"""Glass: stained glass in lead."""

from __future__ import annotations

from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.lines import line_width, lines, steps
from cppnart.render.finishes.noise import noise
from cppnart.render.finishes.surface import Surface


def panes(s: Surface) -> int:
    return s.bands(1 / 9, 5, 9)


def prepare(s: Surface, strength: float) -> None:
    n = panes(s)
    phase = s.apply("identity", s.height, n)
    banded = steps(s, phase, s.apply("identity", s.times(s.steep, s.pixel), n))
    s.value = s.apply("identity", banded, 0.8 / (n - 1), 0.2)
    s.shade = s.apply("identity", s.shade, 0.6, 0.4)


def paint(s: Surface, strength: float) -> None:
    n = panes(s)
    phase, per_length = s.apply("identity", s.height, n), s.apply("identity", s.steep, n)
    flow = noise(s, "glass", 1, blur=2.5)
    streaks = noise(s, "streaks", 3, blur=1.2)
    through = s.sum((0.14, flow), (0.07, streaks), bias=1.25)
    deep = s.times(s.rgb, s.b.map(s.rgb, scale=0.45, shift=0.55))  # glass is purer than paint
    lit = s.times(deep, through)
    lead = lines(s, phase, per_length, line_width(strength / 85), 0.9)
    ridge = lines(s, phase, per_length, line_width(strength / 320), 0.9)
    came = s.between(0.35 * s.ink, 0.055 + 0.5 * s.ink, ridge)
    s.rgb = s.mix(lit, came, lead)


FINISH = Finish("glass", "Stained glass: glowing panes in dark lead.", paint, prepare, True)
