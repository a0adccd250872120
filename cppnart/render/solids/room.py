"""The room round a solid: how far it is to the surface, roughly, from anywhere in the box.

Rays leap by these distances, and ask the field itself only beside the surface. Soft shadows, and
how much of the sky a point sees, come of them altogether: they are smooth there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cppnart.fields.shapes.mise import Field, Lattice, dense, mise

Floats = NDArray[np.float32]
VOXELS = 128
"""Of the lattice, a side."""
ASIDE = 1.2
"""Voxels from the foot of the nearest corner to the nearest point of a surface, at most."""


class Room:
    """Distances on a lattice over [-1, 1]^3, negative inside; the field itself beside it.

    low, high: the corners of the part of the box that the solid takes; radius: how far it reaches
    from the middle of that. What lies outside the box is empty. Raises ValueError where there is
    no surface in it.
    """

    def __init__(
        self,
        field: Field,
        *,
        voxels: int = VOXELS,
        coarsest: int | None = None,
        normals: Callable[[Floats], Floats] | None = None,
        fine: float = 1e-3,
    ) -> None:
        """coarsest: of a search, for fields that cost much; None looks at every corner. normals:
        of points near the surface, for what costs far more: the lattice is then the field.
        fine: the least length over which a slope of the field means anything."""
        lattice = mise(field, voxels, 0.0, coarsest) if coarsest else dense(field, voxels)
        self.voxel = 2.0 / voxels
        self._voxels = voxels
        self.low, self.high, self.radius = _bounds(lattice)
        self._distances = _distances(lattice)
        values = lattice.values.ravel()
        self.field: Field = field if normals is None else lambda p: self._between(values, p)
        self.normals, self.fine = normals, fine

    def distance(self, points: Floats) -> Floats:
        """About how far the surface is from points (N, 3), negative inside, (N,)."""
        reach = np.clip(points, -1, 1)
        found = self._between(self._distances, reach)
        outside = points - reach
        away = np.sqrt(np.einsum("ij,ij->i", outside, outside))
        return np.asarray(np.where(away > 0, np.hypot(away, np.maximum(found, 0)), found))

    def _between(self, d: Floats, points: NDArray[Any]) -> Floats:
        """What lies between values at the corners, at points (N, 3) in the box."""
        place = ((np.asarray(points, np.float32) + np.float32(1)) * np.float32(self._voxels / 2)).T
        cell = np.clip(place.astype(np.int32), 0, self._voxels - 1)
        x, y, z = np.ascontiguousarray(place - cell, np.float32)
        side = self._voxels + 1
        first = (cell[0] * side + cell[1]) * side + cell[2].astype(np.intp)

        def along(number: NDArray[np.intp]) -> Floats:
            before = d.take(number)
            return np.asarray(before + z * (d.take(number + 1) - before))

        def square(number: NDArray[np.intp]) -> Floats:
            before = along(number)
            return np.asarray(before + y * (along(number + side) - before))

        before = square(first)
        return np.asarray(before + x * (square(first + side * side) - before))


def _bounds(lattice: Lattice) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """The corners of the part of the box that the solid takes, and how far it reaches from the
    middle of that."""
    places = np.argwhere(lattice.values > 0)
    if not 0 < len(places) < lattice.values.size:
        low, high = float(lattice.values.min()), float(lattice.values.max())
        raise ValueError(f"there is no surface to be seen: values go from {low:.4g} to {high:.4g}")
    step, last = 2.0 / lattice.voxels, lattice.voxels
    first, end = np.maximum(places.min(0) - 1, 0), np.minimum(places.max(0) + 1, last)
    middle = (first + end) / 2
    reach = np.sqrt(np.square(places - middle).sum(1).max()) * step
    return first * step - 1, end * step - 1, float(reach)


def _distances(lattice: Lattice) -> Floats:
    """Signed distances at the corners, flat, in the units of the box.

    To the foot of the nearest corner that has a neighbour on the other side, the point that its
    value and slope say the surface is at; along its slope, since the nearest point of the surface
    lies a little beside that foot, but not by more than ASIDE.
    """
    from scipy.ndimage import distance_transform_edt

    values, step = lattice.values, np.float32(2.0 / lattice.voxels)
    inside = values > 0
    for axis in range(3):  # nothing is inside on the border: see surface()
        face = np.moveaxis(inside, axis, 0)
        face[0] = face[-1] = False
    beside = np.zeros(values.shape, bool)
    for axis in range(3):
        along, marks = np.moveaxis(inside, axis, 0), np.moveaxis(beside, axis, 0)
        change = along[1:] != along[:-1]
        marks[1:] |= change
        marks[:-1] |= change
    place = np.argwhere(beside)
    slope = np.stack([_slope(values, place, axis) for axis in range(3)], 1)
    square = np.maximum(np.einsum("ij,ij->i", slope, slope), 1e-20)
    move = values[beside][:, None] * slope / square[:, None]
    length = np.maximum(np.linalg.norm(move, axis=1, keepdims=True), 1.0)
    feet = np.full((*values.shape, 3), np.nan, np.float32)
    feet[beside] = place - move / length
    normals = np.zeros_like(feet)
    normals[beside] = slope / np.sqrt(square)[:, None]
    nearest = distance_transform_edt(~beside, return_distances=False, return_indices=True)
    found = np.empty(values.shape, np.float32)
    for x in range(len(values)):  # by slices, so that memory stays small
        a, b, c = nearest[:, x]
        y, z = np.mgrid[: len(values), : len(values)]
        off = feet[a, b, c] - np.stack([np.full_like(y, x), y, z], 2)
        along = np.abs(np.einsum("ijk,ijk->ij", off, normals[a, b, c]))
        far = np.einsum("ijk,ijk->ij", off, off)
        d = np.clip(along, np.sqrt(np.maximum(far - ASIDE**2, 0)), np.sqrt(far))
        found[x] = np.where(inside[x], -d, d)
    return np.asarray(found.ravel() * step)


def _slope(values: NDArray[np.float32], place: NDArray[np.int64], axis: int) -> NDArray[np.float64]:
    """The change of values along an axis at some corners, for each voxel."""
    after, before = place.copy(), place.copy()
    after[:, axis] = np.minimum(after[:, axis] + 1, len(values) - 1)
    before[:, axis] = np.maximum(before[:, axis] - 1, 0)
    rise = values[tuple(after.T)].astype(np.float64) - values[tuple(before.T)]
    return np.asarray(rise / np.maximum(after[:, axis] - before[:, axis], 1))
