"""A streaming PNG encoder that compresses on all cores (PNG third edition, W3C 2025).

The picture is cut into bands of whole rows at fixed places, so that the bytes of the file depend
neither on how the rows arrive nor on the number of threads. A worker filters a band, compresses it
into a piece of the one zlib stream that PNG prescribes, and makes it a chunk of its own.
"""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO, NamedTuple

import numpy as np

from cppnart.render import deflate
from cppnart.render.formats import PictureFile, Rows
from cppnart.render.ordered import OrderedPool
from cppnart.render.png_filters import Bytes, filter_best, filter_up

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RECIPE_KEYWORD = b"cppnart"

_BAND_BYTES = 1 << 20
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
_INCHES_PER_METRE = 1 / 0.0254


class _Band(NamedTuple):
    """A compressed band: its chunk, and what the checksum of the whole stream needs."""

    chunk: bytes
    adler: int
    length: int


class PngEncoder:
    """Writes rows of `picture` to `file`; see `cppnart.render.writers` for the order of calls."""

    def __init__(self, file: BinaryIO, picture: PictureFile) -> None:
        self._file = file
        self._picture = picture
        self._rows_left = picture.height
        self._adler = 1
        self._pool: OrderedPool[_Band] = OrderedPool(self._append, picture.threads)
        values = picture.width * picture.channels
        # Row 0 is the row before the band, which its first row is filtered against.
        self._band = np.zeros((1, values), picture.dtype.newbyteorder(">"))
        self._open_band()
        file.write(SIGNATURE + b"".join(_chunks_before_pixels(picture)))

    def write(self, rows: Rows) -> None:
        values = rows.reshape(len(rows), -1)
        while len(values):
            taken = values[: len(self._band) - self._filled]
            self._band[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            values = values[len(taken) :]
            if self._filled == len(self._band):
                self._close_band()
                self._open_band()

    def finish(self) -> None:
        self._pool.finish()
        tail = deflate.END + self._adler.to_bytes(4, "big")
        self._file.write(chunk(b"IDAT", tail) + chunk(b"IEND", b""))

    def close(self) -> None:
        self._pool.close()

    def _open_band(self) -> None:
        height = min(max(1, _BAND_BYTES // self._picture.row_bytes), self._rows_left)
        before = self._band[-1]
        self._band = np.empty((1 + height, len(before)), before.dtype)
        self._band[0] = before
        self._filled = 1

    def _close_band(self) -> None:
        first = self._rows_left == self._picture.height
        self._rows_left -= len(self._band) - 1
        pixel_bytes = self._picture.channels * self._picture.bits // 8
        small = self._picture.small
        self._pool.submit(_encode, self._band.view(np.uint8), pixel_bytes, small, first)

    def _append(self, band: _Band) -> None:
        self._file.write(band.chunk)
        self._adler = deflate.adler32_combine(self._adler, band.adler, band.length)


def chunk(kind: bytes, data: bytes) -> bytes:
    crc = zlib.crc32(data, zlib.crc32(kind))
    return b"".join((struct.pack(">I", len(data)), kind, data, struct.pack(">I", crc)))


def _encode(band: Bytes, pixel_bytes: int, small: bool, first: bool) -> _Band:
    """Filters and compresses a band, shape (1 + rows, bytes a row)."""
    rows = filter_best(band, pixel_bytes) if small else filter_up(band)
    piece = deflate.deflate(rows, small=small)
    data = deflate.HEADER + piece if first else piece
    return _Band(chunk(b"IDAT", data), deflate.adler32(rows), rows.nbytes)


def _chunks_before_pixels(picture: PictureFile) -> list[bytes]:
    header = (picture.width, picture.height, picture.bits, _COLOUR_TYPES[picture.channels], 0, 0, 0)
    chunks = [chunk(b"IHDR", struct.pack(">IIBBBBB", *header)), chunk(b"sRGB", b"\0")]
    if picture.dpi is not None:
        per_metre = round(picture.dpi * _INCHES_PER_METRE)
        chunks.append(chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)))
    if picture.recipe is not None:
        chunks.append(chunk(b"iTXt", international_text(picture.recipe.encode())))
    return chunks


READERS_LIMIT = 1 << 20
"""Pillow and others refuse a picture with a text that is longer when it is unpacked."""


def international_text(text: bytes) -> bytes:
    """The data of an iTXt chunk: keyword, whether compressed, two empty names, text."""
    if not 1024 < len(text) <= READERS_LIMIT:
        return RECIPE_KEYWORD + b"\0\0\0\0\0" + text
    return RECIPE_KEYWORD + b"\0\1\0\0\0" + zlib.compress(text, 9)
