"""Networks of bells and wavelets: Gauss and WIRE."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ..program import Values, joined
from .layers import Layers, Network, Random, fan_in


def gauss(
    inputs: Mapping[str, int],
    outputs: Sequence[str],
    random: Random,
    *,
    width: int = 256,
    depth: int = 3,
    scale: float = 20.0,
    last: str = "identity",
) -> Network:
    """``depth`` layers exp(-(scale (W x + b))^2) (Ramasinghe and Lucey, "Beyond periodicity",
    2022, in the form in which WIRE compares it)."""
    layers = Layers(inputs)
    values = layers.point
    for _ in range(depth):
        weight, bias = fan_in(random, width, len(values))
        values = layers.affine(values, scale * weight, scale * bias, "bell", scale)
    return layers.network(
        layers.affine(values, *fan_in(random, len(outputs), width), last), outputs
    )


def wire(
    inputs: Mapping[str, int],
    outputs: Sequence[str],
    random: Random,
    *,
    width: int = 256,
    depth: int = 3,
    omega: float = 20.0,
    sigma: float = 20.0,
    last: str = "identity",
) -> Network:
    """``depth`` layers exp(j omega z - |sigma z|^2), complex from the second on, and the real part
    of an affine map (Saragadam et al., "WIRE: wavelet implicit neural representations", 2023).

    Complex numbers are pairs of values here, width / sqrt(2) of them in a layer as there, so that
    parameters are as many as in a real network of this width.
    """
    units = max(round(width / math.sqrt(2)), 1)
    layers = Layers(inputs)
    weight, bias = fan_in(random, units, len(layers.point))
    z = layers.affine(layers.point, weight, bias)
    pair = _wavelet(layers, z, None, omega, sigma)
    for _ in range(depth - 1):
        (a, bias_a), (b, bias_b) = (fan_in(random, units, units) for _ in range(2))
        z = layers.complex_affine(pair, a, b, np.concatenate([bias_a, bias_b]))
        pair = _wavelet(layers, z[:units], z[units:], omega, sigma)
    real, imaginary = (fan_in(random, len(outputs), units)[0] for _ in range(2))
    _, bias = fan_in(random, len(outputs), units)
    return layers.network(layers.affine(pair, np.hstack([real, -imaginary]), bias, last), outputs)


def _wavelet(
    layers: Layers, real: Values, imaginary: Values | None, omega: float, sigma: float
) -> Values:
    """exp(j omega z - |sigma z|^2) as a pair; z is real where it has no imaginary part."""
    wave = joined([layers.map(real, "cos", omega), layers.map(real, "sin", omega)])
    n = len(real)
    if imaginary is None:
        envelope = layers.map(real, "bell", sigma)
    else:
        squares = layers.map(joined([real, imaginary]), "square")
        same = np.eye(n)
        terms = [squares, imaginary]
        weight = np.hstack([-(sigma**2) * same, -(sigma**2) * same, -omega * same])
        envelope = layers.affine(terms, weight, None, "exp", 0.0)
    return layers.product(wave, joined([envelope, envelope]))
