"""mesh_scene: what is dense in a field of light, as a mesh with colours."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ..extract import lattice_of, mesh_of
from ..fold import pruned
from ..program import Builder, Program
from ..shapes.meshes import MESHES, Mesh
from ..shapes.solid import Sampler, SolidField
from ..shapes.surface import normals_of
from ..shapes.writing import write_mesh
from .kept import OUTPUTS, LightField, load_light

INSIDE = 0.25
"""Of a voxel: as deep under the surface colours are asked, where they are seen."""


@dataclass(frozen=True)
class MeshedScene:
    """A mesh that was written."""

    path: str
    faces: int
    voxels: int
    density: float
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.faces} faces from {self.voxels}^3 voxels, density {self.density:.3g},"
            f" {self.seconds:.1f} s"
        )


def mesh_scene(
    source: str | os.PathLike[str] | LightField,
    output: str | os.PathLike[str],
    *,
    voxels: int = 256,
    density: float | None = None,
    appearance: str | None = None,
) -> MeshedScene:
    """Writes the surface at which a field of light is dense, with the colours of its vertices as
    they are seen from straight above them.

    source: a .safetensors file of ``fit_scene``, or a LightField that lies in a box. voxels: of
    the lattice, a side. density: at the surface; by default that of which a voxel stops two thirds
    of the light. appearance: of which photograph. The mesh is in the world of the scene.

    Raises ValueError for what is out of range, a scene without a box, and where nothing is dense;
    OSError for files.
    """
    began = time.perf_counter()
    field = source if isinstance(source, LightField) else load_light(source)
    if Path(output).suffix.lower() not in MESHES:
        raise ValueError(f"{os.fspath(output)}: expected a mesh: {', '.join(MESHES)}")
    if field.space.contracted or field.ndc:
        raise ValueError("this scene has no end: only fields in a box become meshes")
    if appearance is not None and appearance not in field.appearance:
        raise ValueError(f"appearance {appearance!r}: not a photograph that this field knows")
    if density is None:
        density = voxels / (2 * max(field.space.half))
    if not (math.isfinite(density) and density > 0):
        raise ValueError(f"density {density:g}: expected a number above 0")
    code = None if appearance is None else field.appearance[appearance]
    program = field.standing(code)
    solid = solid_at(field, density)
    lattice = lattice_of(solid, voxels)
    densest = float(lattice.values.max())
    if densest <= 0:
        most = -density * math.log2(max(0.5 - densest, 1e-300))
        raise ValueError(f"density {density:g}: no surface, the densest place has {most:g}")
    mesh = mesh_of(solid, lattice)
    normals = normals_of(solid, mesh.vertices, 2 / voxels)
    half = np.array(field.space.half)
    beneath = mesh.vertices - normals * (INSIDE * 2 / voxels)
    ways = -normals / half  # normals of the box in the world
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    ask = Sampler(program)
    colours = ask(np.concatenate([beneath, ways], 1))[:, 1:].clip(0, 1)
    vertices = field.space.outside(torch.from_numpy(np.ascontiguousarray(mesh.vertices)))
    write_mesh(output, Mesh(vertices.numpy(), mesh.faces, colours))
    seconds = round(time.perf_counter() - began, 3)
    return MeshedScene(os.fspath(output), len(mesh.faces), voxels, density, seconds)


def solid_at(field: LightField, density: float) -> SolidField:
    """The solid in the field's box that is denser than this: .5 minus the share of light that comes
    through as much of it as stops half the light at this density, so that what is empty and what is
    full weigh alike between them."""
    b = Builder(x=1, y=1, z=1)
    through = b.map(b.include(density_of(field))["density"], "exp", -math.log(2) / density)
    solid = b.build(occupancy=b.map(through, "identity", -1.0, 0.5))
    return SolidField(solid, name="the field")


def density_of(field: LightField) -> Program:
    """The density in the field's box, over x, y and z."""
    b = Builder(x=1, y=1, z=1)
    nowhere = b.constant(0.0)  # it does not depend on the direction
    return pruned(
        b.build(**b.include(pruned(field.standing(), OUTPUTS[:1]), u=nowhere, v=nowhere, w=nowhere))
    )
