"""Paths through keys: latents, or the arrays of whole networks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Place = tuple[int, float]
"""A key's number, and the share of the way to the next, in [0, 1)."""

KINDS = {
    "spline": "a smooth curve through all keys",
    "sphere": "great arcs from key to key",
    "line": "straight from key to key",
}
EASES = {
    "linear": "the same speed all the way",
    "smooth": "slower at every key",
    "ends": "slower at the two ends",
}


def segment(u: float, keys: int, loop: bool, ease: str = "linear") -> Place:
    """Where position u of a path lies; at the very end of an open path the share is 1.

    u: 0 at the first key; 1 at the last, or, in a loop, at the first again. Positions of a loop
    wrap round, exactly, so that u and u + 1 are the same place.
    """
    segments = keys if loop else keys - 1
    if segments < 1:
        return 0, 0.0
    if loop:
        u -= math.floor(u)
    u = min(max(u, 0.0), 1.0)
    if ease == "ends" and not loop:
        u = u * u * (3 - 2 * u)
    number = min(int(u * segments), segments - 1)
    share = u * segments - number
    if ease == "smooth":
        share = share * share * (3 - 2 * share)
    return number, share


def along(keys: Sequence[NDArray[Any]], number: int, share: float, kind: str, loop: bool) -> Array:
    """The array at a place of the path through arrays of one shape, float64; see ``segment``.

    ``sphere`` turns from key to key at an even rate (Shoemake, "Animating rotation with
    quaternion curves", 1985, section 3.3). ``spline`` is the curve of Catmull and Rom ("A class
    of local interpolating splines", 1974). In both the norm goes evenly from key to key: a
    straight mean of independent draws would be shorter than either, and its picture flatter.
    """
    a = np.asarray(keys[number], np.float64)
    if share == 0:
        return a
    b = np.asarray(_key(keys, number + 1, loop), np.float64)
    if kind == "line":
        return np.asarray(a + share * (b - a))
    if kind == "sphere":
        return _slerp(a, b, share)
    before, after = _key(keys, number - 1, loop), _key(keys, number + 2, loop)
    s = share
    curve = (
        (-0.5 * s + s * s - 0.5 * s**3) * before
        + (1 - 2.5 * s * s + 1.5 * s**3) * a
        + (0.5 * s + 2 * s * s - 1.5 * s**3) * b
        + (-0.5 * s * s + 0.5 * s**3) * after
    )
    return _with_norm(curve, (1 - s) * np.linalg.norm(a) + s * np.linalg.norm(b))


def _key(keys: Sequence[NDArray[Any]], number: int, loop: bool) -> Array:
    """A key by its number; before and behind the ends of an open path, a key that goes on
    straight."""
    if loop:
        return np.asarray(keys[number % len(keys)], np.float64)
    if number < 0:
        return np.asarray(2.0 * keys[0] - keys[1], np.float64)
    if number >= len(keys):
        return np.asarray(2.0 * keys[-1] - keys[-2], np.float64)
    return np.asarray(keys[number], np.float64)


def _slerp(a: Array, b: Array, share: float) -> Array:
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    if min(lengths) < 1e-12:
        return np.asarray(a + share * (b - a))
    cosine = float(np.vdot(a, b) / (lengths[0] * lengths[1]))
    angle = math.acos(min(max(cosine, -1.0), 1.0))
    if angle < 1e-4 or angle > math.pi - 1e-4:  # no arc to speak of, or no one arc
        return np.asarray(a + share * (b - a))
    turned = (math.sin((1 - share) * angle) / lengths[0]) * a
    turned += (math.sin(share * angle) / lengths[1]) * b
    return np.asarray(turned * (((1 - share) * lengths[0] + share * lengths[1]) / math.sin(angle)))


def _with_norm(array: Array, norm: np.floating[Any] | float) -> Array:
    own = np.linalg.norm(array)
    return array * (norm / own) if own > 1e-6 * norm else array


def circle(center: NDArray[Any], radius: float, axes: Array, u: float) -> Array:
    """A small circle that begins and ends at ``center``: breathing.

    axes (2, n): two directions at right angles, of length 1. u has period 1.
    """
    angle = 2 * math.pi * (u - math.floor(u))
    way = (1 - math.cos(angle)) * axes[0] + math.sin(angle) * axes[1]
    return np.asarray(center + radius * way, np.float64)
