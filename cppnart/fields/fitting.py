"""The one loop that fits fields, whatever the signal.

A task says how to make a loss, how to score and what to show; the loop owns the optimiser, its
schedule, the device, precision, checkpoints, exact resumption, statistics and when to stop.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .parallel import Group
from .runs import RunFolder, State
from .signals import interruptible

OPTIMISERS = ("adam", "adamw", "sgd")
SCHEDULES = ("constant", "cosine", "exponential", "steps")
PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}
SAVE_SECONDS = 30.0
"""Between states, where a run has a folder."""
REPORT_SECONDS = 0.5
"""Between reports, apart from those of checks."""
PREVIEW_POWER = 2.5


@dataclass(frozen=True)
class Schedule:
    """How the learning rate goes, as data; ``factor`` is what the rate is multiplied with.

    kind: ``constant``; ``cosine`` from 1 to ``last`` over the whole; ``exponential`` likewise by
    equal ratios; ``steps``: times ``last`` at each of ``at``. warmup: steps in which it rises from
    nothing.
    """

    kind: str = "constant"
    last: float = 0.0
    at: tuple[int, ...] = ()
    warmup: int = 0

    def __post_init__(self) -> None:
        if self.kind not in SCHEDULES:
            raise ValueError(f"schedule {self.kind!r}: expected {', '.join(SCHEDULES)}")
        if self.kind == "exponential" and not self.last > 0:
            raise ValueError(f"schedule exponential to {self.last:g}: expected a number above 0")

    def factor(self, step: int, done: float) -> float:
        """At a step, when ``done`` of the whole is done, in [0, 1]."""
        rise = min(1.0, (step + 1) / (self.warmup + 1))
        if self.kind == "cosine":
            return rise * (self.last + (1 - self.last) * 0.5 * (1 + math.cos(math.pi * done)))
        if self.kind == "exponential":
            return float(rise * self.last**done)
        if self.kind == "steps":
            return float(rise * self.last ** sum(step >= at for at in self.at))
        return rise


@dataclass(frozen=True)
class Settings:
    """How a fit goes, as data.

    rate: of learning. until: stop when the task's first score reaches this. seconds: stop after so
    long; the rate's schedule ends with the time or with the steps, whichever is over first.
    patience: stop when the first score has not improved for so many checks, and keep the best. ema:
    decay of a moving average of the parameters, which is then what is scored and kept. clip: the
    largest norm of the gradient. previews: so many over all steps, most of them early, when a field
    changes most.
    """

    steps: int = 2000
    rate: float = 1e-3
    optimiser: str = "adam"
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    decay: float = 0.0
    momentum: float = 0.0
    schedule: Schedule = field(default_factory=Schedule)
    clip: float | None = None
    ema: float | None = None
    precision: str = "float32"
    check_every: int = 100
    previews: int | None = None
    until: float | None = None
    seconds: float | None = None
    patience: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.optimiser not in OPTIMISERS:
            raise ValueError(f"optimiser {self.optimiser!r}: expected {', '.join(OPTIMISERS)}")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision {self.precision!r}: expected {', '.join(PRECISIONS)}")
        if not 1 <= self.steps <= 10**9:
            raise ValueError(f"steps {self.steps}: expected 1 to 1000000000")
        if not (math.isfinite(self.rate) and self.rate > 0):
            raise ValueError(f"rate {self.rate:g}: expected a number above 0")
        if self.check_every < 1:
            raise ValueError(f"check every {self.check_every}: expected a number of steps")
        if self.ema is not None and not 0 < self.ema < 1:
            raise ValueError(f"ema {self.ema:g}: expected a decay between 0 and 1, as 0.999")
        if self.clip is not None and not self.clip > 0:
            raise ValueError(f"clip {self.clip:g}: expected a norm above 0")
        if self.seconds is not None and not self.seconds > 0:
            raise ValueError(f"seconds {self.seconds:g}: expected a time above 0")

    def preview_steps(self) -> list[int]:
        """The steps after which previews are shown."""
        count = self.previews or 0
        shares = [(number / max(count - 1, 1)) ** PREVIEW_POWER for number in range(count)]
        return sorted({max(1, round(self.steps * share)) for share in shares})


class Task(Protocol):
    """A signal to be fitted.

    name: of the kind of task; settings: what a run folder must agree with, JSON-ready.
    """

    name: str
    settings: Mapping[str, Any]

    def loss(self, field: nn.Module, random: torch.Generator, device: torch.device) -> Tensor:
        """The loss of one step, with batches drawn by ``random``, which is of the CPU."""
        ...

    def scores(self, field: nn.Module) -> dict[str, float]:
        """How good the field is; the first score counts, and larger is better."""
        ...

    def preview(self, field: nn.Module) -> NDArray[np.uint8] | None:
        """The field as a picture (H, W, 3)."""
        ...


@runtime_checkable
class Remembering(Protocol):
    """A task that finds something while it is fitted, which a saved state has to hold too."""

    def state_dict(self) -> dict[str, Tensor]: ...

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None: ...


@dataclass(frozen=True)
class Report:
    """How far a fit is: after ``step`` steps of ``steps``, the ``share`` of the whole in steps or
    in time; the scores are those of the last check."""

    step: int
    steps: int
    share: float
    loss: float
    scores: dict[str, float]
    rate: float
    seconds: float


@dataclass(frozen=True)
class Fitted:
    """How a fit ended: why is ``steps``, ``until``, ``seconds``, ``patience`` or ``loss``, where
    the loss was not a number any more and the last good state was kept. remark: what a person
    should know."""

    step: int
    scores: dict[str, float]
    seconds: float
    why: str
    remark: str | None = None


def fit(
    module: nn.Module,
    task: Task,
    settings: Settings,
    *,
    rates: Mapping[str, float] | None = None,
    device: str = "cpu",
    folder: RunFolder | None = None,
    resume: bool = False,
    report: Callable[[Report], None] | None = None,
    show: Callable[[int, NDArray[np.uint8]], None] | None = None,
    group: Group | None = None,
) -> Fitted:
    """Fits a module to a task, in place.

    rates: by parameter name, by how much it learns faster than the settings say; 0 for not at
    all. folder: where states and statistics go; with ``resume`` training goes on from the last
    state there, on the CPU to the same bits as if it had never stopped. report: called now and
    then; show: with previews. Ctrl-C saves a state and is raised again. group: of processes that
    fit together, each by the loss of its share of a batch, which the task has to give; the first
    scores, reports and writes.
    """
    own = group or Group(device=device)
    return _Fit(module, task, settings, rates or {}, own, folder, report, show).run(resume)


class _Fit:
    def __init__(
        self,
        module: nn.Module,
        task: Task,
        settings: Settings,
        rates: Mapping[str, float],
        group: Group,
        folder: RunFolder | None,
        report: Callable[[Report], None] | None,
        show: Callable[[int, NDArray[np.uint8]], None] | None,
    ) -> None:
        self.group, self.device = group, torch.device(group.device)
        self.module = module.to(self.device)
        self.task, self.settings, self.folder = task, settings, folder
        self.report, self.show = report, show
        self.optimiser = _optimiser(self.module, settings, rates)
        self.learning = [p for group in self.optimiser.param_groups for p in group["params"]]
        half = PRECISIONS[settings.precision]
        self.half = half
        scaled = half == torch.float16 and self.device.type == "cuda"
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=scaled)
        self.average = deepcopy(self.module).requires_grad_(False) if settings.ema else None
        self.best: dict[str, Tensor] | None = None
        self.step = 0
        self.spent = 0.0
        self.timed = 0.0  # the share of the time that is over
        self.scores: dict[str, float] = {}
        self.numbers: dict[str, Any] = {"best_score": -math.inf, "stale": 0}

    @property
    def shown(self) -> nn.Module:
        """The module that is scored and kept."""
        return self.module if self.average is None else self.average

    def run(self, resume: bool) -> Fitted:
        remark = self._resume() if resume and self.folder is not None else None
        self.group.spread([*self.module.parameters(), *self.module.buffers()])
        settings = self.settings
        began = saved = reported = time.monotonic()
        before = self.spent
        previews = set(settings.preview_steps()) if self.group.first else set()
        why = "steps"
        # a step is finished first: half of one is no state, and other processes wait for it
        with interruptible() as interrupted:
            try:
                while self.step < settings.steps:
                    loss = self._advance()
                    now = time.monotonic()
                    self.spent = before + now - began
                    last = self.step == settings.steps
                    late = settings.seconds is not None and self.spent >= settings.seconds
                    timed_out = self.group.any(late and self.group.first)
                    if self.group.any(bool(interrupted)):
                        raise KeyboardInterrupt
                    if self.step % settings.check_every == 0 or last or timed_out:
                        (value,) = self.group.mean([float(loss)])
                        if not math.isfinite(value):
                            return self._fell_apart(value)
                        ended = self._check(value) if self.group.first else None
                        if self.group.any(ended is not None) or timed_out:
                            why = "seconds" if timed_out else ended or "another process"
                            break
                    if self.report is not None and now - reported >= REPORT_SECONDS:
                        self._report(float(loss))
                        reported = now
                    if self.step in previews:
                        self._preview()
                        began += time.monotonic() - now  # it is not time spent on fitting
                    if self.folder is not None and now - saved >= SAVE_SECONDS:
                        self._save()
                        saved = now
            except KeyboardInterrupt:
                if len(interrupted) < 2:  # whoever asks twice does not wait for the step's end
                    self._save()
                raise
        self._save()  # before the best or the average take the place of what goes on
        if self.best is not None:
            self.shown.load_state_dict(self.best)
        if self.group.first and (self.best is not None or not self.scores):
            self.scores = self._score()
        if self.average is not None:
            self.module.load_state_dict(self.average.state_dict())
        return Fitted(self.step, self.scores, round(self.spent, 3), why, remark)

    def _advance(self) -> Tensor:
        settings = self.settings
        if settings.seconds is not None:
            (self.timed,) = self.group.mean([self.spent / settings.seconds])
        factor = settings.schedule.factor(self.step, self.share)
        for group in self.optimiser.param_groups:
            group["lr"] = settings.rate * factor * group["own_rate"]
        # by the step, so that nothing of it needs to be kept for going on
        random = torch.Generator().manual_seed((settings.seed << 32) + self.step)
        mixed = torch.autocast(self.device.type, self.half) if self.half else nullcontext()
        with mixed:
            loss = self.task.loss(self.module, random, self.device)
        self.optimiser.zero_grad(set_to_none=True)
        # points of a loss on derivatives ask for slopes too, which nobody reads
        self.scaler.scale(loss).backward(inputs=self.learning)
        self.group.mean_gradients(self.learning)
        if settings.clip is not None:
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_(self.module.parameters(), settings.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.step += 1
        if self.average is not None:
            _follow(self.average, self.module, settings.ema or 0.0, self.step)
        return loss.detach()

    # --- Checks ---

    def _score(self) -> dict[str, float]:
        with torch.no_grad():
            return self.task.scores(self.shown)

    def _check(self, loss: float) -> str | None:
        """Scores, and says why this is enough, if it is."""
        self.scores = self._score()
        if self.folder is not None:
            line = {"step": self.step, "loss": loss, **self.scores, "rate": self.rate}
            self.folder.note({**line, "seconds": round(self.spent, 3)})
        if self.report is not None:
            self._report(loss)
        return self._enough()

    @property
    def share(self) -> float:
        """How much of the fit is done, in steps or in time."""
        return min(1.0, max(self.step / self.settings.steps, self.timed))

    @property
    def rate(self) -> float:
        return self.settings.rate * self.settings.schedule.factor(self.step, self.share)

    def _report(self, loss: float) -> None:
        assert self.report is not None
        done = (self.step, self.settings.steps, self.share)
        self.report(Report(*done, loss, self.scores, self.rate, self.spent))

    def _enough(self) -> str | None:
        first = next(iter(self.scores.values()), -math.inf)
        if self.settings.until is not None and first >= self.settings.until:
            return "until"
        if self.settings.patience is None:
            return None
        if first > self.numbers["best_score"]:
            self.numbers.update(best_score=first, stale=0)
            self.best = deepcopy(self.shown.state_dict())
        else:
            self.numbers["stale"] += 1
        return "patience" if self.numbers["stale"] >= self.settings.patience else None

    def _preview(self) -> None:
        if self.show is None:
            return
        with torch.no_grad():
            picture = self.task.preview(self.shown)
        if picture is not None:
            self.show(self.step, picture)

    def _fell_apart(self, loss: float) -> Fitted:
        """The loss is infinite or not a number: back to the last good state, if there is one."""
        step = self.step
        state, _ = self.folder.load() if self.folder is not None else (None, None)
        if state is None:
            raise ValueError(
                f"the loss was {loss} at step {step}: try a smaller rate, or clip the gradient"
            )
        self._restore(state)
        remark = f"the loss was {loss} at step {step}: the state of step {state.step} was kept"
        return Fitted(self.step, self._score(), round(self.spent, 3), "loss", remark)

    # --- States ---

    def _save(self) -> None:
        if self.folder is None or not self.group.first:
            return
        tensors = {f"field.{k}": v for k, v in self.module.state_dict().items()}
        if self.average is not None:
            tensors |= {f"average.{k}": v for k, v in self.average.state_dict().items()}
        if self.best is not None:
            tensors |= {f"best.{k}": v for k, v in self.best.items()}
        for number, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{number}.{k}": torch.as_tensor(v) for k, v in state.items()}
        if isinstance(self.task, Remembering):
            tensors |= {f"task.{k}": v for k, v in self.task.state_dict().items()}
        numbers = {**self.numbers, "spent": self.spent, "scaler": self.scaler.state_dict()}
        self.folder.save(State(self.step, tensors, numbers))

    def _resume(self) -> str | None:
        assert self.folder is not None
        state, remark = self.folder.load()
        self.group.wait()
        if state is None:
            return remark
        self._restore(state)
        if self.group.first:
            self.folder.forget_after(self.step)
        return remark

    def _restore(self, state: State) -> None:
        self.step = state.step
        numbers = dict(state.numbers)
        self.spent = float(numbers.pop("spent", 0.0))
        if scaler := numbers.pop("scaler", None):
            self.scaler.load_state_dict(scaler)
        self.numbers |= numbers
        parts: dict[str, dict[str, Tensor]] = {}
        for name, tensor in state.tensors.items():
            part, _, rest = name.partition(".")
            parts.setdefault(part, {})[rest] = tensor
        self.module.load_state_dict(parts["field"])
        if self.average is not None:
            self.average.load_state_dict(parts["average"])
        self.best = parts.get("best")
        if isinstance(self.task, Remembering) and "task" in parts:
            self.task.load_state_dict(parts["task"])
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in parts.get("optimiser", {}).items():
            number, _, key = name.partition(".")
            moments.setdefault(int(number), {})[key] = tensor
        whole = self.optimiser.state_dict()
        self.optimiser.load_state_dict({**whole, "state": moments})


def _optimiser(
    module: nn.Module, settings: Settings, rates: Mapping[str, float]
) -> torch.optim.Optimizer:
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        own = rates.get(name, 1.0)
        parameter.requires_grad_(own != 0)
        if own != 0:
            groups.setdefault(own, []).append(parameter)
    # eps is added to the size of gradients, which are smaller where a parameter is larger; decay
    # goes with the rate
    chosen: list[dict[str, Any]] = [
        {"params": parameters, "own_rate": own, "lr": settings.rate * own}
        for own, parameters in groups.items()
    ]
    if settings.optimiser == "sgd":
        return torch.optim.SGD(
            chosen, settings.rate, settings.momentum, weight_decay=settings.decay
        )
    for group in chosen:
        group["eps"] = settings.eps / group["own_rate"]
        group["weight_decay"] = settings.decay / group["own_rate"]
    kind = torch.optim.Adam if settings.optimiser == "adam" else torch.optim.AdamW
    # one pass over parameters and moments: tables of grids are far larger than caches
    return kind(chosen, settings.rate, settings.betas, settings.eps, settings.decay, fused=True)


def _follow(average: nn.Module, module: nn.Module, decay: float, step: int) -> None:
    """A moving average that begins as a plain mean, so that it forgets its start."""
    decay = min(decay, step / (step + 9))
    with torch.no_grad():
        for slow, fast in zip(average.parameters(), module.parameters(), strict=True):
            slow.lerp_(fast, 1 - decay)
        for kept, now in zip(average.buffers(), module.buffers(), strict=True):
            kept.copy_(now)  # what a module has found out, which is no average
