"""Which face of a mesh is seen where: a z-buffer over lattices of samples, in numpy.

Samples have the coordinates of pixels: the middle of the first is (.5, .5). A face covers the
samples between its edges row by row, as half-open spans, so that faces side by side neither leave
gaps nor share samples; spans are laid out and compared a million samples at a time.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

_ROWS = 1 << 18
_SAMPLES = 1 << 20
_LOWEST = np.int64(0xFFFFFFFF)


def seen_faces(corners: Floats, nearness: Floats, width: int, height: int) -> Numbers:
    """The face in front at every sample, (height, width), -1 where there is none.

    corners: (F, 3, 2), in samples. nearness: of the corners, (F, 3), 1 / depth, above 0. Of faces
    that are equally near the first is seen.
    """
    # The depth and the face in one number, of which the largest wins: bits of positive floats are
    # in the order of the floats.
    front = np.full(height * width, -1, np.int64)
    kept = np.flatnonzero(_doubled_areas(corners) != 0)
    slopes = _planes(corners[kept], nearness[kept])
    for part, rows in _rows_of_faces(corners[kept], height):
        first, last = _spans(corners[kept[part]], rows.astype(float) + 0.5, width)
        for rowed, columns in _columns_of_rows(first, last):
            face, row = part[rowed], rows[rowed]
            across, down, base = slopes[face].T
            near = across * (columns + 0.5) + down * (row + 0.5) + base
            bits = np.maximum(near, 1e-30).astype(np.float32).view(np.int32).astype(np.int64)
            np.maximum.at(front, row * width + columns, (bits << 32) | (_LOWEST - kept[face]))
    return np.where(front < 0, -1, _LOWEST - (front & _LOWEST)).reshape(height, width)


def weights_at(corners: Floats, nearness: Floats, places: Floats) -> tuple[Floats, Floats]:
    """Of each sample the weights of its face's corners in space, (N, 3), and its depth, (N,).

    corners: (N, 3, 2) and nearness: (N, 3), those of the face that is seen at places (N, 2).
    """
    a, b, c = np.moveaxis(corners - places[:, None], 1, 0)
    flat = np.stack([_cross(b, c), _cross(c, a), _cross(a, b)], axis=1)
    # What is linear in the picture is the weight times the nearness.
    near = flat * nearness / flat.sum(axis=1, keepdims=True)
    whole = near.sum(axis=1, keepdims=True)
    return near / whole, 1 / whole[:, 0]


def _rows_of_faces(corners: Floats, height: int) -> Iterator[tuple[Numbers, Numbers]]:
    """Pairs of a face and a row of samples that crosses it, in parts."""
    first = np.clip(np.ceil(corners[..., 1].min(axis=1) - 0.5), 0, height).astype(np.int64)
    last = np.clip(np.ceil(corners[..., 1].max(axis=1) - 0.5), 0, height).astype(np.int64)
    for faces, within in _spread(last - first, _ROWS):
        yield faces, first[faces] + within


def _columns_of_rows(first: Numbers, last: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    """Pairs of a span and a column in it, in parts."""
    for spans, within in _spread(last - first, _SAMPLES):
        yield spans, first[spans] + within


def _spread(counts: Numbers, most: int) -> Iterator[tuple[Numbers, Numbers]]:
    """Each number i, counts[i] times, and beside it 0 to counts[i] - 1; about `most` at a time."""
    ends = np.cumsum(np.maximum(counts, 0))
    start = 0
    while start < len(ends):
        done = ends[start - 1] if start else 0
        end = max(int(np.searchsorted(ends, done + most, side="right")), start + 1)
        repeated = np.repeat(np.arange(start, end), np.maximum(counts[start:end], 0))
        begins = ends[repeated] - counts[repeated]
        yield repeated, np.arange(done, done + len(repeated)) - begins
        start = end


def _spans(corners: Floats, y: Floats, width: int) -> tuple[Numbers, Numbers]:
    """The first column that each face (N, 3, 2) covers at height y (N,), and that past the last."""
    low, high = np.full(len(y), np.inf), np.full(len(y), -np.inf)
    for start, end in ((0, 1), (1, 2), (2, 0)):
        a, b = corners[:, start], corners[:, end]
        # From the upper end, whichever face asks, so that both sides of an edge agree on it.
        swap = (a[:, 1] > b[:, 1])[:, None]
        upper, lower = np.where(swap, b, a), np.where(swap, a, b)
        crosses = (upper[:, 1] <= y) & (y < lower[:, 1])
        rise = np.where(crosses, lower[:, 1] - upper[:, 1], 1.0)
        x = upper[:, 0] + (y - upper[:, 1]) / rise * (lower[:, 0] - upper[:, 0])
        low = np.where(crosses, np.minimum(low, x), low)
        high = np.where(crosses, np.maximum(high, x), high)
    low, high = np.where(low > high, 0.0, low), np.where(low > high, 0.0, high)
    first = np.clip(np.ceil(low - 0.5), 0, width).astype(np.int64)
    return first, np.clip(np.ceil(high - 0.5), 0, width).astype(np.int64)


def _planes(corners: Floats, nearness: Floats) -> Floats:
    """(F, 3): the nearness at (x, y) is row @ (x, y, 1)."""
    a, b, c = np.moveaxis(corners, 1, 0)
    whole = _doubled_areas(corners)
    one, two = nearness[:, 1] - nearness[:, 0], nearness[:, 2] - nearness[:, 0]
    across = (one * (c - a)[:, 1] - two * (b - a)[:, 1]) / whole
    down = (two * (b - a)[:, 0] - one * (c - a)[:, 0]) / whole
    return np.stack([across, down, nearness[:, 0] - across * a[:, 0] - down * a[:, 1]], axis=1)


def _doubled_areas(corners: Floats) -> Floats:
    a, b, c = np.moveaxis(corners, 1, 0)
    return _cross(b - a, c - a)


def _cross(a: Floats, b: Floats) -> Floats:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
