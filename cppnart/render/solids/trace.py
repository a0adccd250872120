"""Rays to the surface of a solid, and the light that comes to it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .room import Floats, Room

ROUNDS = 8
LEAPS = 64
CREEPS = 32
"""Steps with the field itself, of STRIDE voxels, before a ray leaps again."""
STRIDE = 0.45
HALVINGS = 8
SHADOW_STEPS = 28
SOFTNESS = 9.0
"""How sharp shadows are: the reciprocal of the size of the light, in radians."""


def hits(room: Room, eye: Floats, rays: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The rays that meet the surface, and how far away, both (K,); rays (N, 3), eye (3,).

    All rays leap until they are beside the surface, then all of those creep; what has passed by
    leaps again.
    """
    start, end = _box(room, eye, rays)
    alive = np.flatnonzero(start < end)
    t = start[alive]
    found, places = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    for _ in range(ROUNDS):
        t = _leap(room, eye, rays[alive], t, end[alive])
        near = t < end[alive]
        alive, t = alive[near], t[near]
        if not len(alive):
            break
        hit, t = _creep(room, eye, rays[alive], t)
        found.append(alive[hit])
        places.append(t[hit])
        alive, t = alive[~hit], t[~hit]
    numbers, at = np.concatenate(found), np.concatenate(places)
    order = np.argsort(numbers)
    return numbers[order], at[order]


def _leap(room: Room, eye: Floats, rays: Floats, t: Floats, end: Floats) -> Floats:
    """How far rays are when they come beside the surface, or past their end."""
    t = t.copy()
    live = np.arange(len(t))
    near = np.float32(1.2 * room.voxel)
    for _ in range(LEAPS):
        d = room.distance(eye + t[live, None] * rays[live])
        far = d >= near
        live = live[far]
        t[live] += np.maximum(d[far] - near * np.float32(0.75), near / 4)
        live = live[t[live] < end[live]]
        if not len(live):
            break
    return t


def _creep(room: Room, eye: Floats, rays: Floats, t: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Goes on in small steps until the field says inside; where, or where it was left off."""
    step = np.float32(STRIDE * room.voxel)
    hit = np.zeros(len(t), bool)
    t = t.copy()
    live = np.arange(len(t))
    for _ in range(CREEPS):
        at = eye + t[live, None] * rays[live]
        inside = (room.field(at) > 0) & (np.abs(at) < 1).all(1)
        hit[live[inside]] = True
        live, at = live[~inside], at[~inside]
        t[live] += step
        live = live[room.distance(at) <= 2 * room.voxel]
        if not len(live):
            break
    numbers = np.flatnonzero(hit)
    low, high = t[numbers] - step, t[numbers].copy()
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        inside = room.field(eye + middle[:, None] * rays[numbers]) > 0
        low, high = np.where(inside, low, middle), np.where(inside, middle, high)
    t[numbers] = high
    return hit, t


def _box(room: Room, eye: Floats, rays: Floats) -> tuple[Floats, Floats]:
    """Where rays enter the part of the box that the solid takes, and leave it."""
    safe = np.where(np.abs(rays) < 1e-9, np.float32(1e-9), rays)
    a, b = (room.low - eye) / safe, (room.high - eye) / safe
    start = np.maximum(np.minimum(a, b).max(1), 0)
    return start.astype(np.float32), np.maximum(a, b).min(1).astype(np.float32)


def normals(room: Room, points: Floats, step: float) -> Floats:
    """Which way is out at points (N, 3), by four values of the field round each."""
    if room.normals is not None:
        return room.normals(points)
    corners = np.array([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]], np.float32)
    total = np.zeros_like(points)
    for corner in corners:
        total -= corner * room.field(points + np.float32(step) * corner)[:, None]
    lengths = np.linalg.norm(total, axis=1, keepdims=True)
    return np.asarray(total / np.maximum(lengths, 1e-20), np.float32)


def shadow(room: Room, points: Floats, light: Floats, softness: float = SOFTNESS) -> Floats:
    """How much of a light of some size is seen from points, (N,) in [0, 1].

    By the nearest that rays pass to the surface, in proportion to how far they have come (Inigo
    Quilez, "Soft shadows in raymarched SDFs", https://iquilezles.org/articles/rmshadows/).
    """
    seen = np.ones(len(points), np.float32)
    t = np.full(len(points), 2.5 * room.voxel, np.float32)
    live = np.arange(len(points))
    for _ in range(SHADOW_STEPS):
        d = room.distance(points[live] + t[live, None] * light)
        share = np.clip(np.float32(0.5) + np.float32(softness / 2) * d / t[live], 0, 1)
        seen[live] = np.minimum(seen[live], share)
        t[live] += np.clip(d, np.float32(0.8 * room.voxel), np.float32(0.25))
        live = live[(seen[live] > 0.004) & (t[live] < 3.2)]
        if not len(live):
            break
    return np.asarray(seen * seen * (3 - 2 * seen))


def openness(room: Room, points: Floats, normal: Floats) -> Floats:
    """How much of the sky over points is open, (N,) in [0, 1], by cones about the normal."""
    across = np.cross(normal, np.where(np.abs(normal[:, 1:2]) < 0.9, [[0, 1, 0]], [[1, 0, 0]]))
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    along = np.cross(normal, across)
    total = np.zeros(len(points), np.float32)
    weights = 0.0
    for number in range(6):
        lean = 0.0 if number == 0 else 0.9
        angle = 2 * math.pi * number / 5
        turned = math.cos(angle) * across + math.sin(angle) * along
        way = math.cos(lean) * normal + math.sin(lean) * turned
        weight = math.cos(lean)
        open_ = np.ones(len(points), np.float32)
        for reach in (0.045, 0.1, 0.2, 0.4):
            t = max(reach, 1.5 * room.voxel)
            d = room.distance(np.asarray(points + t * way, np.float32))
            open_ = np.minimum(open_, np.clip(0.12 + 1.25 * d / t, 0, 1))
        total += np.float32(weight) * open_
        weights += weight
    return np.asarray(total / np.float32(weights))


def thickness(room: Room, points: Floats, normal: Floats, light: Floats) -> Floats:
    """About how deep the solid is behind points, (N,): what light that goes through it passes."""
    total = np.zeros(len(points), np.float32)
    reaches = (0.06, 0.14, 0.26, 0.42)
    for reach in reaches:
        for way in (-normal, -0.6 * normal + 0.5 * light):
            d = room.distance(np.asarray(points + np.float32(reach) * way, np.float32))
            total += np.clip(-d, 0, None)
    return np.asarray(total / np.float32(2 * len(reaches)))
