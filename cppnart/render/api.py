"""The functions that people call: render, sheet, styles, palettes, info."""

from __future__ import annotations

import errno
import os
import re
import time as clock
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from cppnart.cppn import styles as style_table
from cppnart.cppn.seeds import parse_seed
from cppnart.fields import files
from cppnart.fields.coordinates import SPACE
from cppnart.fields.families.choosing import is_family
from cppnart.fields.program import Program
from cppnart.render.finishes import FINISHES
from cppnart.render.formats import format_of
from cppnart.render.metadata import find_recipe
from cppnart.render.motion.film_recipe import FilmRecipe, film_recipe_text
from cppnart.render.palettes import PALETTES, Palette
from cppnart.render.prepare import FIELD_SUFFIX, Prepared, Source, prepare
from cppnart.render.recipe import genome_of, is_solid_recipe, recipe_text
from cppnart.render.renderer import render_rows
from cppnart.render.sheets import MAX_PICTURES, Sheet, columns_for, layout, page_size, swatch
from cppnart.render.sizes import Size, check_size
from cppnart.render.writers import open_picture

MAX_ARRAY_BYTES = 16 << 30

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Rendered:
    """What was written. evaluated: the share of the pixels at which the network was run, or None
    where that was not counted."""

    path: str
    width: int
    height: int
    seed: str | None
    style: str | None
    palette: str
    finish: str
    seconds: float
    evaluated: float | None

    def __str__(self) -> str:
        what = [f"{self.width}x{self.height}"]
        what += [self.style, f"palette {self.palette}"] if self.style else ["field"]
        if self.finish != "plain":
            what.append(self.finish)
        return ", ".join([*what, f"{self.seconds:.2f} s"])


