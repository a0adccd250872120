"""Riso: two transparent inks printed one over the other, not quite in register."""

from __future__ import annotations

import numpy as np

from cppnart.fields.program import Values
from cppnart.render.colour import oklab_to_linear
from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.noise import faded, noise
from cppnart.render.finishes.surface import SHORT_SIDE, Floats, Surface

SLIP = (0.006, -0.004)
"""How far the second ink lies beside the first."""

REPEATS, CELLS = 3, 256
"""A large table: the eye finds repetition among single specks."""


def second_ink(s: Surface) -> Floats:
    """A dark colour of the palette, far from its accent: linear light."""
    table = s.palette.table(256).astype(float)
    colours = oklab_to_linear(table)
    contrast = np.linalg.norm(
        table[:, 1:] - table[np.abs(colours - s.bold).sum(1).argmin(), 1:], axis=1
    )
    score = contrast - 2.5 * np.abs(table[:, 0] - 0.4)
    return np.asarray(colours[score.argmax()])


def grains(s: Surface, name: str, tone: Values) -> Values:
    """A tone in [0, 1] as coarse grains of ink; as itself where grains are finer than a pixel."""
    clear = faded(s, SHORT_SIDE / (REPEATS * CELLS))
    spread = noise(s, name, REPEATS, blur=0.5, fade=False, cells=CELLS)
    hard = s.of("clamp", (3.0, tone), (0.62, spread), bias=-1.0)
    return s.mix(tone, hard, clear)


def paint(s: Surface, strength: float) -> None:
    slipped = s.of(
        "identity",
        (1, s.height),
        (strength * SLIP[0], s.slope[:1]),
        (strength * SLIP[1], s.slope[1:]),
    )
    first = s.of("smoothstep", (1.15, s.shade), (-0.5, s.height), bias=0.3)
    second = s.apply("smoothstep", slipped, -1.5, 1.05)
    paper = s.b.constant(*s.paper)
    through = s.times(
        s.between(np.ones(3), s.bold, grains(s, "first ink", first)),
        s.between(np.ones(3), second_ink(s), grains(s, "second ink", second)),
    )
    s.rgb = s.times(paper, through)


FINISH = Finish("riso", "Two grainy inks overprinted, slightly out of register.", paint)
