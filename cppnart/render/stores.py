"""Pictures too large for one file, kept as tiles in a folder, and zarr, the first kind of them.

A picture is cut into boxes (x0, y0, x1, y1) counted from its own corner, in rows. Every box is
written whole or not at all, so that what is there after an interruption need not be made again.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np

from cppnart.fields.atomic import atomic_output
from cppnart.render.prepare import Prepared, prepare
from cppnart.render.recipe import parse_recipe
from cppnart.render.renderer import BAND, LEVELS, Clip, Rows, render_rows

TILE = 2048
"""Pixels a side of what is rendered at once: about a tenth of a second's work for one core."""
MAX_TILE = 16384
FACTS = (".zattrs", ".zarray", "cppnart.json")
"""The files of a store that say what it holds."""
MAX_FACTS = 64 << 20

Job: TypeAlias = tuple[int, Clip]
"""The level of a pyramid that a box lies in, and the box; the level is 0 where there is one."""


class Store(Protocol):
    """Where tiles go. It is sent to workers, so it holds plain values alone."""

    @property
    def path(self) -> str: ...

    def begin(self, recipe: str, overwrite: bool) -> None:
        """Makes the store, or finds that it can be continued; ValueError where it cannot."""

    def stages(self) -> Iterator[Iterable[Job]]:
        """All there is to do; the jobs of a stage need those of the stage before it."""

    def is_done(self, job: Job) -> bool: ...

    def run(self, job: Job, recipe: str) -> None:
        """Does a job, in any process that sees the store."""

    def finish(self) -> None:
        """What comes after the last job."""


@dataclass(frozen=True)
class ZarrStore:
    """An array (height, width, channels) in zarr's format 2, a chunk for each tile.

    Its attributes are `cppnart`, the recipe; `color_space`; and the names of its dimensions as
    xarray wants them. The type is uint8, uint16 or float32 as the recipe's bits say. zarr makes the
    array, but chunks are compressed and written here: that takes half of zarr's time, and zarr
    before 3.1.3 leaves a part of a chunk where a writer dies.
    """

    path: str
    width: int
    height: int
    channels: int
    bits: int
    tile: int

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(LEVELS[self.bits][1]).newbyteorder("<")

    def begin(self, recipe: str, overwrite: bool) -> None:
        claim(Path(self.path), lambda folder: self._create(folder, recipe), recipe, overwrite)

    def _create(self, folder: Path, recipe: str) -> None:
        zarr = import_extra("zarr")
        # Format 2, because all that read zarr read it; the argument was renamed in zarr 3.
        name = "zarr_version" if zarr.__version__.startswith("2.") else "zarr_format"
        array = zarr.open_array(
            str(folder),
            mode="w",
            shape=(self.height, self.width, self.channels),
            chunks=(self.tile, self.tile, self.channels),
            dtype=self.dtype.str,
            compressor=_codec(),
            fill_value=0,
            dimension_separator="/",
            **{name: 2},
        )
        array.attrs.update(
            {
                "cppnart": recipe,
                "color_space": "sRGB (IEC 61966-2-1), encoded; alpha, if any, is straight",
                "_ARRAY_DIMENSIONS": ["y", "x", "channel"],
            }
        )

    def stages(self) -> Iterator[Iterable[Job]]:
        yield ((0, box) for box in boxes(self.width, self.height, self.tile))

    def is_done(self, job: Job) -> bool:
        return os.path.exists(self._chunk(job))

    def run(self, job: Job, recipe: str) -> None:
        pixels = render_box(recipe, job[1])
        chunk = pixels.astype(self.dtype, copy=False)
        height, width = chunk.shape[:2]
        if (height, width) != (self.tile, self.tile):  # all chunks of a zarr array are whole
            chunk = np.pad(chunk, ((0, self.tile - height), (0, self.tile - width), (0, 0)))
        data = _codec().encode(chunk)
        path = self._chunk(job)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with atomic_output(path) as temporary:
            temporary.write_bytes(data)

    def _chunk(self, job: Job) -> str:
        _, (x, y, _, _) = job
        return os.path.join(self.path, f"{y // self.tile}/{x // self.tile}/0")

    def finish(self) -> None:
        sweep(Path(self.path), "*/*/.cppnart-*")


def _codec() -> Any:
    """How chunks are compressed; level 1 takes about as long as PNG, for smaller files."""
    return import_extra("numcodecs").Zstd(level=1)


