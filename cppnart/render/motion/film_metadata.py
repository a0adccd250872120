"""The recipe that a film carries: added to a finished file, and found without decoding frames.

In every format the recipe is appended, so nothing that ffmpeg wrote moves:

| format | where | source |
|---|---|---|
| MP4, MOV | XMP in a last box "uuid" | Adobe XMP Specification, part 3, 2.2.1 (MPEG-4) |
| WebM | a last element Tags, with the tag CPPNART | RFC 9559, 5.1.8 |
| GIF | a last comment, "cppnart:" and the recipe | GIF89a, 24 |
| WebP | XMP in a last chunk "XMP " | WebP Container Specification |
| APNG | a last chunk iTXt, as in cppnart.render.png | PNG third edition, 11.3.3.4 |
| folder of frames | film.json | |

Files come from anywhere, so nothing in them is trusted: every place and length is checked against
the file, and what is read is bounded.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cppnart.render import xmp
from cppnart.render.metadata import FOLDER_RECIPE, Source, find_in_png, find_in_webp
from cppnart.render.png import SIGNATURE, chunk, international_text

_XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")

_EBML, _SEGMENT, _TAGS, _TAG = 0x1A45DFA3, 0x18538067, 0x1254C367, 0x7373
_TARGETS, _SIMPLE_TAG, _TAG_NAME, _TAG_STRING = 0x63C0, 0x67C8, 0x45A3, 0x4487
_NAME = b"CPPNART"

_COMMENT = b"\x21\xfe"
_COMMENT_PREFIX = b"cppnart:"
_GIF_END = b"\x3b"

_MAX_PARTS = 1_000_000
_MAX_SCAN = 1 << 32
_BLOCK = 1 << 20


def add_recipe(path: Path, recipe: str) -> None:
    """Adds a recipe to a film that ffmpeg wrote; the format is told by the content.

    Raises ValueError where the file is none of these, or where a WebP would be too large.
    """
    with open(path, "r+b") as file:
        head = file.read(64)
        if head[4:8] == b"ftyp":
            _append_box(file, recipe)
        elif head.startswith(_EBML.to_bytes(4, "big")):
            _append_tags(file, recipe)
        elif head.startswith(b"GIF8"):
            _append_comment(file, recipe)
        elif head.startswith(b"RIFF"):
            _append_riff_chunk(file, recipe)
        elif head.startswith(SIGNATURE):
            _append_png_chunk(file, recipe)
        else:
            raise ValueError(f"{path}: not a film that can carry a recipe")


def read_film_recipe(path: str | os.PathLike[str]) -> str | None:
    """The recipe in a film that cppnart wrote: MP4, MOV, WebM, GIF, WebP, APNG, folder of frames.

    The format is told by the content, not by the name. None where there is no recipe. Raises
    ValueError where the file is of another kind or damaged, OSError where it cannot be read.
    """
    shown = os.fspath(path)
    folder = os.path.isdir(path)
    if folder:
        path = Path(path) / FOLDER_RECIPE
        if not path.exists():
            return None
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise ValueError(f"{shown} is not an ordinary file")
    with open(path, "rb") as file:
        source = Source(file)
        try:
            if folder:
                return source.take(0, source.size).decode()
            return _find(source)
        except (ValueError, zlib.error) as error:
            raise ValueError(f"{shown}: {error}") from None


def _find(source: Source) -> str | None:
    head = source.take(0, min(64, source.size))
    if head.startswith(SIGNATURE):
        return find_in_png(source)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return find_in_webp(source)
    if head[4:8] == b"ftyp":
        return _find_in_boxes(source)
    if head.startswith(_EBML.to_bytes(4, "big")):
        return _find_in_webm(source)
    if head.startswith(b"GIF8"):
        return _find_in_gif(source)
    raise ValueError("expected a film that cppnart made (MP4, MOV, WebM, GIF, WebP or APNG)")


# MP4 and MOV (ISO/IEC 14496-12, 4.2)


def _append_box(file: BinaryIO, recipe: str) -> None:
    data = xmp.packet(recipe)
    file.seek(0, os.SEEK_END)
    file.write(struct.pack(">I4s", 24 + len(data), b"uuid") + _XMP_BOX + data)


def _find_in_boxes(source: Source) -> str | None:
    place = 0
    for _ in range(_MAX_PARTS):
        if place >= source.size:
            return None
        head = 8
        length, kind = struct.unpack(">I4s", source.take(place, 8))
        if length == 1:
            head = 16
            (length,) = struct.unpack(">Q", source.take(place + 8, 8))
        elif length == 0:
            length = source.size - place
        if length < head:
            raise ValueError("the file is damaged")
        if kind == b"uuid" and source.take(place + head, 16) == _XMP_BOX:
            recipe = xmp.recipe_in(source.take(place + head + 16, max(length - head - 16, 0)))
            if recipe is not None:
                return recipe
        place += length
    raise ValueError("the file has too many boxes")


# WebM (RFC 8794 for elements, RFC 9559 for what they mean)


def _append_tags(file: BinaryIO, recipe: str) -> None:
    file.seek(0, os.SEEK_END)
    end = file.tell()
    source = Source(file)
    start, length = _segment(source)
    if start + length != end:
        raise ValueError("the film's end is not where it says")
    simple = _element(_TAG_NAME, _NAME) + _element(_TAG_STRING, recipe.encode())
    tag = _element(_TARGETS, b"") + _element(_SIMPLE_TAG, simple)
    tags = _element(_TAGS, _element(_TAG, tag))
    file.seek(end)
    file.write(tags)
    # ffmpeg leaves 8 bytes for the length of the segment, which it learns at the end.
    file.seek(start - 8)
    file.write(_length(length + len(tags)))


def _element(name: int, data: bytes) -> bytes:
    return name.to_bytes((name.bit_length() + 7) // 8, "big") + _length(len(data)) + data


def _length(length: int) -> bytes:
    """A length in 8 bytes."""
    return (length | 1 << 56).to_bytes(8, "big")


def _segment(source: Source) -> tuple[int, int]:
    """Where the contents of the segment begin, and how long they are."""
    for name, place, length in _elements(source, 0, source.size):
        if name == _SEGMENT:
            return place, length
    raise ValueError("the file is damaged")


def _elements(source: Source, place: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The elements from `place` to `end`: their names, and where and how long their contents are.

    One of unknown length reaches to the end.
    """
    for _ in range(_MAX_PARTS):
        if place >= end:
            return
        head = source.take(place, min(12, end - place))
        name_size = 9 - head[0].bit_length()
        if name_size > 4 or len(head) <= name_size:
            raise ValueError("the file is damaged")
        length_size = 9 - head[name_size].bit_length()
        field = head[name_size : name_size + length_size]
        if length_size > 8 or len(field) < length_size:
            raise ValueError("the file is damaged")
        length = int.from_bytes(field, "big") & ((1 << 7 * length_size) - 1)
        start = place + name_size + length_size
        if length == (1 << 7 * length_size) - 1:
            length = end - start
        if start + length > end:
            raise ValueError("the file is cut short")
        yield int.from_bytes(head[:name_size], "big"), start, length
        place = start + length
    raise ValueError("the file has too many elements")


