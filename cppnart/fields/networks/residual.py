"""The decoder of occupancy networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .layers import Layers, Network, Random, fan_in


def residual(
    inputs: Mapping[str, int],
    outputs: Sequence[str],
    random: Random,
    *,
    width: int = 256,
    depth: int = 5,
    last: str = "identity",
) -> Network:
    """An affine map to ``width`` values, ``depth`` blocks z + W2 relu(W1 relu(z)) whose second
    weights begin at 0, a relu and one more map (Mescheder et al., "Occupancy networks", 2019,
    supplement 1.1, where a code sets the scales of batch normalisation; without one there is
    nothing to normalise by)."""
    layers = Layers(inputs)
    z = layers.affine(layers.point, *fan_in(random, width, len(layers.point)))
    same = np.hstack([np.eye(width), np.eye(width)])
    for _ in range(depth):
        inner = layers.map(z, "relu")
        inner = layers.affine(inner, *fan_in(random, width, width), "relu")
        _, bias = fan_in(random, width, width)
        change = layers.affine(inner, np.zeros((width, width)), bias)
        z = layers.affine([z, change], same, None, "identity", 0.0)
    ends = fan_in(random, len(outputs), width)
    return layers.network(layers.affine(layers.map(z, "relu"), *ends, last), outputs)
