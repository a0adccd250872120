"""Palettes: named, drawn, listed, and taken from pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cppnart.cppn.seeds import Stream
from cppnart.render import colour
from cppnart.render.palettes import (
    PALETTES,
    Palette,
    cosine_palette,
    default_palette,
    get_palette,
    names,
    palette_from_colours,
    palette_from_picture,
    random_palette,
)

HEX = st.tuples(*[st.integers(0, 255)] * 3).map(lambda rgb: "#{:02x}{:02x}{:02x}".format(*rgb))
SEEDS = st.integers(0, 10**9)
named = pytest.mark.parametrize("palette", PALETTES.values(), ids=names())


def is_in_srgb(table: np.ndarray) -> bool:
    linear = colour.oklab_to_linear(table.astype(np.float64))
    return bool((linear > -1e-3).all() and (linear < 1 + 1e-3).all())


def largest_step(palette: Palette) -> float:
    """The largest distance in OKLab between neighbours of a table of 1024."""
    return float(np.linalg.norm(np.diff(palette.table(), axis=0), axis=1).max())


def save_picture(path: Path, *areas: tuple[str, int]) -> Path:
    """A picture of flat areas: colours, and the widths in pixels of their stripes."""
    rows = np.concatenate(
        [np.tile(np.rint(colour.parse_hex(code) * 255), (width, 1)) for code, width in areas]
    )
    Image.fromarray(np.tile(rows.astype(np.uint8), (40, 1, 1))).save(path)
    return path


def test_there_are_many_palettes_and_no_two_look_alike() -> None:
    assert len(PALETTES) >= 28
    tables = [palette.table(16) for palette in PALETTES.values()]
    for i, one in enumerate(tables):
        for other in tables[:i]:
            assert np.linalg.norm(one - other, axis=1).max() > 0.05


@named
def test_named_palettes_are_described_and_calm(palette: Palette) -> None:
    assert palette.name == palette.name.lower()
    assert " " not in palette.name
    assert palette.description.endswith(".")
    assert len(palette.description) < 70
    lightness, chroma, _ = colour.oklab_to_oklch(palette.table()).T
    assert chroma.max() < 0.205
    assert lightness.max() - lightness.min() > 0.35


@named
def test_named_palettes_are_smooth_and_inside_srgb(palette: Palette) -> None:
    table = palette.table()
    assert table.shape == (1024, 3)
    assert table.dtype == np.float32
    assert is_in_srgb(table)
    assert largest_step(palette) < 0.012


@named
def test_paper_is_light_ink_is_dark_and_the_accent_is_a_stop(palette: Palette) -> None:
    paper, ink = (
        colour.srgb_to_oklab(colour.parse_hex(code)) for code in (palette.paper, palette.ink)
    )
    assert paper[0] > 0.92
    assert ink[0] < 0.28
    assert palette.accent in [code for _, code in palette.stops]


def test_a_third_of_the_palettes_do_not_just_rise_in_lightness() -> None:
    falls = [(np.diff(p.table()[:, 0]) < -1e-4).any() for p in PALETTES.values()]
    assert 0.2 < np.mean(falls) < 0.5


def test_a_table_meets_the_stops_and_does_not_overshoot_between() -> None:
    palette = Palette(
        "p", "", ((0, "#203040"), (0.25, "#d0c0a0"), (0.5, "#c04030"), (1, "#f8f0e8"))
    )
    table = palette.table(1001)
    for position, code in palette.stops:
        expected = colour.srgb_to_oklab(colour.parse_hex(code))
        np.testing.assert_allclose(table[round(position * 1000)], expected, atol=1e-5)
    ends = palette.stop_colours()
    for first, last, low, high in [(0, 250, 0, 1), (250, 500, 1, 2), (500, 1000, 2, 3)]:
        piece = table[first : last + 1]
        assert (piece >= np.minimum(ends[low], ends[high]) - 1e-5).all()
        assert (piece <= np.maximum(ends[low], ends[high]) + 1e-5).all()


def test_the_slope_of_a_table_does_not_jump_at_a_stop() -> None:
    palette = Palette("p", "", ((0, "#102030"), (0.3, "#507090"), (0.6, "#a0b0b8"), (1, "#f0f0e8")))
    slope = np.diff(palette.table(4001).astype(np.float64), axis=0) * 4000
    assert np.abs(np.diff(slope, axis=0)).max() < 0.02


@given(st.lists(HEX, min_size=2, max_size=64))
@settings(max_examples=40)
def test_any_colours_make_a_palette_inside_srgb(colours: list[str]) -> None:
    palette = palette_from_colours(colours)
    assert [code for _, code in palette.stops] == colours
    np.testing.assert_allclose([at for at, _ in palette.stops], np.linspace(0, 1, len(colours)))
    table = palette.table(257)
    assert np.isfinite(table).all()
    assert is_in_srgb(table)
    assert ((palette.srgb(9) >= 0) & (palette.srgb(9) <= 1)).all()


@given(SEEDS)
@settings(max_examples=40)
@pytest.mark.parametrize("draw", [random_palette, cosine_palette, default_palette])
def test_drawn_palettes_are_smooth_calm_and_have_contrast(draw: Any, seed: int) -> None:
    palette = draw(Stream(seed, "palette"))
    table = palette.table()
    assert is_in_srgb(table)
    assert largest_step(palette) < 0.02
    lightness, chroma, _ = colour.oklab_to_oklch(table).T
    assert chroma.max() < 0.205
    assert lightness.max() - lightness.min() > 0.35


@pytest.mark.parametrize("draw", [random_palette, cosine_palette, default_palette])
def test_the_same_seed_draws_the_same_palette(draw: Any) -> None:
    assert draw(Stream(7, "palette")) == draw(Stream(7, "palette"))
    assert len({draw(Stream(seed)).stops for seed in range(20)}) > 14


def test_a_seed_draws_what_it_drew_in_earlier_versions() -> None:
    palette = random_palette(Stream(42, "palette"))
    assert palette.description == "triadic, rising, hue 181"
    codes = [code for _, code in palette.stops]
    assert codes == ["#02181d", "#134e42", "#72896b", "#c8ad85", "#feeadb"]
    codes = [code for _, code in cosine_palette(Stream(42, "palette")).stops[::4]]
    assert codes == ["#251525", "#324158", "#799480", "#ebd297", "#ffe2c8"]


def test_seeds_that_name_no_palette_get_a_named_one_two_times_in_three() -> None:
    drawn = [default_palette(Stream(seed, "palette")) for seed in range(300)]
    share = np.mean([palette.name in PALETTES for palette in drawn])
    assert 0.55 < share < 0.78
    assert len({palette.name for palette in drawn}) > 40


def test_a_picture_of_two_colours_gives_those_two_dark_first(tmp_path: Path) -> None:
    path = save_picture(tmp_path / "two.png", ("#f0e0c0", 30), ("#203050", 30))
    assert palette_from_picture(path).stops == ((0.0, "#203050"), (1.0, "#f0e0c0"))


def test_edges_in_a_large_picture_add_no_colours(tmp_path: Path) -> None:
    y, x = np.mgrid[:700, :1100]
    pixels = np.where((x + 2 * y < 1300)[..., None], (32, 48, 80), (240, 224, 192))
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "large.png")
    palette = palette_from_picture(tmp_path / "large.png")
    assert [code for _, code in palette.stops] == ["#203050", "#f0e0c0"]


def test_a_picture_gives_its_colours_from_dark_to_light(tmp_path: Path) -> None:
    stripes = [("#e8d8b8", 40), ("#182838", 60), ("#b84830", 5), ("#587890", 30)]
    path = save_picture(tmp_path / "four.png", *stripes)
    palette = palette_from_picture(path, 4)
    codes = [code for _, code in palette.stops]
    assert sorted(codes) == sorted(code for code, _ in stripes)
    assert codes[0] == "#182838"
    assert codes[-1] == "#e8d8b8"
    assert palette_from_picture(path, 4) == palette


def test_a_picture_gives_no_more_colours_than_asked(tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (50, 60, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noise.png")
    for n in (2, 5, 16):
        palette = palette_from_picture(tmp_path / "noise.png", n)
        assert len(palette.stops) == n
        assert largest_step(palette) < 0.1
    with pytest.raises(ValueError, match="n is 17"):
        palette_from_picture(tmp_path / "noise.png", 17)


@pytest.mark.parametrize("code", ["#808080", "#000000", "#ffffff", "#0000ff"])
def test_a_picture_of_one_colour_still_gives_a_palette(tmp_path: Path, code: str) -> None:
    palette = palette_from_picture(save_picture(tmp_path / "one.png", (code, 20)))
    assert len(palette.stops) == 2
    assert is_in_srgb(palette.table())
    assert np.ptp(palette.table()[:, 0]) > 0.1


def test_transparent_pixels_do_not_count(tmp_path: Path) -> None:
    pixels = np.zeros((20, 40, 4), dtype=np.uint8)
    pixels[:, :20] = (200, 40, 40, 255)
    pixels[:, 20:30] = (20, 40, 90, 255)
    Image.fromarray(pixels).save(tmp_path / "clear.png")
    codes = [code for _, code in palette_from_picture(tmp_path / "clear.png").stops]
    assert codes == ["#14285a", "#c82828"]
    Image.fromarray(np.zeros((5, 5, 4), dtype=np.uint8)).save(tmp_path / "empty.png")
    with pytest.raises(ValueError, match="transparent"):
        palette_from_picture(tmp_path / "empty.png")


def test_get_palette_understands_every_form(tmp_path: Path) -> None:
    assert get_palette("night-gold") is PALETTES["night-gold"]
    assert get_palette(" Night_Gold ") is PALETTES["night-gold"]
    assert get_palette("night gold") is PALETTES["night-gold"]
    assert get_palette(PALETTES["moss"]) is PALETTES["moss"]
    assert get_palette("random", Stream(1)) == random_palette(Stream(1))
    assert get_palette("cosine", Stream(1)) == cosine_palette(Stream(1))
    listed = palette_from_colours(["#102030", "#aabbcc", "#f0e0d0"])
    assert get_palette(["#102030", "#abc", "f0e0d0"]) == listed
    assert get_palette("#102030,#abc,F0E0D0") == listed
    assert get_palette("#102030, #abc, #f0e0d0") == listed
    path = save_picture(tmp_path / "a, picture.png", ("#f0e0c0", 30), ("#203050", 30))
    assert get_palette(str(path)) == get_palette(path) == palette_from_picture(path)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("nightgold", r"unknown palette 'nightgold' \(did you mean night-gold"),
        ("zzzz", r"unknown palette 'zzzz': expected a name, random, cosine, hex colours"),
        ("", "unknown palette ''"),
        ("a\0b", "unknown palette"),
        ("x" * 10_000, "unknown palette 'x{60}'"),
        ("#123456", "one colour"),
        ("#123456,#zzz", "bad colour '#zzz'"),
        ("#123456,red", "bad colour 'red'"),
        (",".join(["#123"] * 65), "65 colours: expected 2 to 64"),
        ([], "0 colours: expected 2 to 64"),
        (["#12"], "1 colours"),
        (["#123", "#12"], "bad colour '#12'"),
        ("random", "expected a stream"),
    ],
)
def test_get_palette_says_what_is_wrong(spec: str | list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        get_palette(spec)
    assert "\n" not in str(caught.value)


def test_get_palette_names_a_picture_that_is_missing_or_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"holiday\.jpg.* does not exist"):
        get_palette("holiday.jpg")
    text = tmp_path / "notes.png"
    text.write_text("not a picture")
    with pytest.raises((ValueError, OSError)):
        get_palette(str(text))
    with pytest.raises(TypeError, match="expected a name"):
        get_palette(3)  # type: ignore[arg-type]


@named
def test_a_palette_survives_json(palette: Palette) -> None:
    assert Palette.from_dict(json.loads(json.dumps(palette.to_dict()))) == palette


@given(SEEDS)
@settings(max_examples=20)
def test_drawn_palettes_survive_json(seed: int) -> None:
    for palette in (random_palette(Stream(seed)), cosine_palette(Stream(seed))):
        assert Palette.from_dict(json.loads(json.dumps(palette.to_dict()))) == palette


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | HEX,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON | st.fixed_dictionaries({"name": JSON, "description": JSON, "stops": JSON}))
def test_palettes_out_of_hostile_json_are_refused_or_sound(data: object) -> None:
    try:
        palette = Palette.from_dict(data)
    except ValueError as error:
        message = str(error)
    else:
        message = ""
        assert is_in_srgb(palette.table(33))
    assert "\n" not in message


@pytest.mark.parametrize(
    "stops",
    [
        ((0.0, "#000000"),),
        ((0.1, "#000000"), (1.0, "#ffffff")),
        ((0.0, "#000000"), (0.9, "#ffffff")),
        ((0.0, "#000000"), (0.5, "#ffffff"), (0.5, "#000000"), (1.0, "#ffffff")),
        ((0.0, "#000000"), (float("nan"), "#ffffff"), (1.0, "#ffffff")),
        ((0.0, "#000000"), (1.0, "white")),
    ],
)
def test_stops_that_make_no_palette_are_refused(stops: tuple[tuple[float, str], ...]) -> None:
    with pytest.raises(ValueError, match=r"palette|colour"):
        Palette("p", "", stops)


def test_a_table_needs_two_rows() -> None:
    with pytest.raises(ValueError, match="n is 1"):
        PALETTES["moss"].table(1)
    assert PALETTES["moss"].table(2).shape == (2, 3)
