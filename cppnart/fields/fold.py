"""Partial evaluation of programs: known inputs folded away, unneeded values dropped.

A latent, a time or a style's constant becomes part of the biases, so that nothing is evaluated at
every point that is the same at all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import activations, numpy_backend
from .program import Affine, Builder, Grid, Operation, Product, Program, Values, renumbered


def bind(program: Program, **constants: ArrayLike) -> Program:
    """The same function with these inputs fixed; they are inputs no more.

    Each constant has as many values as its input, or is one number for all of them. Whatever
    depends only on constants is evaluated in float64; the rest keeps its structure, and its
    arrays are rounded to float32 again. With no constants given, folds those that are already
    there. Inputs that are left stay, read or not. Raises ValueError for an unknown input, another
    number of values, or a result that is not finite.
    """
    known = _known_inputs(program, constants)
    with np.errstate(all="ignore"):
        return pruned(_Folding(program, known).run())


def pruned(program: Program, outputs: Sequence[str] | None = None) -> Program:
    """The program without the values that none of these outputs needs (all outputs if None).

    Outputs come in the order given. Inputs stay. Raises ValueError for an unknown output.
    """
    of_name = dict(program.outputs)
    names = program.output_names if outputs is None else tuple(outputs)
    for name in names:
        if name not in of_name:
            raise ValueError(f"there is no output {name!r}: expected among {', '.join(of_name)}")
    keep = needed(program, [of_name[name] for name in names])
    number = np.full(program.size, -1, np.int64)
    at = size = program.input_size
    number[:at] = np.arange(at)
    operations: list[Operation] = []
    for operation in program.operations:
        units = np.flatnonzero(keep[at : at + operation.size])
        if len(units):
            operations.append(_restricted(operation, units, number))
        number[at + units] = np.arange(size, size + len(units))
        size += len(units)
        at += operation.size
    return Program(
        program.inputs, tuple(operations), tuple((name, number[of_name[name]]) for name in names)
    )


def needed(program: Program, values: Sequence[int] | Values) -> NDArray[np.bool_]:
    """Which values these values depend on, themselves included: (program.size,)."""
    keep = np.zeros(program.size, bool)
    keep[np.asarray(values, np.int64)] = True
    at = program.size
    for operation in reversed(program.operations):
        at -= operation.size
        units = keep[at : at + operation.size]
        if not units.any():
            continue
        if isinstance(operation, Affine):
            keep[operation.sources[operation.weight[units].any(0)]] = True
        elif isinstance(operation, Product):
            keep[operation.left[units]] = keep[operation.right[units]] = True
        else:
            keep[operation.sources] = True
    return keep


def _restricted(operation: Operation, units: Values, number: Values) -> Operation:
    """The operation making only some of its values, reading renumbered ones."""
    if isinstance(operation, Affine):
        columns = operation.weight[units].any(0)
        if len(units) == operation.size and columns.all():
            return renumbered(operation, number)
        return Affine(
            number[operation.sources[columns]],
            operation.weight[units][:, columns],
            operation.bias[units],
            tuple(operation.activations[unit] for unit in units),
        )
    if len(units) == operation.size:
        return renumbered(operation, number)
    if isinstance(operation, Product):
        return Product(number[operation.left[units]], number[operation.right[units]])
    return Grid(
        number[operation.sources],
        operation.table[:, units],
        operation.resolution,
        operation.wrap,
        operation.smooth,
    )


def _known_inputs(program: Program, constants: dict[str, ArrayLike]) -> dict[str, NDArray[Any]]:
    widths = dict(program.inputs)
    known = {}
    for name, numbers in constants.items():
        if name not in widths:
            raise ValueError(
                f"there is no input {name!r}: expected among {', '.join(widths) or '(none)'}"
            )
        array = np.asarray(numbers, np.float64)
        if array.shape not in ((), (widths[name],)):
            raise ValueError(f"input {name!r}: takes {widths[name]} values, not {array.shape}")
        if not np.isfinite(array).all():
            raise ValueError(f"input {name!r}: expected finite numbers")
        known[name] = np.broadcast_to(array, (widths[name],))
    return known


class _Folding:
    """One partial evaluation.

    Every value of the old program is ``constant + factor * (value `at` of the new program)``, and
    either the constant or the factor is 0. Factors are what products with constants leave behind;
    they go into the weights of whatever reads the value.
    """

    def __init__(self, program: Program, known: dict[str, NDArray[Any]]) -> None:
        self.program = program
        inputs = {name: width for name, width in program.inputs if name not in known}
        self.new = Builder(**inputs)
        self.constant = np.zeros(program.size)
        self.factor = np.zeros(program.size)
        self.at = np.full(program.size, -1, np.int64)
        self._constant_values: dict[float, int] = {}
        at = 0
        for name, width in program.inputs:
            if name in known:
                self.constant[at : at + width] = known[name]
            else:
                self._live(np.arange(at, at + width), self.new[name])
            at += width

    def _live(self, old: Values, new: Values, factor: NDArray[Any] | float = 1.0) -> None:
        self.at[old], self.factor[old] = new, factor

    def run(self) -> Program:
        at = self.program.input_size
        for operation in self.program.operations:
            made = np.arange(at, at + operation.size)
            if isinstance(operation, Affine):
                self._affine(operation, made)
            elif isinstance(operation, Product):
                self._product(operation, made)
            else:
                self._grid(operation, made)
            at += operation.size
        names = self.program.output_names
        values = self._plain(self.program.output_values)
        return self.new.build(**dict(zip(names, map(int, values), strict=True)))

    def _affine(self, operation: Affine, made: Values) -> None:
        sources = operation.sources
        full = operation.weight.astype(np.float64)
        # a weight of 0 reads nothing, whatever the constant is
        bias = operation.bias + np.where(full == 0, 0.0, full * self.constant[sources]).sum(1)
        weight = full * self.factor[sources]
        names = np.array(operation.activations)
        live = weight.any(1) & (names != "one")
        for unit in np.flatnonzero(~live):
            form = activations.ACTIVATIONS[names[unit]].array
            self.constant[made[unit]] = form(np, bias[unit : unit + 1])[0]
        columns = weight[live].any(0)
        if not live.any():
            return
        # two old values may be multiples of one new value
        reads, inverse = _distinct(self.at[sources[columns]])
        folded = weight[live][:, columns]
        if len(reads) < folded.shape[1]:
            summed = np.zeros((len(folded), len(reads)))
            np.add.at(summed.T, inverse, folded.T)
            folded = summed
        self._live(
            made[live], self.new.affine(reads, folded, bias[live], tuple(map(str, names[live])))
        )

    def _product(self, operation: Product, made: Values) -> None:
        left, right = operation.left, operation.right
        both = (self.factor[left] != 0) & (self.factor[right] != 0)
        if both.any():
            pair = self.new.product(self.at[left[both]], self.at[right[both]])
            self._live(made[both], pair, self.factor[left[both]] * self.factor[right[both]])
        for old, a, b in zip(made[~both], left[~both], right[~both], strict=True):
            if self.factor[a] != 0:
                a, b = b, a
            factor = self.constant[a] * self.factor[b]
            if factor != 0:
                self._live(old, self.at[b], factor)
            else:
                self.constant[old] = self.constant[a] * self.constant[b]

    def _grid(self, operation: Grid, made: Values) -> None:
        if self.factor[operation.sources].any():
            sources = self._plain(operation.sources)
            self._live(
                made,
                self.new.grid(
                    sources,
                    operation.table,
                    operation.resolution,
                    wrap=operation.wrap,
                    smooth=operation.smooth,
                ),
            )
            return
        axes = len(operation.sources)
        alone = Grid(
            np.arange(axes),
            operation.table,
            operation.resolution,
            operation.wrap,
            operation.smooth,
        )
        outputs = tuple((f"v{i}", axes + i) for i in range(operation.size))
        point = {"u": self.constant[operation.sources][None]}
        look_up = Program((("u", axes),), (alone,), outputs)
        self.constant[made] = numpy_backend.evaluate(look_up, point)[0]

    def _plain(self, old: Values) -> Values:
        """New values that are just these old ones, made where there are none."""
        new = self.at[old]
        scaled = (self.factor[old] != 0) & (self.factor[old] != 1)
        if scaled.any():
            new[scaled] = self.new.map(new[scaled], "identity", self.factor[old[scaled]])
        constant = [float(c) for c in self.constant[old[self.factor[old] == 0]]]
        fresh = [c for c in dict.fromkeys(constant) if c not in self._constant_values]
        if fresh:
            values = self.new.constant(*fresh)
            self._constant_values.update(zip(fresh, map(int, values), strict=True))
        new[self.factor[old] == 0] = [self._constant_values[c] for c in constant]
        return new


def _distinct(values: Values) -> tuple[Values, Values]:
    """The different values in order of first appearance, and where each of ``values`` is there."""
    reads = np.array(list(dict.fromkeys(values.tolist())), np.int64)
    order = np.argsort(reads)
    return reads, order[np.searchsorted(reads, values, sorter=order)]
