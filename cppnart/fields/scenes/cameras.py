"""Cameras: where rays go, and where points appear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cameras:
    """V cameras, as arrays.

    poses: (V, 4, 4), from the camera to the world, the camera's x right, y up, looking along -z.
    focal and centre: (V, 2), in pixels. size: (V, 2), width and height in pixels.
    distortion: (V, 6), k1 to k4 and p1, p2. With x, y where the depth is 1 (y down) and
    r2 = x^2 + y^2, a point appears at x (1 + k1 r2 + k2 r2^2 + k3 r2^3 + k4 r2^4) + 2 p1 x y
    + p2 (r2 + 2 x^2), and for y with x and y, p1 and p2 exchanged: OpenCV's model, but for k4,
    which has there a place below the fraction.
    """

    poses: Array
    focal: Array
    centre: Array
    size: NDArray[np.int64]
    distortion: Array

    def __post_init__(self) -> None:
        count = len(self.poses)
        shapes = {"poses": (4, 4), "focal": (2,), "centre": (2,), "size": (2,), "distortion": (6,)}
        for name, shape in shapes.items():
            kind = np.int64 if name == "size" else np.float64
            array = np.asarray(getattr(self, name), kind)
            if array.shape != (count, *shape):
                raise ValueError(f"{name} has the shape {array.shape}, not {(count, *shape)}")
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.poses)

    def take(self, numbers: ArrayLike) -> Cameras:
        """The cameras of these numbers, in this order."""
        chosen = np.asarray(numbers, np.int64)
        return Cameras(
            self.poses[chosen],
            self.focal[chosen],
            self.centre[chosen],
            self.size[chosen],
            self.distortion[chosen],
        )

    def rays(
        self, views: ArrayLike, pixels: ArrayLike
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Origins and directions, (N, 3) each, of what the pixels (N, 2) of views (N,) see.

        Directions have the length at which the point at depth z is origin + z * direction.
        """
        views = np.asarray(views, np.int64)
        plane = (np.asarray(pixels, np.float64) - self.centre[views]) / self.focal[views]
        if self.distortion.any():
            plane = undistort(plane, self.distortion[views])
        ahead = np.stack([plane[:, 0], -plane[:, 1], np.full(len(plane), -1.0)], axis=1)
        poses = self.poses[views]
        directions = np.einsum("nij,nj->ni", poses[:, :3, :3], ahead)
        return poses[:, :3, 3].astype(np.float32), directions.astype(np.float32)

    def project(self, views: ArrayLike, points: ArrayLike) -> tuple[Array, Array]:
        """Pixels (N, 2) and depths (N,) at which views (N,) see points (N, 3).

        What lies behind a camera has a depth of 0 or less, and pixels that are NaN.
        """
        views = np.asarray(views, np.int64)
        poses = self.poses[views]
        away = np.asarray(points, np.float64) - poses[:, :3, 3]
        x, y, z = np.einsum("nji,nj->in", poses[:, :3, :3], away)
        before = np.where(z < 0, -z, np.nan)
        plane = distort(np.stack([x / before, -y / before], axis=1), self.distortion[views])
        return plane * self.focal[views] + self.centre[views], -z


def distort(plane: Array, terms: Array) -> Array:
    """Where a lens shows the points (N, 2) of the plane at depth 1; terms (N, 6) as above."""
    return _distorted(plane, terms)[0]


def _distorted(plane: Array, terms: Array) -> tuple[Array, Array, Array]:
    """`distort`, with the radial factor (N,) and its derivative by r2."""
    x, y = plane[:, 0], plane[:, 1]
    k1, k2, k3, k4, p1, p2 = terms.T
    r2 = x * x + y * y
    radial = 1 + r2 * (k1 + r2 * (k2 + r2 * (k3 + r2 * k4)))
    slope = k1 + r2 * (2 * k2 + r2 * (3 * k3 + r2 * 4 * k4))
    moved_x = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    moved_y = y * radial + 2 * p2 * x * y + p1 * (r2 + 2 * y * y)
    return np.stack([moved_x, moved_y], axis=1), radial, slope


def undistort(plane: Array, terms: Array, *, steps: int = 20) -> Array:
    """The points (N, 2) that `distort` brings to these, by Newton's method from the points.

    Where a lens folds, several points appear at one place, or none; the search then ends at a
    point that need not be among them.
    """
    found = plane.copy()
    for _ in range(steps):
        reached, radial, slope = _distorted(found, terms)
        error = reached - plane
        x, y = found.T
        p1, p2 = terms[:, 4], terms[:, 5]
        xx = radial + 2 * x * x * slope + 2 * p1 * y + 6 * p2 * x
        yy = radial + 2 * y * y * slope + 2 * p2 * x + 6 * p1 * y
        xy = 2 * x * y * slope + 2 * p1 * x + 2 * p2 * y  # of both, since the map is a gradient
        whole = xx * yy - xy * xy
        whole = np.where(np.abs(whole) < 1e-6, 1e-6, whole)
        step = np.stack(
            [yy * error[:, 0] - xy * error[:, 1], xx * error[:, 1] - xy * error[:, 0]], axis=1
        )
        step /= whole[:, None]
        found -= step
        if np.abs(step).max(initial=0.0) < 1e-12:
            break
    return found


def ndc(
    origins: ArrayLike, directions: ArrayLike, focal: ArrayLike, size: ArrayLike, near: float = 1.0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rays (N, 3) of a scene before the cameras in normalised device coordinates.

    What is seen between depth `near` and infinity by a camera at the origin with `focal` (2,) or
    (N, 2) and `size` alike, both in pixels, becomes the cube [-1, 1]^3. Origins of the outcome lie
    on the near plane, z = -1, and origin + direction at infinity, z = 1; between them, t is
    linear in the inverse of depth. (NeRF, Mildenhall et al. 2020, appendix C.)
    """
    start = np.asarray(origins, np.float64)
    ahead = np.asarray(directions, np.float64)
    start = start - ((near + start[:, 2]) / ahead[:, 2])[:, None] * ahead
    scale = -2 * np.asarray(focal, np.float64) / np.asarray(size, np.float64)
    depth = start[:, 2:]
    flat = scale * start[:, :2] / depth
    turned = scale * (ahead[:, :2] / ahead[:, 2:] - start[:, :2] / depth)
    begin = np.concatenate([flat, 1 + 2 * near / depth], axis=1)
    return begin.astype(np.float32), np.concatenate([turned, -2 * near / depth], axis=1).astype(
        np.float32
    )
