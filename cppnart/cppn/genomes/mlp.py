"""Networks that styles draw as genomes: their numbers mutated and crossed.

What a style draws has numbers that the seed chose, and others that hold its order: mirrors, rings,
periods. Only the first are changed. They are told apart by drawing again: what differs between
draws of a style is random.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cppnart.cppn.generate import Drawn
from cppnart.cppn.seeds import Stream
from cppnart.fields.alike import alike
from cppnart.fields.program import Affine, Operation, Program

from .mutate import checked_strength

STEP = 0.35
"""By how much of their own spread numbers move at the usual strength."""
EACH = 0.5
"""The share of units that do."""
DRIFT = 0.5
"""How much of a latent is new at the usual strength."""
DRAWS, ENOUGH = 24, 3
ORDER = (0.0, 1.0, 0.5, 2.0)
"""Magnitudes that are nobody's choice, where no other draw can tell."""

Mask: TypeAlias = tuple[NDArray[np.bool_], NDArray[np.bool_]]
"""Of an affine map: which of its weights and biases may change."""
Masks: TypeAlias = tuple[Mask | None, ...]
Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Numbers:
    """A network and its latent, as what is inherited. free: which numbers may change."""

    program: Program
    latent: NDArray[np.float32]
    free: Masks


def numbers_of(drawn: Drawn) -> Numbers:
    """What a seed drew, as numbers to be inherited."""
    return Numbers(drawn.raw, drawn.latent, _free(drawn))


def numbers_of_field(program: Program) -> Numbers:
    """A field from a file: of its affine maps all numbers that somebody has chosen."""
    return Numbers(program, np.zeros(0, np.float32), _chosen(program))


def mutated(parent: Numbers, stream: Stream, *, strength: float = 0.5) -> Numbers:
    """The network with some of its numbers moved, each by a share of the spread of its like."""
    factor = 2 * checked_strength(strength)
    step = STEP * factor

    def moved(number: int, name: str, values: Floats, free: NDArray[np.bool_]) -> Floats:
        own = stream.child(name, number)
        units = own.child("units").uniform(0, 1, len(values)) < EACH
        spread = np.sqrt((values[free] ** 2).mean()) if free.any() else 0.0
        noise = own.normal(values.shape) * (step * spread)
        return np.where(free & units.reshape(-1, *[1] * (values.ndim - 1)), values + noise, values)

    new = min(DRIFT * factor, 1.0)
    fresh = stream.child("latent").normal(len(parent.latent))
    latent = np.sqrt(1 - new * new) * parent.latent + new * fresh
    program = _with_numbers(parent, moved)
    return replace(parent, program=program, latent=latent.astype(np.float32))


def crossed(first: Numbers, second: Numbers, stream: Stream) -> Numbers:
    """The first network, with the numbers of about half of its units from the second.

    Raises ValueError where the two differ in more than numbers and activations.
    """
    if not alike([first.program, second.program], activations=False):
        raise ValueError("networks of different structure do not cross: expected the same layers")
    others = second.program.operations

    def mixed(number: int, name: str, values: Floats, free: NDArray[np.bool_]) -> Floats:
        other = np.asarray(getattr(others[number], name), np.float64)
        units = stream.child("units", number).uniform(0, 1, len(values)) < 0.5
        return np.where(free & units.reshape(-1, *[1] * (values.ndim - 1)), other, values)

    latent = first.latent
    if len(latent) == len(second.latent):
        from_second = stream.child("latent").uniform(0, 1, len(latent)) < 0.5
        latent = np.where(from_second, second.latent, latent)
    return replace(first, program=_with_numbers(first, mixed), latent=latent)


def _with_numbers(
    parent: Numbers, change: Callable[[int, str, Floats, NDArray[np.bool_]], Floats]
) -> Program:
    operations: list[Operation] = []
    for number, (operation, masks) in enumerate(
        zip(parent.program.operations, parent.free, strict=True)
    ):
        if isinstance(operation, Affine) and masks is not None:
            weight, bias = (
                change(number, name, np.asarray(getattr(operation, name), np.float64), free)
                for name, free in zip(("weight", "bias"), masks, strict=True)
            )
            operation = replace(operation, weight=_single(weight), bias=_single(bias))
        operations.append(operation)
    return replace(parent.program, operations=tuple(operations))


def _single(values: ArrayLike) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)


# --- Which numbers are free ---


def _free(drawn: Drawn) -> Masks:
    """The numbers that differ between draws; where no other draw has this structure, those that
    are not plainly order."""
    given: dict[str, Any] = drawn.options
    options = drawn.style.resolve(Stream(drawn.seed, "options", drawn.style.name), **given)
    found: list[Program] = []
    for number in range(DRAWS):
        other = drawn.style.draw(Stream("0", "theme", drawn.style.name, number), options)
        if alike([drawn.raw, other], activations=False):
            found.append(other)
        if len(found) == ENOUGH:
            return _differing(found)
    return _chosen(drawn.raw)


def _differing(programs: Sequence[Program]) -> Masks:
    masks: list[Mask | None] = []
    for operations in zip(*(program.operations for program in programs), strict=True):
        first = operations[0]
        if not isinstance(first, Affine):
            masks.append(None)
            continue
        weight, bias = (
            np.any([getattr(o, name) != getattr(first, name) for o in operations[1:]], axis=0)
            for name in ("weight", "bias")
        )
        masks.append((weight, bias))
    return tuple(masks)


def _chosen(program: Program) -> Masks:
    masks: list[Mask | None] = []
    for operation in program.operations:
        if isinstance(operation, Affine):
            weight, bias = (
                ~np.isin(np.abs(getattr(operation, name)), ORDER) for name in ("weight", "bias")
            )
            masks.append((weight, bias))
        else:
            masks.append(None)
    return tuple(masks)
