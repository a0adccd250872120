"""What evolution is after: a picture, something new, or whatever a function says."""

from __future__ import annotations

import importlib
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cppnart.cppn.dullness import measure
from cppnart.fields.pictures import open_image
from cppnart.render.colour import format_hex, oklab_to_srgb, srgb_to_oklab, to_gamut
from cppnart.render.palettes import Palette, palette_from_colours

from .features import FEATURES, features, novelty

Pixels = NDArray[np.uint8]
Array = NDArray[np.float64]

SCALES = (16, 8, 4, 2)
"""How many pixels are taken as one: what is finer, a network that is bred does not reach."""
SLOPES = 0.3
"""The share of the slopes in the likeness; the rest are the colours themselves."""
TONES = 8
"""Colours of the palette that is made of the picture to evolve towards."""
ARCHIVE, ADDED = 600, 4
"""How many pictures the archive of novelty holds, and how many join it in a generation."""
DULL = 4.0
"""How much novelty a dull picture loses: noise and empty pictures are new, but not for long."""


class Objective(Protocol):
    """Fitness of a whole generation at once: more is better.

    memory: what is to be kept between generations, (n, FEATURES). moving: whether fitness means
    something else in each generation, so that it cannot be compared with earlier ones.
    """

    memory: Array
    moving: bool

    def __call__(self, pictures: Sequence[Pixels]) -> Array: ...


class Towards:
    """How alike pictures are to one that is given: 1 for the same, 0 for one that is no better
    than a flat tone, and less for worse.

    Colours and slopes in OKLab are compared at several scales, so that a picture is rewarded for a
    coarse likeness first. target: (H, W, 3).
    """

    moving = False

    def __init__(self, target: Pixels) -> None:
        self.memory = np.zeros((0, FEATURES))
        self.palette = palette_towards(target)
        self._target = _pyramid(target)
        self._spread = [((maps - maps.mean((0, 1))) ** 2).mean() + 1e-5 for maps in self._target]

    def __call__(self, pictures: Sequence[Pixels]) -> Array:
        return np.array([self._one(picture) for picture in pictures])

    def _one(self, picture: Pixels) -> float:
        pairs = zip(_pyramid(picture), self._target, strict=True)
        errors = [((own - target) ** 2).mean() for own, target in pairs]
        shares = np.array(errors) / self._spread
        colours, slopes = shares[0::2].mean(), shares[1::2].mean()
        return float(1.0 - (1 - SLOPES) * colours - SLOPES * slopes)


class Novelty:
    """How far pictures are from all that was there before; see features.py."""

    moving = True

    def __init__(self) -> None:
        self.memory = np.zeros((0, FEATURES))

    def __call__(self, pictures: Sequence[Pixels]) -> Array:
        own = np.array([features(picture) for picture in pictures])
        found = novelty(own, self.memory)
        order = np.argsort(-found, kind="stable")[:ADDED]
        self.memory = np.concatenate([self.memory, own[order]])[-ARCHIVE:]
        dull = [measure(picture.mean(2) / 255).dullness() for picture in pictures]
        return np.asarray(found - DULL * found.mean() * np.array(dull))


class Function:
    """A function from pixels, (H, W, 3) uint8, to a number; named ``module:callable``."""

    moving = False

    def __init__(self, name: str) -> None:
        self.memory = np.zeros((0, FEATURES))
        self._name = name
        self._function = _named(name)

    def __call__(self, pictures: Sequence[Pixels]) -> Array:
        return np.array([self._one(picture) for picture in pictures])

    def _one(self, picture: Pixels) -> float:
        found = self._function(picture)
        try:
            number = float(found)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            raise ValueError(
                f"objective {self._name!r} gave {str(found)[:40]!r}: expected a finite number"
            )
        return number


def _named(name: str) -> Callable[[Pixels], Any]:
    """The function of that name; modules in the current folder count too."""
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        raise ValueError(f"objective {name!r}: expected module:callable")
    try:
        with _current_folder():
            found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"objective {name!r}: {error}") from None
    if not callable(found):
        raise ValueError(f"objective {name!r}: this is no function")
    checked: Callable[[Pixels], Any] = found
    return checked


@contextmanager
def _current_folder() -> Iterator[None]:
    sys.path.insert(0, os.getcwd())
    try:
        yield
    finally:
        sys.path.pop(0)


def target_of(path: str | os.PathLike[str], short: int) -> Pixels:
    """A picture to evolve towards, (H, W, 3), made so small that its short side has so many
    pixels; it is cut where it is more than four times as long as wide."""
    from PIL import Image

    image = open_image(path).convert("RGB")
    width, height = image.size
    longest = 4 * min(width, height)
    box = (
        (width - min(width, longest)) / 2,
        (height - min(height, longest)) / 2,
        (width + min(width, longest)) / 2,
        (height + min(height, longest)) / 2,
    )
    factor = short / min(width, height)
    size = (
        max(short, round((box[2] - box[0]) * factor)),
        max(short, round((box[3] - box[1]) * factor)),
    )
    return np.asarray(image.resize(size, Image.Resampling.BOX, box))


def palette_towards(target: Pixels) -> Palette:
    """The colours of a picture from dark to light, each for as much of the palette as of the
    picture: so that where tones are spread evenly, as those of genomes are, they are the picture's.
    """
    lab = srgb_to_oklab(target.reshape(-1, 3) / 255.0)
    ranked = lab[np.argsort(lab[:, 0], kind="stable")]
    tones = []
    for part in np.array_split(ranked, TONES):
        tone = part.mean(0)
        lost = np.hypot(*part[:, 1:].T).mean() / max(np.hypot(*tone[1:]), 1e-3)
        tone[1:] *= min(math.sqrt(max(lost, 1.0)), 2.0)  # a mean is paler than what it is of
        tones.append(tone)
    return palette_from_colours([format_hex(c) for c in oklab_to_srgb(to_gamut(np.array(tones)))])


def _pyramid(pixels: Pixels) -> list[Array]:
    """OKLab at each of SCALES, and its slopes there: (h, w, 3) and (h, w, 6)."""
    lab = np.asarray(srgb_to_oklab(pixels / 255.0), np.float64)
    maps = []
    for scale in SCALES:
        level = _shrunk(lab, scale)
        maps += [level, np.concatenate(np.gradient(level, axis=(0, 1)), -1)]
    return maps


def _shrunk(lab: Array, scale: int) -> Array:
    h, w = (side // scale for side in lab.shape[:2])
    return np.asarray(lab[: h * scale, : w * scale].reshape(h, scale, w, scale, 3).mean((1, 3)))
