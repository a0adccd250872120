"""Drawings of networks."""

import numpy as np
import pytest

from cppnart.cppn.genomes.drawing import lines, places, thumbnails
from cppnart.cppn.genomes.genes import minimal

from .samples import bred


@pytest.mark.parametrize("seed", range(4))
def test_every_node_has_a_place_of_its_own_and_hidden_links_go_right(seed):
    genome = bred(seed, 15)
    found = {place.id: place for place in places(genome)}
    assert set(found) == {*genome.inputs, *genome.order}
    assert len({(p.x, p.y) for p in found.values()}) == len(found)
    assert all(0 <= p.x <= 1 and 0 < p.y < 1 for p in found.values())
    for link in genome.enabled:
        if found[link.source].kind != "output":
            assert found[link.source].x < found[link.target].x
    assert {p.id for p in found.values() if p.x == 1} == set(genome.outputs)
    assert {p.id for p in found.values() if p.x == 0} == set(genome.inputs)


def test_links_come_with_their_weights_the_strongest_on_top():
    genome = bred(2)
    drawn = lines(genome)
    assert len(drawn) == len(genome.links)
    shown = [abs(line.weight) for line in drawn if line.enabled]
    assert shown == sorted(shown)
    assert [line.enabled for line in drawn] == sorted(line.enabled for line in drawn)


def test_thumbnails_show_each_node_and_zero_is_grey():
    genome = minimal([1.0, 0.0, 0.0, 0.0], outputs="ink")
    found = thumbnails(genome, 16)
    assert set(found) == {"x", "y", "d", "bias", "ink"}
    np.testing.assert_array_equal(found["x"], found["ink"])
    assert found["x"][0, 0] < 70 < 185 < found["x"][0, -1]
    assert np.ptp(found["x"], axis=0).max() == 0
    with pytest.raises(ValueError, match="side 0"):
        thumbnails(genome, 0)
