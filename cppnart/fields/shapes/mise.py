"""MISE: a field on a lattice, evaluated only where its surface is.

Multiresolution isosurface extraction (Mescheder et al., "Occupancy networks", 2019, section 3.3
and its code): the lattice begins coarse; a voxel that has a known point at or above the threshold
and one at or below it is split in eight; repeated until voxels are as small as asked. Hanging nodes
count: a point that finer neighbours brought onto a face or an edge of a voxel is one of its points.

A point is entered at the voxels of all levels that it touches as soon as it is known, so that the
children of a voxel know already what they have when it is split.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .meshes import Floats

Field = Callable[[Floats], NDArray[np.float32]]
"""From points (N, 3) to values (N,)."""
FINEST = 1024
"""Voxels a side, at most: the values of all corners are kept, 4 bytes each."""
BATCH = 1 << 20
"""Points that are evaluated at once."""
_UNKNOWN, _WANTED, _KNOWN = range(3)


@dataclass(frozen=True, eq=False)
class Lattice:
    """Values (n + 1, n + 1, n + 1) at the corners of n^3 voxels over [-1, 1]^3, indexed by x, y, z.

    evaluations: how many of them were evaluated; the others are on the side of the threshold
    of their surroundings.
    """

    values: NDArray[np.float32]
    evaluations: int

    @property
    def voxels(self) -> int:
        return len(self.values) - 1


def dense(field: Field, voxels: int) -> Lattice:
    """The field at all corners of ``voxels`` a side."""
    _check(voxels, voxels)
    side = voxels + 1
    values = np.empty(side**3, np.float32)
    for start in range(0, len(values), BATCH):
        numbers = np.arange(start, min(start + BATCH, len(values)))
        values[numbers] = field(_points(numbers, voxels))
    return Lattice(values.reshape(side, side, side), len(values))


def mise(field: Field, voxels: int, threshold: float = 0.0, coarsest: int = 32) -> Lattice:
    """The field at corners near its surface, what ``dense`` would give there.

    voxels: a side, in the end; ``coarsest`` times a power of two. Parts of the surface that pass
    between all points of the coarsest lattice are not found. Raises ValueError for a number of
    voxels that is no such product.
    """
    _check(voxels, coarsest)
    search = _Search(voxels, coarsest, threshold)
    evaluations = 0
    wanted = search.wanted()
    while len(wanted):
        evaluations += len(wanted)
        for start in range(0, len(wanted), BATCH):
            numbers = wanted[start : start + BATCH]
            search.enter(numbers, field(_points(numbers, voxels)))
        search.split()
        wanted = search.wanted()
    return Lattice(search.filled(), evaluations)


class _Search:
    """What is known of the lattice. Levels go from the coarsest voxels, 0, to the smallest."""

    def __init__(self, voxels: int, coarsest: int, threshold: float) -> None:
        self.voxels, self.threshold = voxels, threshold
        self.depth = (voxels // coarsest).bit_length() - 1
        self.values = np.zeros(((voxels + 1) ** 3,), np.float32)
        self._state = np.zeros(len(self.values), np.uint8)
        counts = [(coarsest << level) ** 3 for level in range(self.depth)]
        self._leaf = [np.full(count, level == 0) for level, count in enumerate(counts)]
        self._above = [np.zeros(count, bool) for count in counts]
        self._below = [np.zeros(count, bool) for count in counts]
        self._cube()[:: self._side(0), :: self._side(0), :: self._side(0)] = _WANTED

    def _cube(self) -> NDArray[np.uint8]:
        return self._state.reshape((self.voxels + 1,) * 3)

    def _side(self, level: int) -> int:
        """Of a voxel, in smallest voxels."""
        return 1 << (self.depth - level)

    def wanted(self) -> NDArray[np.int64]:
        """Numbers of the points that are to be evaluated."""
        return np.flatnonzero(self._state == _WANTED)

    def enter(self, numbers: NDArray[np.int64], values: NDArray[np.float32]) -> None:
        """Takes the values of points, and notes them at every voxel that they touch."""
        self.values[numbers] = values
        self._state[numbers] = _KNOWN
        above, below = values >= self.threshold, values <= self.threshold
        place = np.stack(np.unravel_index(numbers, (self.voxels + 1,) * 3)).astype(np.int32)
        for level in range(self.depth):
            side, count = self._side(level), self.voxels // self._side(level)
            # the voxels to the left and the right along each axis, which are often the same
            left = np.maximum(place - 1, 0) // side
            right = np.minimum(place // side, count - 1)
            for corner in range(8):
                x, y, z = (right[a] if corner >> a & 1 else left[a] for a in range(3))
                voxel = (x * count + y) * count + z
                self._above[level][voxel[above]] = True
                self._below[level][voxel[below]] = True

    def split(self) -> None:
        """Splits every active voxel, once."""
        active = [
            np.flatnonzero(leaf & above & below)
            for leaf, above, below in zip(self._leaf, self._above, self._below, strict=True)
        ]
        steps = np.stack(np.meshgrid(*[np.arange(3)] * 3, indexing="ij"), -1).reshape(-1, 3)
        children = steps[(steps < 2).all(1)]
        for level, numbers in enumerate(active):
            count = self.voxels // self._side(level)
            voxel = np.stack(np.unravel_index(numbers, (count,) * 3), 1)
            self._leaf[level][numbers] = False
            half = self._side(level) // 2
            if level + 1 < self.depth:
                found = (2 * voxel[:, None] + children).reshape(-1, 3)
                self._leaf[level + 1][np.ravel_multi_index(found.T, (2 * count,) * 3)] = True
            for step in steps:
                corner = (2 * voxel + step) * half
                point = np.ravel_multi_index(corner.T, (self.voxels + 1,) * 3)
                self._state[point[self._state[point] == _UNKNOWN]] = _WANTED

    def filled(self) -> NDArray[np.float32]:
        """All values; a point that is not known takes that of the nearest coarser point below it,
        a corner of the voxel that it lies in."""
        values = self.values.reshape((self.voxels + 1,) * 3)
        known = self._cube() == _KNOWN
        step = self._side(0)
        while step > 1:
            half = step // 2
            for axis in range(3):
                # along this axis halves are missing; along those before it they are there now
                pick: list[slice] = [
                    slice(None, None, half if other < axis else step) for other in range(3)
                ]
                pick[axis] = slice(half, None, step)
                middle = values[tuple(pick)]
                pick[axis] = slice(0, self.voxels, step)
                before = values[tuple(pick)]
                pick[axis] = slice(half, None, step)
                np.copyto(middle, before, where=~known[tuple(pick)])
            step = half
        return values


def _points(numbers: NDArray[np.int64], voxels: int) -> Floats:
    """Where lattice points are in the box, (N, 3)."""
    side = voxels + 1
    axes = np.stack([numbers // (side * side), numbers // side % side, numbers % side], 1)
    return np.asarray(axes * (2.0 / voxels) - 1.0)


def _check(voxels: int, coarsest: int) -> None:
    ratio = voxels // max(coarsest, 1)
    if not 1 <= coarsest <= voxels <= FINEST or coarsest * ratio != voxels or ratio & (ratio - 1):
        raise ValueError(
            f"{voxels} voxels a side: expected {coarsest} times a power of two, at most {FINEST}"
        )
