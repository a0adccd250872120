"""upscale: a photograph becomes a field, and a picture of any size."""

from __future__ import annotations

import math
import os
import time as clock
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from cppnart.fields import files as field_files
from cppnart.fields import kernel, numpy_backend
from cppnart.fields.pictures import read_levels
from cppnart.fields.program import MAX_PARAMETERS, Program
from cppnart.fields.upscaling.light import SMALLEST_CELL, Light
from cppnart.fields.upscaling.models import Upscaler, load_upscaler
from cppnart.fields.upscaling.task import shrunk
from cppnart.render.photographs import packed
from cppnart.render.prepare import FIELD_SUFFIX
from cppnart.render.sizes import Size, check_size, parse_size
from cppnart.render.writers import open_picture

Rows = NDArray[Any]
Progress = Callable[[int, int], None]

FACTOR = 4.0
TILE = 512
"""Side of what the encoder reads at once, in pixels of the small picture, without its border."""
STRIP = 1 << 22
"""Pixels of the large picture in memory at once."""
POINTS = 1 << 14
"""Decoded at once by torch."""


@dataclass(frozen=True)
class Upscaled:
    """What was written."""

    path: str
    width: int
    height: int
    factor: float
    seconds: float
    remark: str | None

    def __str__(self) -> str:
        remark = f"; {self.remark}" if self.remark else ""
        return f"{self.width}x{self.height}, x{self.factor:.3g}, {self.seconds:.2f} s{remark}"


