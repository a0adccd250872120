"""Networks of sines: SIREN and FINER."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from .layers import Layers, Network, Random, fan_in


def siren(
    inputs: Mapping[str, int],
    outputs: Sequence[str],
    random: Random,
    *,
    width: int = 256,
    depth: int = 4,
    omega: float = 30.0,
    first_omega: float = 30.0,
    stretch: float = 1.0,
    last: str = "identity",
) -> Network:
    """``depth`` layers sin(omega (W x + b)), and an affine one (Sitzmann et al., "Implicit neural
    representations with periodic activation functions", 2020, sections 3.2 and 1.5 of the
    supplement: the distribution of the activations is the same in all layers). stretch: what
    coordinates are multiplied with first; the paper's sounds span [-100, 100]."""
    layers = Layers(inputs)
    values = layers.point
    if stretch != 1:
        values = layers.map(values, "identity", stretch)
    for number in range(depth):
        frequency = omega if number else first_omega
        weight, bias = fan_in(random, width, len(values))
        bound = math.sqrt(6 / len(values)) / omega if number else 1 / len(values)
        weight = random.uniform(-bound, bound, weight.shape)
        values = layers.affine(values, frequency * weight, frequency * bias, "sin", frequency)
    bound = math.sqrt(6 / width) / omega
    weight = random.uniform(-bound, bound, (len(outputs), width))
    _, bias = fan_in(random, len(outputs), width)
    return layers.network(layers.affine(values, weight, bias, last), outputs)


def finer(
    inputs: Mapping[str, int],
    outputs: Sequence[str],
    random: Random,
    *,
    width: int = 256,
    depth: int = 4,
    omega: float = 30.0,
    first_bias: float = 1.0,
    last: str = "identity",
) -> Network:
    """``depth`` layers sin(omega (|z| + 1) z), z = W x + b: the frequency grows with z, and wide
    first biases choose it (Liu et al., "FINER: flexible spectral-bias tuning", 2024)."""
    layers = Layers(inputs)
    values = layers.point
    for number in range(depth):
        weight, bias = fan_in(random, width, len(values))
        bound = math.sqrt(6 / len(values)) / omega if number else 1 / len(values)
        weight = random.uniform(-bound, bound, weight.shape)
        if number == 0:
            bias = random.uniform(-first_bias, first_bias, width)
        z = layers.affine(values, weight, bias)
        grown = layers.product(z, layers.map(layers.map(z, "abs"), "identity", omega, omega))
        values = layers.map(grown, "sin")
    bound = math.sqrt(6 / width) / omega
    weight = random.uniform(-bound, bound, (len(outputs), width))
    _, bias = fan_in(random, len(outputs), width)
    return layers.network(layers.affine(values, weight, bias, last), outputs)
