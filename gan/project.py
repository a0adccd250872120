"""From a picture to the latent whose sample is most like it, and from picture to picture."""

from __future__ import annotations

import os
import time as clock
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cppnart.fields.pictures import open_image
from cppnart.render.api import Rendered
from cppnart.render.motion.walk import Walked
from cppnart.render.sheets import Sheet

from .augment import premultiplied
from .data.pictures import Form, shaped
from .model import Model
from .objectives.glo import pyramid_distance
from .samples import Run, Written, film, open_model, write_grid, write_sample

TRIED = 512
"""Latents that are drawn first; the best of them are where descents begin."""
STARTS = 8
RATE = 0.05
FILMS = (".mp4", ".webm", ".mov", ".gif", ".apng")
COLUMNS = 9


@dataclass(frozen=True)
class Projected:
    """A picture found. psnr: of the sample against the picture, in decibels, at the resolution of
    training. latent (latent,)."""

    path: str | None
    psnr: float
    label: int | None
    seconds: float
    latent: NDArray[np.float32] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.psnr:.2f} dB, {self.seconds:.1f} s"


def project(
    run: Run,
    picture: str | os.PathLike[str],
    *,
    steps: int = 300,
    label: int | None = None,
    seed: int = 0,
    size: str | int | None = None,
    output: str | os.PathLike[str] | None = None,
    device: str = "cpu",
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Projected:
    """Finds the latent of a picture: the sample most like it, by Laplacian pyramids.

    steps: of Adam, from the best of several hundred latents. label: the class, where there are
    classes; by default the one that fits best. output: a picture of the sample, or its field as
    .safetensors. progress: called with steps done and to do. See ``sample``.
    """
    began = clock.perf_counter()
    if not 0 <= steps <= 1_000_000:
        raise ValueError(f"steps {steps}: expected 0 to 1000000")
    model = open_model(run, device)
    latent, own, psnr = find(model, picture, steps, label, seed, progress)
    path = None
    if output is not None:
        program = model.program(latent, own, reach=2.0)
        made = write_sample(model, program, size, output, device, threads)
        path = cast("Rendered | Written", made).path
    spent = round(clock.perf_counter() - began, 3)
    return Projected(path, round(psnr, 3), own, spent, latent)


def interpolate(
    run: Run,
    *pictures: str | os.PathLike[str],
    steps: int = 300,
    label: int | None = None,
    seed: int = 0,
    duration: float | None = None,
    fps: float = 30.0,
    size: str | int | None = None,
    output: str | os.PathLike[str],
    device: str = "cpu",
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Walked | Sheet:
    """From picture to picture through the latents that are found for them.

    output: a film, or a picture, which is a strip of nine. steps: for each picture. duration, fps:
    of a film. See ``project`` and ``walk``.
    """
    if len(pictures) < 2:
        raise ValueError(f"{len(pictures)} picture: expected two or more to go between")
    model = open_model(run, device)
    found = [find(model, picture, steps, label, seed, progress) for picture in pictures]
    keys, labels = [latent for latent, _, _ in found], [own for _, own, _ in found]
    if Path(output).suffix.lower() in FILMS:
        return film(
            model,
            keys,
            labels,
            path="sphere" if len(keys) == 2 else "spline",
            ease="smooth",
            loop=False,
            duration=duration,
            fps=fps,
            size=size,
            output=output,
            device=device,
            threads=threads,
            progress=progress,
        )
    from cppnart.render.motion.paths import along, segment

    programs = []
    for number in range(COLUMNS):
        key, share = segment(number / (COLUMNS - 1), len(keys), False)
        z = along(keys, key, share, "sphere", False)
        programs.append(model.program(z, labels[key + (share >= 0.5)]))
    return cast("Sheet", write_grid(model, programs, COLUMNS, size, output, device, threads, None))


def find(
    model: Model,
    picture: str | os.PathLike[str],
    steps: int,
    label: int | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[NDArray[np.float32], int | None, float]:
    """The latent of a picture, its class, and the PSNR of its sample; see ``project``."""
    weight = next(model.generator.parameters())
    form = Form(model.width, model.height, model.channels)
    pixels = np.asarray(shaped(open_image(picture), form))
    pixels = pixels.reshape(model.height, model.width, model.channels)
    target = torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1
    target = premultiplied(target.to(weight))
    coords = model.coords()
    model.label_of("0", label)  # refuses one that there is not

    def made(z: Tensor, labels: Tensor | None) -> Tensor:
        values = model.generator(z, coords, labels).permute(0, 3, 1, 2)
        return premultiplied(values)

    random = np.random.default_rng(seed)
    drawn = torch.from_numpy(model.placed(random.standard_normal((TRIED, model.latent))))
    drawn, own = drawn.to(weight), None
    if model.classes:
        chosen = np.full(TRIED, label) if label is not None else np.arange(TRIED) % model.classes
        own = torch.from_numpy(chosen).to(weight.device)
    z, labels = _best(made, drawn, own, target)
    z.requires_grad_(True)
    optimiser = torch.optim.Adam([z], RATE)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1.0, 2 * (1 - step / steps))
        optimiser.zero_grad()
        # each start by itself: the sum keeps their gradients apart
        pyramid_distance(made(z, labels), target.expand(len(z), -1, -1, -1)).sum().backward()
        optimiser.step()
        if progress is not None:
            progress(step + 1, steps)
    with torch.no_grad():
        errors = (made(z, labels) - target).square().mean((1, 2, 3))
    best = int(errors.argmin())
    psnr = 10 * float(np.log10(4 / max(float(errors[best]), 1e-12)))
    latent = z[best].detach().cpu().numpy()
    return latent, None if labels is None else int(labels[best]), psnr


@torch.no_grad()
def _best(
    made: Callable[[Tensor, Tensor | None], Tensor],
    z: Tensor,
    labels: Tensor | None,
    target: Tensor,
) -> tuple[Tensor, Tensor | None]:
    """The latents whose samples are the most like the target."""
    distances = []
    for first in range(0, len(z), 64):
        part = slice(first, first + 64)
        images = made(z[part], None if labels is None else labels[part])
        distances.append(pyramid_distance(images, target.expand(len(images), -1, -1, -1)))
    order = torch.cat(distances).argsort()[:STARTS]
    return z[order].clone(), None if labels is None else labels[order]
