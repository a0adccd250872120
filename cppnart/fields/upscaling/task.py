"""Photographs, small and large, as a signal to be fitted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..parallel import Group

FACTORS = (4, 2, 3, 6, 8)
"""At which is scored: three that are trained, and two beyond them."""
LARGEST_FACTOR = 4


class UpscalingTask:
    """Crops of photographs, shrunk by a factor that is drawn for each batch, to be made large.

    pictures: (H, W, 3) uint8 each; held_out: what is scored. batch: crops in a step. side: of the
    small crops, in pixels. points: drawn from each large crop, by default as many as the small one
    has pixels. The factor is drawn from 1 to LARGEST_FACTOR (Chen, Liu and Wang, "Learning
    continuous image representation with local implicit image function", 2021, section 4). group: of
    processes, of which each takes its share of every batch.
    """

    name = "upscaler"

    def __init__(
        self,
        pictures: Sequence[NDArray[np.uint8]],
        held_out: Sequence[NDArray[np.uint8]],
        *,
        batch: int = 16,
        side: int = 48,
        points: int | None = None,
        group: Group | None = None,
    ) -> None:
        self.group = group or Group()
        if batch % self.group.world:
            raise ValueError(f"batch {batch}: expected a multiple of {self.group.world} processes")
        self.pictures = [torch.tensor(p).permute(2, 0, 1) for p in pictures]
        self.held_out = [torch.tensor(p).permute(2, 0, 1) for p in held_out]
        self.batch, self.side, self.points = batch, side, points or side * side
        self.settings: Mapping[str, Any] = {
            "pictures": len(pictures),
            "held_out": len(held_out),
            "batch": batch,
            "side": side,
        }

    def loss(self, model: nn.Module, random: torch.Generator, device: torch.device) -> Tensor:
        factor = 1 + (LARGEST_FACTOR - 1) * float(torch.rand((), generator=random))
        large = self._crops(round(self.side * factor), random).to(device)
        small = quantised(shrunk(large, self.side, self.side))
        rows, columns = large.shape[2:]
        chosen = torch.randint(rows * columns, (self.batch, self.points), generator=random)
        chosen = chosen[self.group.rank :: self.group.world].to(device)
        scale = torch.tensor([self.side / columns, self.side / rows], device=device)
        points = (torch.stack([chosen % columns, chosen // columns], 2) + 0.5) * scale
        colours = large.flatten(2).gather(2, chosen[:, None].expand(-1, 3, -1)).transpose(1, 2)
        cell = torch.full((len(large),), self.side / columns, device=device)
        error: Tensor = (model(small, points, cell) - colours).abs().mean()
        return error

    def _crops(self, side: int, random: torch.Generator) -> Tensor:
        """(share of the batch, 3, side, side) in [0, 1], turned and mirrored at random."""
        crops = []
        numbers = torch.randint(len(self.pictures), (self.batch,), generator=random).tolist()
        for place, number in enumerate(numbers):
            picture = self.pictures[number]
            top, left = (
                int(torch.randint(size - side + 1, (), generator=random))
                for size in picture.shape[1:]
            )
            turn = int(torch.randint(8, (), generator=random))
            if place % self.group.world != self.group.rank:  # drawn all the same, by everybody
                continue
            crop = picture[:, top : top + side, left : left + side].float() / 255
            crop = crop.flip(2) if turn & 1 else crop
            crop = crop.flip(1) if turn & 2 else crop
            crops.append(crop.transpose(1, 2) if turn & 4 else crop)
        return torch.stack(crops)

    def scores(self, model: nn.Module) -> dict[str, float]:
        """PSNR in decibels, of luma without a border of as many pixels as the factor, as tables of
        benchmarks have it; then of RGB with six more of border, as those of large photographs.
        Nothing where no pictures are held out."""
        if not self.held_out:
            return {}
        device = next(model.parameters()).device
        luma: dict[str, list[float]] = {f"psnr_x{factor}": [] for factor in FACTORS}
        colours: dict[str, list[float]] = {f"rgb_x{factor}": [] for factor in FACTORS}
        for picture in self.held_out:
            for factor in FACTORS:
                large = cropped(picture.float()[None].to(device) / 255, factor)
                rows, columns = large.shape[2:]
                small = quantised(shrunk(large, rows // factor, columns // factor))
                made = enlarged(model, small, rows, columns)
                luma[f"psnr_x{factor}"].append(luma_psnr(made, large, factor))
                colours[f"rgb_x{factor}"].append(rgb_psnr(made, large, factor + 6))
        return {name: float(np.mean(found)) for name, found in (luma | colours).items()}

    def preview(self, model: nn.Module) -> NDArray[np.uint8] | None:
        return None


def cropped(pictures: Tensor, factor: int) -> Tensor:
    rows, columns = (side // factor * factor for side in pictures.shape[2:])
    return pictures[:, :, :rows, :columns]


def shrunk(pictures: Tensor, rows: int, columns: int) -> Tensor:
    """By a cubic filter, antialiased: how the small pictures of the field's tables are made."""
    made = functional.interpolate(pictures, (rows, columns), mode="bicubic", antialias=True)
    return made.clamp(0, 1)


def quantised(pictures: Tensor) -> Tensor:
    return (pictures * 255).round() / 255


def enlarged(model: nn.Module, small: Tensor, rows: int, columns: int) -> Tensor:
    """(B, 3, rows, columns) in [0, 1]."""
    height, width = small.shape[2:]
    y, x = torch.meshgrid(
        (torch.arange(rows, device=small.device) + 0.5) * height / rows,
        (torch.arange(columns, device=small.device) + 0.5) * width / columns,
        indexing="ij",
    )
    points = torch.stack([x, y], 2).reshape(1, -1, 2).expand(len(small), -1, -1)
    cell = torch.full((len(small),), math.sqrt(height * width / (rows * columns)))
    made: Tensor = model(small, points, cell.to(small.device))
    return made.transpose(1, 2).reshape(len(small), 3, rows, columns).clamp(0, 1)


LUMA = (65.481, 128.553, 24.966)


def luma_psnr(made: Tensor, true: Tensor, border: int) -> float:
    """Of the luma of BT.601 in studio range, without a border."""
    weights = torch.tensor(LUMA, device=made.device)[None, :, None, None] / 255
    return _decibels(((quantised(made) - true) * weights).sum(1), border)


def rgb_psnr(made: Tensor, true: Tensor, border: int) -> float:
    return _decibels(quantised(made) - true, border)


def _decibels(error: Tensor, border: int) -> float:
    inner = error[..., border:-border, border:-border]
    return -10 * math.log10(max(float(inner.square().mean()), 1e-12))
