"""What is wrong with a scene is said in one line, which names it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cppnart.fields.scenes import Cameras, Scene, View, read_scene
from cppnart.fields.scenes.checks import checked
from cppnart.fields.scenes.scene import SPLITS
from cppnart.fields.scenes.summary import summary

from .making import ring, wall, write_blender, write_llff, write_nerfstudio, write_picture


def made(**change: object) -> Scene:
    views = tuple(View(f"v{number}", "train", None) for number in range(9))
    return replace(Scene("toy", ring(), views, 2.0, 6.0), **change)  # type: ignore[arg-type]


def turned(number: int, change: Callable[[np.ndarray], None]) -> Cameras:
    cameras = ring()
    change(cameras.poses[number])
    return cameras


def spoil(pose: np.ndarray) -> None:
    pose[1, 2] = np.nan


def stretch(pose: np.ndarray) -> None:
    pose[:3, :3] *= 1.1


def mirror(pose: np.ndarray) -> None:
    pose[:3, 0] *= -1


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"views": (), "cameras": ring().take([])}, "^toy: a scene without pictures$"),
        ({"views": made().views[:1], "cameras": ring().take([0])}, "^toy: a scene of one camera"),
        ({"cameras": ring().take([3] * 9)}, "^toy: all 9 cameras are at one point"),
        ({"cameras": turned(4, spoil)}, "^toy: train view v4 .* not finite"),
        ({"cameras": turned(5, stretch)}, r"^toy: train view v5 .* not orthonormal \(off by 0.21"),
        ({"cameras": turned(6, mirror)}, "^toy: train view v6 .* mirrors"),
        ({"near": 7.0}, "^toy: near is 7 and far is 6; expected near above 0 and below far$"),
        ({"near": -1.0}, "near is -1"),
        ({"far": float("nan")}, "far is nan"),
        ({"cameras": replace(ring(), focal=np.zeros((9, 2)))}, "v0 has the focal lengths"),
        ({"cameras": replace(ring(), distortion=np.full((9, 6), np.inf))}, "v0 .* distortion"),
        ({"cameras": replace(ring(), centre=np.full((9, 2), np.nan))}, "v0 .* centre"),
        ({"box": np.array([[1.0] * 3, [-1.0] * 3])}, "box .* is empty"),
        ({"views": tuple(replace(v, split="test") for v in made().views)}, "no view to learn"),
    ],
)
def test_a_bad_scene_is_refused(change: dict[str, object], line: str) -> None:
    with pytest.raises(ValueError, match=line) as caught:
        checked(made(**change))
    assert "\n" not in str(caught.value)


def test_a_good_scene_passes() -> None:
    views = tuple(View(f"v{n}", "test" if n == 5 else "train", None) for n in range(9))
    assert checked(made(views=views)).remarks == ()


def test_a_missing_test_split_is_made_and_said(tmp_path: Path) -> None:
    write_blender(tmp_path, ring(), ["train"] * 9)
    scene = read_scene(tmp_path)
    assert scene.numbers("test").tolist() == [0, 8]
    assert scene.numbers("train").tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert scene.remarks == ("no views for tests: every 8th of the 9 others is taken",)
    assert read_scene(tmp_path, split_every=3).numbers("test").tolist() == [0, 3, 6]
    with pytest.raises(ValueError, match="split_every must be at least 2, got 1"):
        read_scene(tmp_path, split_every=1)


def test_pictures_of_other_sizes_than_stated_are_refused(tmp_path: Path) -> None:
    write_nerfstudio(tmp_path, ring())
    write_picture(tmp_path / "images" / "004.png", 4, (40, 32))
    with pytest.raises(ValueError, match=r"004.png: 40x32 pixels, where the scene states 20x16"):
        read_scene(tmp_path)


def test_masks_and_depths_of_other_sizes_are_refused(tmp_path: Path) -> None:
    write_nerfstudio(tmp_path, ring())
    file = tmp_path / "transforms.json"
    said = json.loads(file.read_text())
    said["frames"][1]["mask_path"] = "mask.png"
    said["frames"][1]["depth_file_path"] = "depth.npy"
    file.write_text(json.dumps(said))
    with pytest.raises(ValueError, match=r"frame 1: mask_path is 'mask.png', and there is no such"):
        read_scene(tmp_path)
    write_picture(tmp_path / "mask.png", 0, (10, 8))
    np.save(tmp_path / "depth.npy", np.zeros((20, 16)))
    scene = read_scene(tmp_path)
    with pytest.raises(ValueError, match=r"mask.png: 10x8 pixels, where the scene states 20x16"):
        scene.mask(1)
    with pytest.raises(ValueError, match=r"depth.npy: 16x20 pixels, where the scene states 20x16"):
        scene.depth(1)
    (tmp_path / "depth.npy").write_bytes(b"no array")
    with pytest.raises(ValueError, match=r"depth.npy: not an array of numbers \(H, W\)"):
        scene.depth(1)


def test_a_scene_whose_pictures_are_all_missing_says_so(tmp_path: Path) -> None:
    write_blender(tmp_path, ring(), ["train"] * 9)
    for path in (tmp_path / "train").iterdir():
        path.unlink()
    with pytest.raises(ValueError, match=r"without pictures \(skipped 9 frames without a file"):
        read_scene(tmp_path)


def test_a_pose_that_is_not_finite_is_named_in_every_format(tmp_path: Path) -> None:
    spoilt = turned(3, spoil)
    for number, write in enumerate((write_nerfstudio, _as_blender, _as_llff)):
        folder = tmp_path / str(number)
        folder.mkdir()
        write(folder, spoilt)
        with pytest.raises(ValueError, match=r"view \w*3 has a pose with numbers that are not"):
            read_scene(folder)


def _as_blender(folder: Path, cameras: Cameras) -> None:
    write_blender(folder, cameras, ["train"] * 9)


def _as_llff(folder: Path, cameras: Cameras) -> None:
    write_llff(folder, cameras, np.tile([2.0, 9.0], (9, 1)))


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "an object with a list of objects called 'frames'"),
        ('{"frames": []}', "camera_angle_x is None"),
        ('{"camera_angle_x": 4, "frames": []}', "not within 0 and pi"),
        ('{"camera_angle_x": 1, "frames": []}', "a scene without pictures"),
        ('{"camera_angle_x": 1, "frames": [{"file_path": "r"}]}', "expected 4 x 4 numbers"),
        ('{"camera_angle_x": 1, "frames": [{"file_path": "a\\u0000"}]}', "file_path is"),
    ],
)
def test_a_bad_json_is_refused(tmp_path: Path, said: str, line: str) -> None:
    write_picture(tmp_path / "r.png")
    (tmp_path / "transforms_train.json").write_text(said)
    with pytest.raises(ValueError, match=line):
        read_scene(tmp_path)


def test_a_folder_that_holds_no_scene_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no scene found; expected transforms_train\.json"):
        read_scene(tmp_path)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_scene(tmp_path / "nowhere")


def test_a_view_without_a_picture_has_no_pixels() -> None:
    with pytest.raises(ValueError, match="v2: this view has no picture"):
        made().pixels(2)


def test_a_summary_tells_ranges() -> None:
    focal = np.linspace(10, 20, 9)[:, None] * [1, 1]
    facts = summary(made(cameras=replace(wall(), focal=focal), ndc=True, bounded=False))
    assert facts.views == dict(zip(SPLITS, (9, 0, 0), strict=True))
    assert facts.angle == pytest.approx((53.13, 90), abs=0.01)
    lines = facts.lines()
    assert lines["angle of view"] == "53.1 to 90.0 degrees, straight lines stay straight"
    assert lines["depths"] == "2 to 6, in normalised device coordinates"
    assert "box" not in lines
