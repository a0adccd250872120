"""Brush: thick paint in strokes along the level lines."""

from __future__ import annotations

from cppnart.fields.program import Values
from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.light import TOWARDS_LIGHT, Shape, mean_height
from cppnart.render.finishes.noise import table
from cppnart.render.finishes.relief import modelled
from cppnart.render.finishes.surface import Surface

HAIRS = (128, 12)
"""Cells of the noise: across the strokes, and along them."""


def bristles(s: Surface, name: str, count: float, shift: float) -> Values:
    """Noise drawn out along the level lines, ``count`` hairs to a unit of value."""
    u = s.apply("identity", s.height, count / HAIRS[0], shift / HAIRS[0])
    v = s.b.affine([s.x, s.y, s.height], [[0.5, 0.5, 0.07]])
    return s.b.grid([u, v], table(name, shape=HAIRS), HAIRS, wrap=True, smooth=True)


def paint(s: Surface, strength: float) -> None:
    count = 70 / max(s.steepness, 0.2)
    hair, beside = (bristles(s, "bristles", count, shift) for shift in (0.0, 0.6))
    clear = s.apply("lorentz", s.times(s.steep, s.pixel), 1.2 * count)
    quiet = s.apply("smoothstep", s.steep, 1.5 / max(s.steepness, 0.05))
    amount = s.times(clear, quiet)
    ridge = s.times(s.of("identity", (1, beside), (-1, hair)), amount)
    unit = s.times(s.slope, s.apply("reciprocal", s.steep, 1, 1e-4))
    lit = s.times(ridge, s.b.affine(unit, [TOWARDS_LIGHT[:2]]))
    s.rgb = modelled(s, Shape(s, mean_height(s, 0.5)), 0.9, 0.7)
    load = s.of("identity", (0.16 * strength, s.times(hair, amount)), (0.5 * strength, lit), bias=1)
    s.rgb = s.times(s.rgb, load)


FINISH = Finish("brush", "Thick paint in strokes that follow the forms.", paint)
