"""Where rays meet what is there: their steps through full cells, in machine code on the CPU."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .. import machine_code
from ..kernel import SOURCES
from .space import Space
from .volume import Rays, Samples

_SOURCES = (*SOURCES, Path(__file__).with_name("march_code.py"))
FEW = 1 << 9
"""Rays for which another thread is not worth its start."""


def march(
    rays: Rays,
    space: Space,
    full: Tensor,
    side: int,
    step: float,
    near: float,
    far: float,
    jitter: Tensor | None = None,
) -> Samples:
    """The steps of rays whose middle is in a full cell: ``step`` long in the world; in a contracted
    space they grow with the square of the depth from where the inner box is left, so that
    there are finitely many to the horizon.

    full (side^3,) bool: cells of the field's box, the last coordinate fastest. jitter (R,) in
    [0, 1): by how much of a step each ray is moved, half of one if not given.
    """
    first, last = space.crossed(rays, near, far)
    lengths = rays.directions.norm(dim=1)
    bend = space.reach / lengths
    size = step / lengths
    shift = torch.full_like(first, 0.5) if jitter is None else jitter
    spans = torch.stack([_even(first, bend), _even(last, bend), size, shift, bend], 1)
    call = _function() if rays.origins.device.type == "cpu" else None
    steps = _stepped if call is None else _in_machine_code
    ray, s = steps(rays, space, full, side, spans)
    half, bend = 0.5 * size[ray], bend[ray]
    near_edge, far_edge = _depth(s - half, bend), _depth(s + half, bend)
    return Samples(ray, near_edge, far_edge, _depth(s, bend), len(rays))


def _depth(s: Tensor, bend: Tensor) -> Tensor:
    """Depths that are passed in even steps of s: equal ones up to ``bend``, then equal in 1 / z."""
    rest = (2 * bend - s).clamp(min=1e-6 * bend)
    return torch.where(s < bend, s, bend * (bend / rest))


def _even(z: Tensor, bend: Tensor) -> Tensor:
    """The other way."""
    return torch.where(z < bend, z, 2 * bend - bend * (bend / z))


def _stepped(
    rays: Rays, space: Space, full: Tensor, side: int, spans: Tensor
) -> tuple[Tensor, Tensor]:
    """In plain torch: what the machine code is held to, and what serves elsewhere."""
    first, last, size, shift, bend = spans[:, :, None].unbind(1)
    count = int(((last - first) / size).max().clamp(min=0).ceil()) + 1
    s = first + (torch.arange(count, device=first.device) + (shift - 0.5)) * size
    ray, which = ((s > first) & (s < last)).nonzero(as_tuple=True)
    s = s[ray, which]
    z = _depth(s, bend[ray, 0])
    points = torch.addcmul(rays.origins[ray], z[:, None], rays.directions[ray])
    hit = full[cells(space.inside(points), side)]
    return ray[hit], s[hit]


def cells(points: Tensor, side: int) -> Tensor:
    """The number of the cell that points (N, 3) of the field's box are in, (N,)."""
    index = ((points + 1) * (side / 2)).long().clamp_(0, side - 1)
    return (index[:, 0] * side + index[:, 1]) * side + index[:, 2]


def _function() -> machine_code.Function | None:
    name = "cppnart.fields.radiance.march_code"
    return machine_code.function(name, "march_rays", _SOURCES, "following rays with torch")


def _in_machine_code(
    rays: Rays, space: Space, full: Tensor, side: int, spans: Tensor
) -> tuple[Tensor, Tensor]:
    call = _function()
    assert call is not None
    count, spans = len(rays), spans.contiguous()
    origins, directions = rays.origins.contiguous(), rays.directions.contiguous()
    place = np.array([*space.centre, *space.half], np.float32)
    counts = torch.zeros(count, dtype=torch.int64)

    def run(starts: Tensor, steps: int) -> None:
        def part(begin: int, end: int) -> None:
            call(
                *(begin, end, origins.data_ptr(), directions.data_ptr(), spans.data_ptr()),
                *(place.ctypes.data, int(space.contracted), full.data_ptr(), side),
                *(starts.data_ptr(), steps),
            )

        threads = torch.get_num_threads() if count >= FEW else 1
        edges = [count * number // threads for number in range(threads + 1)]
        if threads == 1:
            part(0, count)
            return
        with ThreadPoolExecutor(min(threads, os.cpu_count() or 1)) as pool:
            list(pool.map(part, edges[:-1], edges[1:]))

    run(counts, 0)
    starts = counts.cumsum(0) - counts
    s = torch.empty(int(counts.sum()))
    if len(s):
        run(starts, s.data_ptr())
    return torch.arange(count).repeat_interleave(counts), s
