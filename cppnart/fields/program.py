"""Programs: the exchange format between every way to make a field and every way to sample it.

A program has named inputs, a straight line of operations, and named outputs. Every input and
every result of an operation is a *value*, numbered in order; an operation names the values that
it reads by number, and may read any earlier one. So the three operations here cover MLPs, skip
connections, Fourier features, multiplicative filters, feature grids and any graph of CPPN-NEAT.
A program is data: it is checked when it is built and never holds code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import activations

Values: TypeAlias = NDArray[np.int64]
"""Numbers of values, (m,)."""
Floats: TypeAlias = NDArray[np.float32]

MAX_VALUES = 1 << 20
MAX_PARAMETERS = 1 << 28
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array = array.copy() if array.flags.writeable else array
    array.flags.writeable = False
    return array


def _indices(values: ArrayLike, what: str) -> Values:
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError(f"{what}: expected a list of value numbers")
    return _frozen(array.astype(np.int64))


def _numbers(values: ArrayLike, ndim: int, what: str) -> Floats:
    with np.errstate(over="ignore"):
        array = np.asarray(values, np.float32)
    if array.ndim != ndim:
        raise ValueError(f"{what}: expected {ndim} dimensions, not {array.ndim}")
    if not np.isfinite(array).all():
        raise ValueError(f"{what}: has a number that is not finite in float32")
    return _frozen(array)


@dataclass(frozen=True, eq=False)
class Affine:
    """An affine map of chosen earlier values, then an activation of its own for every unit.

    ``activation[i](weight[i] @ values[sources] + bias[i])`` for i in 0..m-1.

    sources (k,), weight (m, k), bias (m,), activations: m names. k may be 0: constants.
    """

    sources: Values
    weight: Floats
    bias: Floats
    activations: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "sources", _indices(self.sources, "sources"))
        object.__setattr__(self, "weight", _numbers(self.weight, 2, "weight"))
        object.__setattr__(self, "bias", _numbers(self.bias, 1, "bias"))
        object.__setattr__(self, "activations", tuple(self.activations))
        m = len(self.bias)
        if self.weight.shape != (m, len(self.sources)) or len(self.activations) != m:
            raise ValueError(
                f"affine: weight {self.weight.shape}, bias ({m},), {len(self.sources)} sources and "
                f"{len(self.activations)} activations do not fit together"
            )
        for name in set(self.activations):
            activations.get(name)

    @property
    def size(self) -> int:
        return len(self.bias)

    @property
    def reads(self) -> Values:
        return self.sources


@dataclass(frozen=True, eq=False)
class Product:
    """The products of two lists of earlier values, one by one: left (m,), right (m,)."""

    left: Values
    right: Values

    def __post_init__(self) -> None:
        object.__setattr__(self, "left", _indices(self.left, "left"))
        object.__setattr__(self, "right", _indices(self.right, "right"))
        if len(self.left) != len(self.right):
            raise ValueError(f"product: {len(self.left)} values times {len(self.right)}")

    @property
    def size(self) -> int:
        return len(self.left)

    @property
    def reads(self) -> Values:
        return np.concatenate([self.left, self.right])


HASH_PRIMES = (1, 2654435761, 805459861, 3674653429)
"""Spatial hash of Mueller et al., "Instant neural graphics primitives" (2022), section 3; the
fourth is theirs too (their code)."""


@dataclass(frozen=True, eq=False)
class Grid:
    """A look-up with multilinear interpolation in one grid of feature vectors.

    Coordinate a of the point is the value ``sources[a]``; the grid has ``resolution[a]`` entries
    along it. Without ``wrap``, 0 is the first entry, 1 the last, and points outside take the
    border; with it, the grid repeats with period 1 and 0 is the first entry. ``smooth`` eases the
    fraction within a cell by 3f^2 - 2f^3, which makes slopes continuous.

    table: (prod(resolution), c), the last coordinate fastest; or, when it is shorter, a power of
    two of entries addressed by a spatial hash. Results: c values.
    """

    sources: Values
    table: Floats
    resolution: tuple[int, ...]
    wrap: bool = False
    smooth: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "sources", _indices(self.sources, "sources"))
        object.__setattr__(self, "table", _numbers(self.table, 2, "table"))
        resolution = tuple(int(n) for n in self.resolution)
        object.__setattr__(self, "resolution", resolution)
        if not 1 <= len(resolution) <= 4 or len(resolution) != len(self.sources):
            raise ValueError(f"grid: {len(self.sources)} coordinates for resolution {resolution}")
        if not all(2 <= n <= 1 << 24 for n in resolution):
            raise ValueError(f"grid: resolution {resolution}: expected 2 or more a side")
        rows, channels = self.table.shape
        power_of_two = rows > 0 and rows & (rows - 1) == 0
        if channels < 1 or (rows != self.entries and not (rows < self.entries and power_of_two)):
            raise ValueError(
                f"grid: a table of {rows} entries for resolution {resolution}: expected "
                f"{self.entries}, or a smaller power of two"
            )

    @property
    def entries(self) -> int:
        product = 1
        for n in self.resolution:
            product *= n
        return product

    @property
    def hashed(self) -> bool:
        return len(self.table) != self.entries

    @property
    def size(self) -> int:
        return int(self.table.shape[1])

    @property
    def reads(self) -> Values:
        return self.sources


Operation: TypeAlias = Affine | Product | Grid


@dataclass(frozen=True, eq=False)
class Program:
    """A field as data. Raises ValueError when the parts do not fit together.

    inputs: (name, width) pairs, in the order of their values: ("x", 1), ("y", 1), ("z", 8).
    operations: each reads only values before its own.
    outputs: (name, value number) pairs.
    """

    inputs: tuple[tuple[str, int], ...]
    operations: tuple[Operation, ...]
    outputs: tuple[tuple[str, int], ...]
    size: int = field(init=False)
    """Number of values."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", tuple((n, int(w)) for n, w in self.inputs))
        object.__setattr__(self, "operations", tuple(self.operations))
        object.__setattr__(self, "outputs", tuple((n, int(v)) for n, v in self.outputs))
        for names in ([n for n, _ in self.inputs], [n for n, _ in self.outputs]):
            for name in names:
                if not isinstance(name, str) or not _NAME.fullmatch(name):
                    raise ValueError(f"name {name!r}: expected lower-case letters, digits, _")
            if len(set(names)) != len(names):
                raise ValueError(f"names {names}: each may be used once")
        if not all(1 <= width <= 4096 for _, width in self.inputs):
            raise ValueError("inputs: each has 1 to 4096 values")
        if not self.outputs:
            raise ValueError("a program needs at least one output")
        size = self.input_size
        parameters = 0
        for number, operation in enumerate(self.operations):
            reads = operation.reads
            if reads.size and not (reads.min() >= 0 and reads.max() < size):
                raise ValueError(f"operation {number}: reads a value that does not come before it")
            if operation.size < 1:
                raise ValueError(f"operation {number}: makes no value")
            size += operation.size
            if isinstance(operation, Affine):
                parameters += operation.weight.size + operation.bias.size
            elif isinstance(operation, Grid):
                parameters += operation.table.size
        if size > MAX_VALUES or parameters > MAX_PARAMETERS:
            raise ValueError(f"a program of {size} values and {parameters} parameters is too large")
        for name, value in self.outputs:
            if not 0 <= value < size:
                raise ValueError(f"output {name!r}: there is no value {value}")
        object.__setattr__(self, "size", size)

    @property
    def input_size(self) -> int:
        """How many values the inputs take."""
        return sum(width for _, width in self.inputs)

    @property
    def input_names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.inputs)

    @property
    def output_names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.outputs)

    @property
    def output_values(self) -> Values:
        return np.array([value for _, value in self.outputs], np.int64)

    @property
    def parameters(self) -> int:
        """How many numbers it was drawn or trained from."""
        return sum(
            op.weight.size + op.bias.size if isinstance(op, Affine) else op.table.size
            for op in self.operations
            if not isinstance(op, Product)
        )


