"""From a seed to a solid: draws, and draws again where it would fall apart or be next to none."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cppnart.cppn.seeds import Stream, parse_seed
from cppnart.cppn.style import unknown
from cppnart.fields.fold import pruned
from cppnart.fields.numpy_backend import evaluate
from cppnart.fields.program import Program

from .forms import FORMS, Form

PROBE = 44
"""Points a side at which a draw is judged."""
ATTEMPTS = 12
VOLUME = (0.012, 0.5)
"""Of the box: what a solid should take of it."""
EXTENT = 1.05
"""How long its longest side should be, at least."""
WHOLE = 0.97
"""The share of its volume that its largest piece should have."""


@dataclass(frozen=True, eq=False)
class DrawnSolid:
    """What a seed gave. program: inputs x, y, z, outputs occupancy, value, shade and accent.

    look: what suits it when nobody chooses.
    """

    program: Program
    form: Form
    seed: str
    look: str
    traits: dict[str, int | float | str]


def generate_solid(seed: str | int, form: str | None = None) -> DrawnSolid:
    """The solid of a seed; the form is the seed's too unless it is given.

    Raises ValueError for an unknown form or an unusable seed.
    """
    name = parse_seed(seed)
    if form is not None and form not in FORMS:
        raise unknown("form", form, FORMS)
    chosen = FORMS[form] if form is not None else _form_of(name)
    best, least = None, np.inf
    for attempt in range(ATTEMPTS):
        program = chosen.draw(Stream(name, "solid", chosen.name, attempt))
        fault = _fault(program)
        if fault < least:
            best, least = program, fault
        if fault == 0:
            break
    assert best is not None
    look = Stream(name, "look", chosen.name).choice(chosen.looks)
    traits: dict[str, int | float | str] = {"form": chosen.name, "parameters": best.parameters}
    return DrawnSolid(best, chosen, name, look, traits)


def file_name(seed: str | int, form: str | None, suffix: str) -> str:
    """A name for a file of the solid of a seed."""
    name = parse_seed(seed)
    kind = form or _form_of(name).name
    return f"{kind}-{re.sub(r'[^A-Za-z0-9-]+', '-', name).strip('-')[:40] or 'seed'}{suffix}"


def _form_of(seed: str) -> Form:
    forms = list(FORMS.values())
    return Stream(seed, "form").choice(forms, [form.weight for form in forms])


def _fault(program: Program) -> float:
    """How far a draw is from what is wanted; 0 is good."""
    inside = _probed(program)
    if not inside.any():
        return float("inf")
    share = float(inside.mean())
    sides = [np.ptp(np.flatnonzero(inside.any(others))) for others in ((1, 2), (0, 2), (0, 1))]
    border = sum(float(np.take(inside, end, axis).mean()) for axis in range(3) for end in (0, -1))
    return float(
        max(VOLUME[0] / share - 1, 0)
        + max(share / VOLUME[1] - 1, 0)
        + max(EXTENT - max(sides) * 2 / (PROBE - 1), 0)
        + max(WHOLE - _largest(inside), 0) * 4
        + (10 * border if border > 0.002 else 0)
    )


def _probed(program: Program) -> NDArray[np.bool_]:
    side = np.linspace(-1, 1, PROBE)
    x, y, z = (axis.ravel() for axis in np.meshgrid(side, side, side, indexing="ij"))
    found = evaluate(pruned(program, ["occupancy"]), {"x": x, "y": y, "z": z})
    return np.asarray(found[:, 0] > 0).reshape(PROBE, PROBE, PROBE)


def _largest(inside: NDArray[np.bool_]) -> float:
    """The share of the largest piece; pieces touch by corners too, since walls are thin."""
    from scipy.ndimage import label

    numbers, _ = label(inside, np.ones((3, 3, 3)))
    sizes = np.bincount(numbers.ravel())[1:]
    return float(sizes.max() / sizes.sum())
