"""Networks of light, what a photograph has of its own, and NeRF as published, in other words."""

import math

import numpy as np
import pytest
import torch

from cppnart.fields import numpy_backend
from cppnart.fields.radiance.model import Light
from cppnart.fields.radiance.networks import grid_parts, harmonics, published_parts
from cppnart.fields.radiance.photographs import Batch
from cppnart.fields.radiance.published import Published, at_depths, inverse, refined, stratified
from cppnart.fields.radiance.space import Space
from cppnart.fields.radiance.volume import Rays, Seen, evenly, look
from cppnart.fields.radiance.wild import (
    BETA_MIN,
    behind_layer,
    in_medium,
    layer_loss,
    medium_loss,
)

BOX = Space((0.5, 0.0, 0.0), (1.5, 1.0, 2.0))
SMALL = {"levels": 3, "entries": 1 << 10, "hidden": 16, "width": 16}


def light(**options) -> Light:
    parts = grid_parts(np.random.default_rng(0), BOX, **SMALL, **options)
    return Light(parts, BOX, 4)


def some_rays(count: int = 20) -> Rays:
    random = torch.Generator().manual_seed(0)
    return Rays(torch.randn(count, 3, generator=random), torch.randn(count, 3, generator=random))


def test_fewer_degrees_are_the_first_of_more():
    directions = np.random.default_rng(0).normal(size=(50, 3))
    u, v, w = (directions / np.linalg.norm(directions, axis=1, keepdims=True)).T
    point = {"u": u, "v": v, "w": w}
    most = numpy_backend.evaluate(harmonics(3), point, np.float64)
    for degree in range(3):
        found = numpy_backend.evaluate(harmonics(degree), point, np.float64)
        np.testing.assert_array_equal(found, most[:, : (degree + 1) ** 2])


def test_spherical_harmonics_are_orthonormal():
    u, weights = np.polynomial.legendre.leggauss(8)
    turn = np.arange(16) * (2 * np.pi / 16)
    z, angle = (a.ravel() for a in np.meshgrid(u, turn, indexing="ij"))
    flat = np.sqrt(1 - z**2)
    point = {"u": flat * np.cos(angle), "v": flat * np.sin(angle), "w": z}
    values = numpy_backend.evaluate(harmonics(3), point, np.float64)
    area = np.repeat(weights, len(turn)) * (2 * np.pi / 16)
    np.testing.assert_allclose(values.T @ (area[:, None] * values), np.eye(16), atol=1e-6)


@pytest.mark.parametrize("published", [False, True])
def test_the_program_of_a_field_says_what_its_modules_say(published):
    random = np.random.default_rng(0)
    if published:
        codes = {"appearance": True, "transient": True}
        parts = published_parts(random, BOX, **codes, width=16, depth=6)
    else:
        parts = grid_parts(random, BOX, **SMALL, appearance=True, layers=4)
    own = Light(parts, BOX, 4)
    rays = some_rays()
    samples = evenly(torch.full((20,), 0.1), torch.full((20,), 2.0), 3)
    code = torch.randn(48, generator=torch.Generator().manual_seed(1))
    places = torch.rand(60, 2, generator=torch.Generator().manual_seed(2))
    points = own.space.inside(samples.points(rays)).numpy()
    inputs = dict(zip("xyzuvw", (*points.T, *rays.looks[samples.ray].numpy().T), strict=True))
    inputs["appearance"] = code.numpy()
    with torch.no_grad():
        density, features = own.at(samples.points(rays))
        colours = own.colours(features, samples, rays, code.expand(20, -1))
        if published:
            once_code = own.transient[0].expand(60, -1)
            once = own.once(torch.cat([features, once_code], 1))
            inputs["transient"] = own.transient[0].numpy()
        else:
            once = own.layers(torch.full((60,), 2), places)
            inputs |= {"place": places.numpy(), "photograph": 2 / 3}
    found = numpy_backend.evaluate(own.program(), inputs, np.float64)
    names = own.program().output_names
    assert names[:4] == ("density", "red", "green", "blue")
    wanted = np.concatenate([density[:, None].numpy(), colours.numpy(), once.numpy()], 1)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_the_published_network_has_as_many_parameters_as_the_published_one():
    parts = published_parts(np.random.default_rng(0), BOX)
    count = sum(p.numel() for p in Light(parts, BOX, 1).parameters() if p.requires_grad)
    # the first layer, four more, one that reads the point again, two, and the heads
    point, way = 63, 27
    layers = [(point, 256), *[(256, 256)] * 4, (point + 256, 256), *[(256, 256)] * 2]
    heads = [(256, 1), (256, 256), (256 + way, 128), (128, 3)]
    assert count == sum((a + 1) * b for a, b in layers + heads)


