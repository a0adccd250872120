"""Children of pictures: of one by mutation, of several by crossing and mutation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from cppnart.cppn.dullness import Measures, measure
from cppnart.cppn.generate import levels_of, toned
from cppnart.cppn.genomes import draw, mlp
from cppnart.cppn.genomes.cross import cross
from cppnart.cppn.genomes.genes import Genome, labels_of
from cppnart.cppn.genomes.grow import grown
from cppnart.cppn.genomes.mutate import checked_strength, mutate
from cppnart.cppn.genomes.parameters import INTERACTIVE, Parameters
from cppnart.cppn.seeds import Stream
from cppnart.fields.fold import bind
from cppnart.fields.program import Program
from cppnart.render.palettes import PALETTES
from cppnart.render.prepare import Prepared, Source, prepare
from cppnart.render.recipe import (
    Recipe,
    field_of,
    genome_of,
    new_recipe,
    with_field,
    with_genome,
    with_palette,
    with_weights,
)

from .lineage import lineage_id

MAX_CHILDREN, MAX_PARENTS = 1024, 64
ATTEMPTS = 6
"""At a child that is neither dull nor the same as its parents or siblings."""
NEAR = 0.04
"""The mean difference of values below which two pictures look the same."""
DETAIL = 0.03
"""Measures.noise of a picture that is neither empty nor busy."""
NEW_PALETTE = 0.12
"""The chance of a child's palette being nobody's, at the usual strength."""

Stock: TypeAlias = Genome | mlp.Numbers
Values: TypeAlias = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Parent:
    """A picture as a parent: its full recipe, its lineage id, what it passes on, and what it looks
    like on the probe."""

    recipe: Recipe
    id: str
    stock: Stock
    prepared: Prepared
    looks: Values
    dullness: float


def parent_of(source: Source, **look: Any) -> Parent:
    """A seed, a picture with its recipe, a field or a genome, as a parent; look as for render."""
    prepared = prepare(source, **look)
    recipe = msgspec.structs.replace(prepared.recipe, region=None)
    stock = _stock(prepared)
    looks = _looks(stock, prepared)
    return Parent(
        recipe, lineage_id(recipe), stock, prepared, looks, _dullness(measure(looks), prepared)
    )


def children(
    parents: Sequence[Parent],
    count: int = 16,
    *,
    seed: str | int,
    strength: float = 0.5,
    parameters: Parameters = INTERACTIVE,
    palettes: bool = True,
) -> Iterator[Recipe]:
    """The recipes of so many children: of one parent by mutation, of several by crossing pairs of
    them and mutation, each with its parents' ids.

    seed: the same for the same children. strength: the dial of mutation, 0 to 1. parameters: which
    activations and inputs genomes may use, and how often they change. palettes: whether a few
    children get one of their own. Raises ValueError where parents cannot be crossed.
    """
    checked_strength(strength)
    _check_count(count)
    if not 1 <= len(parents) <= MAX_PARENTS:
        raise ValueError(f"{len(parents)} parents: expected 1 to {MAX_PARENTS}")
    for other in parents[1:]:
        _check_pair(parents[0], other)
    return _children(parents, count, seed, strength, parameters, palettes)


def _children(
    parents: Sequence[Parent],
    count: int,
    seed: str | int,
    strength: float,
    parameters: Parameters,
    palettes: bool,
) -> Iterator[Recipe]:
    seen = [parent.looks for parent in parents]
    for number in range(count):
        stream = Stream(seed, "child", number)
        first, second = _pair(parents, stream.child("parents"))
        best: tuple[float, Stock, Values] | None = None
        for attempt in range(ATTEMPTS):
            own = stream.child("attempt", attempt)
            stock = _bred(first, second, own, parameters, strength)
            looks = _looks(stock, first.prepared)
            fault = _fault(looks, seen, first, strength)
            if best is None or fault < best[0]:
                best = (fault, stock, looks)
            if fault == 0:
                break
        assert best is not None
        seen.append(best[2])
        look = stream.child("look")
        donor = look.choice([first, second])
        recipe = _recipe(first, donor, best[1])
        if palettes and look.child("palette").chance(NEW_PALETTE * 2 * strength):
            recipe = with_palette(recipe, look.child("new").choice(list(PALETTES.values())))
        ids = list(dict.fromkeys([first.id, second.id]))
        yield msgspec.structs.replace(recipe, parents=ids)


def firsts(
    count: int = 16,
    *,
    seed: str | int,
    outputs: str = "palette",
    parameters: Parameters = INTERACTIVE,
) -> Iterator[Recipe]:
    """Recipes to begin with, of genomes that were grown from nothing; outputs: among
    genes.OUTPUTS."""
    _check_count(count)
    labels_of(outputs)
    return (_first(Stream(seed, "first", n), outputs, parameters) for n in range(count))


def _first(stream: Stream, outputs: str, parameters: Parameters) -> Recipe:
    tries = [
        grown(stream.child(attempt), outputs=outputs, parameters=parameters)
        for attempt in range(ATTEMPTS)
    ]
    return with_genome(new_recipe(), min(tries, key=_plainness))


def _check_count(count: int) -> None:
    if isinstance(count, bool) or not 1 <= count <= MAX_CHILDREN:
        raise ValueError(f"children {count}: expected 1 to {MAX_CHILDREN}")


def _plainness(genome: Genome) -> float:
    """How dull, and among those that are not, how far from the usual detail a picture is."""
    found = draw.measures(genome)
    return 10 * found.dullness() + abs(math.log2((found.noise + 1e-4) / DETAIL)) + found.flat


# --- What is inherited ---


def _stock(prepared: Prepared) -> Stock:
    genome = genome_of(prepared.recipe)
    if genome is not None:
        return genome
    if prepared.drawn is not None:
        return mlp.numbers_of(prepared.drawn)
    if prepared.recipe.photograph is not None:
        raise ValueError("a photograph has no weights to breed: give a picture that cppnart made")
    program = field_of(prepared.recipe)
    assert program is not None  # or prepare would have found nothing to render
    return mlp.numbers_of_field(program)


def _check_pair(first: Parent, other: Parent) -> None:
    """Refuses, before any work, parents that do not cross."""
    try:
        if isinstance(first.stock, Genome) and isinstance(other.stock, Genome):
            cross(first.stock, other.stock, Stream("0"))
        elif isinstance(first.stock, mlp.Numbers) and isinstance(other.stock, mlp.Numbers):
            mlp.crossed(first.stock, other.stock, Stream("0"))
        else:
            raise ValueError("genomes cross with genomes alone")
    except ValueError as error:
        names = f"{_name(first)} and {_name(other)}"
        raise ValueError(f"{names} cannot both be parents of one picture: {error}") from None


def _name(parent: Parent) -> str:
    recipe = parent.recipe
    if recipe.genome is not None:
        return f"genome {parent.id}"
    return f"{recipe.style or 'field'} {recipe.seed or ''}".strip()


def _pair(parents: Sequence[Parent], stream: Stream) -> tuple[Parent, Parent]:
    """Two different parents in a random order, or the one there is, twice."""
    first, *rest = stream.shuffled(parents)
    return first, (rest[0] if rest else first)


def _bred(
    first: Parent, second: Parent, stream: Stream, parameters: Parameters, strength: float
) -> Stock:
    one, other = first.stock, second.stock
    if isinstance(one, Genome):
        if second is not first:
            assert isinstance(other, Genome)
            one = cross(one, other, stream.child("cross"), parameters)
        return mutate(one, stream, parameters, strength=strength)
    if second is not first:
        assert isinstance(other, mlp.Numbers)
        one = mlp.crossed(one, other, stream.child("cross"))
        strength = strength / 2  # crossing alone changes much
    return mlp.mutated(one, stream, strength=strength)


def _recipe(first: Parent, donor: Parent, stock: Stock) -> Recipe:
    """The recipe of a child: the network is its own, the look the donor's, the rest the first
    parent's."""
    look = {name: getattr(donor.recipe, name) for name in ("color", "palette", "finish")}
    recipe = msgspec.structs.replace(first.recipe, **look)
    if isinstance(stock, Genome):
        return with_genome(msgspec.structs.replace(recipe, latent=None), stock)
    if recipe.field is not None:
        return with_field(recipe, stock.program)
    latent = [float(number) for number in stock.latent]
    return with_weights(msgspec.structs.replace(recipe, latent=latent), stock.program)


