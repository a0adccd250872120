"""Pictures to be fitted: colours at the coordinates of their pixels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

HOLDOUTS = ("none", "checkerboard", "odd")
POINTS = 1 << 15
"""Evaluated at once where the whole picture is."""
SCORED = 1 << 20
"""The most pixels that a score is taken of; of larger pictures, so many spread evenly."""
PREVIEW = 512
"""The longest side of a preview, in pixels, whatever the size of the picture."""


class ImageTask:
    """A picture (H, W, channels), uint8 or uint16, as a function from points to encoded colours.

    batch: pixels in a step, drawn anew each time; None for all of them. holdout: what is not
    trained on but scored: ``none``; ``checkerboard``, every other pixel; ``odd``: pixels of odd row
    and column, while only those of even row and column are trained on (the protocol of Tancik et
    al., "Fourier features let networks learn high frequency functions", 2020). The score that
    counts is the PSNR in decibels of what is held out, if there is anything. beside: previews show
    the picture beside the field.

    Points are made of the numbers of pixels as they are drawn, so that memory holds the picture
    and no more.
    """

    name = "image"

    def __init__(
        self,
        pixels: NDArray[Any],
        *,
        batch: int | None = 8192,
        holdout: str = "none",
        beside: bool = False,
    ) -> None:
        if holdout not in HOLDOUTS:
            raise ValueError(f"holdout {holdout!r}: expected {', '.join(HOLDOUTS)}")
        self.height, self.width, self.channels = pixels.shape
        if holdout != "none" and min(self.height, self.width) < 2:
            raise ValueError(f"holdout {holdout}: a picture of {self.width}x{self.height} has none")
        self.batch, self.holdout, self.beside = batch, holdout, beside
        self._pixels = np.ascontiguousarray(pixels).reshape(-1, self.channels)
        self._white = float(np.iinfo(pixels.dtype).max)
        size = [self.width, self.height, self.channels]
        self.settings: Mapping[str, Any] = {"size": size, "batch": batch, "holdout": holdout}

    # --- Pixels by their numbers ---

    def points(self, numbers: Tensor) -> Tensor:
        """The centres of pixels, (N, 2): the short side of the picture spans [-1, 1]."""
        short = min(self.width, self.height)
        x, y = numbers % self.width, numbers // self.width
        centred = torch.stack([2 * x + 1 - self.width, 2 * y + 1 - self.height], 1)
        return torch.div(centred.float(), short)

    def colours(self, numbers: Tensor) -> Tensor:
        """(N, channels) in [0, 1]."""
        levels = self._pixels[numbers.numpy()].astype(np.float32)
        return torch.from_numpy(levels / np.float32(self._white))

    def numbers(self, held_out: bool) -> Tensor:
        """The pixels that are trained on, or those that are held out; a sample of very many."""
        count = self.width * self.height
        numbers = torch.arange(count)
        if count > SCORED:  # always the same ones
            numbers = torch.randint(count, (SCORED,), generator=torch.Generator().manual_seed(0))
        x, y = numbers % self.width, numbers // self.width
        if self.holdout == "none":
            return numbers[:0] if held_out else numbers
        if self.holdout == "checkerboard":
            return numbers[(x + y) % 2 == int(held_out)]
        return numbers[(x % 2 == int(held_out)) & (y % 2 == int(held_out))]

    def _drawn(self, count: int, random: torch.Generator) -> Tensor:
        columns, rows = self.width, self.height
        if self.holdout == "odd":
            columns, rows = (columns + 1) // 2, (rows + 1) // 2
        elif self.holdout == "checkerboard":
            columns = columns // 2
        chosen = torch.randint(columns * rows, (count,), generator=random)
        x, y = chosen % columns, chosen // columns
        if self.holdout == "odd":
            x, y = 2 * x, 2 * y
        elif self.holdout == "checkerboard":
            x = 2 * x + y % 2
        numbers: Tensor = y * self.width + x
        return numbers

    # --- What a fit asks for ---

    def loss(self, field: nn.Module, random: torch.Generator, device: torch.device) -> Tensor:
        if self.batch is None:
            numbers = self.numbers(held_out=False)
        else:
            numbers = self._drawn(self.batch, random)
        points, colours = self.points(numbers).to(device), self.colours(numbers).to(device)
        error: Tensor = (field(points) - colours).square().mean()
        return error

    @torch.no_grad()
    def scores(self, field: nn.Module) -> dict[str, float]:
        train = {"psnr": self._psnr(field, self.numbers(held_out=False))}
        if self.holdout == "none":
            return train
        return {"test_psnr": self._psnr(field, self.numbers(held_out=True)), **train}

    def _psnr(self, field: nn.Module, numbers: Tensor) -> float:
        total = 0.0
        for part, values in self._evaluated(field, numbers):
            total += float((values - self.colours(part)).double().square().sum())
        error = total / (len(numbers) * self.channels)
        return -10 * math.log10(max(error, 1e-12))

    def _evaluated(self, field: nn.Module, numbers: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        device = next(field.parameters()).device
        for part in numbers.split(POINTS):
            yield part, field(self.points(part).to(device)).float().clamp(0, 1).cpu()

    @torch.no_grad()
    def preview(self, field: nn.Module) -> NDArray[np.uint8]:
        """The picture as the field has it, its longest side PREVIEW pixels."""
        factor = PREVIEW / max(self.width, self.height)
        width, height = (max(2, round(side * factor)) for side in (self.width, self.height))
        shown = ImageTask(np.zeros((height, width, self.channels), np.uint8))
        values = torch.cat([v for _, v in shown._evaluated(field, torch.arange(width * height))])
        picture = _as_rgb(values).reshape(height, width, 3)
        if not self.beside:
            return picture
        x = (np.arange(width) * self.width) // width
        y = (np.arange(height) * self.height) // height
        target = _as_rgb(self.colours(torch.from_numpy(y[:, None] * self.width + x).flatten()))
        return np.concatenate([target.reshape(height, width, 3), picture], 1)


def _as_rgb(values: Tensor | NDArray[Any]) -> NDArray[np.uint8]:
    """Colours (N, channels) as levels (N, 3)."""
    levels = (np.asarray(values) * 255 + 0.5).astype(np.uint8)
    return levels[:, :3] if levels.shape[1] >= 3 else levels[:, :1].repeat(3, 1)
