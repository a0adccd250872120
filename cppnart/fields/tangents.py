"""Derivatives of a program, as a program: forward mode, one tangent per direction.

The slope of an activation is an entry of the table again, so that a derivative runs on every
backend, and can itself be differentiated as far as the table goes. Griewank & Walther,
"Evaluating derivatives" (2008), chapter 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from . import activations, fold
from .program import Affine, Builder, Grid, Product, Program, Values

NONE = -1
"""Stands for the number of a tangent that is 0 everywhere."""


def with_tangents(
    program: Program, outputs: Sequence[str], wrt: Sequence[str] = ("x", "y")
) -> Program:
    """The program with more outputs: ``value_dx`` is the derivative of output value by input x.

    They come after the program's own outputs, for every one of ``outputs`` by each of ``wrt`` in
    turn; inputs in ``wrt`` have width 1. Costs about as much again as the part that ``outputs``
    need for the slopes, and the same for each direction.

    At kinks a derivative is that of one side, and what is flat almost everywhere has derivative 0.
    Raises ValueError for an unknown name, and where the derivative is not in the set of
    operations: through a grid, or an activation without a slope in the table.
    """
    of_name, widths = dict(program.outputs), dict(program.inputs)
    for name in outputs:
        if name not in of_name:
            raise ValueError(f"there is no output {name!r}: expected among {', '.join(of_name)}")
    for name in wrt:
        if widths.get(name) != 1:
            raise ValueError(f"cannot differentiate by {name!r}: expected an input of one value")
    tangents = _Tangents(program, [of_name[name] for name in outputs], wrt)
    tangents.run()
    extra = {
        f"{name}_d{direction}": tangents.output(number, of_name[name])
        for name in outputs
        for number, direction in enumerate(wrt)
    }
    if taken := set(extra) & set(of_name):
        raise ValueError(f"output {min(taken)!r}: the program has one of that name already")
    own = {name: int(tangents.number[value]) for name, value in program.outputs}
    # the tangent of an input is the constant 1: folding it leaves no trace of it
    return fold.bind(tangents.new.build(**own, **extra))


class _Tangents:
    """One transformation: for every old value its number in the new program (``number``) and
    those of its derivatives (``tangent``, a row for each direction)."""

    def __init__(self, program: Program, values: Sequence[int], wrt: Sequence[str]) -> None:
        self.program = program
        self.new = Builder(**dict(program.inputs))
        self.wanted = fold.needed(program, values)
        self.number = np.zeros(program.size, np.int64)
        self.tangent = np.full((len(wrt), program.size), NONE, np.int64)
        unit = int(self.new.constant(1.0)[0])
        at = 0
        for name, width in program.inputs:
            self.number[at : at + width] = self.new[name]
            for direction, of in enumerate(wrt):
                if of == name:
                    self.tangent[direction, at] = unit
            at += width

    def run(self) -> None:
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

    def output(self, direction: int, value: int) -> Values:
        number = int(self.tangent[direction, value])
        return self.new.constant(0.0) if number == NONE else np.array([number])

    def _affine(self, operation: Affine, made: Values) -> None:
        sources = self.number[operation.sources]
        wanted = self.wanted[made]
        moving = self.tangent[:, operation.sources] != NONE
        reads = operation.weight != 0
        moved = (reads[None] & moving[:, None]).any(2) & wanted  # (directions, units)
        factor, slopes = _slopes(operation, moved.any(0))
        moved &= factor != 0

        # the slopes need the same sums as the units: one affine map makes both
        own = np.array([s == a for s, a in zip(slopes, operation.activations, strict=True)])
        bent = moved.any(0) & (slopes != "one")
        stacked = np.concatenate([np.arange(operation.size), np.flatnonzero(bent & ~own)])
        names = (*operation.activations, *map(str, slopes[bent & ~own]))
        values = self.new.affine(sources, operation.weight[stacked], operation.bias[stacked], names)
        self.number[made] = values[: operation.size]
        slope = np.full(operation.size, NONE)
        slope[bent & own] = values[: operation.size][bent & own]
        slope[bent & ~own] = values[operation.size :]

        for direction, tangent in enumerate(self.tangent):
            units = np.flatnonzero(moved[direction])
            if not len(units):
                continue
            columns = np.flatnonzero(moving[direction])
            weight = operation.weight[np.ix_(units, columns)] * factor[units, None]
            change = self.new.affine(tangent[operation.sources[columns]], weight)
            curved = bent[units]
            if curved.any():
                change[curved] = self.new.product(slope[units[curved]], change[curved])
            tangent[made[units]] = change

    def _product(self, operation: Product, made: Values) -> None:
        left, right = operation.left, operation.right
        self.number[made] = self.new.product(self.number[left], self.number[right])
        for tangent in self.tangent:
            dl, dr = tangent[left] != NONE, tangent[right] != NONE
            dl, dr = dl & self.wanted[made], dr & self.wanted[made]
            if not (dl | dr).any():
                continue
            # (l r)' = l' r + l r': all first terms, then all second terms
            terms = self.new.product(
                np.concatenate([tangent[left[dl]], self.number[left[dr]]]),
                np.concatenate([self.number[right[dl]], tangent[right[dr]]]),
            )
            first, second = np.full(len(made), NONE), np.full(len(made), NONE)
            first[dl], second[dr] = terms[: dl.sum()], terms[dl.sum() :]
            tangent[made] = np.where(dl, first, second)
            both = dl & dr
            if both.any():
                tangent[made[both]] = self.new.combine((1, first[both]), (1, second[both]))

    def _grid(self, operation: Grid, made: Values) -> None:
        if self.wanted[made].any() and (self.tangent[:, operation.sources] != NONE).any():
            raise ValueError(
                "cannot differentiate through a grid: the slope of its interpolation is not an "
                "operation of programs"
            )
        self.number[made] = self.new.grid(
            self.number[operation.sources],
            operation.table,
            operation.resolution,
            wrap=operation.wrap,
            smooth=operation.smooth,
        )


def _slopes(operation: Affine, moved: NDArray[np.bool_]) -> tuple[NDArray[np.float64], Values]:
    """Factor and name of every unit's slope; only units that are moved must have one."""
    factors, names = np.zeros(operation.size), []
    for unit, name in enumerate(operation.activations):
        slope = activations.ACTIVATIONS[name].slope
        if slope is None and moved[unit]:
            raise ValueError(f"activation {name!r} has no slope: it cannot be differentiated")
        factors[unit], other = slope or (0.0, "one")
        names.append(other)
    return factors, np.array(names)
