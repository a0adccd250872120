"""Recipes of films: the pictures that a film passes, and how it goes from one to the next."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec

import cppnart
from cppnart.render.recipe import Name, Recipe, Whole, check_version, failure_line

MAX_KEYS = 1000
MAX_DRIVE = 8 << 20

Span = tuple[float, float]


class FilmRecipe(
    msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Every parameter of a film.

    keys: the pictures it passes, in full; size, samples and the like are those of the first.
    path: one of paths.KINDS, or "fade". turns: how often time goes round. breathe: the radius of
    a circle round the latent of a single key. zoom, rotate, center: of the first and the last
    view. drive: what the film's sound does to it, as sound.Drive.to_text.
    """

    cppnart: str
    keys: Annotated[list[Recipe], msgspec.Meta(min_length=1, max_length=MAX_KEYS)]
    frames: Whole
    fps: float
    path: Name
    ease: Name
    loop: bool = False
    turns: float = 0.0
    breathe: float = 0.0
    zoom: Span = (1.0, 1.0)
    rotate: Span = (0.0, 0.0)
    center: tuple[Span, Span] = ((0.0, 0.0), (0.0, 0.0))
    drive: Annotated[str, msgspec.Meta(max_length=MAX_DRIVE)] | None = None


def parse_film_recipe(text: str | bytes) -> FilmRecipe:
    """Reads a film's recipe; ValueError, in one line, for anything else or another version."""
    data = check_version(text)
    try:
        return msgspec.json.decode(data, type=FilmRecipe)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise ValueError(f"the film's recipe cannot be used: {failure_line(error)}") from None


def is_film_recipe(text: str) -> bool:
    """Whether a recipe is of a film rather than of a picture."""
    return re.match(r'\s*\{[^{\[]*"keys"\s*:\s*\[', text) is not None


def film_recipe_text(recipe: FilmRecipe) -> str:
    """The JSON of a film's recipe; parse_film_recipe gives the recipe back."""
    return msgspec.json.encode(recipe).decode()


def new_film_recipe(keys: list[Recipe], **parameters: Any) -> FilmRecipe:
    """A recipe of this version."""
    return FilmRecipe(cppnart=cppnart.__version__, keys=keys, **parameters)
