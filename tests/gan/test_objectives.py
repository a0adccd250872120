"""Objectives against closed forms, finite differences and torch's own distributions."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from cppnart.gan.discriminators import build_discriminator
from cppnart.gan.generators import build_generator
from cppnart.gan.objectives import OBJECTIVES, Batch, Ramp, build_objective
from cppnart.gan.objectives.objective import slopes
from cppnart.gan.objectives.schedules import gamma
from cppnart.gan.objectives.vae import Encoder, EncoderSpec

from .fields import latents, raster, unsettled

REAL = torch.tensor([[0.5, -0.25], [1.0, 0.75], [-0.5, 0.125]], dtype=torch.float64)
MADE = torch.tensor([[0.25, 0.5], [-1.0, 0.5], [0.0, -0.75]], dtype=torch.float64)
SLOPE = torch.tensor([0.6, -0.8], dtype=torch.float64)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def value(scalar: Tensor) -> float:
    return float(scalar.detach())


def linear_critic(values: Tensor) -> Tensor:
    return 3 * values @ SLOPE


def batch(**given: Any) -> Batch:
    """Values straight from latents, of which there are two numbers each."""
    usual: dict[str, Any] = {
        "real": REAL,
        "latent": MADE,
        "generate": lambda z: z,
        "random": rng(),
        "critic": linear_critic,
    }
    return Batch(**{**usual, **given})


def softplus(x: np.ndarray) -> np.ndarray:
    return np.log1p(np.exp(x))


# --- R3GAN ---


def test_the_relativistic_loss_compares_pairs():
    gan = build_objective("gan", resolution=64, batch=256)
    apart = (linear_critic(REAL) - linear_critic(MADE)).numpy()
    loss = gan.generator_loss(batch())
    assert value(loss.total) == pytest.approx(softplus(apart).mean())
    assert dict(loss.parts).keys() == {"generator"}
    loss = gan.discriminator_loss(batch())
    # a slope of 3 everywhere: both penalties are 9, and gamma begins at 2
    assert value(loss.total) == pytest.approx(softplus(-apart).mean() + 2 / 2 * (9 + 9))
    assert float(loss.parts["discriminator"]) == pytest.approx(softplus(-apart).mean())
    assert float(loss.parts["r1"]) == pytest.approx(9)
    assert float(loss.parts["real"]) == pytest.approx(float(linear_critic(REAL).mean()))
    loss = gan.discriminator_loss(batch(progress=1.0))
    assert value(loss.total) == pytest.approx(softplus(-apart).mean() + 0.2 / 2 * (9 + 9))


def test_losses_do_not_change_when_all_logits_shift():
    gan = build_objective("gan", resolution=64, batch=256)
    shifted = batch(critic=lambda x: linear_critic(x) + 1000)
    for loss in (gan.generator_loss, gan.discriminator_loss):
        assert value(loss(shifted).total) == pytest.approx(value(loss(batch()).total))


def test_a_pair_that_cannot_be_told_apart_costs_log_2():
    gan = build_objective("gan", resolution=64, batch=256)
    same = batch(latent=REAL, critic=lambda x: 0 * x.sum(1))
    assert value(gan.generator_loss(same).total) == pytest.approx(np.log(2))
    assert value(gan.discriminator_loss(same).total) == pytest.approx(np.log(2))


@pytest.mark.parametrize("kind", ["conv", "set"])
def test_penalties_and_their_slopes_agree_with_finite_differences(kind):
    spec = {"kind": kind, "width": 8, "resolution": 8, "channels": 2}
    d = unsettled(build_discriminator(spec)).double()
    points = raster(4, 5).double()

    def critic(x: Tensor) -> Tensor:
        return d(x, points)

    images = torch.rand(2, 2, 5, 4, generator=rng(1), dtype=torch.float64)

    def penalty_by_differences() -> np.ndarray:
        with torch.no_grad():
            flat = images.reshape(2, -1)
            step = 1e-5
            found = torch.zeros_like(flat)
            for i in range(flat.shape[1]):
                moved = torch.zeros_like(flat)
                moved[:, i] = step
                up = critic((flat + moved).reshape(images.shape))
                down = critic((flat - moved).reshape(images.shape))
                found[:, i] = (up - down) / (2 * step)
        return found.square().sum(1).numpy()

    logits, squared = slopes(critic, images)
    np.testing.assert_allclose(logits.detach(), critic(images).detach())
    np.testing.assert_allclose(squared.detach(), penalty_by_differences(), rtol=1e-5)
    weight = d.get_parameter("first.weight" if kind == "conv" else "colour.weight")
    (slope,) = torch.autograd.grad(squared.sum(), weight)
    place = np.unravel_index(int(slope.abs().argmax()), slope.shape)
    ends = []
    for step in (1e-4, -1e-4):
        with torch.no_grad():
            weight[place] += step
            ends.append(penalty_by_differences().sum())
            weight[place] -= step
    assert value(slope[place]) == pytest.approx((ends[0] - ends[1]) / 2e-4, rel=1e-3)


def test_each_loss_moves_its_own_networks_only():
    start = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    slope = SLOPE.clone().requires_grad_(True)
    for name in ("gan", "wgan-gp"):
        objective = build_objective(name, resolution=32, batch=3)
        given = batch(generate=lambda z: z + start, critic=lambda x: (x @ slope) ** 2)
        objective.discriminator_loss(given).total.backward()
        assert start.grad is None
        assert slope.grad is not None
        assert slope.grad.abs().max() > 0
        objective.generator_loss(given).total.backward()
        assert start.grad is not None
        assert start.grad.abs().max() > 0
        start.grad = slope.grad = None


def test_gamma_is_what_r3gans_authors_published():
    assert gamma(64, 256) == Ramp(2.0, 0.2)
    assert gamma(256, 256).start == pytest.approx(150, rel=0.2)
    assert gamma(256, 256).end == pytest.approx(15, rel=0.2)
    assert gamma(64, 4096).start == pytest.approx(1.0)
    assert 0.05 <= gamma(32, 512).start <= 0.5
    assert gamma(32, 64).start > gamma(32, 512).start


def test_r3gans_schedules_go_along_half_a_cosine():
    schedules = build_objective("gan", resolution=64, batch=256).schedules
    assert [schedules.rate.at(p) for p in (-1, 0, 0.5, 1, 2)] == pytest.approx(
        [2e-4, 2e-4, 1.25e-4, 5e-5, 5e-5]
    )
    assert schedules.rate.at(0.25) == pytest.approx(5e-5 + 1.5e-4 * (1 + np.cos(np.pi / 4)) / 2)
    assert (schedules.beta1, schedules.beta2) == (0.0, Ramp(0.9, 0.99))
    assert schedules.average == Ramp(0.0, 500_000.0)
    assert schedules.critic_steps == 1


# --- Wasserstein ---


def test_wasserstein_with_a_slope_of_3_pays_40():
    wgan = build_objective("wgan-gp", resolution=64, batch=64)
    made, real = linear_critic(MADE).mean(), linear_critic(REAL).mean()
    loss = wgan.discriminator_loss(batch())
    assert value(loss.total) == pytest.approx(float(made - real) + 10 * (3 - 1) ** 2)
    assert float(loss.parts["slope"]) == pytest.approx(3)
    assert value(wgan.generator_loss(batch()).total) == pytest.approx(-float(made))
    assert wgan.schedules.critic_steps == 5


def test_the_slope_is_taken_between_the_pairs():
    wgan = build_objective("wgan-gp", resolution=64, batch=64)
    bowl = batch(critic=lambda x: 0.5 * x.square().sum(1))  # its slope is x itself
    share = torch.rand(3, generator=rng()).double()[:, None]
    between = (share * REAL + (1 - share) * MADE).norm(dim=1)
    loss = wgan.discriminator_loss(bowl)
    assert float(loss.parts["slope"]) == pytest.approx(float(between.mean()))
    apart = 0.5 * (MADE.square().sum(1) - REAL.square().sum(1)).mean()
    expected = float(apart + 10 * (between - 1).square().mean())
    assert value(loss.total) == pytest.approx(expected)


def test_a_flat_critic_has_finite_gradients():
    wgan = build_objective("wgan-gp", resolution=64, batch=64)
    slope = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    wgan.discriminator_loss(batch(critic=lambda x: x @ slope)).total.backward()
    assert slope.grad is not None
    assert torch.isfinite(slope.grad).all()


# --- Autoencoders ---


MEAN = torch.tensor([[0.5, -1.0], [0.0, 0.25], [2.0, 0.0]], dtype=torch.float64)
LOG_VARIANCE = torch.tensor([[0.1, -0.5], [0.0, -2.0], [0.5, 1.0]], dtype=torch.float64)


def encoded(**given: Any) -> Batch:
    return batch(
        generate=lambda z: 1.05 * torch.tanh(z), encode=lambda x: (MEAN, LOG_VARIANCE), **given
    )


def autoencoder_parts() -> tuple[float, float]:
    spread = torch.exp(LOG_VARIANCE / 2)
    made = torch.tanh(MEAN + spread * MADE)
    likelihood = functional.binary_cross_entropy((made + 1) / 2, (REAL + 1) / 2)
    normal, usual = torch.distributions.Normal(MEAN, spread), torch.distributions.Normal(0.0, 1.0)
    divergence = torch.distributions.kl_divergence(normal, usual).sum(1).mean() / 2
    return float(likelihood), float(divergence)


def test_an_autoencoder_pays_likelihood_and_divergence_for_each_number():
    loss = build_objective("vae", resolution=26, batch=500).generator_loss(encoded())
    likelihood, divergence = autoencoder_parts()
    assert float(loss.parts["likelihood"]) == pytest.approx(likelihood, rel=1e-5)
    assert float(loss.parts["divergence"]) == pytest.approx(divergence)
    assert value(loss.total) == pytest.approx(likelihood + divergence, rel=1e-5)


def test_with_a_discriminator_it_wants_to_fool_it_too():
    objective = build_objective("vae-gan", resolution=26, batch=500)
    made = 1.05 * torch.tanh(MEAN + torch.exp(LOG_VARIANCE / 2) * MADE)
    fake = linear_critic(made).numpy()
    loss = objective.generator_loss(encoded())
    expected = sum(autoencoder_parts()) + softplus(-fake).mean()
    assert value(loss.total) == pytest.approx(expected, rel=1e-5)
    assert objective.schedules.beta1 == 0.65
    assert objective.schedules.rate.start == 0.005


@pytest.mark.parametrize(
    ("real", "fake", "learns"), [(0.0, 0.0, True), (2.0, -0.2, False), (-1.0, -3.0, False)]
)
def test_the_discriminator_rests_while_it_is_ahead(real, fake, learns):
    objective = build_objective("vae-gan", resolution=26, batch=500)
    level = torch.zeros((), dtype=torch.float64, requires_grad=True)

    def critic(x: Tensor) -> Tensor:
        return level + torch.full((3,), real if torch.equal(x, REAL) else fake).double()

    loss = objective.discriminator_loss(encoded(critic=critic))
    own = (softplus(np.array(-real)) + softplus(np.array(fake))) / 2
    assert float(loss.parts["discriminator"]) == pytest.approx(own)
    assert value(loss.total) == (pytest.approx(own) if learns else 0.0)


def test_an_encoder_is_two_softplus_layers_and_takes_any_size():
    encoder = unsettled(Encoder(EncoderSpec(latent=3, channels=2, resolution=6, width=7)))
    images = torch.rand(4, 2, 6, 6, generator=rng()) - 0.5
    mean, log_variance = encoder(images)
    assert mean.shape == log_variance.shape == (4, 3)
    x = images.flatten(1)
    for layer in (encoder.first, encoder.second):
        x = torch.log(1 + torch.exp(x @ layer.weight.T + layer.bias))
    both = x @ encoder.last.weight.T + encoder.last.bias
    assert torch.allclose(torch.cat([mean, log_variance], 1), both, atol=1e-5)
    twice = images.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert torch.allclose(encoder(twice)[0], mean, atol=1e-5)


# --- All of them ---


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_objective_logs_what_it_says(name):
    objective = build_objective(name, resolution=8, batch=2)
    assert objective.name == name
    given = encoded_pictures()
    found = set(objective.generator_loss(given).parts)
    if "discriminator" in objective.networks:
        found |= set(objective.discriminator_loss(given).parts)
    else:
        with pytest.raises(ValueError, match=f"objective {name}: it has no discriminator"):
            objective.discriminator_loss(given)
    assert found == set(objective.parts)


def encoded_pictures() -> Batch:
    return batch(
        real=torch.rand(2, 3, 8, 8, generator=rng()),
        latent=latents(2, 3),
        generate=lambda z: torch.tanh(z[:, :, None, None].expand(-1, -1, 8, 8)),
        critic=lambda x: x.mean((1, 2, 3)),
        encode=lambda x: (x.mean((2, 3)), -x.square().mean((2, 3))),
    )


def test_an_unknown_objective_and_a_missing_network_are_refused():
    with pytest.raises(ValueError, match="objective 'dcgan': expected one of gan, wgan-gp, vae"):
        build_objective("dcgan", resolution=64, batch=8)
    bare = Batch(REAL, MADE, lambda z: z, rng())
    with pytest.raises(ValueError, match="without the network"):
        build_objective("gan", resolution=64, batch=8).generator_loss(bare)
    with pytest.raises(ValueError, match="without the encoder"):
        build_objective("vae", resolution=64, batch=8).generator_loss(bare)


@pytest.mark.parametrize(("name", "kind"), [("gan", "conv"), ("gan", "set"), ("wgan-gp", "conv")])
def test_adversarial_training_finds_the_colour_of_the_data(name, kind):
    g = build_generator({"kind": "fmm", "latent": 4, "width": 16, "resolution": 8, "style": 16})
    more = {"tokens": 8} if kind == "set" else {}
    d = build_discriminator({"kind": kind, "width": 16, "resolution": 8, **more})
    points, random = raster(8, 8), rng()
    colour = torch.tensor([0.6, -0.5, 0.1]).reshape(1, 3, 1, 1)
    objective = build_objective(name, resolution=8, batch=8)
    optimisers = [torch.optim.Adam(m.parameters(), 3e-3, betas=(0.0, 0.9)) for m in (g, d)]

    def generate(z: Tensor) -> Tensor:
        return g(z, points).movedim(-1, 1)

    def distance() -> float:
        with torch.no_grad():
            made = generate(torch.randn(32, 4, generator=rng(9)))
        return float((made.mean((0, 2, 3)) - colour.flatten()).abs().max())

    def step(loss: Callable[[Batch], Any], optimiser: torch.optim.Optimizer) -> None:
        real = colour + 0.1 * torch.randn(8, 3, 8, 8, generator=random)
        z = torch.randn(8, 4, generator=random)
        optimiser.zero_grad()
        loss(Batch(real, z, generate, random, lambda x: d(x, points))).total.backward()
        optimiser.step()

    before = distance()
    for _ in range(50):
        step(objective.discriminator_loss, optimisers[1])
        step(objective.generator_loss, optimisers[0])
    assert distance() < min(0.5 * before, 0.25)


def test_an_autoencoder_learns_to_tell_pictures_apart():
    g = build_generator({"kind": "fmm", "latent": 4, "width": 16, "resolution": 8, "style": 16})
    encoder: nn.Module = Encoder(EncoderSpec(latent=4, channels=3, resolution=8, width=16))
    real = torch.tensor([0.9, -0.9, 0.0]).reshape(3, 1, 1, 1).expand(3, 3, 8, 8)
    objective, random = build_objective("vae", resolution=8, batch=3), rng()
    optimiser = torch.optim.Adam([*g.parameters(), *encoder.parameters()], 1e-2)
    points, losses = raster(8, 8), []
    for _ in range(80):
        given = Batch(
            real,
            torch.randn(3, 4, generator=random),
            lambda z: g(z, points).movedim(-1, 1),
            random,
            encode=encoder,
        )
        loss = objective.generator_loss(given)
        losses.append(float(loss.parts["likelihood"]))
        optimiser.zero_grad()
        loss.total.backward()
        optimiser.step()
    # without knowing which is which, the best is 0.59
    assert np.mean(losses[-10:]) < 0.52
