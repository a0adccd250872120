"""GLO: a latent for every picture, learned with the generator, and no discriminator.

Bojanowski et al., "Optimizing the latent space of generative networks" (2018).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from .objective import Batch, Loss, Objective
from .schedules import Ramp, Schedules

SMALLEST = 4
"""Pixels on the short side of the smallest level of a pyramid."""


class Glo(Objective):
    """The distance of Laplacian pyramids between pictures and what their codes make.

    Rates are those of DeepSDF (Park et al., 2019), which learns codes with Adam; the paper's, of
    plain gradient descent, belong to a convolutional generator with batch normalisation.
    """

    name = "glo"
    networks = frozenset({"codes"})
    parts = ("generator",)

    @staticmethod
    def schedule(resolution: int, batch: int) -> Schedules:
        return Schedules(
            rate=Ramp(5e-4, 5e-5),
            critic_rate=Ramp(0.0, 0.0),
            code_rate=Ramp(1e-3, 1e-4),
            beta1=0.9,
            beta2=Ramp(0.999, 0.999),
            average=Ramp(0.0, 10_000.0),
        )

    def generator_loss(self, batch: Batch) -> Loss:
        total = pyramid_distance(batch.generate(batch.latent), batch.real).mean()
        return Loss(total, {"generator": total.detach()})


class Codes(nn.Module):
    """A code for each of ``count`` pictures, in the unit ball.

    A generator is given codes times sqrt(latent), which at the border of the ball have the length
    of standard normal latents.
    """

    def __init__(self, count: int, latent: int, *, seed: int = 0) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(seed)
        self.codes = nn.Parameter(torch.randn(count, latent, generator=random) / latent**0.5)
        self.project()

    def forward(self, numbers: Tensor) -> Tensor:
        """The latents (B, latent) of pictures by their numbers (B,)."""
        codes: Tensor = functional.embedding(numbers, self.codes)
        return codes * math.sqrt(codes.shape[1])

    @torch.no_grad()
    def project(self) -> None:
        """Brings codes that left the unit ball back to its surface; after every step."""
        self.codes.div_(self.codes.norm(dim=1, keepdim=True).clamp(min=1))

    @torch.no_grad()
    def gaussian(self) -> Gaussian:
        """The normal distribution that fits the latents, to sample new ones from."""
        return Gaussian.of(self.codes * math.sqrt(self.codes.shape[1]))


class Gaussian(nn.Module):
    """A normal distribution of latents: mean (latent,) and a root of its covariance (latent,
    latent), so that a standard normal v becomes mean + root v."""

    mean: Tensor
    root: Tensor

    def __init__(self, mean: Tensor, root: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("root", root)

    @staticmethod
    def of(latents: Tensor) -> Gaussian:
        """Mean and covariance of latents (count, latent), of which there may be few."""
        exact = latents.to("cpu", torch.float64)
        mean = exact.mean(0)
        apart = exact - mean
        covariance = apart.T @ apart / max(len(exact) - 1, 1)
        # with fewer latents than numbers in them it has no Cholesky factor, but always this root
        values, vectors = torch.linalg.eigh(covariance)
        root = vectors * values.clamp(min=0).sqrt() @ vectors.T
        return Gaussian(mean.to(latents), root.to(latents))

    def forward(self, normal: Tensor) -> Tensor:
        """Latents of standard normal numbers (B, latent)."""
        return self.mean + normal @ self.root.T


def pyramid_distance(made: Tensor, real: Tensor) -> Tensor:
    """The distance Lap1 of pictures (B, C, H, W), for each number of a picture, (B,): the sum
    over the levels j of their Laplacian pyramids of 4^j times the absolute differences (section
    2.2 of the paper, from Ling and Okada, 2006)."""
    if made.ndim != 4:
        raise ValueError(f"pictures of shape {tuple(made.shape)}: expected (B, C, H, W)")
    # pyramids are linear: that of a difference is the difference of the two
    levels = laplacian_pyramid(made - real)
    sums = [4.0**j * level.abs().flatten(1).sum(1) for j, level in enumerate(levels)]
    total: Tensor = torch.stack(sums).sum(0)
    return total / made[0].numel()


def laplacian_pyramid(images: Tensor) -> list[Tensor]:
    """What is lost from each size of pictures (B, C, H, W) to half of it, the largest first, and
    what is left at last, of 4 to 7 pixels on the short side."""
    levels = []
    while min(images.shape[2:]) >= 2 * SMALLEST:
        small = _halved(images)
        back = functional.interpolate(
            small, size=images.shape[2:], mode="bilinear", align_corners=False
        )
        levels.append(images - back)
        images = small
    return [*levels, images]


def _halved(images: Tensor) -> Tensor:
    """Every other pixel after the binomial filter 1 4 6 4 1 along each axis."""
    channels = images.shape[1]
    taps = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]).to(images) / 16
    kernel = torch.outer(taps, taps).expand(channels, 1, 5, 5)
    padded = functional.pad(images, (2, 2, 2, 2), mode="reflect")
    return functional.conv2d(padded, kernel, stride=2, groups=channels)
