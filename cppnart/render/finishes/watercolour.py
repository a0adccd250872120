"""Watercolour: washes on rough paper, with pigment gathered at their edges."""

from __future__ import annotations

from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.lines import parts, steps
from cppnart.render.finishes.noise import fibres, noise
from cppnart.render.finishes.surface import Surface


def washes(s: Surface) -> int:
    return s.bands(1 / 8, 4, 8)


def prepare(s: Surface, strength: float) -> None:
    n = washes(s)
    bleed = s.sum(
        (1, noise(s, "bleed", 1, blur=3.5, fade=False)), (0.3, noise(s, "feather", 3, blur=1.0))
    )
    most = 3 * s.steepness
    limited = s.of("identity", (1, s.steep), (-1, s.apply("relu", s.steep, 1, -most)))
    # the edge of a wash wanders by a length, not by a value, so that flat parts stay whole
    s.height = s.of("identity", (1, s.height), (0.012, s.times(bleed, limited)))
    phase = s.apply("identity", s.height, n)
    banded = steps(s, phase, s.apply("identity", s.times(s.steep, s.pixel), n, 1e-3))
    s.value = s.of("identity", (0.65 / n, banded), (0.35, s.height), bias=0.3 / n)


def paint(s: Surface, strength: float) -> None:
    n = washes(s)
    phase = s.apply("identity", s.height, n)
    rate = s.apply("identity", s.times(s.steep, s.pixel), n)
    part, second = parts(s, phase, rate)
    ends = s.apply("exp", s.times(part, s.apply("reciprocal", s.steep, n, 0.05)), -1 / 0.014)
    rim = s.mix(ends[:1], ends[1:], second)
    tooth = fibres(s, 5)
    pools = noise(s, "pools", 1, blur=6.0)
    density = s.of("relu", (0.35, rim), (0.05, tooth), (0.07, pools), (-0.25, s.shade), bias=0.66)
    density = s.apply("identity", density, strength)
    stain = s.b.map(s.b.map(s.rgb, "clamp", 0.96, 0.002), "log")
    stain = s.b.map(s.times(stain, density), "exp")
    white = s.b.affine(tooth, [[0.012]] * 3, s.paper)
    s.rgb = s.times(white, stain)


FINISH = Finish(
    "watercolour", "Washes on rough paper, darker at their edges.", paint, prepare, True
)
