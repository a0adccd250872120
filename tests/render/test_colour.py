"""Colour spaces against published values, the standard library, and their own inverses."""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cppnart.render import colour

UNIT = st.floats(0, 1, width=32)
COLOURS = hnp.arrays(
    np.float64, hnp.array_shapes(max_dims=3, max_side=4).map(lambda s: (*s, 3)), elements=UNIT
)
OKLAB = st.tuples(st.floats(0, 1), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)).map(np.array)

# IEC 61966-2-1 and Ottosson's matrix from XYZ, both as published: another way to OKLab than ours.
XYZ_OF_RGB = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
LMS_OF_XYZ = np.array(
    [
        [0.8189330101, 0.3618667424, -0.1288597137],
        [0.0329845436, 0.9293118715, 0.0361456387],
        [0.0482003018, 0.2643662691, 0.6338517070],
    ]
)


def published_decode(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def published_encode(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


@given(UNIT)
def test_srgb_follows_the_published_formula(value: float) -> None:
    assert float(colour.srgb_encode(value)) == pytest.approx(published_encode(value), abs=1e-12)
    assert float(colour.srgb_decode(value)) == pytest.approx(published_decode(value), abs=1e-12)


def test_srgb_knows_its_landmarks() -> None:
    encoded = np.array([0.0, 0.04045, 0.5, 1.0])
    linear = np.array([0.0, 0.0031308, 0.2140411, 1.0])
    np.testing.assert_allclose(colour.srgb_decode(encoded), linear, atol=1e-7)


@given(st.floats(-4, 4))
def test_srgb_round_trips_and_mirrors_negative_values(value: float) -> None:
    assert float(colour.srgb_decode(colour.srgb_encode(value))) == pytest.approx(value, abs=1e-6)
    assert float(colour.srgb_encode(-value)) == -float(colour.srgb_encode(value))


@pytest.mark.parametrize(
    ("xyz", "lab"),
    [
        ((0.950, 1.000, 1.089), (1.000, 0.000, 0.000)),
        ((1.000, 0.000, 0.000), (0.450, 1.236, -0.019)),
        ((0.000, 1.000, 0.000), (0.922, -0.671, 0.263)),
        ((0.000, 0.000, 1.000), (0.153, -1.415, -0.449)),
    ],
)
def test_oklab_matches_the_table_that_its_author_published(
    xyz: tuple[float, ...], lab: tuple[float, ...]
) -> None:
    linear = np.linalg.solve(XYZ_OF_RGB, np.array(xyz))
    np.testing.assert_allclose(colour.linear_to_oklab(linear), lab, atol=2e-3)


@pytest.mark.parametrize(
    ("code", "lab"),
    [
        ("#ffffff", (1.0, 0.0, 0.0)),
        ("#000000", (0.0, 0.0, 0.0)),
        ("#ff0000", (0.62796, 0.22486, 0.12585)),
        ("#00ff00", (0.86644, -0.23389, 0.17950)),
        ("#0000ff", (0.45201, -0.03246, -0.31153)),
    ],
)
def test_oklab_of_the_primaries(code: str, lab: tuple[float, ...]) -> None:
    np.testing.assert_allclose(colour.srgb_to_oklab(colour.parse_hex(code)), lab, atol=2e-5)


@given(COLOURS)
def test_oklab_agrees_with_the_way_through_xyz(linear: np.ndarray) -> None:
    lms = np.cbrt(linear @ XYZ_OF_RGB.T @ LMS_OF_XYZ.T)
    np.testing.assert_allclose(
        colour.linear_to_oklab(linear), lms @ colour.LMS_TO_OKLAB.T, atol=2e-3
    )


def test_the_matrices_are_inverses_and_cannot_be_changed() -> None:
    np.testing.assert_allclose(colour.RGB_TO_LMS @ colour.LMS_TO_RGB, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(colour.LMS_TO_OKLAB @ colour.OKLAB_TO_LMS, np.eye(3), atol=1e-7)
    with pytest.raises(ValueError, match="read-only"):
        colour.RGB_TO_LMS[0, 0] = 1


@given(COLOURS)
def test_oklab_round_trips(linear: np.ndarray) -> None:
    back = colour.oklab_to_linear(colour.linear_to_oklab(linear))
    np.testing.assert_allclose(back, linear, atol=1e-6)
    encoded = colour.oklab_to_srgb(colour.srgb_to_oklab(linear))
    np.testing.assert_allclose(encoded, linear, atol=1e-5)


@given(OKLAB)
def test_oklch_round_trips_and_its_hue_is_in_range(lab: np.ndarray) -> None:
    lch = colour.oklab_to_oklch(lab)
    assert 0 <= lch[2] < 360
    assert lch[1] >= 0
    np.testing.assert_allclose(colour.oklch_to_oklab(lch), lab, atol=1e-12)


def test_oklch_hue_turns_from_red_towards_yellow() -> None:
    lab = np.array([[0.5, 0.1, 0.0], [0.5, 0.0, 0.1], [0.5, -0.1, 0.0], [0.5, 0.0, -0.1]])
    np.testing.assert_allclose(colour.oklab_to_oklch(lab)[:, 2], [0, 90, 180, 270])


@given(st.tuples(UNIT, UNIT, UNIT))
def test_hsv_agrees_with_the_standard_library(values: tuple[float, float, float]) -> None:
    rgb = colour.hsv_to_rgb(np.array(values))
    np.testing.assert_allclose(rgb, colorsys.hsv_to_rgb(*values), atol=1e-9)
    hsv = colour.rgb_to_hsv(np.array(values))
    hue, saturation, value = colorsys.rgb_to_hsv(*values)
    np.testing.assert_allclose(hsv[1:], [saturation, value], atol=1e-9)
    assert abs((hsv[0] - hue + 0.5) % 1 - 0.5) < 1e-9


@given(COLOURS)
def test_hsv_round_trips(rgb: np.ndarray) -> None:
    np.testing.assert_allclose(colour.hsv_to_rgb(colour.rgb_to_hsv(rgb)), rgb, atol=1e-9)


@pytest.mark.parametrize("hue", [-1e-9, -1e-30, 1.0, 2.0, -3.0, 1e-9])
def test_a_hue_beside_a_whole_turn_is_red(hue: float) -> None:
    # The remainder of -1e-9 by 1 is 1.0 in float32, outside of every sextant.
    hsv = np.array([hue, 1, 1], dtype=np.float32)
    np.testing.assert_allclose(colour.hsv_to_rgb(hsv), [1, 0, 0], atol=1e-6)


@given(hnp.arrays(np.float64, (5, 3), elements=st.floats(-0.5, 1.5)))
def test_to_gamut_ends_inside_and_keeps_lightness_and_hue(lab: np.ndarray) -> None:
    mapped = colour.to_gamut(lab)
    assert colour.in_gamut(mapped).all()
    np.testing.assert_array_equal(mapped[:, 0], np.clip(lab[:, 0], 0, 1))
    cross = lab[:, 1] * mapped[:, 2] - lab[:, 2] * mapped[:, 1]
    np.testing.assert_allclose(cross, 0, atol=1e-12)
    assert (np.hypot(*mapped.T[1:]) <= np.hypot(*lab.T[1:]) + 1e-12).all()


@given(COLOURS)
def test_to_gamut_leaves_what_fits_alone(linear: np.ndarray) -> None:
    lab = colour.linear_to_oklab(linear)
    np.testing.assert_allclose(colour.to_gamut(lab), lab, atol=1e-6)


@given(st.floats(0.05, 0.95), st.floats(0, 360))
def test_to_gamut_stops_at_the_edge(lightness: float, hue: float) -> None:
    chroma = float(colour.max_chroma(lightness, hue))
    assert 0 < chroma < 0.33
    edge = colour.oklch_to_oklab(np.array([lightness, chroma, hue]))
    beyond = colour.oklch_to_oklab(np.array([lightness, chroma * 1.002 + 1e-4, hue]))
    assert colour.in_gamut(edge, 2e-6)
    assert not colour.in_gamut(beyond)


@pytest.mark.parametrize(
    "convert",
    [
        colour.linear_to_oklab,
        colour.oklab_to_linear,
        colour.oklab_to_oklch,
        colour.oklch_to_oklab,
        colour.hsv_to_rgb,
        colour.rgb_to_hsv,
        colour.srgb_encode,
        colour.srgb_decode,
        colour.to_gamut,
    ],
)
def test_conversions_keep_dtype_and_shape(convert: Callable[..., np.ndarray]) -> None:
    values = np.linspace(0, 0.9, 24).reshape(2, 4, 3)
    exact = convert(values)
    for dtype, tolerance in [(np.float16, 0.4), (np.float32, 1e-3), (np.longdouble, 1e-6)]:
        result = convert(values.astype(dtype))
        assert result.dtype == dtype
        assert result.shape == values.shape
        # Degrees of hue among them.
        np.testing.assert_allclose(result.astype(float), exact, atol=tolerance)
    assert convert(np.zeros((0, 3))).shape == (0, 3)
    with pytest.raises(TypeError, match="uint8"):
        convert(np.zeros((2, 3), dtype=np.uint8))


def test_conversions_do_not_change_their_input() -> None:
    lab = np.array([[1.2, 0.4, 0.1]])
    lab.setflags(write=False)
    colour.to_gamut(lab)
    colour.oklab_to_srgb(lab)


def test_colours_need_three_channels() -> None:
    with pytest.raises(ValueError, match=r"\(2, 4\).*3 channels"):
        colour.linear_to_oklab(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="3 channels"):
        colour.to_gamut(0.5)


def test_hex_colours_are_read_in_each_form() -> None:
    np.testing.assert_array_equal(colour.parse_hex("#1a2b3c") * 255, [0x1A, 0x2B, 0x3C])
    np.testing.assert_array_equal(colour.parse_hex("1A2B3C") * 255, [0x1A, 0x2B, 0x3C])
    np.testing.assert_array_equal(colour.parse_hex(" #abc ") * 255, [0xAA, 0xBB, 0xCC])


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_hex_colours_round_trip(levels: tuple[int, int, int]) -> None:
    code = "#{:02x}{:02x}{:02x}".format(*levels)
    assert colour.format_hex(colour.parse_hex(code)) == code


@pytest.mark.parametrize(
    "text", ["", "#", "#12", "#12345", "#1234567", "red", "#ggg", "##abc", "٣٣٣"]
)
def test_bad_hex_colours_are_refused_by_name(text: str) -> None:
    assert not colour.is_hex(text)
    with pytest.raises(ValueError, match="bad colour"):
        colour.parse_hex(text)


def test_format_hex_clips_and_refuses_what_is_no_colour() -> None:
    assert colour.format_hex([-0.2, 0.5, 1.7]) == "#0080ff"
    with pytest.raises(ValueError, match="finite"):
        colour.format_hex([0.0, np.nan, 1.0])
    with pytest.raises(ValueError, match="one colour"):
        colour.format_hex(np.zeros((2, 3)))