def import_extra(name: str) -> Any:
    """A module of the extra `cluster`; ModuleNotFoundError says how to install it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        package = name.split(".")[0]
        raise ModuleNotFoundError(
            f"{package} is not installed: pip install 'cppnart[cluster]'"
        ) from None


def boxes(width: int, height: int, tile: int) -> Iterator[Clip]:
    """The tiles of a picture, row by row; those at the right and the bottom may be smaller."""
    for y in range(0, height, tile):
        for x in range(0, width, tile):
            yield (x, y, min(x + tile, width), min(y + tile, height))


def check_tile(tile: int) -> int:
    """A tile of whole blocks, so that no block is rendered twice."""
    if tile % BAND or not BAND <= tile <= MAX_TILE:
        raise ValueError(f"tile {tile}: expected a multiple of {BAND}, up to {MAX_TILE}")
    return tile


def render_box(recipe: str, box: Clip) -> Rows:
    """A box of the picture of a recipe, (h, w, channels), in one thread.

    The box is counted from the corner of the recipe's region. Its pixels are those that the whole
    picture has there, bit for bit.
    """
    prepared = _prepared(recipe)
    left, top, _, _ = prepared.settings().area
    x0, y0, x1, y1 = box
    clip = (left + x0, top + y0, left + x1, top + y1)
    settings = replace(prepared.settings(threads=1), clip=clip)
    return np.concatenate(list(render_rows(prepared.picture, settings)))


@lru_cache(maxsize=4)
def _prepared(recipe: str) -> Prepared:
    """Drawing a seed takes longer than a small tile, so a process keeps what it drew last."""
    return prepare(parse_recipe(recipe))


def claim(folder: Path, create: Callable[[Path], None], recipe: str, overwrite: bool) -> None:
    """Makes a store in a folder, or finds the same store there, to be continued.

    create: makes an empty store, whose facts are compared, the recipe first. Another store is
    replaced when overwrite says so, and refused with ValueError otherwise; what is no store of
    ours is never replaced.
    """
    check_folder(folder.parent)
    fresh = folder.with_name(f".cppnart-{secrets.token_hex(6)}")
    old = fresh.with_name(f"{fresh.name}-old")
    try:
        fresh.mkdir()
        create(fresh)
        if _is_empty(folder):
            folder.rmdir()
        elif folder.exists():
            kept = recipe_in(folder)
            if not overwrite:
                _check_same(folder, fresh, kept, recipe)
                return
            os.replace(folder, old)
        os.replace(fresh, folder)
    except OSError as error:
        if str(error.filename).startswith(str(fresh)):
            raise OSError(error.errno, error.strerror, str(folder)) from error
        raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, "the folder does not exist", str(folder))


def recipe_in(folder: Path) -> str:
    """The recipe of a store; ValueError where the folder is no store of ours."""
    for name in FACTS:
        recipe = (_facts(folder / name) or {}).get("cppnart")
        if isinstance(recipe, str):
            return recipe
    raise ValueError(f"{folder} is there already and holds no picture of cppnart: move it away")


def _check_same(folder: Path, fresh: Path, kept: str, recipe: str) -> None:
    parse_recipe(kept)
    _compare(f"{folder} holds another picture", json.loads(kept), json.loads(recipe))
    for name in FACTS:
        was, now = _facts(folder / name), _facts(fresh / name)
        _compare(f"{folder} holds this picture in another form", was or {}, now or {})


def _compare(trouble: str, was: dict[str, Any], now: dict[str, Any]) -> None:
    for name in sorted({*was, *now}, key=lambda name: (name not in ("seed", "size"), name)):
        if was.get(name) != now.get(name):
            raise ValueError(
                f"{trouble}: its {name} is {_short(was.get(name))}, not {_short(now.get(name))};"
                " choose another name, or overwrite it"
            )


def _short(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _facts(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file, None where there is none; anybody may have written it."""
    with suppress(OSError, ValueError, RecursionError):
        if path.stat().st_size <= MAX_FACTS:
            facts = json.loads(path.read_bytes())
            return facts if isinstance(facts, dict) else None
    return None


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def sweep(folder: Path, pattern: str) -> None:
    """Removes what workers that died had only begun to write."""
    for path in folder.glob(pattern):
        path.unlink(missing_ok=True)
