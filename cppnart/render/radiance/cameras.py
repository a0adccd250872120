"""Where a field of light is looked at from: where its photographs were taken, and between."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from cppnart.fields.radiance.kept import LightField
from cppnart.fields.radiance.photographs import rays_through
from cppnart.fields.radiance.volume import Rays
from cppnart.fields.scenes.cameras import Cameras

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Eye:
    """A camera: pose (4, 4) from its axes to the world, focal (2,) in pixels of a picture of
    size (2,), width and height."""

    pose: Array
    focal: tuple[float, float]
    size: tuple[int, int]

    def sized(self, width: int, height: int) -> Eye:
        """The same with as much in the picture, of another size."""
        scale = min(width / self.size[0], height / self.size[1])
        return replace(
            self, focal=(self.focal[0] * scale, self.focal[1] * scale), size=(width, height)
        )

    def pixels(self, rows: slice, samples: int = 1) -> Array:
        """Points in rows of its picture, (N, 2), right and down: ``samples`` squared for each
        pixel, side by side."""
        width, height = self.size
        inner = (np.arange(samples) + 0.5) / samples
        first, last, _ = rows.indices(height)
        y = (np.arange(first, last)[:, None] + inner).ravel()
        x = (np.arange(width)[:, None] + inner).ravel()
        grid = np.stack(np.meshgrid(y, x, indexing="ij"), -1)
        grid = grid.reshape(last - first, samples, width, samples, 2).swapaxes(1, 2)
        return np.asarray(grid.reshape(-1, 2)[:, ::-1])

    def rays(self, rows: slice, ndc: bool, samples: int = 1) -> Rays:
        """Through the points of ``pixels``."""
        camera = Cameras(
            self.pose[None],
            np.array([self.focal]),
            np.array([self.size]) / 2,
            np.array([self.size]),
            np.zeros((1, 6)),
        )
        pixels, cpu = self.pixels(rows, samples), torch.device("cpu")
        return rays_through(camera, np.zeros(len(pixels), np.int64), pixels, ndc, cpu)


def photographed(field: LightField, number: int) -> Eye:
    """From where a photograph was taken."""
    if not 0 <= number < len(field.poses):
        raise ValueError(f"view {number}: expected 0 to {len(field.poses) - 1}")
    return _eye(field, field.poses[number], number)


def around(
    field: LightField, azimuth: float, elevation: float | None = None, zoom: float = 1.0
) -> Eye:
    """From the side, degrees, on a circle round what the photographs look at, at their distance and
    mean elevation if no other is given; 0 is where the first was taken."""
    target, up = looked_at(field), _up(field)
    away = field.poses[:, :3, 3] - target
    distance = float(np.median(np.linalg.norm(away, axis=1))) / zoom
    if elevation is None:
        rise = (away @ up) / np.linalg.norm(away, axis=1)
        elevation = math.degrees(math.asin(float(np.clip(rise.mean(), -1, 1))))
    first = away[0] - (away[0] @ up) * up
    size = np.linalg.norm(first)
    front = first / size if size > 1e-6 else _across(up)
    side = np.cross(up, front)
    turn, lift = math.radians(azimuth), math.radians(elevation)
    way = math.cos(lift) * (math.cos(turn) * front + math.sin(turn) * side) + math.sin(lift) * up
    return _eye(field, facing(target + distance * way, -way, up))


def spiral(field: LightField, share: float, zoom: float = 1.0) -> Eye:
    """On a spiral through where photographs were taken that all look one way: at ``share`` of two
    turns, looking at one point (Mildenhall et al., "Local light field fusion", 2019)."""
    places, ways = field.poses[:, :3, 3], -field.poses[:, :3, 2]
    middle, way, up = places.mean(0), ways.mean(0), _up(field)
    reach = np.percentile(np.abs(places - middle), 80, axis=0)
    right = field.poses[:, :3, 0].mean(0)
    angle = 4 * math.pi * share
    moved = (
        math.cos(angle) * reach[0] * right
        + math.sin(angle) * reach[1] * up
        + math.sin(0.5 * angle) * reach[2] * -way
    )
    focus = middle + way / np.linalg.norm(way) * _focus(field)
    place = middle + moved * 0.8
    return _eye(field, facing(place, focus - place, up), zoom=zoom)


def _eye(field: LightField, pose: Array, number: int = 0, zoom: float = 1.0) -> Eye:
    """With the lens of a photograph."""
    (x, y), (width, height) = field.focal[number] * zoom, field.size[number]
    return Eye(pose, (float(x), float(y)), (int(width), int(height)))


def one_way(field: LightField) -> bool:
    """Whether all photographs look about the same way, so that there is no going round."""
    ways = -field.poses[:, :3, 2]
    return field.ndc or bool(np.linalg.norm(ways.mean(0)) > math.cos(math.radians(35)))


def looked_at(field: LightField) -> Array:
    """The point (3,) that is nearest to the lines along which the photographs look."""
    ways = -field.poses[:, :3, 2]
    across = np.eye(3) - ways[:, :, None] * ways[:, None, :]
    places = field.poses[:, :3, 3]
    found = np.linalg.lstsq(across.sum(0), (across @ places[:, :, None]).sum(0)[:, 0], rcond=None)
    return np.asarray(found[0])


def facing(place: Array, way: Array, up: Array) -> Array:
    """A pose (4, 4) at a place (3,), looking along a way, with ``up`` upwards in the picture."""
    back = -way / np.linalg.norm(way)
    right = np.cross(up, back)
    if np.linalg.norm(right) < 1e-6:
        right = _across(back)
    right = right / np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3] = np.stack([right, np.cross(back, right), back, place], 1)
    return pose


def _up(field: LightField) -> Array:
    """Upwards in the world: mostly where the tops of photographs point to, and along an axis that
    is nearly so."""
    up = field.poses[:, :3, 1].mean(0)
    up = up / max(float(np.linalg.norm(up)), 1e-9)
    axis = np.zeros(3)
    axis[np.abs(up).argmax()] = np.sign(up[np.abs(up).argmax()])
    return axis if up @ axis > math.cos(math.radians(15)) else np.asarray(up)


def _across(way: Array) -> Array:
    axis = np.eye(3)[np.abs(way).argmin()]
    found = np.cross(way, axis)
    return np.asarray(found / np.linalg.norm(found))


def _focus(field: LightField) -> float:
    """How far away what is looked at is, where photographs do not say by their ways."""
    return (
        4.0
        if field.ndc
        else float(np.linalg.norm(looked_at(field) - field.poses[:, :3, 3].mean(0)))
    )
