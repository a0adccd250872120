"""Files of meshes, points and voxels."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..atomic import atomic_output
from .glb import glb_bytes
from .meshes import MESHES, Cloud, Mesh

VOXELS = (".npy", ".vox")
POINTS = (".ply", ".xyz", ".npy")
CREASE = np.radians(40)
"""Faces at a larger angle meet at an edge that is seen as one."""
CROWD = 256
PAIRS = 1 << 19
"""Of faces that meet, looked at together; memory is bounded by it."""
VOX_SIDE = 256
"""The most voxels a side that a .vox model holds."""


def write_mesh(path: str | os.PathLike[str], mesh: Mesh) -> None:
    """Writes a mesh as .ply, .obj, .stl, .glb or .off, with its colours but for .stl and .off.

    ValueError for other names, OSError for what cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in MESHES:
        raise ValueError(f"{os.fspath(path)}: expected a mesh: {', '.join(MESHES)}")
    if suffix == ".glb":
        data: bytes | str = glb_bytes(mesh, normals=vertex_normals(mesh))
    else:
        import trimesh

        colours = None if mesh.colours is None else np.round(np.clip(mesh.colours, 0, 1) * 255)
        plain = trimesh.Trimesh(
            mesh.vertices,
            mesh.faces,
            vertex_colors=None if colours is None else colours.astype(np.uint8),
            process=False,
        )
        exported: Any = plain.export(file_type=suffix[1:])
        data = exported
    with atomic_output(path) as temporary:
        temporary.write_bytes(data.encode() if isinstance(data, str) else data)


def write_points(path: str | os.PathLike[str], cloud: Cloud) -> None:
    """Writes points, and normals if there are any, as .ply, .xyz or .npy."""
    parts = [cloud.points] if cloud.normals is None else [cloud.points, cloud.normals]
    rows = np.concatenate(parts, 1)
    suffix = Path(path).suffix.lower()
    if suffix not in POINTS:
        raise ValueError(f"{os.fspath(path)}: expected points: {', '.join(POINTS)}")
    with atomic_output(path) as temporary, temporary.open("wb") as file:
        if suffix == ".npy":
            np.save(file, rows)
        elif suffix == ".xyz":
            np.savetxt(file, rows, "%.9g")
        else:
            names = ("x", "y", "z", "nx", "ny", "nz")[: rows.shape[1]]
            properties = "".join(f"property float {name}\n" for name in names)
            head = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(rows)}\n"
            file.write(f"{head}{properties}end_header\n".encode())
            file.write(rows.astype("<f4").tobytes())


def write_voxels(path: str | os.PathLike[str], inside: NDArray[np.bool_]) -> None:
    """Writes voxels (n, n, n), by x, y, z, as .npy (bool), or as .vox, which has z upwards."""
    suffix = Path(path).suffix.lower()
    if suffix not in VOXELS:
        raise ValueError(f"{os.fspath(path)}: expected voxels: {', '.join(VOXELS)}")
    if suffix == ".vox" and len(inside) > VOX_SIDE:
        raise ValueError(f"{len(inside)} voxels a side: .vox holds {VOX_SIDE}; write .npy")
    with atomic_output(path) as temporary, temporary.open("wb") as file:
        if suffix == ".npy":
            np.save(file, inside)
        else:
            file.write(_vox(inside))


def _vox(inside: NDArray[np.bool_]) -> bytes:
    """MagicaVoxel's format, version 150: a size, and x, y, z and colour of each voxel."""
    x, y, z = np.nonzero(inside)
    last = len(inside) - 1
    rows = np.stack([x, last - z, y, np.full(len(x), 79)], 1).astype(np.uint8)

    def chunk(name: bytes, content: bytes, children: bytes = b"") -> bytes:
        return name + struct.pack("<II", len(content), len(children)) + content + children

    size = chunk(b"SIZE", struct.pack("<III", *(len(inside),) * 3))
    voxels = chunk(b"XYZI", struct.pack("<I", len(rows)) + rows.tobytes())
    return b"VOX " + struct.pack("<I", 150) + chunk(b"MAIN", b"", size + voxels)


def vertex_normals(mesh: Mesh) -> NDArray[np.float64]:
    """Of the vertices: the mean of those of their faces by area, of length 1, (V, 3)."""
    crosses = mesh.normals * mesh.areas[:, None]
    total = np.stack(
        [
            np.bincount(mesh.faces.ravel(), np.repeat(crosses[:, axis], 3), len(mesh.vertices))
            for axis in range(3)
        ],
        1,
    )
    lengths = np.linalg.norm(total, axis=1, keepdims=True)
    up = np.array([0.0, 1.0, 0.0])
    return np.where(lengths > 0, total / np.where(lengths > 0, lengths, 1.0), up)


def corner_normals(mesh: Mesh) -> NDArray[np.float64]:
    """Of the corners of faces, (F, 3, 3): the mean of those of the faces at the same place that lie
    at less than CREASE to the corner's own, so that what is smooth looks smooth, across seams too,
    and edges stay edges. Where very many faces meet, that of the face. The mean is by angles: it
    does not matter into which triangles a surface was cut."""
    _, same = np.unique(mesh.vertices, axis=0, return_inverse=True)
    place = same.ravel()[mesh.faces].ravel()
    order = np.argsort(place, kind="stable")
    counts = np.bincount(place)
    first = (np.cumsum(counts) - counts)[place]
    sizes = np.where(counts[place] <= CROWD, counts[place], 0)
    normals, angles = mesh.normals, _angles(mesh.corners).ravel()
    total = np.zeros((len(place), 3))
    ends = np.cumsum(sizes)
    start = 0
    while start < len(place):
        done = ends[start - 1] if start else 0
        end = max(int(np.searchsorted(ends, done + PAIRS, side="right")), start + 1)
        part = slice(start, end)
        corner = np.repeat(np.arange(start, end), sizes[part])
        within = np.arange(len(corner)) - np.repeat(ends[part] - sizes[part] - done, sizes[part])
        beside = order[first[corner] + within]
        face, other = corner // 3, beside // 3
        near = np.einsum("nd,nd->n", normals[face], normals[other]) > np.cos(CREASE)
        for axis in range(3):
            shares = angles[beside[near]] * normals[other[near], axis]
            total[part, axis] = np.bincount(corner[near] - start, shares, end - start)
        start = end
    lengths = np.linalg.norm(total, axis=1, keepdims=True)
    flat = np.repeat(normals, 3, 0)
    found = np.where(lengths > 0, total / np.where(lengths > 0, lengths, 1.0), flat)
    return np.asarray(found.reshape(-1, 3, 3))


def _angles(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of every corner (F, 3), in radians; 0 where an edge has no length."""
    ahead, behind = np.roll(corners, -1, axis=1) - corners, np.roll(corners, 1, axis=1) - corners
    lengths = np.linalg.norm(ahead, axis=2) * np.linalg.norm(behind, axis=2)
    cosines = np.einsum("fkd,fkd->fk", ahead, behind) / np.where(lengths > 0, lengths, 1.0)
    return np.where(lengths > 0, np.arccos(np.clip(cosines, -1, 1)), 0.0)
