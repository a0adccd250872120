"""Tiles of a picture without end: at any depth, and of the field beyond the frame.

At level L the longer side of the frame is 2^L tiles; tile (0, 0) has its top left corner at that
of the frame, x runs right and y down, and both may be negative.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from cppnart.fields.coordinates import FARTHEST, Geometry, View, geometry
from cppnart.render.deep import render_deep
from cppnart.render.export.still import view_of
from cppnart.render.prepare import Prepared

from . import pictures

MAX_LEVEL = 60
MIN_SIDE, MAX_SIDE = 16, 1024
DIGITS = 30
SINGLE = 2.0**-17
"""The size of a pixel, as a share of the coordinates, down to which float32 places it to within a
hundredth; finer ones are evaluated in float64."""


@dataclass(frozen=True)
class Tile:
    """Where a tile lies. Raises ValueError for a level or a side that is out of range."""

    level: int
    x: int
    y: int
    side: int = 256

    def __post_init__(self) -> None:
        if not 0 <= self.level <= MAX_LEVEL:
            raise ValueError(f"level {self.level}: expected 0 to {MAX_LEVEL}")
        if not MIN_SIDE <= self.side <= MAX_SIDE:
            raise ValueError(f"side {self.side}: expected {MIN_SIDE} to {MAX_SIDE} pixels")


def parse_tile(level: str, x: str, y: str, side: str = "256") -> Tile:
    """A tile from the words of an address."""
    return Tile(whole("level", level), whole("x", x), whole("y", y), whole("side", side))


def whole(name: str, text: str) -> int:
    """A whole number of any usual length; ValueError."""
    if not re.fullmatch(rf"-?[0-9]{{1,{DIGITS}}}", text):
        raise ValueError(f"{name} {text[:40]!r}: expected a whole number of up to {DIGITS} digits")
    return int(text)


def tile_pixels(prepared: Prepared, tile: Tile) -> pictures.Pixels:
    """A tile: (side, side, 3 or 4)."""
    frame, view = pictures.frame_of(prepared), view_of(prepared)
    width, height = frame
    scale = Fraction(max(frame), 1 << tile.level)  # of a tile, in pixels of the frame
    right, down = (
        (at + Fraction(1, 2)) * scale - Fraction(length, 2)
        for at, length in ((tile.x, width), (tile.y, height))
    )
    own = geometry(width, height, view)
    # exact until the last step: far down, float64 would lose the place on the way
    x, y = (
        float(Fraction(middle) + right * Fraction(across) + down * Fraction(along))
        for middle, across, along in zip(view.center, own.right, own.down, strict=True)
    )
    step = float(scale) / tile.side
    pixel = own.pixel * step
    size = (tile.side, tile.side)
    far = max(abs(x), abs(y))
    if pixel >= SINGLE * max(1.0, far) and far <= FARTHEST:
        zoom = 2.0 / (tile.side * pixel)
        return pictures.pixels(prepared, size, View((x, y), zoom, view.rotate))
    across = (own.right[0] * step, own.right[1] * step)
    along = (own.down[0] * step, own.down[1] * step)
    half = tile.side / 2
    origin = (x - half * (across[0] + along[0]), y - half * (across[1] + along[1]))
    place = Geometry(origin, across, along, pixel)
    return render_deep(prepared.picture, pictures.settings_of(prepared, size), place)
