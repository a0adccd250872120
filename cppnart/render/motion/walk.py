"""`walk`: films of fields, rendered frame by frame while the encoder runs beside."""

from __future__ import annotations

import os
import re
import shutil
import time as clock
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from cppnart.render.prepare import Source
from cppnart.render.renderer import Rows, Settings, render_frames
from cppnart.render.sizes import human_bytes

from .film_recipe import FilmRecipe, film_recipe_text, parse_film_recipe
from .films import estimate_bytes, film_format_of, open_film
from .plan import Motion, plan, seed_source
from .timeline import Timeline

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Walked:
    """What was written."""

    path: str
    width: int
    height: int
    frames: int
    fps: float
    seconds: float

    def __str__(self) -> str:
        length = self.frames / self.fps
        return (
            f"{self.width}x{self.height}, {self.frames} frames, {length:.3g} s at {self.fps:g} a"
            f" second, made in {self.seconds:.1f} s"
        )


def walk(
    *sources: Source,
    seed: str | int | None = None,
    seeds: str | Iterable[str | int] | None = None,
    steps: int | None = None,
    path: str | None = None,
    ease: str | None = None,
    loop: bool | None = None,
    turns: float | None = None,
    breathe: float | None = None,
    zoom: str | None = None,
    rotate: str | None = None,
    pan: str | None = None,
    audio: str | os.PathLike[str] | None = None,
    duration: float | None = None,
    fps: float | None = None,
    crf: int | None = None,
    output: str | os.PathLike[str] | None = None,
    keep_partial: bool = False,
    overwrite: bool = False,
    dask: str | None = None,
    device: str = "cpu",
    threads: int | None = None,
    progress: Progress | None = None,
    palette: Any = None,
    **look: Any,
) -> Walked:
    """Makes a film.

    sources: pictures to walk between: seeds, pictures with recipes, fields; or one film, which is
    made again as its recipe says, with what is given here changed. seed: one more, or the only
    one: it moves in time, or breathes where its style has none. seeds: "42,7,108". steps: walk
    through so many latents of one picture.

    path: spline, sphere or line through latents and weights, or fade; by default keys that are
    alike but for numbers morph, others cross-fade in linear light. ease: linear, smooth or ends.
    loop: end where it began; by default for films of one picture. turns: rounds of time. breathe:
    radius of a circle round the latent. zoom: "1:200", rotate: "360" or "-30:30" (degrees), pan:
    "X,Y" or "X,Y:X,Y": what the camera does on the way.

    audio: a sound file; it drives speed, zoom and palette (see sound.py) and is put into the film,
    in formats that have sound.
    duration: in seconds; by default 10, 5 for each way between pictures, or that of the sound.
    fps: frames a second, 30 by default. crf: quality of the encoder, lower is better.

    output: a file (.mp4, .webm, .mov, .gif, .webp, .apng), or a folder for frames as PNG, which
    goes on where it was interrupted. keep_partial: an interrupted film stays, as far as it came.
    overwrite: a folder of frames of another film is begun anew. dask: the address of a scheduler
    whose workers render the frames, or "local" for workers of its own (see cluster.py). look:
    style, palette, size and the rest, as for render. progress: called with frames done and to do.

    Raises ValueError for values that make no sense and OSError for files that cannot be read or
    written.
    """
    began = clock.perf_counter()
    given = {name: value for name, value in look.items() if value is not None}
    if palette is not None:
        given["palette"] = palette
    if seed is not None:
        sources = (*sources, seed_source(seed))
    motion = Motion(path, ease, loop, turns, breathe, zoom, rotate, pan, audio, duration, fps)
    film = plan(sources, seeds, steps, motion, given)
    timeline = Timeline(film)
    sound = audio
    if sound is None and film.drive is not None:  # a film that is made again keeps its sound
        sound = os.fspath(cast("str | os.PathLike[str]", sources[0]))
    out = _chosen_name(output, film)
    if film_format_of(out).sound is None:
        sound = None  # it moves the picture all the same
    settings = timeline.settings(device, threads)
    channels = len(timeline.keys[0].picture.colour.outputs)
    x0, y0, x1, y1 = settings.area
    width, height = x1 - x0, y1 - y0
    _check_room(out, width, height, film.frames)
    with open_film(
        out,
        width=width,
        height=height,
        fps=film.fps,
        channels=channels,
        frames=film.frames,
        crf=crf,
        recipe=film_recipe_text(film),
        audio=sound,
        keep_partial=keep_partial,
        overwrite=overwrite,
    ) as writer:
        numbers = writer.missing
        with _frames(timeline, numbers, settings, dask) as frames:
            for count, (number, frame) in enumerate(zip(numbers, frames, strict=True), 1):
                writer.write(frame, number)
                if progress is not None:
                    progress(film.frames - len(numbers) + count, film.frames)
    seconds = round(clock.perf_counter() - began, 3)
    return Walked(os.fspath(out), width, height, film.frames, film.fps, seconds)


@contextmanager
def _frames(
    timeline: Timeline, numbers: Sequence[int], settings: Settings, dask: str | None
) -> Iterator[Iterator[Rows]]:
    """The frames of these numbers, in order, as they come."""
    if dask is None:
        yield render_frames((timeline.shot(n) for n in numbers), settings)
        return
    from cppnart.render.cluster import check_workers, connect, map_in_order

    with connect(None if dask == "local" else dask) as client:
        check_workers(client)
        yield map_in_order(client, _frame, numbers, film_recipe_text(timeline.film))


def _frame(number: int, recipe: str) -> Rows:
    """One frame, on a worker."""
    timeline = _timeline(recipe)
    (frame,) = render_frames([timeline.shot(number)], timeline.settings(threads=1))
    return frame


@lru_cache(maxsize=2)
def _timeline(recipe: str) -> Timeline:
    return Timeline(parse_film_recipe(recipe))


def _check_room(path: Path, width: int, height: int, frames: int) -> None:
    """Refuses, before any work, a film for which there is no room."""
    size = estimate_bytes(film_format_of(path), width, height, frames)
    folder = Path(os.path.realpath(path)).parent
    if folder.is_dir() and size > shutil.disk_usage(folder).free:
        free = human_bytes(shutil.disk_usage(folder).free)
        raise ValueError(
            f"{frames} frames of {width}x{height} would take about {human_bytes(size)}; {folder}"
            f" has {free} free: choose a shorter or smaller film, or another disk"
        )


def _chosen_name(output: str | os.PathLike[str] | None, film: FilmRecipe) -> Path:
    """The output, or a free name in it when it is a folder that holds no frames."""
    text = "." if output is None else os.fspath(output)
    path = Path(text)
    if not path.is_dir() or text.endswith(("/", os.sep)) or (path / "film.json").exists():
        return path
    first = film.keys[0]
    words = [first.style or "field", *dict.fromkeys(key.seed or "" for key in film.keys[:4])]
    stem = re.sub(r"[^A-Za-z0-9-]+", "-", "-".join(["cppnart", *words])).strip("-")[:60]
    number = 1
    while (file := path / f"{stem}{f'-{number}' if number > 1 else ''}.mp4").exists():
        number += 1
    return file
