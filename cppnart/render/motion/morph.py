"""Morphing: a way from network to network through their weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cppnart.cppn.generate import Drawn, Levels, levels_of, toned
from cppnart.cppn.genomes.draw import aligned_programs
from cppnart.cppn.genomes.genes import Genome
from cppnart.fields.alike import alike
from cppnart.fields.fold import bind
from cppnart.fields.program import (
    Affine,
    Builder,
    Floats,
    Grid,
    Operation,
    Product,
    Program,
    Values,
    renumbered,
)
from cppnart.render.picture import Picture, field_for
from cppnart.render.prepare import Prepared
from cppnart.render.recipe import genome_of

from .moving import LIFT, Constants, with_lift
from .paths import Place, along

STEPS = 8
"""Places between two keys at which tones are measured."""
MOST_CHROMA = 3.0
"""By how much the chroma of mixed colours is raised at most."""


class Morph:
    """The pictures on a way through keys that are alike; see ``alike_keys``.

    networks: in place of the keys' own, which need not be alike then.
    """

    def __init__(
        self,
        keys: Sequence[Prepared],
        path: str,
        loop: bool,
        networks: Sequence[Program] | None = None,
    ) -> None:
        self._keys, self._path, self._loop = keys, path, loop
        self._colours = [key.picture.colour for key in keys]
        self._networks = networks or [_raw(key) for key in keys]
        self._levels = lru_cache(maxsize=4)(self._measured)

    def at(self, place: Place, constants: Constants) -> Picture:
        """The picture at a place, with constants for its inputs t and lift."""
        first = self._keys[0].picture
        network = self._network(place)
        known = dict(constants)
        if self._keys[0].drawn:
            network = toned(network, self._tones(place))
            known["z"] = self._latent(place)
        used = {name: known[name] for name in network.input_names if name in known}
        field = field_for(bind(network, **used), first.field.output_names)
        lifted = with_lift(replace(first, field=field, colour=self._colour(place)))
        if LIFT not in lifted.field.input_names:
            return lifted
        return replace(lifted, field=bind(lifted.field, lift=known.get(LIFT, 0.0)))

    def _network(self, place: Place) -> Program:
        networks = self._networks
        if not alike(networks):
            networks = with_shared_activations(networks[0], networks[1], place[1])
        return blend(networks, self._along(place))

    def _along(self, place: Place) -> Way:
        return lambda arrays: along(arrays, *place, self._path, self._loop)

    def _latent(self, place: Place) -> NDArray[np.float64]:
        return self._along(place)([np.asarray(key.constants["z"]) for key in self._keys])

    def _colour(self, place: Place) -> Program:
        number, share = place
        pair = [self._colours[number], self._colours[(number + 1) % len(self._keys)]]
        return blend(pair, lambda arrays: _mixed(arrays[0], arrays[1], share))

    def _tones(self, place: Place) -> Levels:
        """The tones at a place. They are measured at a few places, as those of a draw are, so that
        pictures on the way are no paler than the keys, and go evenly from one to the next."""
        number, share = place
        step = min(int(share * STEPS), STEPS - 1)
        low, high = self._levels(number, step), self._levels(number, step + 1)
        return _between(low, high, share * STEPS - step)

    def _measured(self, number: int, step: int) -> Levels:
        place = (number, step / STEPS)
        keys = [_drawn(self._keys[n % len(self._keys)]) for n in (number, number + 1)]
        middle = keys[0].middle + place[1] * (keys[1].middle - keys[0].middle)
        network = self._network(place)
        return levels_of(network, self._latent(place), keys[0].style, middle)


def alike_keys(keys: Sequence[Prepared]) -> bool:
    """Whether there is a way from picture to picture: they differ in nothing but numbers, or, if
    they are two, in activations."""
    same = {(key.picture.edge, key.drawn and key.drawn.style.name) for key in keys}
    return (
        len(same) == 1
        and alike([_raw(key) for key in keys], activations=len(keys) > 2)
        and alike([key.picture.colour for key in keys])
    )


def kin_keys(keys: Sequence[Prepared]) -> bool:
    """Whether there is a way from picture to picture because all are of genomes, with the same
    outputs and the same kind of look."""
    kinds = {genome.kind if genome else None for genome in _genomes(keys)}
    return (
        None not in kinds
        and len({(key.picture.edge, key.picture.field.output_names) for key in keys}) == 1
        and len(kinds) == 1
        and alike([key.picture.colour for key in keys])
    )


def kin_morph(keys: Sequence[Prepared], path: str) -> Morph:
    """The pictures on the way between two keys that are kin."""
    first, second = (genome for genome in _genomes(keys) if genome is not None)
    return Morph(keys, path, False, aligned_programs(first, second))


def _genomes(keys: Sequence[Prepared]) -> list[Genome | None]:
    return [genome_of(key.recipe) for key in keys]


def _raw(key: Prepared) -> Program:
    return key.drawn.raw if key.drawn else key.picture.field


def _drawn(key: Prepared) -> Drawn:
    assert key.drawn is not None
    return key.drawn


def _between(a: Levels, b: Levels, share: float) -> Levels:
    def mixed(first: tuple[float, float], second: tuple[float, float]) -> tuple[float, float]:
        slope, offset = (x + share * (y - x) for x, y in zip(first, second, strict=True))
        return slope, offset

    return Levels(
        mixed(a.value, b.value),
        mixed(a.shade, b.shade),
        mixed(a.accent, b.accent),
        a.bend + share * (b.bend - a.bend),
        a.curve,
    )


# --- Programs ---

Way = Callable[[Sequence[NDArray[np.floating]]], NDArray[np.float64]]
"""From the arrays of several programs, of one shape, to that of the program between them."""


def with_shared_activations(first: Program, second: Program, share: float) -> list[Program]:
    """Two programs that differ in numbers and activations, as programs that are alike.

    Where activations differ, both are made of the same sums and mixed, ``share`` of the second.
    """
    made = []
    for program in (first, second):
        b = Builder(**dict(program.inputs))
        number = np.arange(program.input_size)
        for own, *pair in zip(program.operations, first.operations, second.operations, strict=True):
            names = dict.fromkeys(o.activations for o in pair if isinstance(o, Affine))
            values = _with_activations(b, renumbered(own, number), list(names), share)
            number = np.concatenate([number, values])
        made.append(b.build(**{name: int(number[value]) for name, value in program.outputs}))
    return made


def _with_activations(
    b: Builder, o: Operation, names: Sequence[tuple[str, ...]], share: float
) -> Values:
    """The operation, an affine map with one list of activations or a mixture of two."""
    if isinstance(o, Product):
        return b.product(o.left, o.right)
    if isinstance(o, Grid):
        return b.grid(o.sources, o.table, o.resolution, wrap=o.wrap, smooth=o.smooth)
    if len(names) == 1:
        return b.affine(o.sources, o.weight, o.bias, names[0])
    sums = b.affine(o.sources, o.weight, o.bias)
    same = np.eye(o.size)
    both = [b.map(sums, list(own)) for own in names]
    return b.affine(both, np.hstack([(1 - share) * same, share * same]))


def blend(programs: Sequence[Program], way: Way) -> Program:
    """The program between programs that are alike.

    Each array goes its own way, and tables in whole, but of an affine map only the numbers that
    differ: so what is the same in all programs stays.
    """

    def of(arrays: Sequence[Floats]) -> Floats:
        differ = np.any([array != arrays[0] for array in arrays[1:]], axis=0)
        made = arrays[0].copy()
        made[differ] = way([array[differ] for array in arrays])
        return made

    operations: list[Operation] = []
    for alternatives in zip(*(program.operations for program in programs), strict=True):
        first = alternatives[0]
        if isinstance(first, Affine):
            weight = of([operation.weight for operation in alternatives])
            bias = of([operation.bias for operation in alternatives])
            operations.append(replace(first, weight=weight, bias=bias))
        elif isinstance(first, Grid):
            table = way([operation.table for operation in alternatives])
            operations.append(replace(first, table=table.astype(np.float32)))
        else:
            operations.append(first)
    return replace(programs[0], operations=tuple(operations))


def _mixed(a: NDArray[np.floating], b: NDArray[np.floating], share: float) -> NDArray[np.float64]:
    """Arrays of a colouring, mixed. Colours of a palette, (n, 3) OKLab, keep their chroma: a
    straight mean of blue and orange would be grey."""
    mixed = np.asarray(a + share * (b.astype(np.float64) - a))
    if mixed.ndim == 2 and mixed.shape[1] == 3:
        chroma = [np.hypot(lab[:, 1], lab[:, 2]) for lab in (a, b, mixed)]
        wanted = chroma[0] + share * (chroma[1] - chroma[0])
        factor = wanted / np.maximum(chroma[2], wanted / MOST_CHROMA + 1e-9)
        mixed[:, 1:] *= factor[:, None]
    return mixed
