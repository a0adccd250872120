"""Deep Zoom: a pyramid of small tiles that a viewer such as OpenSeadragon loads as it needs them.

`name.dzi` says how large the picture is, and `name_files/LEVEL/COLUMN_ROW.png` are its tiles: at
the highest level the picture itself, at each lower one half of its sides, rounded up, down to one
pixel (https://openseadragon.github.io/examples/tilesource-dzi/).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cppnart.fields.atomic import atomic_output
from cppnart.render.colour import srgb_decode, srgb_encode
from cppnart.render.renderer import BAND, Clip, Rows, dither_pattern
from cppnart.render.stores import Job, boxes, claim, render_box, sweep
from cppnart.render.writers import open_picture

SIDE = 512
"""Pixels a side of the files: a multiple of BAND."""
KINDS = {"png": (3, 4), "jpg": (3,)}
"""Formats that browsers show, and the channels of their pictures."""
DESCRIPTION = """<?xml version="1.0" encoding="UTF-8"?>
<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" Format="{kind}" Overlap="0" \
TileSize="{side}">
  <Size Width="{width}" Height="{height}"/>
</Image>
"""


@dataclass(frozen=True)
class DeepZoom:
    """Tiles of `side` pixels, as files of a `kind`, made `tile` pixels a side at a time.

    Lower levels are averages of 2 x 2 pixels in linear light, with alpha multiplied in. A job
    renders a box and halves it as long as that leaves whole files; the next stage goes on from the
    files of the last level. So the rounding to 8 bits (and the losses of JPEG) are averaged too.
    """

    path: str
    width: int
    height: int
    channels: int
    bits: int
    tile: int
    dither: bool
    kind: str
    side: int = SIDE

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"tiles as {self.kind!r}: expected {' or '.join(KINDS)}")
        if self.channels not in KINDS[self.kind]:
            raise ValueError("JPEG has no transparency: use png tiles, or leave transparency out")
        if self.bits != 8:
            raise ValueError(f"Deep Zoom holds 8 bits a channel, not {self.bits}: use .zarr")
        times = self.tile / self.side
        if times < 2 or not np.log2(times).is_integer():
            raise ValueError(
                f"tile {self.tile}: for Deep Zoom, expected {2 * self.side}, {4 * self.side},"
                f" {8 * self.side} and so on"
            )

    @property
    def folder(self) -> Path:
        path = Path(self.path)
        return path.with_name(f"{path.stem}_files")

    @property
    def top(self) -> int:
        """The level of the picture itself."""
        return (max(self.width, self.height) - 1).bit_length()

    @property
    def halvings(self) -> int:
        """How often a box can be halved before it is one file."""
        return (self.tile // self.side).bit_length() - 1

    def size_at(self, level: int) -> tuple[int, int]:
        scale = 1 << (self.top - level)
        return -(-self.width // scale), -(-self.height // scale)

    def begin(self, recipe: str, overwrite: bool) -> None:
        facts = {"cppnart": recipe, **asdict(self)}
        del facts["path"]

        def create(folder: Path) -> None:
            (folder / "cppnart.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")

        claim(self.folder, create, recipe, overwrite)

    def stages(self) -> Iterator[Iterable[Job]]:
        level = self.top
        while max(self.size_at(level)) > self.tile:
            yield self._stage(level)
            level -= self.halvings
        yield self._stage(level)

    def _stage(self, level: int) -> Iterator[Job]:
        return ((level, box) for box in boxes(*self.size_at(level), self.tile))

    def _last_level(self, level: int) -> int:
        """The lowest level that a job at this level makes: the last box of all goes to 0."""
        return level - self.halvings if max(self.size_at(level)) > self.tile else 0

    def is_done(self, job: Job) -> bool:
        """Whether the one file of the lowest level is there, which is written last."""
        level, (x, y, _, _) = job
        last = self._last_level(level)
        return os.path.exists(self._file(last, x // self.tile, y // self.tile))

    def run(self, job: Job, recipe: str) -> None:
        level, box = job
        x, y, _, _ = box
        if level == self.top:
            levels = render_box(recipe, box)
            self._write(level, x, y, levels)
        else:
            levels = self._read(level, box)
        light = to_light(levels)
        for lower in range(level - 1, self._last_level(level) - 1, -1):
            light = halved(light)
            x, y = x // 2, y // 2
            self._write(lower, x, y, to_levels(light, self.dither))

    def finish(self) -> None:
        sweep(self.folder, "*/.cppnart-*")
        with atomic_output(self.path) as temporary:
            temporary.write_text(DESCRIPTION.format(**asdict(self)), encoding="utf-8")

    def _file(self, level: int, column: int, row: int) -> str:
        return os.path.join(self.folder, str(level), f"{column}_{row}.{self.kind}")

    def _write(self, level: int, x: int, y: int, levels: Rows) -> None:
        """Writes the files of a box at a level, whose corner is (x, y) there."""
        os.makedirs(os.path.join(self.folder, str(level)), exist_ok=True)
        for x0, y0, x1, y1 in boxes(levels.shape[1], levels.shape[0], self.side):
            with open_picture(
                self._file(level, (x + x0) // self.side, (y + y0) // self.side),
                width=x1 - x0,
                height=y1 - y0,
                channels=self.channels,
                threads=1,
            ) as writer:
                writer.write(np.ascontiguousarray(levels[y0:y1, x0:x1]))

    def _read(self, level: int, box: Clip) -> NDArray[np.uint8]:
        """A box of a level from its files."""
        from cppnart.fields.pictures import open_image

        left, top, right, bottom = box
        levels = np.empty((bottom - top, right - left, self.channels), np.uint8)
        for x0, y0, x1, y1 in boxes(right - left, bottom - top, self.side):
            path = self._file(level, (left + x0) // self.side, (top + y0) // self.side)
            pixels = np.asarray(open_image(path, max_pixels=self.side**2))
            if pixels.shape != (y1 - y0, x1 - x0, self.channels):
                raise ValueError(f"{path} is not the tile that was written there: remove it")
            levels[y0:y1, x0:x1] = pixels
        return levels


def to_light(levels: Rows) -> NDArray[np.float32]:
    """8-bit pixels (h, w, 3 or 4) as linear light, with alpha multiplied in."""
    light = _light_of_levels()[levels[..., :3]]
    if levels.shape[2] == 3:
        return light
    alpha = levels[..., 3:].astype(np.float32) / 255
    return np.concatenate([light * alpha, alpha], axis=2)


def halved(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """The averages of 2 x 2 pixels; of a side that is odd, the last pixels count twice."""
    height, width = light.shape[:2]
    if height % 2 or width % 2:
        light = np.pad(light, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    rows = light[0::2] + light[1::2]
    return (rows[:, 0::2] + rows[:, 1::2]) * np.float32(0.25)


def to_levels(light: NDArray[np.float32], dither: bool) -> NDArray[np.uint8]:
    """The inverse of to_light, of boxes whose corners are multiples of the dithering pattern."""
    colours, alpha = light[..., :3], light[..., 3:]
    if alpha.shape[2]:
        colours = (colours / np.maximum(alpha, 1e-6)).astype(np.float32, copy=False)
    fractions = np.concatenate([srgb_encode(np.minimum(colours, 1)), alpha], axis=2)
    height, width = light.shape[:2]
    pattern = dither_pattern(dither, 8)
    noise = np.tile(pattern, (-(-height // BAND), -(-width // BAND)))[:height, :width, None]
    return np.minimum(fractions * 255 + noise, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def _light_of_levels() -> NDArray[np.float32]:
    return np.asarray(srgb_decode(np.arange(256) / 255), np.float32)
