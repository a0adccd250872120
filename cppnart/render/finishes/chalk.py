"""Chalk: pale lines and dust on slate."""

from __future__ import annotations

from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.light import TOWARDS_LIGHT, Shape, mean_height
from cppnart.render.finishes.lines import line_width, lines
from cppnart.render.finishes.noise import fibres
from cppnart.render.finishes.surface import Surface, light_of

SLATE = light_of("#20262b")


def paint(s: Surface, strength: float) -> None:
    n = s.bands(1 / 16, 6, 16)
    phase, per_length = s.apply("identity", s.height, n), s.apply("identity", s.steep, n)
    facing = s.apply("clamp", Shape(s, mean_height(s, 0.8)).facing(TOWARDS_LIGHT))
    tooth = fibres(s, 6)
    line = lines(
        s,
        phase,
        per_length,
        s.apply("identity", facing, line_width(strength / 110), line_width(1 / 700)),
    )
    dust = s.apply("smoothstep", s.of("identity", (0.75, facing), (0.16, tooth), bias=-0.3), 1.3)
    marked = s.apply("clamp", s.times(line, s.apply("identity", tooth, 0.35, 0.85)))
    cover = s.of("clamp", (0.8, marked), (0.55, dust))
    stick = s.b.map(s.b.map(s.rgb, "sqrt", 1, 0.02), scale=0.85, shift=0.1)
    s.ground = SLATE
    slate = s.b.affine(tooth, 0.12 * SLATE[:, None], SLATE)
    s.rgb = s.mix(slate, stick, cover)


FINISH = Finish("chalk", "Coloured chalk, in lines and dust, on slate.", paint, None, True)
