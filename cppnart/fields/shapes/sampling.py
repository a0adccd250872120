"""Points in the box and on surfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from . import UNIT
from .meshes import Floats, Mesh

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

NEAR = 0.01 * UNIT
"""Standard deviation of points near a surface: .01 of the unit cube (Mescheder et al. 2019)."""


ON_SURFACE = 400_000
"""Points that stand for a surface."""
LESS = 0.1
"""How much too small the room of a point may be, a share of it: finding it takes a sixth then."""


def on_surface(mesh: Mesh, count: int, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Points spread evenly over the area of a mesh, and the normals there, (count, 3) each."""
    points, _, face = spread(mesh, count, random)
    return points, mesh.normals[face]


def spread(
    mesh: Mesh, count: int, random: np.random.Generator
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Points spread evenly over the area of a mesh, (count, 3), the weights of the corners of their
    faces, (count, 3), and the faces, (count,)."""
    areas = mesh.areas
    total = np.cumsum(areas)
    if not total[-1] > 0:
        raise ValueError("the mesh has no area: there is nothing to put points on")
    face = np.searchsorted(total, random.uniform(0, total[-1], count), side="right")
    face = np.minimum(face, len(areas) - 1)
    # uniform over a triangle: Turk, "Generating random points in triangles" (1990)
    u, v = random.uniform(0, 1, (2, count))
    root = np.sqrt(u)
    weights = np.stack([1 - root, root * (1 - v), root * v], 1)
    return np.einsum("nk,nkd->nd", weights, mesh.corners[face]), weights, face


def in_box(count: int, random: np.random.Generator) -> Floats:
    """Points (count, 3) uniform over [-1, 1]^3."""
    return random.uniform(-1, 1, (count, 3))


def near_surface(
    mesh: Mesh, count: int, random: np.random.Generator, spread: float = NEAR
) -> Floats:
    """Points (count, 3) near a surface: points on it, moved by a normal deviate each way."""
    points, _ = on_surface(mesh, count, random)
    return np.asarray(points + random.normal(0, spread, points.shape))


def room(mesh: Mesh, points: Floats, random: np.random.Generator) -> Floats:
    """How far points (N, 3) can be moved without meeting the surface, (N,): a little less than the
    distance to the nearest of many points on it, by a gap between these that there hardly is."""
    surface, _ = on_surface(mesh, ON_SURFACE, random)
    # a hole of this radius has the chance exp(-9 pi)
    gap = 3 * (float(mesh.areas.sum()) / ON_SURFACE) ** 0.5
    far, _ = tree_of(surface).query(points, eps=LESS, workers=-1)
    return np.asarray(np.maximum(far / (1 + LESS) - gap, 0))


def tree_of(points: Floats) -> cKDTree:
    """What finds the nearest of points on a surface.

    From points away from it, whose nearest are many, that takes seven times as long with the tight
    boxes and even halves that scipy chooses by itself.
    """
    from scipy.spatial import cKDTree

    return cKDTree(points, compact_nodes=False, balanced_tree=False)
