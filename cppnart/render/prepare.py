"""From what a person names, a seed, a picture or a field, to a picture that can be rendered."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar, cast

import msgspec
from numpy.typing import ArrayLike

from cppnart.cppn.generate import Drawn, generate
from cppnart.cppn.seeds import Stream, parse_seed
from cppnart.cppn.style import Style
from cppnart.fields import files
from cppnart.fields.coordinates import SPACE, View
from cppnart.fields.fold import bind
from cppnart.fields.program import Program
from cppnart.render import photographs
from cppnart.render.metadata import read_recipe
from cppnart.render.motion.film_recipe import is_film_recipe, parse_film_recipe
from cppnart.render.palettes import PALETTES, Palette, default_palette, get_palette
from cppnart.render.picture import Picture, compose
from cppnart.render.recipe import (
    Recipe,
    checked_values,
    field_of,
    genome_of,
    is_solid_recipe,
    new_recipe,
    palette_of,
    parse_recipe,
    weights_of,
    with_field,
    with_genome,
    with_palette,
)
from cppnart.render.renderer import Clip, Settings
from cppnart.render.sizes import Size, parse_size

DEFAULT_SIZE = "1024"
FIELD_SUFFIX = ".safetensors"
OPTIONS = {"scale", "depth", "width", "activation", "symmetry"}
GENOME_SUFFIXES = (".json", ".xml", ".zip")

Source: TypeAlias = str | int | os.PathLike[str] | Recipe
T = TypeVar("T")


@dataclass(frozen=True)
class Prepared:
    """A picture that is ready to be rendered, and the recipe that makes it again.

    constants: what is to be bound to the inputs of the picture's field that were left open.
    """

    recipe: Recipe
    picture: Picture
    palette: Palette
    drawn: Drawn | None
    size: Size
    constants: dict[str, ArrayLike] = field(default_factory=dict)

    @property
    def clip(self) -> Clip | None:
        if self.recipe.region is None:
            return None
        x, y, w, h = self.recipe.region
        return (x, y, x + w, y + h)

    def settings(self, device: str = "cpu", threads: int | None = None) -> Settings:
        """How to render it; ValueError for what is out of range."""
        recipe = self.recipe
        return Settings(
            self.size.width,
            self.size.height,
            View(recipe.center, recipe.zoom, recipe.rotate),
            self.clip,
            cast(int, recipe.samples),
            recipe.bits,
            recipe.dither,
            recipe.exact,
            device,
            threads,
        )


def prepare(
    source: Source | None = None,
    *,
    palette: str | Sequence[str] | Palette | None = None,
    convention: str | None = None,
    moving: bool = False,
    **given: Any,
) -> Prepared:
    """The picture and the full recipe of a source with some parameters changed, as for render.

    convention: of the coordinates of a genome; see cppn/genomes/picbreeder.py.
    moving: leave the inputs t and z of the field open where it has them.
    """
    changes = checked_values({name: _plain(name, v) for name, v in given.items() if v is not None})
    recipe = _with_changes(_source(source), changes)
    if convention is not None:
        recipe = _with_convention(recipe, convention)
    program, drawn, chosen = _field(recipe)
    moment = _within("time", recipe.time, -1e6, 1e6)
    constants: dict[str, ArrayLike] = {"t": moment} if "t" in program.input_names else {}
    if moving and drawn:
        program, constants["z"] = drawn.open_program, drawn.latent
    elif constants and not moving:
        program, constants = bind(program, **constants), {}
    colours = _palette(palette, recipe, drawn)
    recipe = msgspec.structs.replace(
        with_palette(recipe, colours),
        style=chosen.name if chosen else None,
        color=_first(recipe.color, chosen.color if chosen else "palette"),
        finish=_first(recipe.finish, chosen.finish if chosen else "plain"),
        **(drawn.options if drawn else {}),
    )
    picture = compose(
        program,
        color=cast(str, recipe.color),
        palette=colours,
        finish=cast(str, recipe.finish),
        transparent=recipe.transparent,
        at=constants,
    )
    size = parse_size(_first(recipe.size, DEFAULT_SIZE))
    dpi = recipe.dpi if recipe.dpi is not None else size.dpi
    if dpi is not None:
        _within("dpi", dpi, 1, 65535)
    size = Size(size.width, size.height, dpi)
    samples = _first(recipe.samples, _usual_samples(size))
    recipe = msgspec.structs.replace(recipe, size=str(size), dpi=dpi, samples=samples)
    _check_region(recipe.region, size)
    prepared = Prepared(recipe, picture, colours, drawn, size, constants)
    prepared.settings()  # so that what is out of range is known now
    return prepared


def _plain(name: str, value: Any) -> Any:
    """A parameter as recipes have it: seeds are text, and so are sizes; latents are lists."""
    if name == "seed":
        return parse_seed(value)
    if name == "size":
        return str(value)
    return [float(number) for number in value] if name == "latent" else value


def _usual_samples(size: Size) -> int:
    return 4 if size.width * size.height < 1 << 26 else 1


def _first(given: T | None, default: T) -> T:
    return default if given is None else given


def _source(source: Source | None) -> Recipe:
    """The recipe of whatever a user names."""
    if isinstance(source, Recipe):
        return source
    blank = new_recipe()
    if source is None:
        return blank
    text = os.fspath(source) if isinstance(source, os.PathLike) else str(source)
    if isinstance(source, int) or not is_path(source, text):
        return msgspec.structs.replace(blank, seed=parse_seed(text))
    if text.lower().endswith(FIELD_SUFFIX):
        program, note = files.load(text)
        if note.get("task") == "audio":
            raise ValueError(f"{text}: the field of a sound, which 'cppnart sample' plays")
        if isinstance(photograph := note.get("photograph"), str):  # as the recipe has it, smaller
            return photographs.of_pixels(photograph, _size_of(note))
        if program.inputs == SPACE:
            raise ValueError(f"{text}: a field in space, which 'cppnart view' or 'paint' shows")
        if note.get("task") == "scene":
            raise ValueError(f"{text}: a field of light, which 'cppnart scene view' shows")
        return msgspec.structs.replace(with_field(blank, program), size=_size_of(note))
    if text.lower().endswith(GENOME_SUFFIXES):
        from cppnart.cppn.genomes import files as genome_files

        return with_genome(blank, genome_files.load(text))
    found = read_recipe(text)
    if is_solid_recipe(found):
        raise ValueError(f"{text}: a picture of a solid, which 'cppnart view' makes again")
    if is_film_recipe(found):
        return parse_film_recipe(found).keys[0]
    return parse_recipe(found)


def _size_of(note: Mapping[str, Any]) -> str | None:
    """The size of the picture that a field was fitted to."""
    size = note.get("size")
    sides = size[:2] if isinstance(size, list) else []
    if len(sides) != 2 or not all(type(side) is int and 1 <= side < 1 << 24 for side in sides):
        return None
    return str(Size(*sides))


def is_path(source: object, text: str) -> bool:
    """A word is a seed unless it names a file, or looks as if it should."""
    if isinstance(source, os.PathLike) or os.path.exists(text):
        return True
    return bool(re.search(r"[/\\]|\.[A-Za-z][A-Za-z0-9]{1,11}$", text))


def _with_changes(recipe: Recipe, changes: dict[str, Any]) -> Recipe:
    """The recipe with what was given now; what belongs to an old style or seed goes with it."""
    other = {name for name, value in changes.items() if value != getattr(recipe, name)}
    if {"seed", "style"} & other:
        if recipe.field is not None or recipe.genome is not None:
            recipe = msgspec.structs.replace(recipe, latent=None)
        bred = dict.fromkeys(("field", "photograph", "weights", "genome", "parents"))
        recipe = msgspec.structs.replace(recipe, **bred)
    if recipe.weights is not None and (fixed := other & OPTIONS):
        raise ValueError(
            f"{min(fixed)}: a picture that was bred keeps the structure of its parents"
        )
    if "style" in changes and changes["style"] != recipe.style:
        blank = dict.fromkeys(("scale", "depth", "width", "activation", "symmetry", "latent"))
        recipe = msgspec.structs.replace(recipe, **blank, color=None, finish=None)
    own_shape = recipe.field is not None or recipe.photograph is not None
    if "size" in changes and recipe.size and own_shape:
        changes = {**changes, "size": _in_shape(changes["size"], parse_size(recipe.size))}
    if "size" in changes and recipe.size and recipe.region and "region" not in changes:
        old, new = parse_size(recipe.size), parse_size(changes["size"])
        changes = {**changes, "region": _scaled(recipe.region, old, new)}
    if "size" in changes and recipe.size:
        usual = recipe.samples == _usual_samples(parse_size(recipe.size))
        recipe = msgspec.structs.replace(recipe, samples=None if usual else recipe.samples)
    if "size" in changes and "dpi" not in changes:
        recipe = msgspec.structs.replace(recipe, dpi=None)
    return msgspec.structs.replace(recipe, **changes)


def _in_shape(asked: str, own: Size) -> str:
    """One number is the longer side of a field's picture, which keeps its shape."""
    number = re.fullmatch(r"\s*([0-9]{1,9})\s*(@.*)?", asked)
    if number is None:
        return asked
    factor = int(number[1]) / max(own.width, own.height)
    width, height = (max(1, round(side * factor)) for side in (own.width, own.height))
    return f"{width}x{height}{number[2] or ''}"


