"""A mesh as a field, so that it is seen like any other solid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cppnart.fields.shapes.inside import Solid
from cppnart.fields.shapes.meshes import Mesh
from cppnart.fields.shapes.sampling import spread, tree_of
from cppnart.fields.shapes.writing import vertex_normals

from .room import Floats

SAMPLES = 150_000
NEAR = 0.03


class MeshField:
    """The distance to a mesh in the box, positive inside, near enough for pictures.

    The distance to the plane of the nearest of many points on the surface, where there is one so
    near; else that to the point, with the sign of what lies inside. Normals are those of vertices,
    interpolated, so that faces are not seen.
    """

    def __init__(self, mesh: Mesh, *, watertight: bool = True, flat: bool = False) -> None:
        """flat: normals are those of faces, which are then seen."""
        points, weights, face = spread(mesh, SAMPLES, np.random.default_rng(0))
        self._count = 1 if flat else 6
        if flat:
            self._normals = mesh.normals[face]
        else:
            corners = vertex_normals(mesh)[mesh.faces[face]]
            self._normals = np.einsum("nk,nkd->nd", weights, corners)
        self._points = points
        self._tree = tree_of(points)
        self._solid = Solid(mesh, watertight=watertight)
        if watertight and mesh.volume < 0:
            self._normals = -self._normals

    def normals(self, points: Floats) -> Floats:
        """Of the nearest points on the surface, (N, 3), the mean of a few."""
        _, nearest = self._tree.query(points, k=[*range(1, self._count + 1)])
        total = self._normals[nearest].sum(1)
        lengths = np.linalg.norm(total, axis=1, keepdims=True)
        return np.asarray(total / np.maximum(lengths, 1e-12), np.float32)

    def __call__(self, points: NDArray[np.floating]) -> Floats:
        far, nearest = self._tree.query(points, workers=1)
        offset = points - self._points[nearest]
        plane = -np.einsum("ij,ij->i", offset, self._normals[nearest])
        away = far > NEAR
        found = plane
        if away.any():
            sign = np.where(self._solid(points[away].astype(np.float64)), 1.0, -1.0)
            found[away] = sign * far[away]
        return np.asarray(found, np.float32)
