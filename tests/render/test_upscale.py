"""Photographs made larger: any factor, without seams, in bounded memory, or as fields."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import cppnart
from cppnart.fields import files
from cppnart.fields.program import Grid
from cppnart.fields.upscaling.light import Light
from cppnart.fields.upscaling.liif import Liif
from cppnart.fields.upscaling.models import save_upscaler
from cppnart.render import upscale as module
from cppnart.render.upscale import upscale


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, Path]:
    """Models of every kind, small and with weights that matter."""
    folder = tmp_path_factory.mktemp("models")
    made = {}
    options = {"encoder_options": {"blocks": 1, "channels": 4}}
    for name, model in (
        ("light", Light(blocks=1, channels=4, codes=6, width=8)),
        ("liif", Liif(hidden=[6], **options)),
    ):
        random = torch.Generator().manual_seed(3)
        for parameter in model.parameters():
            nn.init.normal_(parameter, 0, 0.15, generator=random)
        made[name] = folder / f"{name}.safetensors"
        save_upscaler(made[name], model)
    return made


def photograph(height: int = 23, width: int = 31, channels: int = 3) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / 3 + c) * np.cos(y / (2 + c)) for c in range(channels)]
    return ((np.stack(waves, -1) * 0.4 + 0.5) * 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("given", "shape"),
    [
        ({}, (92, 124, 3)),
        ({"scale": 3.7}, (85, 115, 3)),
        ({"scale": 1}, (23, 31, 3)),
        ({"size": "50x80"}, (80, 50, 3)),
        ({"size": 62}, (46, 62, 3)),
        ({"scale": 4, "region": (10, 7, 40, 33)}, (33, 40, 3)),
        ({"scale": 0.5}, (12, 16, 3)),
    ],
)
def test_sizes(models, given, shape):
    assert upscale(photograph(), model=models["light"], **given).shape == shape


@pytest.mark.parametrize("kind", ["light", "liif"])
@pytest.mark.parametrize("scale", [2, 3.3])
def test_tiles_leave_no_seams(models, monkeypatch, kind, scale):
    whole = upscale(photograph(), model=models[kind], scale=scale)
    monkeypatch.setattr(module, "TILE", 6)
    monkeypatch.setattr(module, "STRIP", 800)
    tiled = upscale(photograph(), model=models[kind], scale=scale)
    assert np.abs(whole.astype(int) - tiled).max() <= 1
    assert (whole == tiled).mean() > 0.999


def test_no_strip_is_larger_than_memory_is_meant_to_hold(models, monkeypatch):
    monkeypatch.setattr(module, "STRIP", 1000)
    plan = module._plan(photograph(), 7, None, None)
    strips = list(module._bands(module._model(models["light"]), plan, "cpu", 1))
    assert all(strip.shape[0] * strip.shape[1] <= 1000 for strip in strips)
    assert sum(len(strip) for strip in strips) == 7 * 23


@pytest.mark.parametrize("kind", ["light", "liif"])
def test_a_region_is_that_part_of_the_whole(models, monkeypatch, kind):
    monkeypatch.setattr(module, "TILE", 9)
    whole = upscale(photograph(), model=models[kind], scale=3)
    x, y, w, h = 30, 11, 41, 50
    part = upscale(photograph(), model=models[kind], scale=3, region=(x, y, w, h))
    assert np.abs(whole[y : y + h, x : x + w].astype(int) - part).max() <= 1


def test_the_kernel_and_torch_decode_the_same(models, monkeypatch):
    whole = upscale(photograph(), model=models["light"], scale=2.5)
    monkeypatch.setattr(module.kernel, "function", lambda: None)
    numpy_only = upscale(photograph(), model=models["light"], scale=2.5)
    on_torch = upscale(photograph(), model=models["light"], scale=2.5, device="cpu:0")
    for other in (numpy_only, on_torch):
        assert np.abs(whole.astype(int) - other).max() <= 1


@pytest.mark.parametrize("channels", [1, 4])
def test_grey_and_transparent_photographs(models, channels):
    pixels = photograph(channels=channels)
    large = upscale(pixels, model=models["light"], scale=2)
    assert large.shape == (46, 62, channels)
    if channels == 4:
        alpha = Image.fromarray(pixels[..., 3]).resize((62, 46), Image.Resampling.BICUBIC)
        assert np.abs(large[..., 3].astype(int) - np.asarray(alpha)).mean() < 2
        colours = upscale(pixels[..., :3].copy(), model=models["light"], scale=2)
        np.testing.assert_array_equal(large[..., :3], colours)


def test_sixteen_bits_stay_sixteen(models):
    deep = photograph(channels=1).astype(np.uint16) * 257
    large = upscale(deep, model=models["light"], scale=2)
    assert large.dtype == np.uint16
    shallow = upscale(photograph(channels=1), model=models["light"], scale=2)
    assert np.abs(large / 257 - shallow).max() <= 0.51
    assert len(np.unique(large)) > 300


def test_a_photograph_becomes_a_field(models, monkeypatch, tmp_path: Path):
    pixels = photograph()
    Image.fromarray(pixels).save(tmp_path / "a.png")
    field = tmp_path / "a.safetensors"
    upscale(tmp_path / "a.png", model=models["light"], scale=3, output=field)
    large = upscale(pixels, model=models["light"], scale=3)
    shown = cppnart.render(field, samples=1, dither=False, exact=True)
    assert shown.shape == large.shape
    assert np.abs(shown.astype(int) - large).max() <= 1
    monkeypatch.setattr(module, "TILE", 7)
    upscale(tmp_path / "a.png", model=models["light"], scale=3, output=tmp_path / "b.safetensors")
    (one, _), (other, _) = (files.load(path) for path in (field, tmp_path / "b.safetensors"))
    (grid,), (tiled,) = (
        [o for o in program.operations if isinstance(o, Grid)] for program in (one, other)
    )
    np.testing.assert_allclose(grid.table, tiled.table, atol=1e-5)


def test_shrinking_is_antialiased_and_said(models, tmp_path: Path):
    fine = np.tile(np.array([[0, 255], [255, 0]], np.uint8), (40, 40))[..., None]
    made = upscale(fine, model=models["light"], scale=0.25, output=tmp_path / "a.png")
    assert "shrunk" in str(made)
    with Image.open(tmp_path / "a.png", formats=["PNG"]) as small:
        assert np.abs(np.asarray(small).astype(int) - 127).max() <= 3


def test_a_side_that_becomes_shorter_is_antialiased_while_the_other_grows(models, tmp_path: Path):
    fine = np.tile(np.array([[0, 255]], np.uint8), (20, 40))[..., None]
    given = {"size": "20x60", "model": models["light"]}
    assert np.ptp(upscale(fine, **given)[5:-5, 5:-5].astype(int)) < 60  # stripes of 0 and 255
    made = upscale(fine, **given, output=tmp_path / "a.png")
    assert "one side shrunk" in str(made)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"scale": 0}, "scale 0: expected a number above 0"),
        ({"scale": -2}, "scale -2: expected a number above 0"),
        ({"scale": float("nan")}, "scale nan: expected a number above 0"),
        ({"scale": 2, "size": 40}, "not both"),
        ({"scale": 1e7}, "takes [0-9.]+ [A-Z]B"),
        ({"region": (0, 0, 500, 5)}, "region 0,0,500,5: expected a part of the picture, 124x92"),
        ({"bits": 12}, "bits 12: expected 8 or 16"),
    ],
)
def test_mistakes(models, given, message):
    with pytest.raises(ValueError, match=message):
        upscale(photograph(), model=models["light"], **given)


def test_what_cannot_become_a_field_says_why(models, tmp_path: Path):
    output = tmp_path / "a.safetensors"
    with pytest.raises(ValueError, match="not by one of LIIF"):
        upscale(photograph(), model=models["liif"], output=output)
    with pytest.raises(ValueError, match="no transparency"):
        upscale(photograph(channels=4), model=models["light"], output=output)
    with pytest.raises(ValueError, match=r"9000x9000 pixels: expected at most"):
        upscale(np.zeros((9000, 9000, 1), np.uint8), model=models["light"], output=output)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 1), (2, 1, 4)])
def test_the_smallest_photographs(models, shape):
    pixels = np.full(shape, 200, np.uint8)
    height, width, channels = shape
    large = upscale(pixels, model=models["light"], scale=5)
    assert large.shape == (5 * height, 5 * width, channels)
