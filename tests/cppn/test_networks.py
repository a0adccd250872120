"""The building blocks of styles, against plain numpy."""

import math

import numpy as np
import pytest

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options
from cppnart.fields.numpy_backend import evaluate

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(-1.5, 1.5, (2, 500))
COMPLEX = X + 1j * Y


def canvas(**options):
    return Canvas(Stream("blocks"), Options(**options), time=True)


def values_of(c, values):
    """What these values are at the points, (500, n)."""
    program = c.b.build(**{f"v{i}": v for i, v in enumerate(np.atleast_1d(values))})
    return evaluate(program, {"x": X, "y": Y, "z": np.linspace(-1, 1, 8), "t": 0.3})


def test_scale_spreads_the_point_and_the_clock_goes_round_once():
    c = canvas(scale=2.5)
    assert values_of(c, c.point) == pytest.approx(2.5 * np.stack([X, Y], 1), abs=1e-6)
    angle = 2 * math.pi * 0.3
    assert values_of(c, c.clock)[0] == pytest.approx([math.cos(angle), math.sin(angle)], abs=1e-6)


def test_layers_have_the_spread_that_their_gain_says():
    c = canvas()
    inputs = c.layer(c.point, 400, "sin", gain=30, bias=9)  # nearly independent, variance 1/2
    out = values_of(c, c.layer(inputs, 300, "identity", gain=2.0, bias=0.0))
    assert out.std() == pytest.approx(2 * math.sqrt(0.5), rel=0.15)


def test_a_mixed_layer_has_many_activations():
    c = canvas()
    c.layer(c.point, 64, "mixed")
    assert len(set(c.b.operations[-1].activations)) >= 5


def test_sway_is_the_same_everywhere():
    c = canvas()
    assert np.ptp(values_of(c, c.sway(3, 0.5, time=0.2)), axis=0).max() == 0


def test_turning_keeps_lengths_and_stretches_one_direction():
    c = canvas()
    plain = values_of(c, c.turned(c.point, 0.7))
    assert np.hypot(*plain.T) == pytest.approx(np.hypot(X, Y), abs=1e-6)
    stretched = values_of(c, c.turned(c.point, 0.7, 3.0))
    assert stretched == pytest.approx(plain * [3, 1], abs=1e-6)


def test_away_moved_length_bell_and_square():
    c = canvas()
    off = c.away(c.point, [0.25, -0.5])
    radius = np.hypot(X - 0.25, Y + 0.5)
    assert values_of(c, c.length(off, 0.1))[:, 0] == pytest.approx(np.hypot(radius, 0.1), abs=1e-6)
    assert values_of(c, c.square(off))[:, 0] == pytest.approx(radius**2, abs=1e-5)
    bell = values_of(c, c.bell(off, 0.5))[:, 0]
    assert bell == pytest.approx(np.exp(-((radius / 0.5) ** 2)), abs=1e-4)
    moved = values_of(c, c.moved(c.point, off, 2.0))
    assert moved == pytest.approx(np.stack([3 * X - 0.5, 3 * Y + 1], 1), abs=1e-5)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7, 12, 31])
def test_powers_of_a_direction_turn_n_times_as_fast(n):
    c = canvas()
    unit = COMPLEX / abs(COMPLEX)
    power = values_of(c, c.power(c.direction(c.point, 1e-6), n))
    assert power == pytest.approx(np.stack([(unit**n).real, (unit**n).imag], 1), abs=1e-4)


def test_times_is_the_product_of_complex_numbers():
    c = canvas()
    other = c.turned(c.point, 1.0, 2.0)
    factor = values_of(c, other) @ [1, 1j]
    product = values_of(c, c.times(c.point, other)) @ [1, 1j]
    assert product == pytest.approx(COMPLEX * factor, abs=1e-5)


def test_mirrors_leave_one_side_and_reflect_the_other():
    c = canvas()
    angle = 0.6
    turned = COMPLEX * np.exp(-1j * angle)
    expected = np.where(turned.imag > 0, turned.conj(), turned) * np.exp(1j * angle)
    mirrored = values_of(c, c.mirrored(c.point, angle)) @ [1, 1j]
    assert mirrored == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 9, 12, 64])
def test_folding_brings_every_point_into_one_wedge(n):
    c = canvas()
    folded = values_of(c, c.folded(c.point, n)) @ [1, 1j]
    assert abs(folded) == pytest.approx(abs(COMPLEX), abs=1e-5)
    angle = np.angle(folded)
    assert angle.min() > -1e-5
    assert angle.max() < math.pi / n + 1e-5
    # the same wedge by plain arithmetic on angles
    turned = np.mod(np.angle(COMPLEX), 2 * math.pi / n)
    expected = np.minimum(turned, 2 * math.pi / n - turned)
    assert angle == pytest.approx(expected, abs=1e-4)


def test_the_torus_has_one_period_in_the_frame():
    c = canvas()
    circles = values_of(c, c.torus(0.5))
    angles = np.stack([X, X, Y, Y], 1) * math.pi - np.array([0, math.pi / 2, 0, math.pi / 2])
    assert circles == pytest.approx(0.5 * np.cos(angles), abs=1e-5)


def test_spiral_coordinates_are_logarithm_and_direction():
    c = canvas()
    log, direction = c.spiral(c.point, 1e-5)
    assert values_of(c, log)[:, 0] == pytest.approx(np.log(abs(COMPLEX)), abs=1e-4)
    unit = values_of(c, direction) @ [1, 1j]
    assert unit == pytest.approx(COMPLEX / abs(COMPLEX), abs=1e-4)


def test_mixing_paints_the_second_over_the_first():
    c = canvas()
    share = c.edge(c.x, 8.0)
    mixed = values_of(c, c.mix(share, c.b.constant(0.2), c.y))[:, 0]
    w = 1 / (1 + np.exp(-8 * X))
    assert mixed == pytest.approx((1 - w) * 0.2 + w * Y, abs=1e-5)


def test_bands_depend_on_one_coordinate_only():
    c = canvas()
    bands = c.bands(c.x, 6, 1.0, 9.0)
    program = c.b.build(a=bands[0], b=bands[1])
    inputs = {"z": np.zeros(8), "t": 0.0, "x": X}
    assert (evaluate(program, {**inputs, "y": Y}) == evaluate(program, {**inputs, "y": 0.0})).all()