def render(
    source: Source | None = None,
    *,
    seed: str | int | None = None,
    style: str | None = None,
    latent: Sequence[float] | None = None,
    scale: float | None = None,
    depth: int | None = None,
    width: int | None = None,
    activation: str | None = None,
    symmetry: int | None = None,
    time: float | None = None,
    color: str | None = None,
    palette: str | Sequence[str] | Palette | None = None,
    finish: str | None = None,
    transparent: bool | None = None,
    size: str | int | None = None,
    center: tuple[float, float] | None = None,
    zoom: float | None = None,
    rotate: float | None = None,
    region: tuple[int, int, int, int] | None = None,
    samples: int | None = None,
    bits: int | None = None,
    dither: bool | None = None,
    exact: bool | None = None,
    dpi: float | None = None,
    convention: str | None = None,
    output: str | os.PathLike[str] | None = None,
    small: bool = False,
    dask: str | None = None,
    overwrite: bool = False,
    device: str = "cpu",
    threads: int | None = None,
    progress: Progress | None = None,
) -> NDArray[Any] | Rendered:
    """Renders a picture: an array, or a file when there is an output.

    source: a seed, a picture that carries its recipe, a recipe, a field (.safetensors), or a genome
    (.json, or Picbreeder's .xml or .zip); what is not given here stays as the recipe says, and is
    else the default of the style.

    seed: an integer, a word, or a 0x hash. style: a name; see styles(). latent: numbers in place
    of the seed's own. scale, depth, width, activation, symmetry: options of the style. time: of a
    style that moves; 1 is a whole round. color: palette, rgb, hsv, oklab, oklch or mono. palette:
    a name, "random", "cosine", hex colours, or a picture to take them from. finish: see
    finishes.FINISHES, several joined by +. transparent: keep the alpha of a style that has it.

    size: 1024, "3840x2160", "A3@300dpi"; one number is the side of a square, and the longer side of
    a field that was fitted to a picture, whose shape is the default. center, zoom, rotate
    (degrees): the view. region: X, Y, width and height, in pixels of the full picture, of the part
    to render. samples: a pixel, for antialiasing; by default 4, and 1 from 64 megapixels on. bits:
    8 or 16 a channel, or 32 for fractions in float32. dither: against banding, at 8 bits. exact:
    run the network at every pixel. dpi: for printing. convention: of the coordinates of a genome,
    centers or endpoints.

    output: a file, whose suffix is its format, or a folder, where a name is chosen. A name.zarr or
    name.dzi is rendered in tiles on a dask cluster: dask is the address of its scheduler, None or
    "local" for workers on this machine; an interrupted one is continued, another picture only
    replaced with overwrite (see cluster.py). small: a smaller file, more slowly. device: cpu, or
    cuda or mps through torch. threads: one a core when None. progress: called with pixels done and
    to do.

    Returns (H, W, channels) uint8, uint16 or float32, sRGB-encoded, 3 channels or 4 with alpha; or
    a Rendered. Raises ValueError for values that make no sense and OSError for files that cannot
    be read or written.
    """
    given: dict[str, Any] = {
        "seed": seed,
        "style": style,
        "latent": latent,
        "scale": scale,
        "depth": depth,
        "width": width,
        "activation": activation,
        "symmetry": symmetry,
        "time": time,
        "color": color,
        "finish": finish,
        "transparent": transparent,
        "size": size,
        "center": center,
        "zoom": zoom,
        "rotate": rotate,
        "region": region,
        "samples": samples,
        "bits": bits,
        "dither": dither,
        "exact": exact,
        "dpi": dpi,
    }
    began = clock.perf_counter()
    prepared = prepare(source, palette=palette, convention=convention, **given)
    if dask is not None or os.fspath(output or "").lower().endswith((".zarr", ".dzi")):
        return _on_cluster(prepared, output, dask, overwrite, progress)
    recipe, channels = prepared.recipe, len(prepared.picture.colour.outputs)
    settings = prepared.settings(device, threads)
    x0, y0, x1, y1 = settings.area
    strides = np.zeros(4, np.int64)

    def rows() -> Iterable[NDArray[Any]]:
        done = 0
        for band in render_rows(prepared.picture, settings, strides):
            yield band
            done += len(band) * (x1 - x0)
            if progress is not None:
                progress(done, (x1 - x0) * (y1 - y0))

    if output is None:
        _check_memory(x1 - x0, y1 - y0, channels, recipe.bits)
        return np.concatenate(list(rows()))
    path = _chosen_name(output, prepared)
    with open_picture(
        path,
        width=x1 - x0,
        height=y1 - y0,
        channels=channels,
        bits=recipe.bits,
        dpi=prepared.size.dpi,
        recipe=recipe_text(recipe),
        small=small,
        threads=threads,
    ) as writer:
        for band in rows():
            writer.write(band)
    return Rendered(
        os.fspath(path),
        x1 - x0,
        y1 - y0,
        recipe.seed,
        recipe.style,
        prepared.palette.name,
        recipe.finish or "plain",
        round(clock.perf_counter() - began, 3),
        _share(strides),
    )


def _on_cluster(
    prepared: Prepared,
    output: str | os.PathLike[str] | None,
    dask: str | None,
    overwrite: bool,
    progress: Progress | None,
) -> Rendered:
    from cppnart.render.cluster import render_on_cluster

    if output is None:
        raise ValueError("dask: expected an output that ends in .zarr or .dzi")
    address = None if dask == "local" else dask
    return render_on_cluster(prepared, output, dask=address, overwrite=overwrite, progress=progress)


def _check_memory(width: int, height: int, channels: int, bits: int) -> None:
    size = Size(width, height)
    check_size(size, channels=channels, bits=bits, path="array.npy", free=MAX_ARRAY_BYTES)


def _share(strides: NDArray[np.int64]) -> float | None:
    """The share of pixels at which the field was evaluated, from the strides of blocks."""
    if not strides.sum():
        return None
    cost = np.array([1 / 64, 1 / 16, 1 / 4, 1.0])
    return round(float((strides * cost).sum() / strides.sum()), 4)


