"""Genomes as programs, against an evaluation that goes from node to node by recursion."""

import dataclasses
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cppnart.cppn.genomes.draw import drawn, raw_program
from cppnart.cppn.genomes.genes import ACTIVATIONS, Genome, Link, Node, minimal
from cppnart.cppn.genomes.program import LATENT, evaluate, layers, program_of
from cppnart.fields import kernel, numpy_backend
from cppnart.fields.fold import bind

from .samples import bred

SCALAR = {
    "bipolar": lambda x: 2 / (1 + math.exp(-x)) - 1,
    "gaussian": lambda x: 2 * math.exp(-x * x) - 1,
    "sin": math.sin,
    "cos": math.cos,
    "identity": lambda x: x,
    "abs": abs,
    "tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
}


def recursive(genome: Genome, x: float, y: float, name: str) -> float:
    """The value of a node by its definition."""
    factor = math.sqrt(2.0) if genome.convention == "centers" else 1.4
    inputs = {"x": x, "y": y, "d": factor * math.hypot(x, y), "bias": 1.0}
    if name in inputs:
        return inputs[name]
    total = 0.0
    for link in genome.links:
        if link.enabled and link.target == name:
            total += link.weight * recursive(genome, x, y, link.source)
    (activation,) = (node.activation for node in genome.nodes if node.id == name)
    return SCALAR[activation](total)


POINTS = np.random.default_rng(8).uniform(-1.5, 1.5, (4, 2))


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(0, 16), st.sampled_from(["palette", "ink", "hsb"]))
def test_reference_and_program_are_the_genome(seed, changes, outputs):
    genome = bred(seed, changes, outputs, start=1)
    x, y = POINTS.T
    reference = evaluate(genome, x, y)
    exact = numpy_backend.evaluate(program_of(genome, exact=True), {"x": x, "y": y})
    for number, name in enumerate(genome.outputs):
        expected = [recursive(genome, *point, name) for point in POINTS]
        assert reference[name] == pytest.approx(expected, rel=1e-10, abs=1e-10)
        assert exact[:, number] == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(0, 8))
def test_the_kernel_draws_what_the_reference_says(seed, changes):
    genome = bred(seed, changes)
    program = program_of(genome)
    x, y = np.random.default_rng(1).uniform(-1, 1, (2, 300)).astype(np.float32)
    got = kernel.evaluate(program, {"x": x, "y": y})
    double = numpy_backend.evaluate(program, {"x": x, "y": y})
    # networks may multiply rounding errors, so these are judged by what float32 itself makes
    single = numpy_backend.evaluate(program, {"x": x, "y": y}, np.float32)
    room = 20 * np.abs(single - double).max() + 1e-5
    assert np.abs(got - double).max() < max(room, 1e-4 * np.abs(double).max())


def test_layers_read_only_what_is_before_them():
    genome = bred(11, 20)
    found = layers(genome)
    assert sorted(name for layer in found for name in layer) == sorted(genome.order)
    depth = {name: number for number, layer in enumerate(found) for name in layer}
    for link in genome.enabled:
        assert depth.get(link.source, -1) < depth[link.target]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_has_the_same_value_in_reference_and_program(activation):
    base = minimal([0.7, -0.4, 0.9, 0.2], outputs="ink")
    genome = dataclasses.replace(base, nodes=(Node("ink", activation),))
    x, y = POINTS.T
    program = numpy_backend.evaluate(program_of(genome, exact=True), {"x": x, "y": y})
    assert program[:, 0] == pytest.approx(evaluate(genome, x, y)["ink"], abs=1e-12)


def test_an_output_that_nothing_leads_to_is_a_constant():
    genome = dataclasses.replace(minimal([0.0] * 4, outputs="ink"), links=())
    out = numpy_backend.evaluate(program_of(genome), {"x": [0.1, 0.9], "y": 0.0})
    assert out.tolist() == [[0.0], [0.0]]


def test_the_latent_changes_nothing_at_zero_and_sways_elsewhere():
    genome = bred(3)
    program = raw_program(genome)
    x, y = POINTS.T
    still = numpy_backend.evaluate(program_of(genome), {"x": x, "y": y})
    zero = numpy_backend.evaluate(program, {"x": x, "y": y, "z": np.zeros(LATENT)})
    assert np.abs(zero - still).max() < 1e-12
    small = numpy_backend.evaluate(program, {"x": x, "y": y, "z": np.full(LATENT, 1e-4)})
    large = numpy_backend.evaluate(program, {"x": x, "y": y, "z": np.full(LATENT, 0.5)})
    assert 0 < np.abs(small - still).max() < 0.05
    assert np.abs(large - still).max() > 0.01
    bound = numpy_backend.evaluate(bind(program, z=np.zeros(LATENT)), {"x": x, "y": y})
    assert bound == pytest.approx(still, abs=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_tones_are_spread_whatever_the_weights(seed):
    made = drawn(bred(seed))
    side = np.linspace(-1, 1, 65)
    x, y = (a.ravel() for a in np.meshgrid(side, side))
    value = numpy_backend.evaluate(made.program, {"x": x, "y": y})[:, 0]
    low, high = np.percentile(value, [3, 97])
    assert low < 0.15
    assert high > 0.85
    assert made.style.name == "genome"
    assert made.latents(3).shape == (3, LATENT)


def test_values_that_are_not_finite_have_tones_all_the_same():
    nodes = [Node("value", "identity"), Node("shade", "sin"), Node("accent", "sin")]
    nodes += [Node(f"{n}.1", "square") for n in range(1, 13)]
    chain = ["d", *(f"{n}.1" for n in range(1, 13)), "value"]
    links = [
        Link(f"{n}.2", source, target, 3.0) for n, (source, target) in enumerate(pairwise(chain))
    ]
    made = drawn(Genome(("d",), tuple(nodes), tuple(links)))
    with np.errstate(all="ignore"):
        out = numpy_backend.evaluate(made.program, {"x": [0.0, 0.01], "y": 0.0}, np.float32)
    assert np.isfinite(out).all()
