"""Previews of a fit, as pictures and as a film."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cppnart.render.previews import FPS, HELD, Previews


def level(value: int) -> np.ndarray:
    return np.full((31, 40, 3), value, np.uint8)


def frames_of(path: Path) -> list[int]:
    with Image.open(path, formats=["WEBP"]) as film:
        shown = []
        for number in range(film.n_frames):
            film.seek(number)
            shown.append((film.convert("RGB").getpixel((5, 5))[0], film.info.get("duration")))
        return shown


def test_a_film_has_every_preview_and_holds_the_last(tmp_path: Path):
    with Previews(tmp_path / "fit.webp") as show:
        for step in range(5):
            show(step, level(50 * step))
    shown = frames_of(tmp_path / "fit.webp")
    assert [value for value, _ in shown[:5]] == pytest.approx([0, 50, 100, 150, 200], abs=3)
    total = sum(duration for _, duration in shown) / 1000
    assert total == pytest.approx(5 / FPS + HELD, abs=0.1)


def test_a_fit_that_is_stopped_leaves_the_film_so_far(tmp_path: Path):
    def fit(show: Previews) -> None:
        show(1, level(10))
        show(2, level(20))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Previews(tmp_path / "fit.mp4") as show:
        fit(show)
    assert (tmp_path / "fit.mp4").stat().st_size > 0
    assert [p.name for p in tmp_path.iterdir()] == ["fit.mp4"]


def test_pictures_are_named_by_their_steps(tmp_path: Path):
    with Previews(folder=tmp_path / "steps") as show:
        show(7, level(99))
    with Image.open(tmp_path / "steps" / "0000007.png", formats=["PNG"]) as picture:
        np.testing.assert_array_equal(np.asarray(picture), level(99))


def test_a_fit_without_previews_leaves_nothing(tmp_path: Path):
    with Previews(tmp_path / "fit.mp4", tmp_path / "steps"):
        pass
    assert not list(tmp_path.iterdir())