def _chosen_name(output: str | os.PathLike[str], prepared: Prepared) -> Path:
    """The file to write: the output itself, or a free name in it when it is a folder."""
    path = Path(output)
    if not path.is_dir():
        format_of(path)
        return path
    recipe = prepared.recipe
    kind = "genome" if recipe.genome else "field"
    what = re.sub(r"[^A-Za-z0-9-]+", "-", recipe.seed or kind).strip("-")[:40] or "seed"
    stem = f"cppnart-{recipe.style}-{what}" if recipe.style else f"cppnart-{what}"
    return _free_name(path, stem)


def _free_name(folder: Path, stem: str) -> Path:
    """A .png in the folder that is not there yet."""
    number = 1
    while (path := folder / f"{stem}{f'-{number}' if number > 1 else ''}.png").exists():
        number += 1
    return path


def sheet(
    *,
    seeds: str | Iterable[str | int] | None = None,
    styles: str | Sequence[str] | None = None,
    columns: int | None = None,
    thumb: int = 256,
    labels: bool = True,
    output: str | os.PathLike[str] | None = None,
    device: str = "cpu",
    threads: int | None = None,
    progress: Progress | None = None,
    **look: Any,
) -> NDArray[np.uint8] | Sheet:
    """Renders a contact sheet: every seed in every style, each small picture labelled.

    seeds: "0:24" (0 to 23), "1,2,quiet", or a list; 24 of them by default, 4 for several styles.
    styles: a name, several with commas or in a list, or "all". thumb: side of a picture in pixels.
    look: style, palette, color, finish and the options of styles, as for render. progress: called
    with pictures done and to do. Returns the page (H, W, 3) uint8, or a Sheet when it is written.
    """
    began = clock.perf_counter()
    names = _style_names(styles, look.pop("style", None))
    several = len(names) > 1
    chosen = seed_names(seeds if seeds is not None else ("0:4" if several else "0:24"))
    if not 16 <= thumb <= 4096:
        raise ValueError(f"thumb {thumb}: expected 16 to 4096 pixels")
    if columns is not None and not 1 <= columns <= MAX_PICTURES:
        raise ValueError(f"columns {columns}: expected 1 to {MAX_PICTURES}")
    cells = [(name, seed) for name in names for seed in chosen]
    if len(cells) > MAX_PICTURES:
        raise ValueError(f"{len(cells)} pictures: a sheet takes at most {MAX_PICTURES}")
    across = columns or (len(chosen) if several and len(chosen) <= 16 else columns_for(len(cells)))
    across = min(across, len(cells))
    width, height = page_size(len(cells), thumb, thumb, across, labels)
    _check_memory(width, height, 3, 8)
    path = None if output is None else _page_name(output, "sheet")
    pictures: list[NDArray[np.uint8]] = []
    for name, seed in cells:
        picture = render(
            seed=seed, style=name, size=thumb, samples=4, device=device, threads=threads, **look
        )
        pictures.append(cast("NDArray[np.uint8]", picture))
        if progress is not None:
            progress(len(pictures), len(cells))
    texts = [f"{name or style_table.DEFAULT} {seed}" if several else seed for name, seed in cells]
    page = layout(pictures, texts if labels else None, across)
    return page if path is None else _write_page(page, path, len(cells), began)


def styles(*, output: str | os.PathLike[str] | None = None) -> dict[str, str] | Sheet:
    """The styles, name and one line each; or a picture of all of them, when there is an output."""
    if output is None:
        return {name: style_table.get(name).description for name in style_table.names()}
    return _drawn(output, "styles", {name: {"style": name} for name in style_table.names()})


def palettes(*, output: str | os.PathLike[str] | None = None) -> dict[str, str] | Sheet:
    """The palettes, name and one line each; or a picture of all of them, for an output."""
    if output is None:
        return {name: palette.description for name, palette in PALETTES.items()}
    began = clock.perf_counter()
    path = _page_name(output, "palettes")
    page = layout([swatch(p, 320, 80) for p in PALETTES.values()], list(PALETTES), 4)
    return _write_page(page, path, len(PALETTES), began)


