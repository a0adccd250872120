"""Blends by gradients, against a direct solution of the same equations."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from cppnart.fields import numpy_backend
from cppnart.fields.blend import fit_blend
from cppnart.fields.gradients import GradientTask

Floats = NDArray[np.float64]
SIZE = 32


def scene(number: int, height: int = SIZE, width: int = SIZE) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width] / height
    a, b = 3 + number, 5 - 2 * number
    waves = np.stack([np.sin(a * x + b * y), np.cos(b * x - y), np.sin(a * y + 2 * x * y)], -1)
    bars = 0.1 * np.sign(np.sin((9 + 5 * number) * (x + number * y)))[..., None]
    return ((waves * 0.25 + bars + 0.35 + 0.25 * number) * 255).clip(0, 255).astype(np.uint8)


def disc(height: int = SIZE, width: int = SIZE) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    inside = (y - 0.45 * height) ** 2 + (x - 0.5 * width) ** 2 < (0.3 * height) ** 2
    return (inside * 255).astype(np.uint8)


def solved(a: Floats, b: Floats, inside: NDArray[np.bool_] | None, mixed: bool) -> Floats:
    """Poisson's equation on the pixels, by conjugate gradients in float64: the least squares of
    what is left of the slopes, pixel pair by pixel pair, with the pixels outside as they are."""
    free = np.ones(a.shape[:2], bool) if inside is None else inside
    height, width = free.shape
    pairs = [((y, x), (y, x + 1)) for y in range(height) for x in range(width - 1)]
    pairs += [((y, x), (y + 1, x)) for y in range(height - 1) for x in range(width)]
    pairs = [(p, q) for p, q in pairs if free[p] or free[q]]
    first, second = (np.array(ends).T for ends in zip(*pairs, strict=True))
    of_a = a[tuple(second)] - a[tuple(first)]
    of_b = b[tuple(second)] - b[tuple(first)]
    wanted = of_b if inside is not None else (of_a + of_b) / 2
    if mixed:
        wanted = np.where(
            (of_b**2).sum(1, keepdims=True) > (of_a**2).sum(1, keepdims=True), of_b, of_a
        )

    def spread(slopes: Floats) -> Floats:
        total = np.zeros_like(a)
        np.add.at(total, tuple(second), slopes)
        np.add.at(total, tuple(first), -slopes)
        return total * free[..., None]

    def equation(values: Floats) -> Floats:
        return spread(values[tuple(second)] - values[tuple(first)])

    start = np.where(free[..., None], 0, a) if inside is not None else np.zeros_like(a)
    rest = spread(wanted) - equation(start)
    found, step, size = start, rest.copy(), (rest**2).sum()
    for _ in range(2000):
        along = equation(step)
        factor = size / (step * along).sum()
        found, rest = found + factor * step, rest - factor * along
        before, size = size, (rest**2).sum()
        if size < 1e-18:
            break
        step = rest + size / before * step
    return found


def values_of(made, pixels: np.ndarray) -> Floats:
    height, width, _ = pixels.shape
    points = GradientTask(pixels).points(torch.arange(height * width)).numpy()
    values = numpy_backend.evaluate(made.program, {"x": points[:, 0], "y": points[:, 1]})
    return np.asarray(values.reshape(height, width, 3), float)


def psnr(found: Floats, truth: Floats) -> float:
    return float(-10 * np.log10(((found - truth) ** 2).mean()))


QUICK = {"steps": 500, "batch": 2048, "options": {"width": 24}}


@pytest.mark.parametrize("mixed", [False, True])
def test_a_clone_is_the_solution_of_poissons_equation(mixed):
    a, b = scene(0), scene(1)
    made = fit_blend(a, b, mask=disc(), mixed=mixed, **QUICK)
    inside = disc() > 0
    truth = solved(a / 255, b / 255, inside, mixed)
    found = values_of(made, a)
    assert psnr(found, truth) > 30
    assert psnr(found[inside], truth[inside]) > 28
    # which is neither of the pictures
    assert psnr(truth[inside], (b / 255)[inside]) < 22
    assert list(made.scores) == ["slopes", "psnr"]
    assert made.scores["psnr"] == pytest.approx(
        psnr(found[~inside].clip(0, 1), (a / 255)[~inside]), abs=0.01
    )


def test_without_a_mask_slopes_are_averaged():
    a, b = scene(0, 24, 30), scene(1, 24, 30)
    made = fit_blend(a, b, **QUICK)
    found = values_of(made, a)
    assert psnr(found, (a / 255 + b / 255) / 2) > 30
    assert list(made.scores) == ["slopes"]


def test_without_a_mask_the_steeper_slopes_of_both_are_kept_in_the_range_of_colours():
    a, b = scene(0), scene(1)
    made = fit_blend(a, b, mixed=True, **QUICK)
    found = values_of(made, a)
    truth = solved(a / 255, b / 255, None, True)
    for channel in range(3):  # levels are free
        columns = np.stack([truth[..., channel].ravel(), np.ones(SIZE**2)], 1)
        fitted = columns @ np.linalg.lstsq(columns, found[..., channel].ravel(), rcond=None)[0]
        assert psnr(found[..., channel].ravel(), fitted) > 28
    assert np.quantile(found, 0.005) > -0.01
    assert np.quantile(found, 0.995) < 1.01
    np.testing.assert_allclose(found.mean((0, 1)), (a / 510 + b / 510).mean((0, 1)), atol=0.01)


@pytest.mark.parametrize("at", [(20, 4), (-5, 22)])
def test_a_picture_lies_where_its_corner_is_put(at):
    a, b = scene(0), scene(1, 16, 14)
    made = fit_blend(a, b, at=at, **QUICK)
    x, y = at
    laid, inside = np.zeros((80, 80, 3)), np.zeros((80, 80), bool)
    laid[y + 20 : y + 36, x + 20 : x + 34] = b / 255
    inside[y + 20 : y + 36, x + 20 : x + 34] = True
    laid, inside = laid[20:52, 20:52], inside[20:52, 20:52]
    found = values_of(made, a)
    assert psnr(found[~inside], (a / 255)[~inside]) > 30
    middle = inside[1:-1, 1:-1] & inside[2:, 1:-1] & inside[:-2, 1:-1] & inside[1:-1, 2:]
    middle &= inside[1:-1, :-2]
    for picture, least in ((laid, 25), (a / 255, -99)):
        bends = [
            p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2] - 4 * p[1:-1, 1:-1]
            for p in (found, picture)
        ]
        score = psnr(bends[0][middle], bends[1][middle])
        assert score > least
        if least < 0:
            assert score < 20


def test_another_size_is_brought_to_that_of_the_first():
    a = scene(0, 20, 26)
    made = fit_blend(a, scene(1, 40, 40), mask=disc(40, 40), steps=5)
    assert values_of(made, a).shape == (20, 26, 3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1)])
def test_the_smallest_pictures(shape):
    a, b = scene(0, *shape), scene(1, *shape)
    made = fit_blend(a, b, steps=120, batch=64, options={"width": 8})
    found = values_of(made, a)
    assert psnr(found, (a / 255 + b / 255) / 2) > 25


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"mask": disc(20, 32)}, "mask of 32x20: expected 32x32, the size of the picture"),
        ({"mask": 0 * disc()}, "the mask is white nowhere"),
        ({"mask": 0 * disc() + 255}, "the mask is white all over"),
        ({"mask": disc() / 255}, "mask of shape .*float64: expected"),
        ({"mask": disc(), "at": (99, 0)}, "the mask is white nowhere"),
        ({"at": (-40, -40)}, "the mask is white nowhere"),
        ({"at": (0, 0)}, "the mask is white all over"),
        ({"method": "magic"}, "method 'magic'"),
        ({"b": disc()}, r"pixels of shape \(32, 32\), uint8: expected"),
    ],
)
def test_mistakes(given, message):
    with pytest.raises(ValueError, match=message):
        fit_blend(**{"a": scene(0), "b": scene(1), **given})
