"""What lies inside a mesh: winding numbers, by the faces that a ray passes through.

Rays go along an axis, so that a grid over the plane across it finds the few faces that a ray may
meet. A point is inside where the ray leaves the solid once more than it enters it. Points exactly
over an edge are counted once, as if they lay a little to the side (Edelsbrunner and Muecke,
"Simulation of simplicity", 1990), since every edge is looked at from its lower to its higher vertex
by each of its faces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .meshes import Floats, Mesh

PAIRS = 1 << 19
"""Pairs of a point and a face that are looked at together; memory is bounded by it."""
FINEST = 1024
"""Cells of the grid along a side, at most."""
DIRECTIONS = 24
"""Axes along which a mesh with holes is looked through, both ways."""

FIRST = 6
"""Of them, those that are asked first."""

Counts = NDArray[np.int64]


class Solid:
    """A mesh as a solid: the points whose winding number is not 0.

    Of a watertight mesh, winding numbers are exact. Where there are holes, they are generalised
    (Jacobson et al., "Robust inside-outside segmentation using generalized winding numbers", 2013):
    the mean over all directions of what a ray counts, here over 2 * DIRECTIONS of them; more than
    a half is inside.
    """

    def __init__(self, mesh: Mesh, *, watertight: bool = True) -> None:
        axes = np.eye(3)[2:] if watertight else _spread(DIRECTIONS)
        self._watertight = watertight
        self._views = [_View(mesh, _turned(axis)) for axis in axes]

    def __call__(self, points: Floats) -> NDArray[np.bool_]:
        """Whether points (N, 3) lie inside, (N,)."""
        points = np.asarray(points, np.float64)
        if self._watertight:
            return np.abs(self.winding(points)) > 0.5
        # where a few directions that lie far apart agree, the others are not asked
        first = [view.crossings(points) for view in self._views[:: DIRECTIONS // FIRST]]
        counts = np.abs(np.stack([count for both in first for count in both]))
        inside: NDArray[np.bool_] = np.asarray((counts > 0).all(0))
        torn = np.flatnonzero(inside != (counts > 0).any(0))
        inside[torn] = np.abs(self.winding(points[torn])) > 0.5
        return np.asarray(inside)

    def winding(self, points: Floats) -> Floats:
        """Winding numbers (N,); how often the surface goes round each point."""
        points = np.asarray(points, np.float64)
        if self._watertight:
            return self._views[0].crossings(points)[0].astype(np.float64)
        total = np.zeros(len(points))
        for view in self._views:
            above, below = view.crossings(points)
            total += above + below
        return total / (2 * len(self._views))


@dataclass(frozen=True)
class _Cells:
    """Which faces lie over cell c of the plane: faces[start[c]:start[c + 1]]."""

    low: Floats
    size: Floats
    shape: tuple[int, int]
    start: Counts
    faces: Counts

    def of(self, plane: Floats) -> NDArray[np.int64]:
        """The cell of each point, (N, 2); of points outside, the nearest."""
        cell = np.floor((plane - self.low) / self.size).astype(np.int64)
        return np.clip(cell, 0, np.array(self.shape) - 1)


class Over(NamedTuple):
    """Pairs of a point and a face over it: their numbers, the weights of the face's corners there,
    (K, 3), its height, and 1 where it goes round counter-clockwise, -1 where not."""

    points: Counts
    faces: Counts
    weights: Floats
    height: Floats
    sign: Counts


class Plane:
    """Triangles over a plane, and which of them lie over points of it.

    vertices: (V, 3), two places on the plane and a height. faces: (F, 3). window: the lowest and
    the highest corner of the part of the plane that is asked for, (2, 2), if that is not all.
    """

    def __init__(self, vertices: Floats, faces: Counts, window: Floats | None = None) -> None:
        self._plane, self._height = np.ascontiguousarray(vertices[:, :2]), vertices[:, 2].copy()
        self._faces = faces
        corners = self._plane[faces]
        self._low, self._high = corners.min((0, 1)), corners.max((0, 1))
        if window is not None:
            self._low = np.maximum(self._low, window[0])
            self._high = np.maximum(np.minimum(self._high, window[1]), self._low)
        self._cells = _cells(corners, self._low, self._high)

    def over(self, points: Floats) -> Iterator[Over]:
        """All pairs of a point (N, 2) and a face over it; those of one point in one part."""
        near = ((points >= self._low) & (points <= self._high)).all(1)
        numbers = np.flatnonzero(near)
        if not len(numbers):
            return
        column, row = self._cells.of(points[numbers]).T
        cell = column * self._cells.shape[1] + row
        first, last = self._cells.start[cell], self._cells.start[cell + 1]
        total = np.cumsum(last - first)
        at = 0
        while at < len(numbers):
            done = total[at - 1] if at else 0
            end = max(int(np.searchsorted(total, done + PAIRS, side="right")), at + 1)
            yield self._pairs(points, numbers[at:end], first[at:end], last[at:end])
            at = end

    def _pairs(self, points: Floats, numbers: Counts, first: Counts, last: Counts) -> Over:
        """Of some points and the faces first to last of the grid, those that lie over them."""
        sizes = last - first
        of = np.repeat(np.arange(len(numbers)), sizes)
        start = np.cumsum(sizes) - sizes
        faces = self._cells.faces[np.arange(len(of)) - start[of] + first[of]]
        corners = self._faces[faces]
        x, y = points[numbers[of]].T
        # sides of the three edges: all alike where the point lies over the face
        sides = [self._side(corners[:, i], corners[:, (i + 1) % 3], x, y) for i in range(3)]
        over = (sides[0][1] == sides[1][1]) & (sides[1][1] == sides[2][1])
        hit = np.flatnonzero(over)
        weights = np.stack([sides[(i + 1) % 3][0][hit] for i in range(3)], 1)
        area = weights.sum(1, keepdims=True)
        weights = np.where(area == 0, 1 / 3, weights / np.where(area == 0, 1.0, area))
        height = (weights * self._height[corners[hit]]).sum(1)
        sign = np.where(sides[0][1][hit], 1, -1)
        return Over(numbers[of[hit]], faces[hit], weights, height, sign)

    def _side(
        self, start: Counts, end: Counts, x: Floats, y: Floats
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Twice the signed area over an edge and a point, and whether the point lies to its left;
        of points on the edge, as if they lay a little further in x, and much less in y."""
        low, high = np.minimum(start, end), np.maximum(start, end)
        ax, ay = self._plane[low].T
        dx, dy = (self._plane[high] - self._plane[low]).T
        area = dx * (y - ay) - dy * (x - ax)
        left = np.where(area != 0, area > 0, np.where(dy != 0, dy < 0, dx > 0))
        turned = start > end
        return np.where(turned, -area, area), left != turned


