"""view_scene: a field of light as a picture, or as a film of a way round it."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cppnart.fields.radiance.kept import LightField, load_light
from cppnart.render.formats import format_of
from cppnart.render.motion.films import frame_rate, open_film
from cppnart.render.palettes import Palette, get_palette
from cppnart.render.sizes import Size, parse_size
from cppnart.render.writers import open_picture

from .cameras import Eye, around, one_way, photographed, spiral
from .looking import Looker, look_at_photograph

KINDS = ("colour", "depth", "opacity", "parts")
"""What is shown. parts: what stands still, what is in one photograph alone, both, and how uncertain
colours are, side by side."""
RAYS = 1 << 15
"""At once."""
CERTAIN = 0.4
"""The deviation of a colour that is as uncertain as pictures of it show."""
FPS = 25.0
Levels = NDArray[np.uint8]


@dataclass(frozen=True)
class ViewedScene:
    """A picture or a film that was written."""

    path: str
    width: int
    height: int
    frames: int
    seconds: float

    def __str__(self) -> str:
        frames = f", {self.frames} frames" if self.frames > 1 else ""
        return f"{self.width}x{self.height}{frames}, {self.seconds:.1f} s"


def view_scene(
    source: str | os.PathLike[str] | LightField,
    output: str | os.PathLike[str] | None = None,
    *,
    photograph: int | None = None,
    azimuth: float = 30.0,
    elevation: float | None = None,
    zoom: float = 1.0,
    orbit: bool = False,
    show: str = "colour",
    appearance: str | None = None,
    to: str | None = None,
    palette: str | Palette = "lagoon",
    size: str | None = None,
    samples: int = 1,
    duration: float = 6.0,
    fps: float = FPS,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ViewedScene | Levels:
    """Renders a field of light; without output, gives the pixels (H, W, 3).

    source: a .safetensors file of ``fit_scene``, or a LightField. photograph: from where the
    photograph of this number was taken; else from the side: azimuth, degrees from the first
    photograph; elevation, degrees above what they look at; zoom. orbit: a film of one turn, or of
    a spiral where all photographs look one way, ``duration`` seconds long. show: one of KINDS;
    depths go through a palette. appearance: the name of a photograph whose light it is seen in;
    to: of another, for a film from the one to the other. size: as ``1920x1080``; that of the
    photographs if not given. samples: of a pixel along each side.

    Raises ValueError for what is out of range, OSError for files.
    """
    began = time.perf_counter()
    field = source if isinstance(source, LightField) else load_light(source)
    _check(field, show, zoom, samples, appearance, to, photograph, orbit, output)
    if show == "parts" and photograph is None:
        photograph = field.photographs.index(appearance) if appearance is not None else 0
    if size is not None:
        extent = parse_size(size)
    else:
        extent = Size(*(int(n) for n in field.size[photograph or 0]))
    film = orbit or to is not None
    frames = max(round(duration * float(frame_rate(fps))), 2) if film else 1
    painter = _Painter(field, show, photograph, get_palette(palette), samples, threads)

    def eye(share: float) -> Eye:
        if photograph is not None:
            found = photographed(field, photograph)
        elif one_way(field):
            found = spiral(field, share if orbit else azimuth / 720, zoom)
        else:
            turned = azimuth + (360 * share if orbit else 0)
            found = around(field, turned, elevation, zoom)
        return found.sized(extent.width, extent.height)

    names = [name for name in (appearance, to) if name is not None]
    width = extent.width * (4 if show == "parts" else 1)
    if not film:
        bands = painter.bands(eye(0.0), names, 0.0)
        if output is None:
            return np.concatenate(list(bands))
        with open_picture(output, width=width, height=extent.height, channels=3) as writer:
            for rows in bands:
                writer.write(rows)
                if progress is not None:
                    progress(writer.rows_written * width, extent.height * width)
    else:
        assert output is not None
        with open_film(
            output, width=width, height=extent.height, fps=fps, frames=frames
        ) as writer_:
            for done, number in enumerate(writer_.missing, 1):
                share = number / frames
                mixed = 0.5 - 0.5 * math.cos(2 * math.pi * share)  # there and back
                picture = np.concatenate(list(painter.bands(eye(share), names, mixed)))
                writer_.write(picture, number)
                if progress is not None:
                    progress(done, frames)
    seconds = round(time.perf_counter() - began, 3)
    return ViewedScene(os.fspath(output), width, extent.height, frames, seconds)


class _Painter:
    """Turns what rays show into levels of pixels."""

    def __init__(
        self,
        field: LightField,
        show: str,
        photograph: int | None,
        palette: Palette,
        samples: int,
        threads: int | None,
    ) -> None:
        self.field, self.show, self.photograph = field, show, photograph
        self.samples, self.threads = samples, threads
        self._colours = palette.srgb(256)
        self._lookers: dict[tuple[tuple[str, ...], float], Looker] = {}

    def bands(self, eye: Eye, names: list[str], mixed: float) -> Iterator[Levels]:
        """A picture, some rows at a time. names: of appearances, none, one or two; mixed: how far
        it is from the first to the second."""
        width, height = eye.size
        looker = self._looker(names, mixed)
        step = max(RAYS // (width * self.samples**2), 1)
        for top, bottom in pairwise([*range(0, height, step), height]):
            values = self._band(eye, slice(top, bottom), names, looker)
            whole = values.reshape(bottom - top, -1, 3)
            yield np.asarray((whole * 255).round().clip(0, 255), np.uint8)

    def _band(
        self, eye: Eye, rows: slice, names: list[str], looker: Looker
    ) -> NDArray[np.floating]:
        field = self.field
        rays = eye.rays(rows, field.ndc, self.samples)
        shape = (rows.stop - rows.start, eye.size[0], -1)
        if self.show == "parts":
            assert self.photograph is not None
            seen = look_at_photograph(field, self.photograph, rays, self._places(eye, rows))
            behind = field.background
            parts = [
                seen.static.over(behind),
                seen.once + (1 - seen.once_opacity[:, None]) * 0.5,
                seen.colour + (1 - seen.opacity[:, None]) * behind,
                self._through((seen.beta / CERTAIN).clamp(max=1).numpy()),
            ]
            panels = [self._averaged(np.asarray(part)).reshape(shape) for part in parts]
            return np.concatenate(panels, 1)
        shown = looker(rays)
        if self.show == "opacity":
            return self._averaged(np.repeat(shown.opacity[:, None], 3, 1))
        if self.show == "depth":
            # 1 at the nearest that may be seen, 0 where nothing is
            near, far = self._depths(eye)
            nearness = 1 - (shown.depth - near) / (far - near)
            found = self._through(nearness.clip(0, 1))
            return self._averaged(np.asarray(found * shown.opacity[:, None]))
        return self._averaged(shown.over(field.background))

    def _places(self, eye: Eye, rows: slice) -> NDArray[np.float32]:
        """Of the samples of rows in their picture, in [0, 1]."""
        pixels = eye.pixels(rows, self.samples)
        return np.asarray(pixels / eye.size, np.float32)

    def _averaged(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Of the samples of each pixel, which lie together."""
        return np.asarray(values.reshape(-1, self.samples**2, 3).mean(1))

    def _through(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.asarray(self._colours[(values * 255).astype(int).clip(0, 255)])

    def _depths(self, eye: Eye) -> tuple[float, float]:
        """Between which depths most of what is full lies, from a camera."""
        field = self.field
        if field.ndc:
            return field.near, field.far
        cells = np.flatnonzero(field.full)
        side = field.side
        places = np.stack(np.unravel_index(cells, (side,) * 3), 1)
        inside = (places + 0.5) * (2 / side) - 1
        world = inside * field.space.half + field.space.centre
        depth = (eye.pose[:3, 3] - world) @ eye.pose[:3, 2]
        ahead = depth[depth > 0]
        if not len(ahead):
            return field.near, field.far
        low, high = np.percentile(ahead, [1, 99])
        return float(max(low, field.near)), float(max(high, low + 1e-3))

    def _looker(self, names: list[str], mixed: float) -> Looker:
        key = (tuple(names), mixed if len(names) > 1 else 0.0)
        if key not in self._lookers:
            self._lookers = {key: Looker(self.field, self._code(names, mixed), self.threads)}
        return self._lookers[key]

    def _code(self, names: list[str], mixed: float) -> NDArray[np.float32] | None:
        codes = [self.field.appearance[name] for name in names if name in self.field.appearance]
        if len(codes) < 2:
            return codes[0] if codes else None
        return (codes[0] + np.float32(mixed) * (codes[1] - codes[0])).astype(np.float32)


def _check(
    field: LightField,
    show: str,
    zoom: float,
    samples: int,
    appearance: str | None,
    to: str | None,
    photograph: int | None,
    orbit: bool,
    output: str | os.PathLike[str] | None,
) -> None:
    if show not in KINDS:
        raise ValueError(f"show {show!r}: expected {', '.join(KINDS)}")
    if not (math.isfinite(zoom) and 0.05 <= zoom <= 20):
        raise ValueError(f"zoom {zoom:g}: expected a number from 0.05 to 20")
    if not 1 <= samples <= 8:
        raise ValueError(f"samples {samples}: expected 1 to 8")
    if show == "parts" and not (field.transient or field.layered):
        raise ValueError("parts: this field was not fitted with what is in one photograph alone")
    known = field.photographs if show == "parts" else field.appearance
    for name in (appearance, to):
        if name is None:
            continue
        if not known:
            raise ValueError(f"appearance {name!r}: this field was fitted without --appearance")
        if name not in known:
            some = ", ".join(list(known)[:5])
            raise ValueError(f"appearance {name!r}: expected a photograph, as {some}")
    if to is not None and appearance is None:
        raise ValueError("to: name the appearance that the film begins with")
    if photograph is not None:
        photographed(field, photograph)  # says which there are
    if orbit and photograph is not None:
        raise ValueError("orbit: a photograph has one place")
    if (orbit or to is not None) and output is None:
        raise ValueError("a film needs a name, as turn.mp4")
    if output is not None and not orbit and to is None:
        format_of(output)  # a mistake in the name is said before the work
    if output is not None and not Path(output).resolve().parent.is_dir():
        raise ValueError(f"{os.fspath(output)}: there is no such folder")
