"""The upscaler that comes with the package: small, and better than cubic filters."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cppnart.fields.upscaling.task import cropped, luma_psnr, quantised, shrunk
from cppnart.render.upscale import upscale


def tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.tensor(pixels).permute(2, 0, 1)[None].float() / 255


def gain(large: np.ndarray, factor: int, small: np.ndarray | None = None) -> float:
    """Decibels of luma by which it is better than a cubic filter."""
    true = cropped(tensor(large), factor)
    rows, columns = true.shape[2:]
    if small is None:
        made = quantised(shrunk(true, rows // factor, columns // factor))
        small = (made[0].permute(1, 2, 0) * 255).round().byte().numpy()
    ours = tensor(upscale(small, size=f"{columns}x{rows}"))
    cubic = shrunk(tensor(small), rows, columns)
    return luma_psnr(ours, true, factor) - luma_psnr(cubic, true, factor)


def test_its_file_is_small():
    file = files("cppnart.fields.upscaling") / "small.safetensors"
    assert len(file.read_bytes()) < 3_000_000


@pytest.mark.parametrize(("factor", "least"), [(2, 3.0), (4, 1.5), (6, 0.5)])
def test_edges_are_sharper_than_a_cubic_filter_leaves_them(factor, least):
    y, x = np.mgrid[0:144, 0:144] / 144
    shapes = np.hypot(x - 0.4, y - 0.5) < 0.3, x + 0.4 * y > 0.9, np.abs(y - 0.7 * x) < 0.05
    colours = (220, 60, 40), (40, 70, 160), (250, 240, 200)
    large = np.full((144, 144, 3), 110.0)
    for shape, colour in zip(shapes, colours, strict=True):
        large = np.where(shape[..., None], colour, large)
    assert gain(large.astype(np.uint8), factor) > least


@pytest.mark.parametrize(("factor", "least"), [(2, 2.2), (3, 1.8), (4, 1.4), (8, 0.6)])
def test_set5_is_better_by_as_much_as_was_promised(data: Path, factor, least):
    folder = data / "Set5" / f"image_SRF_{min(factor, 4)}"
    found = []
    for path in sorted(folder.glob("*_HR.png")):
        large = np.asarray(Image.open(path).convert("RGB"))
        given = None
        if factor <= 4:
            given = np.asarray(Image.open(str(path).replace("HR", "LR")).convert("RGB"))
        found.append(gain(large, factor, given))
    assert len(found) == 5
    assert np.mean(found) > least
