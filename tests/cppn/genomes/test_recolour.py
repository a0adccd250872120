"""Genomes with other outputs: what carries the picture stays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppnart.cppn.genomes.genes import OUTPUTS, Genome
from cppnart.cppn.genomes.grow import grown
from cppnart.cppn.genomes.program import evaluate
from cppnart.cppn.genomes.recolour import MAIN, with_outputs
from cppnart.cppn.seeds import Stream

KINDS = st.sampled_from(sorted(OUTPUTS))


def main_output(genome: Genome) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    x, y = np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 9))
    return np.asarray(evaluate(genome, x, y)[MAIN[genome.kind]])


@given(seed=st.integers(0, 10**6), old=KINDS, new=KINDS)
def test_the_picture_is_made_by_the_same_network(seed: int, old: str, new: str) -> None:
    genome = grown(Stream(seed), outputs=old)
    sides = set(OUTPUTS[old]) - {MAIN[old]}
    other = with_outputs(genome, new, Stream(seed, "other"))
    assert other.kind == new
    if not any(link.source in sides and link.enabled for link in genome.links):
        assert np.allclose(main_output(other), main_output(genome), rtol=0, atol=1e-9)
    assert {node.id for node in other.hidden} == {node.id for node in genome.hidden}


@given(seed=st.integers(0, 10**6), kind=KINDS)
def test_a_genome_that_has_these_outputs_stays(seed: int, kind: str) -> None:
    genome = grown(Stream(seed), outputs=kind)
    assert with_outputs(genome, kind, Stream(1)) is genome


def test_new_outputs_are_linked_and_the_same_for_the_same_draw() -> None:
    genome = grown(Stream("grey"), outputs="ink")
    first, second, other = (with_outputs(genome, "hsb", Stream(n)) for n in (1, 1, 2))
    assert first == second
    assert first != other
    for label in ("hue", "saturation"):
        read = {link.source for link in first.enabled if link.target == label}
        assert read >= set(genome.inputs)


def test_unknown_outputs_are_named() -> None:
    with pytest.raises(ValueError, match="sepia"):
        with_outputs(grown(Stream(1)), "sepia", Stream(1))
