"""Meshes and point clouds: what they are, reading them, and bringing them into the box."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import UNIT

Floats = NDArray[np.float64]
Faces = NDArray[np.int64]

MESHES = (".obj", ".ply", ".stl", ".glb", ".off")
CLOUDS = (".ply", ".xyz", ".npy")
MAX_FACES = 1 << 24
MAX_POINTS = 1 << 26


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles: vertices (V, 3) float64, faces (F, 3) numbers of vertices, counter-clockwise seen
    from outside. colours: of the vertices, (V, 3) sRGB in [0, 1], if it has any."""

    vertices: Floats
    faces: Faces
    colours: NDArray[np.floating[Any]] | None = None

    @property
    def corners(self) -> Floats:
        """The corners of every face, (F, 3, 3)."""
        return np.asarray(self.vertices[self.faces])

    @property
    def areas(self) -> Floats:
        """(F,)."""
        return np.asarray(0.5 * np.linalg.norm(self._crosses(), axis=1))

    @property
    def normals(self) -> Floats:
        """Of the faces, of length 1, (F, 3); 0 where a face has no area."""
        crosses = self._crosses()
        lengths = np.linalg.norm(crosses, axis=1, keepdims=True)
        return np.asarray(crosses / np.where(lengths > 0, lengths, 1.0))

    @property
    def volume(self) -> float:
        """Signed: positive where faces look outwards. Of a mesh that is closed."""
        a, b, c = np.moveaxis(self.corners - self.vertices.mean(0), 1, 0)
        return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)

    def _crosses(self) -> Floats:
        a, b, c = np.moveaxis(self.corners, 1, 0)
        return np.asarray(np.cross(b - a, c - a))


@dataclass(frozen=True, eq=False)
class Cloud:
    """Points (N, 3) float64 on a surface, with normals of length 1, (N, 3), if there are any."""

    points: Floats
    normals: Floats | None = None


@dataclass(frozen=True)
class Placement:
    """How a shape was brought into the box: its own coordinates are ``centre + scale * p``."""

    centre: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: float = 1.0

    def into_box(self, points: Floats) -> Floats:
        return np.asarray((points - np.array(self.centre)) / self.scale)

    def back(self, points: Floats) -> Floats:
        return np.asarray(points * self.scale + np.array(self.centre))


def normalised(shape: Mesh | Cloud) -> tuple[Any, Placement]:
    """The shape in the middle of the box with UNIT as its longest side, and where it came from.

    Raises ValueError for a shape without extent.
    """
    points = shape.vertices[np.unique(shape.faces)] if isinstance(shape, Mesh) else shape.points
    low, high = points.min(0), points.max(0)
    extent = float((high - low).max())
    if not extent > 1e-30:
        raise ValueError("the shape has no extent: all of its points are one")
    place = Placement(tuple((low / 2 + high / 2).tolist()), extent / UNIT)
    if isinstance(shape, Mesh):
        return replace(shape, vertices=place.into_box(shape.vertices)), place
    return replace(shape, points=place.into_box(shape.points)), place


# --- Reading ---


def read_mesh(path: str | os.PathLike[str]) -> Mesh:
    """The triangles of a .obj, .ply, .stl, .glb or .off file, all its parts in one mesh.

    Vertices at the same place, which texture coordinates or normals split, are one again. Raises
    OSError where there is no such file, and ValueError for what is no mesh: no faces, numbers that
    are not finite, faces whose vertices do not exist.
    """
    _check_name(path, MESHES, "a mesh")
    loaded = load(path)
    vertices, faces = np.asarray(loaded.vertices, np.float64), np.asarray(loaded.faces, np.int64)
    colours = _colours(loaded, linear=Path(path).suffix.lower() == ".glb") if len(faces) else None
    return checked(Mesh(vertices, faces, colours), os.fspath(path))


def _colours(loaded: Any, *, linear: bool) -> NDArray[np.float32] | None:
    """Of vertices, as sRGB; glTF's are linear."""
    if loaded.visual.kind in ("vertex", "face"):
        found = np.asarray(loaded.visual.vertex_colors)
    else:
        found = np.asarray(getattr(loaded.visual, "vertex_attributes", {}).get("color", []))
    if len(found) != len(loaded.vertices) or found.ndim != 2 or found.shape[1] < 3:
        return None
    white = float(np.iinfo(found.dtype).max) if found.dtype.kind in "ui" else 1.0
    c = np.clip(np.nan_to_num(found[:, :3] / white), 0, 1)
    if linear:
        c = np.where(c <= 0.0031308, 12.92 * c, 1.055 * np.maximum(c, 1e-9) ** (1 / 2.4) - 0.055)
    return np.asarray(c, np.float32)


def load(path: str | os.PathLike[str]) -> Any:
    """The file as trimesh reads it, as one trimesh.Trimesh; ValueError where it cannot."""
    import trimesh

    with Path(path).open("rb") as file, _silent():
        try:
            suffix = Path(path).suffix[1:].lower()
            resolver = trimesh.resolvers.FilePathResolver(os.fspath(path))
            scene = trimesh.load_scene(file, file_type=suffix, resolver=resolver, process=False)
            return _one(scene)
        except Exception as error:  # whatever a parser does with a file that is not what it says
            raise ValueError(
                f"{os.fspath(path)}: cannot be read as a mesh: {_line(error)}"
            ) from None


