"""Scenes in the formats that people have, compared with what was written into them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cppnart.fields.scenes import Scene, read_scene
from cppnart.fields.scenes.blender import save_blender

from .making import (
    ANGLE,
    alike,
    picture,
    ring,
    wall,
    write_blender,
    write_llff,
    write_nerfstudio,
    write_picture,
)

SPLITS = ["train"] * 6 + ["val"] + ["test"] * 2


# --- Blender ---


def test_a_blender_scene_is_read(tmp_path: Path) -> None:
    cameras = ring()
    scene = read_scene(write_blender(tmp_path / "toy", cameras, SPLITS))
    assert (scene.name, scene.near, scene.far, scene.bounded) == ("toy", 2, 6, True)
    assert [view.split for view in scene.views] == SPLITS
    assert scene.numbers("test").tolist() == [7, 8]
    np.testing.assert_array_equal(scene.cameras.poses, cameras.poses)
    np.testing.assert_allclose(scene.cameras.focal, 10 / np.tan(ANGLE / 2))
    np.testing.assert_array_equal(scene.box, [[-1.5] * 3, [1.5] * 3])
    np.testing.assert_array_equal(scene.pixels(3), picture(3))
    assert scene.mask(3) is None
    assert scene.depth(3) is None
    assert read_scene(tmp_path / "toy/transforms_train.json").counts() == scene.counts()
    with pytest.raises(ValueError, match="'all'"):
        scene.numbers("all")


def test_a_scene_that_was_saved_is_read_again(tmp_path: Path) -> None:
    cameras = ring()
    views = read_scene(write_blender(tmp_path / "a", cameras, SPLITS)).views
    depths = [np.full((16, 20), number, np.float32) for number in range(9)]
    save_blender(
        tmp_path / "b",
        cameras,
        views,
        (picture(number) for number in range(9)),
        depths=iter(depths),
        near=1.5,
        far=7,
        box=np.array([[-1, -2, -3], [3, 2, 1]]),
    )
    scene = read_scene(tmp_path / "b")
    np.testing.assert_array_equal(scene.cameras.poses, cameras.poses)
    np.testing.assert_allclose(scene.cameras.focal, cameras.focal, rtol=1e-12)
    assert (scene.near, scene.far) == (1.5, 7)
    np.testing.assert_array_equal(scene.box, [[-1, -2, -3], [3, 2, 1]])
    for number in range(9):
        np.testing.assert_array_equal(scene.pixels(number), picture(number))
        np.testing.assert_array_equal(scene.depth(number), depths[number])
    with pytest.raises(FileExistsError, match="new or empty"):
        save_blender(tmp_path / "b", cameras, views, [])


def test_a_scene_whose_writing_was_interrupted_is_written_again(tmp_path: Path) -> None:
    views = read_scene(write_blender(tmp_path / "a", ring(), SPLITS)).views

    def some() -> Iterator[np.ndarray]:
        yield from (picture(number) for number in range(4))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_blender(tmp_path / "b", ring(), views, some())
    with pytest.raises(ValueError, match="no scene found"):
        read_scene(tmp_path / "b")
    save_blender(tmp_path / "b", ring(), views, (picture(number) for number in range(9)))
    assert len(read_scene(tmp_path / "b").views) == 9


def test_cameras_that_the_blender_format_cannot_hold_are_refused(tmp_path: Path) -> None:
    views = read_scene(write_blender(tmp_path / "a", ring(), SPLITS)).views
    wider = replace(ring(), focal=ring().focal * np.linspace(1, 2, 9)[:, None])
    with pytest.raises(ValueError, match="differ in their angle of view"):
        save_blender(tmp_path / "b", wider, views, [])
    assert not (tmp_path / "b").exists()


# --- nerfstudio and instant-ngp ---


def test_a_nerfstudio_scene_is_moved_to_where_its_cameras_look(tmp_path: Path) -> None:
    scene = read_scene(write_nerfstudio(tmp_path, ring()))
    assert not scene.bounded
    assert scene.numbers("test").tolist() == [0, 8]
    scale = alike(scene.cameras, ring())
    places = scene.cameras.poses[:, :3, 3]
    assert np.linalg.norm(places, axis=1).max() == pytest.approx(1)
    # all of them look at the origin, which stays where it is
    away = np.linalg.norm(ring().poses[:, :3, 3], axis=1)
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), scale * away)
    np.testing.assert_allclose(scene.cameras.poses[:, :3, 1].mean(0)[:2], 0, atol=1e-9)


def test_each_frame_may_have_a_lens_of_its_own(tmp_path: Path) -> None:
    write_nerfstudio(tmp_path, ring(), k1=0.1, p2=0.02)
    file = tmp_path / "transforms.json"
    said = json.loads(file.read_text())
    said["frames"][4].update({"fl_x": 31.0, "fl_y": 32.0, "cx": 9, "k1": -0.2, "k4": 0.01})
    said["frames"][5].update({"w": 40, "h": 32})
    write_picture(tmp_path / "images" / "005.png", 5, (40, 32))
    file.write_text(json.dumps(said))
    cameras = read_scene(tmp_path).cameras
    assert cameras.focal[4].tolist() == [31, 32]
    assert cameras.centre[4].tolist() == [9, 8]
    assert cameras.distortion[4].tolist() == [-0.2, 0, 0, 0.01, 0, 0.02]
    assert cameras.distortion[3].tolist() == [0.1, 0, 0, 0, 0, 0.02]
    assert cameras.size[5].tolist() == [40, 32]


def test_angles_may_stand_for_focal_lengths_and_sizes_come_from_pictures(tmp_path: Path) -> None:
    write_nerfstudio(tmp_path, ring())
    file = tmp_path / "transforms.json"
    said = json.loads(file.read_text())
    kept = {"frames": said["frames"], "camera_angle_x": ANGLE, "aabb_scale": 1}
    file.write_text(json.dumps(kept))
    scene = read_scene(tmp_path)
    np.testing.assert_allclose(scene.cameras.focal, ring().focal)
    np.testing.assert_allclose(scene.cameras.centre, ring().centre)
    assert scene.cameras.size[0].tolist() == [20, 16]
    # a box keeps the coordinates
    np.testing.assert_array_equal(scene.cameras.poses, ring().poses)
    assert scene.bounded
    assert scene.box is not None
    np.testing.assert_allclose(scene.box, np.array([[-1] * 3, [1] * 3]) * 0.5 / 0.33)
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * 0.5 / 0.33
    depths = np.concatenate([ring().project([v] * 8, corners)[1] for v in range(9)])
    assert (scene.near, scene.far) == pytest.approx((depths.min(), depths.max()))


def test_masks_depths_and_splits_of_nerfstudio_are_read(tmp_path: Path) -> None:
    write_nerfstudio(tmp_path, ring(), test_filenames=["./images/002.png"])
    mask = np.zeros((16, 20), np.uint8)
    mask[3:9] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    Image.fromarray(np.full((16, 20), 2500, np.uint16)).save(tmp_path / "depth.png")
    file = tmp_path / "transforms.json"
    said = json.loads(file.read_text())
    said["frames"][1].update({"mask_path": "mask.png", "depth_file_path": "depth.png"})
    file.write_text(json.dumps(said))
    scene = read_scene(tmp_path)
    assert scene.numbers("test").tolist() == [2]
    np.testing.assert_array_equal(scene.mask(1), mask > 0)
    scale = alike(scene.cameras, ring())
    np.testing.assert_allclose(scene.depth(1), 2.5 * scale, rtol=1e-6)  # the file has millimetres
    assert scene.mask(0) is None


def test_frames_without_a_file_are_named_and_skipped(tmp_path: Path) -> None:
    write_nerfstudio(tmp_path, ring())
    for number in (1, 4, 5, 7):
        (tmp_path / "images" / f"{number:03}.png").unlink()
    scene = read_scene(tmp_path)
    assert [view.name for view in scene.views] == ["000", "002", "003", "006", "008"]
    names = "images/001.png, images/004.png, images/005.png, ..."
    assert scene.remarks[0] == f"skipped 4 frames without a file: {names}"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"camera_model": "OPENCV_FISHEYE"}, "OPENCV_FISHEYE.*expected one of OPENCV"),
        ({"is_fisheye": True}, "a fisheye lens"),
        ({"fl_x": "wide"}, "fl_x is 'wide', not a number"),
        ({"k1": None}, "k1 is None, not a number"),
        ({"frames": 3}, "a list of objects called 'frames'"),
        ({"frames": [{"file_path": 3}]}, "file_path is 3"),
        ({"train_filenames": 3}, "train_filenames is not a list of names"),
    ],
)
def test_a_bad_transforms_json_is_refused_in_one_line(
    tmp_path: Path, change: dict[str, object], line: str
) -> None:
    with pytest.raises(ValueError, match=line):
        read_scene(write_nerfstudio(tmp_path, ring(), **change))


# --- LLFF ---


def test_an_llff_scene_is_placed_as_nerf_places_it(tmp_path: Path) -> None:
    cameras = wall()
    bounds = np.random.default_rng(3).uniform([4, 20], [6, 40], (9, 2))
    scene = read_scene(write_llff(tmp_path, cameras, bounds))
    # NeRF scales by the nearest depth, and then takes the average pose to the origin.
    scale = 1 / (0.75 * bounds.min())
    poses = cameras.poses.copy()
    poses[:, :3, 3] *= scale
    z = poses[:, :3, 2].sum(0) / np.linalg.norm(poses[:, :3, 2].sum(0))
    x = np.cross(poses[:, :3, 1].sum(0), z)
    x /= np.linalg.norm(x)
    average = np.eye(4)
    average[:3] = np.stack([x, np.cross(z, x), z, poses[:, :3, 3].mean(0)], axis=1)
    np.testing.assert_allclose(scene.cameras.poses, np.linalg.inv(average) @ poses, atol=1e-9)
    assert scene.ndc
    assert not scene.bounded
    assert scene.near == pytest.approx(1)
    assert scene.far == pytest.approx(bounds.max() * scale)
    assert scene.numbers("test").tolist() == [0, 8]
    np.testing.assert_allclose(scene.cameras.focal, cameras.focal)
    np.testing.assert_array_equal(scene.cameras.size, cameras.size)
    assert read_scene(tmp_path, split_every=4).numbers("test").tolist() == [0, 4, 8]


def test_an_llff_scene_round_something_is_not_taken_into_ndc(tmp_path: Path) -> None:
    scene = read_scene(write_llff(tmp_path, ring(), np.tile([2.0, 9.0], (9, 1)), factor=4))
    scale = alike(scene.cameras, ring())
    assert not scene.ndc
    assert (scene.near, scene.far) == pytest.approx((0.9 * 2 * scale, 9 * scale))


def test_bad_llff_files_are_refused(tmp_path: Path) -> None:
    bounds = np.tile([2.0, 9.0], (9, 1))
    write_llff(tmp_path, wall(), bounds)
    (tmp_path / "images_8/i004.png").unlink()
    with pytest.raises(ValueError, match=r"8 pictures, but poses_bounds.npy has 9 cameras"):
        read_scene(tmp_path)
    write_picture(tmp_path / "images_8/i004.png", 4, (16, 20))
    with pytest.raises(ValueError, match=r"i004.png: 16x20 pixels, not the shape of the 160x128"):
        read_scene(tmp_path)
    with pytest.raises(ValueError, match="depths from 2 to 2; expected near above 0"):
        read_scene(write_llff(tmp_path, wall(), np.tile([2.0, 2.0], (9, 1))))
    np.save(tmp_path / "poses_bounds.npy", np.zeros((9, 16)))
    with pytest.raises(ValueError, match=r"expected numbers of shape \(N, 17\), not \(9, 16\)"):
        read_scene(tmp_path)
    (tmp_path / "poses_bounds.npy").write_bytes(b"\x80\x04nothing")
    with pytest.raises(ValueError, match=r"poses_bounds.npy: not an array"):
        read_scene(tmp_path)


# --- Real ones ---


def test_lego_is_read(data: Path) -> None:
    folder = data / "nerf" / "lego_400"
    if not folder.is_dir():
        pytest.skip("no lego_400 in the sample data")
    scene = read_scene(folder)
    assert scene.counts() == {"train": 100, "val": 0, "test": 200}
    assert scene.cameras.focal[0, 0] == pytest.approx(555.5555)
    centres = scene.cameras.project(np.arange(300), np.zeros((300, 3)))[0]
    np.testing.assert_allclose(centres, 200, atol=1e-3)  # the cameras look at the origin
    assert scene.pixels(0)[0, 0, 3] == 0


def test_fern_is_read(data: Path) -> None:
    folder = data / "nerf" / "fern"
    if not folder.is_dir():
        pytest.skip("no fern in the sample data")
    scene: Scene = read_scene(folder)
    assert scene.ndc
    assert scene.numbers("test").tolist() == [0, 8, 16]
    assert scene.cameras.focal[0, 0] == pytest.approx(3260.526 / 8, rel=1e-6)
    assert scene.pixels(0).shape == (378, 504, 4)
