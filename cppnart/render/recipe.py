"""Recipes: what a picture was made from, kept in the picture, enough to make it again.

A recipe is JSON in a file that anybody may have written, so it is read strictly: known names, the
right types, ranges checked by what uses them.
"""

from __future__ import annotations

import base64
import binascii

import msgspec

import cppnart
from cppnart.fields import files
from cppnart.fields.program import Program
from cppnart.render.palettes import Palette

MAX_BYTES = 16 << 20


class Recipe(
    msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Every parameter of a picture. None means: not given, so the default of the style holds.

    field: a program as base64 of a .safetensors file, for pictures that no seed can draw again;
    palette: as Palette.to_dict. size is WIDTHxHEIGHT; region is X, Y, W, H in its pixels.
    """

    cppnart: str
    seed: str | None = None
    field: str | None = None
    style: str | None = None
    latent: list[float] | None = None
    scale: float | None = None
    depth: int | None = None
    width: int | None = None
    activation: str | None = None
    symmetry: int | None = None
    time: float = 0.0
    color: str | None = None
    palette: dict[str, msgspec.Raw] | None = None
    finish: str | None = None
    transparent: bool = False
    size: str | None = None
    dpi: float | None = None
    center: tuple[float, float] = (0.0, 0.0)
    zoom: float = 1.0
    rotate: float = 0.0
    region: tuple[int, int, int, int] | None = None
    samples: int | None = None
    bits: int = 8
    dither: bool = True
    exact: bool = False


def new_recipe() -> Recipe:
    """A recipe of this version with nothing given."""
    return Recipe(cppnart=cppnart.__version__)


def parse_recipe(text: str | bytes) -> Recipe:
    """Reads a recipe; ValueError, in one line, for anything but a recipe of this major version."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > MAX_BYTES:
        raise ValueError(f"the recipe has {len(data)} bytes: expected at most {MAX_BYTES}")
    try:
        version = msgspec.json.decode(data, type=_Version).cppnart
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise ValueError(f"this is not a cppnart recipe: {_line(error)}") from None
    ours, theirs = cppnart.__version__.split(".")[0], version.split(".")[0]
    if theirs != ours:
        raise ValueError(
            f"the recipe is of cppnart {version[:20]!r}, whose seeds draw other pictures than those"
            f" of version {cppnart.__version__}: install cppnart {theirs[:20]}.x to make it again"
        )
    try:
        recipe = msgspec.json.decode(data, type=Recipe)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise ValueError(f"the recipe cannot be used: {_line(error)}") from None
    palette_of(recipe)
    return recipe


class _Version(msgspec.Struct):
    cppnart: str


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def recipe_text(recipe: Recipe) -> str:
    """The JSON of a recipe; parse_recipe gives the recipe back."""
    return msgspec.json.encode(recipe).decode()


def palette_of(recipe: Recipe) -> Palette | None:
    """The palette that a recipe holds."""
    if recipe.palette is None:
        return None
    return Palette.from_dict(msgspec.json.decode(msgspec.json.encode(recipe.palette)))


def with_palette(recipe: Recipe, palette: Palette) -> Recipe:
    """The recipe with this palette in full, so that it needs no name and no file."""
    raw = msgspec.json.decode(msgspec.json.encode(palette.to_dict()), type=dict[str, msgspec.Raw])
    return msgspec.structs.replace(recipe, palette=raw)


def with_field(recipe: Recipe, program: Program) -> Recipe:
    """The recipe with a program in full."""
    return msgspec.structs.replace(recipe, field=base64.b64encode(files.to_bytes(program)).decode())


def field_of(recipe: Recipe) -> Program | None:
    """The program that a recipe holds."""
    if recipe.field is None:
        return None
    try:
        content = base64.b64decode(recipe.field, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the recipe's field is not base64") from None
    return files.from_bytes(content)[0]
