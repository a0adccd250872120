"""Fields of light as files: a program, and a note that says where it is and what is empty."""

from __future__ import annotations

import base64
import math
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from .. import files
from ..fold import bind, pruned
from ..program import Builder, Program
from .model import Light
from .networks import COLOURS, SEEN_ONCE
from .occupied import Occupied
from .photographs import Photographs
from .space import Space

INPUTS = ("x", "y", "z", "u", "v", "w")
OUTPUTS = ("density", *COLOURS)
PLACED = ("place", "photograph")
ONCE = tuple(f"transient_{name}" for name in SEEN_ONCE)
LAYER = tuple(f"layer_{name}" for name in ("opacity", *SEEN_ONCE[1:]))
MAX_SIDE = 512


class _Note(msgspec.Struct):
    """What a file says beside its program."""

    centre: tuple[float, float, float]
    half: tuple[float, float, float]
    contracted: bool
    near: float
    far: float
    ndc: bool
    background: float
    side: int
    step: float
    occupied: str
    poses: list[list[float]]
    focal: list[tuple[float, float]]
    size: list[tuple[int, int]]
    photographs: list[str]
    appearance: list[list[float]] = []
    transient: list[list[float]] = []


@dataclass(frozen=True, eq=False)
class LightField:
    """A field of light that is learnt: a program in the box of ``space``, and where it is full.

    near, far: depths between which rays look; ndc: in normalised device coordinates. poses (V, 4,
    4), focal (V, 2) in pixels, size (V, 2), width and height, and names of the photographs that it
    was learnt from. appearance, transient: codes (k,) of theirs, by name.
    """

    program: Program
    space: Space
    near: float
    far: float
    ndc: bool
    background: float
    side: int
    step: float
    full: NDArray[np.bool_]
    poses: NDArray[np.float64]
    focal: NDArray[np.float64]
    size: NDArray[np.int64]
    photographs: tuple[str, ...]
    appearance: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    transient: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    def standing(self, code: NDArray[np.float32] | None = None) -> Program:
        """What stands still, in the light of a code (k,), or of the first photograph: inputs
        INPUTS, outputs OUTPUTS."""
        known: dict[str, NDArray[Any]] = {
            name: np.zeros(width) for name, width in self.program.inputs if name not in INPUTS
        }
        if self.appearance:
            known["appearance"] = next(iter(self.appearance.values())) if code is None else code
        return pruned(bind(self.program, **known), OUTPUTS)

    def once(self, name: str) -> Program:
        """What is in the photograph of this name alone, in space: inputs INPUTS, outputs ONCE."""
        known: dict[str, Any] = {"transient": self.transient[name]}
        if self.appearance:
            known["appearance"] = self.appearance[name]
        return pruned(bind(self.program, **known), ONCE)

    @property
    def layered(self) -> bool:
        """Whether what is in one photograph alone is a layer over it."""
        return LAYER[0] in self.program.output_names

    def layer(self, number: int) -> Program:
        """What lies over a photograph: inputs x and y, right and down in [0, 1], outputs LAYER."""
        share = number / max(len(self.photographs) - 1, 1)
        b = Builder(x=1, y=1)
        place = np.concatenate([b["x"], b["y"]])
        known = {name: np.zeros(width) for name, width in self.program.inputs if name not in PLACED}
        inner = pruned(bind(self.program, **known, photograph=share), LAYER)
        return b.build(**b.include(inner, place=place))


def about(
    light: Light,
    occupied: Occupied,
    photographs: Photographs,
    near: float,
    far: float,
    background: float,
) -> dict[str, Any]:
    """The note of a file: JSON."""
    scene, numbers = photographs.scene, photographs.numbers
    bits = np.packbits(occupied.full.numpy()).tobytes()

    return {
        "centre": list(light.space.centre),
        "half": list(light.space.half),
        "contracted": light.space.contracted,
        "near": near,
        "far": far,
        "ndc": scene.ndc,
        "background": background,
        "side": occupied.side,
        "step": occupied.step,
        "occupied": base64.b64encode(zlib.compress(bits, 9)).decode(),
        "poses": scene.cameras.poses[numbers].reshape(-1, 16).tolist(),
        "focal": scene.cameras.focal[numbers].tolist(),
        "size": scene.cameras.size[numbers].tolist(),
        "photographs": [scene.views[number].name for number in numbers],
        "appearance": _rounded(light.appearance),
        "transient": _rounded(light.transient),
    }


def load_light(path: str | os.PathLike[str]) -> LightField:
    """Reads a field of light. Raises OSError, or ValueError saying what is wrong with the file."""
    program, note = files.load(path)
    try:
        return of_note(program, note)
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from None


def of_note(program: Program, note: Mapping[str, Any]) -> LightField:
    """Raises ValueError where a program and a note are not those of a field of light."""
    given = program.inputs[:6]
    if given != tuple((name, 1) for name in INPUTS) or not set(OUTPUTS) <= set(
        program.output_names
    ):
        raise ValueError("not a field of light: expected density and colour over x, y, z, u, v, w")
    try:
        own = msgspec.convert(dict(note), _Note)
    except msgspec.ValidationError as error:
        raise ValueError(f"not a usable field of light: {error}") from None
    sides = (*own.half, own.step, *chain.from_iterable(own.focal), *chain.from_iterable(own.size))
    if min(sides) <= 0 or not 0 <= own.near < own.far or not 2 <= own.side <= MAX_SIDE:
        raise ValueError("not a usable field of light: its sizes and depths cannot be")
    poses = np.array(own.poses, float)
    if poses.ndim != 2 or poses.shape[1] != 16:
        raise ValueError("not a usable field of light: cameras of 16 numbers are expected")
    if not len(poses) == len(own.focal) == len(own.size) == len(own.photographs):
        raise ValueError("not a usable field of light: a photograph lacks its camera")
    widths = dict(program.inputs)
    for name in ("appearance", "transient"):
        sizes = [len(code) for code in getattr(own, name)]
        wanted = [widths[name]] * len(own.photographs) if name in widths else []
        if sizes != wanted or (name in widths and not sizes):
            raise ValueError(f"not a usable field of light: its {name} codes do not fit")
    return LightField(
        program,
        Space(own.centre, own.half, own.contracted),
        own.near,
        own.far,
        own.ndc,
        own.background,
        own.side,
        own.step,
        _unpacked(own.occupied, own.side**3),
        poses.reshape(-1, 4, 4),
        np.array(own.focal),
        np.array(own.size),
        tuple(own.photographs),
        _named(own.photographs, own.appearance),
        _named(own.photographs, own.transient),
    )


def _unpacked(text: str, count: int) -> NDArray[np.bool_]:
    size = math.ceil(count / 8)
    try:
        bits = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), size + 1)
    except (ValueError, zlib.error):
        bits = b""
    if len(bits) != size:
        raise ValueError("not a usable field of light: what is full in it cannot be read")
    return np.unpackbits(np.frombuffer(bits, np.uint8), count=count).astype(bool)


def _named(names: list[str], codes: list[list[float]]) -> dict[str, NDArray[np.float32]]:
    return {name: np.array(code, np.float32) for name, code in zip(names, codes, strict=False)}


def _rounded(values: torch.Tensor | None) -> list[list[float]]:
    if values is None:
        return []
    return [[float(f"{number:.6g}") for number in row] for row in values.detach().tolist()]
