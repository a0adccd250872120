"""Mutation: what changes, how often, and that everything stays a genome."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppnart.cppn.genomes import mutate as changes
from cppnart.cppn.genomes.draw import identity
from cppnart.cppn.genomes.genes import INPUTS, minimal
from cppnart.cppn.genomes.grow import grown
from cppnart.cppn.genomes.mutate import mutate
from cppnart.cppn.genomes.parameters import BATCH, INTERACTIVE, Parameters
from cppnart.cppn.genomes.program import evaluate
from cppnart.cppn.seeds import Stream

from .samples import EVERYTHING, bred

NEVER = Parameters(weights=0, add_node=0, add_link=0, activation=0)


@given(st.integers(0, 10**6), st.sampled_from([BATCH, INTERACTIVE, EVERYTHING]), st.floats(0, 1))
def test_a_mutated_genome_is_a_genome_with_the_same_outputs(seed, parameters, strength):
    genome = grown(Stream(seed), nodes=2)
    for number in range(5):
        child = mutate(genome, Stream(seed, number), parameters, strength=strength)
        assert child.outputs == genome.outputs  # the rest is checked where it is made
        before = {link.innovation for link in genome.links}
        assert before <= {link.innovation for link in child.links}
        genome = child


@given(st.integers(0, 10**6))
def test_weights_stay_within_their_bound(seed):
    genome = grown(Stream(seed), nodes=2)
    for number in range(10):
        genome = mutate(genome, Stream(seed, number), INTERACTIVE, strength=1.0)
    assert max(abs(link.weight) for link in genome.links) <= 3.0


def test_a_seed_gives_the_same_child_and_another_seed_another():
    genome = bred(1)
    assert mutate(genome, Stream(5)) == mutate(genome, Stream(5))
    assert mutate(genome, Stream(5)) != mutate(genome, Stream(6))


def test_splitting_a_link_disables_it_and_takes_over_its_weight():
    genome = minimal([0.5, -0.7, 0.2, 0.1], outputs="ink")
    child = changes.add_node(genome, Stream(3), INTERACTIVE)
    (old,) = [link for link in child.links if not link.enabled]
    (node,) = child.hidden
    into = next(link for link in child.links if link.target == node.id)
    out = next(link for link in child.links if link.source == node.id)
    assert (into.source, into.weight) == (old.source, 1.0)
    assert (out.target, out.weight) == (old.target, old.weight)


def test_a_split_by_an_identity_changes_no_picture():
    genome = bred(5)
    plain = dataclasses.replace(INTERACTIVE, activations=(("identity", 1.0),))
    child = changes.add_node(genome, Stream(1), plain)
    x, y = np.random.default_rng(2).uniform(-1, 1, (2, 50))
    before, after = evaluate(genome, x, y), evaluate(child, x, y)
    for name in genome.outputs:
        assert np.abs(after[name] - before[name]).max() < 1e-10


def test_a_new_link_joins_two_nodes_that_had_none_or_enables_the_one_there_was():
    genome = bred(7)
    for number in range(40):
        child = changes.add_link(genome, Stream(number), INTERACTIVE)
        new = set(child.links) - set(genome.links)
        assert len(new) <= 1
        for link in new:
            known = {(o.source, o.target): o for o in genome.links}
            old = known.get((link.source, link.target))
            assert old is None or not old.enabled
            assert link.enabled


def test_links_may_come_from_outputs():
    genome = grown(Stream(1), nodes=0)
    found = set()
    for number in range(200):
        child = changes.add_link(genome, Stream(number), INTERACTIVE)
        found |= {link.source for link in child.links} - set(INPUTS)
    assert found == {"value", "shade", "accent"}


def test_only_inputs_that_are_allowed_get_new_links():
    genome = minimal([1.0], outputs="ink", inputs=["x"])
    without = dataclasses.replace(INTERACTIVE, inputs=("x", "d"))
    for number in range(60):
        genome = mutate(genome, Stream(number), without, strength=1.0)
    assert genome.inputs == ("x", "d")


def test_only_activations_that_are_allowed_appear_and_by_their_odds():
    two = dataclasses.replace(INTERACTIVE, activations=(("sin", 3.0), ("abs", 1.0)))
    genome = grown(Stream(2), nodes=40)
    each = dataclasses.replace(two, each_activation=1.0)
    names = [
        node.activation
        for number in range(20)
        for node in changes.change_activations(genome, Stream(number), each).nodes
    ]
    assert set(names) == {"sin", "abs"}
    assert abs(names.count("sin") / len(names) - 0.75) < 0.06  # four standard deviations


def test_interactive_changes_come_in_the_proportions_of_the_table():
    once = dataclasses.replace(INTERACTIVE, rounds=1)
    picked = [changes._picked(Stream(n), once, 1.0) for n in range(4000)]
    assert all(len(names) == 1 for names in picked)
    share = {name: sum(p == [name] for p in picked) / 4000 for name in changes._CHANGES}
    expected = {"weights": 0.72, "add_node": 0.13, "add_link": 0.13, "activation": 0.02}
    for name, chance in expected.items():
        assert abs(share[name] - chance) < 0.03
    assert share["toggle"] == 0


def test_batch_changes_happen_independently():
    picked = [set(changes._picked(Stream(n), BATCH, 1.0)) for n in range(4000)]
    for name in ("weights", "add_node", "add_link"):
        assert abs(sum(name in p for p in picked) / 4000 - getattr(BATCH, name)) < 0.03
    both = sum({"weights", "add_link"} <= p for p in picked) / 4000
    assert abs(both - BATCH.weights * BATCH.add_link) < 0.03


def test_nothing_changes_where_nothing_may():
    genome = bred(9)
    assert mutate(genome, Stream(1), NEVER) == genome


def test_strength_says_how_far_weights_move():
    genome = grown(Stream(4), nodes=20)
    before = {link.innovation: link.weight for link in genome.links}

    def moved(strength):
        only = dataclasses.replace(NEVER, weights=1.0, replaced=0.0, each_weight=1.0)
        return np.mean(
            [
                abs(link.weight - before[link.innovation])
                for n in range(20)
                for link in mutate(genome, Stream(n), only, strength=strength).links
            ]
        )

    assert moved(0.0) == 0
    assert moved(0.05) < moved(0.25) < moved(0.5)


@pytest.mark.parametrize("strength", [-0.1, 1.5, float("nan"), True])
def test_a_strength_out_of_range_is_refused(strength):
    with pytest.raises(ValueError, match="strength"):
        mutate(bred(1), Stream(1), strength=strength)


@pytest.mark.parametrize(
    ("given", "named"),
    [({"activations": (("magic", 1.0),)}, "'magic'"), ({"inputs": ()}, "at least one")],
)
def test_parameters_are_checked(given, named):
    with pytest.raises(ValueError, match=named):
        dataclasses.replace(BATCH, **given)


def test_activations_can_be_chosen_by_name():
    chosen = INTERACTIVE.with_activations(("sin", "abs"))
    assert chosen.activations == (("sin", 0.22), ("abs", 0.2))


def test_children_are_pinned_since_seeds_give_the_same_on_every_machine():
    genome = grown(Stream(1))
    for number in range(5):
        genome = mutate(genome, Stream(2, number))
    assert identity(genome) == "46d9b7e048c793fd"
