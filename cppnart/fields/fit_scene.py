"""fit_scene: photographs from known places become a field of light."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .fitting import Schedule, Settings, Task
from .radiance.kept import about
from .radiance.leaping import Leaping, LeapingTask
from .radiance.model import Light
from .radiance.networks import grid_parts, published_parts
from .radiance.occupied import Occupied
from .radiance.photographs import Photographs
from .radiance.published import Published, PublishedTask
from .radiance.scoring import Scored
from .radiance.space import Space
from .scenes.scene import Scene, read_scene
from .training import FittedField, Method, Training, keep, run

if TYPE_CHECKING:
    from typing_extensions import Unpack

AUTO = "grid"
SIDES = {"grid": 128, "nerf": 64}
"""Cells of the lattice of what is empty, along each axis: large networks are slow to ask."""
STEPS = 300
"""Samples across the longest side of a scene's box."""
TESTED = 25
"""Views that are scored during a fit."""
METHODS = {
    "grid": Method(
        Settings(
            steps=6000,
            rate=1e-2,
            betas=(0.9, 0.99),
            eps=1e-15,
            schedule=Schedule("exponential", 0.03, warmup=50),
            check_every=500,
        ),
        {
            "levels": 8,
            "coarsest": 16,
            "growth": 1.6,
            "entries": 1 << 17,
            "hidden": 32,
            "width": 32,
            "depth": 2,
        },
        1 << 15,
    ),
    "nerf": Method(
        Settings(steps=250_000, rate=5e-4, schedule=Schedule("exponential", 0.1), check_every=1000),
        {},
        1024,
    ),
}


def fit_scene(
    source: str | os.PathLike[str] | Scene,
    *,
    method: str = "auto",
    appearance: bool = False,
    transient: bool = False,
    background: str | None = None,
    batch: int | None = None,
    options: Mapping[str, Any] | None = None,
    **training: Unpack[Training],
) -> FittedField:
    """Fits density and colour in space to photographs.

    source: a folder that ``read_scene`` reads, or a Scene. method: ``grid``, or ``nerf`` as
    published. appearance: each photograph has light of its own; transient: each has things of its
    own in it (NeRF-A, NeRF-U, and NeRF-W with both). background: ``white`` or ``black``, what is
    seen where nothing is; white if photographs are transparent. batch: samples in a step of
    ``grid``, rays in one of ``nerf``. options: of the networks. training: see Training; ``until``
    is a PSNR in decibels on test views.

    Raises ValueError for scenes that cannot be learnt from, OSError for files that cannot be read.
    """
    name = AUTO if method == "auto" else method
    if name not in METHODS:
        raise ValueError(f"method {method!r}: expected auto, {', '.join(METHODS)}")
    if background not in (None, "white", "black"):
        raise ValueError(f"background {background!r}: expected white or black")
    chosen = METHODS[name]
    scene = source if isinstance(source, Scene) else read_scene(source)
    photographs = Photographs(scene, scene.numbers("train"))
    behind = _behind(background, photographs)
    scored = Scored(scene, Photographs(scene, scene.numbers("test")[:TESTED]), behind)
    space = space_of(scene, photographs)
    near, far = (0.0, 1.0) if scene.ndc else (scene.near, scene.far)
    random = np.random.default_rng(training.get("seed", 0))
    whole: dict[str, Any] = {**chosen.options, **(options or {})}
    count = len(photographs.numbers)

    def light(own: bool) -> Light:
        """own: with what photographs have of their own."""
        if name == "grid":
            layers = count if transient else 0
            parts = grid_parts(random, space, appearance=appearance, layers=layers, **whole)
        else:
            wild: dict[str, Any] = {
                "appearance": appearance and own,
                "transient": transient and own,
            }
            parts = published_parts(random, space, **wild, **whole)
        return Light(parts, space, count, training.get("seed", 0))

    size = (chosen.batch or 0) if batch is None else batch
    settings = {"scene": scene.name, "appearance": appearance, "transient": transient}
    occupied = Occupied(space, SIDES[name], 2 * max(space.half) / STEPS)
    task: Task
    field: Leaping | Published
    if name == "grid":
        field = Leaping(light(own=True), occupied, near, far)
        task = LeapingTask(photographs, scored, samples=size, settings=settings)
    else:
        field = Published(light(own=False), light(own=True), near, far)
        task = PublishedTask(photographs, scored, batch=size, background=behind, settings=settings)
    fitted = run(field, field.rates, task, chosen.settings, training, method=name)
    shown = field.cpu().shown
    if name != "grid":
        occupied.fill(shown.density_at)
    remark = "; ".join(filter(None, [*scene.remarks, fitted.remark])) or None
    return keep(
        shown.program(),
        replace(fitted, remark=remark),
        task,
        training.get("output"),
        method=name,
        note=about(shown, occupied, photographs, near, far, behind),
    )


def space_of(scene: Scene, photographs: Photographs) -> Space:
    """The part of the world in which a scene is learnt: its box; all that rays cross where depths
    are those of normalised devices; else the world round the cameras, contracted."""
    if scene.ndc:
        low, high = photographs.reach()
        return Space.between(low, high)
    if scene.bounded and scene.box is not None:
        return Space.between(*scene.box)
    return Space((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), contracted=True)


def _behind(background: str | None, photographs: Photographs) -> float:
    white = photographs.transparent if background is None else background == "white"
    return 1.0 if white else 0.0
