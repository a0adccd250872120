"""The colours of a mesh in photographs whose cameras are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .scenes.blender import RADIUS
from .scenes.scene import Scene
from .shapes import UNIT
from .shapes.meshes import Floats, Mesh, Placement, normalised
from .shapes.sampling import on_surface
from .shapes.seen import Sight

AGREES = 0.8
"""Of what is opaque in photographs or covered by the mesh, how much should be both."""
STEEP = 0.02
"""By how much of the mesh's size depths may change from pixel to pixel: beyond that a pixel is at
an edge, and its colour a mixture."""
LOOKED = 4
"""Photographs that say where the mesh is."""
CLOSE = 0.02 * UNIT
"""What has no point so near was not photographed."""
Turn = tuple[Placement, bool]
"""Where the mesh is in the scene: its place, and whether its y became the scene's z."""


@dataclass(frozen=True, eq=False)
class Photographed:
    """Points (N, 3) in the box of the mesh, and the colours there, (N, 3) sRGB in [0, 1]."""

    points: NDArray[np.float32]
    colours: NDArray[np.float32]


def photographed(mesh: Mesh, scene: Scene, split: str, most: int) -> Photographed:
    """At most so many pixels of the views of a split, as points in the box.

    Depths are the scene's, or of the mesh where a view has none. mesh: where the cameras saw it, or
    as ``scene render`` took it. Raises ValueError where it lies in neither place.
    """
    _, box = normalised(mesh)
    vertices, placed = _placed(mesh, scene)
    size = float(np.ptp(vertices, axis=0).max())
    random = np.random.default_rng(0)
    numbers = scene.numbers(split)
    points, colours = [np.zeros((0, 3))], [np.zeros((0, 3))]
    for number in numbers.tolist():
        pixels = scene.pixels(number)
        given = scene.depth(number)
        depth = cast(scene, number, vertices, mesh.faces) if given is None else given
        kept = (pixels[..., 3] == 255) & (depth > 0) & (_change(depth) < STEEP * size)
        mask = scene.mask(number)
        rows, columns = np.nonzero(kept if mask is None else kept & mask)
        few = -(-most // len(numbers))
        if len(rows) > few:
            chosen = random.choice(len(rows), few, replace=False)
            rows, columns = rows[chosen], columns[chosen]
        middles = np.stack([columns, rows], 1) + 0.5
        origins, directions = scene.cameras.rays(np.full(len(rows), number), middles)
        points.append(_back(origins + depth[rows, columns][:, None] * directions, placed))
        colours.append(pixels[rows, columns, :3] / 255)
    found = box.into_box(np.concatenate(points)).astype(np.float32)
    return Photographed(found, np.concatenate(colours).astype(np.float32))


def unseen(mesh: Mesh, points: NDArray[np.float32]) -> float:
    """The share of the surface of a mesh in the box that no point is near."""
    from scipy.spatial import cKDTree

    at, _ = on_surface(mesh, 5000, np.random.default_rng(0))
    return float((cKDTree(points).query(at, distance_upper_bound=CLOSE)[0] > CLOSE).mean())


def cast(scene: Scene, number: int, vertices: Floats, faces: NDArray[np.int64]) -> Floats:
    """The depths at which a view sees a mesh, (H, W), 0 where it does not."""
    width, height = scene.cameras.size[number].tolist()
    places, depths = scene.cameras.project(np.full(len(vertices), number), vertices)
    middles = np.stack(np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5), -1)
    window = np.array([[0.0, 0.0], [width, height]])
    _, _, depth = Sight(places, depths, faces, window).front(middles.reshape(-1, 2))
    return depth.reshape(height, width)


def _placed(mesh: Mesh, scene: Scene) -> tuple[Floats, Turn]:
    """The vertices where the photographs have them, and how they came there."""
    views = scene.numbers("train")[:: max(len(scene.numbers("train")) // LOOKED, 1)][:LOOKED]
    best, where = -1.0, (Placement(), False)
    used = mesh.vertices[np.unique(mesh.faces)]
    middle = (used.min(0) + used.max(0)) / 2
    scale = float(np.linalg.norm(used - middle, axis=1).max()) / RADIUS
    ball = Placement((float(middle[0]), float(middle[1]), float(middle[2])), scale)
    for place, turned in ((Placement(), False), (ball, True), (ball, False)):
        vertices = _there(mesh.vertices, (place, turned))
        both, either = 0, 0
        for number in views.tolist():
            opaque = scene.pixels(number)[..., 3] > 127
            covered = cast(scene, number, vertices, mesh.faces) > 0
            both += int((opaque & covered).sum())
            either += int((opaque | covered).sum())
        share = both / max(either, 1)
        if share > best:
            best, where = share, (place, turned)
    if best < AGREES:
        raise ValueError(
            f"{scene.name}: the mesh does not lie where the photographs show something: they agree"
            f" on {best:.0%} of the pixels; expected its coordinates to be those of the scene, and"
            " photographs that are transparent round it"
        )
    return _there(mesh.vertices, where), where


def _there(points: Floats, where: Turn) -> Floats:
    place, turned = where
    found = place.into_box(points)
    return np.stack([found[:, 0], -found[:, 2], found[:, 1]], 1) if turned else found


def _back(points: NDArray[np.floating], where: Turn) -> Floats:
    place, turned = where
    found = np.asarray(points, np.float64)
    return place.back(np.asarray(found[:, [0, 2, 1]] * [1, 1, -1]) if turned else found)


def _change(depth: NDArray[np.floating]) -> NDArray[np.floating]:
    """How much depths differ from that of a pixel beside it, at most; to nothing, infinitely."""
    depth = np.where(depth > 0, depth, np.inf)
    most = np.zeros(depth.shape)
    with np.errstate(invalid="ignore"):
        for axis in (0, 1):
            step = np.abs(np.diff(depth, axis=axis))
            step = np.where(np.isnan(step), np.inf, step)
            before = np.pad(step, [(1, 0) if a == axis else (0, 0) for a in (0, 1)])
            after = np.pad(step, [(0, 1) if a == axis else (0, 0) for a in (0, 1)])
            most = np.maximum(most, np.maximum(before, after))
    return most
