"""compare_representations: one solid as voxels, points, a mesh and a field, at the same size."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cppnart.fields.fit_shape import fit_shape, prepared
from cppnart.fields.shapes.inside import Solid
from cppnart.fields.shapes.meshes import Mesh, read_mesh
from cppnart.fields.shapes.metrics import chamfer
from cppnart.fields.shapes.mise import mise
from cppnart.fields.shapes.sampling import on_surface, tree_of
from cppnart.fields.shapes.simplifying import simplified
from cppnart.fields.shapes.solid import SolidField
from cppnart.fields.shapes.surface import surface
from cppnart.render.ordered import cores
from cppnart.render.palettes import PALETTES
from cppnart.render.sheets import layout
from cppnart.render.sizes import Size
from cppnart.render.writers import open_picture

from .looks import get_look
from .mesh_field import MeshField
from .room import Floats, Room
from .skin import Skin
from .studio import Studio
from .view import framed

BUDGETS = (2_000, 8_000, 32_000, 128_000)
KINDS = ("voxels", "points", "mesh", "field")
SEEN = (128, 64)
"""Voxels that pictures go by, and those that their search begins with."""
BALL = 0.014
"""Radius of the ball that a point is drawn as, at least: what the lattice for light still sees."""
SAMPLES = 100_000
"""Points of each surface, for the error, of which there is so much where two are the same: .02."""
DEPTH = 3
"""Layers of the field's SIREN."""


@dataclass(frozen=True)
class Represented:
    """One solid in one way: bytes that it takes, and the Chamfer-L1 in tenths of its side."""

    kind: str
    budget: int
    bytes: int
    error: float


@dataclass(frozen=True)
class Compared:
    """A picture of all of them, and what each costs."""

    path: str
    rows: tuple[Represented, ...]
    seconds: float

    def __str__(self) -> str:
        lines = [
            f"{row.bytes:>7} bytes of {row.kind}: Chamfer-L1 {row.error:.3f}" for row in self.rows
        ]
        return "\n".join([*lines, f"{self.seconds:.0f} s"])


