"""paint: colours for a mesh, from a solid texture or a fitted field."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cppnart.fields.atomic import atomic_output
from cppnart.fields.program import Program
from cppnart.fields.shapes.defects import cleaned
from cppnart.fields.shapes.glb import glb_bytes
from cppnart.fields.shapes.meshes import Mesh, Placement, normalised, read_mesh
from cppnart.fields.shapes.textured import Textured, baked, coordinates, unwrapped
from cppnart.fields.shapes.writing import vertex_normals, write_mesh
from cppnart.render.colour import srgb_encode
from cppnart.render.palettes import Palette

from .coats import Colours, colours_of
from .looks import get_look
from .recipe import SolidRecipe, Subject, new_recipe, packed_model, with_palette
from .subject import mesh_studio
from .view import check, shown, still

COLOURED = (".glb", ".ply", ".obj")
FINE = 0.012
"""How long an edge may be, in the box, before faces are split: colours are those of vertices."""
MOST = 600_000
"""Faces, at most, after they were split."""


@dataclass(frozen=True)
class Painted:
    """A mesh that was painted. baked: pixels a side of its texture, 0 where vertices have the
    colours."""

    path: str
    texture: str
    palette: str | None
    faces: int
    baked: int
    seconds: float

    def __str__(self) -> str:
        palette = f" in {self.palette}" if self.palette else ""
        kind = f", a texture of {self.baked}x{self.baked}" if self.baked else ""
        return f"{self.texture}{palette}, {self.faces} faces{kind}, {self.seconds:.1f} s"


def paint(
    source: str | os.PathLike[str] | Mesh,
    output: str | os.PathLike[str],
    *,
    seed: str | int | None = None,
    field: str | os.PathLike[str] | Program | None = None,
    code: str | Sequence[float] | None = None,
    texture: str | None = None,
    palette: str | Palette | None = None,
    scale: float = 1.0,
    bake: int | None = None,
    picture: str | os.PathLike[str] | None = None,
    size: str = "1024",
    look: str = "painted",
    azimuth: float = 25.0,
    elevation: float = 18.0,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Painted:
    """Writes a mesh with colours: the solid texture of a seed, or those of a field.

    source: a mesh file, or a Mesh. output: .glb, .ply or .obj with colours of vertices; faces are
    split until their edges are short, which changes no shape. seed: of a texture; texture: one of
    TEXTURES, the seed's if not given. field: instead, a .safetensors file or a program over x, y
    and z with outputs red, green, blue, as ``fit_texture`` makes it, or value, shade and accent.
    code: of a field of several textures, which one: its name, or numbers.
    palette: one that suits it if not given. scale: how much of the texture is seen; 2 is twice as
    fine. bake: colours go into a picture of so many pixels a side instead, in a .glb; the mesh
    keeps its faces, and the texture coordinates that it has, if any. picture: a file for a picture
    of it, of this size, look and view.

    Raises ValueError for what is out of range or no mesh, OSError for files.
    """
    began = time.perf_counter()
    suffix = Path(output).suffix.lower()
    if suffix not in COLOURED or (bake is not None and suffix != ".glb"):
        kinds = ", ".join(COLOURED) if bake is None else ".glb, which holds a texture"
        raise ValueError(f"{os.fspath(output)}: expected {kinds}, which have colours")
    recipe = msgspec.structs.replace(
        new_recipe(Subject()),
        look=get_look(look).name,
        size=size,
        azimuth=azimuth,
        elevation=elevation,
    )
    check(recipe, picture)
    colours = colours_of(seed, field, texture, palette, scale, code)
    mesh, defects = cleaned(source if isinstance(source, Mesh) else read_mesh(source))
    boxed, place = normalised(mesh)
    if bake is None:
        fine = split(boxed)
        encoded = srgb_encode(colours.linear(fine.vertices.astype(np.float32)))
        write_mesh(output, Mesh(place.back(fine.vertices), fine.faces, encoded))
        faces = len(fine.faces)
    else:
        _write_baked(output, source, boxed, place, colours, bake)
        faces = len(boxed.faces)
    if picture is not None:
        _write_picture(
            picture, boxed, defects.watertight, recipe, colours, source, threads, progress
        )
    seconds = round(time.perf_counter() - began, 3)
    palette_name = None if field is not None and palette is None else colours.palette.name
    return Painted(os.fspath(output), colours.name, palette_name, faces, bake or 0, seconds)


def _write_picture(
    picture: str | os.PathLike[str],
    mesh: Mesh,
    watertight: bool,
    recipe: SolidRecipe,
    colours: Colours,
    source: str | os.PathLike[str] | Mesh,
    threads: int | None,
    progress: Callable[[int, int], None] | None,
) -> None:
    model = Textured(replace(mesh, colours=None))
    name = "the mesh" if isinstance(source, Mesh) else os.fspath(source)
    subject = Subject(mesh=packed_model(model, name), coat=colours.coat)
    recipe = with_palette(msgspec.structs.replace(recipe, solid=subject), colours.palette)
    assert recipe.look is not None
    studio = mesh_studio(model, recipe.look, colours.palette, colours, watertight=watertight)
    shown(still(studio, recipe), recipe, picture, threads, progress)


def _write_baked(
    output: str | os.PathLike[str],
    source: str | os.PathLike[str] | Mesh,
    boxed: Mesh,
    place: Placement,
    colours: Colours,
    size: int,
) -> None:
    """The mesh with its texture coordinates, or new ones, and a picture for them."""
    own = None if isinstance(source, Mesh) else coordinates(source)
    if own is None:
        mesh, uv = unwrapped(boxed, size)
    else:
        mesh, uv = replace(own[0], vertices=place.into_box(own[0].vertices)), own[1]
    texture = baked(
        mesh, uv, lambda points: srgb_encode(colours.linear(points.astype(np.float32))), size
    )
    file = io.BytesIO()
    Image.fromarray(texture).save(file, "PNG")
    placed = replace(mesh, vertices=place.back(mesh.vertices), colours=None)
    upper = np.stack([uv[:, 0], 1 - uv[:, 1]], 1)
    data = glb_bytes(placed, normals=_smooth(mesh), uv=upper, texture=file.getvalue())
    with atomic_output(output) as temporary:
        temporary.write_bytes(data)


def _smooth(mesh: Mesh) -> NDArray[np.float64]:
    """Normals of vertices, the same on both sides of a seam."""
    _, same = np.unique(mesh.vertices, axis=0, return_inverse=True)
    whole = Mesh(mesh.vertices, same.ravel()[mesh.faces])
    return vertex_normals(whole)[same.ravel()]


def split(mesh: Mesh, fine: float = FINE, most: int = MOST) -> Mesh:
    """The mesh with every face in four, as often as it takes for most edges to be short."""
    from trimesh.remesh import subdivide

    while len(mesh.faces) * 4 <= most:
        a, b = mesh.corners[:, 0], mesh.corners[:, 1]
        if np.percentile(np.linalg.norm(a - b, axis=1), 90) <= fine:
            break
        vertices, faces = subdivide(mesh.vertices, mesh.faces)
        mesh = replace(mesh, vertices=np.asarray(vertices), faces=np.asarray(faces, np.int64))
    return mesh
