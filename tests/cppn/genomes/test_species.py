"""Species: distances counted by hand, and what sharing and thresholds do."""

import dataclasses

import numpy as np
import pytest

from cppnart.cppn.genomes.genes import Link, Node, minimal
from cppnart.cppn.genomes.grow import STAGNANT, begun, next_generation, seedling
from cppnart.cppn.genomes.parameters import BATCH
from cppnart.cppn.genomes.species import (
    KINSHIP,
    Comparison,
    Kinship,
    Species,
    compare,
    distance,
    moved_threshold,
    offspring,
    speciate,
)
from cppnart.cppn.seeds import Stream

from .samples import bred, relatives


def with_links(*links):
    base = minimal([0.0] * 4, outputs="ink")
    nodes = (*base.nodes, *(Node(f"{n}.1", "sin") for n in (1, 2, 3)))
    made = tuple(Link(mark, "x", "ink", weight) for mark, weight in links)
    return dataclasses.replace(base, nodes=nodes, links=made)


def test_matching_disjoint_and_excess_genes_are_counted_apart():
    first = with_links(("0.1", 1.0), ("0.2", 2.0), ("1.5", 0.0), ("3.1", 0.0), ("3.2", 0.0))
    second = with_links(("0.1", 1.5), ("0.2", -1.0), ("0.3", 0.0), ("2.9", 0.0))
    # newest of the second is 2.9: 3.1 and 3.2 are beyond it; 1.5, 0.3 and 2.9 are not
    assert compare(first, second) == Comparison(2, 3, 2, pytest.approx((0.5 + 3.0) / 2))
    kin = Kinship(excess=10.0, disjoint=1.0, weight=2.0, small=20)
    assert distance(first, second, kin) == pytest.approx(20 + 3 + 2 * 1.75)
    assert distance(first, second, dataclasses.replace(kin, small=5)) == pytest.approx(
        (20 + 3) / 5 + 3.5
    )


def test_distance_is_symmetric_and_zero_for_the_same():
    for seed in range(5):
        first, second = relatives(seed)
        assert distance(first, second) == pytest.approx(distance(second, first))
        assert distance(first, first) == 0


def test_every_genome_is_in_exactly_one_species_close_to_its_representative():
    population = [bred(seed // 4, 4 + seed % 4) for seed in range(40)]
    species = speciate(population)
    assert sorted(n for kind in species for n in kind.members) == list(range(40))
    for kind in species:
        for n in kind.members:
            assert distance(population[n], kind.representative) < KINSHIP.threshold
    for number, kind in enumerate(species):  # and it is the first that would have it
        for n in kind.members:
            for earlier in species[:number]:
                assert distance(population[n], earlier.representative) >= KINSHIP.threshold


def test_species_without_members_end_and_others_keep_what_is_known_of_them():
    near, far = bred(1), bred(2, 40)
    strict = Kinship(threshold=0.5)
    known = [Species(far, best=3.0), Species(near, best=7.0, stagnant=2)]
    found = speciate([near], known, strict)
    assert len(found) == 1
    assert (found[0].best, found[0].stagnant, found[0].members) == (7.0, 2, (0,))


def test_the_threshold_moves_towards_the_wanted_number_of_species():
    assert moved_threshold(KINSHIP, 3) == pytest.approx(KINSHIP.threshold - 0.3)
    assert moved_threshold(KINSHIP, 30) == pytest.approx(KINSHIP.threshold + 0.3)
    assert moved_threshold(KINSHIP, 10) == KINSHIP.threshold
    assert moved_threshold(Kinship(threshold=0.3), 1) == pytest.approx(0.3)


def test_fitness_is_shared_so_that_a_large_species_gets_no_more_than_a_small_one():
    fitness = [1.0] * 18 + [1.0, 1.0]
    species = [Species(bred(1), tuple(range(18))), Species(bred(2), (18, 19))]
    assert offspring(species, fitness, 20) == [10, 10]
    better = [1.0] * 18 + [3.0, 3.0]
    low, high = offspring(species, better, 20)
    assert high > low
    assert low + high == 20


def test_the_number_of_species_settles_near_what_is_wanted():
    now = begun([seedling(Stream(n), outputs="ink") for n in range(40)])
    counts = []
    for number in range(20):
        fitness = [-abs(link_sum(genome)) for genome in now.population]
        now = next_generation(now, fitness, Stream("course", number), BATCH)
        counts.append(len(now.species))
        assert len(now.population) == 40
    assert 5 <= np.mean(counts[8:]) <= 16


def link_sum(genome):
    return sum(link.weight for link in genome.enabled) - 4.0


def test_fitness_grows_and_the_best_is_never_lost():
    now = begun([seedling(Stream(n), outputs="ink") for n in range(40)])
    best = []
    for number in range(25):
        fitness = [-abs(link_sum(genome)) for genome in now.population]
        best.append(max(fitness))
        now = next_generation(now, fitness, Stream("course", number), BATCH)
    assert best == sorted(best)
    assert best[-1] > -0.05
    assert max(len(genome.nodes) for genome in now.population) > 1  # and they became complex


def test_the_same_seed_gives_the_same_generations():
    start = begun([seedling(Stream(n)) for n in range(20)])
    fitness = [float(n % 7) for n in range(20)]
    first = next_generation(start, fitness, Stream("a"))
    assert first == next_generation(start, fitness, Stream("a"))
    assert first.population != next_generation(start, fitness, Stream("b")).population


def test_parents_are_named_and_champions_live_on():
    start = begun([seedling(Stream(n)) for n in range(20)])
    fitness = [float(n) for n in range(20)]
    then = next_generation(start, fitness, Stream("a"))
    assert all(1 <= len(who) <= 2 for who in then.parents)
    assert start.population[19] in then.population
    # a quarter of the children has one parent, champions apart
    alone = np.mean([len(who) == 1 for who in then.parents])
    assert 0.05 < alone < 0.7


def test_species_that_do_not_grow_better_end():
    population = tuple(bred(seed, 3) for seed in range(12))
    kinds = tuple(
        Species(population[4 * n], tuple(range(4 * n, 4 * n + 4)), best=100.0, stagnant=STAGNANT)
        for n in range(3)
    )
    now = dataclasses.replace(begun(population), species=kinds)
    fitness = [1.0] * 4 + [2.0] * 4 + [3.0] * 4
    then = next_generation(now, fitness, Stream("a"))
    parents = {n for who in then.parents for n in who}
    assert not parents & set(range(4))
    assert parents & set(range(4, 8))
    kept = next_generation(now, fitness, Stream("a"), stagnant=None)
    assert {n for who in kept.parents for n in who} & set(range(4))
