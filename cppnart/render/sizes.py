"""The size of a picture: what people write, in pixels or on paper, and what is too much."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from cppnart.render.formats import format_of


def _papers() -> dict[str, tuple[float, float]]:
    """Width and height in millimetres, upright."""
    papers = {"letter": (215.9, 279.4), "legal": (215.9, 355.6), "tabloid": (279.4, 431.8)}
    for series, width, height in (("a", 841, 1189), ("b", 1000, 1414)):
        for number in range(11):
            papers[f"{series}{number}"] = (width, height)
            width, height = height // 2, width  # ISO 216 drops the fraction
    return papers


_PAPERS = _papers()
_MILLIMETRES = {"mm": 1.0, "cm": 10.0, "in": 25.4}
_EXPECTED = "expected 4096, 3840x2160, A3@300dpi, A3-landscape@300dpi or 30x20cm@300dpi"

MAX_PIXELS = 2**40
MAX_ROW_BYTES = 2**24  # a renderer and an encoder hold a few bands of rows


@dataclass(frozen=True)
class Size:
    """Pixels, and the dots per inch that a printer should give them, if any."""

    width: int
    height: int
    dpi: float | None = None

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


def parse_size(text: str) -> Size:
    """Reads ``4096``, ``3840x2160``, ``A3@300dpi``, ``A3-landscape@300dpi``, ``30x20cm@300dpi``.

    A single number is a square. Paper is A0 to A10, B0 to B10, letter, legal or tabloid, upright
    unless ``-landscape`` follows; lengths are in mm, cm or in. Paper and lengths need a resolution;
    after pixels one may stand, and only goes into the file. Raises ValueError for anything else.
    """
    what, at, resolution = re.sub(r"\s+", "", text).lower().partition("@")
    dpi = _parse_dpi(resolution, text) if at else None
    pixels = re.fullmatch(r"([+-]?[0-9]{1,15})(?:[x×]([+-]?[0-9]{1,15}))?", what)
    if pixels:
        width = int(pixels[1])
        return _checked(Size(width, int(pixels[2] or width), dpi), text)
    millimetres = _millimetres(what)
    if millimetres is None:
        raise ValueError(f"size {text[:40]!r}: {_EXPECTED}")
    if dpi is None:
        raise ValueError(f"size {text[:40]!r}: add a resolution, as in {what}@300dpi")
    width, height = (round(side / 25.4 * dpi) for side in millimetres)
    return _checked(Size(width, height, dpi), text)


def _parse_dpi(resolution: str, text: str) -> float:
    match = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)(?:dpi)?", resolution)
    if not match or not 1 <= float(match[1]) <= 65535:
        raise ValueError(f"size {text[:40]!r}: expected 1 to 65535 dots per inch, as in A3@300dpi")
    return float(match[1])


def _millimetres(what: str) -> tuple[float, float] | None:
    length = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)"
    if match := re.fullmatch(rf"{length}[x×]{length}(mm|cm|in)", what):
        unit = _MILLIMETRES[match[3]]
        return float(match[1]) * unit, float(match[2]) * unit
    name, _, orientation = what.partition("-")
    if name not in _PAPERS or orientation not in ("", "portrait", "landscape"):
        return None
    width, height = _PAPERS[name]
    return (height, width) if orientation == "landscape" else (width, height)


def _checked(size: Size, text: str) -> Size:
    if min(size.width, size.height) < 1:
        raise ValueError(f"size {text[:40]!r}: each side must be at least 1 pixel")
    return size


def check_size(
    size: Size,
    *,
    channels: int,
    bits: int,
    path: str | os.PathLike[str],
    free: int | None = None,
) -> None:
    """Refuses, before any work, a picture that its file or this machine cannot hold.

    `free` is the room in bytes where the file goes; the system is asked when it is None. Raises
    ValueError that says how many bytes the pixels take, what the limit is and what to do instead.
    """
    form = format_of(path)
    row = size.width * channels * bits // 8
    needed = row * size.height
    takes = f"size {size} takes {human_bytes(needed)}"
    if size.width * size.height > MAX_PIXELS or row > MAX_ROW_BYTES:
        raise ValueError(
            f"{takes}; the limit is {MAX_PIXELS:.1e} pixels and {human_bytes(MAX_ROW_BYTES)} a row:"
            " choose a smaller size"
        )
    if max(size.width, size.height) > form.side:
        raise ValueError(
            f"{takes}; {form.name} allows {form.side} pixels a side: write .png or .tif instead"
        )
    if form.memory is not None and needed > form.memory:
        raise ValueError(
            f"{takes}; {form.name} is made in memory and limited to {human_bytes(form.memory)}:"
            " write .png or .tif instead"
        )
    if not form.compressed:
        folder = Path(os.path.realpath(path)).parent
        if free is None and folder.is_dir():
            free = shutil.disk_usage(folder).free
        if free is not None and needed > free:
            raise ValueError(
                f"{takes}; {folder} has {human_bytes(free)} free:"
                " choose a smaller size, another disk, or .png or .tif, which are compressed"
            )


def human_bytes(count: int) -> str:
    """A number of bytes as people say it: ``512 B``, ``1.61 GB``, ``400 TB``."""
    value, units = float(count), iter(("B", "kB", "MB", "GB", "TB", "PB", "EB"))
    unit = next(units)
    while value >= 999.5 and (larger := next(units, None)):
        value, unit = value / 1000, larger
    return f"{value:.3g} {unit}" if value < 999.5 else f"{value:.0f} {unit}"
