"""Colours for a mesh: the solid texture of a seed, or those of a field in space."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from cppnart.cppn.seeds import Stream
from cppnart.cppn.solids.textures import generate_texture
from cppnart.fields import files
from cppnart.fields.fold import bind
from cppnart.fields.program import Program
from cppnart.fields.shapes.solid import check_inputs
from cppnart.render.palettes import Palette, default_palette, get_palette

from .colours import colouring_of
from .recipe import Coat, packed_program
from .studio import Colouring


@dataclass(frozen=True, eq=False)
class Colours:
    """Linear colours of points in the box, and where they come from."""

    name: str
    palette: Palette
    linear: Colouring
    coat: Coat


def colours_of(
    seed: str | int | None,
    field: str | os.PathLike[str] | Program | None,
    texture: str | None = None,
    palette: str | Sequence[str] | Palette | None = None,
    scale: float = 1.0,
    code: str | Sequence[float] | None = None,
) -> Colours:
    """See ``paint``, whose arguments these are; ValueError for what is no colour. code: a name, or
    the numbers themselves."""
    if (seed is None) == (field is None):
        raise ValueError("paint: give the seed of a texture, or a field")
    if not 0.01 <= scale <= 100:
        raise ValueError(f"scale {scale:g}: expected a number from 0.01 to 100")
    numbers = None
    if code is not None and (
        field is None or (isinstance(field, Program) and isinstance(code, str))
    ):
        raise ValueError(f"code {code!r}: expected a file of several textures for a field")
    if seed is not None:
        drawn = generate_texture(seed, texture)
        stream = Stream(drawn.seed, "palette")
        chosen = get_palette(drawn.palette if palette is None else palette, stream)
        program, name = drawn.program, drawn.texture.name
        coat = Coat(seed=drawn.seed, texture=name, scale=scale)
    else:
        assert field is not None
        if texture is not None:
            raise ValueError(f"texture {texture!r}: a field has its own")
        program = field if isinstance(field, Program) else files.load(field)[0]
        name = "the field" if isinstance(field, Program) else os.fspath(field)
        whole = program
        if code is not None:
            if isinstance(code, str):
                from cppnart.fields.texture_family import load_textures  # takes torch

                code = load_textures(cast("str | os.PathLike[str]", field)).code(code).tolist()
            numbers = [float(number) for number in code]
            program = bind(program, code=numbers)
        elif "code" in program.input_names:
            raise ValueError(f"{name}: several textures: --code says which")
        check_inputs(program, name)
        stream = Stream("0", "palette")
        chosen = default_palette(stream) if palette is None else get_palette(palette, stream)
        coat = Coat(field=packed_program(whole, name), code=numbers, scale=scale)
    inner = colouring_of(program, chosen)
    return Colours(name, chosen, lambda points: inner(np.asarray(scale * points, np.float32)), coat)
