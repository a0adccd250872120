"""Colours of surfaces to be fitted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .photographed import Photographed
from .shapes.meshes import Mesh
from .shapes.seen import Shot
from .shapes.textured import Textured

POOL = 1 << 21
"""Points that batches are drawn from."""
SCORED = 100_000
POINTS = 1 << 15
SIDE = 256
"""Pixels along each side of the two pictures of a preview."""


class TextureTask:
    """The colours of a surface as a function of the point, by their mean absolute error (Oechsle et
    al., "Texture fields", 2019, section 3.2).

    textured: in the box. batch: points in a step. seen: points in photographs of it, and others
    that are held out, in place of its own colours. The score is the PSNR in decibels on points of
    the surface that are held out.
    """

    name = "texture"

    def __init__(
        self,
        textured: Textured,
        *,
        batch: int = 8192,
        seen: tuple[Photographed, Photographed] | None = None,
    ) -> None:
        if batch < 1:
            raise ValueError(f"batch {batch}: expected 1 or more")
        self.batch = batch
        learnt, held = seen or (
            Photographed(points.astype(np.float32), colours)
            for points, colours in (
                textured.on_surface(POOL, np.random.default_rng(0)),
                textured.on_surface(SCORED, np.random.default_rng(1)),
            )
        )
        self._points = torch.from_numpy(learnt.points)
        self._colours = torch.from_numpy(learnt.colours)
        self._held, self._wanted = torch.from_numpy(held.points), held.colours
        self._shots = shots_of(textured.mesh)
        self.settings: Mapping[str, Any] = {"batch": batch, "faces": len(textured.mesh.faces)}

    def loss(self, field: nn.Module, random: torch.Generator, device: torch.device) -> Tensor:
        numbers = torch.randint(len(self._points), (self.batch,), generator=random)
        found = field(self._points[numbers].to(device))
        error: Tensor = (found - self._colours[numbers].to(device)).abs().mean()
        return error

    @torch.no_grad()
    def scores(self, field: nn.Module) -> dict[str, float]:
        return {"psnr": psnr(values_at(field, self._held).numpy(), self._wanted)}

    @torch.no_grad()
    def preview(self, field: nn.Module) -> NDArray[np.uint8]:
        """The mesh from two sides, in the colours of the field; (SIDE, 2 * SIDE, 3)."""
        return shots(self._shots, lambda points: values_at(field, points))


def shots_of(mesh: Mesh) -> list[Shot]:
    return [Shot(mesh, azimuth, 15.0, SIDE) for azimuth in (30.0, 210.0)]


def shots(kept: list[Shot], colours: Callable[[Tensor], Tensor]) -> NDArray[np.uint8]:
    """Pictures side by side, in colours of points (N, 3)."""
    found = [colours(torch.from_numpy(shot.points.astype(np.float32))) for shot in kept]
    pictures = [shot.picture(made.numpy()) for shot, made in zip(kept, found, strict=True)]
    return np.concatenate(pictures, 1)


def values_at(field: nn.Module, points: Tensor) -> Tensor:
    """What a module gives at points (N, inputs), on the CPU."""
    device = next(field.parameters()).device
    return torch.cat([field(part.to(device)).float().cpu() for part in points.split(POINTS)])


def psnr(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """In decibels, of colours in [0, 1], which are clipped to that."""
    error = float(np.square(np.clip(found, 0, 1) - wanted, dtype=float).mean())
    return -10 * math.log10(max(error, 1e-12))
