"""score_scene: how near a field of light comes to photographs that it was not fitted to."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from cppnart.fields.radiance.kept import INPUTS, LightField, load_light
from cppnart.fields.radiance.photographs import Batch, Photographs
from cppnart.fields.radiance.volume import Rays
from cppnart.fields.scenes.scene import Scene, read_scene
from cppnart.fields.torch_backend import ProgramModule

from .looking import Looker

RAYS = 1 << 15
"""At once."""
LEARNT = 4096
"""Pixels of the left half that a code is found by."""
STEPS, RATE = 150, 0.05
VISIBLE = 1e-3
"""Shares of less than this in what a ray shows do not count."""


@dataclass(frozen=True)
class ScoredScene:
    """psnr: the mean over views; views: that of each by name, in decibels."""

    scene: str
    halves: bool
    psnr: float
    views: dict[str, float]
    seconds: float

    def __str__(self) -> str:
        worst = min(self.views, key=lambda name: self.views[name])
        what = "right halves" if self.halves else "views"
        return (
            f"{self.psnr:.2f} dB on {len(self.views)} {what}, the worst {worst} with"
            f" {self.views[worst]:.2f} dB, {self.seconds:.1f} s"
        )


def score_scene(
    source: str | os.PathLike[str] | LightField,
    scene: str | os.PathLike[str] | Scene,
    *,
    every: int = 1,
    halves: bool = False,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ScoredScene:
    """Scores a field of light on the test views of a scene.

    source: a .safetensors file of ``fit_scene``, or a LightField. every: of the views. halves: the
    appearance of each is found by its left half, and its right half is scored (Martin-Brualla et
    al., "NeRF in the wild", 2021, section 5); else all are seen as the first photograph was.

    Raises ValueError for a scene without test views and, with halves, for a field without
    appearances; OSError for files.
    """
    began = time.perf_counter()
    field = source if isinstance(source, LightField) else load_light(source)
    whole = scene if isinstance(scene, Scene) else read_scene(scene)
    if every < 1:
        raise ValueError(f"every {every}: expected 1 or more")
    if halves and not field.appearance:
        raise ValueError("halves: this field was fitted without --appearance")
    numbers = whole.numbers("test")[::every]
    looker = Looker(field, threads=threads)
    found: dict[str, float] = {}
    for done, number in enumerate(numbers, 1):
        photographs = Photographs(whole, [int(number)])
        batch = photographs.whole(0, torch.device("cpu"))
        if halves:
            width = int(whole.cameras.size[number][0])
            left = np.arange(len(batch.rays)) % width < width // 2
            code = code_of(field, looker, _part(batch, np.flatnonzero(left)))
            batch, looker = _part(batch, np.flatnonzero(~left)), Looker(field, code, threads)
        shown = seen(looker, batch.rays).clip(0, 1)
        error = float(np.square(shown - batch.over(field.background).numpy()).mean())
        found[whole.views[number].name] = round(-10 * math.log10(max(error, 1e-12)), 3)
        if progress is not None:
            progress(done, len(numbers))
    psnr = round(float(np.mean(list(found.values()))), 3)
    seconds = round(time.perf_counter() - began, 3)
    return ScoredScene(whole.name, halves, psnr, found, seconds)


def seen(looker: Looker, rays: Rays) -> NDArray[np.float32]:
    """Colours (R, 3) in front of the field's background."""
    edges = [*range(0, len(rays), RAYS), len(rays)]
    parts = [
        looker(rays.part(slice(a, b))).over(looker.field.background) for a, b in pairwise(edges)
    ]
    return np.concatenate(parts)


def code_of(field: LightField, looker: Looker, batch: Batch) -> NDArray[np.float32]:
    """The appearance (k,) in which a field shows what is in a photograph, found by descent from
    the mean of those that it knows. What stands where does not depend on it."""
    step = max(len(batch.rays) // LEARNT, 1)
    chosen = _part(batch, np.arange(0, len(batch.rays), step))
    samples = looker.samples(chosen.rays)
    program = field.program
    module = ProgramModule(program, range(len(program.operations)))
    start = torch.from_numpy(np.mean(list(field.appearance.values()), 0))
    # nothing of what is in one photograph alone is asked
    none = {name: torch.zeros(width) for name, width in program.inputs if name not in INPUTS}

    def asked(code: torch.Tensor) -> torch.Tensor:
        points = field.space.inside(samples.points(chosen.rays))
        codes = [c.expand(len(points), -1) for c in {**none, "appearance": code}.values()]
        values: torch.Tensor = module(
            torch.cat([points, chosen.rays.looks[samples.ray], *codes], 1)
        )
        return values[:, :4]

    with torch.no_grad():
        density = asked(start)[:, 0] * field.space.shrunk(samples.points(chosen.rays))
        thick = samples.thickness(density, chosen.rays)
        weights = samples.weights(thick)
        visible = weights > VISIBLE
        samples, weights = samples.chosen(visible), weights[visible, None]
        behind = (1 - samples.sums(weights)) * field.background
    wanted = chosen.over(field.background)
    code = start.clone().requires_grad_()
    adam = torch.optim.Adam([code], RATE)
    for _ in range(STEPS):
        shown = samples.sums(weights * asked(code)[:, 1:]) + behind
        adam.zero_grad()
        (shown - wanted).square().mean().backward()
        adam.step()
    return np.asarray(code.detach().numpy())


def _part(batch: Batch, which: NDArray[np.int64]) -> Batch:
    taken = (array[which] for array in (batch.views, batch.places, batch.colours))
    return Batch(batch.rays.part(which), *taken)
