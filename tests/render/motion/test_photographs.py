"""Films into photographs: what carries no recipe is seen through the upscaler."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cppnart.render.api import info, render
from cppnart.render.breeding.breed import breed
from cppnart.render.metadata import read_recipe
from cppnart.render.motion.film_recipe import parse_film_recipe
from cppnart.render.motion.walk import walk
from cppnart.render.upscale import upscale


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    y, x = np.mgrid[0:30, 0:40]
    disc = np.hypot(x - 24, y - 12) < 8
    pixels = np.where(disc[..., None], (230, 120, 40), (30, 60, 110)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def frames(folder: Path) -> list[np.ndarray]:
    return [np.asarray(Image.open(path, formats=["PNG"])) for path in sorted(folder.glob("*.png"))]


def test_a_film_goes_into_a_photograph_as_its_upscaled_picture_shows_it(photograph, tmp_path):
    walk(
        photograph,
        zoom="1:4",
        duration=0.4,
        fps=10,
        size=40,
        samples=4,
        dither=False,
        exact=True,
        output=tmp_path / "film/",
    )
    first, *_, last = frames(tmp_path / "film")
    assert first.shape == (30, 40, 3)
    large = upscale(photograph, scale=4).astype(int)
    middle = large[45:75, 60:100]  # a quarter of the sides, seen at the same number of pixels
    assert np.abs(last - middle).mean() < 4
    assert np.abs(last - middle).mean() < 0.3 * np.abs(first - middle).mean()


def test_such_a_film_is_made_again_from_itself(photograph, tmp_path):
    given = {"zoom": "1:3", "duration": 0.2, "fps": 10}
    walk(photograph, **given, output=tmp_path / "film/")
    key = parse_film_recipe(read_recipe(tmp_path / "film")).keys[0]
    assert key.size == "40x30"
    assert len(key.photograph) < 4000  # its pixels, not its field
    shown = info(tmp_path / "film")["recipe"]["keys"][0]
    assert shown["photograph"] == f"{len(key.photograph)} characters"
    photograph.unlink()
    walk(tmp_path / "film", output=tmp_path / "again/")
    for a, b in zip(frames(tmp_path / "film"), frames(tmp_path / "again"), strict=True):
        np.testing.assert_array_equal(a, b)
    walk(tmp_path / "film", size=80, output=tmp_path / "large/")
    assert frames(tmp_path / "large")[0].shape == (60, 80, 3)


def test_what_a_photograph_cannot_do_says_why(photograph, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="nothing moves"):
        walk(photograph, output=tmp_path / "a/")
    with pytest.raises(ValueError, match="carries no cppnart recipe"):
        render(photograph)
    pixels = np.zeros((5, 5, 4), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "clear.png")
    with pytest.raises(ValueError, match=r"clear.png: a photograph in a film has no transparency"):
        walk(tmp_path / "clear.png", zoom="1:2", output=tmp_path / "a/")
    (tmp_path / "broken.png").write_bytes(photograph.read_bytes()[:60])
    with pytest.raises(ValueError, match=r"broken.png"):
        walk(tmp_path / "broken.png", zoom="1:2", output=tmp_path / "a/")
    monkeypatch.setattr("cppnart.render.photographs.MOST", 10)
    with pytest.raises(ValueError, match="40x30 pixels take more than 10 B in the recipe of a"):
        walk(photograph, zoom="1:2", output=tmp_path / "a/")


def test_a_photograph_has_nothing_to_breed(photograph, tmp_path):
    walk(photograph, zoom="1:3", duration=0.2, fps=10, output=tmp_path / "film/")
    with pytest.raises(ValueError, match="a photograph has no weights to breed"):
        breed(tmp_path / "film", output=tmp_path / "children")
