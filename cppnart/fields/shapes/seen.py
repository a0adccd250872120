"""What is seen of a mesh from a point, and plain pictures of that."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .inside import Plane
from .meshes import Floats, Mesh
from .writing import corner_normals

DISTANCE, MARGIN, GROUND = 5.0, 1.1, 0.925
"""Of who looks from the middle; how much more than the mesh is seen; the grey behind it."""
CLOSEST = 1e-6
"""Faces that come nearer to the eye, or reach behind it, are not seen."""


class Sight:
    """A mesh in perspective. Straight lines stay straight in a picture, and on a plane in space the
    reciprocal of the depth is linear in the picture: so the face in front is the highest of those
    over a place, with that for a height.

    places: of the vertices in the picture, (V, 2), in any unit; depths: (V,); faces: (F, 3).
    window: the lowest and the highest corner of the picture, (2, 2): nothing beyond is asked for.
    """

    def __init__(
        self, places: Floats, depths: Floats, faces: NDArray[np.int64], window: Floats
    ) -> None:
        ahead = np.flatnonzero((depths[faces] > CLOSEST).all(1))
        corners = places[faces[ahead]]
        near = (corners.max(1) >= window[0]) & (corners.min(1) <= window[1])
        self._kept = ahead[near.all(1)]
        before = depths > CLOSEST
        self._near = np.where(before, 1 / np.where(before, depths, 1.0), 0.0)
        vertices = np.concatenate([places, self._near[:, None]], 1)
        vertices[~before] = 0
        self._faces = faces[self._kept]
        self._plane = Plane(vertices, self._faces, window) if len(self._kept) else None

    def front(self, places: Floats) -> tuple[NDArray[np.int64], Floats, Floats]:
        """The face in front at places (N, 2), -1 where there is none, the weights of its corners in
        space, (N, 3), and its depth, (N,)."""
        face = np.full(len(places), -1)
        weights, top = np.zeros((len(places), 3)), np.zeros(len(places))
        for over in self._plane.over(places) if self._plane is not None else ():
            np.maximum.at(top, over.points, over.height)
            first = over.height == top[over.points]
            chosen = over.points[first]
            face[chosen], weights[chosen] = over.faces[first], over.weights[first]
        hit = np.flatnonzero(face >= 0)
        weights[hit] *= self._near[self._faces[face[hit]]] / top[hit, None]
        face[hit] = self._kept[face[hit]]
        return face, weights, 1 / np.where(top > 0, top, np.inf)


class Shot:
    """A plain picture of a mesh in the box, whose colours are a function of the point.

    azimuth, elevation: of who looks, degrees; size: pixels a side, of four samples each. points:
    those that are seen, in the order of rows, (K, 3).
    """

    def __init__(self, mesh: Mesh, azimuth: float, elevation: float, size: int) -> None:
        a, e = np.radians([azimuth, elevation])
        back = np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)])
        right = np.array([np.cos(a), 0.0, -np.sin(a)])
        away = mesh.vertices - DISTANCE * back
        x, y, z = (away @ np.stack([right, np.cross(back, right), back]).T).T
        ahead = np.where(z < 0, -z, 1.0)
        vertices = np.stack([x / ahead, y / ahead], 1)
        half = MARGIN * float(np.abs(vertices).max())
        fine = 2 * size
        side = ((np.arange(fine) + 0.5) / size - 1) * half
        places = np.stack(np.meshgrid(side, -side), -1).reshape(-1, 2)
        sight = Sight(vertices, -z, mesh.faces, np.array([[-half, -half], [half, half]]))
        face, weights, _ = sight.front(places)
        self._size, self._seen = size, face >= 0
        face, weights = face[self._seen], weights[self._seen]
        self.points = np.einsum("nk,nkd->nd", weights, mesh.corners[face])
        normals = np.einsum("nk,nkd->nd", weights, corner_normals(mesh)[face])
        self._light = (0.72 + 0.28 * np.abs(normals @ (0.7 * back + [0, 0.7, 0])))[:, None]

    def picture(self, colours: NDArray[np.floating]) -> NDArray[np.uint8]:
        """(size, size, 3), of colours (K, 3) in [0, 1]."""
        samples = np.full((4 * self._size**2, 3), GROUND, np.float32)
        samples[self._seen] = np.clip(colours * self._light, 0, 1)
        pixels = samples.reshape(self._size, 2, self._size, 2, 3).mean((1, 3))
        return np.asarray(np.round(255 * pixels), np.uint8)
