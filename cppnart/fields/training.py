"""A network fitted to a signal and kept as a field: what every kind of fit shares."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray
from torch import nn

from . import files
from .fitting import Fitted, Report, Settings, Task, fit
from .networks import NETWORKS, Network
from .networks.trained import trainable
from .parallel import Group
from .program import Program
from .runs import RunFolder
from .torch_backend import ProgramModule


class Training(TypedDict, total=False):
    """How a training goes where that is not as the method has it; every ``fit_...`` takes these.

    steps, seconds, until: when it stops: after so many steps, so long, or when the score that
    counts reaches so much. rate: of learning. ema, clip, precision: see Settings. seed: of weights
    and batches. folder: of the run, with states and statistics; resume: go on with it.
    tensorboard: statistics for TensorBoard too, in the folder. output: a .safetensors field to
    write. device: cpu, cuda or mps. report, show: called with how far it is, and with previews;
    previews: how many.
    """

    steps: int | None
    seconds: float | None
    until: float | None
    rate: float | None
    ema: float | None
    clip: float | None
    precision: str | None
    seed: int
    folder: str | os.PathLike[str] | None
    resume: bool
    tensorboard: bool
    output: str | os.PathLike[str] | None
    device: str
    report: Callable[[Report], None] | None
    show: Callable[[int, NDArray[np.uint8]], None] | None
    previews: int | None


_SETTINGS = ("steps", "seconds", "until", "rate", "ema", "clip", "precision", "seed", "previews")


@dataclass(frozen=True)
class Method:
    """How a signal is fitted with a kind of network: its options, and how it is trained.

    batch: points in a step, None for all of them.
    """

    settings: Settings
    options: Mapping[str, Any] = field(default_factory=dict)
    batch: int | None = 8192


@dataclass(frozen=True)
class FittedField:
    """What a fit made. why it ended: see Fitted. scores: the first counts."""

    path: str | None
    task: str
    method: str
    parameters: int
    step: int
    why: str
    seconds: float
    scores: dict[str, float]
    remark: str | None
    program: Program = field(repr=False)

    def __str__(self) -> str:
        scores = ", ".join(f"{name} {score:.2f}" for name, score in self.scores.items())
        remark = f"; {self.remark}" if self.remark else ""
        return f"{self.method}, {self.step} steps, {self.seconds:.1f} s: {scores}{remark}"


def build(
    method: str,
    inputs: Mapping[str, int],
    outputs: tuple[str, ...],
    seed: int,
    options: Mapping[str, Any],
) -> Network:
    """A network of NETWORKS, drawn by a seed. TypeError names an option that it does not have."""
    make: Callable[..., Network] = NETWORKS[method]
    return make(inputs, outputs, np.random.default_rng(seed), **options)


def train(
    network: Network,
    task: Task,
    settings: Settings,
    training: Training,
    *,
    method: str,
    shape: Callable[[Program], Program] = lambda program: program,
    note: Mapping[str, Any] | None = None,
    remark: str | None = None,
    prepare: Callable[[ProgramModule], None] = lambda module: None,
    save: bool = True,
) -> FittedField:
    """Fits a network to a task and saves the field.

    settings: of the method, which ``training`` may change. shape: what makes the field of the
    program that was trained. note: more to be said in the file; remark: to the person.
    prepare: is given the module before it is trained. save: write the output; else that is left to
    whoever calls, and there is no path.
    """
    module, rates = trainable(network)
    prepare(module)
    fitted = run(module, rates, task, settings, training, method=method)
    fitted = replace(fitted, remark="; ".join(filter(None, [remark, fitted.remark])) or None)
    program = shape(module.cpu().program())
    output = training.get("output") if save else None
    return keep(program, fitted, task, output, method=method, note=note)


def run(
    module: nn.Module,
    rates: Mapping[str, float],
    task: Task,
    settings: Settings,
    training: Training,
    *,
    method: str,
    group: Group | None = None,
) -> Fitted:
    """Fits any module to a task, in the folder of its run if it has one; see ``train``. group: of
    processes; see ``fit``."""
    folder = training.get("folder")
    changes: dict[str, Any] = {name: training.get(name) for name in _SETTINGS}
    settings = replace(settings, **{k: v for k, v in changes.items() if v is not None})
    _check_paths(training.get("output"), folder, training)
    run_folder = None
    if folder is not None:
        # the rest may be another when a run goes on
        kept = asdict(replace(settings, seconds=None, until=None, previews=None))
        first = group is None or group.first
        run_folder = RunFolder(
            folder,
            {"task": task.name, **task.settings, "method": method, "settings": kept},
            tensorboard=first and training.get("tensorboard", False),
        )
    return fit(
        module,
        task,
        settings,
        rates=rates,
        device=training.get("device", "cpu"),
        folder=run_folder,
        resume=training.get("resume", False),
        report=training.get("report"),
        show=training.get("show"),
        group=group,
    )


def keep(
    program: Program,
    fitted: Fitted,
    task: Task,
    output: str | os.PathLike[str] | None,
    *,
    method: str,
    note: Mapping[str, Any] | None = None,
) -> FittedField:
    """Saves what a fit made, if there is a file for it."""
    scores = {name: round(score, 3) for name, score in fitted.scores.items()}
    if output is not None:
        about = {"task": task.name, **task.settings, "method": method, "scores": scores}
        files.save(output, program, {**about, **(note or {})})
    return FittedField(
        None if output is None else os.fspath(output),
        task.name,
        method,
        program.parameters,
        fitted.step,
        fitted.why,
        fitted.seconds,
        scores,
        fitted.remark,
        program,
    )


def _check_paths(
    output: str | os.PathLike[str] | None,
    folder: str | os.PathLike[str] | None,
    training: Training,
) -> None:
    """Before the work, not after it."""
    if output is not None and Path(output).suffix != ".safetensors":
        raise ValueError(f"{os.fspath(output)}: a field is kept in a .safetensors file")
    if output is not None and not Path(output).resolve().parent.is_dir():
        raise ValueError(f"{os.fspath(output)}: there is no such folder")
    if folder is None and training.get("resume"):
        raise ValueError("resume: give the folder of the run that is to go on")
    if folder is None and training.get("tensorboard"):
        raise ValueError("tensorboard: give a folder for the run")
