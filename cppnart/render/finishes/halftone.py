"""Halftone: coloured dots on paper, larger where it is dark."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from cppnart.fields.program import Values
from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.lines import CROWDED
from cppnart.render.finishes.surface import SHORT_SIDE, Floats, Surface

TONES = 256


@lru_cache(maxsize=1)
def radii() -> Floats:
    """The radius of the dot that covers a share of its unit cell, for TONES shares from 0 to 1."""
    at = (np.arange(256) + 0.5) / 256 - 0.5
    distances = np.sort(np.hypot(*np.meshgrid(at, at)).ravel())
    shares = np.linspace(0, 1, TONES)
    radius = np.interp(shares, (np.arange(len(distances)) + 0.5) / len(distances), distances)
    radius[0], radius[-1] = 0, math.sqrt(0.5)
    return np.asarray(radius)


def dots(s: Surface, across: int, down: int, tone: Values) -> Values:
    """How much of a pixel round dots cover, on a square screen with steps (across, down) and
    (-down, across) along the short side; the dots of a tone in [0, 1] cover that share."""
    a, b = across / SHORT_SIDE, down / SHORT_SIDE
    cell = s.b.affine([s.x, s.y], [[a, b], [-b, a]])
    away = s.sum((1, cell), (-1, s.b.map(cell, "floor", 1, 0.5)))
    distance = s.b.affine(s.b.map(away, "square"), [[1, 1]], activation="sqrt")
    rate = s.apply("identity", s.pixel, math.hypot(a, b))
    radius = s.b.grid(tone, radii()[:, None], (TONES,))
    inside = s.times(s.sum((1, radius), (-1, distance)), s.apply("reciprocal", rate))
    return s.mix(s.apply("clamp", inside, 1, 0.5), tone, s.step(rate, *CROWDED))


def paint(s: Surface, strength: float) -> None:
    tone = s.apply("clamp", s.lightness(), -1.45 * strength, 1.38 * strength)
    cover = dots(s, 64, 37, tone)
    pure = s.times(s.rgb, s.b.map(s.rgb, scale=0.3, shift=0.6))
    s.rgb = s.mix(s.b.map(s.rgb, scale=0, shift=s.paper), pure, cover)


FINISH = Finish("halftone", "Coloured dots on paper, larger where it is dark.", paint)
