"""The part of the world that a field covers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .volume import Rays


@dataclass(frozen=True)
class Space:
    """A box of the world, which becomes [-1, 1]^3; half: its half sides.

    contracted: the box becomes the inner half, and everything around it lies in the outer: a point
    at q, |q| > 1, in boxes from the centre, goes to (2 - 1 / |q|) q / |q|, half as long (Barron et
    al., "Mip-NeRF 360", 2022, equation 10).
    """

    centre: tuple[float, float, float]
    half: tuple[float, float, float]
    contracted: bool = False

    @classmethod
    def between(cls, low: Any, high: Any) -> Space:
        """The box with these lowest and highest corners, (3,) each."""
        centre, half = (np.add(low, high) / 2).tolist(), (np.subtract(high, low) / 2).tolist()
        return cls(tuple(centre), tuple(half))

    @property
    def reach(self) -> float:
        """The depth from which steps of rays grow."""
        return 2 * max(self.half) if self.contracted else math.inf

    def inside(self, points: Tensor) -> Tensor:
        """Points of the world (N, 3) as the field's, in [-1, 1]^3 where it covers them."""
        q = (points - points.new_tensor(self.centre)) / points.new_tensor(self.half)
        if not self.contracted:
            return q
        size = q.norm(dim=1, keepdim=True).clamp(min=1.0)
        inside: Tensor = q * ((2 - 1 / size) / size) / 2
        return inside

    def shrunk(self, points: Tensor) -> Tensor:
        """How much shorter what points away from the centre is in the field than in the world, at
        points of the world: (N,). Densities are of lengths in the field, so that what is far away,
        where steps are long, is no denser for that."""
        if not self.contracted:
            return points.new_ones(len(points))
        q = (points - points.new_tensor(self.centre)) / points.new_tensor(self.half)
        return q.square().sum(1).clamp(min=1.0).reciprocal()

    def outside(self, points: Tensor) -> Tensor:
        """The other way: points of the field (N, 3) in the world."""
        q = points
        if self.contracted:
            size = (2 * points).norm(dim=1, keepdim=True)
            inner = (2 - size).clamp(min=1e-3)
            q = torch.where(size <= 1, 2 * points, 2 * points / size.clamp(min=1e-9) / inner)
        return q * points.new_tensor(self.half) + points.new_tensor(self.centre)

    def crossed(self, rays: Rays, near: float, far: float) -> tuple[Tensor, Tensor]:
        """Between which depths (R,), (R,) rays are in it; the second is not above the first where
        they miss it."""
        if self.contracted:
            return rays.origins.new_full((len(rays),), near), rays.origins.new_full(
                (len(rays),), far
            )
        small = torch.where(rays.directions.abs() < 1e-9, 1e-9, 0.0).to(rays.directions)
        slopes = 1 / (rays.directions + small)
        centre, half = rays.origins.new_tensor(self.centre), rays.origins.new_tensor(self.half)
        middle = (centre - rays.origins) * slopes
        reach = half * slopes.abs()
        first = (middle - reach).amax(1).clamp(min=near)
        last = (middle + reach).amin(1).clamp(max=far)
        return first, last
