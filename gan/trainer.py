"""The loop that trains a generator: batches, checks, states, snapshots, and when to stop.

What a step does to which networks is a ``Game``; see ``game.py``. Everything random is drawn by
the number of the step, so that a run that was killed goes on to the same bits, on the CPU.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from cppnart.fields.parallel import Group
from cppnart.fields.runs import RunFolder, State
from cppnart.fields.signals import interruptible

from .augment import Augment
from .data import Batch, Batches
from .limits import Limits, Progress, Trained
from .model import LATEST, Model, save_model

SAVE_SECONDS = 60.0
"""Between states."""
LOOK = 16
"""Steps between looks at the losses, for each of which an accelerator has to be waited for."""
FIRST_MINUTES_STEPS = 8
"""Steps after which a run that is given minutes first says how many images they will be."""
SNAPSHOT_CHECKS = 10
"""Checks between snapshots that are kept for good."""
SNAPSHOTS = "snapshots"


class Game(Protocol):
    """Networks, and one step of their training.

    networks: by name, the one called generator among them. optimisers: by the network's name.
    """

    @property
    def networks(self) -> Mapping[str, nn.Module]: ...

    @property
    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]: ...

    augment: Augment
    gaussian: tuple[Tensor, Tensor] | None

    def advance(
        self, step: int, done: float, batch: Batch, group: Group, stop: bool
    ) -> tuple[dict[str, Tensor], bool]:
        """One step at a share of the training that is done, from 0 to 1. stop: whether this
        process wants to stop. The losses by name, and whether any process wants to."""
        ...

    def half_life(self, done: float) -> float:
        """Of the moving average of the generator, in images."""
        ...

    def latents(self) -> tuple[Tensor, Tensor] | None:
        """Mean and factor of the Gaussian to draw latents from; None for the standard one."""
        ...


class Fell(ArithmeticError):
    """A loss is not a number any more; args: the step and the loss's name."""


