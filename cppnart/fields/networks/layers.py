"""What builders of networks share: a network in the making, and the usual draws of weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..program import Builder, Program, Values, joined

Random = np.random.Generator
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Network:
    """A program to be trained.

    rates: for each operation by how much its parameters learn faster than the optimiser's rate
    says; 0 for those that stay as they are. A layer of frequency omega holds omega times the
    weights of its paper and learns omega times as fast. For optimisers that go by the sign or the
    normalised size of gradients, as Adam does, this is the same training to the last step, and
    nothing is multiplied when it runs.
    paired: operations whose weight is a complex matrix, [[a, -b], [b, a]], and must stay one.
    columns: for operations that want it, by how much each column of the weight learns faster, (k,).
    """

    program: Program
    rates: tuple[float, ...]
    paired: tuple[int, ...] = ()
    columns: Mapping[int, Array] = field(default_factory=dict)


class Layers:
    """A network in the making.

    inputs: names and widths, as for a Builder: {"x": 1, "y": 1}.
    """

    def __init__(self, inputs: Mapping[str, int]) -> None:
        self.b = Builder(**inputs)
        self.point = joined([self.b[name] for name in inputs])
        self._rates: list[float] = []
        self._paired: list[int] = []
        self._columns: dict[int, Array] = {}

    def affine(
        self,
        sources: Values | Sequence[Values],
        weight: ArrayLike,
        bias: ArrayLike | None = None,
        activation: str | Sequence[str] = "identity",
        rate: float = 1.0,
    ) -> Values:
        self._rates.append(rate)
        return self.b.affine(sources, weight, bias, activation)

    def scaled_affine(
        self,
        sources: Values | Sequence[Values],
        scale: Array,
        weight: Array,
        bias: Array,
        activation: str,
    ) -> Values:
        """activation(weight @ (scale * sources) + bias), an affine map of scaled values that learns
        as if they were scaled before it: scale (k,), weight (m, k), bias (m,)."""
        self._columns[len(self._rates)] = scale
        return self.affine(sources, weight * scale, bias, activation)

    def complex_affine(self, pair: Values, real: Array, imaginary: Array, bias: Array) -> Values:
        """A complex affine map of a pair (real parts, imaginary parts), as such a pair; weights
        real + j imaginary (m, k), bias (2 m,)."""
        self._paired.append(len(self._rates))
        return self.affine(pair, np.block([[real, -imaginary], [imaginary, real]]), bias)

    def map(
        self, values: Values, activation: str, scale: float = 1.0, shift: float = 0.0
    ) -> Values:
        """activation(scale * v + shift) of every value, for ever."""
        self._rates.append(0.0)
        return self.b.map(values, activation, scale, shift)

    def product(self, left: Values, right: Values) -> Values:
        self._rates.append(0.0)
        return self.b.product(left, right)

    def grid(self, sources: Values, table: ArrayLike, resolution: Sequence[int]) -> Values:
        self._rates.append(1.0)
        return self.b.grid(sources, table, tuple(resolution))

    def network(self, values: Values, outputs: Sequence[str]) -> Network:
        named = dict(zip(outputs, map(int, values), strict=True))
        program, rates = self.b.build(**named), tuple(self._rates)
        return Network(program, rates, tuple(self._paired), self._columns)


def fan_in(random: Random, units: int, sources: int, factor: float = 1.0) -> tuple[Array, Array]:
    """Weights (units, sources) and biases (units,), uniform within factor / sqrt(sources): what
    torch.nn.Linear begins with."""
    bound = factor / math.sqrt(sources)
    return random.uniform(-bound, bound, (units, sources)), random.uniform(-bound, bound, units)


def glorot(random: Random, units: int, sources: int) -> tuple[Array, Array]:
    """Weights of variance 2 / (units + sources), and small biases: Glorot and Bengio,
    "Understanding the difficulty of training deep feedforward neural networks" (2010)."""
    spread = math.sqrt(2 / (units + sources))
    return random.normal(0, spread, (units, sources)), random.normal(0, 0.01, units)
