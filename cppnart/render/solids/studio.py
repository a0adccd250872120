"""A solid in a room with light: what a picture of it is made of, band by band."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from cppnart.render.colour import parse_hex, srgb_decode, srgb_encode
from cppnart.render.palettes import Palette

from . import trace
from .camera import Camera
from .looks import Look, Seen
from .room import Floats, Room

BAND = 1 << 17
"""Rays that are followed at once; memory is bounded by it and the number of threads."""
EDGE = 0.035
"""Of white: a pixel that differs so much from one beside it is looked at more closely."""
FADE = (1.2, 3.6)
"""The floor is in full sight as near to the middle, and none of it is seen as far from there."""

Colouring = Callable[[Floats], Floats]
"""From points (N, 3) to linear colours (N, 3)."""


class Met(NamedTuple):
    """What rays meet: the numbers of those that meet anything, (K,), where, the normals there, and
    the linear colours if there are any, (K, 3) each."""

    numbers: NDArray[np.int64]
    points: Floats
    normals: Floats
    base: Floats | None


Eye = Callable[[Floats], Met]
"""From the directions of rays (N, 3) to what they meet."""


class Surface(Protocol):
    """What is seen in place of a room's field, while light comes by the room."""

    def seen_by(self, camera: Camera, width: int, height: int) -> Eye: ...


