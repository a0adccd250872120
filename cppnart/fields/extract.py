"""extract: the surface of a solid field, as a mesh, points or voxels."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .families.choosing import load_shape
from .shapes.meshes import MESHES, Cloud, Mesh
from .shapes.mise import FINEST, Lattice, dense, mise
from .shapes.sampling import on_surface
from .shapes.simplifying import simplified
from .shapes.solid import SolidField
from .shapes.surface import normals_of, settled, surface
from .shapes.writing import POINTS, VOXELS, write_mesh, write_points, write_voxels

COARSEST = 32
"""Voxels a side that a search begins with, as in the paper."""
KINDS = {"mesh": MESHES, "points": POINTS, "voxels": VOXELS}


@dataclass(frozen=True)
class Extracted:
    """A file of a surface. count: of its faces, points or voxels that are inside; evaluations: of
    the field, ``share`` of those that all corners would have taken."""

    path: str
    kind: str
    count: int
    voxels: int
    evaluations: int
    share: float
    seconds: float

    def __str__(self) -> str:
        what = {"mesh": "faces", "points": "points", "voxels": "voxels inside"}[self.kind]
        return (
            f"{self.count} {what} from {self.voxels}^3 voxels, {self.evaluations} evaluations"
            f" ({self.share:.1%} of all corners), {self.seconds:.1f} s"
        )


def extract(
    source: str | os.PathLike[str] | SolidField,
    output: str | os.PathLike[str],
    *,
    kind: str | None = None,
    voxels: int = 256,
    threshold: float | None = None,
    coarsest: int = COARSEST,
    points: int = 100_000,
    settle: bool = False,
    faces: int | None = None,
    refine: int = 0,
    boxed: bool = False,
    seed: int = 0,
    **choice: Any,
) -> Extracted:
    """Writes the surface of a solid: a mesh, points on it with normals, or voxels.

    source: a .safetensors file of a solid, or a SolidField. kind: mesh, points or voxels; by
    default what the name says: .ply .obj .stl .glb .off are meshes, .xyz points, .npy .vox voxels.
    voxels: of the lattice, a side. threshold: see SolidField. coarsest: voxels of the lattice that
    the search begins with; as many as ``voxels`` for a look at every corner. points: how many.
    settle: vertices go to where the field itself says, by bisection. faces: of the mesh, at most;
    the others are collapsed where they are missed least. refine: after that, so many
    steps by the field's values and slopes on the faces; see refining.py. boxed: in the coordinates
    of the box, not in those that the shape had when it was fitted. seed: of points. choice: of a
    family of shapes, which: member, like or complete; see load_shape.

    Raises ValueError for what is out of range, and where there is no surface; OSError for files.
    """
    began = time.perf_counter()
    solid = source if isinstance(source, SolidField) else load_shape(source, threshold, **choice)
    kind = kind or _kind_of(output)
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r}: expected {', '.join(KINDS)}")
    if Path(output).suffix.lower() not in KINDS[kind]:
        raise ValueError(f"{os.fspath(output)}: expected {kind}: {', '.join(KINDS[kind])}")
    if not 1 <= points <= 1 << 24:
        raise ValueError(f"points {points}: expected 1 to {1 << 24}")
    lattice = lattice_of(solid, voxels, coarsest)
    if kind == "voxels":
        inside = _middles(lattice) > 0
        write_voxels(output, inside)
        count = int(inside.sum())
    else:
        mesh = mesh_of(solid, lattice, settle=settle, faces=faces, refine=refine)
        if kind == "mesh":
            placed = mesh if boxed else replace(mesh, vertices=solid.place.back(mesh.vertices))
            write_mesh(output, placed)
            count = len(mesh.faces)
        else:
            at, _ = on_surface(mesh, points, np.random.default_rng(seed))
            normals = normals_of(solid, at)
            write_points(output, Cloud(at if boxed else solid.place.back(at), normals))
            count = points
    seconds = round(time.perf_counter() - began, 3)
    share = lattice.evaluations / lattice.values.size
    return Extracted(
        os.fspath(output), kind, count, voxels, lattice.evaluations, round(share, 5), seconds
    )


def lattice_of(solid: SolidField, voxels: int, coarsest: int = COARSEST) -> Lattice:
    """The field on a lattice of at least ``voxels`` a side."""
    if not 8 <= voxels <= FINEST:
        raise ValueError(f"voxels {voxels}: expected 8 to {FINEST} a side")
    if coarsest >= voxels:
        return dense(solid, voxels)
    return mise(solid, voxels, 0.0, coarsest)


def mesh_of(
    solid: SolidField,
    lattice: Lattice,
    *,
    settle: bool = False,
    faces: int | None = None,
    refine: int = 0,
) -> Mesh:
    """The surface of a solid, in the box. ValueError where there is none says what there is."""
    low, high = float(lattice.values.min()), float(lattice.values.max())
    if not low < 0 < high:
        ends = " to ".join(sorted((solid.in_words(low), solid.in_words(high)), key=float))
        middle = solid.in_words((low + high) / 2)
        raise ValueError(
            f"{solid.name}: there is no surface at this threshold: {solid.kind} goes from {ends};"
            f" try --threshold {middle}"
        )
    mesh = surface(lattice)
    if settle:
        mesh = settled(mesh, solid, lattice.voxels)
    if faces is not None:
        mesh = simplified(mesh, faces)
    if refine:
        from .refining import refined  # takes torch

        mesh = refined(mesh, solid, refine, 2.0 / lattice.voxels)
    return mesh


def _middles(lattice: Lattice) -> NDArray[np.floating]:
    """The field in the middles of voxels, the means of their corners."""
    v: NDArray[np.floating] = lattice.values
    for axis in range(3):
        v = np.moveaxis(v, axis, 0)
        v = np.moveaxis((v[1:] + v[:-1]) / 2, 0, axis)
    return v


def _kind_of(path: str | os.PathLike[str]) -> str:
    suffix = Path(path).suffix.lower()
    if suffix == ".xyz":
        return "points"
    return "voxels" if suffix in VOXELS else "mesh"