@dataclass(frozen=True)
class _Plan:
    """What is to be made of which pixels (h, w, channels), in [0, 1].

    factor: of the sides, in the mean. shrunk: whether a side became shorter, which the pixels then
    are already.
    """

    pixels: NDArray[np.float32]
    width: int
    height: int
    box: tuple[int, int, int, int]
    """Of the large picture: left, top, right, bottom."""
    factor: float
    shrunk: bool

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels of the small picture in one of the large, across and down."""
        height, width, _ = self.pixels.shape
        return width / self.width, height / self.height

    @property
    def cell(self) -> float:
        """The side of a pixel of the large picture, in the mean, in those of the small one."""
        return math.sqrt(math.prod(self.scale))

    @property
    def finished(self) -> bool:
        return self.shrunk and self.pixels.shape[:2] == (self.height, self.width)


def upscale(
    source: str | os.PathLike[str] | NDArray[Any],
    *,
    scale: float | None = None,
    size: str | int | None = None,
    region: tuple[int, int, int, int] | None = None,
    model: str | os.PathLike[str] | None = None,
    bits: int | None = None,
    output: str | os.PathLike[str] | None = None,
    device: str = "cpu",
    threads: int | None = None,
    progress: Progress | None = None,
) -> Rows | Upscaled:
    """Makes a photograph larger, by any factor.

    source: a picture file, or (H, W, 1, 3 or 4) uint8 or uint16. scale: the factor, 4 if there is
    no size either; below 1 the picture is shrunk by a cubic filter, and no network is asked. size:
    "8000x6000", of any shape, or the longer side. region: x, y, width, height, in pixels of the
    large picture, of the part to make. model: an upscaler of ``fit upscaler``, or a checkpoint of
    LIIF (.pth); by default the one that comes with the package. bits: 8 or 16; by default as the
    source has them.

    output: a picture file; or a .safetensors file, which is then a field that renders and moves.
    device, threads, progress: as for render. Memory holds the small picture, what the network made
    of a band of it, and a strip of the large one.

    Returns (H, W, channels) uint8 or uint16, or an Upscaled where there is an output. Raises
    ValueError for what makes no sense and OSError for files that cannot be read or written.
    """
    began = clock.perf_counter()
    pixels = _pixels(source)
    deep = pixels.dtype == np.uint16 if bits is None else bits == 16
    if bits not in (None, 8, 16):
        raise ValueError(f"bits {bits}: expected 8 or 16")
    plan = _plan(pixels, scale, size, region)
    channels = pixels.shape[2]
    left, top, right, bottom = plan.box
    width, height = right - left, bottom - top
    network = _model(model).to(device)
    if output is not None and Path(output).suffix == FIELD_SUFFIX:
        program = photograph_field(network, plan.pixels, plan.cell)
        note: dict[str, Any] = {"task": "upscale", "size": [plan.width, plan.height]}
        if model is None:  # whoever has the package has its upscaler: pixels say it all
            levels = (plan.pixels[..., :3] * 255 + 0.5).astype(np.uint8)
            note["photograph"] = packed(Image.fromarray(levels.repeat(3 // levels.shape[2], 2)))
        field_files.save(output, program, note)
        return _upscaled(output, plan, plan.width, plan.height, began)
    check_size(
        Size(width, height),
        channels=channels,
        bits=16 if deep else 8,
        path="array.npy" if output is None else output,
    )

    def rows() -> Iterator[Rows]:
        done = 0
        for band in _bands(network, plan, device, threads or os.cpu_count() or 1):
            most = 65535 if deep else 255
            yield (band * most + 0.5).astype(np.uint16 if deep else np.uint8)
            done += len(band)
            if progress is not None:
                progress(done * width, height * width)

    if output is None:
        return np.concatenate(list(rows()))
    with open_picture(
        output, width=width, height=height, channels=channels, bits=16 if deep else 8
    ) as writer:
        for band in rows():
            writer.write(band)
    return _upscaled(output, plan, width, height, began)


def photograph_field(model: Upscaler, pixels: NDArray[np.float32], cell: float) -> Program:
    """The field of a photograph (h, w, channels) in [0, 1]; cell: the side of the pixels that it
    is to be seen with, in its own."""
    height, width, channels = pixels.shape
    if not isinstance(model, Light):
        raise ValueError("a field is made by a light upscaler, not by one of LIIF")
    if channels == 4 and (pixels[..., 3] < 1).any():
        raise ValueError("a field of a photograph has no transparency: write a picture")
    encoded = model.spec["codes"] + 3
    if height * width * encoded > MAX_PARAMETERS:
        most = math.isqrt(MAX_PARAMETERS // encoded)
        raise ValueError(f"a field of {width}x{height} pixels: expected at most {most}x{most}")
    made = torch.empty(encoded, height, width)
    with torch.no_grad():
        for y0, y1 in _pieces(height, 1.0, 0, height):
            for x0, x1 in _pieces(width, 1.0, 0, width):
                box = _with_border(model, (x0, y0, x1, y1), width, height)
                left, top = box[:2]
                piece = _encoded(model, pixels, box)[0]
                made[:, y0:y1, x0:x1] = piece[:, y0 - top : y1 - top, x0 - left : x1 - left]
    return model.program(made, cell, (width / 2, height / 2), 2 / min(width, height))


def finest_field(pixels: NDArray[np.uint8]) -> Program:
    """The field that the upscaler of the package makes of (H, W, 3), for views at any zoom."""
    return photograph_field(_model(None), _levels(pixels), SMALLEST_CELL)


def _pixels(source: str | os.PathLike[str] | NDArray[Any]) -> NDArray[Any]:
    if isinstance(source, str | os.PathLike):
        return read_levels(source)[0]
    if source.ndim != 3 or source.shape[2] not in (1, 3, 4) or not source.size:
        raise ValueError(f"pixels of shape {source.shape}: expected (H, W, 1, 3 or 4)")
    if source.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"pixels of {source.dtype}: expected uint8 or uint16")
    return source


def _plan(
    pixels: NDArray[Any],
    scale: float | None,
    size: str | int | None,
    region: tuple[int, int, int, int] | None,
) -> _Plan:
    height, width, _ = pixels.shape
    if size is not None and scale is not None:
        raise ValueError("give a scale or a size, not both")
    if size is not None:
        wanted = parse_size(str(size))
        if str(size).strip().isdigit():
            factor = wanted.width / max(width, height)
            wanted = Size(max(1, round(width * factor)), max(1, round(height * factor)))
    else:
        factor = FACTOR if scale is None else scale
        if not (math.isfinite(factor) and factor > 0):
            raise ValueError(f"scale {factor:g}: expected a number above 0, as 4 or 2.5")
        wanted = Size(max(1, round(width * factor)), max(1, round(height * factor)))
    x, y, w, h = region or (0, 0, wanted.width, wanted.height)
    inside = x >= 0 and y >= 0 and x + w <= wanted.width and y + h <= wanted.height
    if not (inside and w >= 1 and h >= 1):
        raise ValueError(f"region {x},{y},{w},{h}: expected a part of the picture, {wanted}")
    factor = math.sqrt(wanted.width / width * wanted.height / height)
    levels = _levels(pixels)
    rows, columns = min(height, wanted.height), min(width, wanted.width)
    less = (rows, columns) != (height, width)
    if less:  # antialiased, which a field seen at points is not
        whole = torch.from_numpy(levels).permute(2, 0, 1)[None]
        levels = shrunk(whole, rows, columns)[0].permute(1, 2, 0).numpy()
    return _Plan(levels, wanted.width, wanted.height, (x, y, x + w, y + h), factor, less)


def _levels(pixels: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max))


def _model(path: str | os.PathLike[str] | None) -> Upscaler:
    if path is not None:
        return load_upscaler(path)
    with as_file(files("cppnart.fields.upscaling") / "small.safetensors") as own:
        return load_upscaler(own)


def _upscaled(
    output: str | os.PathLike[str], plan: _Plan, width: int, height: int, began: float
) -> Upscaled:
    sides = "" if plan.finished else "one side "
    remark = f"{sides}shrunk by a cubic filter" if plan.shrunk else None
    seconds = round(clock.perf_counter() - began, 3)
    return Upscaled(os.fspath(output), width, height, round(plan.factor, 4), seconds, remark)


# --- Bands of the large picture ---


def _bands(model: Upscaler, plan: _Plan, device: str, threads: int) -> Iterator[Rows]:
    """From top to bottom (h, W, channels) in [0, 1]: strips of what a row of tiles becomes."""
    left, top, right, bottom = plan.box
    if plan.finished:
        yield plan.pixels[top:bottom, left:right]
        return
    across, down = plan.scale
    height, width, _ = plan.pixels.shape
    rows = max(1, STRIP // (right - left))
    for y0, y1 in _pieces(height, down, top, bottom):
        tiles = [
            _Tile(model, plan, (x0, y0, x1, y1), device, threads)
            for x0, x1 in _pieces(width, across, left, right)
        ]
        for begin in range(y0, y1, rows):
            end = min(begin + rows, y1)
            yield np.concatenate([tile.colours(begin, end) for tile in tiles], 1).clip(0, 1)


def _pieces(count: int, scale: float, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Spans of the large picture, from ``first`` to ``last``, that lie in one tile each."""
    tiles = max(1, math.ceil(count / TILE))
    for number in range(tiles):
        begin, end = (math.ceil(count * n / tiles / scale - 0.5) for n in (number, number + 1))
        begin, end = max(begin, first), min(end, last)
        if begin < end:
            yield begin, end


