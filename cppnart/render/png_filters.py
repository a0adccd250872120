"""The filters of PNG, on a band of rows at once.

A filter predicts each byte from the bytes to its left (a), above (b) and above left (c), and keeps
the difference, which compresses better. A band is an array of bytes, shape (1 + rows, bytes a row),
whose first row is the one before the band. The outcome has a byte more a row, the filter's number.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


def filter_up(band: Bytes) -> Bytes:
    """Every row less the row above: nearly as good as the best, and as fast as memory."""
    filtered = np.empty((len(band) - 1, band.shape[1] + 1), np.uint8)
    filtered[:, 0] = 2
    np.subtract(band[1:], band[:-1], out=filtered[:, 1:])
    return filtered


def filter_best(band: Bytes, pixel_bytes: int) -> Bytes:
    """For each row, the filter that leaves the least sum of absolute differences.

    This is the heuristic that the PNG specification recommends.
    """
    filtered = np.empty((len(band) - 1, band.shape[1] + 1), np.uint8)
    least = np.full(len(filtered), np.iinfo(np.int64).max)
    for number, residual in _residuals(band, pixel_bytes):
        distance = np.minimum(residual, -residual)  # of bytes, which wrap
        total = distance.sum(axis=1, dtype=np.int64)
        better = total < least
        least[better] = total[better]
        filtered[better, 0] = number
        filtered[better, 1:] = residual[better]
    return filtered


def _residuals(band: Bytes, pixel_bytes: int) -> Iterator[tuple[int, Bytes]]:
    """Each filter's number and differences."""
    rows = band[1:]
    shifted = np.zeros_like(band)
    shifted[:, pixel_bytes:] = band[:, :-pixel_bytes]
    yield 0, rows
    yield 1, rows - shifted[1:]
    yield 2, rows - band[:-1]
    a, b, c = (byte.astype(np.int16) for byte in (shifted[1:], band[:-1], shifted[:-1]))
    yield 3, rows - ((a + b) >> 1).astype(np.uint8)
    yield 4, rows - _paeth(a, b, c).astype(np.uint8)


def _paeth(a: NDArray[np.int16], b: NDArray[np.int16], c: NDArray[np.int16]) -> NDArray[np.int16]:
    """Whichever of a, b, c is nearest to a + b - c; the earlier one where two are as near."""
    to_a, to_b, to_c = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    return np.where((to_a <= to_b) & (to_a <= to_c), a, np.where(to_b <= to_c, b, c))
