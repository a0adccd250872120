"""fit_upscaler: a folder of photographs becomes a model that makes others larger."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..fitting import Schedule, Settings
from ..parallel import Group, joined
from ..pictures import open_image
from ..training import Training, run
from .light import Light
from .liif import Liif
from .models import save_upscaler
from .task import LARGEST_FACTOR, UpscalingTask

if TYPE_CHECKING:
    from typing_extensions import Unpack

MODELS = ("light", "liif")
SETTINGS = Settings(
    steps=20_000,
    rate=1e-3,
    schedule=Schedule("cosine", 0.01, warmup=100),
    ema=0.999,
    clip=1.0,
    check_every=1000,
)
PUBLISHED = Settings(
    steps=1_000_000,
    rate=1e-4,
    schedule=Schedule("steps", 0.5, at=(200_000, 400_000, 600_000, 800_000)),
    check_every=1000,
)
"""Of LIIF (section 4 of its paper)."""

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".avif", ".gif"}


@dataclass(frozen=True)
class FittedUpscaler:
    """What a training made. passed_over: files that could not be used, and why."""

    path: str | None
    model: str
    parameters: int
    pictures: int
    step: int
    why: str
    seconds: float
    scores: dict[str, float]
    remark: str | None
    passed_over: dict[str, str]

    def __str__(self) -> str:
        scores = ", ".join(
            f"{name} {score:.2f}" for name, score in self.scores.items() if name.startswith("psnr")
        )
        remark = f"; {self.remark}" if self.remark else ""
        return f"{self.model}, {self.step} steps, {self.seconds:.1f} s: {scores}{remark}"


def fit_upscaler(
    photographs: str | os.PathLike[str],
    *,
    model: str = "light",
    held_out: int = 8,
    batch: int = 16,
    side: int = 48,
    options: Mapping[str, Any] | None = None,
    **training: Unpack[Training],
) -> FittedUpscaler:
    """Trains an upscaler on photographs: a folder, and what is in it.

    model: ``light`` or ``liif``, as published. held_out: so many photographs, spread evenly, are
    not trained on but scored, by PSNR of luma and of RGB at factors 2, 3, 4 and, never trained, 6
    and 8. batch: crops in a step; side: of a crop before it is made larger. options: of the model.
    training: see Training; ``until`` is the luma PSNR at factor 4. Under torchrun the processes
    share each batch, and the first writes.

    Raises ValueError where there are too few photographs.
    """
    if model not in MODELS:
        raise ValueError(f"model {model!r}: expected {', '.join(MODELS)}")
    with joined(training.get("device", "cpu")) as group:
        return _fitted(photographs, group, model, held_out, batch, side, options or {}, training)


def _fitted(
    photographs: str | os.PathLike[str],
    group: Group,
    model: str,
    held_out: int,
    batch: int,
    side: int,
    options: Mapping[str, Any],
    training: Training,
) -> FittedUpscaler:
    pictures, passed_over = read_photographs(photographs, side * LARGEST_FACTOR)
    if len(pictures) <= held_out:
        largest = side * LARGEST_FACTOR
        raise ValueError(
            f"{os.fspath(photographs)}: {len(pictures)} photographs of {largest} pixels a side or"
            f" more: expected over {held_out}, which are held out"
        )
    chosen = set(np.linspace(0, len(pictures) - 1, held_out).round().astype(int).tolist())
    task = UpscalingTask(
        [p for n, p in enumerate(pictures) if n not in chosen],
        [p for n, p in enumerate(pictures) if n in chosen],
        batch=batch,
        side=side,
        group=group,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.get("seed", 0))
        network = Light(**options) if model == "light" else Liif(**options)
    settings = replace(SETTINGS if model == "light" else PUBLISHED, seed=training.get("seed", 0))
    if not group.first:
        training = {**training, "output": None, "report": None, "show": None}
    fitted = run(network, {}, task, settings, training, method=model, group=group)
    scores = {name: round(score, 3) for name, score in fitted.scores.items()}
    output = training.get("output")
    if output is not None:
        save_upscaler(
            output, network.cpu(), {**task.settings, "steps": fitted.step, "scores": scores}
        )
    return FittedUpscaler(
        None if output is None else os.fspath(output),
        model,
        sum(parameter.numel() for parameter in network.parameters()),
        len(pictures),
        fitted.step,
        fitted.why,
        fitted.seconds,
        scores,
        fitted.remark,
        passed_over,
    )


def read_photographs(
    folder: str | os.PathLike[str], smallest: int
) -> tuple[list[NDArray[np.uint8]], dict[str, str]]:
    """The photographs in a folder and below it, (H, W, 3), in the order of their names; and files
    that are passed over, with the reason. Raises ValueError where there is no such folder."""
    root = Path(folder)
    if not root.is_dir():
        raise ValueError(f"{os.fspath(folder)}: there is no such folder")
    pictures, passed_over = [], {}
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() not in SUFFIXES:
            continue
        try:
            picture = np.asarray(open_image(path).convert("RGB"))
        except (ValueError, OSError) as error:
            passed_over[str(path)] = str(error)
            continue
        if min(picture.shape[:2]) < smallest:
            height, width, _ = picture.shape
            passed_over[str(path)] = f"{width}x{height}: smaller than {smallest} pixels"
        else:
            pictures.append(picture)
    return pictures, passed_over
