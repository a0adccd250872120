"""Photographs in recipes: fields that an upscaler makes of pixels, so that films go into them.

The field of a photograph is far larger than its pixels. A recipe therefore holds these, and the
upscaler that comes with the package makes the field again.
"""

from __future__ import annotations

import base64
import binascii
import os
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, TypeGuard

import msgspec
import numpy as np

from cppnart.fields.program import Program
from cppnart.render.metadata import find_recipe
from cppnart.render.recipe import Recipe, new_recipe
from cppnart.render.sizes import Size, human_bytes

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".avif")
MOST = 12_000_000
"""Bytes of the pixels in a recipe, which are a third more as text."""
MOST_SIDE = 16383
"""Of what WebP can hold."""


def is_photograph(source: object) -> TypeGuard[str | os.PathLike[str]]:
    """Whether this names a picture file that carries no recipe."""
    if not isinstance(source, str | os.PathLike) or not os.path.isfile(source):
        return False
    return os.fspath(source).lower().endswith(SUFFIXES) and find_recipe(source) is None


def photograph_recipe(path: str | os.PathLike[str]) -> Recipe:
    """The recipe of a photograph: its pixels at 8 bits, without loss and without what else its
    file says. ValueError where it is too large, or transparent in places."""
    from cppnart.fields.pictures import open_image  # which takes Pillow, for films of seeds too

    image = open_image(path)
    if image.mode == "RGBA" and (np.asarray(image.getchannel("A")) < 255).any():
        raise ValueError(f"{os.fspath(path)}: a photograph in a film has no transparency")
    text = packed(image)
    if text is None:
        raise ValueError(
            f"{os.fspath(path)}: {image.width}x{image.height} pixels take more than"
            f" {human_bytes(MOST)} in the recipe of a film: make it smaller first"
        )
    return of_pixels(text, str(Size(*image.size)))


def packed(image: Image) -> str | None:
    """The pixels as a recipe holds them; None where they are too many."""
    if max(image.size) > MOST_SIDE:
        return None
    file = BytesIO()
    image.convert("RGB").save(file, "WEBP", lossless=True, quality=50)
    return base64.b64encode(file.getvalue()).decode() if file.tell() <= MOST else None


def of_pixels(text: str, size: str | None) -> Recipe:
    return msgspec.structs.replace(new_recipe(), photograph=text, size=size, finish="plain")


@lru_cache(maxsize=2)  # a film asks for it several times, and it takes seconds to make
def photograph_program(text: str) -> Program:
    """The field of the pixels that a recipe holds."""
    from cppnart.fields.pictures import open_image
    from cppnart.render.upscale import finest_field  # which takes torch

    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the recipe's photograph is not base64") from None
    try:
        image = open_image(BytesIO(content))
    except (ValueError, OSError) as error:
        raise ValueError(f"the recipe's photograph: {error}") from None
    return finest_field(np.asarray(image.convert("RGB")))
