"""How well, and how fast, fields of light are learnt: `python benchmarks/radiance.py`.

Each figure is the mean of PSNRs of whole test views, every eighth, as rendered by the kernel from
the file of the fit. Scenes are those of the data folder; CPPNART_DATA names it.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measure import Row, best, busy, interleaved, machine, reported
from natural import data
from plain_nerf import plain_step

from cppnart.fields.fit_scene import METHODS, fit_scene, space_of
from cppnart.fields.radiance.model import Light
from cppnart.fields.radiance.networks import published_parts
from cppnart.fields.radiance.photographs import Photographs
from cppnart.fields.radiance.published import Published, PublishedTask
from cppnart.fields.radiance.scoring import Scored
from cppnart.fields.scenes.perturb import perturb_scene
from cppnart.fields.scenes.scene import read_scene
from cppnart.render.radiance.score import score_scene
from cppnart.render.renderer import cores

EVERY = 8


def tested(path: Path, scene: Path) -> float:
    """The mean PSNR of every eighth test view, or of all where there are few."""
    every = EVERY if len(read_scene(scene).numbers("test")) > 2 * EVERY else 1
    return score_scene(path, scene, every=every).psnr


def fitted(scene: Path, folder: Path, seconds: float, **how: Any) -> tuple[float, str]:
    """The PSNR of a fit of so long, and what it was."""
    path = folder / "field.safetensors"
    made = fit_scene(scene, seconds=seconds, output=path, **how)
    return tested(path, scene), f"{made.step} steps in {made.seconds:.0f} s"


def row(name: str, what: str, asked: float, figure: float, note: str) -> Row:
    return Row(
        name, what, f"{asked:g} dB", f"{figure:.2f} dB", figure >= asked, note, {"db": figure}
    )


def lego_rows(a: argparse.Namespace, folder: Path) -> Iterator[Row]:
    minutes = 5 if a.device != "cpu" else 10
    asked = 33.0 if a.device != "cpu" else 26.0
    db, note = fitted(
        data() / "nerf/lego_400", folder, 60 * minutes * a.share, device=a.device, steps=a.steps
    )
    yield row("lego", f"lego_400, grid, {minutes} minutes", asked, db, note)


def method_rows(a: argparse.Namespace, folder: Path) -> Iterator[Row]:
    lego, seconds = data() / "nerf/lego_400", 300 * a.share
    made = {
        name: fit_scene(lego, method=name, seconds=seconds, device=a.device)
        for name in ("grid", "nerf")
    }
    # of pixels of test views: after so few steps nerf is not worth an hour of rendering
    db = {name: fit.scores["psnr"] for name, fit in made.items()}
    note = ", ".join(f"{name} {db[name]:.2f} dB, {fit.step} steps" for name, fit in made.items())
    what = "grid above nerf at equal time, 5 minutes"
    yield row("methods", what, 5.0, db["grid"] - db["nerf"], note)


def wild_rows(a: argparse.Namespace, folder: Path) -> Iterator[Row]:
    for kind, option, asked in (("colour", "appearance", 5.0), ("occluders", "transient", 3.0)):
        scene = folder / kind
        perturb_scene(data() / "nerf/lego_400", scene, kind=kind)
        how: dict[str, Any] = {"device": a.device, "steps": a.steps}
        plain, first = fitted(scene, folder, 3600, **how)
        own, second = fitted(scene, folder, 3600, **how, **{option: True})
        note = f"plain {plain:.2f} dB, {first}; {option} {own:.2f} dB, {second}"
        yield row(kind, f"lego_400 with {kind}: --{option} above plain", asked, own - plain, note)


def fern_rows(a: argparse.Namespace, folder: Path) -> Iterator[Row]:
    db, note = fitted(data() / "nerf/fern", folder, 300 * a.share, device=a.device)
    yield row("fern", "fern, every 8th view held out, 5 minutes", 24.5, db, note)


def step_rows(a: argparse.Namespace, folder: Path) -> Iterator[Row]:
    """One step of the published network against the same written straight in torch."""
    seconds = best(interleaved(step_contestants(a.rays), a.rounds))
    ratio = seconds["ours"] / seconds["torch"]
    note = f"{a.rays} rays: {seconds['ours']:.3f} s and {seconds['torch']:.3f} s"
    yield Row("step", "a step of nerf against torch", "1.05x", f"{ratio:.3f}x", ratio <= 1.05, note)


def step_contestants(rays: int) -> dict[str, Callable[[], None]]:
    scene = read_scene(data() / "nerf/lego_400")
    photographs = Photographs(scene, scene.numbers("train")[:4])
    space, cpu = space_of(scene, photographs), torch.device("cpu")
    random = np.random.default_rng(0)
    coarse, fine = (Light(published_parts(random, space), space, 4) for _ in range(2))
    field = Published(coarse, fine, scene.near, scene.far)
    scored = Scored(scene, photographs, 1.0)
    task = PublishedTask(photographs, scored, batch=rays, background=1.0, settings={})
    learning = [p for p in field.parameters() if p.requires_grad]
    adam = torch.optim.Adam(learning, METHODS["nerf"].settings.rate, fused=True)

    def ours() -> None:
        loss = task.loss(field, torch.Generator().manual_seed(0), cpu)
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()

    batch = photographs.drawn(rays, torch.Generator().manual_seed(0), cpu)
    plain = plain_step(
        batch.rays.origins, batch.rays.directions, batch.over(1.0), scene.near, scene.far
    )
    return {"ours": ours, "torch": plain}


SECTIONS: dict[str, Callable[[argparse.Namespace, Path], Iterator[Row]]] = {
    "lego": lego_rows,
    "methods": method_rows,
    "wild": wild_rows,
    "fern": fern_rows,
    "step": step_rows,
}


def main() -> int:
    """Measures, prints, and returns 1 when something falls short of what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--only", action="append", choices=SECTIONS, help="this section; may be repeated")
    add("--device", default="cpu")
    add("--threads", type=int, default=cores(), help="of torch and the kernel")
    add("--steps", type=int, help="of fits of lego, if not as usual")
    add("--share", type=float, default=1.0, help="of the minutes, to see that everything works")
    add("--rays", type=int, default=256, help="of the step that is compared")
    add("--rounds", type=int, default=5, help="runs of each contestant, in turns; the best counts")
    add("--json", type=Path, help="write the figures here")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    print(machine(given.threads))
    if warning := busy():
        print(warning)
    with tempfile.TemporaryDirectory() as folder:
        rows = chain.from_iterable(
            SECTIONS[name](given, Path(folder)) for name in given.only or SECTIONS
        )
        return reported(rows, given.json)


if __name__ == "__main__":
    raise SystemExit(main())
