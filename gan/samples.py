"""What a trained generator is for: samples as fields, rendered like any other."""

from __future__ import annotations

import os
import re
import time as clock
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from cppnart.fields import files
from cppnart.fields.coordinates import View
from cppnart.fields.program import Program
from cppnart.render import api
from cppnart.render.api import Rendered
from cppnart.render.formats import format_of
from cppnart.render.motion.films import film_format_of, open_film
from cppnart.render.motion.paths import EASES, KINDS, along, segment
from cppnart.render.motion.walk import Walked
from cppnart.render.picture import compose
from cppnart.render.recipe import Recipe, new_recipe, with_field
from cppnart.render.renderer import Settings, Shot, Still, render_frames
from cppnart.render.sheets import Sheet, layout
from cppnart.render.sizes import Size, parse_size
from cppnart.render.writers import open_picture

from .model import Model, load_model

MAX_SAMPLES = 4096
CELL = 128
"""Pixels of the short side of a sample in a grid."""
SHORT = 1024
FILM_SHORT = 720
FIELD = ".safetensors"
REACH = 2.0
"""Frames from the middle, within which a single sample's field is exact."""

Run: TypeAlias = str | os.PathLike[str] | Model
Report: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True)
class Written:
    """A field that was written."""

    path: str
    parameters: int

    def __str__(self) -> str:
        return f"a field of {self.parameters} numbers"


def sample(
    run: Run,
    *,
    seeds: str | Iterable[str | int] | None = None,
    grid: str | None = None,
    truncation: float = 1.0,
    label: int | None = None,
    size: str | int | None = None,
    output: str | os.PathLike[str] | None = None,
    device: str = "cpu",
    threads: int | None = None,
    progress: Report | None = None,
) -> NDArray[Any] | Rendered | Sheet | Written:
    """Samples of a generator: one as a picture of any size or as a field, or many as a grid.

    run: the folder of a run, or a snapshot. seeds: "0:64", "1,2,quiet", or a list; of one seed a
    picture is made that carries its recipe, or with an output of that suffix a .safetensors field,
    which renders, walks and exports like any other. grid: "8x8", columns and rows; of as many
    seeds from 0 on, where none are given. truncation: how far latents lie from the most typical
    sample, from 0 to 1 and beyond. label: the class, where there are classes; by default one that
    the seed draws. size: of one sample, or of each in a grid. progress: called with samples made
    and to make.

    Returns an array without an output. Raises ValueError for what makes no sense, OSError for
    files that cannot be read or written.
    """
    model = open_model(run)
    names, columns = _chosen(seeds, grid)
    latents = [model.draw(name, truncation=truncation) for name in names]
    labels = [model.label_of(name, label) for name in names]
    if grid is None and len(names) == 1:
        program = model.program(latents[0], labels[0], reach=REACH)
        return write_sample(model, program, size, output, device, threads)
    programs = [model.program(z, y) for z, y in zip(latents, labels, strict=True)]
    return write_grid(model, programs, columns, size, output, device, threads, progress)


def extrapolate(
    run: Run,
    *,
    seed: str | int = 0,
    factor: float = 3.0,
    truncation: float = 1.0,
    label: int | None = None,
    size: str | int | None = None,
    output: str | os.PathLike[str] | None = None,
    device: str = "cpu",
    threads: int | None = None,
) -> NDArray[Any] | Rendered:
    """A sample continued beyond the frame that it was trained in, to ``factor`` times its sides.

    See ``sample``.
    """
    if not 0.1 <= factor <= 32:
        raise ValueError(f"factor {factor:g}: expected a number from 0.1 to 32")
    model = open_model(run)
    z, own = model.draw(seed, truncation=truncation), model.label_of(seed, label)
    program = model.program(z, own, reach=max(factor, 1.0))
    made = write_sample(model, program, size, output, device, threads, zoom=1 / factor)
    return cast("NDArray[Any] | Rendered", made)


