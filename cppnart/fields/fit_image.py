"""fit_image: a picture becomes a field."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .fitting import Schedule, Settings
from .images import ImageTask
from .networks import Network
from .pictures import read_levels
from .program import Program
from .training import FittedField, Method, Training, build, train

if TYPE_CHECKING:
    from typing_extensions import Unpack

AUTO = "grid"
"""The method that is fastest to 40 dB on processors without CUDA and with it."""

LARGEST = 1 << 26
"""Pixels; of larger pictures the means of squares of pixels are fitted, which is as much as any
network here can hold."""

DEMO_LARGEST = 200 * 200
"""Pixels of the canvas of a demonstration."""

PATIENCE = 5
"""Checks without a better score on held-out pixels, after which a fit stops."""


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

DEMOS = {
    # its loss is half the sum of squares over three colours, ours is their mean; 500 pixels, which
    # are 100 steps, were a tick of the page
    "convnetjs": Method(
        Settings(steps=100_000, rate=0.015, optimiser="sgd", momentum=0.9, check_every=5000),
        batch=5,
    ),
}
"""Networks that are there for what they show, on a small picture, with the target beside it."""


def fit_image(
    source: str | os.PathLike[str] | NDArray[Any],
    *,
    method: str = "auto",
    holdout: str = "none",
    batch: int | None = None,
    demo: str | None = None,
    options: Mapping[str, Any] | None = None,
    **training: Unpack[Training],
) -> FittedField:
    """Fits a field to a picture.

    source: a picture file, or (H, W, 1, 3 or 4) uint8 or uint16. method: one of METHODS, or auto.
    holdout: see ImageTask; with one, the best field by held-out pixels is kept. batch: pixels in a
    step. demo: one of DEMOS, in place of a method. options: of the network. training: see Training;
    ``until`` is a PSNR in decibels.

    Raises ValueError for what cannot be fitted and OSError for files that cannot be read.
    """
    name, chosen = _chosen(method, demo)
    pixels, remark = read_picture(source, DEMO_LARGEST if demo else LARGEST)
    task = ImageTask(pixels, batch=batch or chosen.batch, holdout=holdout, beside=demo is not None)
    patience = None if holdout == "none" else PATIENCE
    network = picture_network(
        name, task, {**chosen.options, **(options or {})}, training.get("seed", 0)
    )
    settings = replace(chosen.settings, patience=patience)
    return train(network, task, settings, training, method=name, shape=_coloured, remark=remark)


def _chosen(method: str, demo: str | None) -> tuple[str, Method]:
    if demo is not None:
        if demo not in DEMOS:
            raise ValueError(f"demo {demo!r}: expected {', '.join(DEMOS)}")
        return demo, DEMOS[demo]
    name = AUTO if method == "auto" else method
    if name not in METHODS:
        raise ValueError(f"method {method!r}: expected auto, {', '.join(METHODS)}")
    return name, METHODS[name]


def read_picture(
    source: str | os.PathLike[str] | NDArray[Any], most: int
) -> tuple[NDArray[Any], str | None]:
    """Pixels, and what a person should know of them."""
    if not isinstance(source, str | os.PathLike):
        return _checked(source), None
    pixels, factor = read_levels(source, most=most)
    height, width, _ = pixels.shape
    return pixels, f"fitted at {width}x{height} pixels, 1/{factor}" if factor > 1 else None


def _checked(pixels: NDArray[Any]) -> NDArray[Any]:
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4) or not pixels.size:
        raise ValueError(f"pixels of shape {pixels.shape}: expected (H, W, 1, 3 or 4)")
    if pixels.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"pixels of {pixels.dtype}: expected uint8 or uint16")
    return pixels


def picture_network(name: str, task: ImageTask, options: Mapping[str, Any], seed: int) -> Network:
    outputs = ("red", "green", "blue", "alpha")[: task.channels]
    own = dict(options)
    if name == "grid":
        short = min(task.width, task.height)
        own.setdefault("extent", (task.width / short, task.height / short))
        if task.holdout != "none":
            # finer cells would fit what is trained on and nothing in between
            own.setdefault("finest", short // 4)
    return build(name, {"x": 1, "y": 1}, outputs, seed, own)


def _coloured(program: Program) -> Program:
    """A grey field gives its one value to all three colours."""
    if len(program.outputs) > 1:
        return program
    grey = program.outputs[0][1]
    return replace(program, outputs=(("red", grey), ("green", grey), ("blue", grey)))
