"""Solids as fields: programs over x, y and z that say what is inside."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from .. import files, kernel, numpy_backend
from ..coordinates import SPACE
from ..fold import pruned
from ..program import Program
from .meshes import Placement

LIGHT = (*SPACE, ("u", 1), ("v", 1), ("w", 1))
"""Inputs of a field of light: see ``radiance``."""
CHUNK = 64 * kernel.TILE
"""Points that a thread takes at once."""


class _About(msgspec.Struct):
    """What the note of a file says of where the shape was."""

    centre: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: float = 1.0


@dataclass(frozen=True, eq=False)
class SolidField:
    """A solid in the box [-1, 1]^3; x runs right, y up, z towards who looks at it.

    program: an output ``occupancy``, the log-odds of being inside, or ``distance``, signed and
    negative inside. threshold: the probability, or the distance, at which the surface is; one half,
    or 0, if not given. place: where the shape was before it was brought into the box.

    Raises ValueError for a program that is no solid, and a threshold that cannot be.
    """

    program: Program
    threshold: float | None = None
    place: Placement = field(default_factory=Placement)
    name: str = "the field"
    threads: int = field(default_factory=lambda: os.cpu_count() or 1)

    def __post_init__(self) -> None:
        check_inputs(self.program, self.name)
        if not {"occupancy", "distance"} & set(self.program.output_names):
            raise ValueError(
                f"{self.name}: outputs {', '.join(self.program.output_names)}: a solid has"
                " occupancy or distance"
            )
        if self.threshold is None:
            return
        if self.kind == "occupancy" and not 0 < self.threshold < 1:
            raise ValueError(f"threshold {self.threshold:g}: expected a probability, as 0.5")
        if not math.isfinite(self.threshold):
            raise ValueError(f"threshold {self.threshold:g}: expected a distance")

    @property
    def kind(self) -> str:
        return "occupancy" if "occupancy" in self.program.output_names else "distance"

    def __call__(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Positive inside, negative outside, 0 on the surface: points (N, 3) to (N,)."""
        values = self._inner(points)[:, 0]
        if self.kind == "distance":
            return np.asarray((self.threshold or 0.0) - values, np.float32)
        level = 0.5 if self.threshold is None else self.threshold
        return np.asarray(values - math.log(level / (1 - level)), np.float32)

    @cached_property
    def _inner(self) -> Sampler:
        return Sampler(pruned(self.program, [self.kind]), self.threads)

    def inside(self, points: NDArray[np.floating]) -> NDArray[np.bool_]:
        return np.asarray(self(points) > 0)

    def in_words(self, value: float) -> str:
        """What a value of the field is in the terms of a threshold."""
        if self.kind == "distance":
            return f"{(self.threshold or 0.0) - value:.4g}"
        level = 0.5 if self.threshold is None else self.threshold
        odds = value + math.log(level / (1 - level))
        return f"{1 / (1 + math.exp(-max(min(odds, 700), -700))):.4g}"


def load_solid(path: str | os.PathLike[str], threshold: float | None = None) -> SolidField:
    """Reads a solid from a .safetensors file. Raises OSError, or ValueError for anything else."""
    program, note = files.load(path)
    return SolidField(program, threshold, place_of(note), os.fspath(path))


def place_of(note: Mapping[str, Any]) -> Placement:
    """Where a shape was, from the note of its file."""
    try:
        about = msgspec.convert(note.get("place", {}), _About)
    except msgspec.ValidationError as error:
        raise ValueError(f"not a usable field of a solid: {error}") from None
    if not (all(map(math.isfinite, about.centre)) and 0 < about.scale < math.inf):
        raise ValueError("not a usable field of a solid: its place is not finite")
    return Placement(about.centre, about.scale)


def check_inputs(program: Program, name: str) -> None:
    """Refuses a program that is not one of points in space."""
    if program.inputs != SPACE:
        if program.inputs[: len(LIGHT)] == LIGHT:
            raise ValueError(f"{name}: a field of light, which 'cppnart scene view' shows")
        inputs = ", ".join(program.input_names)
        raise ValueError(f"{name}: inputs {inputs}: a field in space has x, y and z")


class Sampler:
    """The outputs of a program over x, y and z, or any numbers, at points (N, 3), (N, outputs), by
    the kernel if there is one. The program is laid out once: rays ask for few points, and often."""

    def __init__(self, program: Program, threads: int | None = None) -> None:
        self.program, self.threads = program, threads or os.cpu_count() or 1
        self._call = kernel.function()
        self._compiled = kernel.compile_program(program)

    def __call__(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        rows = np.ascontiguousarray(np.asarray(points, np.float32).T)
        if self._call is None:
            at = {name: row for (name, _), row in zip(self.program.inputs, rows, strict=True)}
            return np.asarray(numpy_backend.evaluate(self.program, at, np.float32))
        count, width = rows.shape[1], len(self._compiled.outputs)
        found = np.empty((count, width), np.float32)
        starts = range(0, count, CHUNK)

        def run(start: int) -> None:
            assert self._call is not None
            scratch = kernel.aligned(self._compiled.rows * kernel.TILE)
            self._call(
                *kernel.arguments_of(self._compiled),
                scratch.ctypes.data,
                rows.ctypes.data + 4 * start,
                count,
                min(CHUNK, count - start),
                len(rows),
                found.ctypes.data + 4 * start * width,
            )

        if self.threads == 1 or len(starts) == 1:
            for start in starts:
                run(start)
        else:
            with ThreadPoolExecutor(self.threads) as pool:
                list(pool.map(run, starts))
        return found
