"""Codes of pictures: the distance they are learned by, the ball they stay in, what is sampled."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from cppnart.gan.generators import build_generator
from cppnart.gan.objectives import Batch, build_objective
from cppnart.gan.objectives.glo import Codes, Gaussian, laplacian_pyramid, pyramid_distance

from .fields import latents, raster


def pictures(*shape: int, seed: int = 0) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.rand(*shape, generator=random, dtype=torch.float64) - 0.5


@pytest.mark.parametrize(("height", "width"), [(16, 16), (28, 28), (17, 40), (64, 48), (5, 6)])
def test_a_pyramid_holds_the_whole_picture(height, width):
    images = pictures(2, 3, height, width)
    *levels, rest = laplacian_pyramid(images)
    assert 4 <= min(rest.shape[2:]) < 8
    for level in reversed(levels):
        size = level.shape[2:]
        rest = level + functional.interpolate(rest, size=size, mode="bilinear")
    np.testing.assert_allclose(rest, images, atol=1e-12)


def test_a_pyramid_by_hand():
    images = pictures(1, 1, 12, 9).numpy()[0, 0]
    small = laplacian_pyramid(torch.from_numpy(images)[None, None])[-1].numpy()[0, 0]
    padded = np.pad(images, 2, "reflect")
    taps = np.array([1, 4, 6, 4, 1]) / 16
    expected = np.array(
        [
            [taps @ padded[i : i + 5, j : j + 5] @ taps for j in range(0, 9, 2)]
            for i in range(0, 12, 2)
        ]
    )
    np.testing.assert_allclose(small, expected, atol=1e-12)


def test_a_difference_of_level_is_counted_once_for_each_number():
    images = pictures(2, 3, 32, 32)
    moved = images + torch.tensor([0.25, -0.5]).reshape(2, 1, 1, 1)
    np.testing.assert_allclose(pyramid_distance(moved, images), [0.25, 0.5], atol=1e-12)


def test_the_distance_weighs_level_j_by_4_to_the_j():
    made, real = pictures(2, 3, 32, 24), pictures(2, 3, 32, 24, seed=1)
    pairs = zip(laplacian_pyramid(made), laplacian_pyramid(real), strict=True)
    sums = [4**j * (a - b).abs().numpy().sum((1, 2, 3)) for j, (a, b) in enumerate(pairs)]
    expected = sum(sums) / (3 * 32 * 24)
    np.testing.assert_allclose(pyramid_distance(made, real), expected, rtol=1e-10)
    with pytest.raises(ValueError, match=r"pictures of shape \(2, 5, 3\)"):
        pyramid_distance(torch.zeros(2, 5, 3), torch.zeros(2, 5, 3))


@given(st.integers(1, 20), st.integers(1, 12), st.floats(0, 5), st.integers(0, 99))
def test_codes_are_brought_back_into_the_unit_ball(count, latent, size, seed):
    codes = Codes(count, latent, seed=seed)
    assert (codes.codes.norm(dim=1) <= 1 + 1e-6).all()
    with torch.no_grad():
        codes.codes.copy_(size * latents(count, latent, seed))
    before = codes.codes.detach().clone()
    codes.project()
    lengths = before.norm(dim=1, keepdim=True)
    expected = torch.where(lengths > 1, before / lengths.clamp(min=1e-9), before)
    np.testing.assert_allclose(codes.codes.detach(), expected, atol=1e-6)


def test_a_generator_is_given_codes_as_long_as_normal_latents():
    codes = Codes(500, 64)
    found = codes(torch.tensor([3, 77, 3]))
    assert torch.equal(found[0], found[2])
    assert torch.allclose(found, 8 * codes.codes[[3, 77, 3]])
    every = codes(torch.arange(500)).detach()
    assert float(every.norm(dim=1).max()) == pytest.approx(8, rel=1e-5)
    assert float(every.std()) == pytest.approx(1, abs=0.1)


def test_the_gaussian_has_the_mean_and_covariance_of_the_codes():
    random = np.random.default_rng(1)
    mix = random.normal(size=(5, 5))
    points = torch.from_numpy(random.normal(size=(400, 5)) @ mix + [1, 0, -2, 0, 3])
    gaussian = Gaussian.of(points)
    np.testing.assert_allclose(gaussian.mean, points.numpy().mean(0), atol=1e-12)
    root = gaussian.root.numpy()
    np.testing.assert_allclose(root @ root.T, np.cov(points.numpy().T), atol=1e-10)
    drawn = gaussian(latents(40_000, 5).double()).numpy()
    np.testing.assert_allclose(drawn.mean(0), points.numpy().mean(0), atol=0.1)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(points.numpy().T), rtol=0.1, atol=0.2)


def test_few_codes_span_what_is_sampled():
    codes = Codes(3, 16)
    gaussian = codes.gaussian()
    drawn = gaussian(latents(10, 16))
    own = codes(torch.arange(3)).detach()
    plane = (own[1:] - own[:1]).numpy()
    apart = (drawn - own[:1]).numpy()
    along = apart @ np.linalg.pinv(plane) @ plane
    np.testing.assert_allclose(along, apart, atol=1e-3)
    alone = Codes(1, 4)
    assert torch.allclose(alone.gaussian()(latents(2, 4)), alone(torch.tensor([0, 0])), atol=1e-5)


def test_generator_and_codes_learn_a_few_pictures():
    g = build_generator({"kind": "fmm", "latent": 8, "width": 32, "resolution": 16, "style": 16})
    codes = Codes(4, 8)
    points = raster(16, 16)
    x, y = points[0, ..., 0], points[0, ..., 1]
    shapes = [x.sign(), y.sign(), (x * y).sign(), (0.5 - x * x - y * y).sign()]
    real = torch.stack(shapes)[:, None].expand(-1, 3, -1, -1)
    objective = build_objective("glo", resolution=16, batch=4)
    optimiser = torch.optim.Adam([*g.parameters(), *codes.parameters()], 5e-3)
    losses = []
    for _ in range(80):
        given = Batch(
            real,
            codes(torch.arange(4)),
            lambda z: g(z, points).movedim(-1, 1),
            torch.Generator(),
        )
        loss = objective.generator_loss(given).total
        losses.append(float(loss.detach()))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        codes.project()
    assert losses[-1] < 0.3 * losses[0]
