"""The format of nerfstudio and instant-ngp: one ``transforms.json`` and pictures.

Lenses are given once, or by each frame for itself. Axes are those of OpenGL.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cppnart.fields.pictures import image_size
from cppnart.fields.scenes.cameras import Array, Cameras
from cppnart.fields.scenes.checks import check_cameras
from cppnart.fields.scenes.files import Missing, find_image, finite, matrix, read_json
from cppnart.fields.scenes.placing import around_the_origin, box_range
from cppnart.fields.scenes.scene import SPLITS, Scene, View

FILE = "transforms.json"
MODELS = ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL", "PERSPECTIVE")
# instant-ngp puts a scene into its unit cube by x * .33 + .5, and a box of `aabb_scale` round it.
_HALF_SIDE = 0.5 / 0.33
_NEAR, _FAR = 0.05, 1000.0


def recognises(path: Path) -> bool:
    """Whether this is such a folder, or any .json."""
    return path.suffix.lower() == ".json" if path.is_file() else (path / FILE).is_file()


def read(path: Path, split_every: int) -> Scene:
    """The scene in a folder, or of a .json, whose pictures are named relative to it.

    An ``aabb_scale`` of up to 2 says that all lies in a box, whose coordinates are kept. Without
    it the scene has no bounds, and is moved so that its cameras lie in the unit ball.
    """
    file = path if path.is_file() else path / FILE
    said, folder = read_json(file), file.parent
    splits = _splits(said, file)
    views: list[View] = []
    lenses, poses = [], []
    missing = Missing()
    for number, frame in enumerate(said["frames"]):
        where = f"{file}: frame {number}"
        image = find_image(folder, frame, where)
        if image is None:
            missing.add(str(frame["file_path"]))
            continue
        poses.append(matrix(frame.get("transform_matrix"), (4, 4), f"{where}: transform_matrix"))
        lenses.append(_lens({**said, **frame}, image, where))
        mask = _beside(folder, frame, "mask_path", where)
        depth = _beside(folder, frame, "depth_file_path", where)
        split = splits.get(_plain(str(frame["file_path"])), "train")
        views.append(View(image.stem, split, image, mask, depth))
    name = folder.resolve().name if file.name == FILE else file.stem
    remarks = missing.remarks()
    kept = np.array(lenses).reshape(-1, 12)
    cameras = Cameras(
        np.array(poses).reshape(-1, 4, 4),
        kept[:, 2:4],
        kept[:, 4:6],
        kept[:, :2].astype(np.int64),
        kept[:, 6:],
    )
    check_cameras(name, tuple(views), cameras, remarks)
    units = 1.0 / 1000 if any(_is_picture(view.depth) for view in views) else 1.0
    units = finite(said, "depth_unit_scale_factor", file, units)
    if "aabb_scale" in said and 0 < finite(said, "aabb_scale", file) <= 2:
        box = _HALF_SIDE * finite(said, "aabb_scale", file) * np.array([[-1.0] * 3, [1.0] * 3])
        near, far = box_range(cameras, box)
        return Scene(
            name, cameras, tuple(views), near, far, box=box, remarks=remarks, depth_scale=units
        )
    placement = around_the_origin(cameras)
    return Scene(
        name,
        placement.cameras(cameras),
        tuple(views),
        _NEAR,
        _FAR,
        bounded=False,
        remarks=remarks,
        depth_scale=units * placement.scale,
    )


def _lens(said: Mapping[str, Any], image: Path, where: str) -> Array:
    """Width, height, focal lengths, centre and the six terms of distortion, (12,)."""
    model = said.get("camera_model", "OPENCV")
    if model not in MODELS or said.get("is_fisheye"):
        shown = "a fisheye lens" if model in MODELS else f"the camera model {model!r:.40}"
        raise ValueError(f"{where}: {shown}; expected one of {', '.join(MODELS)}")
    real = image_size(image) if "w" not in said or "h" not in said else (0, 0)
    width, height = finite(said, "w", where, real[0]), finite(said, "h", where, real[1])
    if not (1 <= width <= 2**20 and 1 <= height <= 2**20):
        raise ValueError(f"{where}: {width:g}x{height:g} pixels")
    if "fl_x" in said or "fl_y" in said:
        across = finite(said, "fl_x", where, said.get("fl_y"))
        down = finite(said, "fl_y", where, across)
    elif "camera_angle_x" in said:
        across = down = width / 2 / _slope(said, "camera_angle_x", where)
        if "camera_angle_y" in said:
            down = height / 2 / _slope(said, "camera_angle_y", where)
    else:
        raise ValueError(f"{where}: expected fl_x or camera_angle_x, in the frame or the file")
    centre = finite(said, "cx", where, width / 2), finite(said, "cy", where, height / 2)
    terms = [finite(said, name, where, 0.0) for name in ("k1", "k2", "k3", "k4", "p1", "p2")]
    return np.array([width, height, across, down, *centre, *terms])


def _slope(said: Mapping[str, Any], name: str, where: str) -> float:
    """Half of an angle of view as a slope."""
    angle = finite(said, name, where)
    if not 1e-6 < angle < math.pi:
        raise ValueError(f"{where}: {name} is {angle:g}, not within 0 and pi")
    return math.tan(angle / 2)


def _splits(said: Mapping[str, Any], file: Path) -> dict[str, str]:
    """What pictures are for, where the file lists them: ``train_filenames`` and so on."""
    found = {}
    for split in SPLITS:
        names = said.get(f"{split}_filenames", [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError(f"{file}: {split}_filenames is not a list of names")
        found.update({_plain(name): split for name in names})
    return found


def _plain(name: str) -> str:
    return name.replace("\\", "/").removeprefix("./")


def _beside(folder: Path, frame: Mapping[str, Any], key: str, where: str) -> Path | None:
    name = frame.get(key)
    if name is None:
        return None
    if not isinstance(name, str) or "\0" in name or not (folder / name).is_file():
        raise ValueError(f"{where}: {key} is {name!r:.60}, and there is no such file")
    return folder / name


def _is_picture(depth: Path | None) -> bool:
    return depth is not None and depth.suffix.lower() != ".npy"
