"""The surface of a field, as a mesh: marching cubes on a lattice, and its refinement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .meshes import Floats, Mesh
from .mise import Field, Lattice

NEAREST = 1e-3
"""No corner is nearer to the surface than this, in the typical change of the field over a voxel:
triangles there would be so thin that programs which merge vertices would tear the mesh."""


def surface(lattice: Lattice, *, closed: bool = True) -> Mesh:
    """The surface where the values of a lattice are 0, positive inside; faces look outwards.

    By marching cubes with topology that is that of the trilinear field (Lewiner et al., "Efficient
    implementation of marching cubes' cases with topological guarantees", 2003), as scikit-image has
    them. closed: what lies on the border of the box is outside, so that nothing is cut open there.

    Raises ValueError where there is no surface, with the range of values.
    """
    from skimage.measure import marching_cubes

    values = lattice.values
    if closed:
        values = _closed(values)
    low, high = float(values.min()), float(values.max())
    if not low < 0 < high:
        raise ValueError(f"there is no surface: values range from {low:.4g} to {high:.4g}")
    near = NEAREST * float(np.median(np.abs(values[_beside(values)])))
    values = np.where(np.abs(values) < near, np.where(values < 0, -near, near), values)
    corners, faces, _, _ = marching_cubes(values, 0.0)
    vertices = corners.astype(np.float64) * (2.0 / lattice.voxels) - 1.0
    return Mesh(vertices, faces[:, ::-1].astype(np.int64))


def normals_of(field: Field, points: Floats, step: float = 1e-3) -> Floats:
    """Which way is out at points (N, 3): minus the slope of a field that is positive inside, by
    central differences over ``step``, of length 1."""
    points = np.asarray(points, np.float64)
    slopes = np.empty_like(points)
    for axis in range(3):
        offset = np.zeros(3)
        offset[axis] = step
        slopes[:, axis] = field(points - offset) - field(points + offset)
    lengths = np.linalg.norm(slopes, axis=1, keepdims=True)
    return np.asarray(slopes / np.where(lengths > 0, lengths, 1.0))


def settled(mesh: Mesh, field: Field, voxels: int, rounds: int = 12) -> Mesh:
    """The mesh with its vertices where the field is 0, by bisection along the normals there.

    Vertices move by at most a voxel; those that find no change of sign so near stay. Faces are as
    before: what linear interpolation rounded off within voxels comes out.
    """
    outwards = normals_of(field, mesh.vertices, 0.5 / voxels)
    reach = np.full(len(mesh.vertices), 1.0 / voxels)
    near, far = -reach, reach
    inner = field(mesh.vertices + near[:, None] * outwards) > 0
    outer = field(mesh.vertices + far[:, None] * outwards) > 0
    crossed = inner & ~outer
    for _ in range(rounds):
        middle = (near + far) / 2
        inside = field(mesh.vertices + middle[:, None] * outwards) > 0
        near, far = np.where(inside, middle, near), np.where(inside, far, middle)
    moved = np.where(crossed, (near + far) / 2, 0.0)
    return Mesh(mesh.vertices + moved[:, None] * outwards, mesh.faces, mesh.colours)


def _closed(values: NDArray[np.float32]) -> NDArray[np.float32]:
    values = values.copy()
    inside = values[1:-1, 1:-1, 1:-1]
    outside = -np.float32(np.abs(inside).mean() + 1e-6)
    for axis in range(3):
        for end in (0, -1):
            face = np.moveaxis(values, axis, 0)[end]
            face[face > outside] = outside
    return values


def _beside(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Corners that have a neighbour along x on the other side."""
    change = (values[1:] > 0) != (values[:-1] > 0)
    found = np.zeros(values.shape, bool)
    found[1:] |= change
    found[:-1] |= change
    return found if found.any() else np.ones(values.shape, bool)