class Trainer:
    """One run of training, in one of several processes or the only one.

    about: what goes into snapshots: width, height, objective and a note. show: called at checks
    with the averaged generator, and whether the step was the last; only in the first process, as
    are folder and report.
    """

    def __init__(
        self,
        game: Game,
        batches: Batches,
        limits: Limits,
        *,
        about: Mapping[str, Any],
        folder: RunFolder | None = None,
        group: Group | None = None,
        report: Callable[[Progress], None] | None = None,
        show: Callable[[Model, bool], None] | None = None,
    ) -> None:
        self.game, self.batches, self.limits, self.about = game, batches, limits, about
        self.group = group or Group()
        self.device = torch.device(self.group.device)
        self.folder, self.report, self.show = folder, report, show
        self.average = deepcopy(game.networks["generator"]).requires_grad_(False).eval()
        self.step = 0
        self.spent = 0.0
        self.horizon: float | None = None
        """Images that the run will have seen, where minutes are given and images are not."""
        self._recent: list[tuple[int, dict[str, Tensor]]] = []
        self._sums: dict[str, float] = {}
        self._count = 0
        self._pace = (0, 0.0)

    @property
    def images(self) -> int:
        return self.step * self.batches.batch

    @property
    def total(self) -> float:
        """Images at the end of the run, as far as is known."""
        if self.limits.images is not None:
            return float(self.limits.images)
        return max(self.horizon or math.inf, self.images)

    def resume(self) -> str | None:
        """Goes back to the last state in the folder, if there is one; a remark, if one could not
        be read."""
        assert self.folder is not None
        state, remark = self.folder.load()
        self.group.wait()
        if state is not None:
            self._restore(state)
            if self.group.first:
                self.folder.forget_after(self.step)
        return remark

    def run(self) -> Trained:
        """Trains until a limit, Ctrl-C or a loss that is not a number.

        Ctrl-C, and SIGTERM, save a state; then KeyboardInterrupt is raised. ValueError where a
        loss is not a number before there is any state.
        """
        why = "images"
        saved = time.monotonic()
        self.begin()
        with interruptible() as interrupted:
            try:
                if self.step == 0:
                    self._check()
                    self._save()  # so that there always is one to go back to
                most = self.limits.images or math.inf
                while self.images < most:
                    timed_out = self.group.first and self._time_is_up()
                    stop = self.advance(bool(interrupted) or timed_out)
                    if self.step == FIRST_MINUTES_STEPS:
                        self._plan()
                    if stop:
                        why = "minutes" if self._time_is_up() and not interrupted else "stopped"
                        break
                    if self.step % self.limits.check_every == 0 and self.images < most:
                        self._plan()
                        self._check()
                    # clocks differ between processes, and looking is done by all of them together
                    if not self._recent and time.monotonic() - saved >= SAVE_SECONDS:
                        self._save()
                        saved = time.monotonic()
                losses = self._check(last=True)
                self._save(last=True)
            except Fell as fell:
                return self._fell_apart(*fell.args)
        if interrupted:
            raise KeyboardInterrupt
        rate = (self.images - self._first) / max(self.spent - self._before, 1e-9)
        return Trained(
            self._shown(), self.step, self.images, round(self.spent, 3), rate, why, losses
        )

    # --- Steps ---

    def begin(self) -> None:
        """Brings all processes to the same weights, and starts the clock."""
        for network in self.game.networks.values():
            self.group.spread([*network.parameters(), *network.buffers()])
        self._began, self._before = time.monotonic(), self.spent
        self._pace = (self.images, self.spent)
        self._first = self.images

    def advance(self, stop: bool = False) -> bool:
        """One step, after ``begin``. stop: whether this process wants to stop; the outcome:
        whether any does. Fell where a loss is not a number."""
        batch = self.batches.at(self.step).to(self.device)
        done = min(self.images / self.total, 1.0)
        losses, stop = self.game.advance(self.step, done, batch, self.group, stop)
        self._recent.append((self.step, losses))
        self.step += 1
        self._follow(done)
        if len(self._recent) >= (1 if self.device.type == "cpu" else LOOK):
            self._look()
        self.spent = self._before + time.monotonic() - self._began
        return stop

    def _look(self) -> None:
        """Adds the losses since the last look up; Fell where one is not a number."""
        for step, losses in self._recent:
            # everybody has to see a loss that is not a number
            values = self.group.mean(float(loss) for loss in losses.values())
            for name, value in zip(losses, values, strict=True):
                if not math.isfinite(value):
                    raise Fell(step, name, value)
                self._sums[name] = self._sums.get(name, 0.0) + value
            self._count += 1
        self._recent.clear()

    def _follow(self, done: float) -> None:
        """Karras et al., arXiv 1912.04958, with a half-life that is short at first, so that the
        average forgets the beginning (arXiv 2006.06676, appendix C)."""
        half_life = max(min(self.game.half_life(done), 0.05 * self.images), 1e-9)
        decay = 0.5 ** (self.batches.batch / half_life)
        network = self.game.networks["generator"]
        with torch.no_grad():
            slow: list[Tensor] = list(self.average.parameters())
            fast: list[Tensor] = list(network.parameters())
            torch._foreach_lerp_(slow, fast, 1 - decay)
            for mine, theirs in zip(self.average.buffers(), network.buffers(), strict=True):
                mine.copy_(theirs)

    # --- Time ---

    def _time_is_up(self) -> bool:
        return self.limits.minutes is not None and self.spent >= 60 * self.limits.minutes

    def _plan(self) -> None:
        """How many images the minutes that are left will be, at the speed since the last time."""
        if self.limits.minutes is None:
            return
        images, spent = self._pace
        rate = (self.images - images) / max(self.spent - spent, 1e-9)
        left = max(60 * self.limits.minutes - self.spent, 0.0)
        # everybody has to come to the same number
        (self.horizon,) = self.group.mean([self.images + rate * left])
        self._pace = (self.images, self.spent)
        self._rate = rate

    # --- Checks ---

    def _check(self, *, last: bool = False) -> dict[str, float]:
        """Statistics, a preview and a snapshot; the mean losses since the check before."""
        self._look()
        losses = {name: total / max(self._count, 1) for name, total in self._sums.items()}
        self._sums, self._count = {}, 0
        if not self.group.first:
            return losses
        rate = (self.images - self._first) / max(self.spent - self._before, 1e-9)
        total = self.total
        left = math.inf
        if self.limits.images is not None and rate > 0:
            left = (self.limits.images - self.images) / rate
        if self.limits.minutes is not None:
            left = min(left, max(60 * self.limits.minutes - self.spent, 0.0))
        if self.folder is not None and losses:
            line = {"step": self.step, "images": self.images, **losses}
            line |= {"augment": self.game.augment.p, "rate": round(rate, 2)}
            self.folder.note({**line, "seconds": round(self.spent, 3)})
        model = self.model()
        if self.folder is not None:
            self._snapshot(model, last)
        if self.show is not None:
            self.show(model, last)
        if self.report is not None:
            finite = int(total) if math.isfinite(total) else 0
            p = self.game.augment.p
            self.report(Progress(self.step, self.images, finite, self.spent, left, rate, losses, p))
        return losses

    def model(self) -> Model:
        """The averaged generator as it is now."""
        found = self.game.latents()
        mean, factor = found if found is not None else (None, None)
        return Model(
            self.average,  # type: ignore[arg-type]
            self.about["width"],
            self.about["height"],
            self.images,
            self.about["objective"],
            mean,
            factor,
            self.about.get("note", {}),
        )

    def _snapshot(self, model: Model, last: bool) -> None:
        assert self.folder is not None
        if not all(bool(v.isfinite().all()) for v in model.generator.state_dict().values()):
            return  # the last good one stays
        save_model(self.folder.path / LATEST, model)
        if self.step and (last or self.step // self.limits.check_every % SNAPSHOT_CHECKS == 0):
            kept = self.folder.path / SNAPSHOTS
            kept.mkdir(exist_ok=True)
            save_model(kept / f"images-{self.images:010d}.safetensors", model)

    def _shown(self) -> str:
        return str(self.folder.path) if self.folder is not None else ""

    # --- States ---

    def _save(self, *, last: bool = False) -> None:
        """Saves a state, if its weights are numbers: otherwise the losses of the next step tell
        everybody, or there is none, and this does."""
        if self.folder is None or not (last or self.group.first):
            return
        tensors: dict[str, Tensor] = {}
        for name, network in self.game.networks.items():
            tensors |= {f"network.{name}.{k}": v for k, v in network.state_dict().items()}
            for number, state in self.game.optimisers[name].state_dict()["state"].items():
                tensors |= {f"optimiser.{name}.{number}.{k}": v for k, v in state.items()}
        tensors |= {f"average.{k}": v for k, v in self.average.state_dict().items()}
        if self.game.gaussian is not None:
            tensors["gaussian.mean"], tensors["gaussian.root"] = self.game.gaussian
        broken = next((n for n, t in tensors.items() if not bool(t.isfinite().all())), None)
        if broken is not None and last:
            raise Fell(self.step - 1, broken, math.nan)
        if broken is not None or not self.group.first:
            return
        numbers = {"spent": self.spent, "augment": self.game.augment.p, "horizon": self.horizon}
        self.folder.save(State(self.step, tensors, numbers))

    def _restore(self, state: State) -> None:
        self.step = state.step
        self.spent = float(state.numbers["spent"])
        self.horizon = state.numbers["horizon"]
        self.game.augment.p = float(state.numbers["augment"])
        if "gaussian.mean" in state.tensors:
            found = (state.tensors["gaussian.mean"], state.tensors["gaussian.root"])
            self.game.gaussian = found
        parts: dict[str, dict[str, Tensor]] = {}
        for name, tensor in state.tensors.items():
            words = name.split(".", 1 if name.startswith("average.") else 2)
            parts.setdefault(".".join(words[:-1]), {})[words[-1]] = tensor
        self.average.load_state_dict(parts["average"])
        for name, network in self.game.networks.items():
            network.load_state_dict(parts[f"network.{name}"])
            moments: dict[int, dict[str, Tensor]] = {}
            for key, tensor in parts.get(f"optimiser.{name}", {}).items():
                number, _, what = key.partition(".")
                moments.setdefault(int(number), {})[what] = tensor
            optimiser = self.game.optimisers[name]
            optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})

    def _fell_apart(self, step: int, name: str, value: float) -> Trained:
        """A loss is infinite or not a number: back to the last good state, if there is one."""
        state, _ = self.folder.load() if self.folder is not None else (None, None)
        what = f"{name} was {value} at step {step}"
        if state is None:
            raise ValueError(f"{what}, before there was any state: try a smaller rate")
        self._restore(state)
        self._recent, self._sums, self._count = [], {}, 0
        if self.folder is not None and self.group.first:
            self.folder.forget_after(self.step)
            save_model(self.folder.path / LATEST, self.model())
        remark = f"{what}: the state of step {state.step} was kept"
        return Trained(
            self._shown(), self.step, self.images, round(self.spent, 3), 0.0, "loss", {}, remark
        )
