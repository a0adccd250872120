"""What all objectives share: the batch that they are given and the losses that they make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from .schedules import Schedules

Encoded = tuple[Tensor, Tensor]
"""Mean and logarithm of the variance of latents, each (B, latent)."""


def _absent(values: Tensor) -> Tensor:
    raise ValueError("this batch comes without the network that the objective needs")


def _absent_encoder(values: Tensor) -> Encoded:
    raise ValueError("this batch comes without the encoder that the objective needs")


@dataclass(frozen=True)
class Batch:
    """What one step is made of.

    real: values of the data in [-1, 1], (B, C, H, W) or (B, N, C). latent: (B, latent), standard
    normal, or for ``glo`` the codes of these pictures. generate: from latents to values shaped as
    ``real``; critic: from values to logits (B,); encode: from values to a mean and the logarithm
    of a variance. Coordinates and labels are bound in all three, and so is augmentation in
    ``critic``: real and generated values are paired, with the same of each. random: for whatever
    else is drawn, on the CPU. progress: the share of the training that is over.
    """

    real: Tensor
    latent: Tensor
    generate: Callable[[Tensor], Tensor]
    random: torch.Generator
    critic: Callable[[Tensor], Tensor] = _absent
    encode: Callable[[Tensor], Encoded] = _absent_encoder
    progress: float = 0.0


@dataclass(frozen=True)
class Loss:
    """What to minimise, and numbers for the log by name, detached."""

    total: Tensor
    parts: dict[str, Tensor] = field(default_factory=dict)


class Objective:
    """How a generator is trained.

    resolution: pixels on the short side of the pictures in training; batch: how many in a step,
    over all processes.
    """

    name: ClassVar[str]
    networks: ClassVar[frozenset[str]] = frozenset()
    """What is trained beside the generator: ``discriminator``, ``encoder``, ``codes``."""
    parts: ClassVar[tuple[str, ...]]
    """The names of what it logs, in their order."""

    def __init__(self, resolution: int, batch: int) -> None:
        self.schedules = self.schedule(resolution, batch)

    @staticmethod
    def schedule(resolution: int, batch: int) -> Schedules:
        raise NotImplementedError

    def generator_loss(self, batch: Batch) -> Loss:
        """The loss of the generator, and of an encoder or codes where there are."""
        raise NotImplementedError

    def discriminator_loss(self, batch: Batch) -> Loss:
        """The loss of the discriminator; ValueError in objectives that have none."""
        raise ValueError(f"objective {self.name}: it has no discriminator")


def slopes(critic: Callable[[Tensor], Tensor], values: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (B,), and the squared length of their gradients in the values (B,), which can be
    differentiated again. Summed over everything but the batch."""
    values = values.detach().requires_grad_(True)
    logits = critic(values)
    (gradient,) = torch.autograd.grad(logits.sum(), values, create_graph=True)
    return logits, gradient.flatten(1).square().sum(1)
