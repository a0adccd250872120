"""Metal: the surface mirrors a room with a window, tinted by the colour."""

from __future__ import annotations

import numpy as np

from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.light import Shape, mean_height, shine
from cppnart.render.finishes.surface import Floats, Surface

ENTRIES = 256


def room() -> Floats:
    """What a mirror sees from below (0) to above (1): floor, dark horizon, wall, window, ceiling.

    (ENTRIES, 2): how bright it is, and how much of that is white light rather than the tint.
    """
    at = np.linspace(0, 1, ENTRIES)
    places = [0, 0.2, 0.34, 0.42, 0.5, 0.6, 0.68, 0.74, 0.82, 0.9, 1]
    bright = [0.5, 0.9, 0.6, 0.16, 0.4, 0.8, 1.0, 1.7, 1.8, 0.6, 0.35]
    white = [0, 0, 0, 0, 0, 0, 0.05, 0.3, 0.36, 0.02, 0]
    kernel = np.hanning(21) / np.hanning(21).sum()
    rows = []
    for levels in (bright, white):
        row = np.pad(np.interp(at, places, levels), 10, "edge")
        rows.append(np.convolve(row, kernel, "valid"))
    return np.stack(rows, 1)


def paint(s: Surface, strength: float) -> None:
    shape = Shape(s, strength * mean_height(s, 1.0))
    up = s.times(s.along([0.42, 0.62], shape.slopes), shape.up)
    seen = s.b.grid(s.apply("identity", up, 0.62, 0.55), room(), (ENTRIES,))
    tint = s.b.map(s.b.map(s.rgb, "sqrt", 1, 0.0015), scale=0.85)  # metals are never dark
    colour = s.times(s.mix(tint, s.rgb, s.b.constant(0.45)), seen[:1])
    s.rgb = shine(s, colour, seen[1:])


FINISH = Finish("metal", "Polished metal that mirrors a bright window.", paint)
