"""Scenes of COLMAP, as text and binary, and those of Phototourism, compared with its model."""

import struct
from pathlib import Path

import numpy as np
import pytest

from cppnart.fields.scenes import Cameras, read_scene

from .making import (
    alike,
    colmap_poses,
    picture,
    points_before,
    ring,
    wall,
    write_colmap,
    write_picture,
)


def appearing(
    cameras: Cameras, points: np.ndarray, focal: tuple[float, float], terms: tuple[float, ...]
) -> np.ndarray:
    """Where COLMAP's model shows points in every view, (V, N, 2)."""
    turns, shifts = colmap_poses(cameras)
    x, y, z = np.moveaxis(np.einsum("vij,nj->vni", turns, points) + shifts[:, None], 2, 0)
    k1, k2, p1, p2 = terms
    u, v = x / z, y / z
    r2 = u * u + v * v
    radial = k1 * r2 + k2 * r2**2
    bent_u = u + u * radial + 2 * p1 * u * v + p2 * (r2 + 2 * u * u)
    bent_v = v + v * radial + 2 * p2 * u * v + p1 * (r2 + 2 * v * v)
    return np.stack([focal[0] * bent_u + 10.5, focal[1] * bent_v + 7.5], axis=2)


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize(
    ("number", "name", "parameters", "focal", "terms"),
    [
        (0, "SIMPLE_PINHOLE", (30, 10.5, 7.5), (30, 30), (0, 0, 0, 0)),
        (1, "PINHOLE", (30, 33, 10.5, 7.5), (30, 33), (0, 0, 0, 0)),
        (2, "SIMPLE_RADIAL", (30, 10.5, 7.5, 0.1), (30, 30), (0.1, 0, 0, 0)),
        (3, "RADIAL", (30, 10.5, 7.5, 0.1, 0.05), (30, 30), (0.1, 0.05, 0, 0)),
        (
            4,
            "OPENCV",
            (30, 33, 10.5, 7.5, 0.1, 0.05, 0.01, 0.02),
            (30, 33),
            (0.1, 0.05, 0.01, 0.02),
        ),
    ],
)
def test_points_of_a_colmap_scene_appear_where_its_model_says(
    tmp_path: Path,
    binary: bool,
    number: int,
    name: str,
    parameters: tuple[float, ...],
    focal: tuple[float, float],
    terms: tuple[float, ...],
) -> None:
    cameras = ring()
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (50, 3))
    write_colmap(
        tmp_path, cameras, points, binary=binary, model=(number, name), parameters=parameters
    )
    scene = read_scene(tmp_path)
    scale = alike(scene.cameras, cameras)
    turn = scene.cameras.poses[0, :3, :3] @ cameras.poses[0, :3, :3].T
    away = points - cameras.poses[0, :3, 3]
    placed = scene.cameras.poses[0, :3, 3] + scale * away @ turn.T
    wanted = appearing(cameras, points, focal, terms)
    for view in range(9):
        found, _ = scene.cameras.project(np.full(50, view), placed)
        np.testing.assert_allclose(found, wanted[view], atol=1e-8)


@pytest.mark.parametrize("binary", [True, False])
def test_a_colmap_scene_has_the_depths_of_its_points(tmp_path: Path, binary: bool) -> None:
    points = points_before(ring())
    scene = read_scene(write_colmap(tmp_path, ring(), points, binary=binary))
    scale = alike(scene.cameras, ring())
    depths = []
    for view in range(9):
        pixels, z = ring().project(np.full(len(points), view), points)
        inside = (z > 0) & (np.nan_to_num(pixels, nan=-1) >= 0).all(1)
        depths.append(z[inside & (np.nan_to_num(pixels) <= [20, 16]).all(1)])
    near, far = np.percentile(np.concatenate(depths), [0.1, 99.9])
    assert (scene.near, scene.far) == pytest.approx((near * scale, far * scale))
    assert not scene.bounded
    assert not scene.ndc
    assert scene.numbers("test").tolist() == [0, 8]
    np.testing.assert_array_equal(scene.pixels(2), picture(2))


