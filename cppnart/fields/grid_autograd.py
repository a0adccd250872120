"""Look-ups in several grids at once, for training on the CPU: machine code under torch's autograd.

The grids' values, what the tables learn, and the slopes of the coordinates are the three partial
derivatives of one form (see ``grid_code.py``), so each one's derivatives are again the others,
along one direction more. Three functions therefore differentiate any number of times.

Every table's sums are made by one thread in the order of the points, so results are the same to
the last bit for any number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from . import machine_code
from .kernel import SOURCES

TILE = 128
"""Points whose cells and weights are worked out at once: they stay in L1 cache."""
CHUNK = 1 << 13
"""Points that go through one grid before the next: its table stays in L2, and so do they."""
FEW = 1 << 10
"""Points for which another thread is not worth its start."""
LEVEL = 11
"""Numbers that describe a grid to the machine code."""
VALUES, SPREAD, SLOPES = range(3)


class Level(NamedTuple):
    """What a grid is beside its table; see ``program.Grid``."""

    resolution: tuple[int, ...]
    wrap: bool
    smooth: bool
    hashed: bool


Levels = tuple[Level, ...]


def look_up(points: Tensor, tables: Sequence[Tensor], levels: Levels) -> Tensor | None:
    """The values of all grids at points (N, d), side by side: (N, channels of all tables).

    None where the machine code does not serve: other devices, types other than float32, no numba.
    """
    if any(t.device.type != "cpu" or t.dtype != torch.float32 for t in (points, *tables)):
        return None
    if _function() is None:
        return None
    found: Tensor = _Values.apply(levels, 0, points, *tables)
    return found


# Each function takes (levels, order, points, ...): the weights of the corners are differentiated
# along ``order`` directions (N, d), which come before the tables.


class _Values(torch.autograd.Function):
    """(levels, order, points, *directions, *tables): the values (N, channels)."""

    @staticmethod
    def forward(ctx: Any, levels: Levels, order: int, points: Tensor, *rest: Tensor) -> Tensor:
        ctx.levels, ctx.order = levels, order
        ctx.save_for_backward(points, *rest)
        directions, tables = rest[:order], rest[order:]
        values = points.new_empty(len(points), sum(table.shape[1] for table in tables))
        _run(VALUES, levels, points, directions, tables, values)
        return values

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        (back,) = grads
        points, *rest = ctx.saved_tensors
        given = _Given(ctx.levels, points, back, rest[: ctx.order], rest[ctx.order :])
        needed = ctx.needs_input_grad[2:]
        moved = [needed[0] and given.slopes()]
        turned = [needed[1 + i] and given.without(i).slopes() for i in range(ctx.order)]
        return None, None, *_found(moved + turned), *given.spread(needed[1 + ctx.order :])


class _Slopes(torch.autograd.Function):
    """(levels, order, points, back, *directions, *tables): the slopes of the sum of the values
    times ``back`` along the coordinates, (N, d)."""

    @staticmethod
    def forward(
        ctx: Any, levels: Levels, order: int, points: Tensor, back: Tensor, *rest: Tensor
    ) -> Tensor:
        ctx.levels, ctx.order = levels, order
        ctx.save_for_backward(points, back, *rest)
        slopes = points.new_zeros(points.shape[1], len(points))
        _run(SLOPES, levels, points, rest[:order], rest[order:], back, slopes)
        return slopes.t()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        (along,) = grads
        points, back, *rest = ctx.saved_tensors
        directions, tables = rest[: ctx.order], rest[ctx.order :]
        given = _Given(ctx.levels, points, back, [*directions, along], tables)
        needed = ctx.needs_input_grad[2:]
        moved = [needed[0] and given.slopes(), needed[1] and given.values()]
        turned = [needed[2 + i] and given.without(i).slopes() for i in range(ctx.order)]
        return None, None, *_found(moved + turned), *given.spread(needed[2 + ctx.order :])


class _Spread(torch.autograd.Function):
    """(levels, order, rows, points, back, *directions): the slopes of the sum of the values times
    ``back`` in the tables, which have so many rows and columns."""

    @staticmethod
    def forward(
        ctx: Any,
        levels: Levels,
        order: int,
        shapes: list[torch.Size],
        points: Tensor,
        back: Tensor,
        *directions: Tensor,
    ) -> tuple[Tensor, ...]:
        ctx.levels, ctx.order = levels, order
        ctx.save_for_backward(points, back, *directions)
        tables = tuple(points.new_empty(shape) for shape in shapes)
        _run(SPREAD, levels, points, directions, tables, back)
        return tables

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        points, back, *directions = ctx.saved_tensors
        given = _Given(ctx.levels, points, back, directions, grads)
        needed = ctx.needs_input_grad[3:]
        moved = [needed[0] and given.slopes(), needed[1] and given.values()]
        turned = [needed[2 + i] and given.without(i).slopes() for i in range(ctx.order)]
        return None, None, None, *_found(moved + turned)


class _Given(NamedTuple):
    """The factors of the form, and its derivative in one of them."""

    levels: Levels
    points: Tensor
    back: Tensor
    directions: Sequence[Tensor]
    tables: Sequence[Tensor]

    def without(self, i: int) -> _Given:
        """The form is linear in a direction, so its slope in that one is the form without it."""
        return self._replace(directions=[*self.directions[:i], *self.directions[i + 1 :]])

    def values(self) -> Any:
        order = len(self.directions)
        return _Values.apply(self.levels, order, self.points, *self.directions, *self.tables)

    def slopes(self) -> Any:
        order = len(self.directions)
        rest = (*self.directions, *self.tables)
        return _Slopes.apply(self.levels, order, self.points, self.back, *rest)

    def spread(self, needed: Sequence[bool]) -> Sequence[Any]:
        if not any(needed):
            return [None] * len(self.tables)
        order, shapes = len(self.directions), [table.shape for table in self.tables]
        return _Spread.apply(
            self.levels, order, shapes, self.points, self.back, *self.directions
        )


def _found(slopes: list[Any]) -> list[Tensor | None]:
    return [None if slope is False else slope for slope in slopes]


# --- Machine code ---


_SOURCES = (*SOURCES, Path(__file__), Path(__file__).with_name("grid_code.py"))


def _function() -> machine_code.Function | None:
    slower = "training grids with torch, several times slower"
    return machine_code.function("cppnart.fields.grid_code", "look_up_grids", _SOURCES, slower)


def _run(
    kind: int,
    levels: Levels,
    points: Tensor,
    directions: Sequence[Tensor],
    tables: Sequence[Tensor],
    values: Tensor,
    slopes: Tensor | None = None,
) -> None:
    """Fills one of the three from the others: values (N, channels), the tables, slopes (d, N)."""
    count, d = points.shape
    order = len(directions)
    columns = points.t().contiguous()
    moves = torch.stack([v.t() for v in directions]) if directions else columns
    values = values.contiguous()
    tables = [table.contiguous() for table in tables]
    described = _described(levels, tables)
    call = _function()
    assert call is not None
    threads = torch.get_num_threads() if count >= FEW else 1

    def work(levels_of: tuple[int, int], first: int, stop: int) -> None:
        # per point of a tile: sums, factors, two spare rows; entries
        floats = np.empty(TILE * ((1 << order) + 2 * d * (order + 2) + 2), np.float32)
        whole = np.empty(TILE * (2 * d + 1), np.int64)
        call(
            *(kind, d, order, described.ctypes.data, *levels_of, len(tables)),
            *(columns.data_ptr(), moves.data_ptr(), values.data_ptr(), values.shape[1]),
            *(0 if slopes is None else slopes.data_ptr(), count, first, stop),
            *(floats.ctypes.data, whole.ctypes.data),
        )

    if kind == SPREAD:
        threads = min(threads, len(tables))
        _share([lambda n=n: work((n, threads), 0, count) for n in range(threads)])
    else:
        part = -(-count // (threads * TILE)) * TILE or TILE
        _share(
            [lambda s=s: work((0, 1), s, min(s + part, count)) for s in range(0, count, part)]
        )


def _described(levels: Levels, tables: Sequence[Tensor]) -> Any:
    rows, column = [], 0
    for level, table in zip(levels, tables, strict=True):
        entries, c = table.shape
        mask = entries - 1 if level.hashed else -1
        resolution = (*level.resolution, *(0,) * (4 - len(level.resolution)))
        flags = (int(level.wrap), int(level.smooth))
        rows.append((table.data_ptr(), entries, c, column, mask, *flags, *resolution))
        column += c
    return np.array(rows, np.int64)


def _share(tasks: list[Callable[[], None]]) -> None:
    """Runs the first here and the others beside it."""
    if len(tasks) > 1:
        others = [_pool(os.getpid()).submit(task) for task in tasks[1:]]
        tasks[0]()
        for other in others:
            other.result()
    elif tasks:
        tasks[0]()


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    """Threads that wait for work: starting them takes as long as a small look-up. A fork has its
    own."""
    return ThreadPoolExecutor(os.cpu_count())
