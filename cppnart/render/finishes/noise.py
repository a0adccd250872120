"""Noise that belongs to the picture, not to its pixels: wrapped tables over frame coordinates.

Every table repeats a whole number of times over the frame's short side, so that a field that
tiles still tiles under it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cppnart.cppn.seeds import Stream
from cppnart.fields.program import Values, joined
from cppnart.render.finishes.surface import SHORT_SIDE, Surface

CELLS = 128
"""Cells along each side of a table: small enough for a processor's cache."""


@lru_cache(maxsize=8)
def table(
    name: str, blur: float = 0.0, shape: tuple[int, int] = (CELLS, CELLS)
) -> NDArray[np.float32]:
    """Noise of mean 0 and standard deviation 1, wrapping both ways: (rows * columns, 1).

    blur: standard deviation, in cells, of a gaussian that makes it soft.
    """
    white = Stream("finish", name).normal(shape)
    if blur:
        rows, columns = (np.fft.fftfreq(n) for n in shape)
        kept = np.exp(-2 * (np.pi * blur) ** 2 * (rows[:, None] ** 2 + columns[None] ** 2))
        white = np.fft.ifft2(np.fft.fft2(white) * kept).real
    white = white - white.mean()
    scaled = np.asarray(white / white.std(), np.float32).reshape(-1, 1)
    scaled.flags.writeable = False
    return scaled


def noise(
    s: Surface,
    name: str,
    repeats: int,
    *,
    blur: float = 0.0,
    fade: bool = True,
    cells: int = CELLS,
) -> Values:
    """Noise with this many tables along the short side, fading where it is finer than a pixel."""
    point = s.b.map([s.x, s.y], scale=repeats / SHORT_SIDE)
    shape = (cells, cells)
    values = s.b.grid(point, table(name, blur, shape), shape, wrap=True, smooth=True)
    if not fade:
        return values
    return s.times(values, faded(s, SHORT_SIDE / (repeats * cells) * max(1.0, 2 * blur)))


def faded(s: Surface, cell: float) -> Values:
    """1 while a cell of noise covers pixels, falling as its mean over a pixel does: as cell /
    pixel."""
    ratio = s.apply("reciprocal", s.pixel, 1 / cell)
    return s.sum((1, ratio), (-1, s.apply("relu", ratio, 1, -1)))


def fibres(s: Surface, repeats: int) -> Values:
    """The tooth of paper: noise at two scales, about unit size."""
    coarse = noise(s, "tooth", repeats, blur=0.7)
    fine = noise(s, "pulp", 3 * repeats, blur=0.7)
    return s.sum((0.8, joined(coarse)), (0.6, fine))
