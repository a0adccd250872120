"""The network of a well-known demonstration."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from .layers import Layers, Network, Random


def convnetjs(
    inputs: Mapping[str, int],
    outputs: Sequence[str],
    random: Random,
    *,
    width: int = 20,
    depth: int = 7,
) -> Network:
    """Seven layers of 20 rectified units: "Neural network paints an image" of ConvNetJS (Karpathy,
    2014). Coordinates go over [-1/2, 1/2]; weights are normal with deviation 1 / sqrt(fan in), and
    biases begin at 0.1."""
    layers = Layers(inputs)
    values = layers.map(layers.point, "identity", 0.5)
    for _ in range(depth):
        weight = random.normal(0, 1 / math.sqrt(len(values)), (width, len(values)))
        values = layers.affine(values, weight, np.full(width, 0.1), "relu")
    weight = random.normal(0, 1 / math.sqrt(width), (len(outputs), width))
    return layers.network(layers.affine(values, weight), outputs)
