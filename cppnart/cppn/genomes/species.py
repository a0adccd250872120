"""Species: genomes that are alike compete with each other first, so that what is new has time.

After Stanley and Miikkulainen (2002), section 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .genes import Genome
from .innovation import order_of


@dataclass(frozen=True)
class Kinship:
    """What the distance of two genomes counts.

    excess, disjoint: for each gene that the other lacks, beyond its newest or before it. weight:
    of the mean difference of matching weights. small: genomes below so many genes are not divided
    by their size. threshold: within it genomes are of one species; step: by how much it moves
    from generation to generation, towards ``target`` species.
    """

    excess: float = 1.0
    disjoint: float = 1.0
    weight: float = 0.5
    small: int = 20
    threshold: float = 3.0
    step: float = 0.3
    target: int = 10


KINSHIP = Kinship()


@dataclass(frozen=True)
class Comparison:
    """Numbers of genes, and the mean absolute difference of the weights that match."""

    matching: int
    disjoint: int
    excess: int
    difference: float


def compare(a: Genome, b: Genome) -> Comparison:
    """Two genomes' links, matched by innovation."""
    first, second = ({link.innovation: link for link in genome.links} for genome in (a, b))
    both = first.keys() & second.keys()
    newest = [max(map(order_of, genes), default=(-1, -1)) for genes in (first, second)]
    last = min(newest)
    alone = [order_of(gene) for gene in first.keys() ^ second.keys()]
    excess = sum(place > last for place in alone)
    differences = [abs(first[gene].weight - second[gene].weight) for gene in sorted(both)]
    mean = sum(differences) / len(differences) if differences else 0.0
    return Comparison(len(both), len(alone) - excess, excess, mean)


def distance(a: Genome, b: Genome, kinship: Kinship = KINSHIP) -> float:
    """How far apart two genomes are: 0 for equal links."""
    found = compare(a, b)
    larger = max(len(a.links), len(b.links))
    size = larger if larger >= kinship.small else 1
    genes = kinship.excess * found.excess + kinship.disjoint * found.disjoint
    return genes / size + kinship.weight * found.difference


@dataclass(frozen=True)
class Species:
    """Numbers of the genomes in it, a representative, the best fitness that it ever had, and for
    how many generations it has not grown."""

    representative: Genome
    members: tuple[int, ...] = ()
    best: float = float("-inf")
    stagnant: int = 0


def speciate(
    population: Sequence[Genome],
    species: Sequence[Species] = (),
    kinship: Kinship = KINSHIP,
) -> list[Species]:
    """Every genome in the first species whose representative it is close to, or in a new one.

    Species that nobody is in end. Representatives stay those of the generation before.
    """
    kinds = list(species)
    members: list[list[int]] = [[] for _ in kinds]
    for number, genome in enumerate(population):
        for kind, own in zip(kinds, members, strict=True):
            if distance(genome, kind.representative, kinship) < kinship.threshold:
                own.append(number)
                break
        else:
            kinds.append(Species(genome))
            members.append([number])
    return [
        Species(kind.representative, tuple(own), kind.best, kind.stagnant)
        for kind, own in zip(kinds, members, strict=True)
        if own
    ]


def moved_threshold(kinship: Kinship, count: int) -> float:
    """The threshold for the next generation, after one with so many species."""
    if count < kinship.target:
        return max(kinship.threshold - kinship.step, kinship.step)
    return kinship.threshold + kinship.step * (count > kinship.target)


def offspring(species: Sequence[Species], fitness: Sequence[float], total: int) -> list[int]:
    """How many children each species gets of ``total``, by its shared fitness: that of each member
    over the number of members, so that no species takes over by being large.

    fitness: of the whole population, any numbers; what counts is how far above the lowest.
    """
    low, high = min(fitness), max(fitness)
    # a tenth of the range for everybody, so that the lowest is not without hope
    ground = low - 0.1 * (high - low) if high > low else low - 1.0
    shares = [
        sum(fitness[n] - ground for n in kind.members) / len(kind.members) for kind in species
    ]
    whole = sum(shares)
    exact = [total * share / whole for share in shares]
    counts = [int(part) for part in exact]
    by_rest = sorted(range(len(exact)), key=lambda n: (counts[n] - exact[n], n))
    for number in by_rest[: total - sum(counts)]:
        counts[number] += 1
    return counts
