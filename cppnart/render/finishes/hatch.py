"""Hatch: three layers of pencil strokes, one over the other as it gets darker."""

from __future__ import annotations

import numpy as np

from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.light import Shape, mean_height
from cppnart.render.finishes.lines import stripes
from cppnart.render.finishes.noise import fibres, noise
from cppnart.render.finishes.relief import modelled
from cppnart.render.finishes.surface import SHORT_SIDE, Surface

STROKES = ((70, 70), (-88, 44), (18, 97))
"""Strokes along the short side, to the right and down, of each layer."""
STARTS = (0.08, 0.36, 0.6)
"""The darkness at which each layer begins."""


def paint(s: Surface, strength: float) -> None:
    s.rgb = modelled(s, Shape(s, mean_height(s, 0.8)), 1.3, 1.2)
    dark = s.apply("identity", s.lightness(), -1.1, 1.05)
    wobble = noise(s, "hand", 1, blur=2.0, fade=False)
    tooth = s.apply("clamp", fibres(s, 6), 0.22, 0.78)
    left = s.b.constant(1.0)
    for (across, down), start in zip(STROKES, STARTS, strict=True):
        a, b = across / SHORT_SIDE, down / SHORT_SIDE
        phase = s.b.affine([s.x, s.y, wobble], [[a, b, 0.35]])
        rate = s.apply("identity", s.pixel, float(np.hypot(a, b)))
        share = s.apply("clamp", dark, 1.3 * strength, -1.3 * start * strength)
        line = stripes(s, phase, rate, s.apply("identity", share, 0.62))
        left = s.times(left, s.apply("identity", s.times(line, tooth), -0.85, 1))
    graphite = s.sum((0.25, s.rgb), (0.75, s.b.constant(*s.ink)))
    s.rgb = s.mix(graphite, s.paper, left)


FINISH = Finish("hatch", "Pencil: strokes crossed over one another where it is dark.", paint)
