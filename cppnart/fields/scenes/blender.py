"""The format of NeRF's Blender scenes: ``transforms_{train,val,test}.json`` and pictures.

Mildenhall et al. 2020; cameras stand about 4 units from the origin and see what lies within 1.5.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cppnart.fields.atomic import atomic_output
from cppnart.fields.pictures import image_size
from cppnart.fields.scenes.cameras import Cameras
from cppnart.fields.scenes.files import Missing, find_image, finite, matrix, read_json
from cppnart.fields.scenes.scene import SPLITS, Scene, View

NEAR, FAR, SIDE = 2.0, 6.0, 1.5
RADIUS = 1.25
"""Of the ball round the origin into which a mesh is put that becomes such a scene."""


@dataclass(frozen=True)
class SavedScene:
    """A scene that was written. views: how many, by split; width, height: of the first picture."""

    path: str
    views: dict[str, int]
    width: int
    height: int
    seconds: float

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {split}" for split, count in self.views.items() if count)
        return f"{counts} views, {self.width}x{self.height}, {self.seconds:.1f} s"


def recognises(path: Path) -> bool:
    """Whether this is such a folder, or one of its .json files."""
    if path.is_file():
        return path.name in {f"transforms_{split}.json" for split in SPLITS}
    return any((path / f"transforms_{split}.json").is_file() for split in SPLITS)


def read(path: Path, split_every: int) -> Scene:
    """The scene in a folder. ``near``, ``far`` and ``box`` in a .json replace 2, 6 and +-1.5."""
    folder = path.parent if path.is_file() else path
    views: list[View] = []
    poses, focals, sizes = [], [], []
    missing = Missing()
    near, far, box = NEAR, FAR, np.array([[-SIDE] * 3, [SIDE] * 3])
    for split in SPLITS:
        file = folder / f"transforms_{split}.json"
        if not file.is_file():
            continue
        said = read_json(file)
        angle = finite(said, "camera_angle_x", file)
        if not 1e-6 < angle < np.pi:
            raise ValueError(f"{file}: camera_angle_x is {angle}, not within 0 and pi")
        near, far = finite(said, "near", file, near), finite(said, "far", file, far)
        if "box" in said:
            box = matrix(said["box"], (2, 3), f"{file}: box")
        for number, frame in enumerate(said["frames"]):
            where = f"{file}: frame {number}"
            image = find_image(folder, frame, where)
            if image is None:
                missing.add(str(frame["file_path"]))
                continue
            pose = matrix(frame.get("transform_matrix"), (4, 4), f"{where}: transform_matrix")
            width, height = image_size(image)
            views.append(View(image.stem, split, image, depth=_depth_beside(image)))
            poses.append(pose)
            sizes.append((width, height))
            focals.append((width / 2 / np.tan(angle / 2),) * 2)
    size = np.array(sizes, np.int64).reshape(-1, 2)
    cameras = Cameras(
        np.array(poses).reshape(-1, 4, 4),
        np.array(focals).reshape(-1, 2),
        size / 2,
        size,
        np.zeros((len(views), 6)),
    )
    remarks = missing.remarks()
    return Scene(folder.resolve().name, cameras, tuple(views), near, far, box=box, remarks=remarks)


def _depth_beside(image: Path) -> Path | None:
    depth = image.with_name(f"{image.stem}_depth.npy")
    return depth if depth.is_file() else None


def save_blender(
    folder: str | os.PathLike[str],
    cameras: Cameras,
    views: Iterable[View],
    pictures: Iterable[NDArray[np.uint8]],
    *,
    depths: Iterable[NDArray[np.float32] | None] | None = None,
    near: float = NEAR,
    far: float = FAR,
    box: NDArray[np.float64] | None = None,
) -> Path:
    """Writes a Blender scene into a folder that is new or empty, and returns the folder.

    What is there of a scene whose writing was interrupted is written again.

    pictures: one for each view, (H, W, 4) straight RGBA; they are taken one by one, so that they
    need never lie in memory together. depths: (H, W) each, or None, as NAME_depth.npy beside the
    picture. Names and splits come from the views. The .json files, by which a scene is known, are
    written last. Raises ValueError for cameras that this format cannot hold: it has one angle of
    view for each split, centred, and square pixels.
    """
    target, views = Path(folder), tuple(views)
    _check_folder(target)
    angles = {split: _angle(cameras, views, split) for split in {view.split for view in views}}
    names = [(view.split, view.name) for view in views]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"two views have the name {'/'.join(twice)}")
    for split in angles:
        (target / split).mkdir(parents=True, exist_ok=True)
    given_depths = iter(repeat(None) if depths is None else depths)
    for view, picture in zip(views, pictures, strict=True):
        with atomic_output(target / view.split / f"{view.name}.png") as file:
            Image.fromarray(picture).save(file, compress_level=6)
        depth = next(given_depths)
        if depth is not None:
            with atomic_output(target / view.split / f"{view.name}_depth.npy") as file:
                np.save(file, depth)
    bounds = np.array([[-SIDE] * 3, [SIDE] * 3]) if box is None else np.asarray(box)
    for split, angle in angles.items():
        frames = [
            {
                "file_path": f"./{split}/{view.name}",
                "transform_matrix": cameras.poses[number].tolist(),
            }
            for number, view in enumerate(views)
            if view.split == split
        ]
        said = {
            "camera_angle_x": angle,
            "near": float(near),
            "far": float(far),
            "box": bounds.tolist(),
            "frames": frames,
        }
        with atomic_output(target / f"transforms_{split}.json") as file:
            file.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    return target


def _check_folder(target: Path) -> None:
    """Refuses what holds anything; pictures alone are left of a scene that was not finished."""
    if target.exists():
        inside = {path.name for path in target.iterdir()} if target.is_dir() else {""}
        if not inside <= set(SPLITS):
            raise FileExistsError(f"{target}: give a folder that is new or empty")


def _angle(cameras: Cameras, views: tuple[View, ...], split: str) -> float:
    """The one angle of view, across the width, of all views of a split."""
    chosen = cameras.take([n for n, view in enumerate(views) if view.split == split])
    angles = 2 * np.arctan(chosen.size[:, 0] / 2 / chosen.focal[:, 0])
    alike = (
        np.ptp(angles) < 1e-9
        and np.allclose(chosen.focal[:, 0], chosen.focal[:, 1])
        and np.allclose(chosen.centre, chosen.size / 2)
        and not chosen.distortion.any()
    )
    if not alike:
        raise ValueError(
            f"the {split} cameras differ in their angle of view, are not centred, have pixels that "
            "are not square, or a lens that distorts, none of which the Blender format can hold"
        )
    return float(angles[0])
