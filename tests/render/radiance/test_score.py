"""Scores of fields whose photographs are known."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cppnart.fields.scenes.blender import save_blender
from cppnart.fields.scenes.cameras import Cameras
from cppnart.fields.scenes.scene import View, read_scene
from cppnart.render.radiance.score import score_scene
from cppnart.render.radiance.view import view_scene

from .balls import ball


def photographs(field, folder, codes):
    """A scene of pictures of a field, each in the light of a code."""
    count = len(field.poses)
    cameras = Cameras(
        field.poses,
        np.full((count, 2), 60.0),
        np.full((count, 2), 30.0),
        np.full((count, 2), 60),
        np.zeros((count, 6)),
    )
    views = [View(f"r_{n}", "train" if n % 2 else "test", None) for n in range(count)]

    def pictures():
        for number in range(count):
            lit = replace(field, appearance={"it": codes[number]}) if codes else field
            picture = view_scene(lit, photograph=number)
            alpha = np.full((60, 60, 1), 255, np.uint8)
            yield np.concatenate([picture, alpha], 2)

    save_blender(
        folder, cameras, views, pictures(), near=0.5, far=6.0, box=np.array([[-1.0] * 3, [1] * 3])
    )
    return read_scene(folder)


def test_a_field_that_is_its_photographs_scores_as_rounding_does(tmp_path):
    field = ball()
    made = score_scene(field, photographs(field, tmp_path / "balls", None))
    assert made.psnr > 55
    assert list(made.views) == ["r_0", "r_2", "r_4", "r_6"]


def test_another_field_scores_by_its_error(tmp_path):
    scene = photographs(ball(), tmp_path / "balls", None)
    shown = score_scene(ball(0.4), scene, every=2)
    picture, truth = (view_scene(f, photograph=0) / 255 for f in (ball(0.4), ball()))
    wanted = -10 * np.log10(np.square(picture - truth).mean())
    assert shown.views["r_0"] == pytest.approx(wanted, abs=0.05)
    assert list(shown.views) == ["r_0", "r_4"]


def test_the_light_of_a_photograph_is_found_by_its_left_half(tmp_path):
    """The ball is as bright as the first number of its code; the codes that it knows are others."""
    field = ball(codes=True)
    codes = [np.array([0.3 + 0.05 * n, 0.0], np.float32) for n in range(8)]
    scene = photographs(field, tmp_path / "lit", codes)
    plain = score_scene(field, scene)
    halves = score_scene(field, scene, halves=True)
    assert halves.psnr > plain.psnr + 10
    assert halves.psnr > 40


def test_what_cannot_be_scored_is_said(tmp_path):
    scene = photographs(ball(), tmp_path / "balls", None)
    with pytest.raises(ValueError, match="without --appearance"):
        score_scene(ball(), scene, halves=True)
    with pytest.raises(ValueError, match="every 0"):
        score_scene(ball(), scene, every=0)


def test_pictures_of_the_scene_are_those_of_the_field(tmp_path):
    photographs(ball(), tmp_path / "balls", None)
    with Image.open(next((tmp_path / "balls").rglob("r_1.png"))) as picture:
        assert (np.asarray(picture)[..., :3] == view_scene(ball(), photograph=1)).all()
