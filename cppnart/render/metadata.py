"""The recipe that a picture carries: found without decoding pixels.

Files come from anywhere, so nothing in them is trusted: every place and length is checked against
the file, and what is read is bounded.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zlib
from typing import BinaryIO

from cppnart.render import xmp
from cppnart.render.png import RECIPE_KEYWORD, SIGNATURE
from cppnart.render.tiff import XMP_TAG

_KEYWORD = RECIPE_KEYWORD + b"\0"
_MAX_PARTS = 1_000_000
_MAX_SCAN = 1 << 30
_BLOCK = 1 << 20
FOLDER_RECIPE = "film.json"
"""In a folder of frames."""
FILM_SUFFIXES = (".mp4", ".webm", ".mov", ".gif", ".apng")
"""Of films that no picture has; a WebP may be either."""


def read_recipe(path: str | os.PathLike[str]) -> str:
    """The recipe in a PNG, JPEG, WebP, AVIF or TIFF, a film or a page, that cppnart wrote.

    The format is told by the content, not by the name. Raises ValueError where there is no recipe
    or the file is damaged, OSError where it cannot be read.
    """
    recipe = find_recipe(path)
    if recipe is None:
        raise ValueError(
            f"{os.fspath(path)} carries no cppnart recipe: give a picture that cppnart made, or a"
            " seed"
        )
    return recipe


def find_recipe(path: str | os.PathLike[str]) -> str | None:
    """The same, but None where there is no recipe."""
    shown = os.fspath(path)
    if not stat.S_ISREG(os.stat(path).st_mode) and not os.path.isdir(path):
        raise ValueError(f"{shown} is not an ordinary file")
    if is_film_name(path):
        from cppnart.render.motion.film_metadata import read_film_recipe

        return read_film_recipe(path)
    with open(path, "rb") as file:
        try:
            return _find(Source(file))
        except (ValueError, zlib.error) as error:
            raise ValueError(f"{shown}: {error}") from None


def is_film_name(path: str | os.PathLike[str]) -> bool:
    """Whether this is a folder of frames, or a file that its name says to be a film."""
    if os.path.isdir(path):
        return os.path.exists(os.path.join(path, FOLDER_RECIPE))
    return os.fspath(path).lower().endswith(FILM_SUFFIXES)


class Source:
    """A file read at given places, never past its end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = os.fstat(file.fileno()).st_size

    def take(self, place: int, length: int) -> bytes:
        """Exactly `length` bytes from `place` on."""
        if length > 2 * xmp.MAX_RECIPE_BYTES:
            raise ValueError("the metadata is too large")
        self._file.seek(min(place, self.size))
        data = self._file.read(length)
        if len(data) < length:
            raise ValueError("the file is cut short")
        return data


def _find(source: Source) -> str | None:
    head = source.take(0, min(64, source.size))
    if head.startswith(SIGNATURE):
        return find_in_png(source)
    if head.startswith(b"\xff\xd8\xff"):
        return _find_in_jpeg(source)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return find_in_webp(source)
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return _find_in_tiff(source)
    if head[4:8] == b"ftyp" and b"avif" in head:
        return _find_by_scanning(source)
    if head.lower().startswith(b"<!doctype html"):
        return _find_in_page(source)
    raise ValueError("expected a picture that cppnart made (PNG, JPEG, WebP, AVIF or TIFF)")


def find_in_png(source: Source) -> str | None:
    place = len(SIGNATURE)
    for _ in range(_MAX_PARTS):
        length, kind = struct.unpack(">I4s", source.take(place, 8))
        if kind == b"IEND":
            return None
        name = source.take(place + 8, min(length, len(_KEYWORD))) if kind == b"iTXt" else b""
        if name == _KEYWORD:
            data = source.take(place + 8, length)
            (crc,) = struct.unpack(">I", source.take(place + 8 + length, 4))
            if crc != zlib.crc32(data, zlib.crc32(kind)):
                raise ValueError("the recipe is damaged")
            return _international_text(data[len(_KEYWORD) :])
        place += 12 + length
    raise ValueError("the file has too many chunks")