class Builder:
    """Builds a program one operation at a time; each returns the numbers of its values.

    >>> b = Builder(x=1, y=1)
    >>> r2 = b.affine(b.map([b["x"], b["y"]], "square"), [[1, 1]])
    >>> program = b.build(value=b.map(r2, "bell"))
    """

    def __init__(self, **inputs: int) -> None:
        self.inputs = tuple(inputs.items())
        self.operations: list[Operation] = []
        self._of_input: dict[str, Values] = {}
        self._size = 0
        for name, width in self.inputs:
            self._of_input[name] = np.arange(self._size, self._size + width)
            self._size += width

    def __getitem__(self, name: str) -> Values:
        """The values of an input."""
        return self._of_input[name]

    def _append(self, operation: Operation) -> Values:
        self.operations.append(operation)
        self._size += operation.size
        return np.arange(self._size - operation.size, self._size)

    def affine(
        self,
        sources: Values | Sequence[Values],
        weight: ArrayLike,
        bias: ArrayLike | None = None,
        activation: str | Sequence[str] = "identity",
    ) -> Values:
        """activation(weight @ sources + bias): weight (m, k), bias (m,) or one number, 0 if None;
        activation one name for all units or m names."""
        weight = np.asarray(weight, float)
        m = len(weight)
        bias = np.broadcast_to(np.asarray(0.0 if bias is None else bias, float), (m,))
        names = (activation,) * m if isinstance(activation, str) else tuple(activation)
        return self._append(Affine(joined(sources), weight, bias, names))

    def product(self, left: Values | Sequence[Values], right: Values | Sequence[Values]) -> Values:
        """left * right, value by value; a single value on either side is repeated."""
        left, right = np.broadcast_arrays(joined(left), joined(right))
        return self._append(Product(left, right))

    def grid(
        self,
        sources: Values | Sequence[Values],
        table: ArrayLike,
        resolution: Sequence[int],
        *,
        wrap: bool = False,
        smooth: bool = False,
    ) -> Values:
        """A look-up; see Grid."""
        return self._append(
            Grid(joined(sources), np.asarray(table), tuple(resolution), wrap, smooth)
        )

    def map(
        self,
        values: Values | Sequence[Values],
        activation: str | Sequence[str] = "identity",
        scale: ArrayLike = 1.0,
        shift: ArrayLike = 0.0,
    ) -> Values:
        """activation(scale * v + shift) of every value; scale and shift are numbers or (m,)."""
        values = joined(values)
        scale = np.broadcast_to(np.asarray(scale, float), values.shape)
        return self.affine(values, np.diag(scale), shift, activation)

    def combine(self, *terms: tuple[float, Values], bias: float = 0.0) -> Values:
        """The weighted sum of several lists of values of one length, value by value."""
        arrays = [np.atleast_1d(values) for _, values in terms]
        m = max(len(a) for a in arrays)
        eye = np.eye(m)
        parts = [
            weight * (eye if len(a) == m else np.ones((m, 1)))
            for (weight, _), a in zip(terms, arrays, strict=True)
        ]
        return self.affine(np.concatenate(arrays), np.concatenate(parts, 1), bias)

    def constant(self, *numbers: float) -> Values:
        """Values that are the same everywhere."""
        return self.affine(np.zeros(0, np.int64), np.zeros((len(numbers), 0)), numbers)

    def include(self, program: Program, **inputs: Values) -> dict[str, Values]:
        """Copies another program in, its inputs taken from values given or from inputs of the
        same name; returns its outputs by name."""
        number = np.zeros(program.size, np.int64)
        at = 0
        for name, width in program.inputs:
            values = joined(inputs[name]) if name in inputs else self._of_input[name]
            if len(values) != width:
                raise ValueError(f"input {name!r}: takes {width} values, not {len(values)}")
            number[at : at + width] = values
            at += width
        for operation in program.operations:
            number[at : at + operation.size] = self._append(renumbered(operation, number))
            at += operation.size
        return {name: number[value : value + 1] for name, value in program.outputs}

    def build(self, **outputs: Values | int) -> Program:
        """The program, with these outputs, each one value."""
        pairs = tuple(
            (name, int(np.asarray(v).reshape(())))
            if np.ndim(v) == 0
            else (name, int(np.asarray(v).reshape(1)[0]))
            for name, v in outputs.items()
        )
        return Program(self.inputs, tuple(self.operations), pairs)


def joined(values: Values | Sequence[Values]) -> Values:
    """One list of value numbers out of one or several."""
    if isinstance(values, np.ndarray | np.integer | int):
        return np.atleast_1d(values)
    return np.concatenate([np.atleast_1d(v) for v in values]) if len(values) else np.zeros(0, int)


def renumbered(operation: Operation, number: Mapping[int, int] | Values) -> Operation:
    """The operation reading ``number[v]`` where it read v; number is an array over all values."""
    table = np.asarray(number)
    if isinstance(operation, Affine):
        return Affine(
            table[operation.sources], operation.weight, operation.bias, operation.activations
        )
    if isinstance(operation, Product):
        return Product(table[operation.left], table[operation.right])
    return Grid(
        table[operation.sources],
        operation.table,
        operation.resolution,
        operation.wrap,
        operation.smooth,
    )
