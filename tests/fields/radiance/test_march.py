"""Steps of rays through a lattice: machine code against torch, and both against what they mean."""

import math

import numpy as np
import pytest
import torch

from cppnart.fields.radiance import march as public
from cppnart.fields.radiance.march import cells, march
from cppnart.fields.radiance.occupied import Occupied
from cppnart.fields.radiance.space import Space
from cppnart.fields.radiance.volume import Rays

SIDE = 24
BOX = Space((0.1, 0.0, -0.2), (1.5, 1.2, 1.3))
WORLD = Space((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), contracted=True)


def rays_at(space: Space, count: int = 300) -> Rays:
    random = torch.Generator().manual_seed(3)
    origins = torch.nn.functional.normalize(torch.randn(count, 3, generator=random), dim=1)
    origins = origins * (0.5 if space.contracted else 4.0)
    directions = torch.randn(count, 3, generator=random) - origins
    return Rays(origins, directions * torch.rand(count, 1, generator=random) + 0.01)


def lattice(share: float) -> torch.Tensor:
    return torch.rand(SIDE**3, generator=torch.Generator().manual_seed(1)) < share


@pytest.mark.parametrize("space", [BOX, WORLD])
def test_machine_code_steps_as_torch_does(space, monkeypatch):
    rays, full = rays_at(space), lattice(0.2)
    jitter = torch.rand(len(rays), generator=torch.Generator().manual_seed(2))
    fast = march(rays, space, full, SIDE, 0.02, 0.05, 50.0, jitter)
    monkeypatch.setattr(public, "_function", lambda: None)
    slow = march(rays, space, full, SIDE, 0.02, 0.05, 50.0, jitter)
    counts = [torch.bincount(s.ray, minlength=len(rays)) for s in (fast, slow)]
    assert counts[0].sum() > 3000
    assert (counts[0] - counts[1]).abs().max() <= 1  # a step may lie on a border
    same = counts[0] == counts[1]
    assert same.float().mean() > 0.98
    for name in ("near", "far", "at"):
        a, b = (getattr(s, name)[same[s.ray]] for s in (fast, slow))
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("space", [BOX, WORLD])
def test_every_sample_lies_in_a_full_cell(space):
    rays, full = rays_at(space), lattice(0.1)
    samples = march(rays, space, full, SIDE, 0.03, 0.1, 30.0)
    hit = full[cells(space.inside(samples.points(rays)), SIDE)]
    assert hit.float().mean() > 0.999
    assert (samples.near < samples.at).all()
    assert (samples.at < samples.far).all()


@pytest.mark.parametrize("space", [BOX, WORLD])
def test_steps_through_what_is_full_touch_one_another(space):
    rays = rays_at(space, 50)
    samples = march(rays, space, torch.ones(SIDE**3, dtype=torch.bool), SIDE, 0.05, 0.1, 20.0)
    follows = samples.ray[1:] == samples.ray[:-1]
    torch.testing.assert_close(
        samples.near[1:][follows], samples.far[:-1][follows], rtol=1e-4, atol=1e-5
    )


def test_steps_have_the_length_that_is_asked_for():
    rays = rays_at(BOX)
    samples = march(rays, BOX, lattice(0.5), SIDE, 0.05, 0.0, 100.0)
    lengths = (samples.far - samples.near) * rays.directions.norm(dim=1)[samples.ray]
    torch.testing.assert_close(lengths, torch.full_like(lengths, 0.05), rtol=1e-2, atol=0)


def test_a_world_without_end_has_finitely_many_steps():
    rays = Rays(torch.zeros(1, 3), torch.tensor([[0.0, 0.6, 0.8]]))
    full = torch.ones(SIDE**3, dtype=torch.bool)
    samples = march(rays, WORLD, full, SIDE, 0.05, 0.0, 1e6)
    assert len(samples.ray) == pytest.approx(2 * WORLD.reach / 0.05, abs=2)
    assert samples.far[-1] > 100


def test_no_ray_goes_where_all_is_empty_or_where_the_box_is_not():
    rays = rays_at(BOX, 20)
    assert len(march(rays, BOX, torch.zeros(SIDE**3, dtype=torch.bool), SIDE, 0.1, 0, 9).ray) == 0
    away = Rays(rays.origins * 5, rays.origins)
    full = torch.ones(SIDE**3, dtype=torch.bool)
    assert len(march(away, BOX, full, SIDE, 0.1, 0, 99).ray) == 0


def test_contraction_and_back():
    points = torch.randn(200, 3, generator=torch.Generator().manual_seed(0)) * 5
    inside = WORLD.inside(points)
    assert (inside.norm(dim=1) < 1).all()
    torch.testing.assert_close(WORLD.outside(inside), points, rtol=1e-3, atol=1e-4)
    near = points / points.norm(dim=1, keepdim=True) * 0.7
    torch.testing.assert_close(WORLD.inside(near), near / 2)


def test_lengths_shrink_as_differences_do():
    points = torch.randn(100, 3, generator=torch.Generator().manual_seed(0)).double() * 4
    away = points / points.norm(dim=1, keepdim=True)
    for space in (WORLD, BOX):
        ends = space.inside(points + 1e-5 * away), space.inside(points - 1e-5 * away)
        lengths = (ends[0] - ends[1]).norm(dim=1) / 2e-5
        if space.contracted:
            lengths = 2 * lengths  # the inner box is half of the field
            torch.testing.assert_close(space.shrunk(points), lengths, rtol=1e-4, atol=1e-6)
        else:
            assert (space.shrunk(points) == 1).all()


def test_a_ray_crosses_the_box_where_its_points_are_in_it():
    rays = rays_at(BOX, 100)
    first, last = BOX.crossed(rays, 0.0, 100.0)
    z = torch.linspace(0, 100, 20_001)
    for number in range(len(rays)):
        points = rays.origins[number] + z[:, None] * rays.directions[number]
        inside = (BOX.inside(points).abs() <= 1).all(1)
        if not inside.any():
            assert last[number] - first[number] < 0.01
            continue
        assert z[inside].min().item() == pytest.approx(first[number].item(), abs=0.011)
        assert z[inside].max().item() == pytest.approx(last[number].item(), abs=0.011)


def test_the_lattice_learns_where_something_is():
    def ball(points: torch.Tensor) -> torch.Tensor:
        return 100.0 * (points.norm(dim=1) < 0.5)

    occupied = Occupied(Space((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)), 32, 0.01)
    assert occupied.full.all()
    occupied.fill(ball)
    middle = torch.from_numpy(
        np.stack(np.unravel_index(np.arange(32**3), (32,) * 3), 1).astype(np.float32)
    )
    distance = ((middle + 0.5) / 16 - 1).norm(dim=1)
    half = math.sqrt(3) / 32
    assert occupied.full[distance < 0.5 - half].all()
    assert not occupied.full[distance > 0.5 + half].any()


def test_what_is_empty_again_is_forgotten():
    occupied = Occupied(Space((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)), 8, 0.1)
    random = torch.Generator().manual_seed(0)
    occupied.look(lambda points: torch.full((len(points),), 5.0), occupied.every(), random)
    assert occupied.full.all()
    for _ in range(150):
        cells_ = occupied.drawn(512, random)
        occupied.look(lambda points: torch.zeros(len(points)), cells_, random)
    assert not occupied.full.any()
