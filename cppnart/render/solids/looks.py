"""What a solid looks made of. Colours here are linear sRGB."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cppnart.cppn.style import unknown
from cppnart.render.colour import parse_hex, srgb_decode
from cppnart.render.palettes import Palette

from .room import Floats


@dataclass(frozen=True, eq=False)
class Seen:
    """Points of a surface as they are seen, N of them.

    points, normal, to_eye: (N, 3); lit: how much of the key light comes there, open: how much of
    the sky, depth: how deep the solid is behind it, each (N,); base: its own colour (N, 3), or None
    where it has none; light: towards the key light, (3,); pixel: its size.
    """

    points: Floats
    normal: Floats
    to_eye: Floats
    lit: Floats
    open: Floats
    depth: Floats
    base: Floats | None
    light: Floats
    palette: Palette
    pixel: float

    def facing(self) -> Floats:
        """The cosine between normal and view, (N,)."""
        return np.asarray(np.clip(np.einsum("ij,ij->i", self.normal, self.to_eye), 0, 1))

    def mirrored(self) -> Floats:
        """Where a ray from the eye goes on when it is reflected, (N, 3)."""
        cosine = np.einsum("ij,ij->i", self.normal, self.to_eye)[:, None]
        return np.asarray(2 * cosine * self.normal - self.to_eye)

    def fresnel(self, straight: float) -> Floats:
        """The share that is reflected (Schlick 1994), (N,)."""
        return np.asarray(straight + (1 - straight) * (1 - self.facing()) ** 5, np.float32)


@dataclass(frozen=True)
class Look:
    """A material and the room that it stands in.

    shade: the colours of points. ground: of the background, sRGB hex, lighter towards the middle.
    floor: how much of the shadow on the floor is seen. thick: whether depths are needed.
    """

    name: str
    description: str
    shade: Callable[[Seen], Floats]
    ground: str = "#d9d5cf"
    floor: float = 0.75
    thick: bool = False


WARM = np.array([1.0, 0.93, 0.84], np.float32)
SKY = np.array([0.80, 0.90, 1.05], np.float32)
EARTH = np.array([0.60, 0.52, 0.45], np.float32)


def _colour(text: str) -> Floats:
    return np.asarray(srgb_decode(parse_hex(text)), np.float32)


def _soft_light(s: Seen, wrap: float = 0.25) -> Floats:
    """Diffuse light in the studio: a warm key, the sky, and what the floor throws back, (N, 3)."""
    cosine = s.normal @ s.light
    key = np.clip((cosine + wrap) / (1 + wrap), 0, 1) * s.lit
    up = (0.5 + 0.5 * s.normal[:, 1]) * s.open
    down = (0.5 - 0.5 * s.normal[:, 1]) * s.open
    rim = np.clip(-s.normal @ s.light, 0, 1) * s.open * 0.12
    parts = (
        1.25 * key[:, None] * WARM,
        0.62 * up[:, None] * SKY,
        0.34 * down[:, None] * EARTH,
        rim[:, None] * SKY,
    )
    return np.asarray(sum(parts), np.float32)


def studio(ways: Floats, blur: float = 0.08) -> Floats:
    """What a mirror sees in directions (N, 3): a grey room, a large lamp above at the left, a
    slim one at the right, and a light floor, (N, 3)."""
    y = ways[:, 1]

    def lamp(at: tuple[float, float, float], wide: float, high: float, soft: float) -> Floats:
        back = np.array(at) / np.linalg.norm(at)
        right = np.cross([0, 1, 0], back)
        right /= np.linalg.norm(right)
        up = np.cross(back, right)
        depth = ways @ back.astype(np.float32)
        u, v = ways @ right.astype(np.float32), ways @ up.astype(np.float32)
        over = np.maximum(depth, 1e-3)
        inside = [
            1 / (1 + np.exp(np.clip((np.abs(c / over) - size) / soft, -30, 30)))
            for c, size in ((u, wide), (v, high))
        ]
        return np.asarray(inside[0] * inside[1] * (depth > 0))

    gradient = 0.16 + 0.30 * np.clip(y, 0, 1) ** 0.7 + 0.22 * np.clip(-y, 0, 1)
    found = gradient[:, None] * np.array([0.95, 0.98, 1.05])
    found = found + 3.4 * lamp((-1.0, 1.5, 1.1), 0.55, 0.40, blur)[:, None] * WARM
    found = found + 1.5 * lamp((1.5, 0.5, 0.5), 0.10, 0.75, blur)[:, None] * SKY
    found = found + 0.9 * lamp((0.2, 0.8, -1.4), 0.9, 0.18, blur)[:, None]
    return np.asarray(found, np.float32)


def _clay(s: Seen) -> Floats:
    base = _colour("#bd7f60") if s.base is None else s.base
    sheen = (1 - s.facing()) ** 3 * 0.10 * s.open
    return np.asarray(base * _soft_light(s, 0.3) + sheen[:, None] * SKY)


def _painted(s: Seen) -> Floats:
    """Its own colours, under a thin varnish."""
    base = _colour("#c8bfb0") if s.base is None else s.base
    mirror = studio(s.mirrored(), 0.12) * s.open[:, None]
    share = s.fresnel(0.03)[:, None] * 0.8
    return np.asarray(base * _soft_light(s, 0.25) * (1 - share) + share * mirror)


def _plaster(s: Seen) -> Floats:
    base = _colour("#efe9df") if s.base is None else s.base
    return np.asarray(base * _soft_light(s, 0.2) * np.float32(0.92))


def _porcelain(s: Seen) -> Floats:
    base = _colour("#f1efe9") if s.base is None else s.base
    mirror = studio(s.mirrored(), 0.03) * s.open[:, None]
    share = s.fresnel(0.05)[:, None]
    return np.asarray(base * _soft_light(s, 0.35) * (1 - share) * 0.9 + share * mirror * 1.2)


def _bronze(s: Seen) -> Floats:
    """Polished where it is open, green in the hollows."""
    metal = np.array([0.86, 0.52, 0.25], np.float32)
    edge = (1 - s.facing())[:, None] ** 5
    tint = metal + (1 - metal) * edge
    shine = studio(s.mirrored(), 0.10) * (0.25 + 0.75 * s.lit[:, None]) * s.open[:, None]
    polished = tint * (1.15 * shine + 0.12 * _soft_light(s))
    patina = _colour("#5f9c86") * _soft_light(s) * np.float32(0.75)
    hollow = np.clip(1.75 - 2.6 * s.open, 0, 0.85)[:, None]
    return np.asarray(polished * (1 - hollow) + patina * hollow)


def _jade(s: Seen) -> Floats:
    """Light goes in, and comes out where the stone is thin."""
    stone = _colour("#3f8f68") if s.base is None else s.base
    glow = np.clip(stone * 1.9 + 0.06, 0, 1.2)
    through = np.exp(-s.depth / 0.035)[:, None] * (0.35 + 0.65 * s.lit[:, None])
    within = stone * _soft_light(s, 0.7) * 0.72
    mirror = studio(s.mirrored(), 0.05) * s.open[:, None]
    share = s.fresnel(0.06)[:, None]
    return np.asarray((within + 0.75 * glow * through) * (1 - share) + share * mirror)


def _gold(s: Seen) -> Floats:
    metal = np.array([1.0, 0.71, 0.29], np.float32) if s.base is None else s.base * 0.9 + 0.1
    edge = (1 - s.facing())[:, None] ** 5
    tint = metal + (1 - metal) * edge
    shine = studio(s.mirrored(), 0.06) * (0.35 + 0.65 * s.lit[:, None]) * s.open[:, None] ** 0.8
    return np.asarray(tint * (1.25 * shine + 0.10 * _soft_light(s)))


def _ink(s: Seen) -> Floats:
    """Slices, as wide as it is dark there, and an outline, drawn on paper."""
    paper, ink = _colour(s.palette.paper), _colour(s.palette.ink)
    tone = np.clip(_soft_light(s, 0.1).mean(1) * 0.80, 0, 1) ** 0.8
    step = 9.0 * s.pixel
    along = s.points @ np.array([0.10, 0.985, 0.14], np.float32)
    slope = np.sqrt(np.clip(1 - (s.normal @ np.array([0.10, 0.985, 0.14])) ** 2, 0.02, 1))
    # distance to the middle of the nearest line, on the surface
    apart = np.abs(along / step - np.round(along / step)) * step / slope
    half = 0.5 * step * np.clip(1.02 - tone, 0.05, 0.96)
    line = np.clip((half - apart) / s.pixel + 0.5, 0, 1)
    outline = np.clip((0.30 - s.facing()) / 0.12, 0, 1)
    dark = np.maximum(line, outline)[:, None]
    return np.asarray(paper * (1 - dark) + ink * dark)


LOOKS: dict[str, Look] = {
    look.name: look
    for look in (
        Look("clay", "fired clay in soft light", _clay, "#e6d9cb"),
        Look("painted", "its own colours, varnished", _painted, "#dcd8d2"),
        Look("plaster", "a cast in white plaster", _plaster, "#cfd2d4"),
        Look("porcelain", "glazed, with the lamps in it", _porcelain, "#b9c4cb"),
        Look("bronze", "polished bronze, green in its hollows", _bronze, "#3b3a38", 0.6),
        Look("gold", "gold in a dark room", _gold, "#2a2523", 0.6),
        Look("jade", "stone that light goes through", _jade, "#d8dcd2", 0.6, True),
        Look("ink", "slices, drawn with a pen", _ink, "#f4efe4", 0.0),
    )
}


def get_look(name: str) -> Look:
    """The look of that name; ValueError with suggestions where there is none."""
    key = str(name).strip().lower()
    if key not in LOOKS:
        raise unknown("look", name, LOOKS)
    return LOOKS[key]