class _View:
    """A mesh seen along the third axis, after it was turned."""

    def __init__(self, mesh: Mesh, turn: Floats) -> None:
        self._turn, self._plane = turn, Plane(mesh.vertices @ turn.T, mesh.faces)

    def crossings(self, points: Floats) -> tuple[Counts, Counts]:
        """How often rays from points leave more than enter, upwards and downwards, (N,) each."""
        points = points @ self._turn.T
        above, below = np.zeros((2, len(points)), np.int64)
        for over in self._plane.over(points[:, :2]):
            up = over.height > points[over.points, 2]
            np.add.at(above, over.points[up], over.sign[up])
            np.add.at(below, over.points[~up], -over.sign[~up])
        return above, below


def _cells(corners: Floats, low: Floats, high: Floats) -> _Cells:
    """The grid over faces (F, 3, 2): finer for more faces, coarser where many lie over many."""
    extent = np.maximum(high - low, 1e-300)
    least, most = corners.min(1), corners.max(1)
    fine = min(max(int(2 * np.sqrt(len(corners))), 1), FINEST)
    while True:
        shape = (fine, fine)
        cells = _Cells(low, extent / fine, shape, np.zeros(0, np.int64), np.zeros(0, np.int64))
        first, last = cells.of(least), cells.of(most)
        spans = last - first + 1
        counts = spans.prod(1)
        if fine == 1 or counts.sum() <= 16 * len(corners) + (1 << 16):
            break
        fine //= 2
    face = np.repeat(np.arange(len(corners)), counts)
    within = np.arange(len(face)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = spans[face, 1]
    cell = (first[face, 0] + within // rows) * fine + first[face, 1] + within % rows
    order = np.argsort(cell, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=fine * fine))])
    return _Cells(low, extent / fine, shape, start, face[order])


def _spread(count: int) -> Floats:
    """Axes spread evenly over half a sphere, by the golden angle, (count, 3)."""
    z = (np.arange(count) + 0.5) / count
    angle = np.arange(count) * np.pi * (3 - np.sqrt(5))
    flat = np.sqrt(1 - z * z)
    return np.stack([flat * np.cos(angle), flat * np.sin(angle), z], 1)


def _turned(axis: Floats) -> Floats:
    """A rotation that brings an axis to the third one, (3, 3)."""
    if axis[2] == 1:
        return np.eye(3)
    across = np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))])
    across /= np.linalg.norm(across)
    return np.stack([across, np.cross(axis, across), axis])
