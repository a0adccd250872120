"""fit_audio: a sound becomes a field."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .audio import AudioTask
from .fitting import Schedule, Settings
from .program import Affine, Program
from .sounds import Sound, channel_names, read_sound
from .spectra import knots_needed
from .training import FittedField, Method, Training, build, train

if TYPE_CHECKING:
    from typing_extensions import Unpack

AUTO = "grid"
"""The method that is fastest to 25 dB."""

PASSES = 27
"""How often each sample is seen, in sounds that are too long for the steps of the method."""
MISSED = 40.0
"""Decibels under the sound that the finest grid may miss by itself."""
FINEST = 1 << 23
"""Cells of the finest grid, at most."""
TOLD_APART = 1 << 23
"""Moments that are far enough from one another in float32."""

METHODS = {
    "grid": Method(
        Settings(
            steps=1000, rate=1e-2, betas=(0.9, 0.99), eps=1e-15, schedule=Schedule("cosine", 0.01)
        ),
        {"levels": 8, "growth": 2.0, "entries": 1 << 21, "width": 32},
    ),
    # As in the paper of Sitzmann et al., where t spans [-100, 100]
    "siren": Method(
        Settings(steps=9000, rate=3e-4, schedule=Schedule("cosine", 0.01)), {"stretch": 100.0}
    ),
}


def fit_audio(
    source: str | os.PathLike[str] | Sound,
    *,
    method: str = "auto",
    batch: int | None = None,
    options: Mapping[str, Any] | None = None,
    **training: Unpack[Training],
) -> FittedField:
    """Fits a field to a sound: of the moment t in [-1, 1], with an output for each channel.

    source: a sound file, or a Sound. method: one of METHODS, or auto. batch: samples in a step.
    options: of the network. training: see Training; ``until`` is a signal-to-noise ratio in
    decibels. The outputs are amplitudes as in the file: ``mono``, ``left`` and ``right``, or
    ``channel1`` and so on.

    Raises ValueError for what cannot be fitted, silence too, and OSError for files that cannot be
    read.
    """
    sound = source if isinstance(source, Sound) else read_sound(source)
    name = AUTO if method == "auto" else method
    if name not in METHODS:
        raise ValueError(f"method {method!r}: expected auto, {', '.join(METHODS)}")
    chosen = METHODS[name]
    task = AudioTask(sound, batch=chosen.batch if batch is None else batch)
    own = {**chosen.options, **(options or {})}
    if name == "grid":
        own = {**_cells(sound, int(own["levels"])), **own}
    network = build(name, {"t": 1}, channel_names(task.channels), training.get("seed", 0), own)
    passes = math.ceil(PASSES * task.frames / (task.batch or task.frames))
    return train(
        network,
        task,
        replace(chosen.settings, steps=max(chosen.settings.steps, passes)),
        training,
        method=name,
        shape=lambda program: _louder(program, task.peak),
        note={"seconds": sound.seconds},
        remark=_long(sound),
    )


def _long(sound: Sound) -> str | None:
    if len(sound.samples) <= TOLD_APART:
        return None
    return (
        f"{sound.seconds:.0f} s are more moments than float32 tells apart: parts of at most"
        f" {TOLD_APART / sound.rate:.0f} s keep the highest tones"
    )


def _cells(sound: Sound, levels: int) -> dict[str, Any]:
    """The finest of the grids, as fine as the sound asks for, and the coarsest."""
    needed = knots_needed(sound.samples, sound.rate, MISSED) * sound.seconds
    finest = max(1, min(math.ceil(needed), FINEST))
    return {"finest": finest, "coarsest": max(1, finest / 2 ** (levels - 1))}


def _louder(program: Program, factor: float) -> Program:
    """The outputs of a network, which its last operation makes, times a number."""
    last = program.operations[-1]
    assert isinstance(last, Affine)
    loud = replace(last, weight=last.weight * factor, bias=last.bias * factor)
    return replace(program, operations=(*program.operations[:-1], loud))