@dataclass(frozen=True, eq=False)
class Studio:
    """A solid, what it looks made of, and where its own colours come from.

    surface: what rays meet; the room's field, with ``colouring``, where it is None. sun: azimuth
    and elevation of the key light, degrees, seen from the camera.
    """

    room: Room
    look: Look
    palette: Palette
    colouring: Colouring | None = None
    surface: Surface | None = None
    sun: tuple[float, float] = (-38.0, 48.0)
    floor: bool = True

    def picture(
        self, camera: Camera, width: int, height: int, *, samples: int = 4, threads: int = 2
    ) -> NDArray[np.uint8]:
        """(height, width, 3), encoded. samples: of a pixel at an edge, a square number; where it
        is smooth, one is enough."""
        return np.concatenate(list(self.bands(camera, width, height, samples, threads)))

    def bands(
        self, camera: Camera, width: int, height: int, samples: int = 4, threads: int = 2
    ) -> Iterator[NDArray[np.uint8]]:
        """Rows of the picture as they are ready, from the top."""
        if samples < 1 or round(samples**0.5) ** 2 != samples:
            raise ValueError(f"samples {samples}: expected 1, 4, 9, 16, ...")
        rows = min(max(BAND // width, 8), -(-height // threads))
        eye = self._eye(camera, width, height)

        def band(top: int) -> NDArray[np.uint8]:
            # one row more on each side, so that edges are the same for any bands
            first, last = max(top - 1, 0), min(top + rows + 1, height)
            y, x = np.mgrid[first:last, 0:width].astype(np.float32)
            places = np.stack([x.ravel(), y.ravel()], 1)
            encoded = self._encoded(eye, camera, places + np.float32(0.5), width, height)
            grid = encoded.reshape(last - first, width, 3)
            if samples > 1:
                edges = np.flatnonzero(_edges(grid))
                total = np.zeros((len(edges), 3))
                side = round(samples**0.5)
                for k in range(samples):
                    shift = (np.array([k % side, k // side]) + 0.5) / side
                    shift = shift.astype(np.float32)
                    total += self._encoded(eye, camera, places[edges] + shift, width, height)
                encoded[edges] = total / samples
            kept = grid[top - first : min(top + rows, height) - first]
            return np.asarray(np.round(srgb_encode(np.clip(kept, 0, 1)) * 255), np.uint8)

        with ThreadPoolExecutor(threads) as pool:
            yield from pool.map(band, range(0, height, rows))

    def _encoded(
        self, eye: Eye, camera: Camera, places: Floats, width: int, height: int
    ) -> NDArray[np.float64]:
        """Linear colours at places in the picture, bent so that none is brighter than white."""
        parts = [
            _shoulder(self._light(eye, camera, places[start : start + BAND], width, height))
            for start in range(0, len(places), BAND)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, 3))

    def _eye(self, camera: Camera, width: int, height: int) -> Eye:
        if self.surface is not None:
            return self.surface.seen_by(camera, width, height)
        place = camera.eye.astype(np.float32)
        step = max(0.7 * camera.pixel(width, height), self.room.fine)

        def eye(rays: Floats) -> Met:
            numbers, t = trace.hits(self.room, place, rays)
            points = place + t[:, None] * rays[numbers]
            normals = trace.normals(self.room, points, step)
            base = self.colouring(points) if self.colouring is not None and len(points) else None
            return Met(numbers, points, normals, base)

        return eye

    def _light(
        self, eye: Eye, camera: Camera, places: Floats, width: int, height: int
    ) -> NDArray[np.float64]:
        light = self._towards_light(camera)
        rays = camera.rays(places, width, height)
        found = self._background(places, width, height)
        met = eye(rays)
        if self.floor and self.look.floor > 0:
            missed = np.ones(len(rays), bool)
            missed[met.numbers] = False
            self._stand(camera.eye.astype(np.float32), rays, np.flatnonzero(missed), light, found)
        if len(met.numbers):
            pixel = camera.pixel(width, height)
            found[met.numbers] = self._shaded(met, rays[met.numbers], light, pixel)
        return found

    def _shaded(self, met: Met, rays: Floats, light: Floats, pixel: float) -> Floats:
        points, normal = met.points, met.normals
        # a normal that looks away from the eye belongs to a part too small to be seen
        facing = np.einsum("ij,ij->i", normal, rays)
        normal = np.where((facing > 0)[:, None], normal - 2 * facing[:, None] * rays, normal)
        off = points + np.float32(self.room.voxel) * normal
        lit = trace.shadow(self.room, off, light)
        depth = (
            trace.thickness(self.room, points, normal, light)
            if self.look.thick
            else np.zeros_like(lit)
        )
        seen = Seen(
            points=points,
            normal=np.asarray(normal, np.float32),
            to_eye=-rays,
            lit=lit,
            open=trace.openness(self.room, points, np.asarray(normal, np.float32)),
            depth=depth,
            base=met.base,
            light=light,
            palette=self.palette,
            pixel=pixel,
        )
        return self.look.shade(seen)

    def _stand(
        self,
        eye: Floats,
        rays: Floats,
        missed: NDArray[np.int64],
        light: Floats,
        found: NDArray[np.float64],
    ) -> None:
        """The floor: nothing of it is seen but the shadows on it."""
        level = np.float32(self.room.low[1] + 0.5 * self.room.voxel)
        down = rays[missed, 1] < -1e-4
        missed = missed[down]
        points = eye + ((level - eye[1]) / rays[missed, 1])[:, None] * rays[missed]
        points[:, 1] = level
        middle = (self.room.low + self.room.high) / 2
        away = np.hypot(points[:, 0] - middle[0], points[:, 2] - middle[2])
        near = away < FADE[1]
        missed, points, away = missed[near], points[near], away[near]
        if not len(missed):
            return
        up = np.tile(np.array([0, 1, 0], np.float32), (len(points), 1))
        lit = trace.shadow(self.room, points, light, 6.0)
        open_ = np.clip(trace.openness(self.room, points, up) * 1.08, 0, 1)
        share = np.clip((FADE[1] - away) / (FADE[1] - FADE[0]), 0, 1) * self.look.floor
        dark = 1 - (0.45 + 0.55 * lit) * (0.35 + 0.65 * open_)
        found[missed] *= (1 - share * dark)[:, None]

    def _towards_light(self, camera: Camera) -> Floats:
        azimuth, elevation = np.radians([self.sun[0] + camera.azimuth, self.sun[1]])
        flat = np.cos(elevation)
        way = [np.sin(azimuth) * flat, np.sin(elevation), np.cos(azimuth) * flat]
        return np.asarray(way, np.float32)

    def _background(self, places: Floats, width: int, height: int) -> NDArray[np.float64]:
        """The ground, a little lighter round the middle and darker in the corners."""
        x, y = places.T.astype(np.float64)
        short = min(width, height)
        r = np.hypot((x - width / 2) / short, (y - 0.46 * height) / short)
        ground = srgb_decode(parse_hex(self.look.ground))
        return np.asarray((1.10 - 0.36 * r**1.6)[:, None] * ground)


def _edges(grid: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Pixels that differ from one beside them by more than can be left as it is."""
    tones = srgb_encode(np.clip(grid, 0, 1)).max(2), srgb_encode(np.clip(grid, 0, 1)).min(2)
    found = np.zeros(grid.shape[:2], bool)
    for tone in tones:
        across = np.abs(np.diff(tone, axis=1)) > EDGE
        down = np.abs(np.diff(tone, axis=0)) > EDGE
        found[:, 1:] |= across
        found[:, :-1] |= across
        found[1:] |= down
        found[:-1] |= down
    return found.ravel()


def _shoulder(linear: NDArray[np.floating]) -> NDArray[np.float64]:
    """Leaves values up to 0.7 as they are, and bends what is brighter towards 1."""
    x = np.maximum(linear, 0)
    over = np.maximum(x - 0.7, 0)
    return np.asarray(np.minimum(x, 0.7) + 0.3 * (1 - np.exp(-over / 0.3)))
