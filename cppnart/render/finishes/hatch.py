"""Hatch: three layers of pencil strokes, one over the other as it gets darker."""

from __future__ import annotations

import math

from cppnart.fields.program import Values
from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.light import Shape, mean_height
from cppnart.render.finishes.lines import stripes
from cppnart.render.finishes.noise import fibres, noise, table
from cppnart.render.finishes.relief import modelled
from cppnart.render.finishes.surface import SHORT_SIDE, Surface

STROKES = ((50, 50), (-72, 36), (15, 75))
"""Strokes along the short side, to the right and down, of each layer: whole numbers with a large
common divisor, so that the strokes of tiles meet, each with its own."""
STARTS = (0.06, 0.34, 0.58)
"""The darkness at which each layer begins."""
TOUCH = (32, 32)
"""Cells of the noise that ends strokes: along them, and across."""


def layer(s: Surface, across: int, down: int, dark: Values, hand: Values) -> Values:
    """Parallel strokes that cover about a share ``dark`` of the paper.

    Each ends where its own noise says, so that a tone is no hard edge.
    """
    a, b = across / SHORT_SIDE, down / SHORT_SIDE
    common = math.gcd(across, down)
    phase = s.b.affine([s.x, s.y, hand], [[a, b, 0.25]])
    stroke = s.apply("floor", phase, 1, 0.5)
    place = s.b.affine(
        [s.x, s.y, stroke],
        [[-b / common, a / common, 0.0], [0, 0, (common // 3 * 2 + 1) / common]],
    )
    touch = s.b.grid(place, table("touch", shape=TOUCH), TOUCH, wrap=True, smooth=True)
    share = s.of("clamp", (1, dark), (0.1, touch))
    rate = s.apply("identity", s.pixel, math.hypot(a, b))
    return stripes(s, phase, rate, s.apply("identity", share, 0.56))


def paint(s: Surface, strength: float) -> None:
    s.rgb = modelled(s, Shape(s, mean_height(s, 0.8)), 1.3, 1.2)
    dark = s.apply("identity", s.lightness(), -1.25, 1.12)
    hand = noise(s, "hand", 1, blur=5.0, fade=False)
    tooth = s.apply("clamp", fibres(s, 6), 0.22, 0.78)
    left = s.b.constant(1.0)
    for (across, down), start in zip(STROKES, STARTS, strict=True):
        own = s.apply("identity", dark, 1.5 * strength, -1.5 * start * strength)
        line = layer(s, across, down, own, hand)
        left = s.times(left, s.apply("identity", s.times(line, tooth), -0.9, 1))
    graphite = s.sum((0.2, s.rgb), (0.8, s.b.constant(*s.ink)))
    s.rgb = s.mix(graphite, s.paper, left)


FINISH = Finish("hatch", "Pencil: strokes crossed over one another where it is dark.", paint)