def _with_convention(recipe: Recipe, convention: str) -> Recipe:
    genome = genome_of(recipe)
    if genome is None:
        raise ValueError(f"convention {convention!r}: only genomes have one")
    return with_genome(recipe, replace(genome, convention=convention))


def _scaled(region: tuple[int, int, int, int], old: Size, new: Size) -> tuple[int, int, int, int]:
    """The same part of a picture of another size: at least a pixel of it."""
    x, y, w, h = region
    across, down = new.width / old.width, new.height / old.height
    x0, y0 = min(round(x * across), new.width - 1), min(round(y * down), new.height - 1)
    x1, y1 = round((x + w) * across), round((y + h) * down)
    return (x0, y0, max(x1 - x0, 1), max(y1 - y0, 1))


def _field(recipe: Recipe) -> tuple[Program, Drawn | None, Style | None]:
    """The program of a recipe, and what it was drawn with if it was drawn."""
    options = ("latent", "scale", "depth", "width", "activation", "symmetry")
    genome = genome_of(recipe)
    if genome is not None:
        unused = [name for name in options[1:] if getattr(recipe, name) is not None]
        if unused:
            raise ValueError(f"{unused[0]}: a genome has no such option")
        latent = None if recipe.latent is None else tuple(recipe.latent)
        from cppnart.cppn.genomes.draw import drawn as drawn_by

        drawn = drawn_by(genome, latent)
        return drawn.program, drawn, None
    program = field_of(recipe)
    if program is not None:
        unused = [name for name in options if getattr(recipe, name) is not None]
        if unused:
            raise ValueError(f"{unused[0]}: a field that is read from a file has no such option")
        extra = set(program.input_names) - {"x", "y", "t"}
        if extra:
            raise ValueError(f"the field has inputs {sorted(extra)} besides x, y and t: bind them")
        return program, None, None
    if recipe.seed is None:
        raise ValueError("nothing to render: give a seed, as in --seed 42, a picture, or a field")
    given = {name: getattr(recipe, name) for name in options}
    drawn = generate(recipe.seed, recipe.style, **given, weights=weights_of(recipe))
    return drawn.program, drawn, drawn.style


def _palette(
    palette: str | Sequence[str] | Palette | None, recipe: Recipe, drawn: Drawn | None
) -> Palette:
    stream = Stream(drawn.seed if drawn else recipe.seed or "0", "palette")
    if palette is not None:
        return get_palette(palette, stream)
    kept = palette_of(recipe)
    if kept is not None:
        return kept
    if drawn is not None and drawn.style.palettes:
        return PALETTES[stream.choice(drawn.style.palettes)]
    return default_palette(stream)


def _within(name: str, number: float, low: float, high: float) -> float:
    if not low <= number <= high:
        raise ValueError(f"{name} {number:g}: expected a number from {low:g} to {high:g}")
    return number


def _check_region(region: tuple[int, int, int, int] | None, size: Size) -> None:
    if region is None:
        return
    x, y, w, h = region
    if not (
        x >= 0 and y >= 0 and w >= 1 and h >= 1 and x + w <= size.width and y + h <= size.height
    ):
        raise ValueError(f"region {x},{y},{w},{h}: expected a part of the picture, which is {size}")
