"""The format of COLMAP: ``sparse/0`` with cameras, images and points, as text or binary.

Schönberger and Frahm 2016. Poses go from the world to the camera, whose y is down and z ahead.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cppnart.fields.scenes.cameras import Array, Cameras
from cppnart.fields.scenes.checks import check_cameras
from cppnart.fields.scenes.colmap_files import Lens, Shot, read_lenses, read_points, read_shots
from cppnart.fields.scenes.files import Missing, picture_folder, scaled_to_images
from cppnart.fields.scenes.placing import (
    around_the_origin,
    before_the_cameras,
    depth_range,
    looks_one_way,
)
from cppnart.fields.scenes.scene import Scene, View

_PLACES = ("sparse/0", "sparse", "colmap/sparse/0", ".")


def recognises(path: Path) -> bool:
    return path.is_dir() and _model(path) is not None


def read(folder: Path, split_every: int) -> Scene:
    """The scene in a folder with ``sparse/0`` and ``images``; every so manyth view is for tests.

    It is moved: cameras that look one way as LLFF's are, others to lie in the unit ball.
    """
    model = _model(folder)
    pictures = picture_folder(folder)
    if model is None or pictures is None:
        raise ValueError(f"{folder}: no pictures in images, images_2, images_4 or images_8")
    shots = sorted(read_shots(model), key=lambda shot: shot.name)
    chosen, missing = [], Missing()
    for shot in shots:
        if (pictures / shot.name).is_file():
            chosen.append(shot)
        else:
            missing.add(shot.name)
    views = tuple(
        View(shot.name, "train" if number % split_every else "test", pictures / shot.name)
        for number, shot in enumerate(chosen)
    )
    cameras = cameras_of(chosen, read_lenses(model))
    if pictures.name != "images":
        cameras = scaled_to_images(cameras, [pictures / shot.name for shot in chosen])
    return placed(folder.resolve().name, cameras, views, read_points(model), missing.remarks())


def placed(
    name: str,
    cameras: Cameras,
    views: tuple[View, ...],
    points: Array,
    remarks: tuple[str, ...],
) -> Scene:
    """A scene of what COLMAP found, where fields expect it, its depths from the points (N, 3)."""
    check_cameras(name, views, cameras, remarks)
    depths = depth_range(cameras, points)
    if depths is None:
        raise ValueError(f"{name}: no camera sees any of the {len(points)} points of the scene")
    one_way = looks_one_way(cameras)
    placement = before_the_cameras(cameras, depths[0]) if one_way else around_the_origin(cameras)
    return Scene(
        name,
        placement.cameras(cameras),
        views,
        depths[0] * placement.scale * (0.75 if one_way else 1.0),
        depths[1] * placement.scale,
        ndc=one_way,
        bounded=False,
        remarks=remarks,
    )


def cameras_of(shots: list[Shot], lenses: Mapping[int, Lens]) -> Cameras:
    """The cameras of shots, with the axes of OpenGL."""
    chosen = []
    for shot in shots:
        if shot.lens not in lenses:
            raise ValueError(f"{shot.name}: there is no camera {shot.lens}")
        chosen.append(lenses[shot.lens])
    return Cameras(
        np.array([_pose(shot) for shot in shots]).reshape(-1, 4, 4),
        np.array([lens.focal for lens in chosen]).reshape(-1, 2),
        np.array([lens.centre for lens in chosen]).reshape(-1, 2),
        np.array([lens.size for lens in chosen], np.int64).reshape(-1, 2),
        np.array([lens.distortion for lens in chosen]).reshape(-1, 6),
    )


def _pose(shot: Shot) -> Array:
    length = math.hypot(*shot.turn)
    if not 0.5 < length < 2:  # not a quaternion: the checks then say of which picture
        return np.full((4, 4), np.nan)
    w, x, y, z = np.array(shot.turn) / length
    turn = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
    pose = np.eye(4)
    pose[:3, :3] = turn.T * [1, -1, -1]
    with np.errstate(over="ignore", invalid="ignore"):  # the checks refuse what is too large
        pose[:3, 3] = -turn.T @ np.array(shot.shift)
    return pose


def _model(folder: Path) -> Path | None:
    """The folder with cameras and images in it."""
    for place in _PLACES:
        for suffix in (".bin", ".txt"):
            files = (folder / place / f"{name}{suffix}" for name in ("cameras", "images"))
            if all(file.is_file() for file in files):
                return folder / place
    return None
