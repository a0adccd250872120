"""Small pictures of shapes, for an encoder to learn from: grey, in light from anywhere.

Points of the surface are set into the picture from the farthest to the nearest. Light, ground and
the shade of the shape are drawn at random, so that little else than the shape is the same.
"""

from __future__ import annotations

import math
import os

import numpy as np
from numpy.typing import NDArray

from ..shapes.meshes import Floats, Mesh
from ..shapes.sampling import spread
from ..shapes.writing import vertex_normals
from .encoders import PIXELS

SAMPLES = 24_000
FIELD = 30.0
"""Of view, in degrees, and by how much more than the shape is seen: those of ``view``."""
MARGIN = 1.16
ELEVATIONS = (5.0, 35.0)


def views(mesh: Mesh, count: int, random: np.random.Generator) -> NDArray[np.uint8]:
    """Pictures (count, PIXELS, PIXELS) of a mesh in the box, from all round and a little above."""
    points, weights, face = spread(mesh, SAMPLES, random)
    corners = vertex_normals(mesh)[mesh.faces[face]]
    normals = np.einsum("nk,nkd->nd", weights, corners)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    middle = (mesh.vertices.min(0) + mesh.vertices.max(0)) / 2
    points = points - middle
    radius = float(np.linalg.norm(mesh.vertices - middle, axis=1).max())
    return np.stack([_view(points, normals, radius, random) for _ in range(count)])


def _view(
    points: Floats, normals: Floats, radius: float, random: np.random.Generator
) -> NDArray[np.uint8]:
    axes = _axes(random.uniform(0, 2 * math.pi), math.radians(random.uniform(*ELEVATIONS)))
    half = math.radians(FIELD / 2)
    distance = MARGIN * radius / math.sin(half)
    right, up, back = (points @ axes.T).T
    scale = PIXELS / 2 / (math.tan(half) * (distance - back))
    column = np.clip(np.floor(PIXELS / 2 + right * scale).astype(np.int64), 0, PIXELS - 1)
    row = np.clip(np.floor(PIXELS / 2 - up * scale).astype(np.int64), 0, PIXELS - 1)
    # light from the side of who looks, mostly from above
    light = axes.T @ random.normal(0, 1, 3) * 0.5 + axes[2] + np.array([0, 0.5, 0])
    facing = np.clip(normals @ (light / np.linalg.norm(light)), 0, 1)
    shade = random.uniform(0.35, 0.9) * (random.uniform(0.3, 0.6) + 0.6 * facing)
    picture = np.full((PIXELS, PIXELS), random.uniform(0.0, 1.0))
    order = np.argsort(back)
    picture[row[order], column[order]] = shade[order]
    return np.asarray(np.round(255 * np.clip(picture, 0, 1)), np.uint8)


def _axes(azimuth: float, elevation: float) -> Floats:
    """Right, up and back, as rows."""
    a, e = azimuth, elevation
    back = np.array([math.sin(a) * math.cos(e), math.sin(e), math.cos(a) * math.cos(e)])
    right = np.array([math.cos(a), 0.0, -math.sin(a)])
    return np.stack([right, np.cross(back, right), back])


def levelled(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Pictures (B, H, W) as an encoder reads them: how much brighter or darker than the ground,
    which is the middle of what their borders show, with 1 as the most."""
    found = pictures.astype(np.float32) / 255
    edges = [found[:, 0], found[:, -1], found[:, :, 0], found[:, :, -1]]
    found -= np.median(np.concatenate(edges, 1), axis=1)[:, None, None]
    most = np.abs(found).max((1, 2), keepdims=True)
    return np.asarray(found / np.maximum(most, 0.05), np.float32)


def read_view(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """A picture of one shape on a plain ground, its middle square as (PIXELS, PIXELS)."""
    from ..pictures import open_image

    image = open_image(path).convert("L")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    box = (left, top, left + side, top + side)
    from PIL import Image

    return np.asarray(image.resize((PIXELS, PIXELS), Image.Resampling.BOX, box))
