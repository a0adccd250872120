"""The cameras of a scene as a picture: each a pyramid with its photograph, from three sides."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cppnart.fields.atomic import atomic_output
from cppnart.fields.scenes.cameras import Cameras
from cppnart.fields.scenes.scene import SPLITS, Scene

Floats = NDArray[np.float64]

GROUND, INK, FAINT = (17, 19, 24), (226, 224, 216), (78, 84, 96)
CAPTION, PANE = (150, 158, 172), (44, 48, 57)
AXES = (224, 96, 90), (120, 190, 110), (100, 140, 235)
COLOURS = {"train": (240, 178, 96), "val": (134, 200, 132), "test": (104, 176, 246)}
SIDES = {"from a corner": (35.0, 24.0), "from the side": (90.0, 0.0), "from above": (0.0, 90.0)}
"""Panels, each with degrees round the vertical and above the horizon."""
PHOTOGRAPHS = 400
"""At most so many cameras show what they took; the others are lines."""
_FINE = 2  # the page is drawn so many times larger, and then reduced


@dataclass(frozen=True)
class DrawnCameras:
    """A picture of cameras."""

    path: str
    views: int
    width: int
    height: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.views} cameras, {self.width}x{self.height}, {self.seconds:.1f} s"


def draw_cameras(scene: Scene, output: str | os.PathLike[str], *, size: int = 640) -> DrawnCameras:
    """Writes a picture of a scene's cameras: from a corner, from the side and from above.

    size: pixels a side of each of the three. output: .png, .jpg or .webp. Cameras are coloured by
    split; the box of the scene is drawn where it has one. Raises ValueError for another suffix or
    a size out of range, and what reading the pictures raises.
    """
    from PIL import Image

    began = time.perf_counter()
    path = Path(output)
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise ValueError(f"{path}: expected .png, .jpg or .webp")
    if not 100 <= size <= 4096:
        raise ValueError(f"size {size}: expected 100 to 4096 pixels")
    width = size * _FINE
    panels = [_Panel(scene, *side) for side in SIDES.values()]
    slope = sorted(panel.slope for panel in panels)[1]  # the one that is neither flat nor steep
    height = round(width * min(1, max(0.45, slope)))
    head, foot = width // 9, width // 14
    page = Image.new("RGB", (width * len(panels), head + height + foot), GROUND)
    photographs = _photographs(scene, width // 6)
    for column, panel in enumerate(panels):
        page.paste(panel.drawn(photographs, width, height), (column * width, head))
    _write_head(page, scene, head)
    _write_foot(page, width, foot)
    page = page.reduce(_FINE)
    with atomic_output(path) as temporary:
        page.save(temporary, quality=92)
    seconds = round(time.perf_counter() - began, 3)
    return DrawnCameras(os.fspath(output), len(scene.views), page.width, page.height, seconds)


def _photographs(scene: Scene, side: int) -> dict[int, Any]:
    """Small pictures of the views, opaque, by number."""
    from PIL import Image

    chosen = range(0, len(scene.views), -(-len(scene.views) // PHOTOGRAPHS))
    found = {}
    for number in chosen:
        if scene.views[number].image is None:
            continue
        picture = Image.fromarray(scene.pixels(number))
        picture.thumbnail((side, side))
        pane = Image.new("RGBA", picture.size, (*PANE, 255))
        pane.alpha_composite(picture)
        found[number] = pane
    return found


def _write_head(page: Any, scene: Scene, height: int) -> None:
    """The name of the scene and what the colours stand for."""
    from PIL import ImageDraw, ImageFont

    draw = ImageDraw.Draw(page)
    margin = height // 2
    large, small = ImageFont.load_default(height * 0.36), ImageFont.load_default(height * 0.24)
    base = height * 0.72
    draw.text((margin, base), scene.name, INK, large, anchor="ls")
    x = margin + draw.textlength(scene.name, large) + height * 0.6
    for split in SPLITS:
        count = scene.counts()[split]
        if count:
            dot = height * 0.07
            y = base - height * 0.085
            draw.ellipse((x - dot, y - dot, x + dot, y + dot), COLOURS[split])
            text = f"{count} {split}"
            draw.text((x + height * 0.16, base), text, INK, small, anchor="ls")
            x += height * 0.16 + draw.textlength(text, small) + height * 0.4


def _write_foot(page: Any, width: int, height: int) -> None:
    """From where each panel looks."""
    from PIL import ImageDraw, ImageFont

    font = ImageFont.load_default(height * 0.36)
    for column, name in enumerate(SIDES):
        place = ((column + 0.5) * width, page.height - height * 0.42)
        ImageDraw.Draw(page).text(place, name, CAPTION, font, anchor="ms")


class _Panel:
    """One view of all cameras, whose axes are right, up and towards the one who looks."""

    def __init__(self, scene: Scene, azimuth: float, elevation: float) -> None:
        self.scene = scene
        self.axes = _upright(scene.cameras) @ _axes(azimuth, elevation).T
        self.reach = _reach(scene.cameras)
        corners = np.concatenate([_pyramid(scene.cameras, n, self.reach) for n in _all(scene)])
        framed = corners if scene.box is None else np.concatenate([corners, _corners(scene.box)])
        self.middle = (framed.min(axis=0) + framed.max(axis=0)) / 2
        self.radius = float(np.linalg.norm(framed - self.middle, axis=1).max()) or 1.0
        flat = self._flat(framed)[:, :2]
        self.low, self.high = flat.min(axis=0), flat.max(axis=0)
        self.scale, self.size = 1.0, np.ones(2)

    @property
    def slope(self) -> float:
        """How high all is, to be as wide as the panel."""
        width, height = self.high - self.low
        return float(height / width)

    def _flat(self, points: Floats) -> Floats:
        """Points (N, 3) as they are seen through a long lens: x, y downwards, and how near."""
        x, y, near = ((points - self.middle) @ self.axes / self.radius).T
        scale = 1 / (1 - 0.22 * near)
        return np.stack([x * scale, -y * scale, near], axis=1)

    def places(self, points: Floats) -> Floats:
        """Points (N, 3) in the panel: x, y in its pixels, and how near they are, from -1 to 1."""
        found = self._flat(points)
        found[:, :2] = (found[:, :2] - (self.low + self.high) / 2) * self.scale + self.size / 2
        return found

    def drawn(self, photographs: dict[int, Any], width: int, height: int) -> Any:
        """The panel as an image of this size."""
        from PIL import Image, ImageDraw

        self.size = np.array([width, height], float)
        self.scale = float((0.9 * self.size / (self.high - self.low)).min())
        image = Image.new("RGB", (width, height), GROUND)
        draw = ImageDraw.Draw(image)
        self._draw_world(draw)
        cameras = self.scene.cameras
        shapes = [self.places(_pyramid(cameras, number, self.reach)) for number in _all(self.scene)]
        for number in np.argsort([shape[:, 2].mean() for shape in shapes], kind="stable").tolist():
            self._draw_camera(image, draw, number, shapes[number], photographs.get(number))
        return image

    def _draw_world(self, draw: Any) -> None:
        """The box, and the axes at the origin: x red, y green, z blue."""
        wide = max(1, round(self.size[0] / 640))
        if self.scene.box is not None:
            corners = self.places(_corners(self.scene.box))
            for a in range(8):
                for b in (1, 2, 4):
                    if not a & b:
                        draw.line([tuple(corners[a][:2]), tuple(corners[a | b][:2])], FAINT, wide)
        ends = self.places(np.concatenate([np.zeros((1, 3)), np.eye(3) * self.radius * 0.16]))
        for end, colour in zip(
            ends[1:], ((224, 96, 90), (120, 190, 110), (100, 140, 235)), strict=True
        ):
            draw.line([tuple(ends[0][:2]), tuple(end[:2])], colour, 2 * wide)

    def _draw_camera(
        self, image: Any, draw: Any, number: int, corners: Floats, photograph: Any
    ) -> None:
        """A pyramid, its tip first, then upper left, upper right, lower right and lower left."""
        flat = [tuple(corner) for corner in corners[:, :2]]
        strength = 0.62 + 0.38 * float(np.clip(corners[:, 2].mean(), -1, 1))
        colour = tuple(
            round(g + (c - g) * strength)
            for g, c in zip(GROUND, COLOURS[self.scene.views[number].split], strict=True)
        )
        wide = max(1, round(self.size[0] / 640 * (0.75 + 0.5 * strength)))
        if photograph is not None:
            _paste(image, photograph, corners[1:, :2], 0.45 + 0.55 * strength)
        for corner in flat[1:]:
            draw.line([flat[0], corner], colour, wide)
        draw.line([*flat[1:], flat[1]], colour, wide, joint="curve")


def _paste(image: Any, photograph: Any, corners: Floats, strength: float) -> None:
    """A photograph into the four-sided place (4, 2), upper left first and clockwise."""
    from PIL import Image

    low = np.floor(corners.min(axis=0)).astype(int)
    width, height = (np.ceil(corners.max(axis=0)).astype(int) - low + 1).tolist()
    sides = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * photograph.size
    mapping = _mapping(corners - low, sides.astype(float))
    if mapping is None or width < 2 or height < 2:
        return
    turned = photograph.transform(
        (width, height), Image.Transform.PERSPECTIVE, mapping, Image.Resampling.BILINEAR
    )
    alpha = turned.getchannel("A").point(lambda value: round(value * strength))
    image.paste(turned.convert("RGB"), tuple(low.tolist()), alpha)


def _mapping(source: Floats, target: Floats) -> list[float] | None:
    """The eight numbers of a perspective from four points to four; None for one seen edgewise."""
    rows, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    a, b, c, d = source
    area = (c - a)[0] * (d - b)[1] - (c - a)[1] * (d - b)[0]
    if abs(area) < 8:
        return None
    return list(np.linalg.solve(np.array(rows), np.array(values)).tolist())


def _all(scene: Scene) -> range:
    return range(len(scene.views))


def _pyramid(cameras: Cameras, number: int, reach: float) -> Floats:
    """(5, 3): where a camera is, and the corners of its picture, `reach` ahead."""
    width, height = cameras.size[number]
    pixels = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    origins, directions = cameras.rays(np.full(4, number), pixels)
    ahead = origins + reach * directions
    return np.concatenate([origins[:1], ahead]).astype(np.float64)


def _reach(cameras: Cameras) -> float:
    """How far ahead of a camera its picture hangs: so that most do not touch their neighbours."""
    from scipy.spatial import cKDTree

    places = cameras.poses[:, :3, 3]
    spread = float(np.linalg.norm(places - places.mean(axis=0), axis=1).max())
    beside = cKDTree(places).query(places, k=2)[0][:, 1]
    wide = float(np.median(cameras.size.max(axis=1) / cameras.focal.mean(axis=1)))
    return float(np.clip(0.9 * np.median(beside) / wide, 0.12 * spread, 0.4 * spread))


def _upright(cameras: Cameras) -> Floats:
    """(3, 3), columns: right, up and back of the world, by what cameras hold upright on average.

    That is the axis y or z, whichever is nearer.
    """
    up = cameras.poses[:, :3, 1].mean(axis=0)
    if abs(up[1]) > abs(up[2]):
        return np.eye(3)
    return np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])


def _axes(azimuth: float, elevation: float) -> Floats:
    """Right, up and back, (3, 3), of one who looks at the middle, where y is up."""
    a, e = np.radians([azimuth, elevation])
    back = np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)])
    right = np.array([np.cos(a), 0.0, -np.sin(a)])
    return np.stack([right, np.cross(back, right), back])


def _corners(box: Floats) -> Floats:
    """(8, 3); the bits of a corner's number say where it is high: x, y, z."""
    return np.array([[box[n >> axis & 1, axis] for axis in range(3)] for n in range(8)])