def test_frequencies_of_the_published_network_are_those_of_the_world():
    parts = published_parts(np.random.default_rng(0), BOX)
    program = parts.density.program
    point = np.array([[0.3, -0.4, 0.9]])
    world = point * BOX.half + BOX.centre
    encoded = [world, *(f(2.0**k * world) for f in (np.sin, np.cos) for k in range(10))]
    values = np.concatenate(encoded, 1)
    first = program.operations[2]
    made = np.maximum(values @ first.weight.T.astype(float) + first.bias, 0)
    shorter = type(program)(
        program.inputs, program.operations[:3], (("h", program.input_size + 3 + 60),)
    )
    found = numpy_backend.evaluate(shorter, dict(zip("xyz", point.T, strict=True)), np.float64)
    np.testing.assert_allclose(found[:, 0], made[:, 0], atol=1e-6)


def test_a_share_of_weight_is_found_where_the_weight_is():
    random = np.random.default_rng(0)
    edges = np.sort(random.random((5, 9)), 1)
    weights = random.random((5, 8)) + 0.01
    shares = random.random((5, 40))
    found = inverse(*(torch.from_numpy(a) for a in (edges, weights, shares)))
    for row in range(5):
        below = np.concatenate([[0], (weights[row] / weights[row].sum()).cumsum()])
        wanted = np.interp(shares[row], below, edges[row])
        np.testing.assert_allclose(found[row].numpy(), wanted, atol=1e-9)


def test_coarse_depths_are_each_in_a_part_of_their_own():
    rays = some_rays(50)
    samples = stratified(rays, 2.0, 6.0, torch.Generator().manual_seed(0))
    z = samples.at.view(50, 64)
    assert (z.diff(dim=1) >= 0).all()
    edges = 2 + 4 * (torch.arange(65) - 0.5).clamp(0, 63) / 63
    assert (z >= edges[:-1] - 1e-5).all()
    assert (z <= edges[1:] + 1e-5).all()
    assert z.std(0).min() > 1e-3


def test_fine_depths_gather_where_the_weight_is():
    rays = some_rays(4)
    samples = stratified(rays, 0.0, 1.0)
    weights = torch.exp(-((samples.at - 0.6) ** 2) / (2 * 0.02**2))
    fine = refined(samples, weights, torch.Generator().manual_seed(0)).at.view(4, 192)
    assert (fine.diff(dim=1) >= 0).all()
    assert ((fine - 0.6).abs() < 0.08).sum(1).min() > 120
    assert set(samples.at.view(4, 64)[0].tolist()) <= set(fine[0].tolist())


def test_a_ray_is_composed_as_published():
    """alpha = 1 - exp(-sigma delta), weights by a product of 1 - alpha, the last delta 1e10."""
    random = torch.Generator().manual_seed(0)
    rays = some_rays(6)
    z = torch.rand(6, 12, generator=random).sort(1).values + 1
    sigma = torch.rand(6, 12, generator=random) * 3
    colours = torch.rand(6, 12, 3, generator=random)
    delta = torch.cat([z.diff(dim=1), torch.full((6, 1), 1e10)], 1)
    delta = (delta * rays.directions.norm(dim=1, keepdim=True)).double()
    alpha = 1 - torch.exp(-sigma.double() * delta)
    ahead = torch.cumprod(torch.cat([torch.ones(6, 1), 1 - alpha + 1e-10], 1), 1)[:, :-1]
    weights = alpha * ahead
    samples = at_depths(z)
    thick = samples.thickness(sigma.flatten(), rays)
    seen = look(samples, thick, colours.reshape(-1, 3))
    wanted = (weights[..., None] * colours).sum(1)
    torch.testing.assert_close(seen.colour.double(), wanted, atol=1e-5, rtol=1e-5)
    depth = (weights * z).sum(1) / weights.sum(1)
    torch.testing.assert_close(seen.depth.double(), depth, atol=1e-5, rtol=1e-5)


def test_the_coarse_field_says_where_the_fine_one_is_asked():
    random = np.random.default_rng(0)
    parts = [published_parts(random, BOX, width=16, depth=6) for _ in range(2)]
    coarse, fine = (Light(part, BOX, 1) for part in parts)
    seen = Published(coarse, fine, 0.1, 2.0)(some_rays(5))
    assert seen.weights.shape == (5 * 192,)


# --- In the wild ---


