"""The one loop: what it optimises, when it stops, and that it goes on to the same bits."""

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from cppnart.fields import fitting
from cppnart.fields.fitting import Fitted, Report, Schedule, Settings, fit
from cppnart.fields.runs import RunFolder


class Line:
    """y = 2 x + 1 to be found by a linear module."""

    name = "line"

    def __init__(self, breaks_at: int | None = None) -> None:
        self.settings = {"slope": 2.0}
        self.calls = 0
        self.breaks_at = breaks_at

    def loss(self, field, random, device):
        x = torch.rand(64, 1, generator=random).to(device)
        self.calls += 1
        target = 2 * x + 1
        if self.breaks_at == self.calls:
            target = target * float("nan")
        return (field(x) - target).square().mean()

    def scores(self, field):
        x = torch.linspace(-1, 1, 50)[:, None]
        return {"psnr": -10 * float((field(x) - 2 * x - 1).square().mean().log10())}

    def preview(self, field):
        return np.full((2, 2, 3), 7, np.uint8)


def module(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Linear(1, 1)


def run(steps: int = 300, task: Line | None = None, **settings) -> tuple[nn.Module, Fitted]:
    net = module()
    given = {"rate": 0.05, "check_every": 10, **settings}
    return net, fit(net, task or Line(), Settings(steps=steps, **given))


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd"])
def test_a_line_is_found(optimiser):
    net, fitted = run(400, optimiser=optimiser, momentum=0.9)
    assert (fitted.why, fitted.step) == ("steps", 400)
    assert fitted.scores["psnr"] > 40
    assert net.weight.item() == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd"])
def test_the_loop_does_what_a_loop_written_by_hand_does(optimiser):
    net, _ = run(20, optimiser=optimiser, decay=0.01, momentum=0.5, clip=0.3)
    other = module()
    kinds = {
        "adam": lambda p: torch.optim.Adam(p, 0.05, weight_decay=0.01),
        "adamw": lambda p: torch.optim.AdamW(p, 0.05, weight_decay=0.01),
        "sgd": lambda p: torch.optim.SGD(p, 0.05, 0.5, weight_decay=0.01),
    }
    own = kinds[optimiser](other.parameters())
    for step in range(20):
        x = torch.rand(64, 1, generator=torch.Generator().manual_seed(step))
        own.zero_grad()
        (other(x) - (2 * x + 1)).square().mean().backward()
        nn.utils.clip_grad_norm_(other.parameters(), 0.3)
        own.step()
    for a, b in zip(net.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_a_parameter_held_omega_times_as_large_learns_the_same_function():
    class Scaled(nn.Module):
        def __init__(self, omega: float, inside: bool) -> None:
            super().__init__()
            torch.manual_seed(1)
            self.w = nn.Parameter(torch.randn(8, 1) * (omega if inside else 1.0))
            self.last = nn.Linear(8, 1)
            self.omega = 1.0 if inside else omega

        def forward(self, x):
            return self.last(torch.sin(self.omega * (x @ self.w.T)))

    plain, held = Scaled(7.0, inside=False), Scaled(7.0, inside=True)
    settings = Settings(steps=60, rate=0.01)
    fit(plain, Line(), settings)
    fit(held, Line(), settings, rates={"w": 7.0})
    torch.testing.assert_close(held.w, 7 * plain.w, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(held.last.weight, plain.last.weight, rtol=1e-4, atol=1e-5)


def test_a_rate_of_nothing_leaves_a_parameter_as_it_is():
    net = module()
    before = net.bias.detach().clone()
    fit(net, Line(), Settings(steps=20, rate=0.1), rates={"bias": 0.0})
    assert torch.equal(net.bias, before)


def test_it_stops_when_the_target_is_reached_or_the_time_is_up():
    _, fitted = run(5000, until=30.0)
    assert fitted.why == "until"
    assert fitted.step < 5000
    assert fitted.scores["psnr"] >= 30
    _, fitted = run(10**8, seconds=0.2)
    assert fitted.why == "seconds"


def test_the_rate_comes_down_with_the_time_where_that_is_over_first(monkeypatch):
    clock = itertools.count(0.0)
    monkeypatch.setattr(fitting, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    reports: list[Report] = []
    schedule = Schedule("exponential", last=0.01)
    settings = Settings(steps=10**6, rate=1.0, seconds=20, schedule=schedule, check_every=1)
    assert fit(module(), Line(), settings, report=reports.append).why == "seconds"
    assert reports[0].rate > 0.7
    assert all(a.rate >= b.rate for a, b in itertools.pairwise(reports))
    assert 0.01 <= reports[-1].rate < 0.02


def test_patience_keeps_the_best_and_not_the_last():
    class Worsening(Line):
        def scores(self, field):
            return {"psnr": 10 - abs(field.weight.item() - 1.0)}

    net, fitted = run(2000, task=Worsening(), patience=3, check_every=1)
    assert fitted.why == "patience"
    assert net.weight.item() == pytest.approx(1.0, abs=0.1)  # passed on its way to 2
    assert fitted.scores["psnr"] == pytest.approx(10, abs=0.1)


def test_the_average_of_the_parameters_is_smoother_than_they_are():
    net, _ = run(400, optimiser="sgd", rate=0.4, ema=0.98)
    last, _ = run(400, optimiser="sgd", rate=0.4)
    assert abs(net.weight.item() - 2) <= abs(last.weight.item() - 2) + 1e-4


def test_progress_previews_and_statistics(tmp_path: Path):
    told: list[Report] = []  # of checks, so short a fit has no others
    shown: list[int] = []
    folder = RunFolder(tmp_path / "run", {"task": "line"})
    fit(
        module(),
        Line(),
        Settings(steps=30, check_every=10, previews=3),
        folder=folder,
        report=told.append,
        show=lambda step, picture: shown.append((step, picture.shape)),
    )
    assert [(r.step, r.steps) for r in told] == [(10, 30), (20, 30), (30, 30)]
    assert shown == [(step, (2, 2, 3)) for step in (1, 5, 30)]  # most of them early
    lines = [json.loads(x) for x in (tmp_path / "run" / "stats.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [10, 20, 30]
    assert {"loss", "psnr", "rate", "seconds"} <= set(lines[0])


def test_statistics_go_to_tensorboard_where_it_is_asked_for(tmp_path: Path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = RunFolder(tmp_path, {"task": "line"}, tensorboard=True)
    fit(module(), Line(), Settings(steps=30, check_every=10), folder=folder)
    log = EventAccumulator(str(tmp_path)).Reload()
    lines = [json.loads(x) for x in (tmp_path / "stats.jsonl").read_text().splitlines()]
    assert [event.step for event in log.Scalars("psnr")] == [10, 20, 30]
    assert [event.value for event in log.Scalars("loss")] == pytest.approx(
        [line["loss"] for line in lines]
    )


def test_without_tensorboard_it_says_how_to_get_it(tmp_path: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ValueError, match="pip install"):
        RunFolder(tmp_path, {}, tensorboard=True)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Schedule(), [1, 1, 1]),
        (Schedule("cosine", last=0.1), [1, 0.55, 0.1]),
        (Schedule("exponential", last=0.01), [1, 0.1, 0.01]),
        (Schedule("steps", last=0.1, at=(50, 80)), [1, 0.1, 0.01]),
    ],
)
def test_schedules(schedule, expected):
    assert [schedule.factor(s, s / 100) for s in (0, 50, 100)] == pytest.approx(expected)


def test_a_warmup_rises_from_nothing():
    schedule = Schedule(warmup=9)
    assert [schedule.factor(s, s / 100) for s in (0, 4, 9, 50)] == pytest.approx([0.1, 0.5, 1, 1])


# --- What can go wrong ---


def test_a_loss_that_is_not_a_number_stops_and_says_where(tmp_path: Path):
    with pytest.raises(ValueError, match=r"the loss was nan at step 20: try a smaller rate"):
        run(100, task=Line(breaks_at=20))

    folder = RunFolder(tmp_path, {"task": "line"})
    net = module()
    fit(net, Line(), Settings(steps=15, check_every=5), folder=folder)
    good = [p.detach().clone() for p in net.parameters()]
    ended = fit(
        net, Line(breaks_at=5), Settings(steps=40, check_every=5), folder=folder, resume=True
    )
    assert ended.why == "loss"
    assert ended.remark == "the loss was nan at step 20: the state of step 15 was kept"
    for a, b in zip(net.parameters(), good, strict=True):
        assert torch.equal(a, b)


def test_a_run_folder_of_something_else_is_refused(tmp_path: Path):
    RunFolder(tmp_path, {"task": "line", "rate": 1})
    RunFolder(tmp_path, {"task": "line", "rate": 1})
    with pytest.raises(ValueError, match=r"has task \"line\", not \"audio\": choose another"):
        RunFolder(tmp_path, {"task": "audio", "rate": 1})
    (tmp_path / "run.json").write_text("[1")
    with pytest.raises(ValueError, match="not the settings of a training"):
        RunFolder(tmp_path, {"task": "line"})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimiser": "lion"}, "optimiser 'lion': expected adam, adamw, sgd"),
        ({"precision": "int8"}, "precision 'int8'"),
        ({"steps": 0}, "steps 0"),
        ({"rate": float("nan")}, "rate nan"),
        ({"rate": -1.0}, "rate -1"),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(ValueError, match=message):
        Settings(**settings)


# --- Going on ---


def test_a_state_cut_short_costs_one_interval(tmp_path: Path):
    folder = RunFolder(tmp_path, {"task": "line"})
    net = module()
    for steps in (10, 20, 30):
        fit(net, Line(), Settings(steps=steps), folder=folder, resume=True)
    states = sorted(tmp_path.glob("state-*"))
    assert [p.name for p in states] == [
        "state-000000020.safetensors",
        "state-000000030.safetensors",
    ]
    states[-1].write_bytes(states[-1].read_bytes()[:200])
    ended = fit(module(5), Line(), Settings(steps=20), folder=folder, resume=True)
    assert ended.remark is not None
    assert ended.remark.startswith("state-000000030.safetensors cannot be read")


SCRIPT = """
import sys, time
sys.path.insert(0, {tests!r})
import safetensors.torch
from test_fitting import Line, module
from cppnart.fields import fitting
fitting.SAVE_SECONDS = 0.0
net = module()
settings = fitting.Settings(steps=4000, rate=0.01, ema=0.9, check_every=50,
                            schedule=fitting.Schedule("cosine"))
folder = fitting.RunFolder({folder!r}, {{"task": "line"}})
fitting.fit(net, Line(), settings, folder=folder, resume=True)
safetensors.torch.save_file(dict(net.state_dict()), {out!r})
"""


def test_a_fit_that_was_killed_ends_with_the_same_bits(tmp_path: Path):
    tests = os.fspath(Path(__file__).parent)

    def start(name: str) -> subprocess.Popen[bytes]:
        code = SCRIPT.format(
            tests=tests, folder=os.fspath(tmp_path / name), out=os.fspath(tmp_path / f"{name}.out")
        )
        return subprocess.Popen([sys.executable, "-c", code])

    assert start("whole").wait(120) == 0
    killed = start("killed")
    deadline = time.monotonic() + 60
    while not list((tmp_path / "killed").glob("state-*")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(random.uniform(0, 0.5))
    killed.send_signal(signal.SIGKILL)
    assert killed.wait(20) == -signal.SIGKILL
    assert not (tmp_path / "killed.out").exists()
    assert start("killed").wait(120) == 0
    whole, again = (safetensors.torch.load_file(tmp_path / f"{n}.out") for n in ("whole", "killed"))
    assert set(whole) == set(again) == {"weight", "bias"}
    for name, tensor in whole.items():
        assert torch.equal(tensor, again[name])
    steps = [
        json.loads(line)["step"]
        for line in (tmp_path / "killed" / "stats.jsonl").read_text().splitlines()
    ]
    assert steps == list(range(50, 4001, 50))


@pytest.mark.parametrize("kind", ["SIGINT", "SIGTERM"])
def test_a_fit_that_is_interrupted_finishes_its_step_and_saves(tmp_path: Path, kind):
    class Interrupted(Line):
        def loss(self, field, random, device):
            if self.calls == 37:
                signal.raise_signal(getattr(signal, kind))
            return super().loss(field, random, device)

    folder = RunFolder(tmp_path, {"task": "line"})
    with pytest.raises(KeyboardInterrupt):
        fit(module(), Interrupted(), Settings(steps=100), folder=folder)
    state, _ = folder.load()
    assert state is not None
    assert state.step == 38
    assert state.tensors["optimiser.0.step"] == state.tensors["optimiser.1.step"] == 38


def test_a_second_ctrl_c_stops_at_once_and_leaves_the_last_whole_state(tmp_path: Path):
    class Interrupted(Line):
        def loss(self, field, random, device):
            if self.calls == 37:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)
            return super().loss(field, random, device)

    folder, task = RunFolder(tmp_path, {"task": "line"}), Interrupted()
    with pytest.raises(KeyboardInterrupt):
        fit(module(), task, Settings(steps=100), folder=folder)
    assert task.calls == 37
    assert folder.load()[0] is None
