"""Distances between two sets of features, (N, d) each: how much samples are like data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float64]
CHUNK = 1024
"""Rows of a table of distances that are in memory at once."""
NEIGHBOURS = 3
SUBSETS, SUBSET = 50, 1000


def frechet(a: Features, b: Features) -> float:
    """The Frechet distance of Gaussians fitted to both: |mean - mean'|^2 + Tr(C + C' - 2 (C
    C')^(1/2)), Dowson and Landau, 1982."""
    _check(a, b)
    first, second = np.atleast_2d(np.cov(a.T)), np.atleast_2d(np.cov(b.T))
    # the trace of the root is the sum of roots of the eigenvalues of a symmetric relative of C C'
    values, vectors = np.linalg.eigh(first)
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T
    shared = np.linalg.eigvalsh(root @ second @ root)
    means = float(np.sum((a.mean(0) - b.mean(0)) ** 2))
    traces = float(np.trace(first) + np.trace(second))
    return max(means + traces - 2 * float(np.sqrt(shared.clip(0)).sum()), 0.0)


def kernel_distance(
    a: Features, b: Features, random: np.random.Generator, subsets: int = SUBSETS
) -> float:
    """The squared maximum mean discrepancy of the kernel (x y / d + 1)^3, unbiased, as a mean over
    random subsets: what KID is of Inception's features (Binkowski et al., arXiv 1801.01401)."""
    _check(a, b)
    size = min(len(a), len(b), SUBSET)
    if size == len(a) == len(b):
        subsets = 1  # there is but one
    found = []
    for _ in range(subsets):
        x = a[random.choice(len(a), size, replace=False)]
        y = b[random.choice(len(b), size, replace=False)]
        xx, yy, xy = _kernel(x, x), _kernel(y, y), _kernel(x, y)
        own = (xx.sum() - np.trace(xx) + yy.sum() - np.trace(yy)) / (size * (size - 1))
        found.append(own - 2 * xy.mean())
    return float(np.mean(found))


def _kernel(x: Features, y: Features) -> Features:
    linear = x @ y.T / x.shape[1] + 1
    return np.asarray(linear * linear * linear)  # a power is ten times slower


def precision_recall(real: Features, made: Features, k: int = NEIGHBOURS) -> tuple[float, float]:
    """How many samples lie among the data, and how much of the data lies among the samples:
    within the distance from a point of the other set to its k-th neighbour there (Kynkaanniemi
    et al., arXiv 1904.06991)."""
    _check(real, made)
    if min(len(real), len(made)) <= k:
        raise ValueError(f"{min(len(real), len(made))} features: expected more than {k}")
    return _covered(made, real, _radii(real, k)), _covered(real, made, _radii(made, k))


def _radii(points: Features, k: int) -> Features:
    """The squared distance of each point to its k-th neighbour."""
    found = [
        np.partition(_squared(points[at : at + CHUNK], points), k, axis=1)[:, k]
        for at in range(0, len(points), CHUNK)
    ]
    return np.concatenate(found)


def _covered(points: Features, among: Features, radii: Features) -> float:
    """The share of points within the radius of any of the others."""
    inside = 0
    for at in range(0, len(points), CHUNK):
        near = _squared(points[at : at + CHUNK], among) <= radii
        inside += int(near.any(1).sum())
    return inside / len(points)


def _squared(a: Features, b: Features) -> Features:
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    return np.asarray(squares.clip(0))


def _check(a: Features, b: Features) -> None:
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError(
            f"features of shapes {a.shape} and {b.shape}: expected two or more rows of one width"
        )
