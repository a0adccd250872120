"""Scenes for tests, written by other code than that which reads them."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cppnart.fields.scenes import Cameras

ANGLE = 0.7


def pose_at(eye: Any, target: Any = (0, 0, 0), up: Any = (0, 0, 1)) -> np.ndarray:
    """The pose of a camera at `eye` that looks at `target`."""
    back = np.subtract(eye, target) / np.linalg.norm(np.subtract(eye, target))
    right = np.cross(up, back)
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, 0], pose[:3, 1], pose[:3, 2], pose[:3, 3] = right, np.cross(back, right), back, eye
    return pose


def ring(count: int = 9, size: tuple[int, int] = (20, 16)) -> Cameras:
    """Cameras round the origin, 4 away, at different heights."""
    turns = 2 * np.pi * np.arange(count) / count
    eyes = [(4 * np.cos(t), 4 * np.sin(t), 1 + 0.3 * np.sin(3 * t)) for t in turns]
    return cameras_of([pose_at(eye) for eye in eyes], size)


def wall(count: int = 9, size: tuple[int, int] = (20, 16)) -> Cameras:
    """Cameras side by side that look along -z, more or less."""
    random = np.random.default_rng(1)
    eyes = random.uniform(-1, 1, (count, 3)) * [2, 1, 0.2] + [5, 3, 2]
    return cameras_of([pose_at(e, (5 + e[0] / 9, 3, -20), (0, 1, 0)) for e in eyes], size)


def cameras_of(poses: list[np.ndarray], size: tuple[int, int]) -> Cameras:
    count = len(poses)
    return Cameras(
        np.array(poses),
        np.full((count, 2), size[0] / 2 / np.tan(ANGLE / 2)),
        np.tile(np.array(size) / 2, (count, 1)),
        np.tile(size, (count, 1)),
        np.zeros((count, 6)),
    )


def picture(number: int, size: tuple[int, int] = (20, 16)) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (size[1], size[0], 4), np.uint8)


def write_picture(path: Path, number: int = 0, size: tuple[int, int] = (20, 16)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(number, size)).save(path)
    return path


def write_blender(folder: Path, cameras: Cameras, splits: list[str], **more: Any) -> Path:
    for split in dict.fromkeys(splits):
        frames = []
        for number in (n for n, name in enumerate(splits) if name == split):
            width, height = cameras.size[number].tolist()
            write_picture(folder / split / f"r_{number}.png", number, (width, height))
            pose = cameras.poses[number].tolist()
            frames.append({"file_path": f"./{split}/r_{number}", "transform_matrix": pose})
        said = {"camera_angle_x": ANGLE, "frames": frames, **more}
        (folder / f"transforms_{split}.json").write_text(json.dumps(said))
    return folder


def write_nerfstudio(folder: Path, cameras: Cameras, **more: Any) -> Path:
    """One transforms.json, with one lens for all."""
    frames = []
    for number, pose in enumerate(cameras.poses):
        width, height = cameras.size[number].tolist()
        write_picture(folder / "images" / f"{number:03}.png", number, (width, height))
        name = f"images/{number:03}.png"
        frames.append({"file_path": name, "transform_matrix": pose.tolist()})
    lens = {
        "fl_x": cameras.focal[0, 0],
        "fl_y": cameras.focal[0, 1],
        "cx": cameras.centre[0, 0],
        "cy": cameras.centre[0, 1],
        "w": int(cameras.size[0, 0]),
        "h": int(cameras.size[0, 1]),
    }
    said = {**lens, "frames": frames, **more}
    (folder / "transforms.json").write_text(json.dumps(said))
    return folder


def write_llff(folder: Path, cameras: Cameras, bounds: np.ndarray, factor: int = 8) -> Path:
    rows = []
    for number, pose in enumerate(cameras.poses):
        width, height = cameras.size[number].tolist()
        write_picture(folder / f"images_{factor}" / f"i{number:03}.png", number, (width, height))
        right, up, back, place = pose[:3].T
        hwf = np.array([height, width, cameras.focal[number, 0]]) * factor
        matrix = np.stack([-up, right, back, place, hwf], axis=1)
        rows.append([*matrix.ravel(), *bounds[number]])
    np.save(folder / "poses_bounds.npy", np.array(rows))
    return folder


def quaternion(turn: np.ndarray) -> np.ndarray:
    """Of a rotation (3, 3), w first, as the eigenvector of a symmetric matrix (Bar-Itzhack)."""
    (a, b, c), (d, e, f), (g, h, i) = turn
    whole = np.array(
        [
            [a - e - i, d + b, g + c, h - f],
            [d + b, e - a - i, h + f, c - g],
            [g + c, h + f, i - a - e, d - b],
            [h - f, c - g, d - b, a + e + i],
        ]
    )
    x, y, z, w = np.linalg.eigh(whole / 3)[1][:, -1]
    return np.array([w, x, y, z])


def colmap_poses(cameras: Cameras) -> tuple[np.ndarray, np.ndarray]:
    """From the world to the camera with y down and z ahead: turns (V, 3, 3) and shifts (V, 3)."""
    turns = (cameras.poses[:, :3, :3] * [1, -1, -1]).transpose(0, 2, 1)
    return turns, -np.einsum("vij,vj->vi", turns, cameras.poses[:, :3, 3])


def write_colmap(
    folder: Path,
    cameras: Cameras,
    points: np.ndarray,
    *,
    binary: bool,
    model: tuple[int, str] = (1, "PINHOLE"),
    parameters: tuple[float, ...] | None = None,
    place: str = "sparse/0",
    pictures: str = "images",
) -> Path:
    """Pictures are named im0.png and so on; none of the points is seen, as far as files say."""
    target = folder / place
    target.mkdir(parents=True)
    width, height = cameras.size[0].tolist()
    values = parameters or (*cameras.focal[0], *cameras.centre[0])
    turns, shifts = colmap_poses(cameras)
    quaternions = [quaternion(turn) for turn in turns]
    for number in range(len(cameras)):
        write_picture(folder / pictures / f"im{number}.png", number, (width, height))
    if binary:
        data = struct.pack("<QiiQQ", 1, 7, model[0], width, height)
        (target / "cameras.bin").write_bytes(data + struct.pack(f"<{len(values)}d", *values))
        data = struct.pack("<Q", len(cameras))
        for number, (q, t) in enumerate(zip(quaternions, shifts, strict=True)):
            data += struct.pack("<i7di", number + 1, *q, *t, 7) + f"im{number}.png".encode() + b"\0"
            data += struct.pack("<Qddq", 1, 1.5, 2.5, -1)
        (target / "images.bin").write_bytes(data)
        data = struct.pack("<Q", len(points))
        for number, point in enumerate(points):
            data += struct.pack("<Q3d3BdQii", number, *point, 1, 2, 3, 0.5, 1, 1, 0)
        (target / "points3D.bin").write_bytes(data)
        return folder
    numbers = " ".join(repr(float(value)) for value in values)
    (target / "cameras.txt").write_text(f"# lenses\n7 {model[1]} {width} {height} {numbers}\n")
    lines = ["# pictures"]
    for number, (q, t) in enumerate(zip(quaternions, shifts, strict=True)):
        pose = " ".join(repr(float(value)) for value in (*q, *t))
        lines += [f"{number + 1} {pose} 7 im{number}.png", ""]
    (target / "images.txt").write_text("\n".join(lines) + "\n")
    rows = [f"{n} {x!r} {y!r} {z!r} 1 2 3 0.5 1 0" for n, (x, y, z) in enumerate(points.tolist())]
    (target / "points3D.txt").write_text("\n".join(["# points", *rows]) + "\n")
    return folder


def alike(found: Cameras, wanted: Cameras) -> float:
    """Asserts that cameras are the same but for a turn, a shift and a scale; returns the scale."""
    turn = found.poses[0, :3, :3] @ wanted.poses[0, :3, :3].T
    np.testing.assert_allclose(found.poses[:, :3, :3], turn @ wanted.poses[:, :3, :3], atol=1e-9)
    moved = found.poses[:, :3, 3] - found.poses[0, :3, 3]
    before = (wanted.poses[:, :3, 3] - wanted.poses[0, :3, 3]) @ turn.T
    scale = float(np.linalg.norm(moved) / np.linalg.norm(before))
    np.testing.assert_allclose(moved, scale * before, atol=1e-9)
    return scale


def points_before(cameras: Cameras, count: int = 400) -> np.ndarray:
    """Points that cameras see, from 2 to 9 away."""
    random = np.random.default_rng(5)
    views = random.integers(0, len(cameras), count)
    origins, directions = cameras.rays(views, random.uniform(0, 16, (count, 2)))
    return np.asarray(origins + random.uniform(2, 9, (count, 1)) * directions, float)
