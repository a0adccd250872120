"""The formats that a picture can be written in, chosen by the suffix of its name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike, NDArray

Rows = NDArray[np.generic]


@dataclass(frozen=True)
class Format:
    """What a format can hold.

    `side` is its longest side in pixels; `memory` the bytes of pixels that we allow where the
    whole picture must be in memory, None where rows are streamed to the file.
    """

    name: str
    suffixes: tuple[str, ...]
    channels: tuple[int, ...]
    bits: tuple[int, ...]
    side: int
    memory: int | None = None
    compressed: bool = True


_ANY = (1, 2, 3, 4)

FORMATS = (
    Format("PNG", (".png",), _ANY, (8, 16), side=2**31 - 1),
    Format("JPEG", (".jpg", ".jpeg"), (1, 3), (8,), side=65500, memory=2**30),
    Format("WebP", (".webp",), _ANY, (8,), side=16383, memory=2**30),
    Format("AVIF", (".avif",), _ANY, (8,), side=32768, memory=2**28),
    Format("TIFF", (".tif", ".tiff"), _ANY, (8, 16, 32), side=2**31 - 1),
    Format("NumPy", (".npy",), _ANY, (8, 16, 32), side=2**31 - 1, compressed=False),
)


@dataclass(frozen=True)
class PictureFile:
    """What an encoder is told before the first row."""

    width: int
    height: int
    channels: int
    bits: int
    dpi: float | None = None
    recipe: str | None = None
    small: bool = False
    threads: int | None = None

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The type that rows come in."""
        kinds: dict[int, DTypeLike] = {8: np.uint8, 16: np.uint16, 32: np.float32}
        return np.dtype(kinds[self.bits])

    @property
    def row_bytes(self) -> int:
        return self.width * self.channels * self.bits // 8


def format_of(path: str | os.PathLike[str]) -> Format:
    """The format that the suffix of `path` asks for; ValueError lists what is accepted."""
    suffix = Path(path).suffix.lower()
    for form in FORMATS:
        if suffix in form.suffixes:
            return form
    accepted = " ".join(suffix for form in FORMATS for suffix in form.suffixes)
    raise ValueError(f"{os.fspath(path)}: expected a name that ends in one of {accepted}")
