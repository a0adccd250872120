"""scene render: a mesh with colours becomes a scene whose poses and depths are exact."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import tee

import numpy as np
from numpy.typing import NDArray

from cppnart.fields.scenes.blender import RADIUS, SavedScene, save_blender
from cppnart.fields.scenes.cameras import Cameras
from cppnart.fields.scenes.scene import View
from cppnart.fields.shapes.textured import Textured, colours_at, read_textured
from cppnart.fields.shapes.writing import corner_normals
from cppnart.render.colour import srgb_decode, srgb_encode
from cppnart.render.scenes.raster import Floats, seen_faces, weights_at

DISTANCE, ANGLE = 4.0, 0.6911112070083618
"""Of the cameras; of view: as in NeRF's own scenes."""
BOX = 1.3
MOST_SIZE = 4096
_BAND = 1 << 21  # samples that are seen at once
_PART = 1 << 18  # and that are coloured at once
_SUN = np.array([0.42, -0.50, 0.757])


def render_scene(
    source: str | os.PathLike[str] | Textured,
    output: str | os.PathLike[str],
    *,
    views: int = 100,
    size: int = 400,
    hemisphere: bool = False,
    shading: bool = False,
    up: str = "y",
    samples: int = 3,
    texture: str | os.PathLike[str] | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> SavedScene:
    """Renders a mesh with a texture, or with colours of vertices, into a scene of Blender's format.

    The mesh is put into a ball of radius 1.25 round the origin, and turned so that z is up; cameras
    stand 4 away, spread evenly, with NeRF's angle of view. Beside the `views` for training there
    are a tenth as many for validation and a quarter as many for tests. Pictures are RGBA, straight;
    colours are averaged in linear light. Depths (H, W) are NAME_depth.npy: float32, along the
    camera's axis at the middle of the pixel, 0 where there is nothing.

    size: pixels a side. hemisphere: no camera below the horizon. shading: soft light, fixed to the
    world, in place of the plain colours. up: the axis of the mesh that is up, y or z. samples: for
    each pixel, a side; odd, so that one is in the middle. texture: a picture in place of the one
    that the file names. seed: turns the cameras about the vertical.

    Raises ValueError for numbers out of range and for a mesh without colours; OSError for an output
    that is a folder with something in it.
    """
    began = time.perf_counter()
    if not 2 <= views <= 10_000:
        raise ValueError(f"views {views}: expected 2 to 10000")
    if not 8 <= size <= MOST_SIZE:
        raise ValueError(f"size {size}: expected 8 to {MOST_SIZE} pixels")
    if samples not in (1, 3, 5, 7):
        raise ValueError(f"samples {samples}: expected 1, 3, 5 or 7 a side")
    if up not in ("y", "z"):
        raise ValueError(f"up {up!r}: expected y or z")
    textured = source if isinstance(source, Textured) else read_textured(source, texture)
    model = Model.of(textured, up=up, shading=shading)
    shots = [
        View(f"r_{number}", split, None)
        for split, count in _counts(views).items()
        for number in range(count)
    ]
    cameras = _cameras(views, size, hemisphere, seed)

    def rendered() -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
        for number in range(len(shots)):
            yield model.seen_by(cameras, number, samples)
            if progress is not None:
                progress(number + 1, len(shots))

    pictures, depths = tee(rendered())
    path = save_blender(
        output,
        cameras,
        shots,
        (picture for picture, _ in pictures),
        depths=(depth for _, depth in depths),
        near=DISTANCE - BOX,
        far=DISTANCE + BOX,
        box=np.array([[-BOX] * 3, [BOX] * 3]),
    )
    seconds = round(time.perf_counter() - began, 3)
    return SavedScene(str(path), _counts(views), size, size, seconds)


def _counts(views: int) -> dict[str, int]:
    return {"train": views, "val": max(1, views // 10), "test": max(1, views // 4)}


@dataclass(frozen=True, eq=False)
class Model:
    """A mesh with colours, in place; normals: of the corners of faces, (F, 3, 3), where light
    falls on it, else None."""

    textured: Textured
    normals: Floats | None

    @classmethod
    def of(cls, textured: Textured, *, up: str = "z", shading: bool = False) -> Model:
        """Puts a mesh into the ball; ValueError where it has no extent."""
        mesh = textured.mesh
        used = mesh.vertices[np.unique(mesh.faces)]
        middle = (used.min(axis=0) + used.max(axis=0)) / 2
        radius = float(np.linalg.norm(used - middle, axis=1).max())
        if not radius > 1e-30:
            raise ValueError("the mesh has no extent: all of its points are one")
        vertices = (mesh.vertices - middle) * (RADIUS / radius)
        if up == "y":
            vertices = np.stack([vertices[:, 0], -vertices[:, 2], vertices[:, 1]], axis=1)
        placed = replace(mesh, vertices=vertices)
        return cls(replace(textured, mesh=placed), corner_normals(placed) if shading else None)

    def seen_by(
        self, cameras: Cameras, number: int, samples: int = 3
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """What a camera sees: (H, W, 4) straight RGBA, and depths (H, W), 0 where nothing is.

        The camera is one without distortion, and faces that reach behind it are left out. It is
        rendered in bands of rows, which take some 200 MB, and a hundred bytes for every face.
        """
        mesh = self.textured.mesh
        pixels, depths = cameras.project(np.full(len(mesh.vertices), number), mesh.vertices)
        faces = np.flatnonzero((depths[mesh.faces] > 1e-6).all(axis=1))
        corners = pixels[mesh.faces[faces]] * samples
        nearness = 1 / depths[mesh.faces[faces]]
        low, high = corners[..., 1].min(axis=1), corners[..., 1].max(axis=1)
        width, height = cameras.size[number].tolist()
        picture = np.empty((height, width, 4), np.uint8)
        deep = np.empty((height, width), np.float32)
        step = max(1, _BAND // (width * samples**2))
        for top in range(0, height, step):
            rows = slice(top, min(top + step, height))
            inside = np.flatnonzero((high > rows.start * samples) & (low < rows.stop * samples))
            moved = corners[inside] - [0, rows.start * samples]
            picture[rows], deep[rows] = self._band(
                faces[inside], moved, nearness[inside], width, rows.stop - rows.start, samples
            )
        return picture, deep

    def _band(
        self,
        faces: NDArray[np.int64],
        corners: Floats,
        nearness: Floats,
        width: int,
        height: int,
        samples: int,
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Some rows of what is seen; corners (F, 3, 2) and nearness (F, 3) are those of the faces,
        in samples from the upper left of the band, as ``seen_faces`` has them."""
        seen = seen_faces(corners, nearness, width * samples, height * samples)
        rows, columns = np.nonzero(seen >= 0)
        light, depth = np.empty((len(rows), 3), np.float32), np.empty(len(rows))
        for start in range(0, len(rows), _PART):
            part = slice(start, start + _PART)
            face = seen[rows[part], columns[part]]
            places = np.stack([columns[part], rows[part]], axis=1).astype(float) + 0.5
            weights, depth[part] = weights_at(corners[face], nearness[face], places)
            light[part] = self._light(faces[face], weights)
        picture = _averaged(light, rows // samples * width + columns // samples, width, height)
        middle = (rows % samples == samples // 2) & (columns % samples == samples // 2)
        deep = np.zeros((height, width), np.float32)
        deep[rows[middle] // samples, columns[middle] // samples] = depth[middle]
        return np.rint(picture * [1, 1, 1, 255 / samples**2]).astype(np.uint8), deep

    def _light(self, face: NDArray[np.int64], weights: Floats) -> NDArray[np.float32]:
        """Linear colours (N, 3) of points in faces, by the weights (N, 3) of corners."""
        colours = colours_at(self.textured, face, weights)
        linear = srgb_decode(colours)
        if self.normals is None:
            return np.asarray(linear, np.float32)
        normals = np.einsum("nk,nkd->nd", weights, self.normals[face])
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        sky, sun = 0.5 + 0.5 * normals[:, 2], np.maximum(normals @ _SUN, 0)
        return np.asarray(linear * (0.32 + 0.25 * sky + 0.43 * sun)[:, None], np.float32)


def _averaged(
    light: NDArray[np.float32], pixel: NDArray[np.int64], width: int, height: int
) -> Floats:
    """(height, width, 4): the mean colour of the samples in each pixel, encoded, in levels, and
    their number."""
    counts = np.bincount(pixel, minlength=width * height).astype(float)
    sums = [np.bincount(pixel, light[:, c], minlength=width * height) for c in range(3)]
    mean = np.stack(sums, axis=1) / np.maximum(counts, 1)[:, None]
    levels = 255 * np.asarray(srgb_encode(np.clip(mean, 0, 1)))
    return np.concatenate([levels, counts[:, None]], axis=1).reshape(height, width, 4)


def _cameras(views: int, size: int, hemisphere: bool, seed: int) -> Cameras:
    """Cameras of all splits, in order."""
    turn = float(np.random.default_rng(seed).random())
    eyes = [
        DISTANCE * _spiral(count, hemisphere, turn + 0.381 * number)
        for number, count in enumerate(_counts(views).values())
    ]
    poses = np.array([looking_at_origin(eye) for eye in np.concatenate(eyes)])
    count = len(poses)
    return Cameras(
        poses,
        np.full((count, 2), size / 2 / math.tan(ANGLE / 2)),
        np.full((count, 2), size / 2),
        np.full((count, 2), size),
        np.zeros((count, 6)),
    )


def _spiral(count: int, hemisphere: bool, turn: float) -> Floats:
    """Directions (count, 3), evenly spread: golden angles round the vertical, equal steps of
    height."""
    share = (np.arange(count) + 0.5) / count
    z = 1 - share if hemisphere else 1 - 2 * share
    angle = 2 * math.pi * (np.arange(count) * (math.sqrt(5) - 1) / 2 + turn)
    flat = np.sqrt(1 - z * z)
    return np.stack([flat * np.cos(angle), flat * np.sin(angle), z], axis=1)


def looking_at_origin(eye: Floats) -> Floats:
    """The pose (4, 4) of a camera at a point (3,) that looks at the origin, with z upwards."""
    back = eye / np.linalg.norm(eye)
    right = np.cross([0.0, 0.0, 1.0], back)
    if np.linalg.norm(right) < 1e-9:  # straight from above or below
        right = np.array([1.0, 0.0, 0.0])
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3] = np.stack([right, np.cross(back, right), back, eye], axis=1)
    return pose
