"""Where a scene is put, whose units and axes are as some reconstruction left them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from cppnart.fields.scenes.cameras import Array, Cameras


@dataclass(frozen=True, eq=False)
class Placement:
    """A turn (3, 3), then a shift (3,), then a scale: scale * (turn @ point + shift)."""

    turn: Array
    shift: Array
    scale: float

    def points(self, points: Array) -> Array:
        """Points (N, 3), moved."""
        return self.scale * (points @ self.turn.T + self.shift)

    def cameras(self, cameras: Cameras) -> Cameras:
        """The same cameras, moved."""
        poses = cameras.poses.copy()
        poses[:, :3, :3] = self.turn @ poses[:, :3, :3]
        poses[:, :3, 3] = self.points(poses[:, :3, 3])
        return replace(cameras, poses=poses)


def looks_one_way(cameras: Cameras) -> bool:
    """Whether every ray of every camera goes where the cameras look on average.

    Nothing less lets rays be taken in normalised device coordinates.
    """
    ahead = _unit(-cameras.poses[:, :3, 2].sum(axis=0))
    forward = np.inf
    for across in (0, 1):
        for down in (0, 1):
            corners = cameras.size * np.array([across, down])
            _, directions = cameras.rays(np.arange(len(cameras)), corners)
            forward = min(forward, float((_units(directions) @ ahead).min()))
    return forward > 0.1


def before_the_cameras(cameras: Cameras, nearest: float) -> Placement:
    """The average camera at the origin, looking along -z, and the nearest depth at 4/3.

    As in NeRF's reader of LLFF's scenes: the near plane of ``ndc``, 1, then has room to spare.
    """
    poses = cameras.poses
    back = _unit(poses[:, :3, 2].sum(axis=0))
    right = _unit(np.cross(poses[:, :3, 1].sum(axis=0), back))
    turn = np.stack([right, np.cross(back, right), back])
    return Placement(turn, -turn @ poses[:, :3, 3].mean(axis=0), 1 / (0.75 * nearest))


def around_the_origin(cameras: Cameras) -> Placement:
    """What the cameras look at goes to the origin, up is z, and they lie in the unit ball.

    Where they look at nothing in common, their own middle goes to the origin.
    """
    poses = cameras.poses
    places = poses[:, :3, 3]
    up = poses[:, :3, 1].sum(axis=0)
    up = _unit(up) if np.linalg.norm(up) > 1e-3 * len(poses) else np.array([0.0, 0.0, 1.0])
    side = np.eye(3)[np.abs(up).argmin()]
    x = _unit(np.cross(side, up))
    turn = np.stack([x, np.cross(up, x), up])
    middle = _looked_at(places, -poses[:, :3, 2])
    return Placement(turn, -turn @ middle, 1 / float(np.linalg.norm(places - middle, axis=1).max()))


def _looked_at(places: Array, ahead: Array) -> Array:
    """The point closest to the lines of sight, in least squares, if most of them look at it."""
    across = np.eye(3) - ahead[:, :, None] * ahead[:, None, :]
    whole = across.sum(axis=0)
    if np.linalg.eigvalsh(whole)[0] > 1e-2 * len(places):
        point = np.linalg.solve(whole, np.einsum("nij,nj->i", across, places))
        before = np.einsum("ni,ni->n", point - places, ahead) > 0
        if before.mean() > 0.75:
            return np.asarray(point)
    return np.asarray(places.mean(axis=0))


def depth_range(
    cameras: Cameras, points: Array, *, most: int = 20_000
) -> tuple[float, float] | None:
    """The .1 and 99.9 percentiles of depths at which cameras see points (N, 3), or None.

    Of more than `most` points every so manyth is looked at.
    """
    points = points[:: max(1, -(-len(points) // most))]
    points = points[(np.abs(points) < 1e9).all(axis=1)]
    seen = []
    for number, size in enumerate(cameras.size):
        pixels, depths = cameras.project(np.full(len(points), number), points)
        with np.errstate(invalid="ignore"):
            inside = ((pixels >= 0) & (pixels <= size)).all(axis=1)
        seen.append(depths[inside])
    depths = np.concatenate(seen)
    if not len(depths):
        return None
    near, far = np.percentile(depths, [0.1, 99.9])
    return float(near), float(far)


def box_range(cameras: Cameras, box: Array) -> tuple[float, float]:
    """Depths between which every camera has all of the box (2, 3) that it can see."""
    corners = np.array(list(product(*box.T)))
    away = corners[None] - cameras.poses[:, None, :3, 3]
    depths = -np.einsum("vci,vi->vc", away, cameras.poses[:, :3, 2])
    far = float(depths.max())
    return max(float(depths.min()), 1e-2 * abs(far)), far


def _unit(vector: NDArray[np.floating]) -> Array:
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length) if length > 0 else np.array([0.0, 0.0, 1.0])


def _units(vectors: NDArray[np.floating]) -> Array:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
