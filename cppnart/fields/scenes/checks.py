"""What can be wrong with a scene, each said in one line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cppnart.fields.pictures import image_size
from cppnart.fields.scenes.cameras import Array, Cameras
from cppnart.fields.scenes.scene import Scene, View

LARGEST = 1e9
"""What no length may reach, in whatever units: its square is far from overflowing float32."""


def checked(scene: Scene, split_every: int = 8) -> Scene:
    """The scene, with a test split made where it has none; raises ValueError for a bad one."""
    check_cameras(scene.name, scene.views, scene.cameras, scene.remarks)
    if not 0 < scene.near < scene.far:
        raise ValueError(
            f"{scene.name}: near is {scene.near:g} and far is {scene.far:g}; "
            "expected near above 0 and below far"
        )
    if scene.box is not None and not (np.diff(scene.box, axis=0) > 0).all():
        raise ValueError(f"{scene.name}: the box {scene.box.tolist()} is empty")
    _check_sizes(scene)
    return _with_tests(scene, split_every)


def check_cameras(
    name: str, views: tuple[View, ...], cameras: Cameras, remarks: tuple[str, ...] = ()
) -> None:
    """What must be right before anything is computed of cameras; raises as ``checked`` does."""
    remark = f" ({remarks[0]})" if remarks else ""
    if not views:
        raise ValueError(f"{name}: a scene without pictures{remark}")
    if len(views) == 1:
        raise ValueError(f"{name}: a scene of one camera{remark}; at least two are needed")
    for number, view in enumerate(views):
        shown = f"{name}: {view.split} view {view.name}"
        _check_pose(shown, cameras.poses[number])
        focal = cameras.focal[number]
        if not ((focal > 1e-3) & (focal < LARGEST)).all():
            raise ValueError(f"{shown} has the focal lengths {focal.tolist()}; expected above 0")
        if not (_sensible(cameras.centre[number]) and (cameras.size[number] > 0).all()):
            raise ValueError(f"{shown} has a centre or a size that makes no sense")
        if not _sensible(cameras.distortion[number]):
            raise ValueError(f"{shown} has a distortion that makes no sense")
    places = cameras.poses[:, :3, 3]
    if np.ptp(places, axis=0).max() <= 1e-6 * max(1.0, float(np.abs(places).max())):
        raise ValueError(
            f"{name}: all {len(views)} cameras are at one point; depth takes at least two"
        )


def _sensible(numbers: Array) -> bool:
    """Whether they can be reckoned with; NaN cannot."""
    return bool((np.abs(numbers) < LARGEST).all())


def _check_pose(shown: str, pose: Array) -> None:
    if not np.isfinite(pose).all():
        raise ValueError(f"{shown} has a pose with numbers that are not finite")
    if not _sensible(pose):
        raise ValueError(f"{shown} has a pose with numbers over {LARGEST:g}")
    turn = pose[:3, :3]
    off = max(np.abs(turn.T @ turn - np.eye(3)).max(), np.abs(pose[3] - [0, 0, 0, 1]).max())
    if off > 1e-3:
        raise ValueError(f"{shown} has a pose that is not orthonormal (off by {off:.2g})")
    if np.linalg.det(turn) < 0:
        raise ValueError(f"{shown} has a pose that mirrors")


def _check_sizes(scene: Scene) -> None:
    """That pictures have the sizes that are stated, by their headers alone."""
    for (width, height), view in zip(scene.cameras.size.tolist(), scene.views, strict=True):
        if view.image is not None and (real := image_size(view.image)) != (width, height):
            raise ValueError(
                f"{view.image}: {real[0]}x{real[1]} pixels, where the scene states {width}x{height}"
            )


def _with_tests(scene: Scene, every: int) -> Scene:
    splits = [view.split for view in scene.views]
    if "train" not in splits:
        raise ValueError(f"{scene.name}: no view to learn from; all are for tests")
    if "test" in splits:
        return scene
    training = [number for number, split in enumerate(splits) if split == "train"]
    tests = set(training[::every])
    if len(training) < 3:
        tests = set()
        remark = "no views for tests, and too few to take one away"
    else:
        remark = f"no views for tests: every {every}th of the {len(training)} others is taken"
    views = tuple(
        replace(view, split="test") if number in tests else view
        for number, view in enumerate(scene.views)
    )
    return replace(scene, views=views, remarks=(*scene.remarks, remark))
