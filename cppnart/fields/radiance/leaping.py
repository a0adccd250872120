"""Fields of light fitted by rays that leap over empty space: the method ``grid``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .model import Light
from .occupied import Occupied
from .photographs import Photographs
from .scoring import Scored
from .volume import Rays, Samples, Seen
from .wild import layer_loss

LOOK_EVERY = 16
ALL_UNTIL = 16 * LOOK_EVERY
"""Steps in which all cells are looked at, a part at a time."""
ALONE = 20
"""Steps after which things are looked for that are seen once: layers would explain everything, and
later there is a fog of such things, which nothing dispels."""
LONG = 4
"""Steps of rays that are taken at once until then: while nothing is known to be empty, rays would
be few."""
HIDDEN = -math.log(1e-3)
"""What lies behind more than this is not seen, and is not learnt."""
FIRST_RAYS, MOST_RAYS = 256, 1 << 15


class Leaping(nn.Module):
    """A field of light, where it is empty, and how many samples a ray has."""

    per_ray: Tensor
    step: Tensor

    def __init__(self, light: Light, occupied: Occupied, near: float, far: float) -> None:
        super().__init__()
        self.light, self.occupied, self.near, self.far = light, occupied, near, far
        self.register_buffer("per_ray", torch.tensor(0.0, dtype=torch.float64))
        self.register_buffer("step", torch.tensor(0))

    def forward(self, rays: Rays, codes: Tensor | None = None) -> Seen:
        """What rays show, without what is in one photograph alone."""
        return self.light.seen(rays, self.samples(rays), codes)

    def samples(self, rays: Rays, jitter: Tensor | None = None, steps: int = 1) -> Samples:
        return self.occupied.march(rays, self.near, self.far, jitter, steps)

    @property
    def shown(self) -> Light:
        return self.light

    @property
    def rates(self) -> dict[str, float]:
        """By parameter, how much faster each learns."""
        return {f"light.{name}": rate for name, rate in self.light.rates.items()}


class LeapingTask:
    """Photographs seen along rays through what is not empty.

    samples: in a step, about; rays are as many as that gives. cells: of the lattice that are looked
    at every LOOK_EVERY steps. The score is the PSNR in decibels on ``scored``.
    """

    name = "scene"

    def __init__(
        self,
        photographs: Photographs,
        scored: Scored,
        *,
        samples: int = 1 << 15,
        cells: int = 1 << 16,
        settings: Mapping[str, Any],
    ) -> None:
        if samples < 256:
            raise ValueError(f"batch {samples}: expected 256 samples or more")
        self.photographs, self.scored = photographs, scored
        self.count, self.cells = samples, cells
        self.settings: Mapping[str, Any] = {**settings, "batch": samples}

    def loss(self, field: nn.Module, random: torch.Generator, device: torch.device) -> Tensor:
        assert isinstance(field, Leaping)
        if int(field.step) % LOOK_EVERY == 0:
            self._look(field, random)
        field.step += 1
        rays = FIRST_RAYS
        if field.per_ray > 0:
            rays = int(min(max(self.count / float(field.per_ray), 16), MOST_RAYS))
        batch = self.photographs.drawn(rays, random, device)
        jitter = torch.rand(rays, generator=random).to(device)
        samples = field.samples(batch.rays, jitter, LONG if field.step < ALL_UNTIL else 1)
        with torch.no_grad():
            density, _ = field.light.at(samples.points(batch.rays))
            before = samples.before(samples.thickness(density, batch.rays))
            samples = samples.chosen(before < HIDDEN)
        found = max(len(samples.ray), 1) / rays
        # rays change gently with what is found, and not much in one step
        kept = float(field.per_ray)
        field.per_ray.fill_(found if kept == 0 else 0.9 * kept + 0.1 * found)
        # by chance, so that nothing can hide what is transparent
        background = torch.rand(rays, 3, generator=random).to(device)
        seen = field.light.seen(batch.rays, samples, field.light.codes(batch.views))
        if field.light.layer is not None and field.step > ALONE:
            return layer_loss(field.light, batch, seen, background)
        wanted = batch.over(background)
        return nn.functional.smooth_l1_loss(seen.over(background), wanted, beta=0.1)

    def _look(self, field: Leaping, random: torch.Generator) -> None:
        step, occupied = int(field.step), field.occupied
        if step == 0:
            cells = occupied.every()
        elif step < ALL_UNTIL:
            cells = occupied.every()[step // LOOK_EVERY % 4 :: 4]
        else:
            cells = occupied.drawn(self.cells, random)
        occupied.look(field.light.density_at, cells, random)

    def scores(self, field: nn.Module) -> dict[str, float]:
        assert isinstance(field, Leaping)
        return self.scored.scores(field, field.light)

    def preview(self, field: nn.Module) -> NDArray[np.uint8]:
        assert isinstance(field, Leaping)
        return self.scored.preview(field, field.light)