class _Tile:
    """A part of the large picture, x0, y0, x1, y1, and what the network made of what it shows."""

    @torch.no_grad()
    def __init__(
        self,
        model: Upscaler,
        plan: _Plan,
        part: tuple[int, int, int, int],
        device: str,
        threads: int,
    ) -> None:
        x0, y0, x1, y1 = part
        self.model, self.plan, self.threads = model, plan, threads
        height, width, _ = plan.pixels.shape
        across, down = plan.scale
        seen = (
            int((x0 + 0.5) * across),
            int((y0 + 0.5) * down),
            int((x1 - 0.5) * across) + 1,
            int((y1 - 0.5) * down) + 1,
        )
        left, self.top, right, bottom = _with_border(model, seen, width, height)
        self.xs = (np.arange(x0, x1) + 0.5) * across - left
        self.encoded = _encoded(model, plan.pixels, (left, self.top, right, bottom))
        self.program = None
        if isinstance(model, Light) and device == "cpu":
            self.program = model.program(self.encoded[0], plan.cell, (0.0, 0.0), 1.0)
        self.alpha = torch.from_numpy(plan.pixels[self.top : bottom, left:right, 3:])

    @torch.no_grad()
    def colours(self, begin: int, end: int) -> NDArray[np.float32]:
        """Of these rows of the large picture: (rows, x1 - x0, channels)."""
        ys = (np.arange(begin, end) + 0.5) * self.plan.scale[1] - self.top
        if self.program is not None:
            colours = _evaluated(self.program, self.xs, ys, self.threads)
        else:
            colours = _decoded(self.model, self.encoded, self.xs, ys, self.plan.cell)
        channels = self.plan.pixels.shape[2]
        if channels == 1:
            return np.asarray(colours.mean(2, keepdims=True))
        if channels == 3:
            return colours
        return np.concatenate([colours, _cubic(self.alpha, self.xs, ys)], 2)


