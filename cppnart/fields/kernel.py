"""The CPU kernel: programs laid out for its interpreter, and run over many points.

A tile is TILE points. Its values lie in rows of TILE numbers, which are used again as soon as the
program reads them no more, so that a tile of a usual network stays in L1 cache. Every point goes
through the same instructions whatever its place in a tile, so results are bit-identical for any
tiling and any number of threads. The interpreter itself is in ``kernel_code.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import machine_code
from .activations import NUMBER
from .numpy_backend import input_rows
from .program import Affine, Floats, Grid, Product, Program

TILE = 192
"""Points in a tile: a multiple of every microkernel's panel, and of a render block's rows."""

_FEATURES = llvm.get_host_cpu_features()
_X86 = any(_FEATURES.get(name) for name in ("sse2", "avx"))
LANES = 16 if _FEATURES.get("avx512f") else 8 if _FEATURES.get("avx") else 4
UNIT_BLOCKS = (8, 4, 3, 2, 1) if LANES == 16 or not _X86 else (4, 3, 2, 1)
"""Units that a microkernel computes at once: as many as there are registers for."""
VECTORS = 3
PANEL = VECTORS * LANES

# Operations of the code; END closes it
END, AFFINE, ACTIVATE, MULTIPLY, LOOK_UP = range(5)


@dataclass(frozen=True)
class Compiled:
    """A program as the kernel reads it.

    code int64, data float32 (weights and tables), rows: how many a tile needs, inputs: how many
    rows the caller fills, outputs: the rows that hold the outputs afterwards, biases: where in
    data the bias of each value is, -1 for values that have none.
    """

    code: NDArray[np.int64]
    data: Floats
    rows: int
    inputs: int
    outputs: NDArray[np.int64]
    biases: NDArray[np.int64]

    def with_biases(self, values: NDArray[np.int64], biases: Floats) -> Compiled:
        """The same with other biases for some values of the program."""
        data = self.data.copy()
        data[self.biases[values]] = biases
        return replace(self, data=data)


class _Rows:
    """Hands out runs of rows, lowest first, and takes them back."""

    def __init__(self) -> None:
        self.used: list[bool] = []

    def take(self, count: int) -> int:
        run = 0
        for row, used in enumerate(self.used):
            run = 0 if used else run + 1
            if run == count:
                first = row - count + 1
                break
        else:
            first = len(self.used) - run
            self.used.extend([False] * (count - run))
        self.used[first : first + count] = [True] * count
        return first

    def give_back(self, row: int, count: int = 1) -> None:
        self.used[row : row + count] = [False] * count


def compile_program(program: Program) -> Compiled:
    """Lays a program out for the kernel: takes well under a millisecond for usual networks."""
    last_read = np.full(program.size, -1, np.int64)
    for number, operation in enumerate(program.operations):
        last_read[operation.reads] = number
    last_read[program.output_values] = len(program.operations)

    rows = _Rows()
    row_of = np.zeros(program.size, np.int64)
    row_of[: program.input_size] = np.arange(
        rows.take(max(program.input_size, 1)), max(program.input_size, 1)
    )[: program.input_size]
    code: list[int] = []
    data: list[NDArray[Any]] = []
    length = 0

    def store(array: NDArray[Any]) -> int:
        nonlocal length
        data.append(np.ascontiguousarray(array, np.float32).ravel())
        length += array.size
        return length - array.size

    biases = np.full(program.size, -1, np.int64)
    at = program.input_size
    for number, operation in enumerate(program.operations):
        first = rows.take(operation.size)
        scratch = rows.take(2 * len(operation.sources)) if isinstance(operation, Grid) else 0
        row_of[at : at + operation.size] = np.arange(first, first + operation.size)
        made = np.arange(at, at + operation.size)
        if isinstance(operation, Affine):
            biases[made] = _emit_affine(operation, row_of * TILE, first * TILE, store, code)
        else:
            _emit(operation, row_of * TILE, first * TILE, scratch * TILE, store, code)
        if isinstance(operation, Grid):
            rows.give_back(scratch, 2 * len(operation.sources))
        read = np.array(sorted(set(operation.reads.tolist())), np.int64)  # np.unique imports a lot
        for value in (*read[last_read[read] == number], *made[last_read[made] < 0]):
            rows.give_back(row_of[value])
        at += operation.size
    code.append(END)
    return Compiled(
        np.array(code, np.int64),
        np.concatenate(data) if data else np.zeros(1, np.float32),
        len(rows.used),
        program.input_size,
        row_of[program.output_values],
        biases,
    )


def _emit(
    operation: Product | Grid,
    row: NDArray[np.int64],
    out: int,
    scratch: int,
    store: Callable[[NDArray[Any]], int],
    code: list[int],
) -> None:
    """Appends one operation; row gives the offset of every value, out that of the results."""
    if isinstance(operation, Product):
        for i, (left, right) in enumerate(zip(operation.left, operation.right, strict=True)):
            code.extend((MULTIPLY, int(row[left]), int(row[right]), out + i * TILE))
    else:
        table = store(operation.table)
        mask = len(operation.table) - 1 if operation.hashed else -1
        code.extend((LOOK_UP, len(operation.sources), operation.size, int(operation.wrap)))
        code.extend((int(operation.smooth), mask, table, out, scratch))
        for source, n in zip(operation.sources, operation.resolution, strict=True):
            code.extend((int(row[source]), n))


def _emit_affine(
    operation: Affine,
    row: NDArray[np.int64],
    out: int,
    store: Callable[[NDArray[Any]], int],
    code: list[int],
) -> NDArray[np.int64]:
    """Appends an affine map; where its biases were stored."""
    biases = np.zeros(operation.size, np.int64)
    first = 0
    for units in UNIT_BLOCKS:
        while operation.size - first >= units:
            weight = operation.weight[first : first + units]
            # a block reads only the sources that it has weights for: sparse maps cost little
            used = np.flatnonzero(weight.any(0)) if len(operation.sources) else np.zeros(0, int)
            columns = weight[:, used].T
            offsets = 4 * row[operation.sources[used]]
            block = np.concatenate([operation.bias[None, first : first + units], columns])
            place = store(block)
            biases[first : first + units] = np.arange(place, place + units)
            code.extend((AFFINE, units, len(offsets), place, out + first * TILE))
            code.extend(map(int, offsets))
            first += units
    start = 0
    names = operation.activations
    for i in range(1, len(names) + 1):
        if i == len(names) or names[i] != names[start]:
            if names[start] != "identity":
                code.extend(
                    (ACTIVATE, NUMBER[names[start]], out + start * TILE, (i - start) * TILE)
                )
            start = i
    return biases


SOURCES = tuple(
    Path(__file__).with_name(f"{name}.py")
    for name in (
        *("activations", "program", "kernel", "kernel_code"),
        *("kernel_math", "kernel_table"),
    )
)
"""What the interpreter is made from."""


def function() -> machine_code.Function | None:
    """The compiled evaluator of points, or None where there is no kernel."""
    return machine_code.function("cppnart.fields.kernel_code", "evaluate_points", SOURCES)


def arguments_of(compiled: Compiled) -> tuple[int, ...]:
    """How a compiled program is passed to machine code."""
    parts = compiled.code, compiled.data, compiled.outputs
    return tuple(number for part in parts for number in (part.ctypes.data, len(part)))


def evaluate(program: Program, inputs: Mapping[str, ArrayLike], threads: int = 1) -> Floats:
    """The outputs at N points, (N, outputs) float32; inputs as in numpy_backend.input_rows.

    Raises RuntimeError where there is no kernel (numba is missing and nothing was compiled yet).
    """
    call = function()
    if call is None:
        raise RuntimeError("there is no kernel on this machine: use numpy_backend.evaluate")
    points = input_rows(program, inputs, np.float32)
    compiled = compile_program(program)
    n = points.shape[1]
    out = np.empty((n, len(compiled.outputs)), np.float32)

    def run(start: int) -> None:
        scratch = aligned(compiled.rows * TILE)
        call(
            *arguments_of(compiled),
            scratch.ctypes.data,
            points.ctypes.data + 4 * start,
            n,
            min(chunk, n - start),
            len(points),
            out.ctypes.data + 4 * start * len(compiled.outputs),
        )

    chunk = 64 * TILE
    starts = range(0, n, chunk)
    if threads == 1 or len(starts) == 1:
        for start in starts:
            run(start)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, starts))
    return out


def aligned(count: int) -> Floats:
    """An array of ``count`` numbers that begins on a cache line; it starts as zeros."""
    room = np.zeros(count + 16, np.float32)
    first = -(room.ctypes.data // 4) % 16
    return room[first : first + count]
