"""Batches: which pictures a step sees, and, with crops at many scales, which part of them.

Everything is drawn by the number of the step for the whole batch of all processes, of which each
then takes its share: so nothing needs to be kept for going on, and two processes of a batch n see
what one with a batch 2n sees.
"""

from __future__ import annotations

import math
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from cppnart.fields.coordinates import pixel_centers

from .pictures import Pictures


@dataclass(frozen=True)
class Share:
    """Which part of every batch a process works on."""

    rank: int = 0
    world: int = 1

    def of(self, batch: int) -> slice:
        """This process's part of a batch of all processes."""
        each = batch // self.world
        return slice(self.rank * each, (self.rank + 1) * each)


@dataclass(frozen=True)
class Batch:
    """images (B, C, H, W) in [-1, 1], straight alpha; coords (1 or B, H, W, 2); labels (B,) or
    None; spacing: of pixels in coordinates, a number or (B,); numbers (B,): which pictures."""

    images: Tensor
    coords: Tensor
    labels: Tensor | None
    spacing: Tensor
    numbers: Tensor

    def to(self, device: torch.device) -> Batch:
        def moved(tensor: Tensor) -> Tensor:
            return tensor.to(device, non_blocking=True)

        return Batch(
            moved(self.images),
            moved(self.coords),
            None if self.labels is None else moved(self.labels),
            moved(self.spacing),
            moved(self.numbers),
        )


class Batches:
    """Draws batches of pictures by the number of the step.

    batch: pictures a step, of all processes together. mirror: flip half of them left to right.
    labelled: give labels. Pictures come in rounds: each comes once before any comes again.
    """

    def __init__(
        self,
        pictures: Pictures,
        batch: int,
        *,
        seed: int = 0,
        mirror: bool = False,
        labelled: bool = False,
        share: Share | None = None,
    ) -> None:
        self.pictures, self.batch, self.seed, self.mirror = pictures, batch, seed, mirror
        self.share = share or Share()
        self.labelled = labelled and pictures.labels is not None
        form = pictures.form
        if batch < 1 or batch % self.share.world:
            raise ValueError(f"batch {batch}: expected a multiple of {self.share.world} processes")
        whole = pixel_centers(form.width, form.height).reshape(1, form.height, form.width, 2)
        self._coords = torch.from_numpy(whole.astype(np.float32))
        self._spacing = torch.tensor(2 / min(form.width, form.height))
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="crops")
        self._coming: tuple[int, Future[Batch] | None] = (-1, None)
        self._order = lru_cache(maxsize=2)(self._shuffled)

    def at(self, step: int) -> Batch:
        """The batch of a step, this process's share of it. Crops take time: those of the next step
        are cut while this one is computed."""
        if not self.pictures.form.anyres:
            return self._made(step)
        known, coming = self._coming
        batch = coming.result() if known == step and coming is not None else self._made(step)
        self._coming = (step + 1, self._pool.submit(self._made, step + 1))
        return batch

    def _made(self, step: int) -> Batch:
        random = np.random.default_rng([self.seed, step])
        part = self.share.of(self.batch)
        numbers = self.numbers(step)[part]
        flips = (random.random(self.batch) < 0.5)[part] & self.mirror
        shape = random.random((self.batch, 3))[part]
        if self.pictures.form.anyres:
            images, coords, spacing = self._crops(numbers, shape)
        else:
            images, coords = _levels(self.pictures.stacked[numbers]), self._coords
            spacing = self._spacing
        if flips.any():
            images[flips] = images[flips].flip(3)
            if self.pictures.form.anyres:  # the window lies on the other side then
                coords[flips] = coords[flips].flip(2) * torch.tensor([-1.0, 1.0])
        labels = None
        if self.labelled and self.pictures.labels is not None:
            labels = torch.from_numpy(self.pictures.labels[numbers])
        return Batch(images, coords, labels, spacing, torch.from_numpy(numbers))

    def numbers(self, step: int) -> NDArray[np.int64]:
        """Which pictures a step sees, in all processes."""
        count = len(self.pictures)
        places = np.arange(step * self.batch, (step + 1) * self.batch)
        rounds = places // count
        found = np.empty(self.batch, np.int64)
        for number in np.unique(rounds):
            own = rounds == number
            found[own] = self._order(int(number))[places[own] % count]
        return found

    def _shuffled(self, number: int) -> NDArray[np.int64]:
        """The order of one round."""
        random = np.random.default_rng([self.seed, 1 << 40, number])
        return random.permutation(len(self.pictures))

    # --- Crops at many scales ---

    def _crops(
        self, numbers: NDArray[np.int64], draws: NDArray[np.float64]
    ) -> tuple[Tensor, Tensor, Tensor]:
        form = self.pictures.form
        images = np.empty((len(numbers), form.height, form.width, form.channels), np.uint8)
        coords = np.empty((len(numbers), form.height, form.width, 2), np.float32)
        spacing = np.empty(len(numbers), np.float32)
        for place, (number, own) in enumerate(zip(numbers, draws, strict=True)):
            window = draw_window(self.pictures[number].shape[:2], (form.height, form.width), own)
            images[place] = cut(self.pictures[number], window)
            coords[place], spacing[place] = window.coords(), window.spacing
        return _levels(images), torch.from_numpy(coords), torch.from_numpy(spacing)


