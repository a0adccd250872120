"""What is seen along rays through a volume that glows and absorbs (Max, "Optical models for direct
volume rendering", 1995; Mildenhall et al., "NeRF", 2020, section 4).

Samples are intervals of rays, one after another, in the order of their depth. A ray may have any
number of them, or none: empty space costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

OPAQUE = 80.0
"""What is optically thicker is as good as opaque: exp(-80) is 0 beside any colour."""
Field = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Points (N, 3) and directions (N, 3) to densities (N,), in absorption for a unit of length, and
colours (N, channels)."""


@dataclass(frozen=True)
class Rays:
    """origins and directions (R, 3); a point at depth z is origin + z * direction, so that depths
    are lengths where directions have length 1. ways (R, 3): where they look in the world, of length
    1, if that is not along their directions."""

    origins: Tensor
    directions: Tensor
    ways: Tensor | None = None

    @property
    def looks(self) -> Tensor:
        return functional.normalize(self.directions, dim=1) if self.ways is None else self.ways

    def __len__(self) -> int:
        return len(self.origins)

    def part(self, which: slice | NDArray[np.int64]) -> Rays:
        """Some of them."""
        ways = None if self.ways is None else self.ways[which]
        return Rays(self.origins[which], self.directions[which], ways)

    def to(self, device: torch.device) -> Rays:
        ways = None if self.ways is None else self.ways.to(device)
        return Rays(self.origins.to(device), self.directions.to(device), ways)


@dataclass(frozen=True)
class Samples:
    """Intervals of rays: ray (N,) int64, not falling; near, far (N,) depths where each begins and
    ends; at (N,) the depth in it where the field is asked; rays: how many there are."""

    ray: Tensor
    near: Tensor
    far: Tensor
    at: Tensor
    rays: int

    def points(self, rays: Rays) -> Tensor:
        """Where the field is asked, (N, 3)."""
        return torch.addcmul(rays.origins[self.ray], self.at[:, None], rays.directions[self.ray])

    def thickness(self, density: Tensor, rays: Rays) -> Tensor:
        """How much each absorbs, (N,): density times length."""
        lengths = rays.directions.norm(dim=1)[self.ray] * (self.far - self.near)
        thickness: Tensor = (density * lengths).clamp(max=OPAQUE)
        return thickness

    def before(self, thickness: Tensor) -> Tensor:
        """What lies in front of each on its ray, (N,), summed up."""
        return before_on(self.ray, self.rays, thickness)

    def weights(self, thickness: Tensor) -> Tensor:
        """The share of each in what its ray shows, (N,): what it stops of the light that comes
        through everything before it."""
        return stopped(thickness) * torch.exp(-self.before(thickness))

    def sums(self, values: Tensor) -> Tensor:
        """Values (N, k) summed over each ray, (R, k)."""
        return values.new_zeros(self.rays, values.shape[1]).index_add(0, self.ray, values)

    def chosen(self, which: Tensor) -> Samples:
        """Some of them: which (N,) bool."""
        ray, near, far, at = (array[which] for array in (self.ray, self.near, self.far, self.at))
        return Samples(ray, near, far, at, self.rays)


def before_on(ray: Tensor, rays: int, thickness: Tensor) -> Tensor:
    """For each of N samples the thickness of those before it on its ray; ray (N,), not falling."""
    thick = thickness.double()  # the sum goes over all rays, and only differences count
    whole = thick.cumsum(0) - thick
    counts = torch.bincount(ray, minlength=rays)
    first = (counts.cumsum(0) - counts)[ray]
    return (whole - whole[first]).to(thickness.dtype)


def stopped(thickness: Tensor) -> Tensor:
    """The share of light that does not come through."""
    return -torch.expm1(-thickness)


@dataclass(frozen=True)
class Seen:
    """What rays show: colour (R, channels) without what lies behind, opacity (R,), depth (R,), the
    mean over what is seen, 0 where nothing is, and the weights (N,) of their samples."""

    colour: Tensor
    opacity: Tensor
    depth: Tensor
    weights: Tensor

    def over(self, background: Tensor | float) -> Tensor:
        """The colour in front of a background, (R, channels)."""
        return self.colour + (1 - self.opacity[:, None]) * background


def look(samples: Samples, thickness: Tensor, colours: Tensor) -> Seen:
    """What rays show of samples whose thickness (N,) and colours (N, channels) are known."""
    weights = samples.weights(thickness)
    sums = samples.sums(
        torch.cat([colours, torch.ones_like(weights)[:, None], samples.at[:, None]], 1)
        * weights[:, None]
    )
    opacity = sums[:, -2]
    return Seen(sums[:, :-2], opacity, sums[:, -1] / opacity.clamp(min=1e-6), weights)


def render_rays(field: Field, rays: Rays, samples: Samples) -> Seen:
    """What rays show of a field."""
    density, colours = field(samples.points(rays), rays.directions[samples.ray])
    return look(samples, samples.thickness(density, rays), colours)


def evenly(near: Tensor, far: Tensor, count: int, jitter: Tensor | None = None) -> Samples:
    """``count`` intervals of equal length on each ray, from near (R,) to far (R,), asked in their
    middle, or, where jitter (R, count) in [0, 1) is given, at that share of each."""
    edges = torch.linspace(0, 1, count + 1, device=near.device)
    z = near[:, None] + (far - near)[:, None] * edges
    share = 0.5 if jitter is None else jitter
    at = z[:, :-1] + share * (z[:, 1:] - z[:, :-1])
    ray = torch.arange(len(near), device=near.device).repeat_interleave(count)
    return Samples(ray, z[:, :-1].flatten(), z[:, 1:].flatten(), at.flatten(), len(near))
