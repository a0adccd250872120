"""The scale of a network's frequencies, found by short fits.

What a network of sines, bells or Fourier features learns depends more on the scale of its
frequencies than on anything else, and papers set it by hand for every kind of signal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from .fitting import fit
from .images import ImageTask
from .networks.trained import trainable
from .training import Method, build

SCALES: Mapping[str, tuple[str, ...]] = {
    "fourier": ("sigma",),
    "siren": ("first_omega",),
    "finer": ("omega",),
    "gauss": ("scale",),
    "wire": ("omega", "sigma"),
    "mfn": ("frequency",),
}
"""By network the options that are its scale; all of them are set to it."""
STARTS: Mapping[str, float] = {
    "fourier": 10.0,
    "siren": 30.0,
    "finer": 30.0,
    "gauss": 20.0,
    "wire": 20.0,
    "mfn": 256.0,
}

SIDE, ACROSS = 32, 4
"""Pixels a side of a patch of a picture that is tried, and patches a side."""
LEAST = 12
"""Pixels a side; smaller pictures tell nothing."""
STEPS, CHECKS = 160, 4
NARROWEST, WIDEST = 16, 64
TRIALS = 7


def climbed(score: Callable[[float], float], start: float) -> float:
    """Where a score is largest, to be searched from a start by halving and doubling.

    The scores at neighbours on a logarithmic scale make a parabola, and its top is the result; at
    most TRIALS + 1 scores are asked for.
    """
    found = {0: score(start)}
    best = 0
    while len(found) < TRIALS and (new := {best - 1, best + 1} - found.keys()):
        found |= {place: score(start * 2.0**place) for place in sorted(new)}
        best = max(found, key=lambda place: found[place])
    below, above = found.get(best - 1), found.get(best + 1)
    if below is None or above is None or not below + above < 2 * found[best]:
        return start * 2.0**best
    return float(start * 2 ** (best + (below - above) / (below + above - 2 * found[best]) / 2))


class _Patches(ImageTask):
    """Patches spread over a picture, in their places: every other pixel is held out."""

    def __init__(self, pixels: NDArray[Any]) -> None:
        super().__init__(pixels, batch=None, holdout="checkerboard")
        whole = super().numbers
        self._numbers = {held_out: self._inside(whole(held_out)) for held_out in (False, True)}

    def _inside(self, numbers: Tensor) -> Tensor:
        x, y = numbers % self.width, numbers // self.width
        rows, columns = (self._within(at, n) for at, n in ((y, self.height), (x, self.width)))
        return numbers[rows & columns]

    @staticmethod
    def _within(at: Tensor, length: int) -> Tensor:
        pitch = max(length / ACROSS, SIDE)
        return (at % pitch) < SIDE

    def numbers(self, held_out: bool) -> Tensor:
        return self._numbers[held_out]


def image_scale(name: str, method: Method, pixels: NDArray[Any], seed: int) -> float:
    """The scale that fits a network of SCALES best to a picture.

    pixels: those that may be trained on, (h, w, channels). A small network is fitted to every
    other pixel of some patches, and the pixels between them are scored. Its width is that which is
    meant for as many pixels: a wider one would learn the pixels by heart at any scale, and what
    lies between them best at a small one. The patches stay where they are, as how far
    from the middle they are matters to how steadily large scales learn.
    """
    start = STARTS[name]
    side = min(pixels.shape[:2])
    if side < LEAST:
        return start
    task = _Patches(pixels)
    settings = replace(
        method.settings, steps=STEPS, check_every=STEPS // CHECKS, patience=CHECKS, seed=seed
    )
    wide = method.options.get("width", 256)
    share = len(task.numbers(False)) / math.prod(pixels.shape[:2])
    narrow = min(max(round(wide * math.sqrt(share)), NARROWEST), WIDEST)
    options = {**method.options, "width": narrow}

    def score(scale: float) -> float:
        own = {**options, **dict.fromkeys(SCALES[name], scale)}
        network = build(name, {"x": 1, "y": 1}, _outputs(task), seed, own)
        module, rates = trainable(network)
        try:
            return next(iter(fit(module, task, settings, rates=rates).scores.values()))
        except ValueError:  # of a loss that was no number any more
            return -math.inf

    return float(f"{climbed(score, start):.3g}")


def _outputs(task: ImageTask) -> tuple[str, ...]:
    return ("red", "green", "blue", "alpha")[: task.channels]
