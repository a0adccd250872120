"""fit_image: a picture becomes a field."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import files
from .fitting import Fitted, Report, Schedule, Settings, fit
from .images import ImageTask
from .networks import NETWORKS, Network
from .networks.trained import trainable
from .pictures import read_levels
from .program import Program
from .runs import RunFolder

AUTO = "grid"
"""The method that is fastest to 40 dB on processors without CUDA and with it."""

PATIENCE = 5
"""Checks without a better score on held-out pixels, after which a fit stops."""


@dataclass(frozen=True)
class Method:
    """How pictures are fitted with a kind of network: its options, and how it is trained.

    batch: pixels a step.
    """

    settings: Settings
    options: Mapping[str, Any] = field(default_factory=dict)
    batch: int | None = 8192


METHODS = {
    "grid": Method(
        Settings(
            steps=3000, rate=1e-2, betas=(0.9, 0.99), eps=1e-15, schedule=Schedule("cosine", 0.05)
        ),
        {"levels": 12, "features": 2, "entries": 1 << 17, "width": 32, "last": "sigmoid"},
    ),
    "siren": Method(
        Settings(steps=3000, rate=1e-3, schedule=Schedule("cosine", 0.01)), {"last": "identity"}
    ),
    "relu": Method(Settings(steps=3000, rate=1e-3), {}),
    "fourier": Method(Settings(steps=3000, rate=1e-3, schedule=Schedule("cosine", 0.01)), {}),
    "gauss": Method(Settings(steps=3000, rate=1e-3, schedule=Schedule("cosine", 0.01)), {}),
    "wire": Method(Settings(steps=3000, rate=5e-3, schedule=Schedule("cosine", 0.01)), {}),
    "finer": Method(Settings(steps=3000, rate=5e-4, schedule=Schedule("cosine", 0.01)), {}),
    "mfn": Method(Settings(steps=3000, rate=1e-2, schedule=Schedule("cosine", 0.01)), {}),
}


@dataclass(frozen=True)
class FittedImage:
    """What a fit made."""

    path: str | None
    method: str
    width: int
    height: int
    parameters: int
    step: int
    why: str
    seconds: float
    scores: dict[str, float]
    remark: str | None
    program: Program = field(repr=False)

    def __str__(self) -> str:
        scores = ", ".join(f"{name} {score:.2f} dB" for name, score in self.scores.items())
        return f"{self.method}, {self.step} steps, {self.seconds:.1f} s: {scores}"


def fit_image(
    source: str | os.PathLike[str] | NDArray[Any],
    *,
    method: str = "auto",
    holdout: str = "none",
    steps: int | None = None,
    seconds: float | None = None,
    until: float | None = None,
    rate: float | None = None,
    batch: int | None = None,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    folder: str | os.PathLike[str] | None = None,
    resume: bool = False,
    output: str | os.PathLike[str] | None = None,
    device: str = "cpu",
    report: Callable[[Report], None] | None = None,
    show: Callable[[int, NDArray[np.uint8]], None] | None = None,
    preview_every: int | None = None,
) -> FittedImage:
    """Fits a field to a picture, and saves it.

    source: a picture file, or (H, W, 1, 3 or 4) uint8 or uint16. method: one of METHODS, or auto.
    holdout: see ImageTask; with one, the best field by held-out pixels is kept. until: stop at so
    many decibels of PSNR. folder: of the run, for resume. output: a .safetensors field. options:
    of the network. report, show: called with how far it is, and with previews.

    Raises ValueError for what cannot be fitted and OSError for files that cannot be read.
    """
    pixels = read_levels(source) if isinstance(source, str | os.PathLike) else _checked(source)
    name = AUTO if method == "auto" else method
    if name not in METHODS:
        raise ValueError(f"method {method!r}: expected auto, {', '.join(METHODS)}")
    if resume and folder is None:
        raise ValueError("resume: give the folder of the run that is to go on")
    chosen = METHODS[name]
    task = ImageTask(pixels, batch=batch or chosen.batch, holdout=holdout)
    settings = replace(
        chosen.settings,
        steps=steps or chosen.settings.steps,
        rate=rate or chosen.settings.rate,
        until=until,
        seconds=seconds,
        patience=None if holdout == "none" else PATIENCE,
        preview_every=preview_every,
        seed=seed,
    )
    network = _network(name, task, {**chosen.options, **(options or {})}, seed)
    module, rates = trainable(network)
    run = None
    if folder is not None:
        kept = asdict(replace(settings, seconds=None, until=None))
        run = RunFolder(
            folder, {"task": task.name, **task.settings, "method": name, "settings": kept}
        )
    fitted = fit(
        module,
        task,
        settings,
        rates=rates,
        device=device,
        folder=run,
        resume=resume,
        report=report,
        show=show,
    )
    program = _coloured(module.cpu().program())
    if output is not None:
        note = {"task": task.name, **task.settings, "method": name, "scores": fitted.scores}
        files.save(output, program, note)
    return _made(fitted, name, task, program, output)


def _checked(pixels: NDArray[Any]) -> NDArray[Any]:
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4) or not pixels.size:
        raise ValueError(f"pixels of shape {pixels.shape}: expected (H, W, 1, 3 or 4)")
    if pixels.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"pixels of {pixels.dtype}: expected uint8 or uint16")
    return pixels


def _network(name: str, task: ImageTask, options: Mapping[str, Any], seed: int) -> Network:
    outputs = ("red", "green", "blue", "alpha")[: task.channels]
    own = dict(options)
    if name == "grid":
        short = min(task.width, task.height)
        own.setdefault("extent", (task.width / short, task.height / short))
        if task.holdout != "none":
            # finer cells would fit what is trained on and nothing in between
            own.setdefault("finest", short // 4)
    random = np.random.default_rng(seed)
    build: Callable[..., Network] = NETWORKS[name]
    return build({"x": 1, "y": 1}, outputs, random, **own)


def _coloured(program: Program) -> Program:
    """A grey field gives its one value to all three colours."""
    if len(program.outputs) > 1:
        return program
    grey = program.outputs[0][1]
    return replace(program, outputs=(("red", grey), ("green", grey), ("blue", grey)))


def _made(
    fitted: Fitted,
    method: str,
    task: ImageTask,
    program: Program,
    output: str | os.PathLike[str] | None,
) -> FittedImage:
    return FittedImage(
        None if output is None else os.fspath(output),
        method,
        task.width,
        task.height,
        program.parameters,
        fitted.step,
        fitted.why,
        fitted.seconds,
        {name: round(score, 3) for name, score in fitted.scores.items()},
        fitted.remark,
        program,
    )
