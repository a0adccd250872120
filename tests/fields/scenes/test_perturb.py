"""The synthetic ablation: what is changed, by how much, and what is left as it was."""

from pathlib import Path

import numpy as np
import pytest

from cppnart.fields.scenes import Scene, read_scene
from cppnart.fields.scenes.perturb import perturb_scene, perturbed

from .making import ring, wall, write_blender, write_llff

SPLITS = ["train"] * 5 + ["val"] + ["test"] * 3


@pytest.fixture
def plain(tmp_path: Path) -> Scene:
    return read_scene(write_blender(tmp_path / "plain", ring(9, (80, 80)), SPLITS))


def test_only_training_views_but_the_first_are_changed(plain: Scene, tmp_path: Path) -> None:
    for kind in ("colour", "occluders", "both"):
        report = perturb_scene(tmp_path / "plain", tmp_path / kind, kind=kind)
        assert report.views == {"train": 5, "val": 1, "test": 3}
        scene = read_scene(tmp_path / kind)
        np.testing.assert_array_equal(scene.cameras.poses, plain.cameras.poses)
        np.testing.assert_array_equal(scene.cameras.focal, plain.cameras.focal)
        assert [(v.name, v.split) for v in scene.views] == [(v.name, v.split) for v in plain.views]
        same = [bool((scene.pixels(n) == plain.pixels(n)).all()) for n in range(9)]
        assert same == [True, False, False, False, False, True, True, True, True]


def test_colours_are_scaled_and_shifted_channel_by_channel() -> None:
    random = np.random.default_rng(0)
    before = random.integers(0, 256, (80, 80, 4), np.uint8)
    found = []
    for number in range(200):
        after = perturbed(before, "colour", (1, number))
        np.testing.assert_array_equal(after[..., 3], before[..., 3])
        for channel in range(3):
            x, y = before[..., channel] / 255, after[..., channel] / 255
            inside = (y > 0) & (y < 1)
            scale, shift = np.polyfit(x[inside], y[inside], 1)
            np.testing.assert_allclose(y, np.clip(scale * x + shift, 0, 1), atol=0.004)
            found.append((scale, shift))
    scales, shifts = np.array(found).T
    assert 0.798 < scales.min() < 0.81
    assert 1.19 < scales.max() < 1.202
    assert -0.202 < shifts.min() < -0.19
    assert 0.19 < shifts.max() < 0.202
    assert abs(np.corrcoef(scales, shifts)[0, 1]) < 0.15


@pytest.mark.parametrize("side", [800, 400])
def test_occluders_are_ten_stripes_in_a_quarter_of_the_side(side: int) -> None:
    before = np.zeros((side, side, 4), np.uint8)
    corners, colours = [], set()
    for number in range(60):
        after = perturbed(before, "occluders", (0, number))
        rows, columns = np.nonzero(after[..., 3])
        assert (after[..., 3][after[..., 3] > 0] == 255).all()
        top, left = rows.min(), columns.min()
        square = after[top : top + side // 4, left : left + side // 4]
        assert (square[..., 3] == 255).all()
        assert len(rows) == (side // 4) ** 2
        assert (square == square[:1]).all()  # stripes are upright
        edges = np.flatnonzero((square[0, 1:] != square[0, :-1]).any(1)) + 1
        assert set(edges) <= set(range(side // 40, side // 4, side // 40))
        corners += [top, left]
        colours |= set(map(tuple, square[0, :, :3].tolist()))
    assert side // 4 <= min(corners) < 0.28 * side
    assert 0.47 * side < max(corners) <= side // 2
    assert len(colours) > 590


def test_both_is_colour_first_and_then_occluders() -> None:
    before = np.random.default_rng(0).integers(0, 256, (80, 60, 4), np.uint8)
    colour = perturbed(before, "colour", (3, 4))
    both = perturbed(before, "both", (3, 4))
    np.testing.assert_array_equal(both, perturbed(colour, "occluders", (3, 4)))
    assert (both != perturbed(before, "both", (3, 5))).any()
    assert (both != perturbed(before, "both", (4, 4))).any()


def test_what_cannot_be_perturbed_is_refused(plain: Scene, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="kind 'noise': expected colour, occluders, both"):
        perturb_scene(tmp_path / "plain", tmp_path / "new", kind="noise")
    with pytest.raises(FileExistsError, match="new or empty"):
        perturb_scene(tmp_path / "plain", tmp_path / "plain")
    (tmp_path / "llff").mkdir()
    write_llff(tmp_path / "llff", wall(), np.tile([2.0, 9.0], (9, 1)))
    with pytest.raises(ValueError, match="scenes of Blender's format alone"):
        perturb_scene(tmp_path / "llff", tmp_path / "new")
    assert not (tmp_path / "new").exists()
