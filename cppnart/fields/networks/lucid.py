"""The CPPN that visualises networks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ..program import Values, joined
from .layers import Array, Layers, Network, Random

# so that atan(n) and atan(n)^2 have a mean square of 1 for normal n
_SIZES = (0.67, 0.6)


def lucid(
    inputs: Mapping[str, int],
    outputs: Sequence[str],
    random: Random,
    *,
    width: int = 24,
    depth: int = 8,
    start: float = 0.0,
    last: str = "sigmoid",
) -> Network:
    """``depth`` layers of ``width`` units, each followed by atan(z) / 0.67 and atan(z)^2 / 0.6 side
    by side (Mordvintsev, Pezzotti, Schubert and Olah, "Differentiable image parameterizations",
    Distill 2018, and its code).

    Coordinates in [-1, 1] are brought to unit variance first. start: the deviation of the last
    weights, in units of that of the others; with 0 the field begins as an even grey.
    """
    layers = Layers(inputs)

    def drawn(values: Values, scale: Array, units: int, spread: float, activation: str) -> Values:
        size = len(values)
        weight = random.normal(0, spread * math.sqrt(1 / size), (units, size))
        return layers.scaled_affine(values, scale, weight, random.normal(0, 0.1, units), activation)

    values, scale = layers.point, np.full(len(layers.point), math.sqrt(3))
    for _ in range(depth):
        units = drawn(values, scale, width, 1.0, "atan")
        values = joined([units, layers.product(units, units)])
        scale = np.repeat([1 / size for size in _SIZES], width)
    return layers.network(drawn(values, scale, len(outputs), start, last), outputs)