def _with_border(
    model: Upscaler, box: tuple[int, int, int, int], width: int, height: int
) -> tuple[int, int, int, int]:
    """A part of the small picture, and around it what its field depends on."""
    border = model.reach + 2
    x0, y0, x1, y1 = box
    return (
        max(0, x0 - border),
        max(0, y0 - border),
        min(width, x1 + border),
        min(height, y1 + border),
    )


def _encoded(
    model: Upscaler, pixels: NDArray[np.float32], box: tuple[int, int, int, int]
) -> Tensor:
    piece = torch.from_numpy(pixels[box[1] : box[3], box[0] : box[2], :3]).permute(2, 0, 1)
    device = next(model.parameters()).device
    return model.encode(piece.expand(3, -1, -1)[None].to(device))


def _evaluated(
    program: Program, xs: NDArray[Any], ys: NDArray[Any], threads: int
) -> NDArray[np.float32]:
    x, y = np.meshgrid(xs.astype(np.float32), ys.astype(np.float32))
    points = {"x": x.ravel(), "y": y.ravel()}
    if kernel.function() is not None:
        values = kernel.evaluate(program, points, threads)
    else:
        values = numpy_backend.evaluate(program, points, np.float32, threads)
    return np.asarray(values.reshape(len(ys), len(xs), 3))


def _decoded(
    model: Upscaler,
    encoded: Tensor,
    xs: NDArray[Any],
    ys: NDArray[Any],
    cell: float,
) -> NDArray[np.float32]:
    y, x = torch.meshgrid(torch.from_numpy(ys), torch.from_numpy(xs), indexing="ij")
    points = torch.stack([x, y], 2).float().view(1, -1, 2)
    side = torch.tensor([cell], device=encoded.device)
    made = [
        model.decode(encoded, part.to(encoded.device), side).cpu()
        for part in points.split(POINTS, 1)
    ]
    return np.asarray(torch.cat(made, 1).view(len(ys), len(xs), 3))


def _cubic(piece: Tensor, xs: NDArray[Any], ys: NDArray[Any]) -> NDArray[np.float32]:
    """A channel (h, w, 1) between its pixels, without a network."""
    height, width, _ = piece.shape
    y, x = torch.meshgrid(torch.from_numpy(ys), torch.from_numpy(xs), indexing="ij")
    points = torch.stack([2 * x / width - 1, 2 * y / height - 1], 2).float()[None]
    found = functional.grid_sample(
        piece.permute(2, 0, 1)[None],
        points,
        mode="bicubic",
        padding_mode="border",
        align_corners=False,
    )
    return np.asarray(found[0].permute(1, 2, 0))
