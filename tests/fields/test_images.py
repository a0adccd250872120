"""Pictures as signals: which pixel lies where, what is trained on, what is scored."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cppnart.fields.coordinates import pixel_centers
from cppnart.fields.fitting import Settings, fit
from cppnart.fields.images import HOLDOUTS, ImageTask
from cppnart.fields.networks import grid
from cppnart.fields.networks.trained import trainable

sides = st.integers(2, 9)


class Known(nn.Module):
    """The picture itself, looked up at its points, with an error of its own."""

    def __init__(self, pixels: np.ndarray, error: float = 0.0) -> None:
        super().__init__()
        self.pixels = torch.from_numpy(pixels)
        self.error = nn.Parameter(torch.tensor(error))

    def forward(self, points):
        height, width, _ = self.pixels.shape
        short = min(height, width)
        x = ((points[:, 0] * short + width - 1) / 2).round().long()
        y = ((points[:, 1] * short + height - 1) / 2).round().long()
        return self.pixels[y, x].float() / 255 + self.error


def picture(height: int, width: int, channels: int = 3) -> np.ndarray:
    random = np.random.default_rng(height * 100 + width)
    return random.integers(20, 236, (height, width, channels), dtype=np.uint8)


@given(sides, sides)
def test_points_are_pixel_centres(height, width):
    task = ImageTask(picture(height, width))
    points = task.points(torch.arange(height * width)).numpy()
    np.testing.assert_allclose(points, pixel_centers(width, height), atol=1e-6)


@given(sides, sides, st.sampled_from(HOLDOUTS))
def test_what_is_held_out_is_never_trained_on(height, width, holdout):
    task = ImageTask(picture(height, width), holdout=holdout, batch=500)
    train, test = (set(task.numbers(h).tolist()) for h in (False, True))
    assert not train & test
    drawn = set(task._drawn(3000, torch.Generator().manual_seed(1)).tolist())
    assert drawn <= train
    x, y = (np.array([f(n) for n in train]) for f in (lambda n: n % width, lambda n: n // width))
    if holdout == "checkerboard":
        assert len(train) + len(test) == height * width
        assert not ((x + y) % 2).any()
    elif holdout == "odd":
        assert not (x % 2).any()
        assert not (y % 2).any()
        assert test == {n for n in range(height * width) if (n % width) % 2 and (n // width) % 2}
    else:
        assert train == drawn == set(range(height * width))


@pytest.mark.parametrize("holdout", HOLDOUTS)
def test_the_score_is_the_psnr_in_decibels(holdout):
    pixels = picture(12, 10)
    task = ImageTask(pixels, holdout=holdout)
    scores = task.scores(Known(pixels, 0.05))
    expected = -10 * np.log10(0.05**2)
    assert list(scores) == (["psnr"] if holdout == "none" else ["test_psnr", "psnr"])
    assert list(scores.values()) == pytest.approx([expected] * len(scores), abs=1e-3)


def test_sixteen_bits_count_in_full():
    pixels = np.full((4, 4, 1), 257 * 100 + 128, np.uint16)
    task = ImageTask(pixels)
    assert float(task.colours(torch.tensor([3]))[0, 0]) == pytest.approx((25828) / 65535)


def test_all_pixels_at_once_or_some():
    pixels = picture(6, 8)
    known = Known(pixels, 0.1)
    for batch in (None, 64):
        loss = ImageTask(pixels, batch=batch).loss(
            known, torch.Generator().manual_seed(0), torch.device("cpu")
        )
        assert float(loss.detach()) == pytest.approx(0.01, rel=1e-4)


def test_previews_are_the_field_at_one_size_whatever_the_picture():
    pixels = picture(256, 512)
    with torch.no_grad():
        np.testing.assert_array_equal(ImageTask(pixels).preview(Known(pixels)), pixels)
        large = ImageTask(np.zeros((3000, 1500, 1), np.uint8))
        shown = large.preview(Known(np.full((3000, 1500, 1), 51, np.uint8)))
        assert shown.shape == (512, 256, 3)
        small = picture(2, 4)
        shown = ImageTask(small, beside=True).preview(Known(small, 1.0))
    assert shown.shape == (256, 1024, 3)
    np.testing.assert_array_equal(shown[:, :512], small.repeat(128, 0).repeat(128, 1))
    assert (shown[:, 512:] == 255).all()


def test_a_score_of_a_huge_picture_is_that_of_many_of_its_pixels():
    pixels = np.broadcast_to(np.uint8(100), (1500, 1500, 1))
    known = Known(np.full((1500, 1500, 1), 100, np.uint8), error=0.1)
    task = ImageTask(pixels, holdout="odd")
    assert 0.2e6 < len(task.numbers(held_out=True)) < 0.3e6
    assert task.scores(known) == pytest.approx({"test_psnr": 20, "psnr": 20}, abs=1e-3)


def test_a_grid_learns_a_picture():
    y, x = np.mgrid[0:48, 0:64] / 48
    waves = np.stack([np.sin(9 * x + 4 * y), np.cos(11 * y), np.sin(20 * x * y)], -1)
    pixels = ((waves * 0.45 + 0.5) * 255).astype(np.uint8)
    network = grid(
        {"x": 1, "y": 1},
        ("red", "green", "blue"),
        np.random.default_rng(0),
        extent=(64 / 48, 1),
        levels=4,
        coarsest=8,
        last="sigmoid",
    )
    module, rates = trainable(network)
    task = ImageTask(pixels, batch=2048)
    settings = Settings(steps=400, rate=1e-2, eps=1e-15, check_every=50, until=38.0)
    fitted = fit(module, task, settings, rates=rates)
    assert fitted.scores["psnr"] > 34


def test_what_has_no_pixels_to_hold_out_is_refused():
    with pytest.raises(ValueError, match="a picture of 5x1 has none"):
        ImageTask(picture(1, 5), holdout="checkerboard")
    with pytest.raises(ValueError, match="holdout 'half': expected none, checkerboard, odd"):
        ImageTask(picture(4, 4), holdout="half")
