"""Families of solids that a few numbers tell apart: something for one field to learn."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import unknown
from cppnart.fields.shapes.meshes import Faces, Floats, Mesh, normalised

MOST = 10_000
ROUND, ALONG = 56, 40
"""Points round a vase, and along its profile from the foot to the lip."""
LOBES, TURN = 7, 1.1
"""Of a fluted vase; by how much, in radians, they turn from the foot to the lip."""
WALL = 0.09
"""Thickness, where a vase is 1 high."""
TUBE = 0.038
"""Radius of a handle."""


@dataclass(frozen=True)
class Vase:
    """A vase that is 1 high. Radii: of the foot, the stem above it, the belly, the neck and the
    lip; heights: of stem, belly and neck, which are in this order. flutes: depth of its lobes, a
    share of the radius. handles: 0 to 2 of them."""

    foot: float
    stem: float
    belly: float
    neck: float
    lip: float
    stem_height: float
    belly_height: float
    neck_height: float
    flutes: float
    handles: int


def draw_vase(stream: Stream) -> Vase:
    """From bowls and goblets to bottles and amphorae."""
    foot = stream.number(0.15, 0.30)
    stem_height = stream.number(0.08, 0.34)
    belly_height = stream.number(stem_height + 0.18, 0.70)
    neck_height = stream.number(belly_height + 0.14, 0.95)
    belly = stream.number(0.25, 0.46)
    neck = belly * stream.number(0.36, 0.96)
    handles = stream.choice((0, 1, 2), (0.45, 0.2, 0.35))
    flutes = stream.number(0.035, 0.085) if stream.chance(0.45) else 0.0
    return Vase(
        foot,
        foot * stream.number(0.42, 1.0),
        belly,
        neck,
        neck * stream.number(1.0, 1.65),
        stem_height,
        belly_height,
        neck_height,
        flutes,
        handles,
    )


def vase_mesh(vase: Vase) -> Mesh:
    """The surface of a vase, y up from 0 to 1: closed parts; handles end in its wall."""
    parts = [_lathed(vase)]
    for side in (1, -1)[: vase.handles]:
        parts.append(_handle(vase, side))
    faces, at = [], 0
    for part in parts:
        faces.append(part.faces + at)
        at += len(part.vertices)
    return Mesh(np.concatenate([part.vertices for part in parts]), np.concatenate(faces))


def _profile(vase: Vase) -> Callable[[Floats], Floats]:
    """The radius by height, without steps or overshoot (Fritsch and Carlson, "Monotone piecewise
    cubic interpolation", 1980)."""
    from scipy.interpolate import PchipInterpolator

    heights = [0.0, 0.03, vase.stem_height, vase.belly_height, vase.neck_height, 1.0]
    radii = [vase.foot, vase.foot, vase.stem, vase.belly, vase.neck, vase.lip]
    found: Callable[[Floats], Floats] = PchipInterpolator(heights, radii)
    return found


def _lathed(vase: Vase) -> Mesh:
    """Up the outside, over the lip, and down the inside, as deep as there is room for a hand."""
    outside = _profile(vase)
    ease = 0.5 - 0.5 * np.cos(np.linspace(0, math.pi, ALONG))
    up = 0.5 * ease + 0.5 * np.linspace(0, 1, ALONG)
    bottom = vase.stem_height + WALL
    down = np.linspace(1, bottom, ALONG)
    # a rounded lip and a rounded bottom inside
    turn = np.linspace(0, math.pi, 9)[1:-1]
    thick = np.minimum(WALL, 0.55 * outside(down))
    inner = outside(down) - thick
    inner *= np.sqrt(np.clip(1 - np.clip((bottom + 0.09 - down) / 0.09, 0, 1) ** 2, 0, 1))
    lip = thick[0] / 2
    radii = [np.zeros(1), outside(up), vase.lip - lip + lip * np.cos(turn), inner[:-1], np.zeros(1)]
    heights = [np.zeros(1), up, 1 + lip * np.sin(turn), down[:-1], down[-1:]]
    r, y = np.concatenate(radii), np.concatenate(heights)
    angle = 2 * math.pi * np.arange(ROUND) / ROUND
    # lobes fade towards the foot and the lip
    deep = vase.flutes * np.sin(math.pi * np.clip(y, 0, 1)) ** 0.7
    wave = 1 + deep[:, None] * np.cos(LOBES * angle[None] + LOBES * TURN * y[:, None])
    inside = np.arange(len(r)) >= 1 + ALONG + len(turn)
    wave[inside] = 1
    wide = r[:, None] * wave
    ring = np.stack(
        [wide * np.sin(angle), np.broadcast_to(y[:, None], wide.shape), wide * np.cos(angle)], -1
    )
    return _skinned(ring[1:-1], np.array([0.0, y[0], 0.0]), np.array([0.0, y[-1], 0.0]))


def _handle(vase: Vase, side: int) -> Mesh:
    """A tube in the plane of x and y, from below the lip out and back to the belly."""
    outside = _profile(vase)
    top = min(0.93, 0.5 + 0.5 * vase.neck_height)
    low = vase.belly_height
    ends = [(float(outside(np.array(at))) - 0.6 * WALL, at) for at in (top, low)]
    reach = max(end[0] for end in ends) + 0.17
    (a, ya), (b, yb) = ends
    points = np.array([(a, ya), (reach, ya + 0.05), (reach, yb), (b, yb)])
    t = np.linspace(0, 1, 40)[:, None]
    weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3]
    path = sum(weight * point for weight, point in zip(weights, points, strict=True))
    path = np.asarray(path)
    way = np.gradient(path, axis=0)
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    angle = 2 * math.pi * np.arange(24) / 24
    across = np.stack([-way[:, 1], way[:, 0]], 1)
    flat = path[:, None] + TUBE * np.cos(angle)[None, :, None] * across[:, None]
    deep = np.broadcast_to(1.25 * TUBE * np.sin(angle), flat.shape[:2])
    ring = np.stack([side * flat[..., 0], flat[..., 1], side * deep], -1)
    first, last = (np.array([side * path[end, 0], path[end, 1], 0.0]) for end in (0, -1))
    return _skinned(ring, first, last)


