"""What lies between pixels, learned from the picture a scale up."""

from pathlib import Path

import numpy as np
import pytest

from cppnart.fields import files
from cppnart.fields.fit_image import fit_image
from cppnart.fields.images import ImageTask
from cppnart.fields.local import LocalTask, _examples, _seen, between
from cppnart.fields.numpy_backend import evaluate
from cppnart.fields.torch_backend import ProgramModule


def waves(height: int = 40, width: int = 56) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    level = np.stack([np.sin(x / 5 + y / 9), np.cos(y / 4), np.sin(x * y / 300)], -1)
    return ((level * 0.45 + 0.5) * 255).astype(np.uint8)


def cubic(pixels: np.ndarray) -> np.ndarray:
    """Interpolation midway between four pixels, by Keys's kernel, away from the border."""
    edge = np.array([-1, 9, 9, -1]) / 16
    windows = np.lib.stride_tricks.sliding_window_view(pixels / 255.0, (4, 4), (0, 1))
    return np.einsum("hwcij,i,j->hwc", windows, edge, edge)


@pytest.mark.parametrize("holdout", ["none", "odd"])
def test_untrained_it_interpolates_with_cubics(holdout: str) -> None:
    pixels = waves()
    task = LocalTask(ImageTask(pixels, holdout=holdout), pixels, batch=4)
    program = task.field(between(3, np.random.default_rng(0)).program)
    lattice = pixels[::2, ::2] if holdout == "odd" else pixels
    # the points midway between four pixels of the lattice
    stride = 56 // lattice.shape[1]
    row, column = np.mgrid[1 : lattice.shape[0] - 2, 1 : lattice.shape[1] - 2] + 0.5
    x, y = (2 * stride * column + 1 - 56) / 40, (2 * stride * row + 1 - 40) / 40
    made = evaluate(program, {"x": x.ravel(), "y": y.ravel()})
    np.testing.assert_allclose(made.reshape(*x.shape, 3), cubic(lattice), atol=2e-4)


def test_what_is_learned_from_is_what_a_field_sees() -> None:
    """A field of the coarser lattice at the pixels in between, against the examples."""
    lattice = np.random.default_rng(1).random((9, 11, 1)).astype(np.float32)
    seen, colours = _examples(lattice)
    assert len(seen) == len(colours) == 4 * 9 * 11 - 2 * (9 + 11) + 1
    here = _seen(lattice, 1, 1)
    np.testing.assert_allclose(here[2, 3, 16], lattice[2:4, 3:5].mean(), rtol=1e-6)
    np.testing.assert_array_equal(here[2, 3, :16], lattice[1:5, 2:6].ravel())
    on_pixel = _seen(lattice, 0, 0)
    assert on_pixel[4, 5, 16] == lattice[4, 5]
    np.testing.assert_allclose(on_pixel[4, 5, 5], lattice[3:5, 4:6].mean(), rtol=1e-6)


def test_it_beats_cubics_where_edges_look_alike_at_every_scale() -> None:
    y, x = np.mgrid[0:96, 0:96]
    bands = (((x + 0.6 * y) // 29) % 2 * 200 + 20).astype(np.uint8)[..., None]
    made, plain = (
        fit_image(bands, holdout="odd", steps=steps, rate=rate)
        for steps, rate in ((200, 3e-3), (1, 1e-9))
    )
    assert made.method == "local"
    assert made.scores["test_psnr"] > plain.scores["test_psnr"] + 1.5


def test_held_out_pixels_change_nothing() -> None:
    pixels = waves()
    other = pixels.copy()
    other[1::2] = other[:, 1::2] = 0
    first, second = (fit_image(p, holdout="odd", steps=5).program for p in (pixels, other))
    assert files.to_bytes(first) == files.to_bytes(second)


def test_a_local_field_is_kept_and_goes_on(tmp_path: Path) -> None:
    fitting = {"method": "local", "steps": 12}
    whole = fit_image(waves()[..., :1], **fitting, output=tmp_path / "a.safetensors")
    fit_image(waves()[..., :1], **fitting, seconds=1e-9, folder=tmp_path / "run")
    rest = fit_image(waves()[..., :1], **fitting, folder=tmp_path / "run", resume=True)
    assert files.to_bytes(rest.program) == files.to_bytes(whole.program)
    read = files.load(tmp_path / "a.safetensors")[0]
    assert read.output_names == ("red", "green", "blue")
    scores = ImageTask(waves()[..., :1].repeat(3, 2)).scores(ProgramModule(read))
    assert scores["psnr"] == pytest.approx(whole.scores["psnr"], abs=0.01)


def test_mistakes() -> None:
    with pytest.raises(ValueError, match="not checkerboard"):
        fit_image(waves(), method="local", holdout="checkerboard")
    with pytest.raises(ValueError, match="7x7 is too small"):
        fit_image(waves(7, 7), method="local")
