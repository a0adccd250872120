"""fit_shape: a mesh or a cloud of points becomes a solid field."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from .fitting import Schedule, Settings, Task
from .occupancy import DistanceTask, Held, OccupancyTask, surface_points
from .shapes.defects import Defects, cleaned, oriented
from .shapes.inside import Solid
from .shapes.meshes import Cloud, Mesh, Placement, has_faces, normalised, read_cloud, read_mesh
from .shapes.normals import with_normals
from .training import FittedField, Method, Training, build, train

if TYPE_CHECKING:
    from typing_extensions import Unpack

KINDS = {"occupancy": "occupancy", "sdf": "distance"}
"""What a solid may be fitted as, and the output of its field."""

_GRID = Settings(
    steps=1500, rate=1e-2, betas=(0.9, 0.99), eps=1e-15, schedule=Schedule("cosine", 0.01)
)
_COSINE = Schedule("cosine", 0.01)
METHODS = {
    "occupancy": {
        "grid": Method(
            _GRID,
            {"levels": 7, "coarsest": 8, "growth": 1.75, "entries": 1 << 16, "width": 32},
            8192,
        ),
        "siren": Method(Settings(steps=4000, rate=2e-4, schedule=_COSINE), {"depth": 3}, 8192),
        "fourier": Method(
            Settings(steps=4000, rate=1e-3, schedule=_COSINE),
            {"sigma": 4.0, "features": 128, "last": "identity"},
            8192,
        ),
        "residual": Method(Settings(steps=4000, rate=1e-3, schedule=_COSINE), {}, 4096),
    },
    "sdf": {
        "siren": Method(
            Settings(steps=4000, rate=1e-4, schedule=_COSINE, clip=1.0), {"depth": 4}, 4096
        ),
        "grid": Method(
            _GRID,
            {"levels": 6, "coarsest": 8, "growth": 1.7, "entries": 1 << 18, "width": 32},
            8192,
        ),
    },
}
AUTO = {"occupancy": "grid", "sdf": "siren"}
"""The methods that are best after three minutes on two cores."""
SEARCH = {"grid": 4}
"""Batches that are searched for specks in each step, where it is more than one: cells of a grid far
from each other share an entry, so that its specks are more and smaller."""


@dataclass(frozen=True)
class Shape:
    """What is fitted: a mesh in the box with what is inside it, where that is known, and a cloud
    of points where there is no mesh. remark: what was wrong with it."""

    place: Placement
    mesh: Mesh | None = None
    solid: Solid | None = None
    cloud: Cloud | None = None
    remark: str | None = None


def fit_shape(
    source: str | os.PathLike[str] | Mesh | Cloud,
    *,
    kind: str | None = None,
    method: str = "auto",
    repair: bool = False,
    batch: int | None = None,
    options: Mapping[str, Any] | None = None,
    **training: Unpack[Training],
) -> FittedField:
    """Fits a field over x, y and z in the box [-1, 1]^3 to a solid.

    source: a mesh (.obj, .ply, .stl, .glb, .off), a cloud of points (.ply, .xyz, .npy), a Mesh or
    a Cloud. kind: ``occupancy``, the log-odds of being inside, or ``sdf``, the signed distance to
    the surface; by default the first for meshes and the second for clouds, which have no inside
    of their own. method: one of METHODS[kind]. repair: take a mesh that is not watertight; what is
    inside is then said by generalised winding numbers. batch: points in a step. options: of the
    network. training: see Training; ``until`` is an IoU.

    Raises ValueError for what is no solid and how it might be fitted all the same, and OSError for
    files that cannot be read.
    """
    if kind is not None and kind not in KINDS:
        raise ValueError(f"as {kind!r}: expected {', '.join(KINDS)}")
    own = _read(source)
    kind = kind or ("occupancy" if isinstance(own, Mesh) else "sdf")
    name = AUTO[kind] if method == "auto" else method
    if name not in METHODS[kind]:
        raise ValueError(f"method {method!r}: for {kind} expected auto, {', '.join(METHODS[kind])}")
    chosen = METHODS[kind][name]
    label = "the shape" if isinstance(source, Mesh | Cloud) else os.fspath(source)
    shape = prepared(own, kind, repair, label)
    task = _task(shape, kind, name, batch if batch is not None else chosen.batch or 8192)
    inputs = {"x": 1, "y": 1, "z": 1}
    network = build(
        name, inputs, (KINDS[kind],), training.get("seed", 0), {**chosen.options, **(options or {})}
    )
    return train(
        network,
        task,
        chosen.settings,
        training,
        method=name,
        note={"place": asdict(shape.place)},
        remark=shape.remark,
    )


def prepared(own: Mesh | Cloud, kind: str, repair: bool, label: str = "the shape") -> Shape:
    """A mesh or a cloud brought into the box, and checked for being fitted as ``kind``."""
    if isinstance(own, Cloud):
        if kind == "occupancy":
            raise ValueError(f"{label}: points have no inside: fit them --as sdf")
        cloud, place = normalised(own)
        remark = "normals were found from neighbours" if own.normals is None else None
        return Shape(place, cloud=with_normals(cloud), remark=remark)
    mesh, defects = cleaned(own)
    mesh, place = normalised(mesh)
    if defects.flipped and not (defects.holes or defects.crowded):
        mesh, defects = _turned(mesh, defects)
    if not defects.watertight and kind == "occupancy" and not repair:
        raise ValueError(
            f"{label}: {defects}. --repair goes by generalised winding numbers; --as sdf fits the"
            " surface as it is"
        )
    if defects.inverted:
        mesh = Mesh(mesh.vertices, mesh.faces[:, ::-1], mesh.colours)
    if not defects.watertight:
        mesh = oriented(mesh)
    known = defects.watertight or repair
    solid = Solid(mesh, watertight=defects.watertight) if known else None
    remark = None if str(defects) == "watertight" else str(defects)
    return Shape(place, mesh, solid, remark=remark)


def _read(source: str | os.PathLike[str] | Mesh | Cloud) -> Mesh | Cloud:
    if isinstance(source, Mesh | Cloud):
        return source
    return read_mesh(source) if has_faces(source) else read_cloud(source)


def _turned(mesh: Mesh, before: Defects) -> tuple[Mesh, Defects]:
    """The mesh with its faces turned to one side, if that is all that is wrong with it."""
    found = oriented(mesh)
    _, after = cleaned(found)
    return (found, after) if after.watertight else (mesh, before)


def _task(shape: Shape, kind: str, method: str, batch: int) -> Task:
    if kind == "occupancy":
        assert shape.mesh is not None
        assert shape.solid is not None
        search = SEARCH.get(method, 1)
        return OccupancyTask(shape.mesh, shape.solid, batch=batch, search=search)
    if shape.cloud is not None:
        return DistanceTask(shape.cloud, batch=batch)
    assert shape.mesh is not None
    held = None if shape.solid is None else Held(shape.mesh, shape.solid)
    return DistanceTask(surface_points(shape.mesh), held=held, batch=batch)
