"""fit_image: a picture becomes a field."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .compressing import fit_compressed
from .fitting import Schedule, Settings
from .images import ImageTask
from .local import LocalTask, between
from .networks import Network
from .pictures import read_levels
from .program import Program
from .runs import read_settings
from .training import FittedField, Method, Training, build, train
from .tuning import SCALES, image_scale

if TYPE_CHECKING:
    from typing_extensions import Unpack

AUTO = "grid"
"""The method that is fastest to 40 dB on processors without CUDA and with it."""

BETWEEN = "local"
"""The method that says best what lies between pixels."""

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
    "local": Method(
        Settings(steps=1500, rate=2e-3, schedule=Schedule("cosine", 0.01), check_every=500),
        batch=4096,
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
    scale: float | None = None,
    compress: str | None = None,
    options: Mapping[str, Any] | None = None,
    **training: Unpack[Training],
) -> FittedField:
    """Fits a field to a picture.

    source: a picture file, or (H, W, 1, 3 or 4) uint8 or uint16. method: one of METHODS, or auto.
    holdout: see ImageTask; with one, the best field by held-out pixels is kept. batch: pixels in a
    step. demo: one of DEMOS, in place of a method. scale: of the frequencies of a network of
    SCALES (sigma, omega, ...), found by short fits if not given. compress: the size of the file, as
    "0.3bpp" (bits for each pixel) or "20kB"; the field is then a grid in a packed file. options: of
    the network. training: see Training; ``until`` is a PSNR in decibels.

    Raises ValueError for what cannot be fitted and OSError for files that cannot be read.
    """
    name, chosen = _chosen(method, demo, holdout)
    pixels, remark = read_picture(source, DEMO_LARGEST if demo else LARGEST)
    if compress is not None:
        if name != "grid" or holdout != "none" or options or scale is not None:
            raise ValueError("compress: only with method grid as it is, and nothing held out")
        return fit_compressed(pixels, compress, training, batch=batch, shape=_coloured)
    task = ImageTask(pixels, batch=batch or chosen.batch, holdout=holdout, beside=demo is not None)
    if name == "local":
        return _fit_local(task, pixels, chosen, options or {}, training, remark)
    patience = None if holdout == "none" else PATIENCE
    own = {**chosen.options, **(options or {})}
    if (found := _scale(name, chosen, scale, own, pixels, holdout, training)) is not None:
        task.settings = {**task.settings, "scale": found}
        own |= dict.fromkeys(SCALES[name], found)
        if scale is None:
            remark = "; ".join(filter(None, [remark, f"scale {found:g} by a search"]))
    network = picture_network(name, task, own, training.get("seed", 0))
    settings = replace(chosen.settings, patience=patience)
    return train(network, task, settings, training, method=name, shape=_coloured, remark=remark)


def _fit_local(
    image: ImageTask,
    pixels: NDArray[Any],
    method: Method,
    options: Mapping[str, Any],
    training: Training,
    remark: str | None,
) -> FittedField:
    task = LocalTask(image, pixels, batch=image.batch or 8192)
    random = np.random.default_rng(training.get("seed", 0))
    return train(
        between(image.channels, random, **options),
        task,
        method.settings,
        training,
        method="local",
        shape=lambda program: _coloured(task.field(program)),
        remark=remark,
    )


def _scale(
    name: str,
    method: Method,
    given: float | None,
    options: Mapping[str, Any],
    pixels: NDArray[Any],
    holdout: str,
    training: Training,
) -> float | None:
    """The scale of the network's frequencies; None where it has none, or the options say it."""
    if given is not None:
        if name not in SCALES:
            raise ValueError(f"scale: {name} has none; {', '.join(SCALES)} have")
        if not 0 < given < 1e6:
            raise ValueError(f"scale {given:g}: expected a number above 0")
        return given
    if name not in SCALES or not options.keys().isdisjoint(SCALES[name]):
        return None
    folder = training.get("folder")
    if training.get("resume") and folder is not None and (Path(folder) / "run.json").exists():
        kept = read_settings(folder).get("scale")
        if isinstance(kept, int | float):
            return float(kept)
    # of what is held out, nothing is seen
    seen = pixels if holdout == "none" else pixels[::2, ::2]
    return image_scale(name, method, seen, training.get("seed", 0))


def _chosen(method: str, demo: str | None, holdout: str) -> tuple[str, Method]:
    if demo is not None:
        if demo not in DEMOS:
            raise ValueError(f"demo {demo!r}: expected {', '.join(DEMOS)}")
        return demo, DEMOS[demo]
    name = (BETWEEN if holdout == "odd" else AUTO) if method == "auto" else method
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
