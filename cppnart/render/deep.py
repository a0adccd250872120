"""Pictures so deep inside a field that float32 cannot tell their pixels apart.

They are evaluated in float64 by numpy, which is slow; but this far down most of what is seen is
smooth. So colours are interpolated between every eighth pixel, compared with the field itself at
every sixteenth, which are spread so that every row and every column has some, and evaluated
properly in and around the blocks where the two differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cppnart.fields import numpy_backend
from cppnart.fields.coordinates import Geometry
from cppnart.render.picture import Picture
from cppnart.render.renderer import Rows, Settings, encoded, levels, light_at, sample_offsets

STRIDE, BLOCK = 8, 32
TOLERANCE = 0.25 / 255
"""Of an interpolated colour."""
EDGE = 2 / 255
"""The difference of neighbours from which on a pixel gets all its samples."""

Array = NDArray[np.float64]
Indices = NDArray[np.integer[Any]]
Mask = NDArray[np.bool_]


def render_deep(picture: Picture, settings: Settings, place: Geometry) -> Rows:
    """A picture in memory, (height, width, channels), whose pixels lie where ``place`` says,
    whatever the view of the settings."""
    height, width = settings.height, settings.width
    evaluate = partial(numpy_backend.evaluate, dtype=np.float64)

    def at(px: NDArray[Any], py: NDArray[Any]) -> Array:
        return encoded(light_at(picture, place, px, py, evaluate))

    colours = _interpolated(width, height, at)
    rows, columns = _lattice(width, height)
    off = np.abs(at(columns + 0.5, rows + 0.5) - colours[rows, columns]).max(-1) > TOLERANCE
    sharp = _around(rows[off], columns[off], width, height)
    rows, columns = np.nonzero(sharp)
    if len(rows):
        colours[rows, columns] = at(columns + 0.5, rows + 0.5)
        rows, columns = np.nonzero(sharp & _edges(colours))
    if len(rows) and settings.samples > 1:
        share = replace(place, pixel=place.pixel / math.sqrt(settings.samples))
        light = [
            light_at(picture, share, columns + 0.5 + dx, rows + 0.5 + dy, evaluate)
            for dx, dy in sample_offsets(settings.samples)
        ]
        colours[rows, columns] = encoded(np.mean(light, axis=0))
    return levels(colours, settings, np.arange(width), np.arange(height))


def _interpolated(
    width: int, height: int, at: Callable[[NDArray[Any], NDArray[Any]], Array]
) -> Array:
    """Colours at pixel centres, from those at the corners of squares of STRIDE pixels."""
    across, down = (-(-length // STRIDE) + 1 for length in (width, height))
    py, px = np.mgrid[0:down, 0:across].astype(np.float64) * STRIDE
    nodes = at(px, py)
    return _along(_along(nodes, height, 0), width, 1)


def _along(nodes: Array, length: int, axis: int) -> Array:
    """Linear interpolation along an axis."""
    places = (np.arange(length) + 0.5) / STRIDE
    before = places.astype(np.int64)
    share = (places - before).reshape(-1, *[1] * (nodes.ndim - 1 - axis))
    return nodes.take(before, axis) * (1 - share) + nodes.take(before + 1, axis) * share


def _lattice(width: int, height: int) -> tuple[Indices, Indices]:
    """Rows and columns of every sixteenth pixel: of each row and of each column as well."""
    rows, columns = np.mgrid[0:height, 0:width]
    chosen = (columns + 5 * rows) % 16 == 0
    return rows[chosen], columns[chosen]


def _around(rows: Indices, columns: Indices, width: int, height: int) -> Mask:
    """The pixels of the blocks that have one of these, and of the blocks beside them."""
    down, across = -(-height // BLOCK), -(-width // BLOCK)
    blocks = np.zeros((down + 2, across + 2), bool)
    for dy in range(3):
        for dx in range(3):
            blocks[rows // BLOCK + dy, columns // BLOCK + dx] = True
    inner = blocks[1:-1, 1:-1]
    return inner.repeat(BLOCK, 0).repeat(BLOCK, 1)[:height, :width]


def _edges(colours: Array) -> Mask:
    """The pixels that differ from one of their eight neighbours."""
    around = np.pad(colours, ((1, 1), (1, 1), (0, 0)), "edge")
    windows = np.lib.stride_tricks.sliding_window_view(around, (3, 3), (0, 1))
    spread = windows.max((-1, -2)) - windows.min((-1, -2))
    return np.asarray(spread.max(-1) > EDGE)
