"""Coarse grids that are fields: features at the nodes of lattices, interpolated in between.

The nodes of a lattice lie at the multiples of its step, for ever and wherever a picture lies; so
what is interpolated between them is a function of the point, and pictures of every size, aspect
and region show the same one. From a lattice to the one of half its step goes the subdivision of
cubic B-splines (Lane and Riesenfeld, "A theoretical development for the computer generation and
display of piecewise polynomial surfaces", 1980), which leaves no creases along the coarse lines;
from the finest lattice to points goes plain linear interpolation, which is what a grid of a
program does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

MAX_NODES = 1 << 22
"""Of a lattice; one of 2048 x 2048 holds a gigabyte for every 64 features."""


@dataclass(frozen=True)
class Window:
    """The part of a lattice that some points need, for each of b sets of points.

    start: (b, 2), the numbers (of x, of y) of the first node. nx, ny: how many nodes there are.
    """

    start: Tensor
    nx: int
    ny: int
    step: float

    def axes(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """The coordinates of the nodes, x (b, nx) and y (b, ny)."""
        start = self.start.to(like.dtype)
        x = start[:, :1] + torch.arange(self.nx, dtype=like.dtype, device=like.device)
        y = start[:, 1:] + torch.arange(self.ny, dtype=like.dtype, device=like.device)
        return x * self.step, y * self.step

    def nodes(self, like: Tensor) -> Tensor:
        """The coordinates of the nodes, (b, ny, nx, 2)."""
        x, y = self.axes(like)
        shape = (len(x), self.ny, self.nx)
        return torch.stack([x[:, None, :].expand(shape), y[:, :, None].expand(shape)], -1)


def covering(low: Tensor, high: Tensor, steps: Sequence[float]) -> list[Window]:
    """The windows of nested lattices, the last of which covers boxes from low to high, (b, 2).

    steps: from the coarsest, each half the one before. ValueError for too large a box.
    """
    span = float((high - low).max()) / steps[-1]
    if not span * span <= MAX_NODES:
        raise ValueError(
            f"coordinates that span {span * steps[-1]:g}: expected at most "
            f"{MAX_NODES**0.5 * steps[-1]:g}"
        )
    start = torch.floor(low / steps[-1]).long()
    end = torch.floor(high / steps[-1]).long() + 1
    for _ in steps[1:]:
        start = torch.div(start - 1, 2, rounding_mode="floor")
    starts = [start]
    for _ in steps[1:]:
        starts.append(2 * starts[-1] + 1)
    nx, ny = (int(n) for n in (end - starts[-1]).amax(0) + 1)
    for _ in steps[1:]:
        nx, ny = (nx + 4) // 2, (ny + 4) // 2
    windows = []
    for first, step in zip(starts, steps, strict=True):
        windows.append(Window(first, nx, ny, step))
        nx, ny = 2 * nx - 3, 2 * ny - 3
    return windows


def refined(values: Tensor) -> Tensor:
    """Values on a window, (B, ny, nx, C), on the window that follows in ``covering``."""
    ny, nx = values.shape[1:3]
    return resampled(values, subdivision(ny, values), subdivision(nx, values))


def subdivision(count: int, like: Tensor) -> Tensor:
    """The matrix of one subdivision along an axis, (2 count - 3, count).

    Its first row lies midway between the first two nodes.
    """
    matrix = torch.zeros(2 * count - 3, count, dtype=torch.float64)
    at = torch.arange(count - 1)
    matrix[2 * at, at] = matrix[2 * at, at + 1] = 1 / 2
    at = at[:-1]
    matrix[2 * at + 1, at] = matrix[2 * at + 1, at + 2] = 1 / 8
    matrix[2 * at + 1, at + 1] = 6 / 8
    return matrix.to(like)


def resampled(values: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Values (B, ny, nx, C) through a matrix for each axis, ((B or 1,) my, ny) and ((B or 1,) mx,
    nx), to (B, my, mx, C)."""
    count, ny, _, channels = values.shape
    across = across if across.ndim == 2 else across[:, None]
    rows = torch.matmul(across, values)
    full = torch.matmul(down, rows.reshape(count, ny, -1))
    return full.reshape(count, full.shape[1], -1, channels)


def sampled(values: Tensor, window: Window, coords: Tensor, refinements: int) -> Tensor:
    """Values on a window, (B, ny, nx, C), subdivided some times and then interpolated linearly at
    points (B or 1, ..., 2), to (B, ..., C)."""
    if is_raster(coords):
        start, step = window.start.to(coords.dtype), window.step / 2**refinements
        for _ in range(refinements):
            start = 2 * start + 1
        x = coords[:, 0, :, 0] / step - start[:, :1]
        y = coords[:, :, 0, 1] / step - start[:, 1:]
        down = _hats(y, window.ny, refinements)
        across = _hats(x, window.nx, refinements)
        return resampled(values, down, across)
    for _ in range(refinements):
        values = refined(values)
        ny, nx = values.shape[1:3]
        window = Window(2 * window.start + 1, nx, ny, window.step / 2)
    return _gathered(values, window, coords)


def is_raster(coords: Tensor) -> bool:
    """Whether points (b, H, W, 2) lie in rows of one y and columns of one x."""
    if coords.ndim != 4:
        return False
    x, y = coords.unbind(-1)
    return bool((x == x[:, :1]).all()) and bool((y == y[:, :, :1]).all())


def _hats(places: Tensor, count: int, refinements: int) -> Tensor:
    """The matrix (b, n, count) from nodes to places (b, n), in steps of the refined lattice."""
    sizes = [count]
    for _ in range(refinements):
        sizes.append(2 * sizes[-1] - 3)
    nodes = torch.arange(sizes[-1], dtype=places.dtype, device=places.device)
    matrix = torch.clamp(1 - torch.abs(places[..., None] - nodes), min=0)
    for size in reversed(sizes[:-1]):
        matrix = matrix @ subdivision(size, matrix)
    return matrix


def _gathered(values: Tensor, window: Window, coords: Tensor) -> Tensor:
    count, ny, nx, channels = values.shape
    table = values.reshape(count, ny * nx, channels)
    shape = coords.shape[1:-1]
    place = coords.reshape(len(coords), -1, 2) / window.step
    place = place - window.start.to(place.dtype)[:, None]
    last = torch.tensor([nx - 2, ny - 2], device=place.device)
    cell = torch.minimum(torch.floor(place).long().clamp(min=0), last)
    right, below = (place - cell).unbind(-1)
    first = cell[..., 1] * nx + cell[..., 0]
    out = torch.zeros((), dtype=values.dtype, device=values.device)
    for step, weight in (
        (0, (1 - right) * (1 - below)),
        (1, right * (1 - below)),
        (nx, (1 - right) * below),
        (nx + 1, right * below),
    ):
        out = out + weight[..., None] * _rows(table, first + step)
    return out.reshape(count, *shape, channels)


def _rows(table: Tensor, number: Tensor) -> Tensor:
    """Rows (B, N, C) of tables (B, M, C), by their numbers (B or 1, N)."""
    if len(number) == 1:
        return table[:, number[0]]
    return table.gather(1, number[..., None].expand(-1, -1, table.shape[2]))
