"""The decoders of occupancy networks and of texture fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..program import Values, joined
from .grids import encoded
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
    for _ in range(depth):
        z = _block(layers, z, random)
    ends = fan_in(random, len(outputs), width)
    return layers.network(layers.affine(layers.map(z, "relu"), *ends, last), outputs)


def texture(
    inputs: Mapping[str, int],
    outputs: Sequence[str],
    random: Random,
    *,
    width: int = 128,
    depth: int = 5,
    levels: int = 0,
    features: int = 4,
    entries: int = 1 << 18,
    coarsest: int = 8,
    growth: float = 1.7,
    last: str = "sigmoid",
) -> Network:
    """Blocks as above, with an affine map of the input ``code``, if there is one, added before each
    of them (Oechsle et al., "Texture fields", 2019, section 3.1 and supplement).

    levels: of grids, as in ``grid``, whose features stand in place of the point: a point alone
    gives colours that are smooth over the whole shape.
    """
    layers = Layers(inputs)
    point = joined([layers.b[name] for name in inputs if name != "code"])
    if levels:
        point = encoded(layers, point, random, None, levels, features, entries, coarsest, growth)
    z = layers.affine(point, *fan_in(random, width, len(point)))
    for _ in range(depth):
        if "code" in inputs:
            code = layers.affine(layers.b["code"], *fan_in(random, width, inputs["code"]))
            z = _sum(layers, z, code)
        z = _block(layers, z, random)
    ends = fan_in(random, len(outputs), width)
    return layers.network(layers.affine(layers.map(z, "relu"), *ends, last), outputs)


def _block(layers: Layers, z: Values, random: Random) -> Values:
    width = len(z)
    inner = layers.map(z, "relu")
    inner = layers.affine(inner, *fan_in(random, width, width), "relu")
    _, bias = fan_in(random, width, width)
    return _sum(layers, z, layers.affine(inner, np.zeros((width, width)), bias))


def _sum(layers: Layers, a: Values, b: Values) -> Values:
    same = np.hstack([np.eye(len(a)), np.eye(len(a))])
    return layers.affine([a, b], same, None, "identity", 0.0)
