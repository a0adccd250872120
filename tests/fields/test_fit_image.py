"""Pictures to fields and back: through files, at any size, with every method."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cppnart
from cppnart.fields import files
from cppnart.fields.fit_image import METHODS, fit_image
from cppnart.fields.pictures import read_levels


def picture(height: int = 40, width: int = 56) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width] / height
    waves = np.stack([np.sin(7 * x + 3 * y), np.cos(8 * y), np.sin(9 * x * y)], -1)
    return ((waves * 0.45 + 0.5) * 255).astype(np.uint8)


SMALL = {"grid": {"levels": 4, "coarsest": 6, "width": 16}}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_learns(method):
    options = SMALL.get(method, {"width": 32})
    few = fit_image(picture(), method=method, steps=2, options=options, batch=512)
    more = fit_image(picture(), method=method, steps=500, options=options, batch=512)
    assert more.scores["psnr"] > few.scores["psnr"] + 5


def test_a_fitted_picture_renders_like_any_field(tmp_path: Path):
    source = tmp_path / "photo.png"
    Image.fromarray(picture()).save(source)
    field = tmp_path / "photo.safetensors"
    made = fit_image(source, steps=400, options=SMALL["grid"], output=field)
    assert (made.task, made.method) == ("image", "grid")
    assert made.scores["psnr"] > 30
    shown = cppnart.render(field, size="56x40", samples=1, dither=False, exact=True)
    error = (shown.astype(float) - picture()) / 255
    assert -10 * np.log10((error**2).mean()) == pytest.approx(made.scores["psnr"], abs=0.3)
    large = cppnart.render(field, size="224x160")
    halved = large.reshape(40, 4, 56, 4, 3).astype(float).mean((1, 3))
    assert np.abs(halved - picture()).mean() < 4
    _, note = files.load(field)
    assert note["method"] == "grid"


@pytest.mark.parametrize(("mode", "outputs"), [("L", 3), ("RGBA", 4)])
def test_grey_and_transparent_pictures(tmp_path: Path, mode, outputs):
    source = tmp_path / "a.png"
    image = Image.fromarray(picture()).convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    image.save(source)
    made = fit_image(source, steps=60, options=SMALL["grid"])
    assert len(made.program.outputs) == outputs
    values = cppnart.render(_saved(tmp_path, made), size="56x40", transparent=mode == "RGBA")
    assert values.shape == (40, 56, 4 if mode == "RGBA" else 3)


def _saved(folder: Path, made) -> Path:
    files.save(folder / "f.safetensors", made.program)
    return folder / "f.safetensors"


def test_held_out_pixels_are_scored_and_the_best_field_is_kept():
    made = fit_image(picture(), holdout="checkerboard", steps=600, options={"levels": 3})
    assert list(made.scores) == ["test_psnr", "psnr"]
    assert made.scores["test_psnr"] > 18


def test_a_run_goes_on_where_it_stopped(tmp_path: Path):
    options = {"options": SMALL["grid"], "batch": 256}
    whole = fit_image(picture(), steps=60, **options)
    run = tmp_path / "run"
    part = fit_image(picture(), steps=60, seconds=1e-9, folder=run, **options)
    assert part.step < 60
    rest = fit_image(picture(), steps=60, folder=run, resume=True, **options)
    assert rest.step == 60
    assert files.to_bytes(rest.program) == files.to_bytes(whole.program)
    with pytest.raises(ValueError, match="choose another folder"):
        fit_image(picture(30), steps=60, folder=run, resume=True, **options)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 1), (12, 12, 3)])
def test_the_smallest_and_the_plainest_pictures(shape):
    flat = np.full(shape, 200, np.uint8)
    made = fit_image(flat, steps=120, options={"levels": 2})
    assert made.scores["psnr"] > 25


def test_deep_pictures_keep_their_levels(tmp_path: Path):
    levels = np.arange(48, dtype=np.uint16).reshape(6, 8) * 1300
    Image.fromarray(levels).save(tmp_path / "a.png")
    read = read_levels(tmp_path / "a.png")
    assert read.dtype == np.uint16
    np.testing.assert_array_equal(read[..., 0], levels)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"method": "magic"}, "method 'magic': expected auto, grid, siren"),
        ({"resume": True}, "give the folder"),
        ({"holdout": "all"}, "holdout 'all'"),
        ({"rate": -1.0}, "rate -1"),
    ],
)
def test_mistakes(given, message):
    with pytest.raises(ValueError, match=message):
        fit_image(picture(), **given)
    with pytest.raises(ValueError, match=r"pixels of shape \(4, 4\)"):
        fit_image(np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match="pixels of float64"):
        fit_image(np.zeros((4, 4, 3)))
