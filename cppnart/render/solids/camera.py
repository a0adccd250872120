"""A camera that looks at the box from outside."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Camera:
    """Looks at ``target`` from ``distance`` away.

    azimuth: degrees round the vertical, 0 in front, 90 from the right; elevation: degrees above
    the horizon; field: of view over the short side of the picture, in degrees.
    """

    azimuth: float = 25.0
    elevation: float = 18.0
    distance: float = 5.2
    field: float = 30.0
    target: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        if not -89 <= self.elevation <= 89:
            raise ValueError(f"elevation {self.elevation:g}: expected degrees from -89 to 89")
        if not math.isfinite(self.azimuth):
            raise ValueError(f"azimuth {self.azimuth:g}: expected degrees")
        if not 0.1 <= self.distance <= 1000:
            raise ValueError(f"distance {self.distance:g}: expected 0.1 to 1000")

    @property
    def axes(self) -> NDArray[np.float64]:
        """Right, up and back, the way from the target to the eye: (3, 3)."""
        a, e = math.radians(self.azimuth), math.radians(self.elevation)
        back = np.array([math.sin(a) * math.cos(e), math.sin(e), math.cos(a) * math.cos(e)])
        right = np.array([math.cos(a), 0.0, -math.sin(a)])
        return np.stack([right, np.cross(back, right), back])

    @property
    def eye(self) -> NDArray[np.float64]:
        return np.asarray(np.array(self.target) + self.distance * self.axes[2])

    def rays(self, places: Floats, width: int, height: int) -> Floats:
        """Directions of length 1 through places in the picture, in pixels from its upper left
        corner: (N, 2) to (N, 3)."""
        reach = math.tan(math.radians(self.field / 2)) * 2 / min(width, height)
        x = (places[:, :1] - np.float32(width / 2)) * np.float32(reach)
        y = (np.float32(height / 2) - places[:, 1:]) * np.float32(reach)
        right, up, back = self.axes.astype(np.float32)
        found = x * right + y * up - back
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))

    def pixel(self, width: int, height: int) -> float:
        """The size of a pixel at the target."""
        return math.tan(math.radians(self.field / 2)) * 2 / min(width, height) * self.distance
