"""Programs on numpy: in float64 the reference for every other backend, in float32 the fallback."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import product as corners_of
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import activations
from .program import HASH_PRIMES, Affine, Grid, Product, Program

TILE = 2048
"""Points evaluated at once: all values of one tile of a usual network stay in L2 cache."""


def input_rows(
    program: Program, inputs: Mapping[str, ArrayLike], dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """The inputs as one array (input_size, N).

    Each input is (N, width), (N,) where its width is 1, or a constant: (width,) or a number.
    Raises ValueError when one is missing, unknown, or of another shape.
    """
    unknown = set(inputs) - set(program.input_names)
    missing = set(program.input_names) - set(inputs)
    if unknown or missing:
        raise ValueError(
            f"the program takes inputs {', '.join(program.input_names) or '(none)'}; "
            + f"unknown: {sorted(unknown)}, missing: {sorted(missing)}"
        )
    arrays = {name: np.asarray(inputs[name]) for name in program.input_names}
    widths = dict(program.inputs)
    lengths = {
        len(a) for name, a in arrays.items() if a.ndim == 2 or (a.ndim == 1 and widths[name] == 1)
    }
    lengths = lengths - {1} or lengths or {1}
    if len(lengths) > 1:
        raise ValueError(f"inputs of different lengths: {sorted(lengths)}")
    (n,) = lengths
    rows = np.empty((program.input_size, n), dtype)
    at = 0
    for name, width in program.inputs:
        array = arrays[name]
        if array.ndim == 1 and width == 1:
            array = array[:, None]
        try:
            rows[at : at + width] = np.broadcast_to(array, (n, width)).T
        except ValueError:
            raise ValueError(
                f"input {name!r} of shape {array.shape}: expected ({n}, {width})"
            ) from None
        at += width
    return rows


def evaluate(
    program: Program,
    inputs: Mapping[str, ArrayLike],
    dtype: DTypeLike = np.float64,
    threads: int = 1,
) -> NDArray[Any]:
    """The outputs at N points, (N, outputs), computed in this dtype; inputs as in input_rows.

    Works through tiles, in a pool when threads > 1; BLAS itself then runs on one thread.
    """
    rows = input_rows(program, inputs, dtype)
    n = rows.shape[1]
    out = np.empty((n, len(program.outputs)), dtype)

    def run(start: int) -> None:
        tile = rows[:, start : start + TILE]
        out[start : start + TILE] = _evaluate_tile(program, tile).T

    starts = range(0, n, TILE)
    if threads == 1 or len(starts) == 1:
        for start in starts:
            run(start)
    else:
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, starts))
    return out


def _evaluate_tile(program: Program, rows: NDArray[Any]) -> NDArray[Any]:
    values = np.empty((program.size, rows.shape[1]), rows.dtype)
    values[: len(rows)] = rows
    at = len(rows)
    for operation in program.operations:
        out = values[at : at + operation.size]
        if isinstance(operation, Affine):
            _affine(operation, values, out)
        elif isinstance(operation, Product):
            np.multiply(values[operation.left], values[operation.right], out=out)
        else:
            _grid(operation, values, out)
        at += operation.size
    return values[program.output_values]


def _affine(operation: Affine, values: NDArray[Any], out: NDArray[Any]) -> None:
    sources = operation.sources
    if len(sources):
        first, last = int(sources[0]), int(sources[-1]) + 1
        consecutive = last - first == len(sources) and (np.diff(sources) == 1).all()
        chosen = values[first:last] if consecutive else values[sources]
        np.matmul(operation.weight.astype(values.dtype, copy=False), chosen, out=out)
        out += operation.bias[:, None]
    else:
        out[:] = operation.bias[:, None]
    names = np.array(operation.activations)
    for name in dict.fromkeys(operation.activations):
        if name == "identity":
            continue
        units = slice(None) if (names == name).all() else names == name
        out[units] = activations.ACTIVATIONS[name].array(np, out[units])


def _grid(operation: Grid, values: NDArray[Any], out: NDArray[Any]) -> None:
    table = operation.table
    lower, upper, fraction = [], [], []
    for source, n in zip(operation.sources, operation.resolution, strict=True):
        u = np.nan_to_num(values[source])
        if operation.wrap:
            p = (u - np.floor(u)) * n
            cell = np.clip(np.floor(p).astype(np.int64), 0, n - 1)
            upper.append((cell + 1) % n)
        else:
            p = np.clip(u, 0, 1) * (n - 1)
            cell = np.clip(np.floor(p).astype(np.int64), 0, n - 2)
            upper.append(cell + 1)
        lower.append(cell)
        f = (p - cell).astype(values.dtype)
        fraction.append(f * f * (3 - 2 * f) if operation.smooth else f)
    out[:] = 0
    for corner in corners_of((0, 1), repeat=len(lower)):
        index: Any = 0
        weight: Any = 1
        for axis, far in enumerate(corner):
            i = upper[axis] if far else lower[axis]
            weight = weight * (fraction[axis] if far else 1 - fraction[axis])
            if operation.hashed:
                index = index ^ ((i * HASH_PRIMES[axis]) & 0xFFFFFFFF)
            else:
                index = index * operation.resolution[axis] + i
        out += table[index % len(table)].T * weight