def walk(
    run: Run,
    *,
    seeds: str | Iterable[str | int] | None = None,
    path: str = "spline",
    ease: str = "linear",
    loop: bool = True,
    truncation: float = 1.0,
    label: int | None = None,
    duration: float | None = None,
    fps: float = 30.0,
    size: str | int | None = None,
    output: str | os.PathLike[str],
    crf: int | None = None,
    device: str = "cpu",
    threads: int | None = None,
    progress: Report | None = None,
) -> Walked:
    """A film through samples: every frame is the sample of a latent on a path through those of
    the seeds.

    seeds: two or more; 0 to 5 by default. path: spline, sphere or line. ease: linear, smooth or
    ends. loop: end where it began. duration: in seconds; two for each way by default. label: the
    class of all; by default that of each seed, which changes half-way. output: see ``walk`` of
    cppnart.render. progress: called with frames made and to make.
    """
    model = open_model(run)
    names, _ = _chosen(seeds if seeds is not None else "0:6", None)
    if len(names) < 2:
        raise ValueError(f"seeds {names[0]!r}: a walk goes between two or more")
    keys = [model.draw(name, truncation=truncation) for name in names]
    labels = [model.label_of(name, label) for name in names]
    return film(
        model,
        keys,
        labels,
        path=path,
        ease=ease,
        loop=loop,
        duration=duration,
        fps=fps,
        size=size,
        output=output,
        crf=crf,
        device=device,
        threads=threads,
        progress=progress,
    )


def film(
    model: Model,
    keys: Sequence[NDArray[np.floating[Any]]],
    labels: Sequence[int | None],
    *,
    output: str | os.PathLike[str],
    path: str = "spline",
    ease: str = "linear",
    loop: bool = True,
    duration: float | None = None,
    fps: float = 30.0,
    size: str | int | None = None,
    crf: int | None = None,
    device: str = "cpu",
    threads: int | None = None,
    progress: Report | None = None,
) -> Walked:
    """A film along a path through latents; see ``walk``."""
    began = clock.perf_counter()
    for name, value, known in (("path", path, KINDS), ("ease", ease, EASES)):
        if value not in known:
            raise ValueError(f"{name} {value[:40]!r}: expected {', '.join(known)}")
    ways = len(keys) if loop else len(keys) - 1
    seconds = 2.0 * ways if duration is None else duration
    if not (1 <= fps <= 240 and 0 < seconds * fps <= 1_000_000):
        raise ValueError(
            f"duration {seconds:g} at {fps:g} frames a second: expected 1 to 240 frames a second,"
            " and at most a million"
        )
    frames = max(round(seconds * fps), 2)
    shape = _film_size(model, size)
    form = film_format_of(output)
    channels = 4 if model.channels == 4 and form.alpha else 3
    settings = Settings(shape.width, shape.height, samples=4, device=device, threads=threads)

    def shots() -> Iterable[tuple[Shot, View]]:
        for frame in range(frames):
            u = frame / (frames if loop else frames - 1)
            number, share = segment(u, len(keys), loop, ease)
            z = along(keys, number, share, path, loop)
            own = labels[(number + (share >= 0.5)) % len(keys)]
            program = model.program(z, own)
            yield Still(compose(program, transparent=channels == 4)), View()

    with open_film(
        output,
        width=shape.width,
        height=shape.height,
        fps=Fraction(fps).limit_denominator(1001),
        frames=frames,
        channels=channels,
        crf=crf,
    ) as writer:
        for number, frame in enumerate(render_frames(shots(), settings), 1):
            writer.write(frame)
            if progress is not None:
                progress(number, frames)
    spent = round(clock.perf_counter() - began, 3)
    return Walked(os.fspath(output), shape.width, shape.height, frames, fps, spent)


# --- Pictures ---


def open_model(run: Run, device: str = "cpu") -> Model:
    return run if isinstance(run, Model) else load_model(run, device=device)


