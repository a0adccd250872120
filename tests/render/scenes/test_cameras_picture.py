"""The picture of a scene's cameras."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from cppnart.fields.scenes import Scene, read_scene
from cppnart.fields.shapes.meshes import Mesh
from cppnart.fields.shapes.textured import Textured
from cppnart.render.scenes.cameras import COLOURS, _mapping, draw_cameras
from cppnart.render.scenes.render import render_scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    box = trimesh.creation.box((1, 1, 1))
    red = np.tile(np.array([0.9, 0.1, 0.1], np.float32), (len(box.vertices), 1))
    mesh = Mesh(np.asarray(box.vertices), np.asarray(box.faces), red)
    render_scene(Textured(mesh), tmp_path / "box", views=20, size=16, samples=1)
    return read_scene(tmp_path / "box")


def near(pixels: np.ndarray, colour: tuple[int, ...]) -> int:
    """How many pixels have about this hue."""
    light = pixels.astype(float)
    light /= np.linalg.norm(light, axis=2, keepdims=True) + 1e-9
    bright = pixels.max(axis=2) > 100
    return int((bright & (light @ (np.array(colour) / np.linalg.norm(colour)) > 0.997)).sum())


def test_cameras_appear_in_the_colour_of_their_split(scene: Scene, tmp_path: Path) -> None:
    report = draw_cameras(scene, tmp_path / "a.png", size=300)
    with Image.open(tmp_path / "a.png") as image:
        pixels = np.asarray(image)
        assert image.size == (report.width, report.height)
    assert report.width == 900
    assert report.views == 27
    below = pixels[60:]  # the legend has all colours that there are
    for split, colour in COLOURS.items():
        alone = replace(scene, views=tuple(replace(view, split=split) for view in scene.views))
        draw_cameras(alone, tmp_path / "b.png", size=300)
        with Image.open(tmp_path / "b.png") as image:
            only = np.asarray(image)[60:]
        assert near(only, colour) > near(below, colour) > 0
    # every camera hangs up its photograph, which is red
    red = (below[..., 0] > 1.8 * below[..., 1]) & (below[..., 0] > 60)
    for panel in np.split(red, 3, axis=1):
        assert panel.sum() > 50


def test_views_without_pictures_are_drawn_as_lines(scene: Scene, tmp_path: Path) -> None:
    bare = replace(scene, views=tuple(replace(view, image=None) for view in scene.views), box=None)
    draw_cameras(bare, tmp_path / "a.webp", size=120)
    with Image.open(tmp_path / "a.webp") as image:
        assert image.format == "WEBP"


def test_a_photograph_goes_to_the_corners_it_is_given() -> None:
    source = np.array([[3.0, 2.0], [40.0, 6.0], [36.0, 30.0], [1.0, 25.0]])
    target = np.array([[0, 0], [20, 0], [20, 16], [0, 16]], float)
    mapping = _mapping(source, target)
    assert mapping is not None
    a, b, c, d, e, f, g, h = mapping
    for (x, y), wanted in zip(source, target, strict=True):
        w = g * x + h * y + 1
        found = [(a * x + b * y + c) / w, (d * x + e * y + f) / w]
        np.testing.assert_allclose(found, wanted, atol=1e-9)
    assert _mapping(source * [1, 0], target) is None


def test_other_files_and_sizes_are_refused(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.txt: expected \.png, \.jpg or \.webp"):
        draw_cameras(scene, tmp_path / "a.txt")
    with pytest.raises(ValueError, match="size 20: expected 100 to 4096"):
        draw_cameras(scene, tmp_path / "a.png", size=20)
