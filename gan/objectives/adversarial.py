"""Adversarial objectives: R3GAN's, and Wasserstein with a gradient penalty."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from .objective import Batch, Loss, Objective, slopes
from .schedules import Ramp, Schedules, gamma


class Gan(Objective):
    """Relativistic pairing with both gradient penalties, R1 and R2.

    Huang et al., "The GAN is dead; long live the GAN! A modern GAN baseline" (2024), section 2:
    with t = D(real) - D(fake), the discriminator's loss is softplus(-t) + gamma / 2 (|grad
    D(real)|^2 + |grad D(fake)|^2), the generator's softplus(t).
    """

    name = "gan"
    networks = frozenset({"discriminator"})
    parts = ("generator", "discriminator", "real", "fake", "r1", "r2")

    @staticmethod
    def schedule(resolution: int, batch: int) -> Schedules:
        rate = Ramp(2e-4, 5e-5)
        return Schedules(
            rate=rate,
            critic_rate=rate,
            code_rate=rate,
            beta1=0.0,
            beta2=Ramp(0.9, 0.99),
            average=Ramp(0.0, 500_000.0),
            penalty=gamma(resolution, batch),
            augment=Ramp(0.0, 0.3),
        )

    def generator_loss(self, batch: Batch) -> Loss:
        real = batch.critic(batch.real)
        fake = batch.critic(batch.generate(batch.latent))
        total = softplus(real - fake).mean()
        return Loss(total, {"generator": total.detach()})

    def discriminator_loss(self, batch: Batch) -> Loss:
        with torch.no_grad():
            made = batch.generate(batch.latent)
        real, r1 = slopes(batch.critic, batch.real)
        fake, r2 = slopes(batch.critic, made)
        apart = softplus(fake - real).mean()
        weight = self.schedules.penalty.at(batch.progress)
        total = apart + weight / 2 * (r1 + r2).mean()
        return Loss(total, _detached(discriminator=apart, real=real, fake=fake, r1=r1, r2=r2))


class WganGp(Objective):
    """Wasserstein distance, the critic's slope held to 1 in between.

    Gulrajani et al., "Improved training of Wasserstein GANs" (2017), section 4: D(fake) - D(real)
    + 10 (|grad D(mixed)| - 1)^2, at random places between pairs; five steps of the critic to one.
    """

    name = "wgan-gp"
    networks = frozenset({"discriminator"})
    parts = ("generator", "discriminator", "real", "fake", "slope")

    @staticmethod
    def schedule(resolution: int, batch: int) -> Schedules:
        rate = Ramp(1e-4, 1e-4)
        return Schedules(
            rate=rate,
            critic_rate=rate,
            code_rate=rate,
            beta1=0.0,
            beta2=Ramp(0.9, 0.9),
            average=Ramp(0.0, 500_000.0),
            penalty=Ramp(10.0, 10.0),
            critic_steps=5,
        )

    def generator_loss(self, batch: Batch) -> Loss:
        total = -batch.critic(batch.generate(batch.latent)).mean()
        return Loss(total, {"generator": total.detach()})

    def discriminator_loss(self, batch: Batch) -> Loss:
        with torch.no_grad():
            made = batch.generate(batch.latent)
        real, fake = batch.critic(batch.real), batch.critic(made)
        share = torch.rand(len(made), generator=batch.random).to(made)
        share = share.reshape(-1, *[1] * (made.ndim - 1))
        _, squared = slopes(batch.critic, share * batch.real + (1 - share) * made)
        # a root has no second derivative at 0
        slope = (squared + 1e-12).sqrt()
        weight = self.schedules.penalty.at(batch.progress)
        apart = (fake - real).mean()
        total = apart + weight * (slope - 1).square().mean()
        return Loss(total, _detached(discriminator=apart, real=real, fake=fake, slope=slope))


def _detached(**parts: Tensor) -> dict[str, Tensor]:
    return {name: part.detach().mean() for name, part in parts.items()}
