"""Spectra of sounds: how fine they are, and how they go in time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

WINDOWS = ((0.186, 180.0), (0.093, 600.0), (0.046, 2000.0), (0.023, 6000.0))
"""Seconds that a window lasts, and the frequency in Hz where it serves best: long ones tell low
tones apart, short ones tell when high ones begin."""
SEGMENT = 4096
SEGMENTS = 512
COLUMNS = 64
"""Transformed at once."""


def knots_needed(samples: Floats, rate: int, decibels: float) -> float:
    """How many points a second straight lines must go through to miss a sound by so little.

    samples (frames, channels); at most rate, where nothing is missed. The best straight lines
    through points h apart miss a sine of angular frequency w by (w h)^4 / 720 of its power, where
    that is little.
    """
    power = _power(samples)
    angular = 2 * np.pi * rate * np.arange(len(power)) / SEGMENT
    knots = np.geomspace(min(1.0, rate), rate, 200)
    missed = np.minimum((angular / knots[:, None]) ** 4 / 720, 1) @ power
    return float(knots[min(np.searchsorted(-missed, -(10 ** (-decibels / 10)) * power.sum()), 199)])


def _power(samples: Floats) -> Floats:
    """The power of all channels, averaged over segments that are spread evenly (Welch)."""
    starts = np.linspace(0, max(len(samples) - SEGMENT, 0), SEGMENTS).astype(int)
    power = np.zeros(SEGMENT // 2 + 1)
    for start in np.unique(starts):
        part = np.asarray(samples[start : start + SEGMENT], np.float64)
        window = np.hanning(len(part) + 2)[1:-1, None]
        power += (np.abs(np.fft.rfft(part * window, SEGMENT, axis=0)) ** 2).sum(1)
    return power


def log_frequencies(low: float, high: float, count: int) -> Floats:
    """Rows of a spectrogram, in Hz, the highest first."""
    return np.geomspace(high, low, count)


def spectrogram(samples: Floats, rate: int, columns: int, frequencies: Floats) -> Floats:
    """Levels (frequencies, columns) in decibels, where a sine of amplitude 1 is at 0.

    samples (N,), spread over the columns; frequencies: equal ratios apart, the highest first. The
    length of the window goes with the frequency.
    """
    centres = (np.arange(columns) + 0.5) * len(samples) / columns
    half_row = float(np.sqrt(frequencies[0] / frequencies[1]))
    octaves = np.log2(frequencies)
    served = np.log2([best for _, best in WINDOWS])
    power = np.zeros((len(frequencies), columns))
    for number, (seconds, _) in enumerate(WINDOWS):
        weight = np.interp(octaves, served, np.eye(len(WINDOWS))[number])
        rows = np.flatnonzero(weight)
        if not rows.size:
            continue
        for first in range(0, columns, COLUMNS):
            part = slice(first, first + COLUMNS)
            where = samples, rate, centres[part], seconds, frequencies[rows], half_row
            found = _powers(*where)
            power[rows, part] += weight[rows, None] * found
    return 10 * np.log10(np.maximum(power, 1e-12))


def _powers(
    samples: Floats,
    rate: int,
    centres: Floats,
    seconds: float,
    frequencies: Floats,
    half_row: float,
) -> Floats:
    """Squared amplitudes (frequencies, centres), by windows of one length; a row reaches from a
    frequency divided by half_row to its product with it."""
    length = max(round(seconds * rate), 2)
    padded = 1 << (2 * length - 1).bit_length()
    index = np.floor(centres).astype(int)[:, None] + np.arange(length) - length // 2
    inside = (index >= 0) & (index < len(samples))
    window = np.hanning(length + 2)[1:-1]
    parts = np.where(inside, samples[np.clip(index, 0, len(samples) - 1)], 0) * window
    found = np.abs(np.fft.rfft(parts, padded, axis=1)) ** 2 * (2 / window.sum()) ** 2
    bins = np.clip(frequencies * padded / rate, 0, padded // 2)
    lower = np.minimum(bins.astype(int), padded // 2 - 1)
    between = found[:, lower] + (found[:, lower + 1] - found[:, lower]) * (bins - lower)
    # The strongest of a row's own bins, so that no tone is lost between two rows
    edges = np.ceil(np.stack([bins / half_row, bins * half_row], 1)).astype(int)
    first, end = np.minimum(edges, padded // 2).T
    strongest = np.maximum.reduceat(found, np.minimum(edges, padded // 2).ravel(), axis=1)[:, ::2]
    return np.asarray(np.where(end > first, np.maximum(strongest, between), between).T)
