"""export: a picture as something that runs elsewhere."""

from __future__ import annotations

import os
import re
import time as clock
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from cppnart.cppn.genomes.files import to_json
from cppnart.cppn.genomes.picbreeder import to_xml
from cppnart.cppn.seeds import parse_seed
from cppnart.cppn.style import unknown
from cppnart.fields import files
from cppnart.fields.atomic import atomic_output
from cppnart.render.export.loop import Loop
from cppnart.render.export.still import look_of, stem_of
from cppnart.render.palettes import Palette
from cppnart.render.prepare import Prepared, Source, prepare
from cppnart.render.recipe import genome_of

if TYPE_CHECKING:
    from cppnart.fields.radiance.kept import LightField

Progress = Callable[[int, int], None]

SUFFIXES = {
    "html": ".html",
    "shadertoy": ".shadertoy.glsl",
    "glsl": ".glsl",
    "onnx": ".onnx",
    "program": ".safetensors",
    "genome": ".json",
    "picbreeder": ".xml",
}
"""The targets, and how the names of their files end."""
MORE = 4
"""Seeds on a page after the picture's own, where none are given."""
MAX_PICTURES = 64


@dataclass(frozen=True)
class Exported:
    """What was written: the file, which target it is for, its bytes, and what it shows."""

    path: str
    to: str
    bytes: int
    seeds: list[str]
    look: str
    seconds: float

    def __str__(self) -> str:
        pictures = f"{len(self.seeds)} seeds, " if len(self.seeds) > 1 else ""
        return f"{self.to}, {pictures}{self.look}, {self.bytes / 1e3:.0f} kB, {self.seconds:.2f} s"


def export(
    source: Source | None = None,
    *,
    to: str | None = None,
    output: str | os.PathLike[str] | None = None,
    seed: str | int | None = None,
    seeds: str | Iterable[str | int] | None = None,
    latent: Sequence[float] | None = None,
    palette: str | Sequence[str] | Palette | None = None,
    size: str | int | None = None,
    steps: int = 6,
    duration: float = 90.0,
    turns: int = 3,
    progress: Progress | None = None,
    **look: Any,
) -> str | bytes | Exported:
    """Writes a picture as a page, a shader, a model or a program.

    source, seed, latent, palette, size and look (style, finish, zoom, ...): the picture, as for
    render. to: one of SUFFIXES; where it is missing, the output's suffix tells:

    - html: a page that draws the picture live with WebGL2, moving, in one file that needs no
      network; of a field of light (a file of ``fit_scene``), a page to walk round it. seeds:
      several pictures to look through, as "42,7,108"; otherwise the picture's own and the next few.
    - glsl: a function vec4 cppn(vec2 p, float t) that needs nothing beside it.
    - shadertoy: the same with a mainImage, for shadertoy.com.
    - onnx: a model from points to colours; see onnx.py. Needs the package onnx.
    - program: a field that renders to the same picture; see program.py.
    - genome, picbreeder: the genome of a picture that was bred of one, as JSON or in Picbreeder's
      format.

    How html and shadertoy move: steps, duration, turns as in Loop. size: where edges are as sharp
    as a pixel, glsl, onnx and program take the pixel of a picture of this size.

    output: a file, or a folder, where a name is chosen. progress: called with pictures done and to
    do. Returns the content, or Exported where there is an output. Raises ValueError for values
    that make no sense and for pictures that are too large for the target, ImportError where onnx
    is missing, OSError for files that cannot be read or written.
    """
    began = clock.perf_counter()
    target = _target(to, output)
    loop = Loop(steps, duration, turns)
    given = {
        **look,
        "seed": seed,
        "latent": latent,
        "size": size,
        "palette": palette,
    }
    light = _light(source)
    if light is not None:
        return _light_page(*light, target, output, given, began)
    others = None if seeds is None else _seed_names(seeds)
    if others is not None and target != "html":
        raise ValueError(f"seeds: {target} takes one picture; only html shows several")
    if others and source is None and seed is None:
        given["seed"], *others = others
    first = prepare(source, moving=True, **given)
    if first.drawn is None and others:
        raise ValueError("seeds: a field that is read from a file has no others to show beside it")
    content: str | bytes
    shown = [first.recipe.seed]
    if target == "html":
        others = _next_seeds(first) if others is None else others
        shown += [other for other in others if other != first.recipe.seed]
        content = _page(first, cast("list[str]", shown[1:]), loop, given, progress)
    else:
        content = _single(target, first, loop)
    if output is None:
        return content
    path = _path(output, stem_of(first), SUFFIXES[target])
    data = content.encode() if isinstance(content, str) else content
    with atomic_output(path) as temporary:
        temporary.write_bytes(data)
    return Exported(
        os.fspath(path),
        target,
        len(data),
        [seed for seed in shown if seed is not None],
        look_of(first),
        round(clock.perf_counter() - began, 3),
    )


