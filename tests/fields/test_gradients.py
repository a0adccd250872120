"""Pictures that are known by their derivatives alone, against pictures made of formulas."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cppnart.fields import numpy_backend
from cppnart.fields.fit_gradients import fit_gradients
from cppnart.fields.gradients import DERIVATIVES, GradientTask, SirenTask

CPU = torch.device("cpu")
sides = st.integers(1, 40)


def waves(height: int = 40, width: int = 56, channels: int = 3) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width] / height
    made = np.stack([np.sin(7 * x + 3 * y), np.cos(8 * y - x), np.sin(9 * x * y), x * y - 1], -1)
    return ((made * 0.45 + 0.5) * 255).clip(0, 255).astype(np.uint8)[..., :channels]


def noise(height: int, width: int, channels: int = 1) -> np.ndarray:
    random = np.random.default_rng(height * 100 + width)
    return random.integers(0, 256, (height, width, channels), dtype=np.uint8)


class Known(nn.Module):
    """A picture looked up at its pixels."""

    def __init__(self, values: np.ndarray) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.from_numpy(values.astype(np.float32)))

    def forward(self, points):
        height, width, _ = self.values.shape
        short = min(height, width)
        x = ((points[:, 0] * short + width - 1) / 2).round().long()
        y = ((points[:, 1] * short + height - 1) / 2).round().long()
        return self.values[y, x]


@given(sides, sides, st.sampled_from(DERIVATIVES))
def test_the_picture_and_a_constant_is_a_field_without_error(height, width, derivative):
    pixels = noise(height, width)
    task = GradientTask(pixels, derivative=derivative, batch=300)
    loss = task.loss(Known(pixels / 255 + 3), torch.Generator().manual_seed(width), CPU)
    assert float(loss.detach()) < 1e-11


@given(sides, sides, st.sampled_from(DERIVATIVES))
def test_every_other_field_has_an_error(height, width, derivative):
    if height * width == 1:
        return
    pixels = noise(height, width)
    task = GradientTask(pixels, derivative=derivative, batch=20_000)
    other = pixels / 255
    other[-1, -1] += 0.1
    loss = task.loss(Known(other), torch.Generator().manual_seed(0), CPU)
    assert float(loss.detach()) > 1e-9


def test_the_laplacian_is_that_of_a_picture_that_goes_on_as_in_a_mirror():
    pixels, other = noise(3, 3), noise(3, 4)[:, 1:]  # too small for more than one scale
    task = GradientTask(pixels, derivative="laplacian", batch=64 * 30_000)
    loss = task.loss(Known(other / 255), torch.Generator().manual_seed(0), CPU)
    padded = np.pad((other.astype(float) - pixels)[..., 0] / 255, 1, mode="symmetric")
    middle = padded[1:-1, 1:-1]
    around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    assert float(loss.detach()) == pytest.approx(((around - 4 * middle) ** 2).mean(), rel=0.02)


def test_patches_see_every_pixel_alike_and_at_every_scale():
    task = GradientTask(noise(9, 36), batch=64 * 8000)
    numbers, stride = task._patches(torch.Generator().manual_seed(0))
    assert sorted(set(stride.tolist())) == [1, 2, 4, 8]
    seen = np.bincount(numbers.flatten().numpy(), minlength=9 * 36)
    np.testing.assert_allclose(seen, seen.mean(), rtol=0.12)
    x = (numbers[:, 0] % 36)[stride == 4]
    apart = x.diff(dim=1).abs()
    assert ((apart == 4) | (x[:, 1:] + x[:, :-1] < 4) | (x[:, 1:] + x[:, :-1] > 66)).all()


@given(st.floats(-3, 3).filter(lambda s: abs(s) > 0.01), st.floats(-5, 5))
def test_scale_and_offset_of_a_field_do_not_count(scale, offset):
    pixels = noise(9, 11, 3)
    error = np.random.default_rng(5).normal(0, 0.05, pixels.shape)
    field = (pixels / 255 + error) * scale + offset
    score = GradientTask(pixels).scores(Known(field))["psnr"]
    best = 0.0
    for channel in range(3):  # numpy's own least squares, and no colour beyond the range
        columns = np.stack([field[..., channel].ravel(), np.ones(99)], 1)
        truth = pixels[..., channel].ravel() / 255
        found = columns @ np.linalg.lstsq(columns, truth, rcond=None)[0]
        best += ((found.clip(0, 1) - truth) ** 2).mean() / 3
    assert score == pytest.approx(-10 * np.log10(best), abs=0.02)


@pytest.mark.parametrize("derivative", DERIVATIVES)
def test_the_paper_takes_derivatives_of_the_field_itself(derivative):
    class Quadratic(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(1.0))

        def forward(self, points):
            return self.scale * (points[:, :1] * 3 + points[:, 1:] * points[:, :1] ** 2)

    pixels = noise(6, 7)
    task = SirenTask(pixels, derivative=derivative, batch=None)
    loss = float(task.loss(Quadratic(), torch.Generator(), CPU).detach())
    padded = np.pad(pixels[..., 0] / 255, 1, mode="symmetric")
    y, x = (np.mgrid[0:6, 0:7] * 2 + 1) / 6 - np.array([6, 7]).reshape(2, 1, 1) / 6
    down, right = padded[2:] - padded[:-2], padded[:, 2:] - padded[:, :-2]
    if derivative == "gradient":
        gx = right[:-2] + 2 * right[1:-1] + right[2:]
        gy = down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]
        expected = ((3 + 2 * x * y - 10 * gx) ** 2 + (x**2 - 10 * gy) ** 2).mean()
    else:
        second = np.diff(padded, 2, 0)[:, 1:-1] + np.diff(padded, 2, 1)[1:-1]
        expected = ((2 * y - 1e4 * second) ** 2).mean()
    assert loss == pytest.approx(expected, rel=1e-4)


SMALL = {"grid": {"levels": 6, "width": 16}, "siren": {"width": 64, "depth": 3}}


@pytest.mark.parametrize(("derivative", "method"), [("gradient", "grid"), ("gradient", "siren")])
def test_a_picture_comes_back_from_its_slopes(derivative, method):
    made = fit_gradients(
        waves(24, 30),
        derivative=derivative,
        method=method,
        steps=250,
        batch=1024,
        options=SMALL[method],
    )
    assert made.scores["psnr"] > 30


def test_a_picture_comes_back_from_its_laplacian():
    made = fit_gradients(
        waves(24, 30), derivative="laplacian", steps=250, batch=1024, options=SMALL["grid"]
    )
    assert made.scores["psnr"] > 20


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_program_that_is_kept_is_the_picture_itself(channels):
    pixels = waves(24, 30, channels)
    made = fit_gradients(pixels, steps=60, batch=512, options=SMALL["grid"])
    names = ("red", "green", "blue", "alpha")[: max(channels, 3)]
    assert made.program.output_names == names
    points = GradientTask(pixels).points(torch.arange(24 * 30)).numpy()
    values = numpy_backend.evaluate(made.program, {"x": points[:, 0], "y": points[:, 1]})
    target = (pixels / 255).reshape(-1, channels)
    error = ((values[:, :channels].clip(0, 1) - target) ** 2).mean()
    assert -10 * np.log10(error) == pytest.approx(made.scores["psnr"], abs=0.01)
    if channels == 1:
        np.testing.assert_array_equal(values[:, 0], values[:, 2])


@pytest.mark.parametrize("shape", [(1, 9, 1), (9, 1, 3), (2, 2, 1)])
def test_the_smallest_pictures(shape):
    made = fit_gradients(noise(*shape), steps=60, batch=64, options=SMALL["grid"])
    assert made.scores["psnr"] > 30


@pytest.mark.parametrize("derivative", DERIVATIVES)
def test_the_demonstration_learns(derivative):
    options = {"width": 32, "depth": 2, "first_omega": 6.0, "omega": 6.0}
    small = waves(20, 24, 1)
    few, more = (
        fit_gradients(
            small, derivative=derivative, demo="siren", steps=n, rate=3e-3, options=options
        )
        for n in (1, 300)
    )
    assert (more.method, more.task) == ("siren", "gradients")
    assert more.scores["psnr"] > few.scores["psnr"] + 3


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"method": "magic"}, "method 'magic': expected grid, siren"),
        ({"demo": "magic"}, "demo 'magic': expected siren"),
        ({"derivative": "curl"}, "from 'curl': expected gradient, laplacian"),
        ({"source": np.full((4, 5, 3), 9, np.uint8)}, "all of one colour"),
        ({"source": np.full((1, 1, 3), 9, np.uint8)}, "all of one colour"),
        ({"source": np.zeros((4, 4), np.uint8)}, r"pixels of shape \(4, 4\)"),
    ],
)
def test_mistakes(given_, message):
    with pytest.raises(ValueError, match=message):
        fit_gradients(**{"source": waves(), **given_})
