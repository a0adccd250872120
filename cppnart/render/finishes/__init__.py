"""Finishes: what a picture looks made of. One file each; any of them on any field and palette."""

from __future__ import annotations

from cppnart.cppn.style import unknown
from cppnart.render.finishes import (
    brush,
    chalk,
    contour,
    engraving,
    gilt,
    glass,
    glow,
    grain,
    halftone,
    hatch,
    ink,
    metal,
    papercut,
    pearl,
    plain,
    relief,
    riso,
    silk,
    watercolour,
)
from cppnart.render.finishes.finish import Finish

FINISHES: dict[str, Finish] = {
    module.FINISH.name: module.FINISH
    for module in (
        plain,
        relief,
        silk,
        metal,
        pearl,
        gilt,
        brush,
        watercolour,
        contour,
        papercut,
        glass,
        glow,
        ink,
        chalk,
        hatch,
        engraving,
        halftone,
        riso,
        grain,
    )
}
MOST_LAYERS = 4
MOST_STRENGTH = 3.0


def names() -> tuple[str, ...]:
    """The names of the finishes."""
    return tuple(FINISHES)


def parse_finish(text: str, strength: float = 1.0) -> list[tuple[Finish, float]]:
    """The finishes that ``relief:1.5+grain`` names, each with its strength times ``strength``.

    Raises ValueError for an unknown name, with suggestions, or a strength not in [0, 3].
    """
    layers = []
    parts = str(text).lower().split("+")
    if len(parts) > MOST_LAYERS:
        raise ValueError(f"finish {text[:60]!r}: expected at most {MOST_LAYERS} joined by +")
    for part in parts:
        name, colon, number = (piece.strip() for piece in part.partition(":"))
        if name not in FINISHES:
            raise unknown("finish", name, FINISHES)
        layers.append((FINISHES[name], _strength(number if colon else "1") * _strength(strength)))
    return layers


def _strength(number: str | float) -> float:
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if not 0 <= value <= MOST_STRENGTH:
        raise ValueError(f"strength {number!r}: expected a number from 0 to {MOST_STRENGTH:g}")
    return value
