"""What a picture looks like, as a short list of numbers: for novelty, and for nothing finer.

The groups, each scaled so that usual pictures differ by about as much in every one:

- layout: mean lightness in 6 x 6 cells, less its mean;
- directions: how strong slopes of lightness are in 8 directions, in the whole and in each quarter;
- detail: the share of energy in octaves of spatial frequency;
- symmetry: how much the picture is like itself mirrored left to right, top to bottom, and turned;
- colour: mean and spread of the three coordinates of OKLab.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cppnart.render.colour import srgb_to_oklab

CELLS, DIRECTIONS, OCTAVES = 6, 8, 5
FEATURES = CELLS * CELLS + 5 * DIRECTIONS + OCTAVES + 3 + 6

Array = NDArray[np.float64]


def features(pixels: NDArray[np.uint8]) -> Array:
    """The features of a picture, (H, W, 3) uint8 with 32 or more a side: (FEATURES,) float64."""
    if pixels.ndim != 3 or pixels.shape[2] != 3 or min(pixels.shape[:2]) < 32:
        raise ValueError(f"pixels of shape {pixels.shape}: expected (H, W, 3), 32 or more a side")
    lab = np.asarray(srgb_to_oklab(pixels / 255.0), np.float64)
    lightness = lab[..., 0]
    groups = (
        0.5 * _layout(lightness),
        _directions(lightness),
        0.7 * _detail(lightness),
        0.4 * _symmetry(lightness),
        np.concatenate([lab.mean((0, 1)), lab.std((0, 1))]) * [1, 3, 3, 1, 3, 3],
    )
    return np.concatenate(groups)


def _layout(lightness: Array) -> Array:
    rows = np.array_split(lightness, CELLS, axis=0)
    cells = [cell.mean() for row in rows for cell in np.array_split(row, CELLS, axis=1)]
    return np.asarray(np.asarray(cells) - np.mean(cells))


def _directions(lightness: Array) -> Array:
    down, across = np.gradient(lightness)
    length = np.hypot(across, down)
    angle = np.floor((np.arctan2(down, across) % np.pi) * (DIRECTIONS / np.pi)).astype(int)
    h, w = (side // 2 for side in lightness.shape)
    whole = slice(None)
    parts = [(whole, whole)]
    parts += [(y, x) for y in (slice(h), slice(h, None)) for x in (slice(w), slice(w, None))]
    total = length.mean() + 0.01  # so that flat pictures have no direction
    shares = [
        np.bincount(angle[part].ravel() % DIRECTIONS, length[part].ravel(), DIRECTIONS)
        / (length[part].size * total)
        for part in parts
    ]
    return np.concatenate(shares)


def _detail(lightness: Array) -> Array:
    energy = np.abs(np.fft.rfft2(lightness - lightness.mean())) ** 2
    down = np.fft.fftfreq(lightness.shape[0])[:, None]
    across = np.fft.rfftfreq(lightness.shape[1])
    frequency = np.hypot(down, across)
    octave = np.clip(np.floor(np.log2(np.maximum(frequency, 1e-9) * 64)), 0, OCTAVES - 1)
    found = np.bincount(octave.astype(int).ravel(), energy.ravel(), OCTAVES)
    return np.asarray(np.sqrt(found / (found.sum() + 1e-6 * energy.size)))


def _symmetry(lightness: Array) -> Array:
    side = min(lightness.shape)
    square = lightness[:side, :side] - lightness.mean()
    energy = (square**2).mean() + 1e-4
    images = (square[:, ::-1], square[::-1], np.rot90(square))
    return np.array([(square * image).mean() / energy for image in images])


def novelty(own: Array, others: Array, nearest: int = 15) -> Array:
    """How far each of n pictures, (n, FEATURES), is from its nearest neighbours among themselves
    and ``others``, (m, FEATURES): the mean distance, (n,).

    Lehman and Stanley, "Abandoning objectives" (2011), section 4.
    """
    everything = np.concatenate([own, others])
    squares = (own**2).sum(1)[:, None] + (everything**2).sum(1) - 2 * own @ everything.T
    distances = np.sqrt(np.maximum(squares, 0))
    distances[np.arange(len(own)), np.arange(len(own))] = np.inf
    count = min(nearest, len(everything) - 1)
    if count < 1:
        return np.zeros(len(own))
    return np.asarray(np.partition(distances, count - 1, axis=1)[:, :count].mean(1))
