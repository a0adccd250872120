"""A picture as one program that stands by itself, its latent folded in."""

from __future__ import annotations

import re

import numpy as np

from cppnart.fields.coordinates import View, geometry
from cppnart.fields.fold import bind
from cppnart.fields.program import Builder, Program
from cppnart.render.prepare import Prepared


def standing(prepared: Prepared, *, encoded: bool) -> Program:
    """A picture that was prepared with ``moving``, as a function of the place alone.

    Inputs x, y, t where it moves (0 is the picture itself; the period is 1), and pixel, the size
    of a pixel in the units of x and y. Outputs red, green, blue and, where it is transparent,
    alpha: encoded as sRGB and in [0, 1], or linear light, of which what lies outside [0, 1] is to
    be clipped.
    """
    constants = dict(prepared.constants)
    moment = constants.pop("t", None)
    program = bind(prepared.picture.program(), **constants)
    b = Builder(**dict(program.inputs))
    outputs = b.include(program, **({} if moment is None else {"t": b.map(b["t"], shift=moment)}))
    if encoded:
        curves = {name: "clamp" if name == "alpha" else "srgb" for name in outputs}
        outputs = {name: b.map(value, curves[name]) for name, value in outputs.items()}
    return bind(b.build(**outputs))


def pixel_size(prepared: Prepared) -> float:
    """The size of a pixel of the picture in the units of x and y."""
    size = prepared.size
    return 2.0 / (min(size.width, size.height) * prepared.recipe.zoom)


def view_of(prepared: Prepared) -> View:
    """The view that shows what the picture shows; of a region, what is around it too."""
    recipe, size = prepared.recipe, prepared.size
    view = View(recipe.center, recipe.zoom, recipe.rotate)
    if recipe.region is None:
        return view
    x, y, w, h = recipe.region
    middle = geometry(size.width, size.height, view).at(np.array(x + w / 2), np.array(y + h / 2))
    zoom = view.zoom * min(size.width, size.height) / min(w, h)
    return View((float(middle[0]), float(middle[1])), zoom, view.rotate)


def name_of(prepared: Prepared) -> str:
    """The picture's seed, which anybody may have written."""
    return prepared.recipe.seed or "a field"


def look_of(prepared: Prepared) -> str:
    """What it is drawn with: ``marble, night-gold, relief``."""
    recipe = prepared.recipe
    finish = None if recipe.finish == "plain" else recipe.finish
    return ", ".join(part for part in (recipe.style, prepared.palette.name, finish) if part)


def stem_of(prepared: Prepared) -> str:
    """The name of a file for it, without a suffix: ``cppnart-marble-42``."""
    what = re.sub(r"[^A-Za-z0-9-]+", "-", prepared.recipe.seed or "field").strip("-")[:40]
    return "-".join(part for part in ("cppnart", prepared.recipe.style, what or "seed") if part)
