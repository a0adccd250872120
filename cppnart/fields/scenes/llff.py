"""The format of LLFF: ``poses_bounds.npy`` and a folder of pictures.

Mildenhall et al. 2019. Each row has 17 numbers: a matrix of 3 x 5, whose columns are the camera's
axes (down, right, back), its place and (height, width, focal length), then the depths of the
nearest and the farthest thing that it sees.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cppnart.fields.scenes.cameras import Array, Cameras
from cppnart.fields.scenes.checks import LARGEST, check_cameras
from cppnart.fields.scenes.files import list_images, picture_folder, read_array, scaled_to_images
from cppnart.fields.scenes.placing import around_the_origin, before_the_cameras, looks_one_way
from cppnart.fields.scenes.scene import Scene, View

FILE = "poses_bounds.npy"


def recognises(path: Path) -> bool:
    return (path / FILE).is_file()


def read(folder: Path, split_every: int) -> Scene:
    """The scene in a folder; every so manyth view is for tests, as is the custom here."""
    rows = _read_rows(folder / FILE)
    name = folder.resolve().name
    pictures = picture_folder(folder)
    images = list_images(pictures) if pictures is not None else []
    if not images:
        raise ValueError(f"{folder}: no pictures in images_8, images_4, images_2 or images")
    if len(images) != len(rows):
        raise ValueError(f"{pictures}: {len(images)} pictures, but {FILE} has {len(rows)} cameras")
    views = tuple(
        View(image.stem, "train" if number % split_every else "test", image)
        for number, image in enumerate(images)
    )
    cameras = scaled_to_images(_cameras(rows), images)
    check_cameras(name, views, cameras)
    bounds = rows[:, 15:]
    near, far = float(bounds.min()), float(bounds.max())
    if not 1e-9 < near < far < LARGEST:  # which is also said of NaN
        shown = f"depths from {near:g} to {far:g}"
        raise ValueError(f"{folder / FILE}: {shown}; expected near above 0 and below far")
    one_way = looks_one_way(cameras)
    placement = before_the_cameras(cameras, near) if one_way else around_the_origin(cameras)
    return Scene(
        name,
        placement.cameras(cameras),
        views,
        near * placement.scale * (0.75 if one_way else 0.9),
        far * placement.scale,
        ndc=one_way,
        bounded=False,
    )


def _read_rows(file: Path) -> Array:
    rows = read_array(file, "(N, 17)")
    if rows.ndim != 2 or rows.shape[1] != 17:
        raise ValueError(f"{file}: expected numbers of shape (N, 17), not {rows.shape}")
    return rows


def _cameras(rows: Array) -> Cameras:
    count = len(rows)
    matrices = rows[:, :15].reshape(count, 3, 5)
    poses = np.tile(np.eye(4), (count, 1, 1))
    down, right, back = (matrices[:, :, axis] for axis in range(3))
    poses[:, :3, :4] = np.stack([right, -down, back, matrices[:, :, 3]], axis=2)
    height, width, focal = matrices[:, :, 4].T
    if not ((matrices[:, :, 4] >= 1) & (matrices[:, :, 4] < LARGEST)).all():
        raise ValueError("poses_bounds.npy: sizes and focal lengths must be numbers from 1")
    size = np.stack([width, height], axis=1)
    return Cameras(
        poses,
        np.stack([focal, focal], axis=1),
        size / 2,
        size.round().astype(np.int64),
        np.zeros((count, 6)),
    )