def test_two_media_in_one_place_absorb_together():
    """At the same samples: alpha of each, and what is before by the sum of both (equation 8)."""
    random = torch.Generator().manual_seed(0)
    z = torch.rand(3, 7, generator=random).sort(1).values
    rays = Rays(torch.zeros(3, 3), torch.tensor([[0.0, 0.0, 1.0]]).repeat(3, 1))
    samples = at_depths(z)
    density = torch.rand(21, generator=random)
    static, once = torch.rand(21, 3, generator=random), torch.rand(21, 5, generator=random)
    found = in_medium(samples, rays, density, static, once)
    delta = torch.cat([z.diff(dim=1), torch.full((3, 1), 1e10)], 1).flatten()
    colour, beta = torch.zeros(3, 3), torch.full((3,), BETA_MIN)
    for ray in range(3):
        left = 1.0
        for at in range(7 * ray, 7 * ray + 7):
            thick, other = float(density[at] * delta[at]), float(once[at, 0] * delta[at])
            own, their = 1 - math.exp(-thick), 1 - math.exp(-other)
            colour[ray] += left * (own * static[at] + their * once[at, 1:4])
            beta[ray] += left * their * once[at, 4]
            left *= math.exp(-thick - other)
    torch.testing.assert_close(found.colour, colour, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found.beta, beta, atol=1e-5, rtol=1e-5)
    alone = look(samples, samples.thickness(density, rays), static)
    torch.testing.assert_close(found.static.colour, alone.colour)


def test_a_layer_covers_what_stands_behind_it():
    seen = Seen(torch.full((3, 3), 0.5), torch.full((3,), 0.8), torch.ones(3), torch.zeros(0))
    layer = torch.tensor([[0, 1, 1, 1, 0.2], [1, 1, 0, 0, 0], [0.5, 1, 0, 0, 0]])
    both = behind_layer(seen, layer)
    wanted = torch.tensor([[0.5, 0.5, 0.5], [1, 0, 0], [0.75, 0.25, 0.25]])
    torch.testing.assert_close(both.colour, wanted)
    torch.testing.assert_close(both.opacity, torch.tensor([0.8, 1.0, 0.9]))
    torch.testing.assert_close(both.beta, torch.tensor([0.23, 0.03, 0.03]))


def some_batch(count: int = 40) -> Batch:
    random = torch.Generator().manual_seed(0)
    views = torch.zeros(count, dtype=torch.int64)
    places, colours = (torch.rand(count, n, generator=random) for n in (2, 4))
    return Batch(some_rays(count), views, places, colours)


def test_photographs_learn_what_is_theirs_alone():
    """Codes and layers of other photographs than those of a batch stay as they are."""
    batch = some_batch()
    samples = evenly(torch.full((40,), 0.1), torch.full((40,), 2.0), 8)
    parts = published_parts(
        np.random.default_rng(0), BOX, appearance=True, transient=True, width=16, depth=6
    )
    own = Light(parts, BOX, 4)
    medium_loss(own, batch, samples, 1.0).backward()
    for name in ("appearance", "transient"):
        slopes = getattr(own, name).grad
        assert slopes[0].abs().max() > 0, name
        assert slopes[1:].abs().max() == 0, name

    own = light(layers=4)
    layer_loss(own, batch, own.seen(batch.rays, samples, None), 1.0).backward()
    places = torch.rand(30, 2, generator=torch.Generator().manual_seed(1))
    before = [own.layers(torch.full((30,), view), places).detach() for view in range(4)]
    with torch.no_grad():
        for name, parameter in own.layer.named_parameters():
            if "table" in name and parameter.grad is not None:
                parameter -= 100 * parameter.grad
    after = [own.layers(torch.full((30,), view), places).detach() for view in range(4)]
    changes = [float((a - b).abs().max()) for a, b in zip(before, after, strict=True)]
    assert changes[0] > 1e-4
    assert max(changes[1:]) < 1e-6


def test_a_layer_hides_what_is_wrong_and_nothing_else():
    """Of four photographs of one thing, one has a bar on it: what is learnt is the thing."""
    own = light(layers=4)
    random = torch.Generator().manual_seed(0)
    thing = torch.full((256, 3), 0.5, requires_grad=True)
    places = torch.rand(256, 2, generator=random)
    barred = places[:, 0] < 0.25
    adam = torch.optim.Adam(
        [{"params": [thing], "lr": 0.02}, {"params": own.layer.parameters(), "lr": 0.01}]
    )
    rays = some_rays(256)
    for step in range(400):
        view = step % 4
        shown = torch.full((256, 3), 0.6)
        if view == 1:
            shown[barred] = 0.0
        colours = torch.cat([shown, torch.ones(256, 1)], 1)
        batch = Batch(rays, torch.full((256,), view), places, colours)
        seen = Seen(thing, torch.ones(256), torch.ones(256), torch.zeros(0))
        loss = layer_loss(own, batch, seen, 0.0)
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert (thing[~barred] - 0.6).abs().mean() < 0.02
    assert (thing[barred] - 0.6).abs().mean() < 0.1
    covered = own.layers(torch.ones(256, dtype=torch.int64), places)[:, 0]
    assert covered[barred].mean() > 0.5
    assert covered[~barred].mean() < 0.2
