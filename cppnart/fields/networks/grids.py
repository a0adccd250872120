"""Multiresolution grids with a small perceptron behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..program import Values, joined
from .layers import Layers, Network, Random
from .mlp import perceptron


def grid(
    inputs: Mapping[str, int],
    outputs: Sequence[str],
    random: Random,
    *,
    extent: Sequence[float] | None = None,
    levels: int = 16,
    features: int = 2,
    entries: int = 1 << 15,
    coarsest: int = 16,
    growth: float = 1.5,
    finest: int | None = None,
    width: int = 64,
    depth: int = 2,
    last: str = "identity",
) -> Network:
    """Features looked up in ``levels`` grids, each ``growth`` times finer than the one before, and
    a perceptron (Mueller et al., "Instant neural graphics primitives with a multiresolution hash
    encoding", 2022, section 3).

    extent: half the side of the box of points along each axis, 1 if not given. entries: at most
    so many in a grid; finer ones are addressed by a hash. finest: at most so many cells along the
    shortest axis, for signals that must not be fitted between their samples. In any number of
    dimensions up to 4.
    """
    layers = Layers(inputs)
    found = encoded(
        layers, layers.point, random, extent, levels, features, entries, coarsest, growth, finest
    )
    values = perceptron(layers, found, len(outputs), random, width, depth, last)
    return layers.network(values, outputs)


def encoded(
    layers: Layers,
    point: Values,
    random: Random,
    extent: Sequence[float] | None,
    levels: int,
    features: int,
    entries: int,
    coarsest: int,
    growth: float,
    finest: int | None = None,
) -> Values:
    """The features of points in all grids, side by side; see ``grid``."""
    size = len(point)
    reach = np.broadcast_to(np.asarray(extent if extent is not None else 1.0, float), (size,))
    if size > 4:
        raise ValueError(f"a grid in {size} dimensions: expected at most 4")
    unit = layers.affine(point, np.diag(0.5 / reach), 0.5, "identity", 0.0)
    found = []
    for level in range(levels):
        cells = coarsest * growth**level
        if finest is not None:
            cells = min(cells, finest)
        resolution = [max(int(np.ceil(cells * r / reach.min())), 1) + 1 for r in reach]
        count = int(np.prod([float(n) for n in resolution]))
        rows = count if count <= entries else 1 << (entries.bit_length() - 1)
        table = random.uniform(-1e-4, 1e-4, (rows, features))
        found.append(layers.grid(unit, table, resolution))
        if finest is not None and cells >= finest:
            break
    return joined(found)