def _one(scene: Any) -> Any:
    """All of a scene in one mesh; colours beside a material are lost where there are several."""
    import trimesh

    nodes = scene.graph.nodes_geometry
    if len(nodes) == 1 and len(scene.geometry) == 1:
        (mesh,) = scene.geometry.values()
        if isinstance(mesh, trimesh.Trimesh):
            mesh.apply_transform(scene.graph[nodes[0]][0])
            return mesh
    return scene.to_mesh()


def checked(mesh: Mesh, name: str = "the mesh") -> Mesh:
    """The mesh with vertices at one place made one; ValueError, with its name, for what is none."""
    vertices, faces = mesh.vertices, mesh.faces
    if not len(vertices):
        raise ValueError(f"{name}: the mesh is empty")
    if not len(faces):
        raise ValueError(f"{name}: {len(vertices)} vertices and no faces: expected triangles")
    if len(faces) > MAX_FACES:
        raise ValueError(f"{name}: {len(faces)} faces: expected at most {MAX_FACES}")
    if not 0 <= faces.min() <= faces.max() < len(vertices):
        raise ValueError(
            f"{name}: a face has the vertex {_outside(faces, len(vertices))}:"
            f" there are {len(vertices)}, counted from 0"
        )
    used = np.zeros(len(vertices), bool)
    used[faces] = True
    wrong = used & ~np.isfinite(vertices).all(1)
    if wrong.any():
        raise ValueError(
            f"{name}: {wrong.sum()} vertices are not finite, as {_first(vertices, wrong)}"
        )
    kept = np.flatnonzero(used)
    _, first, same = np.unique(vertices[kept] + 0.0, axis=0, return_index=True, return_inverse=True)
    # in the order of the file
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    number = np.zeros(len(vertices), np.int64)
    number[kept] = rank[same.ravel()]
    chosen = kept[first[order]]
    colours = None if mesh.colours is None else mesh.colours[chosen]
    return Mesh(vertices[chosen], number[faces], colours)


def read_cloud(path: str | os.PathLike[str]) -> Cloud:
    """The points of a .ply, .xyz (numbers in lines) or .npy file: x, y, z, and perhaps a normal.

    Raises OSError where there is no such file, and ValueError for what is no cloud of points.
    """
    _check_name(path, CLOUDS, "a cloud of points")
    name = os.fspath(path)
    try:
        rows = np.asarray(_READERS[Path(path).suffix.lower()](path), np.float64)
    except OSError:
        raise
    except Exception as error:
        raise ValueError(f"{name}: cannot be read as points: {_line(error)}") from None
    if rows.ndim != 2 or rows.shape[1] not in (3, 6):
        raise ValueError(
            f"{name}: numbers of shape {rows.shape}: expected (N, 3), or (N, 6) with normals"
        )
    if not 16 <= len(rows) <= MAX_POINTS:
        raise ValueError(f"{name}: {len(rows)} points: expected 16 to {MAX_POINTS}")
    wrong = ~np.isfinite(rows).all(1)
    if wrong.any():
        raise ValueError(f"{name}: {wrong.sum()} points are not finite, as {_first(rows, wrong)}")
    if rows.shape[1] == 3:
        return Cloud(rows)
    lengths = np.linalg.norm(rows[:, 3:], axis=1, keepdims=True)
    if (lengths == 0).any():
        raise ValueError(f"{name}: {(lengths == 0).sum()} normals have no length")
    return Cloud(rows[:, :3], rows[:, 3:] / lengths)


def has_faces(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a mesh, not a cloud of points; a .ply may be either."""
    if Path(path).suffix.lower() == ".ply":
        with Path(path).open("rb") as file:
            header = file.read(1 << 16).split(b"end_header")[0].split()
        pairs = zip(header, header[1:], header[2:], strict=False)
        return any(
            (kind, name) == (b"element", b"face") and count != b"0" for kind, name, count in pairs
        )
    return Path(path).suffix.lower() in MESHES


def _ply_rows(path: str | os.PathLike[str]) -> Floats:
    from trimesh.exchange.ply import load_ply

    with Path(path).open("rb") as file, _silent():
        found = load_ply(file)
    parts = [found["vertices"]]
    if found.get("vertex_normals") is not None:
        parts.append(found["vertex_normals"])
    return np.concatenate(parts, 1)


def _xyz_rows(path: str | os.PathLike[str]) -> Floats:
    with Path(path).open(encoding="utf-8", errors="replace") as file:
        lines = (line.replace(",", " ") for line in file)
        return np.loadtxt(lines, ndmin=2)


def _npy_rows(path: str | os.PathLike[str]) -> Any:
    rows = np.load(path, allow_pickle=False)
    if rows.dtype.kind not in "fiu":
        raise ValueError(f"an array of {rows.dtype}: expected numbers")
    return rows


_READERS = {".ply": _ply_rows, ".xyz": _xyz_rows, ".npy": _npy_rows}


def _check_name(path: str | os.PathLike[str], suffixes: tuple[str, ...], what: str) -> None:
    if Path(path).suffix.lower() not in suffixes:
        raise ValueError(f"{os.fspath(path)}: expected {what}: {', '.join(suffixes)}")


def _outside(faces: Faces, count: int) -> int:
    return int(faces[(faces < 0) | (faces >= count)][0])


def _first(rows: Floats, wrong: Any) -> str:
    number = int(np.flatnonzero(wrong)[0])
    return f"number {number}: {', '.join(f'{x:g}' for x in rows[number])}"


def _line(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:200]


@contextmanager
def _silent() -> Iterator[None]:
    """trimesh logs tracebacks of what it also raises, and numpy warns of what is checked here."""
    log = logging.getLogger("trimesh")
    before, log.disabled = log.disabled, True
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        log.disabled = before
