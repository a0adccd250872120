"""Pictures written row by row, in the format that their name asks for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Protocol

import numpy as np

from cppnart.fields.atomic import atomic_output
from cppnart.render.formats import Format, PictureFile, Rows, format_of
from cppnart.render.sizes import Size, check_size
from cppnart.render.xmp import MAX_RECIPE_BYTES


class Encoder(Protocol):
    """One file in the making: `write` for each piece of rows, then `finish`; `close` always.

    Pieces are never empty, and together exactly the picture.
    """

    def write(self, rows: Rows) -> None: ...

    def finish(self) -> None: ...

    def close(self) -> None: ...


class PictureWriter:
    """Takes the rows of a picture from top to bottom, in pieces of any height."""

    def __init__(self, encoder: Encoder, picture: PictureFile) -> None:
        self._encoder = encoder
        self._picture = picture
        self.rows_written = 0

    def write(self, rows: Rows) -> None:
        """Adds rows, shape (h, width, channels), of the type that the picture's bits ask for.

        The array may be used again afterwards. From one thread only.
        """
        picture = self._picture
        if rows.dtype != picture.dtype:
            raise TypeError(f"rows of {rows.dtype}: expected {picture.dtype}")
        if rows.ndim != 3 or rows.shape[1:] != (picture.width, picture.channels):
            raise ValueError(
                f"rows of shape {rows.shape}: expected (h, {picture.width}, {picture.channels})"
            )
        if self.rows_written + len(rows) > picture.height:
            raise ValueError(f"more rows than the picture's {picture.height}")
        if len(rows):
            self._encoder.write(rows)
            self.rows_written += len(rows)


@contextmanager
def open_picture(
    path: str | os.PathLike[str],
    *,
    width: int,
    height: int,
    channels: int,
    bits: int = 8,
    dpi: float | None = None,
    recipe: str | None = None,
    small: bool = False,
    threads: int | None = None,
) -> Iterator[PictureWriter]:
    """Opens a picture for writing; it is there when the block ends, and complete.

    The suffix of `path` decides the format: .png, .jpg, .webp, .avif, .tif or .npy. PNG, TIFF and
    NumPy files are streamed, so that the picture may be larger than memory; `threads` (None: all
    cores) compress them. `channels` are gray, gray and alpha, RGB, or RGBA, colours encoded as sRGB
    and alpha not multiplied into them. `bits` are 8 or 16 a channel, or 32 for float32. The file
    says that it is sRGB, its `dpi` and its `recipe`, any text, for `cppnart.render.metadata`;
    only .npy, of shape (height, width, channels), holds nothing but numbers. `small` takes longer
    for fewer bytes.

    An existing file stays as it was until then, and whatever ends the block early leaves nothing
    behind. Raises ValueError for what the format cannot hold, and OSError that names the path.
    """
    form = format_of(path)
    picture = PictureFile(width, height, channels, bits, dpi, recipe, small, threads)
    _check(form, picture)
    check_size(Size(width, height), channels=channels, bits=bits, path=path)
    with atomic_output(path) as temporary, open(temporary, "wb") as file:
        encoder = _encoder(form, file, picture)
        try:
            writer = PictureWriter(encoder, picture)
            yield writer
            if writer.rows_written < height:
                raise ValueError(f"only {writer.rows_written} of the picture's {height} rows")
            encoder.finish()
        finally:
            encoder.close()


def _check(form: Format, picture: PictureFile) -> None:
    if min(picture.width, picture.height) < 1:
        raise ValueError(f"size {picture.width}x{picture.height}: at least 1 pixel a side")
    if picture.channels not in form.channels:
        raise ValueError(
            f"{form.name} holds {_either(form.channels)} channels, not {picture.channels}:"
            " write .png, which holds gray or colour, with or without transparency"
        )
    if picture.bits not in form.bits:
        raise ValueError(
            f"{form.name} holds {_either(form.bits)} bits a channel, not {picture.bits}:"
            " write .png or .tif for 16, .tif or .npy for 32"
        )
    if picture.dpi is not None and not 1 <= picture.dpi <= 65535:
        raise ValueError(f"dpi {picture.dpi}: expected 1 to 65535")
    if picture.recipe is not None:
        check_recipe(picture.recipe)


def check_recipe(recipe: str) -> None:
    """Refuses text that XML cannot carry; JSON that escapes control characters never has it."""
    if len(recipe) > MAX_RECIPE_BYTES // 4:
        raise ValueError(f"a recipe of {len(recipe)} characters: expected {MAX_RECIPE_BYTES // 4}")
    for character in set(recipe):
        surrogate, other = "\ud800" <= character <= "\udfff", character in "\ufffe\uffff"
        if surrogate or other or (character < " " and character not in "\t\n\r"):
            raise ValueError(f"a recipe with the character {json.dumps(character)}")


def _either(numbers: tuple[int, ...]) -> str:
    return " or ".join(map(str, numbers))


def _encoder(form: Format, file: BinaryIO, picture: PictureFile) -> Encoder:
    """The imports are late so that a PNG needs neither Pillow nor tags."""
    if form.name == "PNG":
        from cppnart.render.png import PngEncoder

        return PngEncoder(file, picture)
    if form.name == "TIFF":
        from cppnart.render.tiff import TiffEncoder

        return TiffEncoder(file, picture)
    if form.name == "NumPy":
        return NpyEncoder(file, picture)
    from cppnart.render.stills import StillEncoder

    return StillEncoder(file, picture, form.name)


class NpyEncoder:
    """The format of `numpy.save`, row by row."""

    def __init__(self, file: BinaryIO, picture: PictureFile) -> None:
        self._file = file
        header = {
            "descr": np.lib.format.dtype_to_descr(picture.dtype),
            "fortran_order": False,
            "shape": (picture.height, picture.width, picture.channels),
        }
        np.lib.format.write_array_header_1_0(file, header)

    def write(self, rows: Rows) -> None:
        self._file.write(np.ascontiguousarray(rows).data)

    def finish(self) -> None: ...

    def close(self) -> None: ...
