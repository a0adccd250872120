"""Engraving: lines that bend over the form and swell in its shadows, as on a banknote."""

from __future__ import annotations

from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.light import Shape, mean_height
from cppnart.render.finishes.lines import stripes
from cppnart.render.finishes.relief import modelled
from cppnart.render.finishes.surface import SHORT_SIDE, Surface

ACROSS = (30, 92)
"""Lines along the short side, to the right and down: whole numbers, so that tiles stay tiles."""


def paint(s: Surface, strength: float) -> None:
    s.rgb = modelled(s, Shape(s, mean_height(s, 0.8)), 1.3, 1.2)
    dark = s.apply("clamp", s.lightness(), -1.15, 1.08)
    a, b = (count / SHORT_SIDE for count in ACROSS)
    bend = min(0.3 * strength * b / max(s.steepness, 1e-6), 0.5 * b)
    phase = s.b.affine([s.x, s.y, s.height], [[a, b, bend]])
    slope = s.b.map(s.slope, scale=bend, shift=[a, b])
    per_length = s.b.affine(s.b.map(slope, "square"), [[1, 1]], activation="sqrt")
    share = s.apply("identity", dark, 0.72, 0.08)
    line = stripes(s, phase, s.times(per_length, s.pixel), share)
    s.rgb = s.between(s.paper, s.ink, line)


FINISH = Finish(
    "engraving", "Engraved lines that bend over the form and swell in shadow.", paint, None, True
)
