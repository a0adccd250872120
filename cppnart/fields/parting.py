"""A program parted in two: what depends on some inputs alone, and the rest.

A film binds a latent and a moment for every frame. ``fold.bind`` does it well and slowly; here
the structure is found once, and each frame changes nothing but biases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import numpy_backend
from .fold import pruned
from .program import Affine, Floats, Grid, Operation, Product, Program, Values, renumbered


@dataclass(frozen=True, eq=False)
class Parted:
    """A program some of whose inputs are constants that change, the others points.

    program: a function of the points, of the same structure whatever the constants are; without
    the biases of any constants. values: those of its values whose biases follow the constants:
    ``bases + gains @ border``, where ``inner`` makes the border out of the constants.
    """

    program: Program
    values: Values
    bases: NDArray[np.float64]
    gains: NDArray[np.float64]
    inner: Program | None

    def biases(self, **constants: ArrayLike) -> Floats:
        """The biases of ``values`` for these constants, (len(values),) float32.

        Raises ValueError when one is missing or a result is not finite.
        """
        biases = self.bases
        if self.inner is not None:
            with np.errstate(all="ignore"):
                biases = biases + self.gains @ numpy_backend.evaluate(self.inner, constants)[0]
        if not np.isfinite(biases).all():
            raise ValueError("these constants give values that are not finite")
        return biases.astype(np.float32)

    def bind(self, **constants: ArrayLike) -> Program:
        """The program for these constants; close to what ``fold.bind`` gives."""
        biases = np.zeros(self.program.size, np.float32)
        changed = np.zeros(self.program.size, bool)
        biases[self.values], changed[self.values] = self.biases(**constants), True
        operations: list[Operation] = []
        at = self.program.input_size
        for operation in self.program.operations:
            made = slice(at, at + operation.size)
            if isinstance(operation, Affine) and changed[made].any():
                bias = np.where(changed[made], biases[made], operation.bias)
                operation = replace(operation, bias=bias)
            operations.append(operation)
            at += operation.size
        return replace(self.program, operations=tuple(operations))


def part(program: Program, names: Sequence[str]) -> Parted:
    """Parts a program at the border between its constants, the inputs ``names``, and its points.

    Raises ValueError for an unknown name.
    """
    for name in names:
        if name not in program.input_names:
            known = ", ".join(program.input_names) or "(none)"
            raise ValueError(f"there is no input {name!r}: expected among {known}")
    moving = _reached(program, names)
    border = np.flatnonzero(_read_by(program, moving) & ~moving)
    outer = _Outer(program, names, moving, border)
    return Parted(
        outer.program(),
        np.array(outer.values, np.int64),
        np.array(outer.bases, np.float64),
        np.array(outer.gains, np.float64).reshape(len(outer.values), len(border)),
        _of_border(program, border, names) if len(border) else None,
    )


def _reached(program: Program, names: Sequence[str]) -> NDArray[np.bool_]:
    """Which values depend on inputs other than these: (program.size,)."""
    reached = np.zeros(program.size, bool)
    at = 0
    for name, width in program.inputs:
        reached[at : at + width] = name not in names
        at += width
    for operation in program.operations:
        if isinstance(operation, Affine):
            found = (operation.weight[:, reached[operation.sources]] != 0).any(1)
        elif isinstance(operation, Product):
            found = reached[operation.left] | reached[operation.right]
        else:
            found = np.full(operation.size, reached[operation.sources].any())
        reached[at : at + operation.size] = found
        at += operation.size
    return reached


def _read_by(program: Program, moving: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which values the moving values and the outputs read."""
    read = np.zeros(program.size, bool)
    read[program.output_values] = True
    at = program.input_size
    for operation in program.operations:
        units = moving[at : at + operation.size]
        if isinstance(operation, Affine):
            read[operation.sources[operation.weight[units].any(0)]] = True
        elif isinstance(operation, Product):
            read[operation.left[units]] = read[operation.right[units]] = True
        elif units.any():
            read[operation.sources] = True
        at += operation.size
    return read


