"""MISE: a field on a lattice, evaluated only where its surface is.

Multiresolution isosurface extraction (Mescheder et al., "Occupancy networks", 2019, section 3.3
and its code): the lattice begins coarse; a voxel that has a known point at or above the threshold
and one at or below it is split in eight; repeated until voxels are as small as asked. Hanging nodes
count: a point that finer neighbours brought onto a face or an edge of a voxel is one of its points.

A point is entered at the voxels of all levels that it touches as soon as it is known, so that the
children of a voxel know already what they have when it is split.
"""

from __future__ import annotations

import itertools
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
    wanted = search.coarsest()
    while len(wanted):
        values = [
            field(_points(wanted[start : start + BATCH], voxels))
            for start in range(0, len(wanted), BATCH)
        ]
        search.enter(wanted, np.concatenate(values))
        wanted = search.split()
    return Lattice(search.filled(), search.evaluations)


class _Search:
    """What is known of the lattice. Levels go from the coarsest voxels, 0, to the smallest."""

    def __init__(self, voxels: int, coarsest: int, threshold: float) -> None:
        self.voxels, self.threshold = voxels, threshold
        self.depth = (voxels // coarsest).bit_length() - 1
        self._known: list[tuple[NDArray[np.int64], NDArray[np.float32]]] = []
        self._asked = np.zeros((voxels + 1) ** 3, bool)
        counts = [(coarsest << level) ** 3 for level in range(self.depth)]
        self._leaf = [np.full(count, level == 0) for level, count in enumerate(counts)]
        self._above = [np.zeros(count, bool) for count in counts]
        self._below = [np.zeros(count, bool) for count in counts]

    @property
    def evaluations(self) -> int:
        return sum(len(numbers) for numbers, _ in self._known)

    def _side(self, level: int) -> int:
        """Of a voxel, in smallest voxels."""
        return 1 << (self.depth - level)

    def coarsest(self) -> NDArray[np.int64]:
        """Numbers of the points that are evaluated first."""
        axis = slice(None, None, self._side(0))
        self._asked.reshape((self.voxels + 1,) * 3)[axis, axis, axis] = True
        return np.flatnonzero(self._asked)

    def enter(self, numbers: NDArray[np.int64], values: NDArray[np.float32]) -> None:
        """Takes the values of points, and notes them at every voxel that they touch."""
        self._known.append((numbers, values))
        for noted, which in (
            (self._above, values >= self.threshold),
            (self._below, values <= self.threshold),
        ):
            place = np.unravel_index(numbers[which], (self.voxels + 1,) * 3)
            for level, voxels in enumerate(noted):
                side, count = self._side(level), self.voxels // self._side(level)
                # the voxels to the left and the right along each axis, which are often the same
                sides = [
                    (
                        np.maximum(at - 1, 0) // side * stride,
                        np.minimum(at // side, count - 1) * stride,
                    )
                    for at, stride in zip(place, (count * count, count, 1), strict=True)
                ]
                for x, y, z in itertools.product(*sides):
                    voxels[x + y + z] = True

    def split(self) -> NDArray[np.int64]:
        """Splits every active voxel, once. Numbers of the points to be evaluated for it."""
        active = [
            np.flatnonzero(leaf & above & below)
            for leaf, above, below in zip(self._leaf, self._above, self._below, strict=True)
        ]
        wanted = [np.zeros(0, np.int64)]
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
                wanted.append(point[~self._asked[point]])
                self._asked[wanted[-1]] = True
        return np.concatenate(wanted)

    def filled(self) -> NDArray[np.float32]:
        """All values; a point that is not known takes that of the nearest coarser point below it,
        a corner of the voxel that it lies in."""
        numbers = np.concatenate([numbers for numbers, _ in self._known])
        known = np.concatenate([values for _, values in self._known])
        place = np.stack(np.unravel_index(numbers, (self.voxels + 1,) * 3))
        values = self._known[0][1].reshape((self.voxels // self._side(0) + 1,) * 3)
        for level in range(1, self.depth + 1):
            side = self._side(level)
            below = np.arange(self.voxels // side + 1) // 2
            coarser, values = values, np.empty((len(below),) * 3, np.float32)
            for x in range(0, len(below), 2):  # by planes, which caches hold
                values[x : x + 2] = coarser[x // 2].take(below, 1).take(below, 0)
            here = (place % side == 0).all(0)
            values[tuple(place[:, here] // side)] = known[here]
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
