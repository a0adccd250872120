"""Pictures by blocks, on the CPU kernel: what blocks_code.py needs to be called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..fields import machine_code
from ..fields.coordinates import Geometry
from ..fields.kernel import SOURCES, TILE, Compiled, aligned, arguments_of, compile_program
from ..fields.program import Builder, Program
from .picture import Picture

BLOCK = 64
"""Pixels a side of the blocks that are rendered adaptively, aligned to the full picture."""
SEGMENT = 8
"""Blocks side by side that share one coarse grid."""
PART = 16
"""Pixels a side of the parts of a block that choose their stride."""
PARTS = (BLOCK // PART) ** 2
STRIDES = (8, 4, 2, 1)
"""Pixels between the samples of the field, from the first tried to every pixel."""
RINGED = (BLOCK // STRIDES[0] + 2) * (SEGMENT * BLOCK // STRIDES[0] + 2)
"""Cells of a segment's coarse grid and of the ring round it."""
CHECKS = max(RINGED, (BLOCK // STRIDES[-2] + 2) ** 2)
"""The most points at which interpolation is checked at once."""


def work_size(fields: int, channels: int) -> int:
    """How many numbers of workspace render_band lays out, and some to spare."""
    cells = BLOCK // STRIDES[0]
    coarse = (cells + 3) * (SEGMENT * cells + 3)
    finer = sum(PARTS * (PART // stride + 3) ** 2 for stride in STRIDES[1:-1])
    of_fields = coarse + 2 * CHECKS + finer + 2 * BLOCK**2
    of_channels = 2 * CHECKS + BLOCK**2
    return fields * of_fields + channels * of_channels + 2 * BLOCK**2 + 3 * CHECKS + 8192


def _with_inputs(program: Program, *names: str) -> Program:
    """The program with exactly these inputs, in this order, each one value."""
    if program.inputs == tuple((name, 1) for name in names):
        return program
    b = Builder(**dict.fromkeys(names, 1))
    return b.build(**b.include(program))


@dataclass(frozen=True)
class Prepared:
    """A picture laid out for the kernel."""

    field: Compiled
    colour: Compiled
    placed: bool
    """Whether the colouring reads x, y or the pixel size."""
    edge: NDArray[np.int64]
    """Numbers of the field's outputs value, value_dx, value_dy; -1 where there are no edges."""

    @property
    def channels(self) -> int:
        return len(self.colour.outputs)


def prepare(picture: Picture) -> Prepared:
    """Compiles a picture's field and colouring."""
    outputs = picture.field.output_names
    place = [name for name in ("x", "y", "pixel") if name in picture.colour.input_names]
    edge = [outputs.index(name) for name in picture.edge] if picture.edge else [-1, -1, -1]
    return Prepared(
        compile_program(_with_inputs(picture.field, "x", "y")),
        compile_program(_with_inputs(picture.colour, *outputs, "x", "y", "pixel")),
        bool(place),
        np.array(edge, np.int64),
    )


def function() -> machine_code.Function | None:
    """The compiled renderer of a band of blocks, or None where there is no kernel.

    Compiles it now if this is the first time on this machine.
    """
    own = Path(__file__)
    sources = (*SOURCES, own, own.with_name("blocks_code.py"))
    return machine_code.function("cppnart.render.blocks_code", "render_band", sources)


@dataclass(frozen=True)
class Raster:
    """How to turn a field into pixels.

    samples: (n, 2) offsets from the pixel centre, in pixels; dither: (64, 64) in [0, 1), added
    before rounding down; bits: 8, 16, or 32 for encoded fractions in float32.
    """

    geometry: Geometry
    samples: NDArray[np.float64]
    dither: NDArray[np.float32]
    bits: int
    adaptive: bool


def render_band(
    call: machine_code.Function,
    prepared: Prepared,
    raster: Raster,
    clip: tuple[int, int, int, int],
    band: int,
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The rows of a band of blocks that lie in clip = (x0, y0, x1, y1), and how blocks ended.

    Rows (h, x1 - x0, channels) uint8, uint16 or float32; counts of parts of blocks by stride.
    """
    x0, y0, x1, y1 = clip
    y0, y1 = max(y0, band * BLOCK), min(y1, (band + 1) * BLOCK)
    fields, channels = len(prepared.field.outputs), prepared.channels
    kind = {8: np.uint8, 16: np.uint16, 32: np.float32}[raster.bits]
    out = np.empty((y1 - y0, x1 - x0, channels), kind)
    ended = np.zeros(len(STRIDES), np.int64)

    rows = aligned(max(prepared.field.rows, 2) * TILE)
    colour_rows = aligned(max(prepared.colour.rows, fields + 3) * TILE)
    work = aligned(work_size(fields, channels))
    g = raster.geometry
    geometry = np.array([*g.origin, *g.right, *g.down, g.pixel])
    corners = np.array([x0, y0, x1, y1], np.int64)
    states = np.zeros((2, PARTS), np.int64)
    call(
        *arguments_of(prepared.field),
        *arguments_of(prepared.colour),
        *(n for a in (rows, colour_rows, work) for n in (a.ctypes.data, len(a))),
        geometry.ctypes.data,
        raster.samples.ctypes.data,
        len(raster.samples),
        *(a.ctypes.data for a in (raster.dither, corners, prepared.edge, ended, states)),
        int(prepared.placed) + 2 * int(raster.adaptive),
        band,
        raster.bits,
        out.ctypes.data,
    )
    return out, ended
