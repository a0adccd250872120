"""Photographs of a scene as rays and colours to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..scenes.cameras import Cameras, ndc
from ..scenes.scene import Scene
from .volume import Rays

MAX_PIXELS = 1 << 31
"""Four bytes each."""


@dataclass(frozen=True)
class Batch:
    """Rays, the number of the photograph that each is of, (R,), counted among those at hand, its
    place there (R, 2) in [0, 1], right and down, and what it shows: RGBA (R, 4) in [0, 1],
    straight."""

    rays: Rays
    views: Tensor
    places: Tensor
    colours: Tensor

    def over(self, background: Tensor | float) -> Tensor:
        alpha = self.colours[:, 3:]
        return self.colours[:, :3] * alpha + background * (1 - alpha)


class Photographs:
    """Photographs of a scene, their pixels side by side in memory: four bytes for each.

    numbers: of the views in the scene. Masked pixels do not count. Raises ValueError where they
    are more than MAX_PIXELS, or none.
    """

    def __init__(self, scene: Scene, numbers: Sequence[int] | NDArray[np.int64]) -> None:
        self.scene, self.numbers = scene, np.asarray(numbers, np.int64)
        sizes = scene.cameras.size[self.numbers].astype(np.int64)
        total = int(sizes.prod(1).sum())
        if not total:
            raise ValueError(f"{scene.name}: no photographs")
        if total > MAX_PIXELS:
            raise ValueError(
                f"{scene.name}: {total} pixels of photographs: expected at most {MAX_PIXELS};"
                " smaller pictures, or fewer, show as much"
            )
        self._sizes, self._widths = sizes, sizes[:, 0]
        self._starts = np.concatenate([[0], sizes.prod(1).cumsum()])
        self._colours = np.empty((total, 4), np.uint8)
        masked = False
        counts = np.ones(total, bool)
        for place, number in enumerate(self.numbers):
            part = slice(self._starts[place], self._starts[place + 1])
            self._colours[part] = scene.pixels(int(number)).reshape(-1, 4)
            mask = scene.mask(int(number))
            if mask is not None:
                counts[part] = mask.reshape(-1)
                masked = True
        self.transparent = bool((self._colours[:, 3] < 255).any())
        self._kept = np.flatnonzero(counts) if masked else None
        if self._kept is not None and not len(self._kept):
            raise ValueError(f"{scene.name}: the masks leave nothing of the photographs")

    def __len__(self) -> int:
        """How many pixels count."""
        return int(self._starts[-1]) if self._kept is None else len(self._kept)

    def drawn(self, count: int, random: torch.Generator, device: torch.device) -> Batch:
        """``count`` pixels anywhere in all photographs."""
        which = torch.randint(len(self), (count,), generator=random).numpy()
        return self.batch(which if self._kept is None else self._kept[which], device)

    def centred(self, count: int, random: torch.Generator, device: torch.device) -> Batch:
        """``count`` pixels of the middle half of each side: where scenes of things have them."""
        views = torch.randint(len(self.numbers), (count,), generator=random).numpy()
        sizes = self.scene.cameras.size[self.numbers[views]]
        at = torch.rand((count, 2), generator=random).numpy()
        x, y = np.floor((0.25 + 0.5 * at) * sizes).astype(np.int64).T
        return self.batch(self._starts[views] + y * self._widths[views] + x, device)

    def whole(self, place: int, device: torch.device) -> Batch:
        """All pixels of one photograph, row by row."""
        return self.batch(np.arange(self._starts[place], self._starts[place + 1]), device)

    def reach(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The lowest and the highest corner (3,) of a box in which all rays are, where depths are
        from 0 to 1."""
        ends = []
        for number in self.numbers:
            width, height = self.scene.cameras.size[number]
            corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], float)
            rays = rays_of(self.scene, np.full(4, number), corners, torch.device("cpu"))
            ends += [rays.origins.numpy(), (rays.origins + rays.directions).numpy()]
        found = np.concatenate(ends).astype(float)
        return found.min(0), found.max(0)

    def batch(self, pixels: NDArray[np.int64], device: torch.device) -> Batch:
        """Chosen pixels, by their numbers in all photographs."""
        views = np.searchsorted(self._starts, pixels, "right") - 1
        within = pixels - self._starts[views]
        y, x = np.divmod(within, self._widths[views])
        at = np.stack([x, y], 1) + 0.5
        rays = rays_of(self.scene, self.numbers[views], at, device)
        colours = torch.from_numpy(self._colours[pixels]).to(device).float() / 255
        places = torch.from_numpy((at / self._sizes[views]).astype(np.float32)).to(device)
        return Batch(rays, torch.from_numpy(views).to(device), places, colours)


def rays_of(
    scene: Scene, views: NDArray[np.int64], pixels: NDArray[np.float64], device: torch.device
) -> Rays:
    """Rays through pixels (N, 2) of views (N,) of a scene, in the space that it is learnt in."""
    return rays_through(scene.cameras, views, pixels, scene.ndc, device)


def rays_through(
    cameras: Cameras,
    views: NDArray[np.int64],
    pixels: NDArray[np.float64],
    normalised: bool,
    device: torch.device,
) -> Rays:
    """normalised: in the coordinates of ``ndc``, where they look as they do in the world."""
    origins, directions = cameras.rays(views, pixels)
    ways = None
    if normalised:
        ways = torch.from_numpy(directions / np.linalg.norm(directions, axis=1, keepdims=True))
        ways = ways.to(device)
        origins, directions = ndc(origins, directions, cameras.focal[views], cameras.size[views])
    return Rays(torch.from_numpy(origins).to(device), torch.from_numpy(directions).to(device), ways)
