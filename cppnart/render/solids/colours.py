"""The colours of a solid: a program over x, y and z, through a palette."""

from __future__ import annotations

import numpy as np

from cppnart.fields.fold import bind, pruned
from cppnart.fields.program import Program
from cppnart.fields.shapes.solid import Sampler
from cppnart.render.palettes import Palette
from cppnart.render.picture import compose

from .room import Floats
from .studio import Colouring

_COLOURS = {"red", "green", "blue"}


def colouring_of(program: Program, palette: Palette, threads: int | None = None) -> Colouring:
    """The colours, linear, that a program gives to points (N, 3).

    program: outputs red, green and blue, encoded, which are taken as they are; or value, and
    perhaps shade and accent, which go through the palette. ValueError where it has neither.
    """
    names = set(program.output_names)
    kept = _COLOURS if names >= _COLOURS else names & {"value", "shade", "accent"}
    if not kept & {"value", "red"}:
        raise ValueError(
            f"outputs {', '.join(sorted(names))}: colours need value, or red, green and blue"
        )
    wanted = [name for name in program.output_names if name in kept]
    picture = compose(pruned(program, wanted), palette=palette)
    sampler = Sampler(bind(picture.program(), pixel=1e-3), threads)

    def colours(points: Floats) -> Floats:
        return np.clip(sampler(points)[:, :3], 0, 1)

    return colours


def has_colours(program: Program) -> bool:
    """Whether a program says anything of colours."""
    names = set(program.output_names)
    return "value" in names or names >= _COLOURS