def _recipe(program: Program, size: Size, channels: int, zoom: float) -> Recipe:
    import msgspec

    return msgspec.structs.replace(
        with_field(new_recipe(), program),
        size=f"{size.width}x{size.height}",
        transparent=channels == 4,
        zoom=zoom,
    )


def write_sample(
    model: Model,
    program: Program,
    size: str | int | None,
    output: str | os.PathLike[str] | None,
    device: str,
    threads: int | None,
    zoom: float = 1.0,
) -> NDArray[Any] | Rendered | Written:
    if output is not None and os.fspath(output).lower().endswith(FIELD):
        files.save(output, program, {"made": "gan", **_note(model)})
        return Written(os.fspath(output), program.parameters)
    shape = size_of(model, size, SHORT)
    alpha = model.channels == 4 and (output is None or Path(output).suffix.lower() not in _FLAT)
    recipe = _recipe(program, shape, 4 if alpha else 3, zoom)
    return api.render(recipe, output=output, device=device, threads=threads)


_FLAT = (".jpg", ".jpeg")
"""Formats without transparency."""


def _note(model: Model) -> dict[str, Any]:
    return {"generator": dict(model.generator.spec), "images": model.images}


def write_grid(
    model: Model,
    programs: Sequence[Program],
    columns: int,
    size: str | int | None,
    output: str | os.PathLike[str] | None,
    device: str,
    threads: int | None,
    progress: Report | None,
) -> NDArray[np.uint8] | Sheet:
    began = clock.perf_counter()
    if output is not None:
        format_of(output)
    shape = size_of(model, size, CELL)
    pictures = []
    for program in programs:
        recipe = _recipe(program, shape, model.channels, 1.0)
        made = api.render(recipe, device=device, threads=threads)
        pictures.append(cast("NDArray[np.uint8]", made))
        if progress is not None:
            progress(len(pictures), len(programs))
    page = layout(pictures, None, columns)
    if output is None:
        return page
    height, width = page.shape[:2]
    with open_picture(output, width=width, height=height, channels=3) as writer:
        writer.write(page)
    seconds = round(clock.perf_counter() - began, 3)
    return Sheet(os.fspath(output), width, height, len(pictures), seconds)


def size_of(model: Model, size: str | int | None, short: int) -> Size:
    """A size as a person gives it: a number alone is the short side, in the model's shape."""
    text = str(short if size is None else size)
    if not text.isdigit():
        return parse_size(text)
    if not 1 <= int(text) <= 1 << 20:
        raise ValueError(f"size {text}: expected 1 to {1 << 20} pixels")
    least = min(model.width, model.height)
    width, height = (
        max(1, round(int(text) * side / least)) for side in (model.width, model.height)
    )
    return Size(width, height)


def _film_size(model: Model, size: str | int | None) -> Size:
    shape = size_of(model, size, FILM_SHORT)
    return Size(shape.width + shape.width % 2, shape.height + shape.height % 2)


def _chosen(seeds: str | Iterable[str | int] | None, grid: str | None) -> tuple[list[str], int]:
    """Seeds, and the columns of their grid."""
    columns = rows = None
    if grid is not None:
        match = re.fullmatch(r"(\d{1,4})x(\d{1,4})", grid.strip().lower())
        if not match or not 1 <= int(match[1]) * int(match[2]) <= MAX_SAMPLES:
            raise ValueError(f"grid {grid!r}: expected COLUMNSxROWS, at most {MAX_SAMPLES} samples")
        columns, rows = int(match[1]), int(match[2])
    if seeds is None:
        seeds = f"0:{columns * rows if columns and rows else 64}"
    names = api.seed_names(seeds)
    if len(names) > MAX_SAMPLES:
        raise ValueError(f"{len(names)} seeds: expected at most {MAX_SAMPLES}")
    if columns and rows and len(names) > columns * rows:
        names = names[: columns * rows]
    return names, columns or max(1, int(np.ceil(np.sqrt(len(names)))))
