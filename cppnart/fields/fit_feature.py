"""fit_feature: a field that shows what a network looks for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from . import vision
from .atomic import atomic_output
from .features import PREVIEW, FeatureTask, Fields, sheet
from .fitting import Settings
from .networks.lucid import lucid
from .networks.trained import trainable
from .program import Program
from .torch_backend import ProgramModule
from .training import FittedField, Method, Training, keep, run

if TYPE_CHECKING:
    from typing_extensions import Unpack

METHOD = Method(Settings(steps=512, rate=5e-3, check_every=32), batch=None)
"""As in lucid, the code of Mordvintsev et al., "Differentiable image parameterizations" (2018)."""
XY = {"x": 1, "y": 1}
RGB = ("red", "green", "blue")
MAX_COUNT = 64


@dataclass(frozen=True)
class FittedFeature(FittedField):
    """What was made. Of several fields, path is a picture of all of them, the scores are those of
    all, and the program is the first's; members: each field alone."""

    members: tuple[FittedField, ...] = ()


def fit_feature(
    model: str | nn.Module,
    *,
    layer: str | None = None,
    channel: int | None = None,
    unit: tuple[int, int] | None = None,
    class_: int | str | None = None,
    weights: str | os.PathLike[str] | None = None,
    size: int | None = None,
    transforms: bool = False,
    count: int = 1,
    diversity: float = 0.0,
    options: Mapping[str, Any] | None = None,
    **training: Unpack[Training],
) -> FittedFeature:
    """Fits a CPPN whose picture excites a channel, a unit or a class of a network.

    model, weights: see ``vision.load``. layer, channel, unit, class_, size, transforms, diversity:
    see FeatureTask; channels, classes and units count from 0. count: so many fields side by side;
    with output ``f.safetensors`` they are ``f-1.safetensors`` and so on, and ``f.png`` shows them.
    options: of the network, see ``lucid``. training: see Training; ``until`` is an activation.

    Raises ValueError for what there is not in the network, OSError for files that cannot be read
    or fetched, ImportError where there is no torchvision and its network is asked for.
    """
    if not 1 <= count <= MAX_COUNT:
        raise ValueError(f"count {count}: expected 1 to {MAX_COUNT}")
    if diversity and count == 1:
        raise ValueError("diversity: give a count of fields that are to differ")
    task = FeatureTask(
        vision.load(model, weights),
        layer=layer,
        channel=channel,
        unit=unit,
        category=class_,
        size=size,
        transforms=transforms,
        diversity=diversity,
    )
    task.settings = {
        **task.settings,
        "weights": None if weights is None else os.fspath(weights),
        "count": count,
    }
    fields, rates = _fields(count, training.get("seed", 0), options or {})
    fitted = run(fields, rates, task, METHOD.settings, training, method="lucid")
    if fitted.scores["activation"] == 0:
        fitted = replace(fitted, remark=f"nothing excited {task.sought}: it may be dead")
    task.network.to(torch.device("cpu"))
    fields.cpu()
    output = training.get("output")
    if count == 1:
        made = keep(_program(fields, 0), fitted, task, output, method="lucid")
        return FittedFeature(**vars(made), members=(made,))
    members = []
    for number, member in enumerate(fields.members):
        alone = replace(fitted, scores=task.scores(Fields([member])))
        own = None if output is None else _numbered(output, number)
        members.append(keep(_program(fields, number), alone, task, own, method="lucid"))
    whole = keep(members[0].program, fitted, task, None, method="lucid")
    path = None if output is None else _write(sheet(fields, PREVIEW), output)
    return FittedFeature(**{**vars(whole), "path": path}, members=tuple(members))


def _fields(count: int, seed: int, options: Mapping[str, Any]) -> tuple[Fields, dict[str, float]]:
    """The fields as they begin, and how fast their parameters learn."""
    members: list[nn.Module] = []
    rates: dict[str, float] = {}
    for number in range(count):
        module, own = trainable(lucid(XY, RGB, np.random.default_rng([seed, number]), **options))
        members.append(module)
        rates |= {f"members.{number}.{name}": rate for name, rate in own.items()}
    return Fields(members), rates


def _program(fields: Fields, number: int) -> Program:
    member = fields.members[number]
    assert isinstance(member, ProgramModule)
    return member.program()


def _numbered(output: str | os.PathLike[str], number: int) -> Path:
    path = Path(output)
    return path.with_name(f"{path.stem}-{number + 1}{path.suffix}")


def _write(picture: Any, output: str | os.PathLike[str]) -> str:
    path = Path(output).with_suffix(".png")
    with atomic_output(path) as temporary:
        Image.fromarray(picture).save(temporary)
    return os.fspath(path)
