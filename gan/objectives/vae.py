"""Objectives with an encoder: a variational autoencoder, and one with a discriminator."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.functional import softplus

from ..generators.generator import REACH
from ..specs import check_between
from .objective import Batch, Encoded, Loss, Objective
from .schedules import Ramp, Schedules

PUBLISHED = 0.02
"""Deviation of an encoder's weights in the published code."""
LARGEST = 64
"""Pixels a side that an encoder looks at, at most."""
AHEAD, FAR_AHEAD = 0.6, 0.75
"""A discriminator whose own loss is below the first, or whose generator's is above the second,
rests; these are the published numbers."""


@dataclass(frozen=True)
class EncoderSpec:
    """latent: of the generator; channels, resolution: of the pictures; width: of both layers."""

    latent: int = 128
    channels: int = 3
    resolution: int = 64
    width: int = 512

    def __post_init__(self) -> None:
        check_between("latent", self.latent, 1, 4096)
        check_between("channels", self.channels, 1, 4)
        check_between("resolution", self.resolution, 4, 4096)
        check_between("width", self.width, 1, 8192)


class Encoder(nn.Module):
    """Pictures (B, C, H, W) to the mean and the logarithm of the variance of their latents: two
    softplus layers, as in 2016. Pictures of another size are brought to that of training."""

    def __init__(self, spec: EncoderSpec, *, seed: int = 0) -> None:
        super().__init__()
        self.specification = spec
        random = torch.Generator().manual_seed(seed)
        self.side = min(spec.resolution, LARGEST)
        n = spec.width
        self.first = _layer(spec.channels * self.side**2, n, random)
        self.second = _layer(n, n, random)
        self.last = _layer(n, 2 * spec.latent, random)

    @property
    def spec(self) -> dict[str, Any]:
        return asdict(self.specification)

    def forward(self, images: Tensor) -> Encoded:
        if images.shape[2:] != (self.side, self.side):
            images = functional.adaptive_avg_pool2d(images, self.side)
        x = softplus(self.second(softplus(self.first(images.flatten(1)))))
        mean, log_variance = self.last(x).chunk(2, 1)
        return mean, log_variance


def _layer(sources: int, units: int, random: torch.Generator) -> nn.Linear:
    layer = nn.utils.skip_init(nn.Linear, sources, units)
    with torch.no_grad():
        layer.weight.normal_(0, PUBLISHED, generator=random)
        layer.bias.zero_()
    return layer  # type: ignore[no-any-return]


class Vae(Objective):
    """The Bernoulli likelihood of the data's values and the divergence of latents from a standard
    normal distribution, both for each number of a picture (Kingma and Welling, "Auto-encoding
    variational Bayes", 2014, with the weights of Ha, 2016)."""

    name = "vae"
    networks = frozenset({"encoder"})
    parts: ClassVar[tuple[str, ...]] = ("generator", "likelihood", "divergence")

    @staticmethod
    def schedule(resolution: int, batch: int) -> Schedules:
        rate = Ramp(1e-3, 1e-4)
        return Schedules(
            rate=rate,
            critic_rate=rate,
            code_rate=rate,
            beta1=0.9,
            beta2=Ramp(0.999, 0.999),
            average=Ramp(0.0, 10_000.0),
        )

    def generator_loss(self, batch: Batch) -> Loss:
        total, parts, _ = self._autoencoded(batch)
        return Loss(total, {"generator": total.detach(), **parts})

    def _autoencoded(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor], Tensor]:
        """The loss, its parts, and what was made of the encoded pictures."""
        mean, log_variance = batch.encode(batch.real)
        made = batch.generate(mean + torch.exp(0.5 * log_variance) * batch.latent)
        numbers = batch.real[0].numel()
        likelihood = _bernoulli(made, batch.real).mean() / numbers
        divergence = _divergence(mean, log_variance).mean() / numbers
        parts = {"likelihood": likelihood.detach(), "divergence": divergence.detach()}
        return likelihood + divergence, parts, made


class VaeGan(Vae):
    """The same with a discriminator that judges what was made of encoded pictures, by the
    non-saturating loss; it rests while it is ahead (Ha, "Generating large images from latent
    vectors", 2016)."""

    name = "vae-gan"
    networks = frozenset({"encoder", "discriminator"})
    parts = ("generator", "discriminator", "likelihood", "divergence", "real", "fake")

    @staticmethod
    def schedule(resolution: int, batch: int) -> Schedules:
        return Schedules(
            rate=Ramp(5e-3, 5e-4),
            critic_rate=Ramp(1e-3, 1e-4),
            code_rate=Ramp(1e-3, 1e-4),
            beta1=0.65,
            beta2=Ramp(0.999, 0.999),
            average=Ramp(0.0, 10_000.0),
        )

    def generator_loss(self, batch: Batch) -> Loss:
        total, parts, made = self._autoencoded(batch)
        fooled = softplus(-batch.critic(made)).mean()
        return Loss(total + fooled, {"generator": fooled.detach(), **parts})

    def discriminator_loss(self, batch: Batch) -> Loss:
        with torch.no_grad():
            mean, log_variance = batch.encode(batch.real)
            made = batch.generate(mean + torch.exp(0.5 * log_variance) * batch.latent)
        real, fake = batch.critic(batch.real), batch.critic(made)
        total = (softplus(-real) + softplus(fake)).mean() / 2
        fooled = softplus(-fake).mean()
        behind = (total.detach() > AHEAD) & (fooled.detach() < FAR_AHEAD)
        parts = {"discriminator": total, "real": real.mean(), "fake": fake.mean()}
        return Loss(total * behind, {name: part.detach() for name, part in parts.items()})


def _bernoulli(made: Tensor, real: Tensor) -> Tensor:
    """The negative logarithm of the likelihood of values, in [-1, 1] as all here, (B,); what is
    made may go on to REACH."""
    share = (0.5 + 0.5 / REACH * made).clamp(1e-6, 1 - 1e-6).flatten(1)
    asked = (0.5 + 0.5 * real).flatten(1)
    return -(asked * share.log() + (1 - asked) * torch.log1p(-share)).sum(1)


def _divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Kullback and Leibler's, of a normal distribution from the standard one, (B,)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