def test_a_colmap_scene_that_looks_one_way_is_placed_as_llffs_are(tmp_path: Path) -> None:
    points = points_before(wall())
    scene = read_scene(write_colmap(tmp_path, wall(), points, binary=True))
    alike(scene.cameras, wall())
    assert scene.ndc
    assert scene.near == pytest.approx(1)


def test_smaller_pictures_shrink_the_cameras_of_colmap(tmp_path: Path) -> None:
    write_colmap(tmp_path, ring(), points_before(ring()), binary=True)
    for number in range(9):
        write_picture(tmp_path / "images_2" / f"im{number}.png", number, (10, 8))
    cameras = read_scene(tmp_path).cameras
    assert cameras.size[0].tolist() == [10, 8]
    np.testing.assert_allclose(cameras.focal, ring().focal / 2)
    np.testing.assert_allclose(cameras.centre, ring().centre / 2)


@pytest.mark.parametrize("name", ["cameras.bin", "images.bin", "points3D.bin"])
def test_files_of_colmap_that_end_early_are_refused(tmp_path: Path, name: str) -> None:
    folder = write_colmap(tmp_path, ring(3), points_before(ring(3), 20)[:6], binary=True)
    file = folder / "sparse/0" / name
    data = file.read_bytes()
    for length in range(0, len(data), 3):
        file.write_bytes(data[:length])
        with pytest.raises(ValueError, match=rf"{name}: .*(ends too early|so short a file|no end)"):
            read_scene(folder)
    file.write_bytes(struct.pack("<Q", 1 << 60) + data[8:])
    with pytest.raises(ValueError, match=r"cannot be in so short a file"):
        read_scene(folder)


def test_other_lenses_of_colmap_are_refused_by_name(tmp_path: Path) -> None:
    points = points_before(ring())
    write_colmap(tmp_path / "a", ring(), points, binary=False, model=(5, "OPENCV_FISHEYE"))
    with pytest.raises(ValueError, match="OPENCV_FISHEYE; expected SIMPLE_PINHOLE, PINHOLE"):
        read_scene(tmp_path / "a")
    write_colmap(tmp_path / "b", ring(), points, binary=True, model=(5, ""))
    with pytest.raises(ValueError, match="camera model 5; expected SIMPLE_PINHOLE, PINHOLE"):
        read_scene(tmp_path / "b")


def test_a_phototourism_scene_is_read_by_its_table(tmp_path: Path) -> None:
    dense = tmp_path / "gate" / "dense"
    write_colmap(dense, ring(), points_before(ring()), binary=True, place="sparse")
    (dense / "images/im5.png").unlink()
    rows = ["filename\tid\tsplit\tdataset"]
    for number in range(9):
        named = "" if number == 2 else str(number)
        split = "test" if number in (3, 7) else "train"
        rows.append(f"im{number}.png\t{named}\t{split}\tgate")
    rows.append("nowhere.png\t99\ttrain\tgate")
    (tmp_path / "gate" / "gate.tsv").write_text("\n".join(rows) + "\n")
    scene = read_scene(tmp_path / "gate")
    assert [view.name for view in scene.views] == [f"im{n}.png" for n in (0, 1, 3, 4, 6, 7, 8)]
    assert scene.numbers("test").tolist() == [2, 5]
    alike(scene.cameras, ring().take([0, 1, 3, 4, 6, 7, 8]))
    names = "im5.png, nowhere.png"
    assert scene.remarks == (f"skipped 2 frames without a file or a pose: {names}",)


def test_a_table_of_phototourism_without_columns_is_refused(tmp_path: Path) -> None:
    write_colmap(tmp_path / "dense", ring(), points_before(ring()), binary=True, place="sparse")
    (tmp_path / "a.tsv").write_text("name\tid\n")
    with pytest.raises(ValueError, match="expected columns filename, id, split and dataset"):
        read_scene(tmp_path)
