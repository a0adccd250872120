"""The members of a family: meshes, as what a decoder and an encoder learn from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..fit_shape import prepared
from ..shapes.inside import Solid
from ..shapes.meshes import MESHES, Mesh, Placement, read_mesh
from ..shapes.sampling import in_box, near_surface, on_surface
from .encoders import VOXELS
from .views import levelled, views

POOL = 1 << 15
"""Points of a member whose occupancy is known: half all over the box, half near the surface."""
POOLS = 1 << 24
"""Points of all members together; of many members, each has fewer."""
CLOUD = 2048
VIEWS = 12
MOST = 1 << 15
NEAR = 0.02
"""Standard deviation of points near the surface: twice that of a single shape, since a field of
many is never as exact."""

Source = str | os.PathLike[str] | Mapping[str, Mesh]


@dataclass(frozen=True, eq=False)
class Member:
    """points (P, 3) float32: the first half of them uniform over the box; inside (P,); read: what
    an encoder reads, as it comes: (CLOUD, 3), (VOXELS,) * 3 or (VIEWS, PIXELS, PIXELS)."""

    name: str
    place: Placement
    points: NDArray[np.float32]
    inside: NDArray[np.bool_]
    read: NDArray[np.generic] | None


def read_members(
    source: Source, reads: str | None = None, *, repair: bool = False
) -> tuple[list[Member], dict[str, str]]:
    """Members by name, and those that are passed over, with the reason.

    source: a folder of meshes, looked through with those below it, or meshes by name. reads: what
    is prepared for an encoder: points, voxels, image, or None.
    """
    found = _meshes(source)
    if len(found) > MOST:
        raise ValueError(f"{len(found)} meshes: expected at most {MOST}")
    size = max(min(POOL, POOLS // max(len(found), 1)) // 2 * 2, 512)
    members, passed_over = [], {}
    for name, get in found.items():
        try:
            shape = prepared(get(), "occupancy", repair, name)
        except (ValueError, OSError) as error:
            passed_over[name] = str(error)
            continue
        assert shape.mesh is not None
        assert shape.solid is not None
        members.append(_member(name, shape.place, shape.mesh, shape.solid, size, reads))
    return members, passed_over


def _member(
    name: str, place: Placement, mesh: Mesh, solid: Solid, size: int, reads: str | None
) -> Member:
    random = np.random.default_rng(0)
    points = np.concatenate(
        [in_box(size // 2, random), near_surface(mesh, size // 2, random, NEAR)]
    )
    points = points.astype(np.float32)
    read = None if reads is None else _READS[reads](mesh, solid)
    return Member(name, place, points, solid(points), read)


def cloud_of(mesh: Mesh, solid: Solid | None = None) -> NDArray[np.float32]:
    """CLOUD points of a mesh in the box."""
    return on_surface(mesh, CLOUD, np.random.default_rng(1))[0].astype(np.float32)


def voxels_of(mesh: Mesh, solid: Solid) -> NDArray[np.bool_]:
    """Which middles of voxels are inside, (VOXELS, VOXELS, VOXELS) by x, y, z."""
    side = (np.arange(VOXELS) + 0.5) * 2 / VOXELS - 1
    at = np.stack(np.meshgrid(side, side, side, indexing="ij"), -1).reshape(-1, 3)
    return solid(at).reshape(VOXELS, VOXELS, VOXELS)


def views_of(mesh: Mesh, solid: Solid | None = None) -> NDArray[np.float16]:
    return levelled(views(mesh, VIEWS, np.random.default_rng(2))).astype(np.float16)


_READS: dict[str, Callable[[Mesh, Solid], NDArray[np.generic]]] = {
    "points": cloud_of,
    "voxels": voxels_of,
    "image": views_of,
}


def _meshes(source: Source) -> dict[str, Callable[[], Mesh]]:
    """Names, and what gives the mesh of each."""
    if isinstance(source, Mapping):
        return {name: partial(_same, mesh) for name, mesh in source.items()}
    root = Path(source)
    if not root.is_dir():
        raise ValueError(f"{os.fspath(source)}: there is no such folder")
    return {name: partial(read_mesh, path) for name, path in _named(root)}


def _same(mesh: Mesh) -> Mesh:
    return mesh


def _named(root: Path) -> Iterator[tuple[str, Path]]:
    """Files by what they are called, without the suffix where that is enough to tell them apart."""
    paths = [path for path in sorted(root.rglob("*")) if path.suffix.lower() in MESHES]
    stems = [path.relative_to(root).with_suffix("").as_posix() for path in paths]
    for stem, path in zip(stems, paths, strict=True):
        yield stem if stems.count(stem) == 1 else path.relative_to(root).as_posix(), path