def _find_in_webm(source: Source) -> str | None:
    for place, length in _inner(source, *_segment(source), _TAGS):
        for tag in _inner(source, place, length, _TAG):
            for simple in _inner(source, *tag, _SIMPLE_TAG):
                found = {name: source.take(*where) for name, *where in _within(source, *simple)}
                if found.get(_TAG_NAME) == _NAME and _TAG_STRING in found:
                    return found[_TAG_STRING].decode()
    return None


def _within(source: Source, place: int, length: int) -> Iterator[tuple[int, int, int]]:
    return _elements(source, place, place + length)


def _inner(source: Source, place: int, length: int, name: int) -> Iterator[tuple[int, int]]:
    """Where the elements of a name are among those of another."""
    return ((p, n) for inner, p, n in _within(source, place, length) if inner == name)


# GIF


def _append_comment(file: BinaryIO, recipe: str) -> None:
    data = _COMMENT_PREFIX + recipe.encode()
    parts = (data[place : place + 255] for place in range(0, len(data), 255))
    file.seek(-1, os.SEEK_END)
    if file.read() != _GIF_END:
        raise ValueError("the film has no end")
    file.seek(-1, os.SEEK_END)
    file.write(_COMMENT + b"".join(bytes([len(part)]) + part for part in parts) + b"\0" + _GIF_END)


def _find_in_gif(source: Source) -> str | None:
    """By scanning: a GIF is a chain of pieces of at most 255 bytes, too many to walk."""
    mark = re.compile(_COMMENT + b"[\x08-\xff]" + _COMMENT_PREFIX, re.DOTALL)
    for place in range(0, min(source.size, _MAX_SCAN), _BLOCK):
        block = source.take(place, min(_BLOCK + 16, source.size - place))
        if found := mark.search(block):
            return _comment(source, place + found.start() + len(_COMMENT))
    return None


def _comment(source: Source, place: int) -> str:
    data = bytearray()
    for _ in range(_MAX_PARTS):
        length = source.take(place, 1)[0]
        if length == 0:
            return data[len(_COMMENT_PREFIX) :].decode()
        data += source.take(place + 1, length)
        place += 1 + length
    raise ValueError("the recipe is too large")


# WebP and APNG


def _append_riff_chunk(file: BinaryIO, recipe: str) -> None:
    file.seek(0)
    head = bytearray(file.read(30))
    if head[12:16] == b"VP8 ":
        head = _extend(file, head)
    if head[12:16] != b"VP8X":
        raise ValueError("the film is not an animation")
    data = xmp.packet(recipe)
    added = b"XMP " + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    end = file.seek(0, os.SEEK_END)
    if end + len(added) - 8 >= 1 << 32:
        raise ValueError("the film is larger than the 4 GB that WebP allows")
    file.write(added)
    head[4:8] = struct.pack("<I", end + len(added) - 8)
    head[20] |= 0x04  # there is XMP
    file.seek(0)
    file.write(head)


def _extend(file: BinaryIO, head: bytearray) -> bytearray:
    """Makes the simple file, which a film of one frame is, one that can have further chunks."""
    file.seek(12)
    picture = file.read()
    width, height = (side & 0x3FFF for side in struct.unpack("<HH", head[26:30]))
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    head = head[:12] + b"VP8X" + struct.pack("<II", 10, 0) + size
    file.seek(0)
    file.write(head + picture)
    return head


def _append_png_chunk(file: BinaryIO, recipe: str) -> None:
    end = chunk(b"IEND", b"")
    file.seek(-len(end), os.SEEK_END)
    if file.read() != end:
        raise ValueError("the film has no end")
    file.seek(-len(end), os.SEEK_END)
    file.write(chunk(b"iTXt", international_text(recipe.encode())) + end)
