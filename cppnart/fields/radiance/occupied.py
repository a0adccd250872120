"""Where there is something to be seen: a lattice that lets rays leap over empty space (Mueller et
al., "Instant neural graphics primitives", 2022, appendix C; Li et al., "NerfAcc", 2023)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from .march import march
from .space import Space
from .volume import Rays, Samples

DECAY = 0.95
"""Of what was found, for every time that as many cells were looked at as there are."""
FULL = 0.01
"""What a step through a full cell absorbs, at least, unless the mean is less."""
PART = 1 << 15


class Occupied(nn.Module):
    """side: cells along each axis of the field's box; step: the length of samples in the world."""

    absorbed: Tensor
    full: Tensor

    def __init__(self, space: Space, side: int, step: float) -> None:
        super().__init__()
        self.space, self.side, self.step = space, side, step
        self.register_buffer("absorbed", torch.zeros(side**3))
        self.register_buffer("full", torch.ones(side**3, dtype=torch.bool))

    @torch.no_grad()
    def look(
        self, density: Callable[[Tensor], Tensor], cells: Tensor, random: torch.Generator
    ) -> None:
        """Asks for the density at a random point of cells (M,), and keeps the largest of late."""
        side = self.side
        corner = torch.stack([cells // side**2, cells // side % side, cells % side], 1)
        jitter = torch.rand(corner.shape, generator=random).to(cells.device)
        points = (corner + jitter) * (2 / side) - 1
        found = torch.cat([density(part) for part in points.split(PART)]) * self.step
        self.absorbed.mul_(DECAY ** (len(cells) / len(self.absorbed)))
        self.absorbed.scatter_reduce_(0, cells, found, "amax")  # a cell may be drawn twice
        torch.gt(self.absorbed, self.absorbed.mean().clamp(max=FULL), out=self.full)

    def drawn(self, count: int, random: torch.Generator) -> Tensor:
        """Cells to look at: half of them anywhere, half among those that are full."""
        device = self.full.device
        anywhere = torch.randint(len(self.full), (count // 2,), generator=random).to(device)
        full = self.full.nonzero()[:, 0]
        if not len(full):
            return anywhere
        chosen = torch.randint(len(full), (count // 2,), generator=random).to(device)
        return torch.cat([anywhere, full[chosen]])

    def fill(self, density: Callable[[Tensor], Tensor]) -> None:
        """What is full in a field that is learnt already."""
        random = torch.Generator().manual_seed(0)
        for _ in range(4):
            self.look(density, self.every(), random)

    def every(self) -> Tensor:
        """The numbers of all cells."""
        return torch.arange(len(self.full), device=self.full.device)

    @torch.no_grad()
    def march(
        self, rays: Rays, near: float, far: float, jitter: Tensor | None = None, steps: int = 1
    ) -> Samples:
        """The steps of rays through full cells, ``steps`` at a time; see ``march``."""
        length = self.step * steps
        return march(rays, self.space, self.full, self.side, length, near, far, jitter)
