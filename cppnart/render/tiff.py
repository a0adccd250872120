"""A streaming TIFF encoder: tiles, deflate, BigTIFF where the picture needs it.

After TIFF 6.0 (Adobe 1992), its Technical Note 2 (deflate) and the BigTIFF design (Aware Systems).
Rows are gathered to a row of tiles; workers compress the tiles, which follow each other in the
file; the directory that lists them comes last. The bytes of the file depend neither on how rows
arrive nor on the number of threads.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from typing import BinaryIO

import numpy as np

from cppnart.render.deflate import zlib_stream
from cppnart.render.formats import PictureFile, Rows
from cppnart.render.icc import srgb_profile
from cppnart.render.ordered import OrderedPool
from cppnart.render.xmp import packet

XMP_TAG = 700

_TILE = 256
_MAX_BAND_BYTES = 1 << 26
_BIG = 3_500_000_000  # bytes before compression; a classic TIFF ends at 4 GiB

# Tag values: the number that TIFF gives their type, and how struct packs one.
_BYTE, _SHORT, _LONG, _RATIONAL, _UNDEFINED, _LONG8 = (
    (1, "B"), (3, "H"), (4, "I"), (5, "2I"), (7, "B"), (16, "Q"),
)  # fmt: skip
_Tag = tuple[tuple[int, str], int, bytes]


class TiffEncoder:
    """Writes rows of `picture` to `file`; see `cppnart.render.writers` for the order of calls."""

    def __init__(self, file: BinaryIO, picture: PictureFile) -> None:
        self._file = file
        self._picture = picture
        self._tile_width, self._tile_height = _tile_size(picture)
        self._padded_width = _round_up(picture.width, self._tile_width)
        padded_bytes = picture.row_bytes * self._padded_width // picture.width * picture.height
        self._big = padded_bytes > _BIG
        self._pool: OrderedPool[bytes] = OrderedPool(self._append, picture.threads)
        self._rows_left = picture.height
        self._offsets: list[int] = []
        self._lengths: list[int] = []
        self._end = 16 if self._big else 8
        self._open_band()
        file.write(bytes(self._end))  # the header, once the directory's place is known

    def write(self, rows: Rows) -> None:
        while len(rows):
            height = min(self._tile_height, self._rows_left)
            taken = rows[: height - self._filled]
            self._band[self._filled : self._filled + len(taken), : self._picture.width] = taken
            self._filled += len(taken)
            rows = rows[len(taken) :]
            if self._filled == height:
                self._close_band()
                self._open_band()

    def finish(self) -> None:
        self._pool.finish()
        padding = bytes(self._end % 2)  # a directory begins at an even place
        place = self._end + len(padding)
        self._file.write(padding + _directory(self._tags(), place, self._big))
        self._file.seek(0)
        if self._big:
            self._file.write(struct.pack("<2s3HQ", b"II", 43, 8, 0, place))
        else:
            self._file.write(struct.pack("<2sHI", b"II", 42, place))

    def close(self) -> None:
        self._pool.close()

    def _open_band(self) -> None:
        shape = (self._tile_height, self._padded_width, self._picture.channels)
        self._band = np.zeros(shape, self._picture.dtype.newbyteorder("<"))
        self._filled = 0

    def _close_band(self) -> None:
        self._rows_left -= self._filled
        for left in range(0, self._padded_width, self._tile_width):
            tile = self._band[:, left : left + self._tile_width]
            self._pool.submit(_encode, tile, small=self._picture.small)

    def _append(self, tile: bytes) -> None:
        self._file.write(tile)
        self._offsets.append(self._end)
        self._lengths.append(len(tile))
        self._end += len(tile)

    def _tags(self) -> dict[int, _Tag]:
        picture = self._picture
        gray, alpha = picture.channels < 3, picture.channels in (2, 4)
        floats, place = picture.bits == 32, _LONG8 if self._big else _LONG
        tags = {
            256: _values(_LONG, [picture.width]),  # width
            257: _values(_LONG, [picture.height]),  # height
            258: _values(_SHORT, [picture.bits] * picture.channels),  # bits of each channel
            259: _values(_SHORT, [8]),  # compression: deflate
            262: _values(_SHORT, [1 if gray else 2]),  # colours: black is zero, or RGB
            277: _values(_SHORT, [picture.channels]),  # channels
            284: _values(_SHORT, [1]),  # layout: channels together
            317: _values(_SHORT, [1 if floats else 2]),  # predictor: differences, or none
            322: _values(_LONG, [self._tile_width]),  # tile width
            323: _values(_LONG, [self._tile_height]),  # tile height
            324: _values(place, self._offsets),  # where the tiles are
            325: _values(_LONG, self._lengths),  # and how long
            339: _values(_SHORT, [3 if floats else 1] * picture.channels),  # floats, or whole
            34675: _values(_UNDEFINED, srgb_profile(gray=gray)),  # ICC profile
        }
        if alpha:
            tags[338] = _values(_SHORT, [2])  # alpha, not multiplied into the colours
        if picture.dpi is not None:
            ratio = Fraction(picture.dpi).limit_denominator(10000)
            tags[282] = tags[283] = (_RATIONAL, 1, struct.pack("<2I", *ratio.as_integer_ratio()))
            tags[296] = _values(_SHORT, [2])  # the resolution is an inch's
        if picture.recipe is not None:
            tags[XMP_TAG] = _values(_BYTE, packet(picture.recipe))
        return tags


def _tile_size(picture: PictureFile) -> tuple[int, int]:
    """Width and height, multiples of 16; flat where a row of square tiles were too much memory."""
    width = min(_TILE, _round_up(picture.width, 16))
    height = min(_TILE, _round_up(picture.height, 16))
    while height > 16 and height * picture.row_bytes > _MAX_BAND_BYTES:
        height = _round_up(height // 2, 16)
    return width, height


def _round_up(number: int, step: int) -> int:
    return -(-number // step) * step


def _encode(tile: Rows, *, small: bool) -> bytes:
    """A tile (h, w, C), compressed; whole numbers as the differences from the pixel to the left."""
    if tile.dtype.kind == "u":
        differences = np.empty_like(tile)
        differences[:, 0] = tile[:, 0]
        np.subtract(tile[:, 1:], tile[:, :-1], out=differences[:, 1:])
        tile = differences
    return zlib_stream(np.ascontiguousarray(tile).view(np.uint8), small=small)


def _values(kind: tuple[int, str], numbers: Sequence[int] | bytes) -> _Tag:
    if isinstance(numbers, bytes):
        return kind, len(numbers), numbers
    return kind, len(numbers), struct.pack(f"<{len(numbers)}{kind[1]}", *numbers)


def _directory(tags: dict[int, _Tag], place: int, big: bool) -> bytes:
    """The bytes of an image file directory that begins at `place`, long values after it."""
    count, entry, slot = ("<Q", "<HHQ", 8) if big else ("<H", "<HHI", 4)
    size = struct.calcsize(count) + len(tags) * (struct.calcsize(entry) + slot) + slot
    entries, after = struct.pack(count, len(tags)), b""
    for tag, (kind, length, data) in sorted(tags.items()):
        if len(data) > slot:
            data, after = (place + size + len(after)).to_bytes(slot, "little"), after + data
            after += bytes(len(after) % 2)
        entries += struct.pack(entry, tag, kind[0], length) + data.ljust(slot, b"\0")
    return entries + bytes(slot) + after
