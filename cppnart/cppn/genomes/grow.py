"""Growing genomes: from nothing, and from generation to generation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cppnart.cppn.seeds import Stream

from .cross import cross
from .genes import Genome, labels_of, minimal
from .mutate import add_link, add_node, change_activations, change_weights, mutate
from .parameters import BATCH, INTERACTIVE, Parameters
from .species import KINSHIP, Kinship, Species, moved_threshold, offspring, speciate

NODES = 10
"""Splits in a genome that is grown: enough for a picture that somebody might like."""
CALM = 0.25
STAGNANT = 15
SURVIVE = 0.3
INTERSPECIES = 0.001
CHAMPIONS = 5


def seedling(
    stream: Stream, *, outputs: str = "palette", parameters: Parameters = INTERACTIVE
) -> Genome:
    """A minimal genome with random weights."""
    count = len(labels_of(outputs)) * len(parameters.inputs)
    bound = parameters.bound
    weights = stream.child("weights").uniform(-bound, bound, count)
    genome = minimal(weights.tolist(), outputs=outputs, inputs=parameters.inputs)
    half = replace(parameters, each_activation=0.5)
    return _calm(change_activations(genome, stream.child("outputs"), half))


def grown(
    stream: Stream,
    *,
    outputs: str = "palette",
    nodes: int = NODES,
    parameters: Parameters = INTERACTIVE,
) -> Genome:
    """A genome after long drift: links split by so many nodes, two links added for each, and its
    weights drawn anew."""
    genome = seedling(stream, outputs=outputs, parameters=parameters)
    for number in range(nodes):
        genome = add_node(genome, stream.child("node", number), parameters)
        for link in range(2):
            genome = add_link(genome, stream.child("link", number, link), parameters)
    far = replace(parameters, each_weight=1.0, step=1.0)
    return _calm(change_weights(genome, stream.child("drift"), far))


def _calm(genome: Genome) -> Genome:
    """With weak links into hue and saturation, or every picture would be a rainbow."""
    links = tuple(
        replace(link, weight=link.weight * CALM) if link.target in ("hue", "saturation") else link
        for link in genome.links
    )
    return replace(genome, links=links)


@dataclass(frozen=True)
class Generation:
    """A population, its species, and the threshold that tells them apart.

    parents: for each genome, the numbers of its parents in the generation before.
    """

    population: tuple[Genome, ...]
    species: tuple[Species, ...] = ()
    threshold: float = KINSHIP.threshold
    parents: tuple[tuple[int, ...], ...] = ()


def begun(population: Sequence[Genome], kinship: Kinship = KINSHIP) -> Generation:
    """The first generation."""
    return Generation(
        tuple(population),
        tuple(speciate(population, (), kinship)),
        kinship.threshold,
        ((),) * len(population),
    )


def next_generation(
    now: Generation,
    fitness: Sequence[float],
    stream: Stream,
    parameters: Parameters = BATCH,
    *,
    strength: float = 0.5,
    kinship: Kinship = KINSHIP,
    stagnant: int | None = STAGNANT,
) -> Generation:
    """The children of a generation, as many as it has genomes.

    fitness: of each genome, any finite numbers, more is better. Of each species its best, a share
    SURVIVE, have children; the champion of one with CHAMPIONS members or more lives on unchanged,
    and so does the best of all. Species that have not grown better for ``stagnant`` generations
    end, but for the two best; None for never.
    """
    count = len(now.population)
    species = _kept(now.species, fitness, stagnant)
    shares = offspring(species, fitness, count)
    best = max(range(count), key=lambda n: fitness[n])
    children: list[tuple[Genome, tuple[int, ...]]] = []
    for kind, share in zip(species, shares, strict=True):
        ranked = sorted(kind.members, key=lambda n: (-fitness[n], n))
        keep = share and (len(ranked) >= CHAMPIONS or ranked[0] == best)
        if keep:
            children.append((now.population[ranked[0]], (ranked[0],)))
        pool = ranked[: max(1, round(SURVIVE * len(ranked)))]
        everybody = [n for other in species for n in other.members]
        for _ in range(share - bool(keep)):
            own = stream.child("child", len(children))
            children.append(_child(now, fitness, pool, everybody, own, parameters, strength))
    population = [genome for genome, _ in children]
    settled = replace(kinship, threshold=now.threshold)
    kinds = tuple(speciate(population, _represented(species, now), settled))
    threshold = moved_threshold(settled, len(kinds))
    return Generation(tuple(population), kinds, threshold, tuple(who for _, who in children))


def _kept(
    species: Sequence[Species], fitness: Sequence[float], stagnant: int | None
) -> list[Species]:
    """The species that go on, with what is remembered of them brought up to date."""
    found = []
    for kind in species:
        best = max(fitness[n] for n in kind.members)
        grew = best > kind.best
        found.append(
            replace(kind, best=max(best, kind.best), stagnant=0 if grew else kind.stagnant + 1)
        )
    tops = sorted(max(fitness[n] for n in kind.members) for kind in found)[-2:]
    return [
        kind
        for kind in found
        if stagnant is None
        or kind.stagnant < stagnant
        or max(fitness[n] for n in kind.members) >= tops[0]
    ]


def _represented(species: Sequence[Species], now: Generation) -> list[Species]:
    """The species without members, the first of each standing for it."""
    return [
        replace(kind, representative=now.population[kind.members[0]], members=())
        for kind in species
    ]


def _child(
    now: Generation,
    fitness: Sequence[float],
    pool: Sequence[int],
    everybody: Sequence[int],
    stream: Stream,
    parameters: Parameters,
    strength: float,
) -> tuple[Genome, tuple[int, ...]]:
    first = stream.choice(pool)
    if stream.chance(parameters.mutated_only) or len(everybody) == 1:
        child = mutate(now.population[first], stream, parameters, strength=strength)
        return child, (first,)
    second = stream.choice(everybody if stream.chance(INTERSPECIES) else pool)
    if fitness[second] > fitness[first]:
        first, second = second, first
    child = cross(
        now.population[first],
        now.population[second],
        stream.child("cross"),
        parameters,
        equal=fitness[first] == fitness[second],
    )
    return mutate(child, stream, parameters, strength=strength), (first, second)
