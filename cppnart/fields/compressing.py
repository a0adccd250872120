"""Pictures fitted within a size of file.

As COIN does it (Dupont et al., "COIN: compression with implicit neural representations", 2021) the
file of a picture is a network fitted to it. Here that is a pyramid of grids and a small
perceptron, whose parameters are whole numbers of steps while they are trained already, and the
length of their code is part of the loss (as in Ladune et al., "COOL-CHIC", 2023, with a plainer
model of what neighbours say of an entry).
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize

from . import files
from .atomic import atomic_output
from .fitting import Schedule, Settings
from .images import ImageTask
from .program import Grid, Program
from .torch_backend import ProgramModule
from .training import FittedField, Method, Training, build, train

UNITS = {"bpp": 0.0, "B": 1, "kB": 1000, "MB": 10**6}
COARSEST = 8
"""Cells along the short side."""
FINEST = 0.7
"""Of the pixels along the short side."""
TABLE_STEP, WEIGHT_STEP = 2.0**-3, 2.0**-6
PRICE = 4.0
"""Of a size twice too large, in the logarithm of the squared error; once it is above what a
byte is worth, the size is met whatever it is."""
AIM = 0.985
"""Of the size: what the last steps change between two measurements."""
COARSER = 1.02
"""By how much the steps of tables grow where the file is still too large."""
CHECKS = 12
METHOD = Method(
    Settings(
        steps=3000, rate=1e-2, betas=(0.9, 0.99), eps=1e-15, schedule=Schedule("cosine", 0.02)
    ),
    batch=8192,
)


def budget(text: str, pixels: int) -> int:
    """Bytes that "0.3bpp" (bits for each pixel), "20kB" or "900B" says."""
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*(bpp|B|kB|MB)\s*", text)
    if match is None:
        raise ValueError(f"compress {text!r}: expected a size as 0.3bpp, 900B, 20kB or 1MB")
    size = float(match[1]) * (UNITS[match[2]] or pixels / 8)
    return int(size)


def options_of(width: int, height: int, size: int) -> dict[str, Any]:
    """Of the grid that suits a picture (pixels) and a size (bytes)."""
    short = min(width, height)
    return {
        "extent": (width / short, height / short),
        "levels": max(1, 1 + int(math.log2(max(FINEST * short / COARSEST, 1)))),
        "features": 1,
        "entries": 1 << 26,
        "coarsest": COARSEST,
        "growth": 2.0,
        "width": 16 if size < 20_000 else 32,
        "last": "identity",
    }


class CompressedTask(ImageTask):
    """An image task whose loss has a price on what is over a size in bytes.

    The field is a module that ``rounded`` has prepared. What tables really take is measured with
    every score, and the module keeps the ratio to the estimate, so that states have it too.
    """

    def __init__(self, pixels: NDArray[Any], size: int, program: Program, *, batch: int) -> None:
        super().__init__(pixels, batch=batch)
        self.settings = {**self.settings, "bytes": size}
        self.size = size
        self._grids = {
            number: operation.resolution
            for number, operation in enumerate(program.operations)
            if isinstance(operation, Grid)
        }
        # what everything but the grids takes, and they as zeros
        self.rest = len(packed(program, _steps(program), {}))
        if AIM * size <= self.rest:
            raise ValueError(f"compress to {size} bytes: a field takes more than {self.rest}")

    def loss(self, field: nn.Module, random: torch.Generator, device: torch.device) -> Tensor:
        with parametrize.cached():
            error = super().loss(field, random, device).log()
            taken = self.bits(field) * field.get_buffer("ratio") / 8 + self.rest
            over = (taken - self.rest) / (AIM * self.size - self.rest) - 1
        return error + PRICE * functional.relu(over)

    def scores(self, field: nn.Module) -> dict[str, float]:
        with parametrize.cached():
            scores = super().scores(field)
            estimate = float(self.bits(field)) / 8
        program = cast(ProgramModule, field).program()
        real = len(packed(program, _steps(program), {})) - self.rest
        field.get_buffer("ratio").fill_(min(max(real / max(estimate, 1.0), 0.5), 2.0))
        return {**scores, "bytes": float(real + self.rest)}

    def bits(self, field: nn.Module) -> Tensor:
        """About how many bits the tables take."""
        total = torch.zeros(())
        for number in self._grids:
            table = field.get_parameter(f"operations.{number}.parametrizations.table.original")
            total = total.to(table) + code_length(table / TABLE_STEP, self._grids[number])
        return total


def code_length(table: Tensor, resolution: tuple[int, ...]) -> Tensor:
    """The bits that entries (rows * columns, channels), rounded, take where each is two-sided
    geometric, and its mean size is that of the entries before and above it.

    Slopes are those of the entries before they are rounded.
    """
    planes = table.T.reshape(-1, 1, *resolution)
    size = planes.abs()
    size = size + (planes.round().abs() - size).detach()
    kernel = size.new_tensor([[1, 2, 3, 2, 1], [2, 3, 4, 3, 2], [3, 4, 0, 0, 0]])
    padded = functional.pad(size, (2, 2, 2, 0))
    mean = functional.conv2d(padded, (kernel / kernel.sum())[None, None]) + 0.03
    ratio = ((1 + mean * mean).sqrt() - 1) / mean
    return (-torch.log2((1 - ratio) / (1 + ratio)) - size * torch.log2(ratio)).sum()


class _Rounded(nn.Module):
    """Multiples of a step; slopes pass as if there were none."""

    def __init__(self, step: float) -> None:
        super().__init__()
        self.step = step

    def forward(self, values: Tensor) -> Tensor:
        return values + (torch.round(values / self.step) * self.step - values).detach()


def rounded(module: ProgramModule) -> None:
    """Makes every parameter of a module a whole number of its steps, from now on."""
    module.register_buffer("ratio", torch.ones(()))
    for name, step in _steps(module.program()).items():
        number, array = name.split(".")
        operation = module.operations[int(number)]
        if isinstance(getattr(operation, array), nn.Parameter):
            parametrize.register_parametrization(operation, array, _Rounded(step))


def packed(program: Program, steps: Mapping[str, float], note: dict[str, Any]) -> bytes:
    return files.to_bytes(program, note, steps)


def within(
    module: ProgramModule,
    size: int,
    note: dict[str, Any],
    shape: Callable[[Program], Program] = lambda program: program,
) -> bytes:
    """The file of a fitted module, at most ``size`` bytes: as it is, or else with larger steps in
    the tables. shape: makes the field of its program."""
    steps = _steps(module.program())
    data = packed(shape(module.program()), steps, note)
    program = shape(_exact(module))
    while len(data) > size:
        steps = {n: step * COARSER if n.endswith("table") else step for n, step in steps.items()}
        if max(steps.values()) > 1e3:
            raise ValueError(f"compress to {size} bytes: it takes {len(data)} at least")
        data = packed(program, steps, note)
    return data


def _exact(module: ProgramModule) -> Program:
    """The program with its tables as they were before they were rounded."""
    program = module.program()
    operations = list(program.operations)
    for number, operation in enumerate(operations):
        if isinstance(operation, Grid):
            name = f"operations.{number}.parametrizations.table.original"
            table = module.get_parameter(name).detach().numpy()
            operations[number] = replace(operation, table=table)
    return replace(program, operations=tuple(operations))


def fit_compressed(
    pixels: NDArray[Any],
    compress: str,
    training: Training,
    *,
    batch: int | None = None,
    shape: Callable[[Program], Program],
) -> FittedField:
    """See ``fit_image``: a field in a file of so many bytes. The scores are those of the file."""
    height, width, channels = pixels.shape
    size = budget(compress, height * width)
    outputs = ("red", "green", "blue", "alpha")[:channels]
    options = options_of(width, height, size)
    network = build("grid", {"x": 1, "y": 1}, outputs, training.get("seed", 0), options)
    task = CompressedTask(pixels, size, network.program, batch=batch or METHOD.batch or 8192)
    steps = training.get("steps") or METHOD.settings.steps
    settings = replace(METHOD.settings, check_every=max(1, steps // CHECKS))
    modules: list[ProgramModule] = []

    def prepare(module: ProgramModule) -> None:
        rounded(module)
        modules.append(module)

    made = train(network, task, settings, training, method="grid", save=False, prepare=prepare)
    note = {"task": task.name, "size": task.settings["size"], "method": "grid"}
    data = within(modules[0], size, note, shape)
    program = files.from_bytes(data)[0]
    read = ProgramModule(replace(program, outputs=program.outputs[:channels]))
    score = ImageTask(pixels).scores(read)
    output = training.get("output")
    if output is not None:
        with atomic_output(output) as temporary:
            temporary.write_bytes(data)
    bits = 8 * len(data) / (height * width)
    said = f"{len(data)} bytes of {size}, {bits:.3g} bits a pixel"
    return replace(
        made,
        path=None if output is None else os.fspath(output),
        program=program,
        parameters=program.parameters,
        scores={name: round(value, 3) for name, value in score.items()} | {"bytes": len(data)},
        remark="; ".join(filter(None, [said, made.remark])),
    )


def _steps(program: Program) -> dict[str, float]:
    """By name of array; what only prepares points, the first operation, keeps its bits."""
    steps = {}
    for number, operation in enumerate(program.operations):
        if isinstance(operation, Grid):
            steps[f"{number}.table"] = TABLE_STEP
        elif number:
            steps |= {f"{number}.weight": WEIGHT_STEP, f"{number}.bias": WEIGHT_STEP}
    return steps