@dataclass(frozen=True)
class Window:
    """A part of a picture as a training image of ``width`` x ``height``.

    size: of the whole picture, (height, width), in its own pixels; scale: of its pixels to a
    side of the image's; left, top: where the part begins, in the picture's pixels.
    """

    size: tuple[int, int]
    scale: float
    left: float
    top: float
    height: int
    width: int

    @property
    def spacing(self) -> float:
        """Of pixels, in coordinates in which the picture's short side spans [-1, 1]."""
        return 2 * self.scale / min(self.size)

    def coords(self) -> NDArray[np.float32]:
        """Where the pixels' centres lie, (height, width, 2)."""
        down, across = np.mgrid[0 : self.height, 0 : self.width] + 0.5
        x = (self.left + across * self.scale - self.size[1] / 2) * 2 / min(self.size)
        y = (self.top + down * self.scale - self.size[0] / 2) * 2 / min(self.size)
        return np.stack([x, y], -1).astype(np.float32)


def draw_window(
    size: tuple[int, int], frame: tuple[int, int], draws: NDArray[np.float64]
) -> Window:
    """A part of a picture of this size, for a frame (height, width): any scale from the smallest
    that fills the frame to the picture's own pixels, evenly in its logarithm, and any place.

    draws: three numbers in [0, 1): of scale, across and down.
    """
    most = min(size[0] / frame[0], size[1] / frame[1])
    scale = math.exp(draws[0] * math.log(most)) if most > 1 else most
    left = draws[1] * (size[1] - frame[1] * scale)
    top = draws[2] * (size[0] - frame[0] * scale)
    return Window(size, scale, left, top, *frame)


def cut(pixels: NDArray[np.uint8], window: Window) -> NDArray[np.uint8]:
    """The part of a picture, (H, W, C), that a window shows. What lies round it is seen by the
    filter, so that its border is like its middle."""
    height, width, channels = pixels.shape
    right = min(window.left + window.width * window.scale, width)
    bottom = min(window.top + window.height * window.scale, height)
    image = Image.fromarray(pixels if channels > 1 else pixels[..., 0])
    box = (window.left, window.top, right, bottom)
    made = image.resize((window.width, window.height), Image.Resampling.LANCZOS, box)
    return np.asarray(made).reshape(window.height, window.width, channels)


def _levels(pixels: NDArray[np.uint8]) -> Tensor:
    """(B, H, W, C) levels as (B, C, H, W) in [-1, 1]."""
    planes = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2)
    return planes.to(torch.float32).mul_(1 / 127.5).sub_(1.0).contiguous()
