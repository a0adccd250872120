"""The faces of a mesh as they are seen: sharp to the pixel, with normals and colours."""

from __future__ import annotations

import numpy as np

from cppnart.fields.shapes.meshes import Mesh
from cppnart.fields.shapes.seen import Sight
from cppnart.fields.shapes.textured import Textured, colours_at
from cppnart.fields.shapes.writing import corner_normals
from cppnart.render.colour import srgb_decode

from .camera import Camera
from .room import Floats
from .studio import Colouring, Eye, Met


class Skin:
    """The surface of a mesh in the box.

    textured: with its own colours, or a mesh without any. coat: colours of points, linear, in their
    place. coloured: whether colours are seen at all. flat: normals are those of faces.
    """

    def __init__(
        self,
        textured: Textured | Mesh,
        coat: Colouring | None = None,
        *,
        coloured: bool = True,
        flat: bool = False,
    ) -> None:
        whole = Textured(textured) if isinstance(textured, Mesh) else textured
        mesh = self.mesh = whole.mesh
        own = whole.picture is not None or mesh.colours is not None
        self._textured = whole if own and coloured and coat is None else None
        self._coat = coat if coloured else None
        self._flat = mesh.normals
        self._normals = np.repeat(mesh.normals[:, None], 3, 1) if flat else corner_normals(mesh)

    def seen_by(self, camera: Camera, width: int, height: int) -> Eye:
        """What rays of a camera meet, for a picture of this size."""
        mesh, axes = self.mesh, camera.axes
        x, y, z = ((mesh.vertices - camera.eye) @ axes.T).T
        ahead = np.where(z < 0, -z, 1.0)
        half = camera.pixel(width, height) / camera.distance * np.array([width, height]) / 2
        window = np.stack([-half, half])
        sight = Sight(np.stack([x / ahead, y / ahead], 1), -z, mesh.faces, window)

        def eye(rays: Floats) -> Met:
            x, y, z = (rays.astype(np.float64) @ axes.T).T
            face, weights, _ = sight.front(np.stack([x / -z, y / -z], 1))
            numbers = np.flatnonzero(face >= 0)
            face, weights = face[numbers], weights[numbers]
            points = np.einsum("nk,nkd->nd", weights, mesh.corners[face]).astype(np.float32)
            normals = np.einsum("nk,nkd->nd", weights, self._normals[face])
            # faces have two sides, of which the one that is seen counts
            away = np.einsum("nd,nd->n", self._flat[face], rays[numbers]) > 0
            normals[away] *= -1
            normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
            base = self._coat(points) if self._coat is not None else None
            if self._textured is not None:
                own = colours_at(self._textured, face, weights)
                base = np.asarray(srgb_decode(own), np.float32)
            return Met(numbers, points, normals.astype(np.float32), base)

        return eye