def _of_border(program: Program, border: Values, names: Sequence[str]) -> Program:
    """The program from the constants to the values on the border."""
    outputs = tuple((f"v{i}", int(value)) for i, value in enumerate(border))
    whole = pruned(replace(program, outputs=outputs))
    number = np.full(whole.size, -1, np.int64)
    at = size = 0
    for name, width in whole.inputs:
        if name in names:
            number[at : at + width] = np.arange(size, size + width)
            size += width
        at += width
    number[at:] = np.arange(size, size + whole.size - at)
    return Program(
        tuple(kept for kept in whole.inputs if kept[0] in names),
        tuple(renumbered(operation, number) for operation in whole.operations),
        tuple((name, int(number[value])) for name, value in whole.outputs),
    )


class _Outer:
    """Builds the outer program, and which biases in it follow the border, and how."""

    def __init__(
        self, program: Program, names: Sequence[str], moving: NDArray[np.bool_], border: Values
    ) -> None:
        self.old = program
        self.inputs = tuple(kept for kept in program.inputs if kept[0] not in names)
        self.number = np.full(program.size, -1, np.int64)
        self.column = np.full(program.size, -1, np.int64)
        self.column[border] = np.arange(len(border))
        self.operations: list[Operation] = []
        self.values: list[int] = []
        self.bases: list[float] = []
        self.gains: list[NDArray[np.float64]] = []
        at = self.size = 0
        for name, width in program.inputs:
            if name not in names:
                self.number[at : at + width] = np.arange(self.size, self.size + width)
                self.size += width
            at += width
        self._constants(program, moving)
        for operation in program.operations:
            units = np.flatnonzero(moving[at : at + operation.size])
            if len(units):
                self.operations.append(self._operation(operation, units, moving))
                self.number[at + units] = np.arange(self.size, self.size + len(units))
                self.size += len(units)
            at += operation.size

    def program(self) -> Program:
        ends = tuple((name, int(self.number[value])) for name, value in self.old.outputs)
        return Program(self.inputs, tuple(self.operations), ends)

    def _constants(self, program: Program, moving: NDArray[np.bool_]) -> None:
        """Values on the border that products, look-ups and outputs read become values here too."""
        wanted = set(program.output_values[~moving[program.output_values]].tolist())
        at = program.input_size
        for operation in program.operations:
            units = moving[at : at + operation.size]
            at += operation.size
            if isinstance(operation, Product):
                reads = np.concatenate([operation.left[units], operation.right[units]])
            elif isinstance(operation, Grid) and units.any():
                reads = operation.sources
            else:
                continue
            wanted.update(reads[~moving[reads]].tolist())
        old = np.array(sorted(wanted), np.int64)
        if not len(old):
            return
        self.number[old] = np.arange(self.size, self.size + len(old))
        for value in old:
            row = np.zeros(self.column.max() + 1)
            row[self.column[value]] = 1.0
            self._follow(int(self.number[value]), 0.0, row)
        nothing = np.zeros((len(old), 0), np.float32)
        bias = np.zeros(len(old), np.float32)
        self.operations.append(Affine(np.zeros(0, int), nothing, bias, ("identity",) * len(old)))
        self.size += len(old)

    def _follow(self, value: int, base: float, gain: NDArray[np.float64]) -> None:
        self.values.append(value)
        self.bases.append(base)
        self.gains.append(gain)

    def _operation(
        self, operation: Operation, units: Values, moving: NDArray[np.bool_]
    ) -> Operation:
        if isinstance(operation, Product):
            return Product(self.number[operation.left[units]], self.number[operation.right[units]])
        if isinstance(operation, Grid):
            return renumbered(operation, self.number)
        weight = operation.weight[units]
        still = ~moving[operation.sources]
        live = ~still & weight.any(0)
        constant = np.flatnonzero(still & weight.any(0))
        gains = np.zeros((len(units), self.column.max() + 1))
        np.add.at(gains.T, self.column[operation.sources[constant]], weight[:, constant].T)
        for i in np.flatnonzero(gains.any(1)):
            self._follow(self.size + int(i), float(operation.bias[units[i]]), gains[i])
        return Affine(
            self.number[operation.sources[live]],
            weight[:, live],
            operation.bias[units],
            tuple(operation.activations[unit] for unit in units),
        )
