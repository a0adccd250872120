"""Pictures of works at the sizes that a screen wants, as bytes."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cppnart.fields.coordinates import View
from cppnart.render.api import render
from cppnart.render.export.still import view_of
from cppnart.render.prepare import Prepared
from cppnart.render.renderer import Settings, render_rows

Pixels = NDArray[np.uint8]

THUMBNAIL = 512
MAX_SIDE = 2048
"""Of a picture that is rendered while somebody waits for it; larger ones are jobs."""
QUALITY = 90


def frame_of(prepared: Prepared) -> tuple[int, int]:
    """Width and height of what the picture shows, in its own pixels."""
    region = prepared.recipe.region
    return (region[2], region[3]) if region else (prepared.size.width, prepared.size.height)


def fitted(frame: tuple[int, int], side: int) -> tuple[int, int]:
    """Width and height of a picture of this shape whose longer side is ``side``."""
    longest = max(frame)
    width, height = (max(1, round(side * length / longest)) for length in frame)
    return width, height


def pixels(
    prepared: Prepared, size: tuple[int, int], view: View | None = None, threads: int | None = 1
) -> Pixels:
    """What a view shows, by default the picture's own: (height, width, 3 or 4)."""
    settings = settings_of(prepared, size, view, threads)
    return np.concatenate(list(render_rows(prepared.picture, settings)))


def settings_of(
    prepared: Prepared, size: tuple[int, int], view: View | None = None, threads: int | None = 1
) -> Settings:
    """How to render a picture for a screen."""
    width, height = size
    return replace(
        prepared.settings(threads=threads),
        width=width,
        height=height,
        clip=None,
        view=view or view_of(prepared),
        samples=4,
        bits=8,
    )


def webp(picture: Pixels) -> bytes:
    """A picture as a WebP file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "WEBP", quality=QUALITY, method=2)
    return file.getvalue()


def small(prepared: Prepared, side: int) -> bytes:
    """A picture whose longer side is so many pixels, as WebP."""
    return webp(pixels(prepared, fitted(frame_of(prepared), checked_side(side))))


def png(prepared: Prepared, side: int, path: Path) -> bytes:
    """A picture whose longer side is so many pixels, as a PNG that carries its recipe; path: a
    file that may be written on the way."""
    size = whole_size(prepared, fitted(frame_of(prepared), checked_side(side)))
    try:
        render(prepared.recipe, size=size, bits=8, output=path, threads=1)
        return path.read_bytes()
    finally:
        path.unlink(missing_ok=True)


def whole_size(prepared: Prepared, shown: tuple[int, int]) -> str:
    """The size to ask of ``render`` for so many pixels of what the picture shows: where that is a
    region, the size of all of it."""
    if prepared.recipe.region is None:
        return f"{shown[0]}x{shown[1]}"
    frame = frame_of(prepared)
    across, down = shown[0] / frame[0], shown[1] / frame[1]
    width = max(1, round(prepared.size.width * across))
    height = max(1, round(prepared.size.height * down))
    return f"{width}x{height}"


def checked_side(side: int) -> int:
    if not 16 <= side <= MAX_SIDE:
        raise ValueError(f"size {side}: expected 16 to {MAX_SIDE} pixels; larger ones are jobs")
    return side
