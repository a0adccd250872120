"""Pictures that were bred, as files, as small pictures and as pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cppnart.render.prepare import Prepared
from cppnart.render.recipe import recipe_text
from cppnart.render.renderer import Settings, render_rows
from cppnart.render.sheets import layout
from cppnart.render.writers import open_picture

Pixels = NDArray[np.uint8]


def write(prepared: Prepared, path: Path, device: str = "cpu", threads: int | None = None) -> None:
    """Renders a picture to a file that carries its recipe."""
    settings = prepared.settings(device, threads)
    with open_picture(
        path,
        width=settings.width,
        height=settings.height,
        channels=len(prepared.picture.colour.outputs),
        bits=settings.bits,
        dpi=prepared.size.dpi,
        recipe=recipe_text(prepared.recipe),
        threads=threads,
    ) as writer:
        for band in render_rows(prepared.picture, settings):
            writer.write(band)


def thumbnail(
    prepared: Prepared, side: int, device: str = "cpu", threads: int | None = None
) -> Pixels:
    """A picture again, small and square: (side, side, 3 or 4)."""
    settings = prepared.settings(device, threads)
    small = replace(settings, width=side, height=side, clip=None, samples=4, bits=8)
    return rendered(prepared, small)


def rendered(prepared: Prepared, settings: Settings) -> Pixels:
    return np.concatenate(list(render_rows(prepared.picture, settings)))


def sheet_of(thumbs: Sequence[Pixels], labels: Sequence[str] | None) -> Pixels:
    """Small pictures on a page, about as wide as high."""
    columns = max(1, round(len(thumbs) ** 0.5))
    return layout(thumbs, labels, columns)


def write_page(page: Pixels, path: Path) -> None:
    """A page of pictures, as a file without a recipe."""
    height, width = page.shape[:2]
    with open_picture(path, width=width, height=height, channels=3) as writer:
        writer.write(page)
