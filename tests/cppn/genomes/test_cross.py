"""Crossing by innovation, and the statistics of its rules."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppnart.cppn.genomes.cross import cross
from cppnart.cppn.genomes.genes import LABELS, Link, minimal
from cppnart.cppn.genomes.parameters import BATCH
from cppnart.cppn.seeds import Stream

from .samples import bred, relatives

NEVER_AVERAGED = dataclasses.replace(BATCH, averaged=0.0)


@given(st.integers(0, 10**6), st.booleans())
def test_a_child_has_genes_of_its_parents_and_of_nobody_else(seed, equal):
    first, second = relatives(seed, 5)
    child = cross(first, second, Stream(seed), BATCH, equal=equal)
    known = {link.innovation for link in (*first.links, *second.links)}
    assert {link.innovation for link in child.links} <= known
    if not equal:
        own = {link.innovation for link in first.links}
        assert {link.innovation for link in child.links} == own
        assert {node.id for node in child.nodes} <= {node.id for node in first.nodes}
    ends = {end for link in child.links for end in (link.source, link.target)}
    assert {node.id for node in child.nodes} - LABELS <= ends  # nothing dangles


def test_genes_that_match_come_from_both_parents_and_half_each():
    first = minimal([1.0] * 4, outputs="ink")
    second = minimal([2.0] * 4, outputs="ink")
    weights = [
        link.weight
        for n in range(500)
        for link in cross(first, second, Stream(n), NEVER_AVERAGED).links
    ]
    assert set(weights) == {1.0, 2.0}
    assert abs(np.mean(weights) - 1.5) < 0.05


def test_in_the_stated_share_of_crossings_weights_are_averaged():
    first = minimal([1.0] * 4, outputs="ink")
    second = minimal([2.0] * 4, outputs="ink")
    averaged = [
        {link.weight for link in cross(first, second, Stream(n), BATCH).links} == {1.5}
        for n in range(2000)
    ]
    assert abs(np.mean(averaged) - 0.4) < 0.045


def disabled(genome, count=1):
    links = [
        dataclasses.replace(link, enabled=number >= count)
        for number, link in enumerate(genome.links)
    ]
    return dataclasses.replace(genome, links=tuple(links))


@pytest.mark.parametrize(("one", "other"), [(True, False), (False, True), (True, True)])
def test_a_gene_disabled_in_either_parent_stays_so_three_times_in_four(one, other):
    plain = minimal([1.0] * 4, outputs="ink")
    first, second = (disabled(plain) if off else plain for off in (one, other))
    off = [not cross(first, second, Stream(n), BATCH).links[0].enabled for n in range(4000)]
    assert abs(np.mean(off) - 0.75) < 0.03
    rest = cross(first, second, Stream(1), BATCH).links[1:]
    assert all(link.enabled for link in rest)


def test_equal_parents_give_half_of_what_only_one_has_and_never_a_loop():
    first, second = relatives(5, 12)
    own = {link.innovation for link in second.links} - {link.innovation for link in first.links}
    counts = [
        len(own & {link.innovation for link in cross(first, second, Stream(n)).links})
        for n in range(60)
    ]
    assert 0.25 * len(own) < np.mean(counts) <= 0.6 * len(own)


def test_links_that_would_close_a_loop_are_left_out():
    base = minimal([1.0] * 12)
    one = Link("5.1", "value", "shade", 1.0)
    back = Link("5.2", "shade", "value", 1.0)
    first = dataclasses.replace(base, links=(*base.links, one))
    second = dataclasses.replace(base, links=(*base.links, back))
    for n in range(20):
        child = {link.innovation for link in cross(first, second, Stream(n)).links}
        assert "5.1" in child
        assert "5.2" not in child


def test_matching_goes_by_innovation_not_by_ends():
    base = minimal([1.0] * 4, outputs="ink")
    own = Link("7.7", "x", "ink", 9.0)
    other = dataclasses.replace(base, links=(own, *base.links[1:]))
    child = cross(base, other, Stream(0), BATCH, equal=False)
    assert "7.7" not in {link.innovation for link in child.links}


def test_genomes_that_make_different_things_do_not_cross():
    with pytest.raises(ValueError, match="outputs ink and hue, saturation"):
        cross(bred(1, outputs="ink"), bred(1, outputs="hsb"), Stream(1))