def _skinned(rings: Floats, first: Floats, last: Floats) -> Mesh:
    """A closed surface of rings (n, m, 3), with a point at each end; faces look outwards."""
    count, size = rings.shape[:2]
    here = np.arange(size)
    there = (here + 1) % size
    faces: list[Faces] = [np.stack([np.full(size, count * size), here, there], 1)]
    for number in range(count - 1):
        a, b = number * size + here, number * size + there
        c, d = a + size, b + size
        faces += [np.stack([a, c, b], 1), np.stack([b, c, d], 1)]
    end = (count - 1) * size
    faces.append(np.stack([np.full(size, count * size + 1), end + there, end + here], 1))
    mesh = Mesh(np.concatenate([rings.reshape(-1, 3), [first, last]]), np.concatenate(faces))
    return mesh if mesh.volume > 0 else Mesh(mesh.vertices, mesh.faces[:, ::-1])


FAMILIES: dict[str, tuple[str, Callable[[Stream], Mesh]]] = {
    "vases": ("vase", lambda stream: vase_mesh(draw_vase(stream)))
}
"""The name of a member, and what draws one."""


def family(name: str, count: int, seed: str | int = 0) -> dict[str, Mesh]:
    """``count`` members of a family by their names, each brought into the box; the same for a
    seed, however many there are.

    Raises ValueError for an unknown family and a count that is none.
    """
    if name not in FAMILIES:
        raise unknown("family", name, FAMILIES)
    if not 1 <= count <= MOST:
        raise ValueError(f"count {count}: expected 1 to {MOST} members")
    single, draw = FAMILIES[name]
    return {
        f"{single}-{number:03d}": normalised(draw(Stream(seed, name, number)))[0]
        for number in range(count)
    }
