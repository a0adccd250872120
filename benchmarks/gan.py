"""The speed of adversarial CPPNs, as ratios within one run: `python benchmarks/gan.py --help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from measure import Row, best, busy, interleaved, machine, reported, times

from cppnart.fields.coordinates import pixel_centers

BATCH, SIZE = 16, 64
ASKED_OF_GRIDS = 4.0
STEP_BATCH, STEP_SIZE = 64, 28
ASKED_OF_STEPS = 1.05
MNIST: dict[str, Any] = {
    "batch": 32,
    "settings": {
        "generator.latent": 64,
        "generator.width": 48,
        "generator.style": 64,
        "discriminator.width": 16,
        "objective.rate": "0.001:0.0001",
        "objective.critic_rate": "0.001:0.0001",
    },
}
"""Networks and rates for half an hour on two cores."""
TRAINED = 10
"""Steps of the comparison of one process with two."""


def main() -> int:
    """Measures, prints, and returns 1 when something is slower than asked for."""
    a = _arguments()
    print(machine(a.threads))
    if warning := busy():
        print(warning)
    if a.mnist is not None:
        return reported(mnist_rows(a.mnist, a.run, a.minutes, a.threads), a.json)
    rounds = 2 if a.quick else a.rounds
    rows = (row for name in a.only or QUESTIONS for row in QUESTIONS[name](a.threads, rounds))
    return reported(rows, a.json)


def multiscale_rows(threads: int, rounds: int) -> Iterator[Row]:
    """fmm with its coarse levels on grids, against the same network at every pixel."""
    import torch

    from cppnart.gan.generators import build_generator

    torch.set_num_threads(threads)
    points = torch.from_numpy(pixel_centers(SIZE, SIZE).astype(np.float32))
    points = points.reshape(1, SIZE, SIZE, 2)
    runs: dict[bool, Callable[[], object]] = {}
    trains: dict[bool, Callable[[], object]] = {}
    for grids in (True, False):
        g = build_generator({"kind": "fmm", "resolution": SIZE, "multiscale": grids})
        z = torch.randn(BATCH, g.spec["latent"], generator=torch.Generator().manual_seed(1))
        runs[grids] = torch.inference_mode()(partial(g, z, points))

        def train(g: torch.nn.Module = g, z: torch.Tensor = z) -> None:
            g(z, points).square().mean().backward()

        trains[grids] = train
    for name, what, contestants in (
        ("multiscale", "forward", runs),
        ("multiscale-backward", "forward and backward", trains),
    ):
        for run in contestants.values():
            run()
        seconds = best(interleaved(contestants, rounds))
        ratio = seconds[False] / seconds[True]
        required = ASKED_OF_GRIDS if name == "multiscale" else None
        yield Row(
            name,
            f"fmm {what}, batch {BATCH}, {SIZE}x{SIZE}: on grids against all levels at all pixels",
            times(required) if required else "",
            times(ratio),
            ratio >= required if required else None,
            f"{1e3 * seconds[True]:.0f} ms against {1e3 * seconds[False]:.0f} ms",
        )


def step_rows(threads: int, rounds: int) -> Iterator[Row]:
    """A step of training, against the same networks and losses written straight in torch."""
    import torch

    from cppnart.gan.augment import Augment
    from cppnart.gan.data import Batches, Form, Pictures
    from cppnart.gan.game import Game
    from cppnart.gan.limits import Limits
    from cppnart.gan.objectives import build_objective
    from cppnart.gan.trainer import Trainer

    torch.set_num_threads(threads)
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (1024, STEP_SIZE, STEP_SIZE, 1), np.uint8)
    each = STEP_SIZE * STEP_SIZE
    index = np.array([(n * each, STEP_SIZE, STEP_SIZE) for n in range(len(pixels))])
    pictures = Pictures("noise", Form(STEP_SIZE, STEP_SIZE, 1), pixels.ravel(), index, None)
    objective = build_objective("gan", resolution=STEP_SIZE, batch=STEP_BATCH)
    trainer = Trainer(
        Game(objective, _step_networks(), Augment(), STEP_BATCH),
        Batches(pictures, STEP_BATCH),
        Limits(images=10**9),
        about={"width": STEP_SIZE, "height": STEP_SIZE, "objective": "gan"},
    )
    trainer.begin()
    contestants = {"ours": trainer.advance, "plain": _plain_step(pixels)}
    for run in contestants.values():
        run()
    seconds = best(interleaved(contestants, rounds))
    ratio = seconds["ours"] / seconds["plain"]
    yield Row(
        "step",
        f"a step of training, batch {STEP_BATCH}, {STEP_SIZE}x{STEP_SIZE}: ours against torch",
        f"at most {times(ASKED_OF_STEPS)}",
        times(ratio),
        ratio <= ASKED_OF_STEPS,
        f"{1e3 * seconds['ours']:.0f} ms against {1e3 * seconds['plain']:.0f} ms:"
        f" {STEP_BATCH / seconds['ours']:.0f} pictures a second",
    )


def _step_networks() -> dict[str, Any]:
    from cppnart.gan.discriminators import build_discriminator
    from cppnart.gan.generators import build_generator

    shared = {"channels": 1, "resolution": STEP_SIZE}
    small = {"width": 48, "style": 64, "latent": 64}
    return {
        "generator": build_generator({"kind": "fmm", **shared, **small}),
        "discriminator": build_discriminator({"kind": "conv", "width": 16, **shared}),
    }


def _plain_step(pixels: np.ndarray[Any, Any]) -> Callable[[], object]:
    """R3GAN's two updates and a moving average, with nothing round them."""
    from copy import deepcopy

    import torch
    from torch.nn.functional import softplus

    networks = _step_networks()
    g, d = networks["generator"], networks["discriminator"]
    average = deepcopy(g).requires_grad_(False)
    options: dict[str, Any] = {"lr": 2e-4, "betas": (0.0, 0.9), "fused": True}
    first = torch.optim.Adam(g.parameters(), **options)
    second = torch.optim.Adam(d.parameters(), **options)
    whole = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    points = torch.from_numpy(pixel_centers(STEP_SIZE, STEP_SIZE).astype(np.float32))
    points = points.reshape(1, STEP_SIZE, STEP_SIZE, 2)

    def slope(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        images = images.detach().requires_grad_()
        logits = d(images)
        (own,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
        return logits, own.square().sum((1, 2, 3))

    def step() -> None:
        real = whole[torch.randint(len(whole), (STEP_BATCH,))] / 127.5 - 1
        with torch.no_grad():
            fake = g(torch.randn(STEP_BATCH, 64), points).permute(0, 3, 1, 2)
        yes, r1 = slope(real)
        no, r2 = slope(fake)
        loss = softplus(no - yes).mean() + 0.05 * (r1 + r2).mean()
        second.zero_grad()
        loss.backward()
        second.step()
        d.requires_grad_(False)
        fake = g(torch.randn(STEP_BATCH, 64), points).permute(0, 3, 1, 2)
        loss = softplus(d(real) - d(fake)).mean()
        first.zero_grad()
        loss.backward()
        first.step()
        d.requires_grad_(True)
        with torch.no_grad():
            for slow, fast in zip(average.parameters(), g.parameters(), strict=True):
                slow.lerp_(fast, 0.001)

    return step


def processes_rows(threads: int, rounds: int) -> Iterator[Row]:
    """Two processes of one thread over gloo, against one of two threads, same batch."""
    import tempfile

    from safetensors.numpy import load_file

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_discs(folder / "pictures")
        seconds = {}
        for count in (1, 2):
            seconds[count] = min(_timed_training(folder, count, n) for n in range(rounds))
        states = [
            load_file(folder / f"run-{count}-0" / f"state-{TRAINED:09d}.safetensors")
            for count in (1, 2)
        ]
        apart = max(
            float(np.abs(states[0][key] - states[1][key]).max(initial=0))
            for key in states[0]
            if key.startswith("network") and states[0][key].dtype.kind == "f"
        )
    yield Row(
        "processes",
        f"{TRAINED} steps, batch {STEP_BATCH}: two gloo processes against one of two threads",
        "weights within 1e-5",
        f"{apart:.1e}",
        apart < 1e-5,
        f"{seconds[2]:.1f} s against {seconds[1]:.1f} s",
    )


def _write_discs(folder: Path) -> None:
    from PIL import Image

    folder.mkdir()
    random = np.random.default_rng(0)
    y, x = np.mgrid[0:STEP_SIZE, 0:STEP_SIZE]
    for number in range(64):
        middle, radius = random.uniform(8, 20, 2), random.uniform(3, 8)
        disc = np.hypot(x - middle[0], y - middle[1]) < radius
        Image.fromarray((disc * 255).astype(np.uint8)).save(folder / f"{number}.png")


def _timed_training(folder: Path, count: int, number: int) -> float:
    """Seconds of training itself, as its statistics have them."""
    import json
    import os
    import subprocess

    run = folder / f"run-{count}-{number}"
    words = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}", "-m"]
    words += ["--", "cppnart", "gan", "train", str(folder / "pictures"), "--run", str(run), "-q"]
    words += ["--images", str(TRAINED * STEP_BATCH), "--batch", str(STEP_BATCH)]
    words += ["--augment", "none", "--set", "generator.width=48", "--set", "discriminator.width=16"]
    env = {**os.environ, "OMP_NUM_THREADS": str(2 // count), "CPPNART_CACHE": str(folder / "cache")}
    subprocess.run([sys.executable, *words], env=env, check=True, capture_output=True)
    last = (run / "stats.jsonl").read_text().splitlines()[-1]
    return float(json.loads(last)["seconds"])


def mnist_rows(data: str, run: str, minutes: float, threads: int) -> Iterator[Row]:
    """A training on MNIST from scratch, judged by a classifier of its labels."""
    import torch

    from cppnart.gan.metrics import evaluate
    from cppnart.gan.train import train

    torch.set_num_threads(threads)
    trained = train(data, run=run, minutes=minutes, report=print, say=print, **MNIST)
    found = evaluate(run, data, samples=5000)
    judged = found["classifier"]
    least = min(judged["classes"].values())
    for name, what, required, reached in (
        ("accuracy", "the classifier on digits kept back", 0.99, judged["accuracy"]),
        ("sure", "samples that it is 90% sure of", 0.75, judged["sure of 90%"]),
        ("classes", "the rarest digit among samples", 0.04, least),
    ):
        passed = reached >= required
        yield Row(name, what, f"{required:.0%}", f"{reached:.1%}", passed, str(trained))


QUESTIONS: dict[str, Callable[[int, int], Iterator[Row]]] = {
    "multiscale": multiscale_rows,
    "step": step_rows,
    "processes": processes_rows,
}


def _arguments() -> argparse.Namespace:
    import os

    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--only", action="append", choices=QUESTIONS, help="only this question; may be repeated")
    add("--quick", action="store_true", help="two rounds, to see that everything works")
    add("--rounds", type=int, default=7, help="runs of each contestant, in turns")
    add("--threads", type=int, default=os.cpu_count() or 1, help="default: all cores")
    add("--mnist", metavar="FOLDER", help="instead: train on MNIST, and judge the samples")
    add("--run", default="runs/mnist", metavar="FOLDER", help="where that training is left")
    add("--json", type=Path, help="write the figures here")
    add("--minutes", type=float, default=30.0, help="how long that training takes")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
