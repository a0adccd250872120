"""Contact sheets: many small pictures, labelled, on one page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cppnart.render.palettes import Palette

PAGE, TEXT = (244, 241, 234), (60, 56, 52)
MAX_PICTURES = 4096


@dataclass(frozen=True)
class Sheet:
    """What was written."""

    path: str
    width: int
    height: int
    pictures: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.pictures} pictures, {self.width}x{self.height}, {self.seconds:.2f} s"


def columns_for(count: int) -> int:
    """Columns of a page that is somewhat wider than high."""
    return max(1, math.ceil(math.sqrt(count * 1.4)))


def page_size(count: int, width: int, height: int, columns: int, labels: bool) -> tuple[int, int]:
    """Width and height of a page of so many pictures, in pixels."""
    gap, _, line = _measures(width, labels)
    rows = math.ceil(count / columns)
    return gap + columns * (width + gap), gap + rows * (height + line + gap)


def _measures(width: int, labels: bool) -> tuple[int, int, int]:
    """The gap between pictures of this width, the size of the text, and the height of its line."""
    size = max(9, width // 18)
    return max(4, width // 16), size, round(1.7 * size) if labels else 0


def layout(
    pictures: Sequence[NDArray[np.uint8]], labels: Sequence[str] | None, columns: int
) -> NDArray[np.uint8]:
    """Pictures (h, w, 3 or 4) of one size on a page (H, W, 3), row by row, each over its label."""
    from PIL import Image, ImageDraw, ImageFont

    height, width = pictures[0].shape[:2]
    gap, size, line = _measures(width, labels is not None)
    page = Image.new(
        "RGB", page_size(len(pictures), width, height, columns, labels is not None), PAGE
    )
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(size)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        x, y = gap + column * (width + gap), gap + row * (height + line + gap)
        image = Image.fromarray(picture)
        page.paste(image, (x, y), image if image.mode == "RGBA" else None)
        if labels:
            text = _fitting(labels[number], width, draw, font)
            draw.text((x, y + height + 0.3 * size), text, TEXT, font)
    return np.asarray(page)


def _fitting(text: str, width: int, draw: Any, font: Any) -> str:
    """The text, cut with an ellipsis where it is wider than its picture."""
    shown = text = " ".join(text.split())
    while shown and draw.textlength(shown, font) > width:
        shown = shown[:-2] + "…" if len(shown) > 2 else ""
    return shown


def swatch(palette: Palette, width: int, height: int) -> NDArray[np.uint8]:
    """A palette as a picture (height, width, 3): its colours from 0 on the left to 1."""
    row = np.round(255 * palette.srgb(width)).astype(np.uint8)
    return np.broadcast_to(row, (height, width, 3)).copy()
