"""How well a field of light shows views that it was not fitted to."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..scenes.scene import Scene
from .model import Light
from .photographs import Photographs, rays_of
from .volume import Rays, Seen

SCORED = 8192
"""Pixels, anywhere in the views that are held out."""
PART = 2048
"""Rays at once."""
SHOWN = 160
"""Pixels of the short side of a preview."""

Look = Callable[[Rays, "Tensor | None"], Seen]


class Scored:
    """Pixels of views that are held out, and the first of these views as a preview.

    background: what both are seen on, in [0, 1]. Views that are not of the training have the
    appearance of its first.
    """

    def __init__(self, scene: Scene, held: Photographs, background: float, seed: int = 1) -> None:
        self.background = background
        random = torch.Generator().manual_seed(seed)
        count = min(SCORED, len(held))
        self.batch = held.drawn(count, random, torch.device("cpu"))
        self._scene, self._number = scene, int(held.numbers[0])

    @torch.no_grad()
    def scores(self, look: Look, light: Light) -> dict[str, float]:
        wanted = self.batch.over(self.background)
        found = in_parts(look, light, self.batch.rays).over(self.background).clamp(0, 1)
        error = float((found - wanted).square().double().mean())
        return {"psnr": -10 * math.log10(max(error, 1e-12))}

    @torch.no_grad()
    def preview(self, look: Look, light: Light) -> NDArray[np.uint8]:
        """The view, beside how far away its points are: (H, 2 W, 3)."""
        width, height = (int(n) for n in self._scene.cameras.size[self._number])
        scale = min(1.0, SHOWN / min(width, height))
        columns, rows = max(round(width * scale), 1), max(round(height * scale), 1)
        x, y = np.meshgrid((np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows)
        pixels = np.stack([x.ravel() * width, y.ravel() * height], 1)
        views = np.full(len(pixels), self._number)
        seen = in_parts(look, light, rays_of(self._scene, views, pixels, torch.device("cpu")))
        colour = seen.over(self.background).clamp(0, 1).reshape(rows, columns, 3)
        shown = seen.opacity > 0.5
        depth = torch.zeros_like(seen.depth)
        if shown.any():
            low, high = seen.depth[shown].aminmax()
            near = 1 - (seen.depth - low) / (high - low).clamp(min=1e-6)
            depth = torch.where(shown, 0.15 + 0.85 * near.clamp(0, 1), depth)
        grey = depth.reshape(rows, columns, 1).expand(-1, -1, 3)
        return np.asarray((torch.cat([colour, grey], 1).numpy() * 255).round(), np.uint8)


def in_parts(look: Look, light: Light, rays: Rays, code: Tensor | None = None) -> Seen:
    """What rays show, PART at a time, back on the CPU. code (k,): of the appearance; that of the
    first photograph if not given."""
    device = next(light.parameters()).device
    if code is None and light.appearance is not None:
        code = light.appearance[0]
    found = []
    for start in range(0, len(rays), PART):
        part = rays.part(slice(start, start + PART)).to(device)
        codes = None if code is None else code.expand(len(part), -1)
        seen = look(part, codes)
        found.append([seen.colour.cpu(), seen.opacity.cpu(), seen.depth.cpu()])
    colour, opacity, depth = (torch.cat(parts) for parts in zip(*found, strict=True))
    return Seen(colour, opacity, depth, opacity.new_zeros(0))