# --- What it looks like ---


def _looks(stock: Stock, prepared: Prepared) -> Values:
    """The value, or lightness, on the probe: (PROBE, PROBE)."""
    if isinstance(stock, Genome):
        program = draw.drawn(stock).program
    elif prepared.drawn is not None:
        drawn = prepared.drawn
        levels = levels_of(stock.program, stock.latent, drawn.style, drawn.middle)
        program = bind(toned(stock.program, levels), z=stock.latent)
    else:
        program = stock.program
    return _value(program)


def _value(program: Program) -> Values:
    if "t" in program.input_names:
        program = bind(program, t=0.0)
    columns = dict(zip(program.output_names, np.moveaxis(draw.probed(program), -1, 0), strict=True))
    value = columns.get("value")
    if value is None:
        value = np.mean(list(columns.values())[:3], axis=0)
    return np.asarray(np.clip(np.nan_to_num(value), 0, 1))


def _dullness(measures: Measures, prepared: Prepared) -> float:
    style = prepared.drawn.style if prepared.drawn else draw.STYLE
    return measures.dullness(style.noise, style.edges)


def _fault(looks: Values, seen: Sequence[Values], parent: Parent, strength: float) -> float:
    """How much duller than its parent a child is, and how close to what was there before."""
    dull = _dullness(measure(looks), parent.prepared) - parent.dullness
    wanted = NEAR * min(2 * strength, 1.0)
    closest = min(float(np.abs(looks - other).mean()) for other in seen)
    return max(dull, 0.0) + max(wanted - closest, 0.0) / max(wanted, 1e-9)
