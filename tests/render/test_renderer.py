"""The renderer: exact and adaptive pixels, regions, antialiasing, each way to run programs."""

import functools
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cppnart.cppn import styles
from cppnart.fields import numpy_backend
from cppnart.fields.coordinates import View, geometry
from cppnart.fields.program import Builder, Program
from cppnart.render import blocks
from cppnart.render.picture import Picture, compose
from cppnart.render.prepare import prepare
from cppnart.render.renderer import (
    BAND,
    Settings,
    dither_pattern,
    render_rows,
    sample_offsets,
)

How: TypeAlias = dict[str, Any]
"""Settings by name."""
TURNED = View((0.1, -0.2), 1.7, 20.0)


def network(seed: int = 0, activation: str = "tanh", gain: float = 1.0) -> Program:
    """A field of our own: two hidden layers of ten."""
    rng = np.random.default_rng(seed)
    b = Builder(x=1, y=1)
    values = np.concatenate([b["x"], b["y"]])
    for _ in range(2):
        weight = rng.normal(0, gain * (1.5 if len(values) == 2 else 0.6), (10, len(values)))
        values = b.affine(values, weight, rng.normal(0, 0.5, 10), activation)
    out = b.affine(values, rng.normal(0, 0.5, (3, 10)), 0.0, "sigmoid")
    return b.build(value=out[:1], shade=out[1:2], accent=out[2:])


def of_value(value: Callable[[Builder], Any]) -> Picture:
    """A grey picture of one expression of x and y, without any finish."""
    b = Builder(x=1, y=1)
    field = b.build(value=value(b))
    c = Builder(value=1, x=1, y=1, pixel=1)
    grey = c.map(c["value"], "linear")
    return Picture(field, c.build(red=grey, green=grey, blue=grey))


def rendered(picture: Picture, how: Settings) -> np.ndarray:
    return np.concatenate(list(render_rows(picture, how)))


def shares_of_strides(picture: Picture, how: Settings) -> np.ndarray:
    """The share of the picture that was evaluated at strides 8, 4, 2 and 1."""
    strides = np.zeros(len(blocks.STRIDES), np.int64)
    list(render_rows(picture, how, strides))
    return np.asarray(strides / strides.sum())


def levels_apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """By how many levels pixels differ, in the channel where they differ most, (h, w)."""
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    return np.asarray(np.abs(a.astype(np.float64) - b).max(-1))


