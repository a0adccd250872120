"""ReLU networks, on the plain point or on features of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ..program import Values
from .layers import Layers, Network, Random, glorot


def relu(
    inputs: Mapping[str, int],
    outputs: Sequence[str],
    random: Random,
    *,
    width: int = 256,
    depth: int = 3,
    last: str = "sigmoid",
) -> Network:
    """A multilayer perceptron: ``depth`` layers of ``width``, then the activation ``last``."""
    layers = Layers(inputs)
    return layers.network(
        perceptron(layers, layers.point, len(outputs), random, width, depth, last), outputs
    )


def fourier(
    inputs: Mapping[str, int],
    outputs: Sequence[str],
    random: Random,
    *,
    features: int = 256,
    sigma: float = 10.0,
    encoding: str = "gaussian",
    learned: bool = False,
    width: int = 256,
    depth: int = 3,
    last: str = "sigmoid",
) -> Network:
    """A perceptron on Fourier features, sines and cosines of 2 pi B v (Tancik et al., "Fourier
    features let networks learn high frequency functions in low dimensional domains", 2020).

    v are the coordinates brought from [-1, 1] to [0, 1]. encoding: ``gaussian``, B normal with
    deviation sigma, or ``positional``, frequencies from 1 to 2^sigma along each axis. learned:
    B learns too.
    """
    layers = Layers(inputs)
    size = len(layers.point)
    if encoding == "gaussian":
        frequencies = random.normal(0, sigma, (features, size))
    elif encoding == "positional":
        steps = 2.0 ** np.linspace(0, sigma, max(features // size, 1))
        frequencies = np.concatenate([np.outer(steps, axis) for axis in np.eye(size)])
    else:
        raise ValueError(f"encoding {encoding!r}: expected gaussian or positional")
    angle = math.pi * frequencies  # of a coordinate in [-1, 1]
    turns = np.concatenate([angle, angle])
    names = ["sin"] * len(angle) + ["cos"] * len(angle)
    encoded = layers.affine(layers.point, turns, turns.sum(1), names, float(learned))
    return layers.network(
        perceptron(layers, encoded, len(outputs), random, width, depth, last), outputs
    )


def perceptron(
    layers: Layers,
    values: Values,
    outputs: int,
    random: Random,
    width: int,
    depth: int,
    last: str,
) -> Values:
    for _ in range(depth):
        values = layers.affine(values, *glorot(random, width, len(values)), "relu")
    return layers.affine(values, *glorot(random, outputs, len(values)), last)