def _international_text(data: bytes) -> str:
    """The text in an iTXt chunk: compressed or not, method, two names that end in 0, text."""
    flags, rest = data[:2], data[2:]
    if rest.count(b"\0") < 2 or flags not in (b"\0\0", b"\1\0"):
        raise ValueError("the recipe is damaged")
    text = rest.split(b"\0", 2)[2]
    if flags == b"\1\0":
        stream = zlib.decompressobj()
        text = stream.decompress(text, xmp.MAX_RECIPE_BYTES + 1)
        if not stream.eof:
            raise ValueError("the recipe is cut short or too large")
    return text.decode()


def _find_in_jpeg(source: Source) -> str | None:
    place, digest = 2, b""
    parts: dict[int, bytes] = {}
    room = 2 * xmp.MAX_RECIPE_BYTES
    for _ in range(_MAX_PARTS):
        mark, kind, length = struct.unpack(">BBH", source.take(place, 4))
        if mark != 0xFF or length < 2:
            raise ValueError("the file is damaged")
        if kind in (0xDA, 0xD9):  # pixels, or the end
            return xmp.recipe_in(b"".join(data for _, data in sorted(parts.items())))
        if kind == 0xE1:
            data = source.take(place + 4, length - 2)
            if data.startswith(xmp.JPEG_PREFIX):
                if (recipe := xmp.recipe_in(data)) is not None:
                    return recipe
                pointer = re.search(rb'xmpNote:HasExtendedXMP="([0-9A-F]{32})"', data)
                digest = pointer[1] if pointer else b""
            elif digest and data.startswith(xmp.JPEG_EXTENSION_PREFIX + digest):
                data = data[len(xmp.JPEG_EXTENSION_PREFIX) + 32 :]
                parts[int.from_bytes(data[4:8], "big")] = data[8:]
                room -= len(data)
                if room < 0:
                    raise ValueError("the metadata is too large")
        place += 2 + length
    raise ValueError("the file has too many segments")


def find_in_webp(source: Source) -> str | None:
    place = 12
    for _ in range(_MAX_PARTS):
        if place >= source.size:
            return None
        kind, length = struct.unpack("<4sI", source.take(place, 8))
        if kind == b"XMP ":
            return xmp.recipe_in(source.take(place + 8, length))
        place += 8 + length + length % 2
    raise ValueError("the file has too many chunks")


def _find_in_tiff(source: Source) -> str | None:
    """Looks through the first directory, of a classic TIFF or a BigTIFF."""
    head = source.take(0, 4)
    order = "<" if head.startswith(b"II") else ">"
    big = b"+" in head
    number, count = ("Q", "Q") if big else ("I", "H")

    def unpack(place: int, codes: str) -> tuple[int, ...]:
        return struct.unpack(order + codes, source.take(place, struct.calcsize(order + codes)))

    (place,) = unpack(8 if big else 4, number)
    (entries,) = unpack(place, count)
    place += struct.calcsize(order + count)
    for _ in range(min(entries, _MAX_PARTS)):
        tag, _, length, where = unpack(place, "HH" + 2 * number)
        if tag == XMP_TAG:
            return xmp.recipe_in(source.take(where, length))
        place += struct.calcsize(order + "HH" + 2 * number)
    return None


def _find_in_page(source: Source) -> str | None:
    """In a page of export, whose recipe is a script of JSON; it has no less-than sign in it."""
    text = source.take(0, min(source.size, 2 * xmp.MAX_RECIPE_BYTES))
    found = re.search(rb'<script type="application/json" id="recipe">([^<]*)</script>', text)
    return found[1].decode() if found else None


def _find_by_scanning(source: Source) -> str | None:
    """For AVIF, whose XMP lies as plain text behind several tables of contents."""
    for place in range(0, min(source.size, _MAX_SCAN), _BLOCK):
        block = source.take(place, min(_BLOCK + len(xmp.START), source.size - place))
        if (found := block.find(xmp.START)) >= 0:
            start = place + found
            length = min(source.size - start, 2 * xmp.MAX_RECIPE_BYTES)
            return xmp.recipe_in(source.take(start, length))
    return None
