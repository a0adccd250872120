"""Schedules: how learning rates and their like go over a training, as data."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Ramp:
    """From one number to another, along half a cosine, over a training."""

    start: float
    end: float

    def at(self, progress: float) -> float:
        """The number at a share of the training, from 0 to 1."""
        way = 0.5 - 0.5 * math.cos(math.pi * min(max(progress, 0.0), 1.0))
        return self.start + (self.end - self.start) * way


@dataclass(frozen=True)
class Schedules:
    """Everything of an optimiser that an objective's authors chose.

    rate: of the generator; critic_rate: of the discriminator; code_rate: of encoders and codes.
    beta1, beta2: of Adam. average: the half-life of the averaged generator, in images.
    penalty: the weight gamma or lambda of gradient penalties. augment: the probability of
    augmentation, where nothing adapts it. critic_steps: of the discriminator to one of the
    generator.
    """

    rate: Ramp
    critic_rate: Ramp
    code_rate: Ramp
    beta1: float
    beta2: Ramp
    average: Ramp
    penalty: Ramp = Ramp(0.0, 0.0)
    augment: Ramp = Ramp(0.0, 0.0)
    critic_steps: int = 1


def gamma(resolution: int, batch: int) -> Ramp:
    """The weight of R3GAN's penalties for pictures and batches of a size.

    A law through the values that its authors published: 2 -> 0.2 for FFHQ at 64 pixels and 150 ->
    15 at 256, both in batches of 256, 1 -> 0.1 for ImageNet at 64 in batches of 4096; for 32 pixels
    it gives 0.25 and 0.13 where they have 0.05 and 0.5. It is far above StyleGAN2-ADA's rule,
    0.0002 resolution^2 / batch, which is for another loss with one penalty, every 16 steps.
    """
    start = 2.0 * (resolution / 64) ** 3 * (256 / batch) ** 0.25
    return Ramp(start, start / 10)
