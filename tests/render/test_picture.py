"""Composing a field and its colours: modes against numpy's colour maths, outputs, errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cppnart.fields.numpy_backend import evaluate
from cppnart.fields.program import Builder, Program
from cppnart.render import colour
from cppnart.render.colouring import ACCENT_TURN, HUE_SPAN, MODES
from cppnart.render.palettes import PALETTES
from cppnart.render.picture import EDGE, PLACE, Picture, compose, steepness

PALETTE = PALETTES["peacock"]
triples = arrays(np.float32, (7, 3), elements=st.floats(0, 1, width=32))


def waves(**outputs: float) -> Program:
    """A smooth field of period 2, whose outputs are waves of these phases round a half."""
    b = Builder(x=1, y=1)
    turns = b.affine(
        [b["x"], b["y"]], [[np.pi, 0], [0, np.pi], [np.pi, np.pi]], [0, 1, 2], ("sin", "cos", "sin")
    )
    made = {}
    for name, phase in (outputs or {"value": 0.0, "shade": 1.0, "accent": 2.0}).items():
        weight = np.sin([[phase, phase + 1, phase + 2]])
        made[name] = b.affine(turns, 0.22 * weight, 0.5)
    return b.build(**made)


def colours(picture: Picture, **inputs: object) -> np.ndarray:
    """What the colour program makes of field values, in float64; unneeded inputs are ignored."""
    wanted = {name: inputs.get(name, 0.3) for name in picture.colour.input_names}
    return evaluate(picture.colour, wanted)


def shaded(lab: np.ndarray, shade: np.ndarray) -> np.ndarray:
    return lab * (0.72 + shade * (0.59 - 0.3 * lab[:, 0]))[:, None]


def oracle(mode: str, value: np.ndarray, shade: np.ndarray, accent: np.ndarray) -> np.ndarray:
    """Linear light by the functions of colour.py."""
    _, _, hue = colour.oklab_to_oklch(colour.srgb_to_oklab(colour.parse_hex(PALETTE.accent)))
    hue = hue + np.degrees(HUE_SPAN) * (accent - 0.5)
    light = 0.84 * value + 0.12
    room = 6.75 * light**2 * (1 - light)
    if mode == "palette":
        table = PALETTE.table(1024).astype(float)
        at = np.linspace(0, 1, 1024)
        lab = shaded(np.stack([np.interp(value, at, c) for c in table.T], 1), shade)
        turn = ACCENT_TURN * (accent - 0.5)
        a, b = lab[:, 1], lab[:, 2]
        return colour.oklab_to_linear(np.stack([lab[:, 0], a - turn * b, b + turn * a], 1))
    if mode == "mono":
        grey = np.stack([0.86 * value + 0.1, 0 * value, 0 * value], 1)
        return colour.oklab_to_linear(shaded(grey, shade))
    if mode == "rgb":
        return colour.srgb_decode(np.stack([value, shade, accent], 1))
    if mode == "hsv":
        hsv = np.stack([hue / 360, 0.5 * shade + 0.15, 0.9 * value + 0.08], 1)
        return colour.srgb_decode(colour.hsv_to_rgb(hsv))
    if mode == "oklab":
        ab = 0.28 * (np.stack([shade, accent], 1) - 0.5) * room[:, None]
        return colour.oklab_to_linear(np.concatenate([light[:, None], ab], 1))
    lch = np.stack([light, (0.13 * shade + 0.03) * room, hue], 1)
    return colour.oklab_to_linear(colour.oklch_to_oklab(lch))


@pytest.mark.parametrize("mode", MODES)
@given(triples)
def test_a_colour_mode_agrees_with_numpys_colour_maths(mode: str, values: np.ndarray) -> None:
    value, shade, accent = values.astype(float).T
    picture = compose(waves(), color=mode, palette=PALETTE)
    made = colours(picture, value=value, shade=shade, accent=accent)
    if mode == "mono":  # the same in each channel, where the matrices sum to 1 within 1e-7
        assert (made == made[:, :1]).all()
    np.testing.assert_allclose(made, oracle(mode, value, shade, accent), atol=2e-6)


def test_gray_is_another_name_of_mono() -> None:
    pictures = [compose(waves(), color=name) for name in ("mono", "gray", "Grey")]
    made = [colours(p, value=0.4, shade=0.7) for p in pictures]
    assert (made[0] == made[1]).all()
    assert (made[0] == made[2]).all()


def test_more_shade_is_lighter_and_keeps_black_and_white() -> None:
    picture = compose(waves(), color="mono")
    value = np.array([0.0, 0.5, 1.0])
    dark, light = (colours(picture, value=value, shade=shade)[:, 0] for shade in (0.0, 1.0))
    assert (light > 1.5 * dark).all()
    assert light.max() <= 1
    assert dark.min() > 0


def test_the_program_is_the_colour_of_the_field() -> None:
    picture = compose(waves(), finish="relief+contour")
    x, y = np.random.default_rng(0).uniform(-1, 1, (2, 50))
    values = evaluate(picture.field, {"x": x, "y": y})
    inputs = dict(zip(picture.field.output_names, values.T, strict=True))
    apart = evaluate(picture.colour, {**inputs, "x": x, "y": y, "pixel": 0.01})
    whole = evaluate(picture.program(), {"x": x, "y": y, "pixel": 0.01})
    np.testing.assert_allclose(whole, apart, atol=1e-12)
    assert picture.program().input_names == PLACE
    assert picture.program().output_names == ("red", "green", "blue")


@pytest.mark.parametrize("finish", ["plain", "relief", "contour", "ink", "grain"])
def test_the_colour_reads_the_fields_outputs_in_order_then_the_place(finish: str) -> None:
    picture = compose(waves(), finish=finish)
    assert picture.colour.input_names == (*picture.field.output_names, *PLACE)


def test_a_field_is_not_asked_for_what_the_colour_does_not_read() -> None:
    field = waves(value=0.0, shade=1.0, accent=2.0, spare=3.0)
    assert compose(field).field.output_names == ("value", "shade", "accent")
    assert compose(field, color="mono").field.output_names == ("value", "shade")
    assert "value_dx" in compose(field, finish="relief").field.output_names


def test_edges_are_named_where_lines_are_drawn() -> None:
    for finish in ("contour", "ink", "relief+contour"):
        picture = compose(waves(), finish=finish)
        assert picture.edge == EDGE
        assert set(EDGE) <= set(picture.field.output_names)
    assert compose(waves(), finish="relief+grain").edge is None


def test_time_stays_an_input() -> None:
    b = Builder(x=1, y=1, t=1)
    field = b.build(value=b.affine([b["x"], b["t"]], [[0.3, 0.1]], 0.5))
    program = compose(field, finish="relief").program()
    assert program.input_names == ("x", "y", "t", "pixel")


def test_alpha_passes_through_when_transparent() -> None:
    field = waves(value=0.0, shade=1.0, accent=2.0, alpha=3.0)
    picture = compose(field, transparent=True)
    values = {"value": 0.4, "shade": 0.5, "accent": 0.6, "alpha": np.array([0.0, 0.3, 1.0])}
    made = colours(picture, **values)
    assert picture.colour.output_names == ("red", "green", "blue", "alpha")
    np.testing.assert_allclose(made[:, 3], [0.0, 0.3, 1.0], atol=1e-7)
    assert np.ptp(made[:, :3], axis=0).max() == 0  # straight, not multiplied


def test_otherwise_the_picture_lies_on_the_palettes_paper() -> None:
    field = waves(value=0.0, shade=1.0, accent=2.0, alpha=3.0)
    picture = compose(field, palette=PALETTE)
    alpha = np.array([0.0, 0.25, 1.0])
    made = colours(picture, value=0.4, shade=0.5, accent=0.6, alpha=alpha)
    paper = colour.srgb_decode(colour.parse_hex(PALETTE.paper))
    assert picture.colour.output_names == ("red", "green", "blue")
    np.testing.assert_allclose(made[0], paper, atol=1e-6)
    np.testing.assert_allclose(made[1], 0.75 * paper + 0.25 * made[2], atol=1e-6)


def test_transparency_without_alpha_is_refused() -> None:
    with pytest.raises(ValueError, match="covers the whole picture"):
        compose(waves(), transparent=True)


@pytest.mark.parametrize("names", [("red", "green", "blue"), ("r", "g", "b")])
@pytest.mark.parametrize("mode", ["palette", "hsv"])
def test_a_field_of_colours_is_taken_as_it_is(names: tuple[str, ...], mode: str) -> None:
    field = waves(**{name: float(i) for i, name in enumerate(names)})
    x, y = np.random.default_rng(1).uniform(-1, 1, (2, 40))
    made = evaluate(compose(field, color=mode).program(), {"x": x, "y": y, "pixel": 0.01})
    encoded = evaluate(field, {"x": x, "y": y})
    np.testing.assert_allclose(made, colour.srgb_decode(encoded), atol=1e-6)


def test_a_field_of_colours_with_alpha() -> None:
    field = waves(r=0.0, g=1.0, b=2.0, a=3.0)
    picture = compose(field, transparent=True, finish="relief")
    assert picture.colour.output_names == ("red", "green", "blue", "alpha")


def test_slopes_through_a_grid_are_differences() -> None:
    n = 64
    u = np.linspace(0, 1, n)
    table = (u[:, None] ** 2 + 0.5 * u).reshape(-1, 1)
    b = Builder(x=1, y=1)
    place = b.map([b["x"], b["y"]], scale=0.5, shift=0.5)
    field = compose(b.build(value=b.grid(place, table, (n, n))), finish="relief").field
    x, y = np.random.default_rng(2).uniform(-0.9, 0.9, (2, 30))
    made = evaluate(field, {"x": x, "y": y})
    values = dict(zip(field.output_names, made.T, strict=True))
    np.testing.assert_allclose(values["value_dx"], 0.5 * (x + 1), atol=0.01)
    np.testing.assert_allclose(values["value_dy"], 0.25, atol=0.01)


def test_steepness_is_the_mean_slope() -> None:
    b = Builder(x=1, y=1)
    assert steepness(b.build(value=b.affine([b["x"], b["y"]], [[3, 4]]))) == pytest.approx(5)
    b = Builder(x=1, y=1)  # |x|, whose slope is 1 nearly everywhere
    assert steepness(b.build(value=b.map(b["x"], "abs"))) == pytest.approx(1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"color": "pallete"}, r"unknown color mode 'pallete' \(did you mean 'palette'\?\): exp"),
        ({"finish": "relif"}, r"unknown finish 'relif' \(did you mean 'relief'\?\): expected pla"),
        ({"finish": ""}, "unknown finish ''"),
        ({"finish": "relief+"}, "unknown finish ''"),
        ({"finish": "relief:9"}, "strength '9': expected a number from 0 to 3"),
        ({"finish": "relief:much"}, "strength 'much': expected a number"),
        ({"finish": "relief:nan"}, "strength 'nan': expected a number"),
        ({"finish": "grain+grain+grain+grain+grain"}, "at most 4"),
        ({"strength": -1.0}, "strength -1.0: expected a number from 0 to 3"),
    ],
)
def test_what_is_unknown_is_refused_in_one_line(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        compose(waves(), **wrong)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_a_field_without_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match="outputs height: expected value, or red, green, blue"):
        compose(waves(height=0.0))
    b = Builder(x=1, z=1)
    with pytest.raises(ValueError, match="inputs x and y"):
        compose(b.build(value=b["x"]))
