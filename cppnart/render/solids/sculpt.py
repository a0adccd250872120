"""sculpt: a seed becomes a solid that can be printed."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cppnart.cppn.seeds import Stream
from cppnart.cppn.solids.generate import DrawnSolid, generate_solid
from cppnart.fields import files
from cppnart.fields.shapes.defects import cleaned
from cppnart.fields.shapes.meshes import MESHES, Mesh
from cppnart.fields.shapes.mise import mise
from cppnart.fields.shapes.solid import SolidField
from cppnart.fields.shapes.surface import surface
from cppnart.fields.shapes.writing import write_mesh
from cppnart.render.colour import srgb_encode
from cppnart.render.palettes import Palette, default_palette, get_palette

from .colours import colouring_of
from .view import SUFFIX

HEIGHT = 80.0
"""Millimetres from the foot of a sculpture to its top."""


@dataclass(frozen=True)
class Sculpted:
    """A solid that was written; faces and volume (cubic millimetres) are of its mesh."""

    path: str
    form: str
    faces: int
    watertight: bool
    height: float
    volume: float
    seconds: float

    def __str__(self) -> str:
        if not self.faces:
            return f"{self.form}, as a field, {self.seconds:.1f} s"
        state = "watertight" if self.watertight else "not watertight"
        return (
            f"{self.form}, {self.faces} faces, {state}, {self.height:g} mm high,"
            f" {self.volume / 1000:.1f} cm3, {self.seconds:.1f} s"
        )


def sculpt(
    seed: str | int,
    output: str | os.PathLike[str],
    *,
    form: str | None = None,
    voxels: int = 256,
    height: float = HEIGHT,
    palette: str | Palette | None = None,
) -> Sculpted:
    """Writes the solid of a seed.

    output: .stl or .ply or .obj or .off, in millimetres, standing on z = 0, for printers; .glb,
    with the colours of the solid, y upwards; or .safetensors, the field itself. In .ply and .obj
    there are colours too. form: one of FORMS; the seed's if not given. voxels: a side, of the
    lattice. height: of the sculpture, in millimetres. palette: of the colours.

    The mesh is one piece and watertight. Raises ValueError for what is out of range.
    """
    began = time.perf_counter()
    suffix = Path(output).suffix.lower()
    if suffix not in (*MESHES, SUFFIX):
        raise ValueError(f"{os.fspath(output)}: expected {', '.join((*MESHES, SUFFIX))}")
    if not 32 <= voxels <= 1024 or voxels % 2:
        raise ValueError(f"voxels {voxels}: expected an even number from 32 to 1024")
    if not 0 < height < 1e5:
        raise ValueError(f"height {height:g}: expected millimetres")
    drawn = generate_solid(seed, form)
    if suffix == SUFFIX:
        files.save(output, drawn.program, {"task": "sculpt", "seed": drawn.seed, **drawn.traits})
        seconds = round(time.perf_counter() - began, 3)
        return Sculpted(os.fspath(output), drawn.form.name, 0, True, 0.0, 0.0, seconds)
    mesh = one_piece(surface(mise(SolidField(drawn.program), voxels, 0.0, voxels // 2)))
    if suffix in (".glb", ".ply", ".obj"):
        mesh = _coloured(mesh, drawn, palette)
    mesh = _standing(mesh, height, upright=suffix != ".glb")
    write_mesh(output, mesh)
    watertight = cleaned(mesh)[1].watertight
    seconds = round(time.perf_counter() - began, 3)
    volume = round(mesh.volume * (1.0 if suffix != ".glb" else 1e9), 3)
    name = drawn.form.name
    return Sculpted(os.fspath(output), name, len(mesh.faces), watertight, height, volume, seconds)


def one_piece(mesh: Mesh) -> Mesh:
    """The part of a mesh that holds the most, without what floats beside it or within it."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    faces, count = mesh.faces, len(mesh.vertices)
    ends = np.concatenate([faces[:, :2], faces[:, 1:]])
    graph = coo_array((np.ones(len(ends), bool), (ends[:, 0], ends[:, 1])), (count, count))
    part = connected_components(graph, directed=False)[1][faces[:, 0]]
    a, b, c = np.moveaxis(mesh.corners, 1, 0)
    volumes = np.bincount(part, np.einsum("ij,ij->i", a, np.cross(b, c)))
    kept = faces[part == np.argmax(volumes)]
    used, numbers = np.unique(kept, return_inverse=True)
    return Mesh(mesh.vertices[used], numbers.reshape(kept.shape))


def _coloured(mesh: Mesh, drawn: DrawnSolid, palette: str | Palette | None) -> Mesh:
    stream = Stream(drawn.seed, "palette")
    chosen = default_palette(stream) if palette is None else get_palette(palette, stream)
    linear = colouring_of(drawn.program, chosen)(mesh.vertices.astype(np.float32))
    return replace(mesh, colours=srgb_encode(linear))


def _standing(mesh: Mesh, height: float, *, upright: bool) -> Mesh:
    """The mesh on its foot, so high in millimetres; upright: with z upwards, as printers have it,
    or else with y upwards and in metres, as glTF has it."""
    low, high = mesh.vertices.min(0), mesh.vertices.max(0)
    middle = (low + high) / 2
    scale = height / float(high[1] - low[1]) * (1.0 if upright else 1e-3)
    places = (mesh.vertices - [middle[0], low[1], middle[2]]) * scale
    if upright:
        places = places[:, [0, 2, 1]] * [1, -1, 1]
    return replace(mesh, vertices=places)
