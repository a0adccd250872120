"""How fast grids learn: the machine code against plain torch indexing with autograd."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from measure import Row, best, interleaved, times
from torch import Tensor

from cppnart.fields import grid_autograd
from cppnart.fields.derivatives import gradient
from cppnart.fields.networks import NETWORKS
from cppnart.fields.torch_backend import ProgramModule

ASKED = 3.0
CASES = (
    (1, 1 << 13, {"levels": 12, "entries": 1 << 17}),
    (2, 1 << 13, {"levels": 12, "entries": 1 << 17}),
    (3, 1 << 16, {"levels": 16, "entries": 1 << 19}),
)
"""Dimensions, points in a step, and the grids of a picture and of a solid."""


def _grids(d: int, options: dict[str, Any]) -> Any:
    """The grids alone of the network that is fitted."""
    names = dict.fromkeys("xyz"[:d], 1)
    network = NETWORKS["grid"](names, ("value",), np.random.default_rng(0), **options)
    module = ProgramModule(network.program)
    return [grid for grid in module.operations if hasattr(grid, "table")]


def grid_rows(rounds: int, quick: bool) -> Iterator[Row]:
    """Values, a step, and a step on the slopes of coordinates, each against plain torch."""
    for d, count, options in CASES:
        grids = _grids(d, {**options, "levels": 4} if quick else options)
        random = torch.Generator().manual_seed(0)
        points = torch.rand(count // 8 if quick else count, d, generator=random)
        tables, levels = [grid.table for grid in grids], [grid.level for grid in grids]

        def compiled(p: Tensor, tables: Any = tables, levels: Any = levels) -> Tensor:
            found = grid_autograd.look_up(p, tables, levels)
            assert found is not None, "there is no machine code here"
            return found

        def plain(p: Tensor, grids: Any = grids) -> Tensor:
            return torch.cat([grid(p) for grid in grids], 1)

        back = torch.randn(compiled(points).shape, generator=random)
        for name, what, work in (
            ("values", "forward", _values),
            ("step", "forward and backward", _step),
            ("slopes", "slopes of the coordinates, trained on", _slopes),
        ):
            runs: dict[str, Callable[[], Tensor]] = {
                "ours": partial(work, compiled, points, tables, back),
                "torch": partial(work, plain, points, tables, back),
            }
            _check_same(runs["ours"](), runs["torch"]())
            seconds = best(interleaved(runs, rounds))
            ratio = seconds["torch"] / seconds["ours"]
            yield Row(
                f"grid-{d}d-{name}",
                f"{len(tables)} grids in {d}-D, {len(points)} points: {what}, against torch",
                times(ASKED),
                times(ratio),
                ratio >= ASKED,
                f"{1e3 * seconds['ours']:.1f} ms; torch {1e3 * seconds['torch']:.0f} ms",
                dict(seconds),
            )


def _check_same(ours: Tensor, other: Tensor) -> None:
    worst = float((ours - other).abs().max() / other.abs().max())
    if worst > 1e-3:
        raise RuntimeError(f"the results differ by {worst:.2g}: a comparison means nothing")


def _values(field: Callable[[Tensor], Tensor], points: Tensor, tables: Any, back: Tensor) -> Tensor:
    with torch.no_grad():
        return field(points)


def _step(field: Callable[[Tensor], Tensor], points: Tensor, tables: Any, back: Tensor) -> Tensor:
    return torch.autograd.grad(field(points), tables, back)[-1]


def _slopes(field: Callable[[Tensor], Tensor], points: Tensor, tables: Any, back: Tensor) -> Tensor:
    slopes = gradient(lambda p: (field(p) * back).sum(1, keepdim=True), points)
    return torch.autograd.grad((slopes.norm(dim=1) - 1).square().sum(), tables)[-1]