def finishes(*, output: str | os.PathLike[str] | None = None) -> dict[str, str] | Sheet:
    """The finishes, name and one line each; or a picture of all of them, for an output."""
    if output is None:
        return {name: finish.description for name, finish in FINISHES.items()}
    return _drawn(output, "finishes", {name: {"finish": name} for name in FINISHES})


def info(source: str | int | os.PathLike[str]) -> dict[str, Any]:
    """What a seed, a picture or a film with a recipe, or a field is: its traits, its program, its
    recipe."""
    if not isinstance(source, int) and os.path.exists(source):
        from cppnart.render.motion.plan import film_of, is_film

        if (solid := _solid_words(source)) is not None:
            return _about_solid(source, solid)
        if is_film(source):
            return _about_film(source, film_of(source))
        if os.fspath(source).lower().endswith(FIELD_SUFFIX):
            if is_family(source):
                return _about_family(source)
            program, note = files.load(source)
            if note.get("task") == "audio":
                return _about_sound(source, program, note)
            if program.inputs == SPACE or note.get("task") == "scene":
                return _about_space(source, program, note)
    prepared = prepare(source)
    recipe, drawn = prepared.recipe, prepared.drawn
    program = drawn.program if drawn else prepared.picture.field
    facts: dict[str, Any] = {"source": os.fspath(source) if not isinstance(source, int) else source}
    facts["kind"] = "genome" if recipe.genome else f"seed {recipe.seed}" if drawn else "field"
    if drawn:
        facts["traits"] = {
            **drawn.traits,
            "palette": prepared.palette.name,
            "finish": recipe.finish,
        }
        facts["latent"] = [round(float(number), 4) for number in drawn.latent]
    facts["program"] = _about_program(program)
    facts["recipe"] = _shortened(msgspec.json.decode(recipe_text(recipe)))
    if (genome := genome_of(recipe)) is not None:
        facts["recipe"]["genome"] = str(genome)
    return facts


def _shortened(recipe: dict[str, Any]) -> dict[str, Any]:
    """A recipe to be looked at, without what only programs read."""
    packed = {name for name in ("field", "photograph", "weights") if recipe.get(name)}
    return {**recipe, **{name: f"{len(recipe[name])} characters" for name in packed}}


def _about_program(program: Program) -> dict[str, Any]:
    return {
        "inputs": list(program.input_names),
        "outputs": list(program.output_names),
        "operations": len(program.operations),
        "parameters": program.parameters,
    }


def _about_sound(
    source: str | os.PathLike[str], program: Program, note: dict[str, Any]
) -> dict[str, Any]:
    from cppnart.fields.sample_audio import SoundField

    sound = SoundField.of(program, note, os.fspath(source))
    return {
        "source": os.fspath(source),
        "kind": "field of a sound",
        "seconds": round(sound.seconds, 3),
        "rate": sound.rate,
        "channels": list(program.output_names),
        "fit": {name: note[name] for name in ("method", "scores") if name in note},
        "program": _about_program(program),
    }


def _about_space(
    source: str | os.PathLike[str], program: Program, note: dict[str, Any]
) -> dict[str, Any]:
    solid = {"occupancy", "distance"} & set(program.output_names)
    what = (
        "a solid" if solid else "light" if "density" in program.output_names else "colours in space"
    )
    kept = ("seed", "form", "task", "scene", "as", "method", "scores", "place")
    return {
        "source": os.fspath(source),
        "kind": f"field of {what}",
        "made": {name: note[name] for name in kept if name in note},
        "program": _about_program(program),
    }