def compare_representations(
    source: str | os.PathLike[str] | Mesh,
    output: str | os.PathLike[str],
    *,
    budgets: Sequence[int] = BUDGETS,
    seconds: float = 20.0,
    size: int = 256,
    azimuth: float = 25.0,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Compared:
    """Draws a solid as voxels (a bit each), points (12 bytes), a mesh (12 bytes for a vertex, 12
    for a face, of which it keeps as few as it has to) and a field (a SIREN, 4 bytes for a number),
    a row for each budget of bytes.

    source: a watertight mesh. seconds: for fitting each field. size: of each picture, in pixels.
    Raises ValueError for a mesh that is not watertight, a budget of fewer than 500 bytes, and so
    few seconds that a field has no surface.
    """
    began = time.perf_counter()
    if not budgets or min(budgets) < 500 or max(budgets) > 1 << 24:
        raise ValueError(f"budgets {tuple(budgets)}: expected bytes, from 500 to {1 << 24}")
    if not 32 <= size <= 2048:
        raise ValueError(f"size {size}: expected 32 to 2048 pixels for each picture")
    mesh = source if isinstance(source, Mesh) else read_mesh(source)
    shape = prepared(mesh, "occupancy", False, "the mesh")
    assert shape.mesh is not None
    assert shape.solid is not None
    wanted, _ = on_surface(shape.mesh, SAMPLES, np.random.default_rng(0))
    makers = dict(zip(KINDS, (_voxels, _points, _mesh, _field), strict=True))
    # one camera and one floor for all: what floats beside a solid moves neither
    exact = _seen(shape.mesh)[0]
    camera = framed(exact, Size(size, size), azimuth)
    rows, pictures, labels = [], [], []
    for budget in sorted(budgets):
        for kind in KINDS:
            room, skin, taken, points = makers[kind](shape.mesh, shape.solid, budget, seconds)
            room.low, room.high = exact.low, exact.high
            error = chamfer(points, wanted)
            rows.append(Represented(kind, budget, taken, round(error, 4)))
            studio = Studio(room, get_look("plaster"), PALETTES["sumi"], surface=skin)
            pictures.append(studio.picture(camera, size, size, threads=threads or cores()))
            labels.append(f"{kind}, {taken / 1000:.1f} kB, {error:.3f}")
            if progress is not None:
                progress(len(pictures), len(budgets) * len(KINDS))
    page = layout(pictures, labels, len(KINDS))
    with open_picture(output, width=page.shape[1], height=page.shape[0], channels=3) as writer:
        writer.write(np.ascontiguousarray(page))
    return Compared(os.fspath(output), tuple(rows), round(time.perf_counter() - began, 1))


Made = tuple[Room, Skin | None, int, NDArray[np.float64]]
"""What is seen, the faces of what has any, the bytes that it takes, and points on its surface."""


def _voxels(mesh: Mesh, solid: Solid, budget: int, seconds: float) -> Made:
    count = int((8 * budget) ** (1 / 3))
    middles = (np.arange(count) + 0.5) * 2 / count - 1
    at = np.stack(np.meshgrid(middles, middles, middles, indexing="ij"), -1).reshape(-1, 3)
    inside = solid(at).reshape(count, count, count)
    blocks = boxes(inside)
    points, _ = on_surface(blocks, SAMPLES, np.random.default_rng(0))
    return (*_seen(blocks), -(-(count**3) // 8), points)


def _points(mesh: Mesh, solid: Solid, budget: int, seconds: float) -> Made:
    from trimesh.creation import icosphere

    points, _ = on_surface(mesh, budget // 12, np.random.default_rng(0))
    radius = max(0.35 * math.sqrt(float(mesh.areas.sum()) / len(points)), BALL)
    tree, one = tree_of(points), icosphere(subdivisions=1, radius=radius)

    def balls(at: NDArray[np.floating]) -> Floats:
        return np.asarray(radius - tree.query(at)[0], np.float32)

    corners = (points[:, None] + one.vertices).reshape(-1, 3)
    first = len(one.vertices) * np.arange(len(points))
    faces = (first[:, None, None] + one.faces).reshape(-1, 3)
    return Room(balls, voxels=SEEN[0]), Skin(Mesh(corners, faces)), 12 * len(points), points


def _mesh(mesh: Mesh, solid: Solid, budget: int, seconds: float) -> Made:
    kept, faces = mesh, budget // 12
    while (taken := 12 * (len(kept.vertices) + len(kept.faces))) > budget:
        # a closed mesh has half as many vertices as faces; others are come near to
        faces = min((budget - 24) // 18, int(0.9 * faces))
        kept = simplified(mesh, faces)
    points, _ = on_surface(kept, SAMPLES, np.random.default_rng(0))
    return (*_seen(kept), taken, points)


def _field(mesh: Mesh, solid: Solid, budget: int, seconds: float) -> Made:
    # (DEPTH - 1) w^2 + (DEPTH + 4) w + 1 numbers
    a, b = DEPTH - 1, DEPTH + 4
    width = max(int((-b + math.sqrt(b * b + a * budget)) / (2 * a)), 4)
    options = {"width": width, "depth": DEPTH, "omega": 15.0, "first_omega": 15.0}
    made = fit_shape(mesh, method="siren", options=options, seconds=seconds, rate=2e-3, steps=3000)
    field = SolidField(made.program)
    try:
        found = surface(mise(field, 128))
    except ValueError:
        raise ValueError(
            f"seconds {seconds:g}: the field of {budget} bytes has no surface yet: expected more"
        ) from None
    points, _ = on_surface(found, SAMPLES, np.random.default_rng(0))
    return Room(field, coarsest=32), None, 4 * made.parameters, points


def _seen(mesh: Mesh) -> tuple[Room, Skin]:
    """A mesh whose faces are seen as they are."""
    field = MeshField(mesh, flat=True)
    return Room(field, voxels=SEEN[0], coarsest=SEEN[1]), Skin(mesh, flat=True)


def boxes(inside: NDArray[np.bool_]) -> Mesh:
    """The outer faces of voxels (n, n, n) over the box, by x, y, z; two triangles for each."""
    count = len(inside)
    padded = np.pad(inside, 1)
    corners = []
    for axis in range(3):
        for side in (0, 1):
            beside = np.roll(padded, 1 - 2 * side, axis)[1:-1, 1:-1, 1:-1]
            place = np.argwhere(inside & ~beside).astype(float)
            u, v = np.eye(3)[(axis + 1) % 3], np.eye(3)[(axis + 2) % 3]
            start = place + side * np.eye(3)[axis]
            square = [start, start + u, start + u + v, start + v]
            corners.append(np.stack(square if side else square[::-1], 1))
    quads = np.concatenate(corners)
    vertices, numbers = np.unique(quads.reshape(-1, 3), axis=0, return_inverse=True)
    four = numbers.reshape(-1, 4)
    faces = np.concatenate([four[:, [0, 1, 2]], four[:, [0, 2, 3]]])
    return Mesh(vertices * 2 / count - 1, faces.astype(np.int64))
