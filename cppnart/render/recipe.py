"""Recipes: what a picture was made from, kept in the picture, enough to make it again.

A recipe is JSON in a file that anybody may have written, so it is read strictly: known names, the
right types, ranges checked by what uses them.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np

import cppnart
from cppnart.fields import files
from cppnart.fields.program import Program
from cppnart.render.palettes import Palette

if TYPE_CHECKING:
    from cppnart.cppn.genomes.genes import Genome

MAX_BYTES = 16 << 20
MAX_NAME, MAX_LATENT, MAX_PARENTS = 256, 4096, 64

Whole = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
Name = Annotated[str, msgspec.Meta(max_length=MAX_NAME)]
Latent = Annotated[list[float], msgspec.Meta(max_length=MAX_LATENT)]


class Recipe(
    msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Every parameter of a picture. None means: not given, so the default of the style holds.

    field: a program as base64 of a .safetensors file, for pictures that no seed can draw again;
    photograph: pixels as base64 of a WebP file, which an upscaler makes a field;
    weights: as field, of a network that stands in place of the one that seed and style draw;
    genome: as genomes.files.to_dict; parents: the lineage ids of the pictures it was bred from.
    palette: as Palette.to_dict. size is WIDTHxHEIGHT; region is X, Y, W, H in its pixels.
    """

    cppnart: str
    seed: Name | None = None
    field: str | None = None
    photograph: str | None = None
    weights: str | None = None
    genome: dict[str, msgspec.Raw] | None = None
    parents: Annotated[list[Name], msgspec.Meta(max_length=MAX_PARENTS)] | None = None
    style: Name | None = None
    latent: Latent | None = None
    scale: float | None = None
    depth: Whole | None = None
    width: Whole | None = None
    activation: Name | None = None
    symmetry: Whole | None = None
    time: float = 0.0
    color: Name | None = None
    palette: dict[str, msgspec.Raw] | None = None
    finish: Name | None = None
    transparent: bool = False
    size: Name | None = None
    dpi: float | None = None
    center: tuple[float, float] = (0.0, 0.0)
    zoom: float = 1.0
    rotate: float = 0.0
    region: tuple[Whole, Whole, Whole, Whole] | None = None
    samples: Whole | None = None
    bits: Whole = 8
    dither: bool = True
    exact: bool = False


def new_recipe() -> Recipe:
    """A recipe of this version with nothing given."""
    return Recipe(cppnart=cppnart.__version__)


def parse_recipe(text: str | bytes) -> Recipe:
    """Reads a recipe; ValueError, in one line, for anything but a recipe of this major version."""
    data = check_version(text)
    try:
        recipe = msgspec.json.decode(data, type=Recipe)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise ValueError(f"the recipe cannot be used: {failure_line(error)}") from None
    palette_of(recipe)
    return recipe


def check_version(text: str | bytes) -> bytes:
    """The recipe as bytes; ValueError unless it is one of this major version."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > MAX_BYTES:
        raise ValueError(f"the recipe has {len(data)} bytes: expected at most {MAX_BYTES}")
    try:
        version = msgspec.json.decode(data, type=_Version).cppnart
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise ValueError(f"this is not a cppnart recipe: {failure_line(error)}") from None
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9A-Za-z.+-]{1,40})?", version):
        raise ValueError(f"this is not a cppnart recipe: its version is {version[:20]!r}")
    ours, theirs = cppnart.__version__.split(".")[0], version.split(".")[0]
    if theirs != ours:
        raise ValueError(
            f"the recipe is of cppnart {version!r}, whose seeds draw other pictures than those"
            f" of version {cppnart.__version__}: install cppnart {theirs}.x to make it again"
        )
    return data


class _Version(msgspec.Struct):
    cppnart: str


def failure_line(error: Exception) -> str:
    """What msgspec says is wrong, in one line."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def checked_values(values: dict[str, Any]) -> dict[str, Any]:
    """Values for a recipe as a recipe holds them; ValueError where one is of the wrong type."""
    plain = {k: v.item() if isinstance(v, np.generic) else v for k, v in values.items()}
    try:
        known = msgspec.convert({"cppnart": cppnart.__version__, **plain}, Recipe)
    except msgspec.ValidationError as error:
        line = failure_line(error).replace("`", "").replace(" | null", "")
        what, _, where = line.partition(" - at $.")
        value = repr(plain.get(re.split(r"\W", where)[0]))[:60]
        raise ValueError(f"{where} {value}: {what[:1].lower()}{what[1:]}") from None
    return {name: getattr(known, name) for name in values}


def is_solid_recipe(text: str) -> bool:
    """Whether a recipe is of a solid (see solids/recipe.py) rather than of a flat picture."""
    return re.match(r'\s*\{[^{\[]*"solid"\s*:\s*\{', text) is not None


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
    return msgspec.structs.replace(recipe, field=_packed(program))


def field_of(recipe: Recipe) -> Program | None:
    """The program that a recipe holds."""
    if recipe.photograph is not None:
        from cppnart.render.photographs import photograph_program  # takes torch

        return photograph_program(recipe.photograph)
    return _unpacked("field", recipe.field)


def with_weights(recipe: Recipe, program: Program) -> Recipe:
    """The recipe with a network in place of the one that its seed draws."""
    return msgspec.structs.replace(recipe, weights=_packed(program))


def weights_of(recipe: Recipe) -> Program | None:
    """The network that stands in place of the one that the seed draws."""
    return _unpacked("weights", recipe.weights)


def with_genome(recipe: Recipe, genome: Genome) -> Recipe:
    """The recipe with a genome in full."""
    from cppnart.cppn.genomes.files import to_json

    raw = msgspec.json.decode(to_json(genome), type=dict[str, msgspec.Raw])
    return msgspec.structs.replace(recipe, genome=raw)


def genome_of(recipe: Recipe) -> Genome | None:
    """The genome that a recipe holds; ValueError where it is none."""
    if recipe.genome is None:
        return None
    from cppnart.cppn.genomes.files import from_json  # rendering a seed does without

    return from_json(msgspec.json.encode(recipe.genome))


def _packed(program: Program) -> str:
    return base64.b64encode(files.to_bytes(program)).decode()


def _unpacked(name: str, text: str | None) -> Program | None:
    if text is None:
        return None
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"the recipe's {name} is not base64") from None
    return files.from_bytes(content)[0]
