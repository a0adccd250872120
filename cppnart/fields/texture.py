"""Colours of surfaces to be fitted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .shapes.textured import Textured

POOL = 1 << 21
"""Points that batches are drawn from."""
SCORED = 100_000
POINTS = 1 << 15


class TextureTask:
    """The colours of a surface as a function of the point, by their mean absolute error (Oechsle et
    al., "Texture fields", 2019, section 3.2).

    textured: in the box. batch: points in a step. The score is the PSNR in decibels on points of
    the surface that are held out.
    """

    name = "texture"

    def __init__(self, textured: Textured, *, batch: int = 8192) -> None:
        if batch < 1:
            raise ValueError(f"batch {batch}: expected 1 or more")
        self.batch = batch
        points, colours = textured.on_surface(POOL, np.random.default_rng(0))
        self._points = torch.from_numpy(points.astype(np.float32))
        self._colours = torch.from_numpy(colours)
        points, self._wanted = textured.on_surface(SCORED, np.random.default_rng(1))
        self._held = torch.from_numpy(points.astype(np.float32))
        self.settings: Mapping[str, Any] = {"batch": batch, "faces": len(textured.mesh.faces)}

    def loss(self, field: nn.Module, random: torch.Generator, device: torch.device) -> Tensor:
        numbers = torch.randint(len(self._points), (self.batch,), generator=random)
        found = field(self._points[numbers].to(device))
        error: Tensor = (found - self._colours[numbers].to(device)).abs().mean()
        return error

    @torch.no_grad()
    def scores(self, field: nn.Module) -> dict[str, float]:
        device = next(field.parameters()).device
        parts = [field(part.to(device)).float().cpu() for part in self._held.split(POINTS)]
        return {"psnr": psnr(torch.cat(parts).numpy(), self._wanted)}

    def preview(self, field: nn.Module) -> NDArray[np.uint8] | None:
        return None


def psnr(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """In decibels, of colours in [0, 1], which are clipped to that."""
    error = float(np.square(np.clip(found, 0, 1) - wanted, dtype=float).mean())
    return -10 * math.log10(max(error, 1e-12))
