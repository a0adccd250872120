"""One step of training: an objective, the networks it trains, and their optimisers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from cppnart.fields.parallel import Group

from .augment import DRAWS, PER_CHANGE, Augment, premultiplied
from .data import Batch
from .data.batches import Share
from .draws import Draws
from .objectives import Batch as Given
from .objectives import Objective
from .objectives.glo import Codes


@dataclass
class Game:
    """What is trained, and how.

    networks: ``generator``, and beside it those that the objective names. batch: pictures a step,
    of all processes. gaussian: mean and root of what latents are drawn from, where they were
    learned before; otherwise they are standard normal. half: the type that the discriminator
    computes in, if not float32; the generator never does, since coordinates lose their places.
    """

    objective: Objective
    networks: Mapping[str, nn.Module]
    augment: Augment
    batch: int
    seed: int = 0
    share: Share = field(default_factory=Share)
    gaussian: tuple[Tensor, Tensor] | None = None
    half: torch.dtype | None = None

    def __post_init__(self) -> None:
        missing = self.objective.networks - set(self.networks)
        if missing:
            raise ValueError(f"objective {self.objective.name}: it needs a network {min(missing)}")
        schedules = self.objective.schedules
        betas = (schedules.beta1, schedules.beta2.at(0))
        self.optimisers = {
            # one kernel for all parameters: a network of a hundred small ones waits for each else
            name: torch.optim.Adam(network.parameters(), 1e-3, betas, eps=1e-8, fused=True)
            for name, network in self.networks.items()
        }

    def advance(
        self, step: int, done: float, batch: Batch, group: Group, stop: bool
    ) -> tuple[dict[str, Tensor], bool]:
        """One step of the discriminator, where there is one, and one of everything else, if it is
        their turn; see ``Trainer``."""
        self._schedule(done)
        losses: dict[str, Tensor] = {}
        discriminator = self.networks.get("discriminator")
        if discriminator is not None:
            heard: list[Tensor] = []
            given = self._given(step, "discriminator", done, batch, heard)
            loss = self.objective.discriminator_loss(given)
            stop = self._descend(("discriminator",), loss.total, group, stop)
            losses |= loss.parts
            self._adapt(step, heard, group)
        if (step + 1) % self.objective.schedules.critic_steps == 0:
            if discriminator is not None:
                discriminator.requires_grad_(False)  # its gradients would be thrown away
            given = self._given(step, "generator", done, batch, [])
            loss = self.objective.generator_loss(given)
            others = tuple(name for name in self.networks if name != "discriminator")
            stop = self._descend(others, loss.total, group, stop)
            losses |= loss.parts
            if discriminator is not None:
                discriminator.requires_grad_(True)
        codes = self.networks.get("codes")
        if isinstance(codes, Codes):
            codes.project()
        return losses, stop

    def half_life(self, done: float) -> float:
        """Of the moving average of the generator, in images."""
        return self.objective.schedules.average.at(done)

    def latents(self) -> tuple[Tensor, Tensor] | None:
        """Mean and root of the Gaussian that fits the codes, if there are codes."""
        codes = self.networks.get("codes")
        if not isinstance(codes, Codes):
            return self.gaussian
        gaussian = codes.gaussian()
        return gaussian.mean.cpu(), gaussian.root.cpu()

    @torch.no_grad()
    def latents_of(self, numbers: Tensor, images: Tensor) -> Tensor | None:
        """The latents of pictures by their numbers (B,), (B, C, H, W) in [-1, 1]; None where the
        objective knows none."""
        if isinstance(codes := self.networks.get("codes"), Codes):
            found: Tensor = codes(numbers)
            return found
        if (encoder := self.networks.get("encoder")) is not None:
            mean: Tensor = encoder(premultiplied(images))[0]
            return mean
        return None

    # --- Steps ---

    def _descend(self, names: tuple[str, ...], loss: Tensor, group: Group, stop: bool) -> bool:
        parameters = [p for name in names for p in self.networks[name].parameters()]
        for name in names:
            self.optimisers[name].zero_grad(set_to_none=True)
        loss.backward()
        stop = group.mean_gradients(parameters, stop)
        for name in names:
            self.optimisers[name].step()
        return stop

    def _schedule(self, done: float) -> None:
        schedules = self.objective.schedules
        rates = {"generator": schedules.rate, "discriminator": schedules.critic_rate}
        for name, optimiser in self.optimisers.items():
            for settings in optimiser.param_groups:
                settings["lr"] = rates.get(name, schedules.code_rate).at(done)
                settings["betas"] = (schedules.beta1, schedules.beta2.at(done))

    def _given(
        self, step: int, purpose: str, done: float, batch: Batch, heard: list[Tensor]
    ) -> Given:
        """What the objective sees: networks with everything bound that it need not know."""
        device = batch.images.device
        draws = Draws(self.seed, step, purpose, self.batch, self.share, device)
        codes = self.networks.get("codes")
        generator = self.networks["generator"]
        width = int(generator.spec["latent"])  # type: ignore[index]
        latent = draws.normal(width) if codes is None else codes(batch.numbers)
        if self.gaussian is not None and codes is None:
            mean, root = (part.to(device) for part in self.gaussian)
            latent = mean + latent @ root.T
        changes = draws.uniform(DRAWS)
        # at the resolution of training nothing fades
        spacing = batch.spacing if len(batch.coords) > 1 else None

        def generate(z: Tensor) -> Tensor:
            values = generator(z, batch.coords, batch.labels, spacing=spacing)
            return premultiplied(values.permute(0, 3, 1, 2))

        def critic(values: Tensor) -> Tensor:
            seen = self.augment(values, changes)
            with torch.autocast(device.type, self.half, enabled=self.half is not None):
                found: Tensor = self.networks["discriminator"](seen, batch.coords, batch.labels)
            logits = found.float()
            heard.append(logits.detach())
            return logits

        def encode(values: Tensor) -> tuple[Tensor, Tensor]:
            mean, log_variance = self.networks["encoder"](values)
            return mean, log_variance

        return Given(
            real=premultiplied(batch.images),
            latent=latent,
            generate=generate,
            random=draws.rest(),
            critic=critic,
            encode=encode,
            progress=done,
        )

    def _adapt(self, step: int, heard: list[Tensor], group: Group) -> None:
        """ADA's probability follows how many real pictures the discriminator takes for real.

        Relativistic logits have no zero of their own, so it is put midway between the means of
        real and generated ones, which the critic was asked first.
        """
        if self.augment.kind != "ada" or (step + 1) % PER_CHANGE:
            return
        real, fake = heard[:2]
        (middle,) = group.mean([float(real.mean() + fake.mean()) / 2])
        (sign,) = group.mean([float(torch.sign(real - middle).mean())])
        self.augment.adapt(sign, self.batch)
