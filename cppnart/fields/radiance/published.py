"""NeRF as it was published (Mildenhall et al., "NeRF: representing scenes as neural radiance fields
for view synthesis", 2020, sections 4 and 5): the method ``nerf``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .model import Light
from .photographs import Photographs
from .scoring import Scored
from .volume import Rays, Samples, Seen
from .wild import medium_loss

COARSE, FINE = 64, 128
FAR_AWAY = 1e10
CENTRED = 500
"""Steps that see the middle of photographs alone, where there is nothing around a thing."""


class Published(nn.Module):
    """Two fields of light: the coarse one says where the fine one is asked."""

    step: Tensor

    def __init__(self, coarse: Light, fine: Light, near: float, far: float) -> None:
        super().__init__()
        self.coarse, self.fine, self.near, self.far = coarse, fine, near, far
        self.register_buffer("step", torch.tensor(0))

    def forward(self, rays: Rays, codes: Tensor | None = None) -> Seen:
        """What rays show, without what is in one photograph alone."""
        codes_of_coarse = None if self.coarse.appearance is None else codes
        samples = stratified(rays, self.near, self.far)
        seen = self.coarse.seen(rays, samples, codes_of_coarse)
        return self.fine.seen(rays, refined(samples, seen.weights), codes)

    @property
    def shown(self) -> Light:
        return self.fine

    @property
    def rates(self) -> dict[str, float]:
        """By parameter, how much faster each learns."""
        parts = {"coarse": self.coarse, "fine": self.fine}
        return {
            f"{at}.{name}": rate for at, part in parts.items() for name, rate in part.rates.items()
        }


class PublishedTask:
    """batch: rays in a step. background: what lies behind everything, in [0, 1]. The score is the
    PSNR in decibels on ``scored``."""

    name = "scene"

    def __init__(
        self,
        photographs: Photographs,
        scored: Scored,
        *,
        batch: int,
        background: float,
        settings: Mapping[str, Any],
    ) -> None:
        if batch < 1:
            raise ValueError(f"batch {batch}: expected 1 ray or more")
        self.photographs, self.scored = photographs, scored
        self.batch, self.background = batch, background
        self.settings: Mapping[str, Any] = {**settings, "batch": batch}

    def loss(self, field: nn.Module, random: torch.Generator, device: torch.device) -> Tensor:
        assert isinstance(field, Published)
        middle = self.photographs.transparent and int(field.step) < CENTRED
        field.step += 1
        drawn = self.photographs.centred if middle else self.photographs.drawn
        batch = drawn(self.batch, random, device)
        rays, wanted = batch.rays, batch.over(self.background)
        samples = stratified(rays, field.near, field.far, random)
        coarse = field.coarse.seen(rays, samples, field.coarse.codes(batch.views))
        error = (coarse.over(self.background) - wanted).square().mean()
        samples = refined(samples, coarse.weights.detach(), random)
        if field.fine.once is not None:
            # half of the error of the coarse field, which knows nothing of what is seen once
            fine = medium_loss(field.fine, batch, samples, self.background)
            return 0.5 * error + fine
        seen = field.fine.seen(rays, samples, field.fine.codes(batch.views))
        return error + (seen.over(self.background) - wanted).square().mean()

    def scores(self, field: nn.Module) -> dict[str, float]:
        assert isinstance(field, Published)
        return self.scored.scores(field, field.fine)

    def preview(self, field: nn.Module) -> NDArray[np.uint8]:
        assert isinstance(field, Published)
        return self.scored.preview(field, field.fine)


def stratified(
    rays: Rays, near: float, far: float, random: torch.Generator | None = None
) -> Samples:
    """COARSE depths between near and far: each by chance in a part of its own, or evenly."""
    device = rays.origins.device
    z = torch.linspace(near, far, COARSE, device=device).expand(len(rays), -1)
    if random is not None:
        middle = 0.5 * (z[:, 1:] + z[:, :-1])
        low, high = torch.cat([z[:, :1], middle], 1), torch.cat([middle, z[:, -1:]], 1)
        z = low + (high - low) * torch.rand(z.shape, generator=random).to(device)
    return at_depths(z)


def refined(samples: Samples, weights: Tensor, random: torch.Generator | None = None) -> Samples:
    """The same, and FINE more depths drawn in proportion to the weights (N,)."""
    z, weights = samples.at.view(-1, COARSE), weights.view(-1, COARSE)
    middle = 0.5 * (z[:, 1:] + z[:, :-1])
    if random is None:
        shares = torch.linspace(0, 1, FINE, device=z.device).expand(len(z), -1)
    else:
        shares = torch.rand(len(z), FINE, generator=random).to(z.device)
    drawn = inverse(middle, weights[:, 1:-1] + 1e-5, shares)
    return at_depths(torch.cat([z, drawn], 1).sort(1).values)


def inverse(edges: Tensor, weights: Tensor, shares: Tensor) -> Tensor:
    """Where the share of all weight that lies before is as asked: edges (R, n + 1) of bins of
    weights (R, n), shares (R, k) in [0, 1] to depths (R, k)."""
    below = (weights / weights.sum(1, keepdim=True)).cumsum(1)
    below = torch.cat([torch.zeros_like(below[:, :1]), below], 1)
    above = torch.searchsorted(below.contiguous(), shares.contiguous(), right=True)
    first, last = (above - 1).clamp(min=0), above.clamp(max=below.shape[1] - 1)
    low, high = below.gather(1, first), below.gather(1, last)
    width = torch.where(high - low < 1e-5, 1.0, high - low)
    start, end = edges.gather(1, first), edges.gather(1, last)
    return start + (shares - low) / width * (end - start)


def at_depths(z: Tensor) -> Samples:
    """Samples at depths (R, n), which rise; each reaches to the next, the last on for ever."""
    count, n = z.shape
    far = torch.cat([z[:, 1:], torch.full_like(z[:, :1], FAR_AWAY)], 1)
    ray = torch.arange(count, device=z.device).repeat_interleave(n)
    flat = z.reshape(-1)
    return Samples(ray, flat, far.reshape(-1), flat, count)
