"""Papercut: layers of coloured paper, each casting its shadow on the one below."""

from __future__ import annotations

from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.light import TOWARDS_LIGHT
from cppnart.render.finishes.lines import CROWDED, line_width, parts, steps
from cppnart.render.finishes.noise import fibres
from cppnart.render.finishes.surface import Surface


def layers(s: Surface) -> int:
    return s.bands(1 / 11, 5, 9)


def prepare(s: Surface, strength: float) -> None:
    n = layers(s)
    phase = s.apply("identity", s.height, n)
    rate = s.apply("identity", s.times(s.steep, s.pixel), n)
    banded = steps(s, phase, rate)
    s.value = s.apply("identity", banded, 1 / (n - 0.6), 0.2 / n)
    s.shade = s.apply("identity", s.shade, 0.14, 0.5)
    s.accent = s.apply("identity", s.accent, 0.2, 0.4)


def paint(s: Surface, strength: float) -> None:
    n = layers(s)
    phase = s.apply("identity", s.height, n)
    rate = s.apply("identity", s.times(s.steep, s.pixel), n)
    part, second = parts(s, phase, rate)
    flatness = s.apply("reciprocal", s.steep, n, 1e-3)
    to_next = s.times(s.apply("identity", part, -1, 1), flatness)
    to_own = s.times(part, flatness)
    # the slope points to the layer above: its shadow falls where that is also towards the light
    unit = s.times(s.slope, s.apply("reciprocal", s.steep, 1, 1e-4))
    side = s.b.affine(unit, [TOWARDS_LIGHT[:2]])
    reach = s.apply(
        "reciprocal", s.apply("relu", side, 1.5, 0.55), line_width(1 / 60) * strength, 1e-3
    )
    shadow = s.apply("exp", s.times(to_next, reach), -1)
    near = s.apply("exp", to_next, -1 / line_width(1 / 240))
    rim = s.apply("exp", s.apply("identity", to_own, 1 / line_width(1 / 400)), -1)
    tooth = s.apply("identity", fibres(s, 5), 0.03, 1.0)
    dark = s.sum((-0.62, shadow), (-0.22, near), bias=1)
    ends = s.sum((1, dark), (0.22, s.times(rim, s.apply("relu", side, -1))))
    light = s.mix(ends[:1], ends[1:], second)
    light = s.mix(light, [0.75], s.step(rate, *CROWDED))
    s.rgb = s.times(s.rgb, s.times(light, tooth))


FINISH = Finish(
    "papercut", "Layers of cut paper, each casting its shadow on the next.", paint, prepare, True
)
