"""Look-ups in several grids at once, for training on the CPU: machine code under torch's autograd.

The values that are looked up are linear in the tables. With a slope for each value as one more
factor they are a *form*, a number, and the values, what the tables learn and the slopes of the
coordinates are its derivatives in one factor each: ``back``, ``tables`` or ``points``. Derivatives
of these are the same three of the form along one direction more, and so on without end.

Every table's sums are made by one thread in the order of the points, so results are the same to
the last bit for any number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
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
"""The derivatives of a form: in ``back``, in ``tables``, in ``points``."""


class Level(NamedTuple):
    """What a grid is beside the numbers in its table (entries, channels); see ``program.Grid``."""

    entries: int
    channels: int
    resolution: tuple[int, ...]
    wrap: bool
    smooth: bool
    hashed: bool


def get_ready() -> None:
    """Compiles the machine code where that was never done, so that it is not part of a fit."""
    _function()


def look_up(points: Tensor, tables: Sequence[Tensor], levels: Sequence[Level]) -> Tensor | None:
    """The values of all grids at points (N, d), side by side: (N, channels of all levels).

    They can be differentiated any number of times. None where the machine code does not serve: on
    other devices, with other types than float32, without numba.
    """
    if any(t.device.type != "cpu" or t.dtype != torch.float32 for t in (points, *tables)):
        return None
    if _function() is None:
        return None
    return _Form(tuple(levels), points, None, (), tuple(tables)).values()


class _Form(NamedTuple):
    """The sum over points n, grids and channels c of back[n, c] times the value of c at n,

    differentiated in the points along each of the directions. points (N, d), back (N, channels),
    directions (N, d) each; back or tables is None where the derivative in it is asked for.
    """

    levels: tuple[Level, ...]
    points: Tensor
    back: Tensor | None
    directions: tuple[Tensor, ...]
    tables: tuple[Tensor, ...] | None

    def values(self) -> Tensor:
        (values,) = _derivative(VALUES, self._replace(back=None))
        return values

    def slopes(self) -> Tensor:
        (slopes,) = _derivative(SLOPES, self)
        return slopes

    def spread(self) -> tuple[Tensor, ...]:
        return _derivative(SPREAD, self._replace(tables=None))

    def turned(self, i: int) -> Tensor:
        """The derivative in direction i, in which the form is linear."""
        left = self.directions[:i] + self.directions[i + 1 :]
        return self._replace(directions=left).slopes()

    def times(self, kind: int, grads: tuple[Tensor, ...]) -> _Form:
        """One of its derivatives, times slopes of the same shapes, which is a form again."""
        if kind == VALUES:
            return self._replace(back=grads[0])
        if kind == SPREAD:
            return self._replace(tables=grads)
        return self._replace(directions=(*self.directions, grads[0]))

    def factors(self) -> dict[str | int, tuple[Tensor, ...]]:
        """By name, or number of a direction, the factors that are given."""
        given: dict[str | int, tuple[Tensor, ...]] = {"points": (self.points,)}
        if self.back is not None:
            given["back"] = (self.back,)
        given |= {i: (direction,) for i, direction in enumerate(self.directions)}
        if self.tables is not None:
            given["tables"] = self.tables
        return given

    def with_factors(self, given: Sequence[Tensor]) -> _Form:
        """The same with these tensors, in the order of factors()."""
        rest = list(given)
        points = rest.pop(0)
        back = None if self.back is None else rest.pop(0)
        count = len(self.directions)
        tables = None if self.tables is None else tuple(rest[count:])
        return _Form(self.levels, points, back, tuple(rest[:count]), tables)

    def derivative(self, factor: str | int) -> tuple[Tensor, ...]:
        if factor == "tables":
            return self.spread()
        if factor == "points":
            return (self.slopes(),)
        return (self.values() if factor == "back" else self.turned(int(factor)),)


def _derivative(kind: int, form: _Form) -> tuple[Tensor, ...]:
    """A derivative of a form, with its own derivatives where they may be asked for.

    There is a node for each factor, so that autograd works out only what is asked for: Function
    cannot tell what that is. All but one of them add nothing.
    """
    with torch.no_grad():
        found = _compute(kind, form)
    if not torch.is_grad_enabled():
        return found
    learning = [f for f, given in form.factors().items() if any(g.requires_grad for g in given)]
    for number, factor in enumerate(learning):
        ready = found if number == 0 else tuple(f.new_zeros(()).expand(f.shape) for f in found)
        made = _Node.apply(kind, form, factor, ready, *form.factors()[factor])
        found = made if number == 0 else tuple(a + b for a, b in zip(found, made, strict=True))
    return found


class _Node(torch.autograd.Function):
    """A derivative of a form as a function of one of its factors; it is worked out already."""

    @staticmethod
    def forward(
        ctx: Any, kind: int, form: _Form, factor: str | int, ready: Any, *given: Tensor
    ) -> Any:
        every = [tensor for tensors in form.factors().values() for tensor in tensors]
        ctx.save_for_backward(*every)
        ctx.kind, ctx.factor = kind, factor
        ctx.form = form.with_factors([torch.empty(0)] * len(every))
        return ready

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        form = ctx.form.with_factors(ctx.saved_tensors).times(ctx.kind, grads)
        return None, None, None, None, *form.derivative(ctx.factor)


# --- Machine code ---

_SOURCES = (*SOURCES, Path(__file__), Path(__file__).with_name("grid_code.py"))


def _function() -> machine_code.Function | None:
    slower = "training grids with torch, several times slower"
    return machine_code.function("cppnart.fields.grid_code", "look_up_grids", _SOURCES, slower)


def _compute(kind: int, form: _Form) -> tuple[Tensor, ...]:
    count, d = form.points.shape
    order = len(form.directions)
    points = form.points.t().contiguous()
    moves = torch.stack([v.t() for v in form.directions]) if order else points
    width = sum(level.channels for level in form.levels)
    back = points.new_empty(count, width) if form.back is None else form.back.contiguous()
    slopes = points.new_zeros((d, count) if kind == SLOPES else ())
    if form.tables is None:
        tables = tuple(points.new_empty(v.entries, v.channels) for v in form.levels)
    else:
        tables = tuple(table.contiguous() for table in form.tables)
    described = _described(form.levels, tables)
    call = _function()
    assert call is not None

    def work(level: int, step: int, first: int, stop: int) -> None:
        # for each point of a tile: sums over corners, factors of axes, two spare rows; entries
        floats = np.empty(TILE * ((1 << order) + 2 * d * (order + 2) + 2), np.float32)
        whole = np.empty(TILE * (2 * d + 1), np.int64)
        call(
            *(kind, d, order, described.ctypes.data, level, step, len(tables)),
            *(points.data_ptr(), moves.data_ptr(), back.data_ptr(), width, slopes.data_ptr()),
            *(count, first, stop, floats.ctypes.data, whole.ctypes.data),
        )

    threads = torch.get_num_threads() if count >= FEW else 1
    if kind == SPREAD:
        threads = min(threads, len(tables))
        _together([partial(work, level, threads, 0, count) for level in range(threads)])
        return tables
    part = -(-count // (threads * TILE)) * TILE
    starts = range(0, count, max(part, 1))
    _together([partial(work, 0, 1, start, min(start + part, count)) for start in starts])
    return (back if kind == VALUES else slopes.t(),)


def _described(levels: Sequence[Level], tables: Sequence[Tensor]) -> Any:
    rows, column = [], 0
    for level, table in zip(levels, tables, strict=True):
        mask = level.entries - 1 if level.hashed else -1
        sides = (*level.resolution, *(0,) * (4 - len(level.resolution)))
        shape = (table.data_ptr(), level.entries, level.channels, column, mask)
        rows.append((*shape, level.wrap, level.smooth, *sides))
        column += level.channels
    return np.array(rows, np.int64)


def _together(tasks: list[partial[None]]) -> None:
    """Runs the first here and the others beside it."""
    others = [_pool(os.getpid()).submit(task) for task in tasks[1:]]
    for task in tasks[:1]:
        task()
    for other in others:
        other.result()


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    """Threads that wait for work, since starting one takes as long as a small look-up; a process
    that was forked has its own."""
    return ThreadPoolExecutor(os.cpu_count())
