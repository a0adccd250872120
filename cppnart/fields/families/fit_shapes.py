"""fit_shapes: a folder of meshes becomes one field, and a code for each of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..fitting import Schedule, Settings
from ..training import Training, run
from .family import ShapeFamily, save_family
from .members import Member, Source, read_members
from .model import METHODS, FamilyModel
from .task import FamilyTask, first, read_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

SETTINGS = Settings(
    steps=10_000,
    rate=3e-3,
    schedule=Schedule("cosine", 0.01, warmup=100),
    ema=0.998,
    clip=1.0,
    check_every=1000,
)
SHARE = 10
"""One shape in so many is held out, unless another number is asked for."""


@dataclass(frozen=True)
class FittedFamily:
    """What a training made. members: how many were learnt; held_out: names of those that were not.
    passed_over: meshes that could not be used, and why."""

    path: str | None
    method: str
    parameters: int
    members: int
    held_out: tuple[str, ...]
    step: int
    why: str
    seconds: float
    scores: dict[str, float]
    remark: str | None
    passed_over: dict[str, str]
    family: ShapeFamily = field(repr=False)

    def __str__(self) -> str:
        scores = ", ".join(f"{name} {score:.3f}" for name, score in self.scores.items())
        remark = f"; {self.remark}" if self.remark else ""
        return (
            f"{self.method}, {self.members} members, {self.step} steps, {self.seconds:.1f} s:"
            f" {scores}{remark}"
        )


def fit_shapes(
    source: Source,
    *,
    method: str = "codes",
    held_out: int | None = None,
    repair: bool = False,
    batch: int = 16,
    options: Mapping[str, Any] | None = None,
    **training: Unpack[Training],
) -> FittedFamily:
    """Learns one field over x, y, z and a code, in which every shape has a code of its own.

    source: a folder of meshes (.obj, .ply, .stl, .glb, .off), or meshes by name; those that cannot
    be used are passed over. method: ``codes``, learnt with the field; ``vae``, ``points``,
    ``voxels`` or ``image``, from an encoder; see METHODS. held_out: so many shapes, spread evenly,
    are not learnt but scored; by default a tenth. repair: see fit_shape. batch: shapes in a step.
    options: of the networks: codes, width, depth, octaves. training: see Training; ``until`` is the
    mean IoU of shapes held out.

    Raises ValueError where there are too few shapes.
    """
    if method not in METHODS:
        raise ValueError(f"method {method!r}: expected {', '.join(METHODS)}")
    own = dict(options or {})
    seed = training.get("seed", 0)
    FamilyModel(method, 1, **own)  # a mistake is said before meshes are read
    found, passed_over = read_members(source, METHODS[method], repair=repair)
    members, held = _parted(found, held_out, source, passed_over)
    task = FamilyTask(members, held, batch=batch)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = FamilyModel(method, len(members), **own)
    settings = replace(SETTINGS, seed=seed)
    fitted = run(model, model.rates, task, settings, training, method=method)
    model = model.cpu().requires_grad_(False)
    if (read := read_of(members)) is not None:
        with torch.no_grad():
            model.codes.copy_(torch.cat([model.encode(first(part)) for part in read.split(64)]))
    scores = {name: round(score, 4) for name, score in fitted.scores.items()}
    names = tuple(member.name for member in members)
    note = {**task.settings, "steps": fitted.step, "scores": scores}
    family = ShapeFamily(model, names, tuple(member.place for member in members), note)
    output = training.get("output")
    if output is not None:
        save_family(output, family)
    return FittedFamily(
        None if output is None else os.fspath(output),
        method,
        sum(parameter.numel() for parameter in model.parameters()),
        len(members),
        tuple(member.name for member in held),
        fitted.step,
        fitted.why,
        fitted.seconds,
        scores,
        "; ".join(filter(None, [_remark(passed_over), fitted.remark])) or None,
        passed_over,
        family,
    )


def _parted(
    found: Sequence[Member], held_out: int | None, source: Source, passed_over: Mapping[str, str]
) -> tuple[list[Member], list[Member]]:
    """What is learnt and what is held out."""
    label = "the shapes" if isinstance(source, Mapping) else os.fspath(source)
    held_out = len(found) // SHARE if held_out is None else held_out
    if held_out < 0:
        raise ValueError(f"held out {held_out}: expected 0 or more shapes")
    if len(found) < 2 + held_out:
        why = next(iter(passed_over.values()), "there are no others")
        raise ValueError(
            f"{label}: {len(found)} usable meshes: expected 2 or more, and {held_out} to be held"
            f" out ({why})"
        )
    chosen = set(np.linspace(0, len(found) - 1, held_out).round().astype(int).tolist())
    return (
        [member for number, member in enumerate(found) if number not in chosen],
        [member for number, member in enumerate(found) if number in chosen],
    )


def _remark(passed_over: Mapping[str, str]) -> str | None:
    if not passed_over:
        return None
    name, why = next(iter(passed_over.items()))
    why = why.removeprefix(f"{name}: ")
    more = f", and {len(passed_over) - 1} more" if len(passed_over) > 1 else ""
    return f"passed over {name} ({why}){more}"
