"""What rays show, against closed forms and against a loop that goes along each ray."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cppnart.fields.radiance.volume import Rays, Samples, evenly, look, render_rays


def along_z(count: int, length: float = 1.0) -> Rays:
    """Rays from the origin along z, whose directions have this length."""
    return Rays(torch.zeros(count, 3), torch.tensor([[0.0, 0.0, length]]).repeat(count, 1))


def slab(density: float, near: float, far: float, colour: float = 1.0):
    """A field that is dense between two places on z, and empty elsewhere."""

    def field(points, directions):
        inside = (points[:, 2] > near) & (points[:, 2] < far)
        return density * inside.float(), torch.full((len(points), 3), colour)

    return field


@pytest.mark.parametrize("density", [0.1, 1.0, 7.5])
@pytest.mark.parametrize("length", [0.5, 1.0, 3.0])
def test_a_slab_of_constant_density_absorbs_by_its_length(density, length):
    rays = along_z(2, length)
    depths = torch.tensor([2.0, 2.0]) / length, torch.tensor([4.0, 4.0]) / length
    seen = render_rays(slab(density, 2.5, 3.5, 0.25), rays, evenly(*depths, 400))
    opacity = 1 - math.exp(-density)
    torch.testing.assert_close(seen.opacity, torch.full((2,), opacity), atol=1e-5, rtol=0)
    torch.testing.assert_close(seen.colour, torch.full((2, 3), 0.25 * opacity), atol=1e-5, rtol=0)
    # the mean of 2.5 + z over what is stopped: density * exp(-density z)
    mean = 2.5 + 1 / density - math.exp(-density) / opacity
    assert seen.depth[0].item() * length == pytest.approx(mean, abs=2e-3)


def test_the_finer_a_medium_that_changes_is_sampled_the_nearer_the_integral():
    def field(points, directions):
        return 3 * points[:, 2].square(), torch.ones(len(points), 1)

    exact = 1 - math.exp(-(2.0**3))
    found = [
        render_rays(field, along_z(1), evenly(torch.zeros(1), torch.full((1,), 2.0), n)).opacity
        for n in (4, 16, 64)
    ]
    errors = [abs(one.item() - exact) for one in found]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 1e-5


def test_what_is_in_front_hides_what_is_behind():
    def field(points, directions):
        front = points[:, 2] < 3
        return torch.full((len(points),), 500.0), torch.where(front[:, None], 1.0, 0.0).expand(
            -1, 3
        )

    seen = render_rays(field, along_z(1), evenly(torch.tensor([2.0]), torch.tensor([4.0]), 64))
    torch.testing.assert_close(seen.over(0.5), torch.ones(1, 3))


def test_a_ray_without_samples_shows_the_background():
    samples = Samples(*(torch.tensor(a) for a in ([1, 1], [1.0, 2.0], [2.0, 3.0], [1.5, 2.5])), 3)
    seen = look(samples, torch.tensor([1.0, 2.0]), torch.ones(2, 3))
    assert seen.opacity.tolist() == pytest.approx([0, 1 - math.exp(-3), 0])
    torch.testing.assert_close(seen.over(0.25)[0], torch.full((3,), 0.25))
    assert seen.depth[0] == 0


@given(counts=st.lists(st.integers(0, 5), min_size=1, max_size=6), seed=st.integers(0, 2**31))
def test_weights_are_those_of_a_loop_along_each_ray(counts, seed):
    random = np.random.default_rng(seed)
    thick = random.exponential(1.0, sum(counts))
    ray = np.repeat(np.arange(len(counts)), counts)
    z = torch.zeros(len(thick))
    samples = Samples(torch.from_numpy(ray), z, z, z, len(counts))
    wanted = []
    for number in range(len(counts)):
        left = 1.0
        for own in thick[ray == number]:
            wanted.append(left * (1 - math.exp(-own)))
            left *= math.exp(-own)
    found = samples.weights(torch.from_numpy(thick))
    np.testing.assert_allclose(found.numpy(), wanted, atol=1e-12)


def test_slopes_are_those_of_differences():
    ray = torch.tensor([0, 0, 0, 2, 2])
    z = torch.rand(5, dtype=torch.float64)
    samples = Samples(ray, z, z + 1, z, 3)
    colours = torch.rand(5, 3, dtype=torch.float64, requires_grad=True)
    thick = torch.rand(5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t, c: look(samples, t, c).colour, (thick, colours))


def test_many_opaque_rays_do_not_blur_one_another():
    """The sum over all rays is large, and only what is before a sample on its own ray counts."""
    count = 20_000
    ray = torch.arange(count).repeat_interleave(2)
    z = torch.zeros(2 * count)
    thick = torch.tensor([80.0, 1.0]).repeat(count)
    thick[-2] = 1e-3
    weights = Samples(ray, z, z, z, count).weights(thick)
    assert weights[-2].item() == pytest.approx(1e-3, rel=1e-3)
    assert weights[-1].item() == pytest.approx(math.exp(-1e-3) * (1 - math.exp(-1)), rel=1e-5)