def encoded(linear: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1, in float64."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def reference(picture: Picture, how: Settings) -> np.ndarray:
    """The picture as its program and textbooks have it, in float64: fractions (h, w, channels)."""
    program = picture.program()
    place = geometry(how.width, how.height, how.view)
    rows, columns = np.mgrid[0 : how.height, 0 : how.width] + 0.5
    total: Any = 0
    for dx, dy in sample_offsets(how.samples):
        points = place.at(columns + dx, rows + dy).reshape(-1, 2)
        inputs: How = {"x": points[:, 0], "y": points[:, 1]}
        inputs["pixel"] = place.pixel / np.sqrt(how.samples)
        colours = np.clip(numpy_backend.evaluate(program, inputs), 0, 1)
        if colours.shape[1] == 4:
            colours[:, :3] *= colours[:, 3:]
        total = total + colours / how.samples
    if total.shape[1] == 4:
        total[:, :3] /= np.maximum(total[:, 3:], 1e-6)
    total[:, :3] = encoded(total[:, :3])
    return np.asarray(total.reshape(how.height, how.width, -1))


def quantised(fractions: np.ndarray, most: int = 255) -> np.ndarray:
    return np.floor(fractions * most + 0.5).astype(np.uint8 if most == 255 else np.uint16)


PICTURES: dict[str, Callable[[], Picture]] = {
    "plain": lambda: compose(network(1)),
    "relief": lambda: compose(network(2), finish="relief"),
    "contour": lambda: compose(network(3), finish="contour"),
    "sines": lambda: compose(network(4, "sin", 2.0), color="oklch"),
    "hsv": lambda: compose(network(5), color="hsv"),
    "kinks": lambda: compose(network(6, "abs"), color="mono"),
}
pictures = pytest.mark.parametrize("name", PICTURES)


# --- Exact ---


@pictures
@pytest.mark.parametrize(
    "how",
    [
        Settings(96, 70, dither=False, exact=True),
        Settings(70, 130, TURNED, dither=False, exact=True),
        Settings(64, 64, samples=4, dither=False, exact=True),
    ],
    ids=["frame", "view", "samples"],
)
def test_exact_pixels_are_those_of_the_program(name: str, how: Settings) -> None:
    picture = PICTURES[name]()
    apart = levels_apart(rendered(picture, how), quantised(reference(picture, how)))
    assert apart.max() <= 1
    assert (apart == 0).mean() > 0.999 if how.samples == 1 else (apart == 0).mean() > 0.99


def test_the_frame_of_one_pixel_is_its_centre() -> None:
    picture = of_value(lambda b: b.affine([b["x"], b["y"]], [[0.1, 0.2]], 0.5))
    assert rendered(picture, Settings(1, 1, dither=False)).tolist() == [[[128] * 3]]


def test_x_runs_right_and_y_runs_down() -> None:
    picture = of_value(lambda b: b.affine([b["x"], b["y"]], [[0.2, 0.08]], 0.5))
    image = rendered(picture, Settings(40, 20, dither=False))[..., 0].astype(int)
    assert (np.diff(image, axis=1) > 0).all()
    assert (np.diff(image, axis=0) > 0).all()


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_quarter_turn_is_exactly_that_of_numpy(turns: int) -> None:
    picture = compose(network(7))
    upright = rendered(picture, Settings(128, 128, dither=False, exact=True))
    view = View(rotate=90.0 * turns)
    turned = rendered(picture, Settings(128, 128, view, dither=False, exact=True))
    assert np.array_equal(turned, np.rot90(upright, -turns))


# --- Adaptive ---


def assert_adaptive_is_exact(picture: Picture, how: How) -> None:
    """The promise: at most one level for 99.99 % of the pixels, at most three anywhere."""
    adaptive = rendered(picture, Settings(**how))
    exact = rendered(picture, Settings(**how, exact=True))
    apart = levels_apart(adaptive, exact)
    assert apart.max() <= 3
    assert (apart > 1).mean() <= 1e-4


@pictures
@pytest.mark.parametrize(
    "how",
    [
        {"width": 530, "height": 333, "dither": False},
        {"width": 200, "height": 450, "view": TURNED, "samples": 4},
    ],
    ids=["landscape", "portrait"],
)
def test_adaptive_pixels_are_the_exact_ones(name: str, how: How) -> None:
    assert_adaptive_is_exact(PICTURES[name](), how)


@pytest.mark.parametrize("style", styles.names())
def test_every_style_renders_alike_in_every_way(style: str) -> None:
    prepared = prepare(7, style=style, size="330x250", rotate=20, zoom=1.3, samples=1)
    how: How = {"width": 330, "height": 250, "view": prepared.settings().view, "dither": False}
    assert_adaptive_is_exact(prepared.picture, how)
    upright = Settings(96, 64, dither=False, exact=True)
    apart = levels_apart(
        rendered(prepared.picture, upright), quantised(reference(prepared.picture, upright))
    )
    assert apart.max() <= 1
    assert (apart == 0).mean() > 0.98


def test_smooth_pictures_need_few_evaluations() -> None:
    shares = shares_of_strides(compose(network(1, gain=0.5)), Settings(1024, 512))
    assert shares[0] > 0.9


def test_exact_rendering_evaluates_every_pixel() -> None:
    shares = shares_of_strides(compose(network(1)), Settings(200, 100, exact=True))
    assert shares.tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("at", [-0.4, 0.013, 0.25, 0.7])
def test_parts_with_a_step_are_evaluated_at_every_pixel(at: float) -> None:
    # A straight step through the frame, at an angle, and beside it nothing.
    def step(b: Builder) -> Any:
        return b.affine(b.affine([b["x"], b["y"]], [[1, 0.21]], 5 - at, "floor"), [[0.2]], -0.5)

    picture = of_value(step)
    how: How = {"width": 320, "height": 256, "dither": False}
    assert_adaptive_is_exact(picture, how)
    exact = rendered(picture, Settings(**how, exact=True))[..., 0]
    parts = exact.reshape(256 // 16, 16, 320 // 16, 16).astype(int)
    split = (np.ptp(parts, (1, 3)) > 0).mean()
    shares = shares_of_strides(picture, Settings(**how))
    assert shares[3] >= split > 0
    assert shares[0] > 0


@pytest.mark.parametrize("seed", range(4))
def test_kinks_are_found(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def kinked(b: Builder) -> Any:
        lines = b.affine([b["x"], b["y"]], rng.normal(0, 1, (5, 2)), rng.uniform(-1, 1, 5), "abs")
        return b.affine(lines, rng.normal(0, 0.25, (1, 5)), 0.3)

    picture = of_value(kinked)
    assert_adaptive_is_exact(picture, {"width": 400, "height": 300, "dither": False})
    # 16 bits show what rounding to 8 hides
    how: How = {"width": 400, "height": 300, "bits": 16}
    apart = levels_apart(
        rendered(picture, Settings(**how)), rendered(picture, Settings(**how, exact=True))
    )
    assert np.quantile(apart, 0.9999) <= 2 * 257


@pytest.mark.parametrize("seed", [6, 8, 12, 15])
def test_threads_are_followed_across_blocks(seed: int) -> None:
    # Threads 3 pixels thick, which may cut a part's corner between all of its own points.
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, 6)

    def threads(b: Builder) -> Any:
        across = np.stack([np.cos(angle), np.sin(angle)], 1)
        away = b.affine([b["x"], b["y"]], across, rng.uniform(-0.8, 0.8, 6), "abs")
        threads = b.map(away, "relu", -512 / 6, 1.0)
        return b.affine(threads, np.full((1, 6), 0.5), -0.1)

    assert_adaptive_is_exact(of_value(threads), {"width": 512, "height": 512, "dither": False})


def never_a_number(b: Builder) -> Any:
    """y to the left of x = 0.3, and not a number to its right: infinity minus infinity."""
    right = b.affine(b["x"], [[1e4]], -0.3e4, "relu")
    vast = b.map(b.product(b.map(right, scale=1e30), b.map(right, scale=1e30)))
    return b.affine([vast, vast, b["y"]], [[1, -1, 0.4]], 0.5)


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_what_is_not_a_number_is_black_and_harms_nothing_else(bits: int) -> None:
    picture = of_value(never_a_number)
    how: How = {"width": 256, "height": 128, "bits": bits, "dither": False}
    image = rendered(picture, Settings(**how))
    exact = rendered(picture, Settings(**how, exact=True))
    assert levels_apart(image, exact).max() <= (1e-5 if bits == 32 else 1)
    place = geometry(256, 128)
    x = place.at(np.arange(0.5, 256), np.full(256, 0.5))[:, 0]
    assert image[:, x > 0.31].max() < 1e-6
    y = place.at(np.full(128, 0.5), np.arange(0.5, 128))[:, 1]
    most = {8: 255, 16: 65535, 32: 1}[bits]
    expected = np.clip(0.4 * y + 0.5, 0, 1)
    left = image[:, x < 0.29].astype(np.float64) / most
    assert np.abs(left - expected[:, None, None]).max() < 0.6 / min(most, 255)


def test_parts_that_are_not_numbers_are_evaluated_at_every_pixel() -> None:
    shares = shares_of_strides(of_value(never_a_number), Settings(256, 128))
    # x > 0.3, of -2 to 2, is not a number: in blocks of 64 that is the right half
    assert 1.7 / 4 < shares[3] <= 0.5
    assert shares[0] >= 0.5


def test_infinities_are_white_or_black() -> None:
    def vast(b: Builder) -> Any:
        return b.map(b.map(b["x"], scale=1e25), scale=1e25)

    image = rendered(of_value(vast), Settings(64, 32))
    assert (image[:, :32] == 0).all()
    assert (image[:, 32:] == 255).all()


# --- Threads and regions ---


@pytest.mark.parametrize("exact", [False, True])
def test_pixels_do_not_depend_on_threads(exact: bool) -> None:
    picture = compose(network(8), finish="relief+grain")
    one, two, three = (
        rendered(picture, Settings(300, 400, TURNED, samples=2, exact=exact, threads=threads))
        for threads in (1, 2, 3)
    )
    assert np.array_equal(one, two)
    assert np.array_equal(one, three)


def test_bands_come_from_the_top_and_are_blocks_high() -> None:
    how = Settings(40, 150, clip=(3, 10, 30, 140), threads=2)
    bands = list(render_rows(compose(network(1)), how))
    assert [band.shape for band in bands] == [(54, 27, 3), (64, 27, 3), (12, 27, 3)]


FULL: How = {"width": 700, "height": 210, "view": TURNED, "samples": 2}


@functools.cache
def full_picture() -> tuple[Picture, np.ndarray]:
    picture = compose(network(9), finish="contour+grain")
    return picture, rendered(picture, Settings(**FULL))


@st.composite
def regions(draw: st.DrawFn) -> tuple[int, int, int, int]:
    x0, y0 = draw(st.integers(0, 699)), draw(st.integers(0, 209))
    return (x0, y0, draw(st.integers(x0 + 1, 700)), draw(st.integers(y0 + 1, 210)))


@settings(max_examples=40)
@given(regions(), st.sampled_from([1, 2]))
@example((0, 0, 700, 210), 2)
@example((513, 0, 700, 64), 1)
@example((63, 63, 65, 65), 1)
@example((699, 209, 700, 210), 1)
def test_a_region_is_a_crop_of_the_picture(region: tuple[int, int, int, int], threads: int) -> None:
    picture, full = full_picture()
    x0, y0, x1, y1 = region
    part = rendered(picture, Settings(**FULL, clip=region, threads=threads))
    assert np.array_equal(part, full[y0:y1, x0:x1])


# --- Other ways to run the program ---


def without_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "function", lambda: None)


@pictures
@pytest.mark.parametrize("samples", [1, 4])
def test_without_the_kernel_pixels_are_the_same(
    name: str, samples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture, how = PICTURES[name](), Settings(150, 90, TURNED, samples=samples, exact=True)
    kernel = rendered(picture, how)
    without_kernel(monkeypatch)
    apart = levels_apart(rendered(picture, how), kernel)
    assert apart.max() <= 1
    assert (apart == 0).mean() > 0.99


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_without_the_kernel_nothing_is_not_a_number_either(
    bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture, how = of_value(never_a_number), Settings(96, 48, bits=bits, exact=True)
    kernel = rendered(picture, how)
    without_kernel(monkeypatch)
    assert levels_apart(rendered(picture, how), kernel).max() <= (1 if bits != 32 else 1e-5)


def test_without_the_kernel_regions_are_crops_too(monkeypatch: pytest.MonkeyPatch) -> None:
    without_kernel(monkeypatch)
    picture = compose(network(9))
    how: How = {"width": 100, "height": 90, "samples": 2}
    full = rendered(picture, Settings(**how))
    part = rendered(picture, Settings(**how, clip=(13, 50, 80, 77), threads=2))
    assert np.array_equal(part, full[50:77, 13:80])


@pytest.mark.parametrize("name", ["relief", "contour", "sines"])
def test_torch_gives_the_same_pixels(name: str) -> None:
    # "cpu:0" is a device of torch, where "cpu" would be the kernel.
    picture = PICTURES[name]()
    how: How = {"width": 130, "height": 90, "view": TURNED, "samples": 2}
    apart = levels_apart(
        rendered(picture, Settings(**how, device="cpu:0")),
        rendered(picture, Settings(**how, exact=True)),
    )
    assert apart.max() <= 1
    assert (apart == 0).mean() > 0.99


@pytest.mark.parametrize("device", ["nonsense", "meta", "cuda:99", ""])
def test_a_device_that_torch_cannot_use_is_named(device: str) -> None:
    with pytest.raises(ValueError, match=f"device '{device}': torch cannot use it"):
        rendered(compose(network()), Settings(16, 16, device=device))


# --- Bits and dither ---


@pictures
def test_more_bits_show_the_same_picture_finer(name: str) -> None:
    picture = PICTURES[name]()
    how: How = {"width": 100, "height": 70, "dither": False}
    eight, sixteen, fractions = (rendered(picture, Settings(**how, bits=b)) for b in (8, 16, 32))
    assert [a.dtype for a in (eight, sixteen, fractions)] == [np.uint8, np.uint16, np.float32]
    assert 0 <= fractions.min() < fractions.max() <= 1
    assert np.abs(fractions * 255.0 - eight).max() <= 0.5001
    assert np.abs(fractions * 65535.0 - sixteen).max() <= 0.51
    assert len(np.unique(sixteen)) > len(np.unique(eight))


def flat(value: float) -> Picture:
    return of_value(lambda b: b.constant(value))


@settings(max_examples=25)
@given(st.floats(0, 1))
@example(0.0)
@example(1.0)
@example(128.5 / 255)
def test_dither_keeps_the_mean_and_moves_pixels_by_less_than_a_level(value: float) -> None:
    image = rendered(flat(value), Settings(128, 64)).astype(np.float64)
    assert abs(image.mean() - 255 * value) < 0.02
    assert np.abs(image - 255 * value).max() < 1.001


def test_without_dither_a_flat_picture_is_flat() -> None:
    for value in (0.0, 0.11, 127.4 / 255, 127.6 / 255, 1.0):
        image = rendered(flat(value), Settings(70, 70, dither=False))
        assert (image == round(255 * value)).all()


def test_dither_is_spread_evenly_over_small_neighbourhoods() -> None:
    pattern = dither_pattern(True, 8)
    assert pattern.shape == (BAND, BAND)
    assert 0 < pattern.min() < pattern.max() < 1
    threes = np.lib.stride_tricks.sliding_window_view(pattern, (3, 3)).mean((2, 3))
    assert np.abs(threes - 0.5).max() < 0.15  # nine random numbers would stray by 0.3


@pytest.mark.parametrize(("on", "bits"), [(False, 8), (True, 16), (True, 32)])
def test_there_is_no_dither_where_none_is_wanted(on: bool, bits: int) -> None:
    assert (dither_pattern(on, bits) == 0.5).all()


# --- Samples ---


@pytest.mark.parametrize("count", range(1, 65))
def test_samples_take_every_row_and_column_of_a_pixel_once(count: int) -> None:
    offsets = sample_offsets(count)
    assert offsets.shape == (count, 2)
    assert np.abs(offsets.mean(0)).max() < 1e-12
    cells = np.round((offsets + 0.5) * count - 0.5)
    assert np.abs((offsets + 0.5) * count - 0.5 - cells).max() < 1e-9
    for axis in cells.T:
        assert sorted(axis) == list(range(count))


@pytest.mark.parametrize("count", range(4, 65))
def test_samples_keep_their_distance(count: int) -> None:
    offsets = sample_offsets(count)
    apart = np.linalg.norm(offsets[:, None] - offsets, axis=-1)
    # a square grid of as many points is 1 / sqrt(count) apart; a diagonal line far less
    assert apart[apart > 0].min() > 0.75 / np.sqrt(count)


def test_four_samples_are_the_rotated_grid() -> None:
    x, y = (8 * sample_offsets(4)).T
    assert np.array_equal(x, [-3, -1, 1, 3])
    assert np.array_equal(y, [-1, 3, -3, 1])


def test_an_edge_is_smoothed_in_linear_light() -> None:
    # black to the left of x = 0, white to its right, and the column at it has half of each
    def edge(b: Builder) -> Any:
        return b.map(b["x"], "floor", shift=1.0)

    image = rendered(of_value(edge), Settings(65, 65, samples=16, dither=False, exact=True))
    assert (image[:, :32] == 0).all()
    assert (image[:, 33:] == 255).all()
    assert (image[:, 32] == round(255 * encoded(np.array(0.5)).item())).all()


def test_the_colouring_smooths_over_what_a_sample_stands_for() -> None:
    # The samples smooth over the pixel: edges would be smoothed twice.
    c = Builder(value=1, x=1, y=1, pixel=1)
    size = c.map(c["pixel"], scale=10.0)
    colour = c.build(red=size, green=size, blue=size)
    picture = Picture(of_value(lambda b: b.map(b["x"])).field, colour)
    for samples in (1, 4, 16):
        image = rendered(picture, Settings(40, 40, samples=samples, bits=32))
        assert np.abs(image - encoded(np.array(0.5 / np.sqrt(samples)))).max() < 1e-5


def box_filtered(image: np.ndarray, times: int) -> np.ndarray:
    """8-bit pixels averaged over squares in linear light, as levels; in strips, to save memory."""
    levels = np.arange(256) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    rows = []
    for y in range(0, len(image), times):
        strip = linear[image[y : y + times]]
        rows.append(strip.reshape(times, -1, times, strip.shape[2]).mean((0, 2)))
    return 255 * encoded(np.array(rows))


@pytest.mark.parametrize(
    ("style", "large", "small"),
    [
        (styles.DEFAULT, 4096, 512),
        ("classic", 2048, 256),
        ("kaleidoscope", 2048, 256),
        ("strata", 2048, 256),
        ("atlas", 2048, 256),
        ("neat", 2048, 256),
        ("engraving", 2048, 256),
        ("filigree", 2048, 256),  # lines a pixel apart: smoothed twice, they would run together
        ("tile", 2048, 256),
    ],
)
def test_a_large_picture_box_filtered_is_the_small_one(style: str, large: int, small: int) -> None:
    picture = prepare(1, style=style).picture
    fine = rendered(picture, Settings(large, large))
    coarse = rendered(picture, Settings(small, small, samples=8))
    difference = box_filtered(fine, large // small) - coarse
    assert np.abs(difference).mean() < 3


# --- Transparency ---


def two_colours(alpha: Callable[[Builder], Any]) -> Picture:
    """Red where x < 0, green elsewhere, with some alpha."""
    b = Builder(x=1, y=1)
    field = b.build(value=b["x"], alpha=alpha(b))
    c = Builder(value=1, alpha=1, x=1, y=1, pixel=1)
    green = c.map(c["value"], "floor", shift=1.0)
    red = c.map(green, scale=-1.0, shift=1.0)
    return Picture(field, c.build(red=red, green=green, blue=c.constant(0.0), alpha=c["alpha"]))


def test_colours_under_transparency_do_not_bleed_into_edges() -> None:
    def alpha(b: Builder) -> Any:  # 1 on the red side, 0 on the green one
        return b.map(b.map(b["x"], "floor", shift=1.0), scale=-1.0, shift=1.0)

    image = rendered(two_colours(alpha), Settings(65, 65, samples=16, dither=False, exact=True))
    assert image.shape == (65, 65, 4)
    assert (image[:, :32] == [255, 0, 0, 255]).all()
    assert (image[:, 32] == [255, 0, 0, 128]).all()
    assert (image[:, 33:, 3] == 0).all()


@pytest.mark.parametrize("samples", [1, 4])
def test_transparent_pixels_are_those_of_the_program(samples: int) -> None:
    def alpha(b: Builder) -> Any:
        return b.affine([b["x"], b["y"]], [[2.0, 3.0]], 0.4, "sigmoid")

    picture = two_colours(alpha)
    how = Settings(90, 70, TURNED, samples=samples, dither=False, exact=True)
    apart = levels_apart(rendered(picture, how), quantised(reference(picture, how)))
    assert apart.max() <= 1
    assert (apart == 0).mean() > 0.99


def test_transparent_pixels_are_the_same_in_every_way(monkeypatch: pytest.MonkeyPatch) -> None:
    style = next(name for name in styles.names() if styles.get(name).alpha)
    prepared = prepare(3, style=style, transparent=True)
    how: How = {"width": 150, "height": 100, "samples": 2}
    exact = rendered(prepared.picture, Settings(**how, exact=True))
    assert 0 < (exact[..., 3] > 0).mean() < 1
    assert_adaptive_is_exact(prepared.picture, how)
    torch = rendered(prepared.picture, Settings(**how, device="cpu:0"))
    without_kernel(monkeypatch)
    plain = rendered(prepared.picture, Settings(**how))
    for other in (torch, plain):
        assert np.abs(other[..., 3].astype(int) - exact[..., 3]).max() <= 1
        # where there is hardly any colour, its levels say little
        shown = exact[..., 3] > 16
        assert levels_apart(other[shown], exact[shown]).max() <= 1


# --- Settings ---


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"samples": 0}, "samples 0: expected 1 to 64"),
        ({"samples": 65}, "samples 65: expected"),
        ({"bits": 7}, "bits 7: expected 8 or 16"),
        ({"threads": 0}, "threads 0: expected 1"),
        ({"threads": -2}, "threads -2: expected 1"),
    ],
)
def test_settings_out_of_range_are_refused(wrong: How, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(16, 16, **wrong)