def _about_family(source: str | os.PathLike[str]) -> dict[str, Any]:
    from cppnart.fields.families.family import load_family

    family = load_family(source)
    return {
        "source": os.fspath(source),
        "kind": "family of shapes",
        "method": family.model.method,
        "reads": family.reads,
        "members": list(family.names),
        "made": dict(family.note),
        "program": _about_program(family.program),
    }


def _solid_words(source: str | os.PathLike[str]) -> str | None:
    """The recipe of a file, if that is of a solid."""
    try:
        words = find_recipe(source)
    except ValueError:  # no picture: what it is comes out below
        return None
    return words if words is not None and is_solid_recipe(words) else None


def _about_solid(source: str | os.PathLike[str], words: str) -> dict[str, Any]:
    from cppnart.render.solids.recipe import parse_solid_recipe, summary

    recipe = parse_solid_recipe(words)
    kind = "film of a solid" if recipe.moves else "picture of a solid"
    return {"source": os.fspath(source), "kind": kind, "recipe": summary(recipe)}


def _about_film(source: str | os.PathLike[str], film: FilmRecipe) -> dict[str, Any]:
    keys = [f"{key.style or 'field'} {key.seed or ''}".strip() for key in film.keys]
    recipe = msgspec.json.decode(film_recipe_text(film))
    return {
        "source": os.fspath(source),
        "kind": "film",
        "frames": film.frames,
        "fps": film.fps,
        "seconds": round(film.frames / film.fps, 3),
        "size": film.keys[0].size,
        "keys": keys,
        "recipe": {**recipe, "keys": [_shortened(key) for key in recipe["keys"]]},
    }


def _drawn(output: str | os.PathLike[str], what: str, looks: dict[str, dict[str, Any]]) -> Sheet:
    """One labelled picture of seed 42 for each name and look."""
    began = clock.perf_counter()
    path = _page_name(output, what)
    pictures = [render(seed=42, size=256, samples=4, **look) for look in looks.values()]
    page = layout(cast("list[NDArray[np.uint8]]", pictures), list(looks), columns_for(len(looks)))
    return _write_page(page, path, len(looks), began)


def _style_names(styles: str | Sequence[str] | None, style: str | None) -> list[str | None]:
    if styles is None:
        return [style]
    if isinstance(styles, str):
        if styles.strip().lower() == "all":
            return list(style_table.names())
        styles = [name for name in re.split(r"[,\s]+", styles) if name]
    if not styles:
        raise ValueError("styles: expected names with commas between them, or all")
    return [style_table.get(name).name for name in styles]


def seed_names(seeds: str | Iterable[str | int]) -> list[str]:
    if not isinstance(seeds, str):
        found = [parse_seed(seed) for seed in seeds]
    elif span := re.fullmatch(r"\s*([+-]?\d{1,256}):([+-]?\d{1,256})\s*", seeds):
        first, end = int(span[1]), int(span[2])
        if not first < end <= first + MAX_PICTURES:
            raise ValueError(
                f"seeds {seeds[:60]!r}: expected FIRST:END with 1 to {MAX_PICTURES} seeds"
            )
        found = [str(number) for number in range(first, end)]
    else:
        found = [parse_seed(seed) for seed in seeds.split(",")]
    if not found:
        raise ValueError("seeds: expected a range such as 0:24, or seeds with commas between them")
    return found


def _page_name(output: str | os.PathLike[str], name: str) -> Path:
    """The file for a page, checked before all its pictures are rendered."""
    path = Path(output)
    if path.is_dir():
        return _free_name(path, f"cppnart-{name}")
    format_of(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "the folder does not exist", str(path.parent))
    return path


def _write_page(page: NDArray[np.uint8], path: Path, pictures: int, began: float) -> Sheet:
    height, width = page.shape[:2]
    with open_picture(path, width=width, height=height, channels=3) as writer:
        writer.write(page)
    seconds = round(clock.perf_counter() - began, 3)
    return Sheet(os.fspath(path), width, height, pictures, seconds)
