import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppnart.render.motion.paths import EASES, KINDS, along, circle, segment

shares = st.floats(0, 1, exclude_max=True)
kinds = st.sampled_from(sorted(KINDS))


def draws(count: int, size: int = 12) -> list[np.ndarray]:
    return list(np.random.default_rng(count).normal(size=(count, size)))


@given(kinds, st.integers(2, 6), st.booleans())
def test_a_path_goes_through_its_keys(kind, count, loop):
    keys = draws(count)
    for number, key in enumerate(keys):
        u = number / (count if loop else count - 1)
        place = segment(u, count, loop)
        np.testing.assert_allclose(along(keys, *place, kind, loop), key, atol=1e-9)


@given(kinds, st.integers(2, 6), st.floats(-3, 3), st.sampled_from(sorted(EASES)))
def test_a_loop_closes_exactly(kind, count, u, ease):
    keys = draws(count)
    here, later = (along(keys, *segment(v, count, True, ease), kind, True) for v in (0.0, 1.0))
    np.testing.assert_array_equal(here, later)
    # and u is the same place as u + 1, as far as u + 1 is a number of its own
    u = round(u * 1024) / 1024
    a, b = (segment(v, count, True, ease) for v in (u, u + 1))
    assert a == b


@given(kinds, st.integers(2, 5), shares)
def test_nothing_jumps(kind, count, u):
    keys = draws(count)
    step = 1e-6
    a, b = (along(keys, *segment(v, count, True), kind, True) for v in (u, min(u + step, 1.0)))
    assert np.abs(a - b).max() < 40 * count * step * 4


def test_a_sphere_turns_evenly_from_key_to_key():
    a, b = np.array([1.0, 0.0]), np.array([0.0, 3.0])
    for share in (0.1, 0.5, 0.8):
        angle = share * math.pi / 2
        length = 1 + 2 * share
        np.testing.assert_allclose(
            along([a, b], 0, share, "sphere", False),
            [length * math.cos(angle), length * math.sin(angle)],
            atol=1e-12,
        )


@given(st.integers(3, 6), st.integers(0, 2), shares)
def test_the_norm_of_a_spline_goes_evenly_from_key_to_key(count, number, share):
    keys = draws(count)
    lengths = [np.linalg.norm(key) for key in keys]
    following = lengths[(number + 1) % count]
    found = np.linalg.norm(along(keys, number, share, "spline", True))
    assert found == pytest.approx(lengths[number] + share * (following - lengths[number]))


def test_a_spline_of_keys_on_a_circle_is_nearly_the_circle():
    at = np.arange(12) * (2 * math.pi / 12)
    keys = list(np.stack([np.cos(at), np.sin(at)], 1))
    angle = (2 + 0.5) * 2 * math.pi / 12
    found = along(keys, 2, 0.5, "spline", True)
    np.testing.assert_allclose(found, [math.cos(angle), math.sin(angle)], atol=1e-9)


def test_what_is_the_same_in_all_keys_stays():
    keys = [np.full(5, 0.7)] * 3
    for kind in KINDS:
        np.testing.assert_allclose(along(keys, 1, 0.4, kind, True), 0.7, rtol=1e-12)


def test_opposite_keys_have_no_arc_and_go_straight():
    a = np.array([1.0, 2.0])
    np.testing.assert_allclose(along([a, -a], 0, 0.25, "sphere", False), 0.5 * a)


def test_easing_is_slow_where_it_says():
    def speed(u: float, ease: str) -> float:
        a, b = (segment(v, 3, False, ease) for v in (u - 1e-4, u + 1e-4))
        return (sum(b) - sum(a)) / 2e-4

    assert speed(0.5 - 2e-3, "smooth") < 0.1 < 2.9 < speed(0.25, "smooth")
    assert speed(2e-3, "ends") < 0.1 < 2.9 < speed(0.5 + 2e-3, "ends")
    assert speed(0.1, "linear") == pytest.approx(2) == speed(0.9, "linear")


def test_breathing_is_a_circle_that_begins_at_the_centre():
    center = np.array([1.0, -2.0, 0.5])
    axes = np.eye(3)[:2]
    np.testing.assert_array_equal(circle(center, 0.3, axes, 0.0), center)
    np.testing.assert_array_equal(circle(center, 0.3, axes, 1.0), center)
    middle = center + 0.3 * axes[0]
    for u in np.linspace(0, 1, 9):
        assert np.linalg.norm(circle(center, 0.3, axes, u) - middle) == pytest.approx(0.3)
