"""Pictures that people give: the one place where their files are decoded."""

from __future__ import annotations

import math
import os
import warnings
from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError, features

# Named one by one, because Pillow would else try every decoder that it has.
_FORMATS = ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"]
_ORIENTATION = 0x0112  # the tag of Exif that says how a camera was held

File: TypeAlias = str | os.PathLike[str] | BinaryIO
"""A path, or a file that is open, such as a member of an archive."""


def open_image(path: File, *, max_pixels: int = 150_000_000) -> Image.Image:
    """Reads a PNG, JPEG, WebP, AVIF, TIFF, GIF (its first frame) or BMP, the right way up.

    The outcome is RGB, or RGBA where the picture has transparency, at 8 bits a channel. Raises
    ValueError for what is no such picture, is damaged, or has more than `max_pixels`, and OSError
    where the file cannot be read.
    """
    return _plain(_opened(path, max_pixels))


def read_levels(
    path: str | os.PathLike[str], *, max_pixels: int = 1_000_000_000, most: int | None = None
) -> tuple[NDArray[np.uint8] | NDArray[np.uint16], int]:
    """The pixels of such a picture, (H, W, 1, 3 or 4): grey stays grey, 16 bits stay 16 bits.

    most: pixels; of a larger picture the means of squares of pixels are returned, and the side of
    such a square beside them (else 1). Memory holds four bytes for every pixel of the file while
    it is read. Raises as ``open_image`` does.
    """
    image = _opened(path, max_pixels)
    factor = max(1, math.ceil(math.sqrt(image.width * image.height / (most or max_pixels))))
    if image.mode.startswith("I"):
        if factor > 1:
            image = image.convert("I").reduce(factor)
        return np.asarray(image).clip(0, 65535).astype(np.uint16)[..., None], factor
    grey = image.mode in ("1", "L") and not image.has_transparency_data
    image = image.convert("L") if grey else _plain(image)
    if factor > 1 and image.mode == "RGBA":  # what is transparent has no colour to give
        image = image.convert("RGBa").reduce(factor).convert("RGBA")
    elif factor > 1:
        image = image.reduce(factor)
    levels = np.asarray(image)
    return levels[..., None] if grey else levels, factor


def image_size(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Width and height of such a picture the right way up, by its header alone.

    Raises as ``open_image`` does, but for damage behind the header.
    """
    with open(path, "rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            try:
                image: Image.Image = Image.open(file, formats=_formats())
            except Image.DecompressionBombError:
                image = _open_huge(file, _formats())
            # Pillow would decode a PNG in search of what may follow its pixels, and has turned the
            # size of a TIFF already.
            told = image.format != "TIFF" and (image.format != "PNG" or "exif" in image.info)
            turned = told and image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
        except UnidentifiedImageError:
            shown = ", ".join(_formats())
            raise ValueError(f"{os.fspath(path)}: expected a picture ({shown})") from None
        except Exception as error:  # decoders raise all sorts of things
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ValueError(f"{os.fspath(path)}: a damaged picture ({reason})") from None
    return (image.height, image.width) if turned else (image.width, image.height)


def _formats() -> list[str]:
    return _FORMATS + (["AVIF"] if features.check("avif") else [])


def _opened(path: File, max_pixels: int) -> Image.Image:
    """A decoded picture, the right way up, in whatever mode it has."""
    opened: AbstractContextManager[BinaryIO]
    if isinstance(path, str | os.PathLike):
        shown, opened = os.fspath(path), open(path, "rb")  # noqa: SIM115
    else:
        shown, opened = getattr(path, "name", "a picture"), nullcontext(path)
    formats = _formats()
    with opened as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            try:
                image: Image.Image = Image.open(file, formats=formats)
            except Image.DecompressionBombError:
                image = _open_huge(file, formats)
            if image.width * image.height <= max_pixels:
                image.load()
                ImageOps.exif_transpose(image, in_place=True)
                return image
        except UnidentifiedImageError:
            raise ValueError(f"{shown}: expected a picture ({', '.join(formats)})") from None
        except Exception as error:  # decoders raise all sorts of things
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ValueError(f"{shown}: a damaged picture ({reason})") from None
    raise ValueError(f"{shown}: {image.width}x{image.height}, over {max_pixels} pixels")


def _open_huge(file: BinaryIO, formats: list[str]) -> Image.Image:
    """Pillow's own limit on pixels is one for the whole process; its decoders have none."""
    file.seek(0)
    prefix = file.read(16)
    for name in formats:
        decoder, accepts = Image.OPEN[name]
        if accepts is None or accepts(prefix):
            file.seek(0)
            return decoder(file, "")
    raise UnidentifiedImageError


def _plain(image: Image.Image) -> Image.Image:
    """The picture in 8 bits; conversion by Pillow would cut deeper pixels off at 255."""
    if image.mode == "F":
        image = Image.fromarray((np.clip(np.asarray(image), 0, 1) * 255 + 0.5).astype(np.uint8))
    elif image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image).clip(0, 65535) >> 8).astype(np.uint8))
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)
