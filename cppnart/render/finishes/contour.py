"""Contour: flat bands of colour between thin dark level lines."""

from __future__ import annotations

from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.lines import line_width, lines, steps
from cppnart.render.finishes.surface import Surface

SPACING = 1 / 22
WITHIN = 0.25
"""How much of the value's own change is left within a band."""


def levels(s: Surface) -> int:
    return s.bands(SPACING, 7, 18)


def prepare(s: Surface, strength: float) -> None:
    n = levels(s)
    phase = s.apply("identity", s.height, n)
    rate = s.apply("identity", s.times(s.steep, s.pixel), n)
    banded = steps(s, phase, rate)
    s.value = s.of(
        "identity", ((1 - WITHIN) / n, banded), (WITHIN, s.height), bias=0.5 * (1 - WITHIN) / n
    )


def paint(s: Surface, strength: float) -> None:
    n = levels(s)
    phase, per_length = s.apply("identity", s.height, n), s.apply("identity", s.steep, n)
    line = lines(s, phase, per_length, line_width(strength / 420))
    s.rgb = s.mix(
        s.rgb, s.b.map(s.rgb, scale=0.06, shift=0.018 * s.paper), s.apply("identity", line, 0.92)
    )


FINISH = Finish(
    "contour", "A map: flat bands of colour between thin dark lines.", paint, prepare, True
)
