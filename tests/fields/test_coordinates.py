"""Frames and views: where pixels lie, whatever the resolution."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppnart.fields.coordinates import View, geometry, pixel_centers

SIDES = st.integers(1, 300)
VIEWS = st.builds(
    View,
    st.tuples(st.floats(-10, 10), st.floats(-10, 10)),
    st.floats(0.01, 100),
    st.floats(-720, 720),
)


def grid(width: int, height: int, view: View | None = None) -> np.ndarray:
    """The pixel centres as a picture, (height, width, 2)."""
    return pixel_centers(width, height, view).reshape(height, width, 2)


def test_the_short_side_spans_minus_one_to_one_and_points_are_pixel_centres() -> None:
    x, y = grid(8, 4)[0].T
    assert np.array_equal(y, [-0.75] * 8)
    assert np.array_equal(x, [-1.75, -1.25, -0.75, -0.25, 0.25, 0.75, 1.25, 1.75])
    assert geometry(8, 4).pixel == 0.5


def test_rows_follow_one_another_downwards() -> None:
    x, y = grid(3, 5)[:, 0].T
    assert np.allclose(y, np.array([-4, -2, 0, 2, 4]) / 3)
    assert np.allclose(x, [-2 / 3] * 5)


@given(SIDES, SIDES)
def test_the_corners_are_those_of_the_frame(width: int, height: int) -> None:
    short = min(width, height)
    place = geometry(width, height)
    corners = place.at(np.array([0.0, width]), np.array([0.0, height]))
    assert np.allclose(corners[0], (-width / short, -height / short), atol=1e-12)
    assert np.allclose(corners[1], (width / short, height / short), atol=1e-12)


@given(SIDES, SIDES, VIEWS)
def test_the_view_centres_the_frame_on_a_point(width: int, height: int, view: View) -> None:
    middle = geometry(width, height, view).at(np.array(width / 2), np.array(height / 2))
    assert np.allclose(middle, view.center, atol=1e-9)


@given(SIDES, SIDES, VIEWS)
def test_zoom_magnifies_and_rotation_keeps_lengths(width: int, height: int, view: View) -> None:
    place = geometry(width, height, view)
    expected = 2 / (min(width, height) * view.zoom)
    assert place.pixel == pytest.approx(expected)
    assert math.hypot(*place.right) == pytest.approx(expected)
    assert math.hypot(*place.down) == pytest.approx(expected)
    across = place.right[0] * place.down[0] + place.right[1] * place.down[1]
    assert across == pytest.approx(0, abs=1e-12 * expected**2 + 1e-300)


def test_rotation_turns_the_picture_clockwise() -> None:
    # What stood at the top of the frame, y = -1, is on the right after a quarter turn.
    view = View(rotate=90)
    right = geometry(10, 10, view).at(np.array(10.0), np.array(5.0))
    assert np.array_equal(right, [0, -1])
    slightly = geometry(10, 10, View(rotate=1)).at(np.array(10.0), np.array(5.0))
    assert slightly[1] == pytest.approx(-math.sin(math.radians(1)))


@given(st.sampled_from([1, 2, 8, 64, 256]), st.integers(-9, 9))
def test_quarter_turns_are_exactly_those_of_numpy(side: int, turns: int) -> None:
    turned = grid(side, side, View(rotate=90 * turns))
    assert np.array_equal(turned, np.rot90(grid(side, side), -turns))


@given(SIDES, st.integers(-9, 9))
def test_quarter_turns_of_any_size_differ_by_rounding_only(side: int, turns: int) -> None:
    turned = grid(side, side, View(rotate=90 * turns))
    assert np.abs(turned - np.rot90(grid(side, side), -turns)).max() < 1e-14


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 6), VIEWS)
def test_a_larger_picture_is_the_same_picture_seen_closely(
    width: int, height: int, times: int, view: View
) -> None:
    small, large = grid(width, height, view), grid(times * width, times * height, view)
    pixels = large.reshape(height, times, width, times, 2)
    tolerance = 1e-12 * (1 + abs(small).max())
    assert np.abs(pixels.mean((1, 3)) - small).max() < tolerance
    reach = np.abs(pixels - small[:, None, :, None]).max()
    assert reach <= geometry(width, height, view).pixel / math.sqrt(2) + tolerance


@pytest.mark.parametrize(
    ("view", "message"),
    [
        ({"zoom": 0.0}, "zoom 0: expected"),
        ({"zoom": -1.0}, "zoom -1: expected"),
        ({"zoom": math.inf}, "zoom inf: expected"),
        ({"zoom": math.nan}, "zoom nan: expected"),
        ({"zoom": 1e-9}, "zoom 1e-09: expected"),
        ({"center": (math.nan, 0.0)}, r"center \(nan, 0.0\): expected"),
        ({"center": (0.0, 1e300)}, r"center \(0.0, 1e\+300\): expected"),
        ({"center": (0.0,)}, r"center \(0.0,\): expected two"),
        ({"rotate": math.nan}, "rotate nan: expected degrees"),
        ({"rotate": -math.inf}, "rotate -inf: expected degrees"),
    ],
)
def test_views_that_show_nothing_are_refused(view: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        View(**view)
