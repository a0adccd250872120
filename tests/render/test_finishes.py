"""Finishes: the same picture at every size, light from one side, lines of the right width."""

import numpy as np
import pytest

from cppnart.fields import kernel
from cppnart.fields.numpy_backend import evaluate
from cppnart.fields.program import Builder, Program, Values
from cppnart.render import colour
from cppnart.render.colouring import MODES
from cppnart.render.finishes import FINISHES, names, parse_finish
from cppnart.render.finishes.lines import lines, steps, stripes
from cppnart.render.finishes.noise import fibres, noise, table
from cppnart.render.finishes.surface import Surface
from cppnart.render.palettes import PALETTES
from cppnart.render.picture import Picture, compose

PALETTE = PALETTES["dusk"]
FLAT = ("plain", "relief", "silk", "metal", "pearl", "contour", "glow", "ink", "brush")
"""Finishes without a texture of their own."""
FINE = ("engraving", "halftone", "riso", "hatch")
"""Finishes of lines and dots that a small picture shows as the grey that they average to."""


def field(value: float = 0.0) -> Program:
    """A smooth field of period 2; ``value`` other than 0 makes it the same everywhere."""
    b = Builder(x=1, y=1)
    turns = b.affine(
        [b["x"], b["y"]],
        np.pi * np.array([[1, 0], [0, 1], [1, 1], [2, -1]]),
        [0.3, 1.0, 2.0, 0.5],
        ("sin", "cos", "sin", "cos"),
    )
    moving = 0.0 if value else 1.0
    weights = np.array([[0.2, 0.15, 0.1, 0.05], [0.1, -0.2, 0.1, 0.1], [-0.1, 0.1, 0.2, 0.1]])
    outputs = b.affine(turns, moving * weights, [value or 0.5, 0.5, 0.5])
    return b.build(**dict(zip(("value", "shade", "accent"), outputs, strict=True)))


def render(picture: Picture, width: int, height: int | None = None) -> np.ndarray:
    """Linear light (height, width, channels), by numpy in float64."""
    height = height or width
    pixel = 2 / min(width, height)
    x = (np.arange(width) + 0.5 - width / 2) * pixel
    y = (np.arange(height) + 0.5 - height / 2) * pixel
    at = dict(zip(("x", "y"), map(np.ravel, np.meshgrid(x, y)), strict=True))
    return evaluate(picture.program(), {**at, "pixel": pixel}).reshape(height, width, -1)


def quick(picture: Picture, size: int) -> np.ndarray:
    """As render, by the kernel."""
    at = (np.arange(size, dtype=np.float32) + 0.5) * (2 / size) - 1
    x, y = np.meshgrid(at, at)
    inputs = {"x": x.ravel(), "y": y.ravel(), "pixel": np.float32(2 / size)}
    return kernel.evaluate(picture.program(), inputs).reshape(size, size, -1)


