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


@pytest.mark.parametrize(
    "method", sorted(METHODS.keys() - {"local"})
)  # which begins with the picture
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
    read, _ = read_levels(tmp_path / "a.png")
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


def test_a_fitted_picture_keeps_its_shape(tmp_path: Path):
    field = tmp_path / "a.safetensors"
    fit_image(picture(20, 30), steps=2, options=SMALL["grid"], output=field)
    assert cppnart.render(field).shape == (20, 30, 3)
    assert cppnart.render(field, size=96).shape == (64, 96, 3)
    assert cppnart.render(field, size="50x50").shape == (50, 50, 3)
    cppnart.render(field, size=60, output=tmp_path / "a.png")
    assert cppnart.render(tmp_path / "a.png", size=30).shape == (20, 30, 3)


@pytest.mark.parametrize("size", [[0, 5], [5], ["a", "b"], [1 << 40, 2], [2.5, 3], "8x8", None])
def test_a_size_in_a_file_that_makes_no_sense_is_passed_over(tmp_path: Path, size):
    made = fit_image(picture(20, 30), steps=1, options=SMALL["grid"])
    files.save(tmp_path / "a.safetensors", made.program, {"size": size})
    assert cppnart.render(tmp_path / "a.safetensors", size=16, samples=1).shape == (16, 16, 3)


def test_a_huge_picture_is_fitted_by_the_means_of_its_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    Image.fromarray(picture(60, 90)).save(tmp_path / "a.png")
    monkeypatch.setattr("cppnart.fields.fit_image.LARGEST", 1000)
    made = fit_image(tmp_path / "a.png", steps=1, options=SMALL["grid"])
    assert made.remark == "fitted at 30x20 pixels, 1/3"


def test_the_demonstration_of_convnetjs_shows_its_target(tmp_path: Path):
    shown = []
    made = fit_image(
        picture(),
        demo="convnetjs",
        steps=300,
        previews=2,
        show=lambda step, frame: shown.append(frame),
        output=tmp_path / "a.safetensors",
    )
    half = 2 * 2 + 2  # which are not trained
    assert made.parameters == half + 2 * 20 + 20 + 6 * (20 * 20 + 20) + 20 * 3 + 3
    first, last = (frame.astype(float) for frame in shown)
    assert first.shape == (366, 1024, 3)
    errors = [np.abs(f[:, :512] - f[:, 512:]).mean() for f in (first, last)]
    assert errors[1] < 0.8 * errors[0]
