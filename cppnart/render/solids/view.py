"""view: a picture of a solid, or a film of it as it turns."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from cppnart.cppn.seeds import parse_seed
from cppnart.fields import files
from cppnart.fields.families.choosing import is_family, load_choice
from cppnart.fields.program import Program
from cppnart.fields.shapes.meshes import MESHES, Mesh
from cppnart.fields.shapes.solid import SolidField
from cppnart.fields.shapes.textured import Textured, read_model
from cppnart.render.formats import format_of
from cppnart.render.metadata import read_recipe
from cppnart.render.motion.films import frame_rate, open_film
from cppnart.render.ordered import cores
from cppnart.render.palettes import Palette
from cppnart.render.prepare import is_path
from cppnart.render.recipe import is_solid_recipe
from cppnart.render.sizes import Size, parse_size
from cppnart.render.writers import open_picture

from .camera import Camera
from .morph import Morph
from .recipe import (
    SolidRecipe,
    Subject,
    left_out,
    new_recipe,
    packed_model,
    packed_program,
    parse_solid_recipe,
    program_of,
    solid_recipe_text,
)
from .room import Room
from .studio import Studio
from .subject import boxed, field_studio, palette_named, studio_of

SUFFIX = ".safetensors"
MARGIN = 1.16
"""How much more than the solid is in the picture."""
FPS = 25.0

Source = str | int | os.PathLike[str] | SolidField | Textured | Mesh
Progress = Callable[[int, int], None]
Shot = Callable[[float], tuple[Studio, Camera]]
"""What is seen at a moment of a film, which has period 1, before it turns."""


@dataclass(frozen=True)
class Viewed:
    """A picture or a film that was written. remark: what a person should know."""

    path: str
    width: int
    height: int
    frames: int
    look: str
    seconds: float
    remark: str | None = None

    def __str__(self) -> str:
        frames = f", {self.frames} frames" if self.frames > 1 else ""
        remark = f"; {self.remark}" if self.remark else ""
        return f"{self.width}x{self.height}{frames}, {self.look}, {self.seconds:.1f} s{remark}"


def view(
    source: Source,
    output: str | os.PathLike[str] | None = None,
    *,
    form: str | None = None,
    look: str | None = None,
    palette: str | Palette | None = None,
    texture: str | os.PathLike[str] | None = None,
    size: str | None = None,
    azimuth: float | None = None,
    elevation: float | None = None,
    zoom: float | None = None,
    orbit: bool | None = None,
    duration: float | None = None,
    fps: float | None = None,
    threshold: float | None = None,
    samples: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    member: str | None = None,
    like: str | os.PathLike[str] | None = None,
    complete: str | os.PathLike[str] | None = None,
    between: Sequence[str] | None = None,
) -> Viewed | NDArray[np.uint8]:
    """Renders a solid straight from its field, or a mesh; without output, gives the pixels
    (H, W, 3).

    source: a seed, a .safetensors file of a solid, a SolidField, a mesh (.obj, .ply, .stl, .glb,
    .off) with its texture or the colours of its vertices, or a picture or film that this made,
    which carries its recipe: what is not given here stays as that says. form: of a seed's solid.
    look: what it is made of, see looks.py; by default the form's own, its own colours where a mesh
    has any, or clay. palette: the colours of a field go through it, in looks that have no metal; by
    default they do in the look ``painted``. texture: a picture for the one that a mesh file names.

    size: 1024 if not given. azimuth, elevation: where the camera is, 25 and 18 degrees; zoom: how
    much nearer than a full view. orbit: a film of one turn, ``duration`` seconds long (6), ``fps``
    frames a second (25). threshold: see SolidField. samples: of pixels at edges, 4. progress:
    called with what is done and all.

    Of a family of shapes, member, like or complete say which is seen, see load_choice; between: a
    film from member to member, by their names, and back to the first.

    Raises ValueError for what is out of range or shows nothing, OSError for files.
    """
    began = time.perf_counter()
    choice = {"member": member, "like": like, "complete": complete, "between": between}
    choice = {name: value for name, value in choice.items() if value is not None}
    recipe, folder, held, remark = _named(source, texture, choice)
    changes = {
        "look": look,
        "size": size,
        "azimuth": azimuth,
        "elevation": elevation,
        "zoom": zoom,
        "orbit": orbit,
        "duration": duration,
        "fps": fps,
        "samples": samples,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    recipe = msgspec.structs.replace(recipe, **given)
    inner = {"form": form, "threshold": threshold}
    given = {name: value for name, value in inner.items() if value is not None}
    if form is not None and recipe.solid.seed is None:
        raise ValueError(f"form {form!r}: only the solid of a seed has one to be chosen")
    recipe = msgspec.structs.replace(recipe, solid=msgspec.structs.replace(recipe.solid, **given))
    recipe = palette_named(recipe, palette)
    check(recipe, output)
    shot, recipe = _shot(recipe, folder, threads or cores(), held)
    made = shown(shot, recipe, output, threads, progress)
    if isinstance(made, np.ndarray):
        return made
    seconds = round(time.perf_counter() - began, 3)
    return replace(made, seconds=seconds, remark=joined(remark, made.remark))


def check(recipe: SolidRecipe, output: str | os.PathLike[str] | None) -> None:
    """ValueError for numbers out of range and names of no format, before the work."""
    parse_size(recipe.size)
    for name, low, high in (("zoom", 0.05, 20.0), ("duration", 0.04, 3600.0)):
        number = getattr(recipe, name)
        if not (math.isfinite(number) and low <= number <= high):
            raise ValueError(f"{name} {number:g}: expected a number from {low:g} to {high:g}")
    if recipe.moves and output is None:
        what = "orbit" if recipe.orbit else "between"
        raise ValueError(f"{what}: give a name for the film, as turn.mp4")
    if output is not None and not recipe.moves:
        format_of(output)


def still(studio: Studio, recipe: SolidRecipe) -> Shot:
    """One studio, whatever the moment."""
    camera = _camera(studio, recipe)
    return lambda _: (studio, camera)


def shown(
    shot: Shot,
    recipe: SolidRecipe,
    output: str | os.PathLike[str] | None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Viewed | NDArray[np.uint8]:
    """The picture or the film of a recipe that is checked, with the recipe in it."""
    began = time.perf_counter()
    size = parse_size(recipe.size)
    threads = threads or cores()
    if output is None:
        studio, camera = shot(0.0)
        bands = studio.bands(camera, size.width, size.height, recipe.samples, threads)
        return np.concatenate(list(bands))
    frames = 1
    if recipe.moves:
        frames = max(round(recipe.duration * float(frame_rate(recipe.fps))), 2)
        _film(shot, recipe, size, output, frames, threads, progress)
    else:
        _picture(*shot(0.0), recipe, size, output, threads, progress)
    seconds = round(time.perf_counter() - began, 3)
    missing = left_out(recipe)
    remark = f"{', '.join(missing)} is too large to be kept in it" if missing else None
    look = recipe.look or "clay"
    return Viewed(os.fspath(output), size.width, size.height, frames, look, seconds, remark)


def framed(
    room: Room, size: Size, azimuth: float = 25.0, elevation: float = 18.0, zoom: float = 1.0
) -> Camera:
    """A camera that has the whole solid in the picture, from whatever side."""
    middle = (room.low + room.high) / 2
    half = math.radians(Camera.field / 2)
    distance = MARGIN * room.radius / math.sin(half) / zoom
    x, y, z = (float(number) for number in middle)
    return Camera(azimuth, elevation, distance, target=(x, y, z))


def joined(*remarks: str | None) -> str | None:
    return "; ".join(filter(None, remarks)) or None


def _camera(studio: Studio, recipe: SolidRecipe) -> Camera:
    size = parse_size(recipe.size)
    return framed(studio.room, size, recipe.azimuth, recipe.elevation, recipe.zoom)


def _shot(
    recipe: SolidRecipe, folder: Path, threads: int, held: Program | Textured | None
) -> tuple[Shot, SolidRecipe]:
    """What a recipe shows, and the recipe in full; see studio_of."""
    if recipe.between and recipe.solid.field is not None and held is None:
        held = program_of(recipe.solid.field, folder)
    studio, whole = studio_of(recipe, folder, threads, held)
    if not whole.between:
        return still(studio, whole), whole
    assert isinstance(held, Program)
    morph = Morph(
        held,
        whole.solid.codes or [],
        lambda program: field_studio(whole, program, threads)[0],
        lambda studio: _camera(studio, whole),
    )
    return morph.shot, whole


def _named(
    source: Source, texture: str | os.PathLike[str] | None, choice: Mapping[str, Any]
) -> tuple[SolidRecipe, Path, Program | Textured | None, str | None]:
    """The recipe of whatever a person names, the folder of files that it names, the field or the
    mesh if it is no seed, and a remark."""
    here = Path()
    named = source if isinstance(source, str | os.PathLike) else ""
    if choice and Path(named).suffix.lower() != SUFFIX:
        raise ValueError(f"{', '.join(choice)}: for files of families of shapes alone")
    if isinstance(source, SolidField):
        packed = packed_program(source.program, source.name)
        subject = Subject(field=packed, threshold=source.threshold)
        return new_recipe(subject), here, source.program, None
    if isinstance(source, Mesh):
        source = Textured(source)
    if isinstance(source, Textured):
        model = boxed(source)
        return new_recipe(Subject(mesh=packed_model(model, "the mesh"))), here, model, None
    text = str(source) if isinstance(source, int) else os.fspath(source)
    path, suffix = Path(text), Path(text).suffix.lower()
    if texture is not None and suffix not in MESHES:
        raise ValueError(f"texture {os.fspath(texture)}: only a mesh has one")
    if isinstance(source, int) or not is_path(source, text):
        return new_recipe(Subject(seed=parse_seed(text))), here, None, None
    if suffix == SUFFIX and (choice or is_family(path)):
        program, codes = _of_family(path, choice)
        subject = Subject(field=packed_program(program, text), codes=codes)
        return new_recipe(subject), here, program, None
    if suffix == SUFFIX:
        program = files.load(path)[0]
        return new_recipe(Subject(field=packed_program(program, text))), here, program, None
    if suffix in MESHES:
        found, remark = read_model(path, texture)
        model = boxed(found)
        return new_recipe(Subject(mesh=packed_model(model, text))), here, model, remark
    words = read_recipe(path)
    if not is_solid_recipe(words):
        raise ValueError(f"{text}: not a picture of a solid: 'cppnart render' makes it again")
    return parse_solid_recipe(words), path.parent, None, None


def _of_family(path: Path, choice: Mapping[str, Any]) -> tuple[Program, list[list[float]]]:
    """The program of a family, and the codes that were chosen."""
    members: Sequence[str] | None = choice.get("between")
    if members is None:
        family, code, _ = load_choice(path, **choice)
        code = family.code(code) if isinstance(code, str) else code
        return family.program, [code.tolist()]
    shown = ", ".join(members) or "none"
    if len(choice) > 1:
        raise ValueError(f"between {shown}: it says which members already")
    if len(members) < 2:
        raise ValueError(f"between {shown}: expected two members or more")
    family, _, _ = load_choice(path, member=members[0])
    return family.program, [family.code(member).tolist() for member in members]


def _picture(
    studio: Studio,
    camera: Camera,
    recipe: SolidRecipe,
    size: Size,
    output: str | os.PathLike[str],
    threads: int,
    progress: Progress | None,
) -> None:
    width, height = size.width, size.height
    with open_picture(
        output,
        width=width,
        height=height,
        channels=3,
        dpi=size.dpi,
        recipe=solid_recipe_text(recipe),
    ) as writer:
        for rows in studio.bands(camera, width, height, recipe.samples, threads):
            writer.write(rows)
            if progress is not None:
                progress(writer.rows_written * width, width * height)


def _film(
    shot: Shot,
    recipe: SolidRecipe,
    size: Size,
    output: str | os.PathLike[str],
    frames: int,
    threads: int,
    progress: Progress | None,
) -> None:
    width, height = size.width, size.height
    text = solid_recipe_text(recipe)
    with open_film(
        output, width=width, height=height, fps=recipe.fps, frames=frames, recipe=text
    ) as writer:
        for done, number in enumerate(writer.missing, 1):
            studio, camera = shot(number / frames)
            if recipe.orbit:
                camera = replace(camera, azimuth=camera.azimuth + 360 * number / frames)
            frame = studio.picture(camera, width, height, samples=recipe.samples, threads=threads)
            writer.write(frame, number)
            if progress is not None:
                progress(done, frames)
