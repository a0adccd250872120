"""The way between two genomes: its ends are the parents, and it is smooth."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cppnart.cppn.genomes.blend import aligned
from cppnart.cppn.genomes.draw import aligned_programs, raw_program
from cppnart.cppn.genomes.genes import Link, Node, minimal
from cppnart.cppn.genomes.program import LATENT, program_of
from cppnart.fields import numpy_backend
from cppnart.fields.alike import alike

from .samples import bred, relatives

X, Y = np.random.default_rng(3).uniform(-1, 1, (2, 40))
Z = np.random.default_rng(4).normal(size=LATENT)


def values(program):
    return numpy_backend.evaluate(program, {"x": X, "y": Y, "z": Z})


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.booleans(), st.sampled_from(["palette", "ink", "hsb"]))
def test_both_sides_are_their_genomes_and_differ_in_numbers_alone(seed, strangers, outputs):
    if strangers:
        first, second = bred(seed, 6, outputs), bred(seed + 1, 6, outputs)
    else:
        first, second = relatives(seed, 5)
    pair = aligned(first, second)
    assert alike(pair, activations=False)
    for genome, program in zip((first, second), pair, strict=True):
        expected = values(program_of(genome, latent=True))
        assert values(program) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_genomes_whose_links_make_a_loop_together_are_brought_together_all_the_same():
    base = minimal(np.linspace(-1, 1, 12))
    nodes = (*base.nodes, Node("1.1", "sin"), Node("1.2", "cos"))

    def both(source, target):
        links = (
            Link("1.3", source, target, 0.7),
            Link("1.4", "x", source, 1.1),
            Link("1.5", target, "value", -0.6),
        )
        return dataclasses.replace(base, nodes=nodes, links=(*base.links, *links))

    first, second = both("1.1", "1.2"), both("1.2", "1.1")
    one, other = aligned(first, second)
    assert alike([one, other], activations=False)
    assert values(one) == pytest.approx(values(program_of(first, latent=True)), abs=1e-12)
    assert values(other) == pytest.approx(values(program_of(second, latent=True)), abs=1e-12)


def test_a_loop_through_outputs_alone_is_resolved_too():
    base = minimal(np.linspace(-1, 1, 12))
    there = dataclasses.replace(base, links=(*base.links, Link("0.1", "value", "shade", 0.8)))
    back = dataclasses.replace(base, links=(*base.links, Link("0.2", "shade", "value", -0.4)))
    for pair in ((there, back), (back, there)):
        for genome, program in zip(pair, aligned(*pair), strict=True):
            expected = values(program_of(genome, latent=True))
            assert values(program) == pytest.approx(expected, abs=1e-12)


def test_a_node_of_one_parent_is_whole_in_the_other_and_leads_nowhere_there():
    base = minimal([0.5, 0.2, -0.3, 0.1], outputs="ink")
    extra = (Link("1.3", "x", "1.1", 1.7), Link("1.4", "1.1", "ink", 0.9))
    grown = dataclasses.replace(
        base, nodes=(*base.nodes, Node("1.1", "sin")), links=(*base.links, *extra)
    )
    plain, _ = aligned(base, grown)
    weights = np.concatenate([o.weight.ravel() for o in plain.operations if hasattr(o, "weight")])
    assert np.float32(1.7) in weights
    assert np.float32(0.9) not in weights


def test_colours_are_aligned_as_well():
    first, second = bred(1, 3, "hsb"), bred(1, 6, "hsb")
    pair = aligned_programs(first, second)
    assert pair[0].output_names == ("red", "green", "blue")
    for genome, program in zip((first, second), pair, strict=True):
        assert values(program) == pytest.approx(values(raw_program(genome)), abs=1e-6)


def test_there_is_no_way_between_different_outputs():
    with pytest.raises(ValueError, match="no way between"):
        aligned(bred(1, outputs="ink"), bred(1, outputs="hsb"))
