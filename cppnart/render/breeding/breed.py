"""`breed`: children of pictures, with a sheet of them all."""

from __future__ import annotations

import os
import time as clock
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cppnart.cppn.genomes.parameters import INTERACTIVE, Parameters
from cppnart.cppn.seeds import parse_seed
from cppnart.render.prepare import Source, prepare
from cppnart.render.recipe import Recipe

from .children import children as bred
from .children import firsts, parent_of
from .pages import sheet_of, thumbnail, write, write_page

SIZE = 512
SHEET = "sheet.png"
THUMB = 256

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Bred:
    """What was written: the sheet, the pictures, and the ids of the parents."""

    path: str
    pictures: list[str]
    parents: list[str]
    seconds: float

    def __str__(self) -> str:
        return f"{len(self.pictures)} children, {self.seconds:.1f} s"


def breed(
    *parents: Source,
    children: int = 16,
    strength: float = 0.5,
    seed: str | int = 0,
    outputs: str | None = None,
    parameters: Parameters = INTERACTIVE,
    size: str | int = SIZE,
    output: str | os.PathLike[str] | None = None,
    device: str = "cpu",
    threads: int | None = None,
    progress: Progress | None = None,
    **look: Any,
) -> list[Recipe] | Bred:
    """Makes children of pictures: of one by mutation, of several by crossing and mutation.

    parents: seeds, pictures with their recipes, genomes (.json, Picbreeder's .xml or .zip) or
    fields (.safetensors); several must be genomes with the same outputs, or networks that differ
    in nothing but numbers. Without any, the children are genomes grown from nothing, and outputs
    says of which kind: palette, ink or hsb.

    children: how many. strength: of mutation, 0 to 1. seed: the same gives the same children.
    parameters: of genomes; see cppn/genomes/parameters.py. size and look (palette, finish, ...):
    as for render; what is given holds for all, and the rest is inherited.

    output: a folder, made if need be, for child-01.png, child-02.png, ... and sheet.png. progress:
    called with pictures done and to do. Returns the recipes, or Bred where there is an output.
    Raises ValueError for what makes no sense and OSError for files that cannot be read or written.
    """
    began = clock.perf_counter()
    parse_seed(seed)
    given = {name: value for name, value in look.items() if value is not None}
    if parents:
        if outputs is not None:
            raise ValueError(f"outputs {outputs!r}: children have those of their parents")
        chosen = [parent_of(source, **given, size=size) for source in parents]
        ids = [parent.id for parent in chosen]
        recipes = bred(
            chosen,
            children,
            seed=seed,
            strength=strength,
            parameters=parameters,
            palettes="palette" not in given,
        )
    else:
        ids = []
        if nothing := sorted(given.keys() - {"palette", "color", "finish"}):
            raise ValueError(
                f"{nothing[0]}: genomes that grow from nothing have none; name a parent, such as a"
                " seed"
            )
        recipes = firsts(children, seed=seed, outputs=outputs or "palette", parameters=parameters)
    dress = {} if parents else given  # children inherit what their parents were given
    ready = (prepare(recipe, **dress, size=size) for recipe in recipes)
    if output is None:
        return [prepared.recipe for prepared in ready]
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    names, thumbs = [], []
    for number, prepared in enumerate(ready, 1):
        path = folder / f"child-{number:02d}.png"
        write(prepared, path, device, threads)
        names.append(os.fspath(path))
        thumbs.append(thumbnail(prepared, THUMB, device, threads))
        if progress is not None:
            progress(number, children)
    page = sheet_of(thumbs, [Path(name).stem.removeprefix("child-") for name in names])
    path = folder / SHEET
    write_page(page, path)
    seconds = round(clock.perf_counter() - began, 3)
    return Bred(os.fspath(path), names, ids, seconds)
