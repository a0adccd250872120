"""From the recipe of a solid to a studio in which it is seen."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import msgspec

from cppnart.cppn.seeds import Stream
from cppnart.cppn.solids.generate import generate_solid
from cppnart.fields.fold import bind
from cppnart.fields.program import Program
from cppnart.fields.shapes.defects import cleaned
from cppnart.fields.shapes.meshes import Mesh, normalised
from cppnart.fields.shapes.solid import SolidField
from cppnart.fields.shapes.textured import Textured, read_model
from cppnart.render.palettes import Palette, default_palette, get_palette

from .coats import Colours, colours_of
from .colours import colouring_of, has_colours
from .looks import get_look
from .mesh_field import MeshField
from .recipe import SolidRecipe, model_of, palette_of, program_of, with_palette
from .room import Room
from .skin import Skin
from .studio import Studio

COARSEST = 32
"""Voxels that a search begins with where the field is a trained one: those cost much more to ask
than what is drawn, of which every corner is asked."""
TRAINED = 0.006
"""Over what length slopes of trained fields are taken: grids are rough below that."""
VOXELS = 192
"""Of the lattice by which light comes to a mesh, a side; COARSE of it to begin with."""
COARSE = 24
PAINTED = "painted"


def studio_of(
    recipe: SolidRecipe, folder: Path, threads: int, held: Program | Textured | None = None
) -> tuple[Studio, SolidRecipe]:
    """The studio of a recipe from a folder, and the recipe with its look and palette in full.

    held: the field, or the mesh in the box, of a recipe that is being made. Of a film from member
    to member of a family, it is the studio of the first; see morph.py.

    Raises ValueError for a recipe that makes no sense or shows nothing.
    """
    subject = recipe.solid
    kinds = [subject.seed, subject.field, subject.mesh]
    if sum(kind is not None for kind in kinds) != 1:
        raise ValueError("the recipe of a solid has a seed, a field, or a mesh")
    if subject.codes is not None and subject.field is None:
        raise ValueError("the recipe of a solid has codes, but no field of a family")
    if subject.mesh is not None:
        model = held if isinstance(held, Textured) else model_of(subject.mesh, folder, _read)
        return _of_mesh(recipe, folder, model)
    if subject.field is not None:
        program = held if isinstance(held, Program) else program_of(subject.field, folder)
        if subject.codes is not None:
            program = bind(program, code=subject.codes[0])
        return field_studio(recipe, program, threads)
    return field_studio(recipe, None, threads)


def _read(path: Path) -> Textured:
    return boxed(read_model(path)[0])


def field_studio(
    recipe: SolidRecipe, program: Program | None, threads: int
) -> tuple[Studio, SolidRecipe]:
    """The studio of a program over x, y and z, or of the recipe's seed, and the recipe in full."""
    subject = recipe.solid
    stream = Stream(subject.seed or "0", "palette")
    if program is None:
        drawn = generate_solid(str(subject.seed), subject.form)
        name, own_look = f"seed {drawn.seed}", drawn.look
        solid = SolidField(drawn.program, subject.threshold, name=name, threads=1)
        room = Room(solid)
    else:
        solid = SolidField(program, subject.threshold, threads=threads)
        own_look = "clay"
        room = Room(solid, coarsest=COARSEST, fine=TRAINED)
    look = get_look(recipe.look or own_look)
    kept = palette_of(recipe)
    palette = kept or default_palette(stream)
    # through a palette that was given, colours are those of any look
    coloured = has_colours(solid.program) and (kept is not None or look.name == PAINTED)
    colouring = colouring_of(solid.program, palette, 1) if coloured else None
    whole = msgspec.structs.replace(recipe, look=look.name)
    # in other looks than these nothing is seen of a palette
    if coloured or look.name == "ink":
        whole = with_palette(whole, palette)
    return Studio(room, look, palette, colouring), whole


def _of_mesh(recipe: SolidRecipe, folder: Path, model: Textured) -> tuple[Studio, SolidRecipe]:
    coat = recipe.solid.coat
    colours: Colours | None = None
    palette = palette_of(recipe) or default_palette(Stream("0", "palette"))
    if coat is not None:
        field = None if coat.field is None else program_of(coat.field, folder)
        colours = colours_of(
            coat.seed, field, coat.texture, palette_of(recipe), coat.scale, coat.code
        )
        palette = colours.palette
    own = model.picture is not None or model.mesh.colours is not None or coat is not None
    look = get_look(recipe.look or (PAINTED if own else "clay"))
    whole = with_palette(msgspec.structs.replace(recipe, look=look.name), palette)
    return mesh_studio(model, look.name, palette, colours), whole


def mesh_studio(
    model: Textured,
    look: str,
    palette: Palette,
    colours: Colours | None = None,
    *,
    watertight: bool | None = None,
) -> Studio:
    """A mesh in the box, with colours or its own; those are seen in the look ``painted``, and a
    coat in every look. watertight: where that is known."""
    if watertight is None:
        watertight = cleaned(Mesh(model.mesh.vertices, model.mesh.faces))[1].watertight
    room = Room(MeshField(model.mesh, watertight=watertight), voxels=VOXELS, coarsest=COARSE)
    coat = None if colours is None else colours.linear
    skin = Skin(model, coat, coloured=coat is not None or look == PAINTED)
    return Studio(room, get_look(look), palette, surface=skin)


def boxed(model: Textured) -> Textured:
    """The mesh in the box."""
    mesh, _ = normalised(model.mesh)
    return replace(model, mesh=mesh)


def palette_named(
    recipe: SolidRecipe, palette: str | os.PathLike[str] | Palette | None
) -> SolidRecipe:
    """The recipe with a palette that was asked for, if one was."""
    if palette is None:
        return recipe
    stream = Stream(recipe.solid.seed or "0", "palette")
    chosen = palette if isinstance(palette, str | Palette) else Path(palette)
    return with_palette(recipe, get_palette(chosen, stream))
