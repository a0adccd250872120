"""Genes, innovations, and genomes as files."""

import dataclasses
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppnart.cppn.genomes import files
from cppnart.cppn.genomes.genes import (
    MAX_NODES,
    OUTPUTS,
    Genome,
    Link,
    Node,
    minimal,
    ordered,
)
from cppnart.cppn.genomes.innovation import link_innovation, node_innovation, order_of
from cppnart.cppn.genomes.mutate import add_node
from cppnart.cppn.genomes.parameters import INTERACTIVE
from cppnart.cppn.seeds import Stream

from .samples import bred


def small(**changes):
    genome = minimal([0.5, -0.5, 0.25, 1.0], outputs="ink")
    return dataclasses.replace(genome, **changes)


def test_a_minimal_genome_links_every_input_to_every_output():
    genome = minimal(range(12))
    assert {(link.source, link.target) for link in genome.links} == {
        (source, target) for source in ("x", "y", "d", "bias") for target in OUTPUTS["palette"]
    }
    assert genome.hidden == ()


def test_genes_are_kept_in_one_order_whatever_order_they_come_in():
    genome = bred(4)
    shuffled = Genome(genome.inputs[::-1], genome.nodes[::-1], genome.links[::-1])
    assert shuffled == genome
    assert files.to_json(shuffled) == files.to_json(genome)
    places = [order_of(link.innovation) for link in genome.links]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"inputs": ("x", "z")}, "unknown input 'z'"),
        ({"inputs": ("x", "x", "y", "d", "bias")}, "'x' is there twice"),
        ({"nodes": (Node("ink", "wobble"),)}, "unknown activation 'wobble'"),
        ({"nodes": (Node("ink", "sin"), Node("hue", "sin"))}, "outputs hue, ink"),
        ({"nodes": ()}, "outputs none"),
        ({"nodes": (Node("ink", "sin"), Node("h1", "sin"))}, "node 'h1'"),
        ({"links": (Link("0.1", "x", "q", 1.0),)}, "names node 'q'"),
        ({"links": (Link("0.1", "ink", "x", 1.0),)}, "into the input 'x'"),
        ({"links": (Link("one", "x", "ink", 1.0),)}, "link 'one'"),
        ({"links": (Link("0.1", "x", "ink", float("nan")),)}, "weight nan"),
        ({"links": (Link("0.1", "x", "ink", 1e5),)}, "weight 100000"),
        ({"links": (Link("0.1", "ink", "ink", 1.0),)}, "loop of links"),
        ({"links": (Link("0.1", "x", "ink", 1.0),) * 2}, "same innovation"),
        ({"convention": "corners"}, "unknown convention 'corners'"),
        ({"nodes": tuple(Node(f"1.{n}", "sin") for n in range(MAX_NODES + 1))}, "1025 nodes"),
    ],
)
def test_genes_that_do_not_fit_together_are_refused(changes, named):
    with pytest.raises(ValueError, match=r"(?s).") as caught:
        small(**changes)
    assert named in str(caught.value)


def test_a_loop_counts_even_where_a_link_is_disabled():
    nodes = (Node("ink", "sin"), Node("1.5", "sin"))
    back = Link("1.2", "1.5", "ink", 1.0, enabled=False)
    small(nodes=nodes, links=(back,))
    with pytest.raises(ValueError, match="loop"):
        small(nodes=nodes, links=(back, Link("1.1", "ink", "1.5", 1.0)))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20))
def test_an_order_is_found_exactly_where_there_is_one(edges):
    names = [str(n) for n in range(10)]
    pairs = sorted({(str(a), str(b)) for a, b in edges})
    order = ordered(names, pairs)
    if order is None:  # then following links can go on for ever
        ahead = {name: {b for a, b in pairs if a == name} for name in names}
        left = set(names)
        while any(not (ahead[name] & left) for name in left):
            left -= {name for name in left if not (ahead[name] & left)}
        assert left
    else:
        assert sorted(order) == names
        assert all(order.index(a) < order.index(b) for a, b in pairs)


# --- Innovations ---


def test_the_same_change_has_the_same_innovation_in_every_process():
    here = [link_innovation("x", "1.23"), node_innovation("0.99")]
    code = (
        "from cppnart.cppn.genomes.innovation import *;"
        "print(link_innovation('x', '1.23'), node_innovation('0.99'))"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert there.stdout.split() == here


def test_innovations_are_pinned_since_genomes_are_kept_for_years():
    assert link_innovation("x", "ink") == LINK
    assert node_innovation(LINK) == NODE


LINK = "0.271785961448617"
NODE = "1.217591583848190"


def test_a_link_that_is_split_again_gives_another_node():
    once = node_innovation("0.7")
    twice = node_innovation("0.7", {once})
    assert once != twice
    assert order_of(once)[0] == order_of(twice)[0] == 1


def test_lineages_that_split_the_same_link_agree_and_the_links_too():
    genome = small()
    one = dataclasses.replace(genome, links=genome.links[:1])
    first = add_node(one, Stream(1), INTERACTIVE)
    second = add_node(one, Stream(2), INTERACTIVE)
    assert first.hidden[0].id == second.hidden[0].id
    assert [o.innovation for o in first.links] == [o.innovation for o in second.links]


def test_later_structure_has_higher_innovations():
    genome = small()
    for number in range(5):
        genome = add_node(genome, Stream(number), INTERACTIVE)
    depth = {name: order_of(name)[0] for name in genome.order}
    for link in genome.links:
        ends = max(depth.get(link.source, -1), depth.get(link.target, -1), 0)
        assert order_of(link.innovation)[0] == ends


# --- Files ---


@given(st.integers(0, 10**6))
def test_a_genome_goes_through_json_and_back(seed):
    genome = bred(seed, 6)
    assert files.from_json(files.to_json(genome)) == genome
    assert files.from_dict(json.loads(files.to_json(genome))) == genome


def test_a_file_is_written_and_read(tmp_path):
    genome = bred(2)
    files.save(tmp_path / "a.json", genome)
    assert files.load(tmp_path / "a.json") == genome


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"cppnart-genome": 2}, "version 2"),
        ({"links": [["0.1", "x", "ink", "1", True]]}, "Expected `float`"),
        ({"more": 1}, "unknown field `more`"),
        ({"nodes": [["ink"]]}, "length 2"),
        ({"nodes": [["ink", "s" * 65]]}, "length <= 64"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path, change, named):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({**files.to_dict(small()), **change}))
    with pytest.raises(ValueError, match=r"a\.json: ") as caught:
        files.load(path)
    assert named in str(caught.value)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b"{" + b" " * files.MAX_BYTES)
    with pytest.raises(ValueError, match="larger than"):
        files.load(path)


def test_deep_json_is_refused():
    with pytest.raises(ValueError, match="not a usable genome"):
        files.from_json('{"inputs": ' + "[" * 100_000)
