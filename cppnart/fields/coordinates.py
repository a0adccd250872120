"""Frames and views: where the pixels of a picture lie in a field's coordinates.

The short side of the picture spans [-1, 1] and the long side follows the aspect ratio; x runs
right, y down, and points are pixel centres. Nothing here depends on the resolution: a picture at
512 is the picture at 8192 seen small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FARTHEST = 1e6
"""How far from the origin a view's centre may lie; float32 has little left of a pixel there."""

SPACE = (("x", 1), ("y", 1), ("z", 1))
"""The inputs of a program whose points lie in space."""


@dataclass(frozen=True)
class View:
    """What part of the plane the frame shows.

    center: the coordinates at the middle of the frame; zoom: how many times smaller the shown
    part is than the default frame (> 0); rotate: degrees that the picture turns clockwise.
    """

    center: tuple[float, float] = (0.0, 0.0)
    zoom: float = 1.0
    rotate: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.zoom) and 1e-6 <= self.zoom <= 1e6):
            raise ValueError(f"zoom {self.zoom:g}: expected a number from 1e-6 to 1e6")
        if len(self.center) != 2 or not all(abs(c) <= FARTHEST for c in self.center):
            raise ValueError(
                f"center {self.center}: expected two numbers, x,y, within {FARTHEST:g} of 0"
            )
        if not math.isfinite(self.rotate):
            raise ValueError(f"rotate {self.rotate}: expected degrees")


@dataclass(frozen=True)
class Geometry:
    """The map from positions in a picture, in pixels, to coordinates; float64.

    A position (px, py) has its origin at the top left corner of the picture, so that the centre
    of the pixel in column i and row j is (i + 0.5, j + 0.5).
    """

    origin: tuple[float, float]
    right: tuple[float, float]
    """How the coordinates change from one pixel to the next in a row."""
    down: tuple[float, float]
    pixel: float
    """The size of a pixel in coordinates."""

    def at(self, px: NDArray[np.float64], py: NDArray[np.float64]) -> NDArray[np.float64]:
        """The coordinates at positions, (..., 2)."""
        x = self.origin[0] + px * self.right[0] + py * self.down[0]
        y = self.origin[1] + px * self.right[1] + py * self.down[1]
        return np.stack([x, y], -1)


def geometry(width: int, height: int, view: View | None = None) -> Geometry:
    """The geometry of a picture of this size under a view."""
    view = view or View()
    pixel = 2.0 / (min(width, height) * view.zoom)
    # exact for multiples of a quarter turn, which cos and sin of radians are not
    quarter, rest = divmod(view.rotate, 90.0)
    c, s = math.cos(math.radians(rest)), math.sin(math.radians(rest))
    for _ in range(int(quarter) % 4):
        c, s = -s, c
    right = (c * pixel, -s * pixel)
    down = (s * pixel, c * pixel)
    origin = (
        view.center[0] - 0.5 * (width * right[0] + height * down[0]),
        view.center[1] - 0.5 * (width * right[1] + height * down[1]),
    )
    return Geometry(origin, right, down, pixel)


def pixel_centers(width: int, height: int, view: View | None = None) -> NDArray[np.float64]:
    """The coordinates of all pixel centres, row by row, (height * width, 2)."""
    py, px = np.mgrid[0:height, 0:width] + 0.5
    return geometry(width, height, view).at(px, py).reshape(-1, 2)
