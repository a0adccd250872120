"""Programs that differ in nothing but their numbers."""

from __future__ import annotations

from collections.abc import Sequence

from .program import Affine, Grid, Program


def alike(programs: Sequence[Program], *, activations: bool = True) -> bool:
    """Whether programs differ in nothing but the numbers in their arrays (and activations, where
    those need not be the same)."""
    return len({_structure(program, activations) for program in programs}) == 1


def _structure(program: Program, activations: bool) -> tuple[object, ...]:
    parts: list[object] = [program.inputs, program.outputs]
    for o in program.operations:
        own: tuple[object, ...] = ()
        if isinstance(o, Affine):
            own = o.activations if activations else ()
        elif isinstance(o, Grid):
            own = (o.table.shape, o.resolution, o.wrap, o.smooth)
        parts.append((type(o).__name__, o.size, tuple(o.reads.tolist()), own))
    return tuple(parts)