def boxed(image: np.ndarray, times: int) -> np.ndarray:
    height, width, channels = image.shape
    blocks = image.reshape(height // times, times, width // times, times, channels)
    return blocks.mean((1, 3))


def seen(linear: np.ndarray) -> np.ndarray:
    return colour.srgb_encode(np.clip(linear, 0, 1))


def surface(**inputs: int) -> tuple[Surface, dict[str, Values]]:
    """A bare surface with inputs of one's own beside x, y and pixel."""
    b = Builder(**dict.fromkeys(("x", "y", "pixel", *inputs), 1))
    own = {name: b[name] for name in ("x", "y", "pixel", *inputs)}
    half = b.constant(0.5)
    fake = dict.fromkeys(("value", "shade", "accent", "value_dx", "value_dy"), half)
    return Surface(b, {**fake, **own}, PALETTE, lambda: 1.0), own


# --- All of them -------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("finish", FINISHES)
def test_every_finish_works_in_every_colour_mode(finish: str, mode: str) -> None:
    image = render(compose(field(), color=mode, palette=PALETTE, finish=finish), 24, 16)
    assert image.shape == (16, 24, 3)
    assert np.isfinite(image).all()
    assert image.min() > -0.2
    assert image.max() < 2
    assert np.ptp(seen(image)) > 0.05


@pytest.mark.parametrize("finish", FINISHES)
def test_a_finish_is_the_same_picture_at_every_size(finish: str) -> None:
    picture = compose(field(), palette=PALETTE, finish=finish)
    small, large = quick(picture, 192), boxed(quick(picture, 768), 4)
    difference = np.abs(seen(small) - seen(large))
    assert difference.mean() < (0.1 if finish in FINE else 0.02)
    np.testing.assert_allclose(small.mean((0, 1)), large.mean((0, 1)), atol=0.02)


@pytest.mark.parametrize("finish", FINISHES)
def test_a_seamless_field_stays_seamless(finish: str) -> None:
    program = compose(field(), palette=PALETTE, finish=finish).program()
    x, y = np.random.default_rng(3).uniform(-1, 1, (2, 60))
    here = evaluate(program, {"x": x, "y": y, "pixel": 0.004})
    for right, down in ((2, 0), (0, 2)):
        there = evaluate(program, {"x": x + right, "y": y + down, "pixel": 0.004})
        np.testing.assert_allclose(there, here, atol=1e-3)


@pytest.mark.parametrize("finish", FLAT)
def test_a_flat_field_gives_one_flat_colour(finish: str) -> None:
    image = render(compose(field(0.37), palette=PALETTE, finish=finish), 16)
    assert np.ptp(image, axis=(0, 1)).max() < 1e-9


@pytest.mark.parametrize("finish", FINISHES)
def test_the_kernel_sees_what_numpy_sees(finish: str) -> None:
    picture = compose(field(), palette=PALETTE, finish=finish)
    x, y = np.random.default_rng(4).uniform(-1, 1, (2, 3000))
    inputs = {"x": x.astype(np.float32), "y": y.astype(np.float32), "pixel": np.float32(0.004)}
    difference = np.abs(
        seen(kernel.evaluate(picture.program(), inputs)) - seen(evaluate(picture.program(), inputs))
    )
    # right at an edge as sharp as a pixel, rounding of the field shows a little
    assert np.quantile(difference, 0.99) < 1 / 255
    assert difference.max() < 8 / 255


@pytest.mark.parametrize("finish", FINISHES)
def test_a_finish_of_no_strength_still_draws(finish: str) -> None:
    assert np.isfinite(render(compose(field(), finish=f"{finish}:0"), 8)).all()


def test_finishes_are_listed_with_one_line_each() -> None:
    assert names()[0] == "plain"
    assert len(names()) >= 10
    assert all(f.description.endswith(".") and len(f.description) < 80 for f in FINISHES.values())


def test_strengths_multiply() -> None:
    layers = parse_finish("relief:0.5 + Grain", 2.0)
    assert [(layer.name, amount) for layer, amount in layers] == [("relief", 1.0), ("grain", 2.0)]


def test_finishes_lie_one_over_another() -> None:
    both = render(compose(field(), finish="relief+grain"), 128)
    relief = render(compose(field(), finish="relief"), 128)
    grain = render(compose(field(), finish="grain"), 128)
    plain = render(compose(field()), 128)
    assert 0.001 < np.abs(both - relief).mean() < 0.05
    assert np.corrcoef((both - relief)[..., 0].ravel(), (grain - plain)[..., 0].ravel())[0, 1] > 0.5


# --- Light -------------------------------------------------------------------------------------


def hill() -> Program:
    b = Builder(x=1, y=1)
    squares = b.map([b["x"], b["y"]], "square")
    return b.build(value=b.affine(b.affine(squares, [[1, 1]], activation="bell"), [[0.8]], 0.1))


@pytest.mark.parametrize("finish", ["relief", "silk", "pearl"])
def test_light_comes_from_the_upper_left(finish: str) -> None:
    image = render(compose(hill(), color="mono", finish=finish), 64).mean(-1)
    assert image[20, 20] > 1.3 * image[43, 43]
    assert image[20, 32] > image[43, 32]
    assert image[32, 20] > image[32, 43]


def test_relief_leaves_colours_between_black_and_white() -> None:
    for name in ("porcelain", "obsidian", "bauhaus"):
        image = render(compose(field(), palette=PALETTES[name], finish="relief:3"), 48)
        assert image.min() > -0.05
        assert image.max() < 1.05


def test_relief_does_not_depend_on_size() -> None:
    picture = compose(field(), palette=PALETTE, finish="relief")
    small, large = render(picture, 256), boxed(render(picture, 512), 2)
    assert np.abs(seen(small) - seen(large)).max() < 1 / 255


def test_a_steeper_field_gets_less_height() -> None:
    b = Builder(x=1, y=1)
    steep = b.build(value=b.affine(b["x"], [[0.8]], 0.5))
    b = Builder(x=1, y=1)
    quiet = b.build(value=b.affine(b["x"], [[0.5]], 0.5))
    # at x = 0 both have the same value, and by their heights the same slope
    at = {"x": 0.0, "y": 0.0, "pixel": 0.01}
    lit = [evaluate(compose(f, finish="relief").program(), at) for f in (steep, quiet)]
    np.testing.assert_allclose(lit[0], lit[1], atol=1e-6)


# --- Lines -------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.003, 0.02, 0.1, 0.2, 0.45, 1.0, 3.7])
@pytest.mark.parametrize("share", [0.01, 0.2, 0.6])
def test_stripes_cover_their_share_however_wide_a_pixel_is(rate: float, share: float) -> None:
    s, own = surface(phase=1)
    b = s.b
    program = b.build(cover=stripes(s, own["phase"], b.constant(rate), b.constant(share)))
    phase = np.linspace(0, 5, 20000, endpoint=False)
    cover = evaluate(program, {"x": 0.0, "y": 0.0, "pixel": rate, "phase": phase})
    assert cover.mean() == pytest.approx(share, rel=0.01)
    assert cover.min() >= 0
    assert cover.max() <= 1


def test_a_thin_line_fades_and_does_not_break() -> None:
    s, own = surface(phase=1)
    line = lines(s, own["phase"], s.b.constant(1.0), 0.004)
    program = s.b.build(cover=line)
    phase = np.linspace(-0.5, 0.5, 1001)
    for pixel in (0.0005, 0.004, 0.04, 0.2):
        cover = evaluate(program, {"x": 0.0, "y": 0.0, "pixel": pixel, "phase": phase})[:, 0]
        assert cover.max() == pytest.approx(min(1, 0.004 / pixel), rel=1e-3)
        # the pixels of a row that crosses it see all of it together
        row = cover[:: max(1, round(pixel * 1000))]
        assert row.sum() * max(0.001, pixel) == pytest.approx(0.004, rel=0.3)


@pytest.mark.parametrize("rate", [0.01, 0.3, 1.0, 4.0])
def test_steps_follow_the_phase_rounded_down(rate: float) -> None:
    s, own = surface(phase=1)
    program = s.b.build(step=steps(s, own["phase"], s.b.constant(rate)))
    phase = np.linspace(1, 4, 3001)
    step = evaluate(program, {"x": 0.0, "y": 0.0, "pixel": 1.0, "phase": phase})[:, 0]
    assert (np.diff(step) >= -1e-9).all()
    assert np.abs(step - (phase - 0.5)).max() <= 0.5 + 1e-6
    inside = np.abs(phase - np.rint(phase)) > rate / 2
    np.testing.assert_allclose(step[inside], np.floor(phase[inside]), atol=1e-6)


def slope() -> Program:
    b = Builder(x=1, y=1)
    value = b.affine([b["x"], b["y"]], [[0.35, 0.1]], 0.55)
    return b.build(value=value, shade=b.constant(0.5))


def test_the_width_of_ink_lines_is_a_share_of_the_picture() -> None:
    picture = compose(slope(), palette=PALETTE, finish="ink")
    paper, ink = (colour.srgb_decode(colour.parse_hex(c)) for c in (PALETTE.paper, PALETTE.ink))
    cover = [
        ((paper - render(picture, size, size // 2)) / (paper - ink)).mean() for size in (256, 1024)
    ]
    assert cover[0] > 0.01
    assert cover[0] == pytest.approx(cover[1], rel=0.02)


def test_the_width_of_contour_lines_is_a_share_of_the_picture() -> None:
    # across one line, the light that it takes away, in shares of the short side
    picture = compose(slope(), palette=PALETTE, finish="contour")
    bare = compose(slope(), palette=PALETTE, finish="contour:0")
    taken = [(render(bare, n, n // 4) - render(picture, n, n // 4)).mean() for n in (400, 1600)]
    assert taken[0] > 1e-3
    assert taken[0] == pytest.approx(taken[1], rel=0.03)


def test_a_contour_line_is_as_sharp_as_a_pixel() -> None:
    row = render(compose(slope(), color="mono", finish="contour"), 2048, 1024)[0, :, 0]
    assert np.abs(np.diff(row)).max() > 0.3 * np.ptp(row)


# --- Noise -------------------------------------------------------------------------------------


def test_grain_is_the_same_every_time() -> None:
    one, two = (compose(field(), finish="grain") for _ in range(2))
    assert (render(one, 32) == render(two, 32)).all()


def test_grain_keeps_the_mean_and_fades_below_a_pixel() -> None:
    plain, grain = (compose(field(0.6), finish=finish) for finish in ("plain", "grain"))
    spread = []
    for size in (32, 128, 512):
        change = render(grain, size) - render(plain, size)
        assert abs(change.mean()) < 2e-3
        spread.append(change.std())
    assert spread[0] < 0.5 * spread[1] < spread[2]


def test_tables_of_noise_are_even_and_wrap() -> None:
    values = table("test", 1.0).reshape(128, 128)
    assert values.mean() == pytest.approx(0, abs=1e-5)
    assert values.std() == pytest.approx(1, abs=1e-5)
    across_the_seam = np.abs(values[:, 0] - values[:, -1]).mean()
    assert across_the_seam < 1.5 * np.abs(np.diff(values)).mean()


def test_fibres_are_about_unit_size() -> None:
    s, own = surface()
    program = s.b.build(tooth=fibres(s, 5), plain=noise(s, "test", 3))
    x, y = np.random.default_rng(5).uniform(-1, 1, (2, 4000))
    made = evaluate(program, {"x": x, "y": y, "pixel": 1e-4})
    assert set(own) == {"x", "y", "pixel"}
    assert (np.abs(made.mean(0)) < 0.1).all()
    assert (made.std(0) > 0.4).all()
    assert (made.std(0) < 1.2).all()