def _light(source: Source | None) -> tuple[LightField, str] | None:
    """The field of light that a file holds, if it holds one, and its name."""
    if not isinstance(source, str | os.PathLike) or Path(source).suffix != ".safetensors":
        return None
    program, note = files.load(source)
    if note.get("task") != "scene":
        return None
    from cppnart.fields.radiance.kept import of_note

    return of_note(program, note), Path(source).stem


def _light_page(
    field: LightField,
    name: str,
    target: str,
    output: str | os.PathLike[str] | None,
    given: dict[str, Any],
    began: float,
) -> str | Exported:
    from cppnart.render.radiance.page import light_page

    if target != "html":
        raise ValueError(f"{target}: a field of light is exported to html; see also 'scene mesh'")
    if named := [name for name, value in given.items() if value is not None]:
        raise ValueError(f"{named[0]}: a field of light takes no options for pictures")
    content = light_page(field, name)
    if output is None:
        return content
    path = _path(output, name, SUFFIXES[target])
    with atomic_output(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
    seconds = round(clock.perf_counter() - began, 3)
    return Exported(os.fspath(path), target, len(content.encode()), [], "light", seconds)


def _target(to: str | None, output: str | os.PathLike[str] | None) -> str:
    if to is not None:
        name = str(to).strip().lower()
        if name not in SUFFIXES:
            raise unknown("target", to, SUFFIXES)
        return name
    names = ", ".join(SUFFIXES)
    if output is None or os.path.isdir(output):
        raise ValueError(f"to: say what to export to: {names}")
    for name, suffix in SUFFIXES.items():
        if os.fspath(output).lower().endswith(suffix):
            return name
    raise ValueError(
        f"{os.fspath(output)}: this suffix is of no target; expected one of"
        f" {', '.join(SUFFIXES.values())}, or say to which: {names}"
    )


def _single(target: str, prepared: Prepared, loop: Loop) -> str | bytes:
    if target == "onnx":
        from cppnart.render.export.onnx import model

        return model(prepared)
    if target == "program":
        from cppnart.render.export.program import program

        return program(prepared)
    if target in ("genome", "picbreeder"):
        genome = genome_of(prepared.recipe)
        if genome is None:
            raise ValueError(f"{target}: {prepared.recipe.style or 'a field'} has no genome")
        return to_xml(genome) if target == "picbreeder" else to_json(genome) + "\n"
    from cppnart.render.export import text

    return text.glsl(prepared) if target == "glsl" else text.shadertoy(prepared, loop)


def _page(
    first: Prepared,
    others: Sequence[str],
    loop: Loop,
    given: dict[str, Any],
    progress: Progress | None,
) -> str:
    from cppnart.render.export.html import page

    def pictures() -> Iterator[Prepared]:
        for done, seed in enumerate([None, *others]):
            yield first if seed is None else _another(first, seed, given)
            if progress is not None:
                progress(done + 1, len(others) + 1)

    return page(pictures(), loop)


def _another(first: Prepared, seed: str, given: dict[str, Any]) -> Prepared:
    """The same look from another seed, which draws whatever was not given for itself."""
    drawn = ("scale", "depth", "width", "activation", "symmetry", "palette")
    blank = {name: None for name in drawn if given.get(name) is None}
    blank.update(dict.fromkeys(("weights", "genome", "parents")))
    recipe = msgspec.structs.replace(first.recipe, seed=seed, latent=None, **blank)
    return prepare(recipe, moving=True)


def _next_seeds(first: Prepared) -> list[str]:
    """Seeds that follow a picture's own: the next numbers, or the same words with a number."""
    seed = first.recipe.seed
    if first.drawn is None or seed is None:
        return []
    numbers = range(1, MORE + 1)
    if re.fullmatch(r"-?\d+", seed):
        return [str(int(seed) + number) for number in numbers]
    if re.fullmatch(r"0x[0-9a-f]+", seed):
        return [f"{int(seed, 16) + number:#x}" for number in numbers]
    return [f"{seed[:250]} {number + 1}" for number in numbers]


def _seed_names(seeds: str | Iterable[str | int]) -> list[str]:
    words = seeds.split(",") if isinstance(seeds, str) else list(seeds)
    if not 1 <= len(words) <= MAX_PICTURES:
        raise ValueError(f"{len(words)} seeds: a page takes 1 to {MAX_PICTURES}")
    return [parse_seed(word) for word in words]


def _path(output: str | os.PathLike[str], stem: str, suffix: str) -> Path:
    """The file to write: the output itself, or a free name in it when it is a folder."""
    path = Path(output)
    if not path.is_dir():
        return path
    number = 1
    while (free := path / f"{stem}{f'-{number}' if number > 1 else ''}{suffix}").exists():
        number += 1
    return free
