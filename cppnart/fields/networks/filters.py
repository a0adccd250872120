"""Multiplicative filter networks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..program import Values
from .layers import Layers, Network, Random, fan_in


def mfn(
    inputs: Mapping[str, int],
    outputs: Sequence[str],
    random: Random,
    *,
    width: int = 256,
    depth: int = 4,
    frequency: float = 256.0,
    last: str = "identity",
) -> Network:
    """z_1 = g_1(x), z_i = (W z_{i-1} + b) g_i(x), with sines g_i(x) = sin(F x + phase): a sum of
    sines whose number grows exponentially with ``depth`` (Fathony et al., "Multiplicative filter
    networks", 2021, section 4.1). ``frequency``: of the finished product, in radians."""
    layers = Layers(inputs)

    def sines() -> Values:
        bound = frequency / math.sqrt(depth)
        weight, _ = fan_in(random, width, len(layers.point), math.sqrt(len(layers.point)))
        phase = random.uniform(-math.pi, math.pi, width)
        return layers.affine(layers.point, bound * weight, phase, "sin")

    values = sines()
    for _ in range(depth - 1):
        mixed = layers.affine(values, *fan_in(random, width, width))
        values = layers.product(mixed, sines())
    return layers.network(
        layers.affine(values, *fan_in(random, len(outputs), width), last), outputs
    )
