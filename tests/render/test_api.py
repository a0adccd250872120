"""render and info: from seeds, pictures and fields to pictures that can be made again."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import cppnart
from cppnart.cppn import styles
from cppnart.cppn.seeds import Stream
from cppnart.fields import files, numpy_backend
from cppnart.fields.program import Builder, Program
from cppnart.render import api
from cppnart.render.api import Rendered, info
from cppnart.render.metadata import read_recipe
from cppnart.render.palettes import get_palette

LOOK: dict[str, Any] = {
    "style": "kaleidoscope",
    "symmetry": 5,
    "palette": "dusk",
    "finish": "relief",
    "size": "96x64",
    "rotate": 30,
    "zoom": 1.5,
    "center": (0.1, -0.2),
    "samples": 2,
}


def pixels(*args: Any, **named: Any) -> np.ndarray:
    """What render returns when it writes no file."""
    image = api.render(*args, **named)
    assert isinstance(image, np.ndarray)
    return image


def written(*args: Any, **named: Any) -> Rendered:
    """What render returns when it writes one."""
    report = api.render(*args, **named)
    assert isinstance(report, Rendered)
    return report


def recipe_in(path: Path) -> dict[str, Any]:
    recipe = json.loads(read_recipe(path))
    assert isinstance(recipe, dict)
    return recipe


def waves() -> Program:
    """A field of our own, with time."""
    b = Builder(x=1, y=1, t=1)
    turn = b.affine(b["t"], [[2 * np.pi], [2 * np.pi]], 0, ("sin", "cos"))
    value = b.affine([b["x"], b["y"], turn], [[2.0, 1.0, 0.7, 0.3]], 0.2, "sin")
    value = b.map(value, scale=0.45, shift=0.5)
    return b.build(value=value, shade=b.map(b["y"], "sigmoid"), accent=b.map(b["x"], "sigmoid"))


# --- Arrays ---


def test_a_seed_gives_an_array_of_levels() -> None:
    image = pixels(seed=42, size=48)
    assert image.shape == (48, 48, 3)
    assert image.dtype == np.uint8
    assert image.std() > 5


@pytest.mark.parametrize(("bits", "kind"), [(8, np.uint8), (16, np.uint16), (32, np.float32)])
def test_arrays_come_in_three_kinds(bits: int, kind: type) -> None:
    image = pixels(seed=1, size="40x20", bits=bits, style="classic")
    assert image.shape == (20, 40, 3)
    assert image.dtype == kind


def test_the_package_is_the_function() -> None:
    image: Any = cppnart.render(seed=42, size=16)
    assert np.array_equal(image, pixels(seed=42, size=16))
    assert cppnart.info is info


@pytest.mark.parametrize(("one", "other"), [(42, "42"), (42, " 42 "), ("0xAB", "0xab")])
def test_a_seed_may_be_written_in_several_ways(one: Any, other: Any) -> None:
    assert np.array_equal(pixels(seed=one, size=16), pixels(seed=other, size=16))
    assert np.array_equal(pixels(one, size=16), pixels(seed=other, size=16))


@pytest.mark.parametrize("seed", ["μικρή θάλασσα", "海 🌊", "a quiet sea", "-7", 10**30, "x" * 256])
def test_any_word_is_a_seed(seed: str | int, tmp_path: Path) -> None:
    report = written(seed=seed, size=16, output=tmp_path)
    assert np.array_equal(pixels(report.path), pixels(seed=seed, size=16))
    assert report.seed == str(seed)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("style", "classic"),
        ("scale", 3.0),
        ("depth", 7),
        ("width", 8),
        ("activation", "tanh"),
        ("latent", [1.0, -1.0, 0.5, 0.5, 0.0, 2.0, -2.0, 1.0]),
        ("time", 0.3),
        ("color", "oklch"),
        ("palette", "ember"),
        ("palette", ["#102030", "#f0e0d0"]),
        ("finish", "contour"),
        ("zoom", 3.0),
        ("center", (1.0, 0.0)),
        ("rotate", 45.0),
        ("bits", 16),
        ("samples", 1),
        ("dither", False),
    ],
)
def test_every_parameter_changes_the_picture(parameter: str, value: Any) -> None:
    usual = {"seed": 5, "style": "sine", "size": 32}
    changed = pixels(**{**usual, parameter: value})
    assert not np.array_equal(changed, pixels(**usual))


def test_the_seed_draws_the_palette_unless_one_is_given() -> None:
    drawn = {api.prepare(seed, style="classic").palette.name for seed in range(12)}
    assert len(drawn) > 3
    assert api.prepare(3, palette="random").palette == get_palette("random", Stream(3, "palette"))


def test_a_transparent_style_keeps_its_alpha_when_asked(tmp_path: Path) -> None:
    style = next(name for name in styles.names() if styles.get(name).alpha)
    clear = pixels(seed=3, style=style, size=64, transparent=True)
    assert clear.shape == (64, 64, 4)
    assert clear[..., 3].min() < clear[..., 3].max()
    assert pixels(seed=3, style=style, size=64).shape == (64, 64, 3)
    path = tmp_path / "a.png"
    written(seed=3, style=style, size=64, transparent=True, output=path)
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image), clear)
    assert np.array_equal(pixels(path), clear)
    assert pixels(path, transparent=False).shape == (64, 64, 3)


def test_progress_counts_pixels_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    pixels(seed=1, size="50x200", region=(5, 10, 40, 180), progress=lambda *p: told.append(p))
    done, total = zip(*told, strict=True)
    assert set(total) == {40 * 180}
    assert list(done) == sorted(done)
    assert done[-1] == total[-1]
    assert len(told) > 1


# --- Files ---


def test_a_report_says_what_was_written(tmp_path: Path) -> None:
    report = written(seed=42, style="classic", size="80x60", output=tmp_path / "a.png")
    assert (report.path, report.width, report.height) == (str(tmp_path / "a.png"), 80, 60)
    assert (report.seed, report.style, report.finish) == ("42", "classic", "plain")
    assert report.palette == api.prepare(42, style="classic").palette.name
    assert report.seconds > 0
    assert report.evaluated is not None
    assert 0 < report.evaluated <= 1
    assert "80x60, classic" in str(report)


# Pillow reads colour of 16 bits as 8: test_writers reads such PNGs by hand.
@pytest.mark.parametrize(
    ("suffix", "bits"),
    [(".png", 8), (".tif", 8), (".tiff", 16), (".tif", 32), (".npy", 8), (".npy", 16)],
)
def test_a_file_holds_the_pixels_of_the_array(suffix: str, bits: int, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    written(seed=9, bits=bits, output=path, **LOOK)
    if suffix == ".npy":
        found = np.load(path)
    elif suffix == ".png":
        with Image.open(path) as image:
            found = np.asarray(image)
    else:
        found = pytest.importorskip("tifffile").imread(path)
    assert np.array_equal(found, pixels(seed=9, bits=bits, **LOOK))


FORMATS = [".png", ".tif", ".webp", ".jpg", ".avif"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_picture_makes_itself_again_bit_by_bit(suffix: str, tmp_path: Path) -> None:
    if suffix == ".avif" and ".avif" not in Image.registered_extensions():
        pytest.skip("this Pillow cannot write AVIF")
    path = tmp_path / f"a{suffix}"
    written(seed="a quiet sea", output=path, **LOOK)
    assert np.array_equal(pixels(path), pixels(seed="a quiet sea", **LOOK))


@pytest.mark.parametrize("style", styles.names())
def test_pictures_of_every_style_make_themselves_again(style: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    written(seed=2, style=style, time=0.2, size=24, output=path)
    with Image.open(path) as image:
        assert np.array_equal(pixels(path), np.asarray(image))


def test_a_copy_of_a_copy_is_the_same_file(tmp_path: Path) -> None:
    first, second, third = (tmp_path / f"{name}.png" for name in "abc")
    written(seed=3, output=first, **LOOK)
    written(first, output=second)
    written(second, output=third)
    assert first.read_bytes() == second.read_bytes() == third.read_bytes()


def test_a_picture_may_be_replaced_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    written(seed=3, output=path, **LOOK)
    before = path.read_bytes()
    written(path, output=path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_picture_made_again_larger_is_the_same_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    written(seed=4, style="classic", size="120x80", rotate=20, zoom=1.2, output=path)
    large = pixels(path, size="480x320").astype(float)
    boxes = large.reshape(80, 4, 120, 4, 3).mean((1, 3))
    assert np.abs(boxes - pixels(path)).mean() < 1.5


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("finish", "contour"), ("palette", "ember"), ("zoom", 3.0), ("seed", 8), ("depth", 1)],
)
def test_what_is_not_given_stays_as_the_recipe_says(
    parameter: str, value: Any, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    written(seed=4, output=path, **LOOK)
    expected = pixels(**{"seed": 4, **LOOK, parameter: value})
    assert np.array_equal(pixels(path, **{parameter: value}), expected)


def test_samples_and_dots_per_inch_follow_the_size_unless_chosen(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    written(seed=4, size=16, output=path)
    assert api.prepare(path).recipe.samples == 4
    assert api.prepare(path, size="16384").recipe.samples == 1
    written(seed=4, size="16@300dpi", samples=9, output=path)
    assert api.prepare(path).recipe.dpi == 300
    assert api.prepare(path, size="16384").recipe.samples == 9
    assert api.prepare(path, dpi=150).recipe.dpi == 150


def test_another_style_starts_from_its_own_defaults(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    written(seed=4, output=path, **LOOK)
    other = api.prepare(path, style="classic").recipe
    fresh = api.prepare(4, style="classic").recipe
    for name in ("scale", "depth", "width", "activation", "symmetry", "color", "finish"):
        assert getattr(other, name) == getattr(fresh, name)
    assert (other.zoom, other.size) == (1.5, "96x64")


def test_what_a_recipe_says_can_be_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    written(seed=4, dither=False, exact=True, output=path, **LOOK)
    assert api.prepare(path).recipe.exact
    assert not api.prepare(path, exact=False).recipe.exact
    assert api.prepare(path, dither=True).recipe.dither


def test_colours_from_a_photo_are_kept_when_the_photo_is_gone(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    blobs = rng.integers(0, 255, (4, 6, 3), np.uint8).repeat(20, 0).repeat(20, 1)
    photo = tmp_path / "photo.png"
    Image.fromarray(blobs).save(photo)
    path = tmp_path / "a.png"
    written(seed=4, style="classic", size=32, palette=str(photo), output=path)
    before = pixels(seed=4, style="classic", size=32, palette=str(photo))
    photo.unlink()
    assert np.array_equal(pixels(path), before)
    stops = recipe_in(path)["palette"]["stops"]
    assert len(stops) >= 2
    assert str(tmp_path) not in read_recipe(path)


def test_colours_given_as_hex_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    written(seed=4, style="classic", size=32, palette="#102030,#f0e0d0,#803020", output=path)
    colours = [colour for _, colour in recipe_in(path)["palette"]["stops"]]
    assert colours == ["#102030", "#f0e0d0", "#803020"]
    given = pixels(seed=4, style="classic", size=32, palette=["#102030", "#f0e0d0", "#803020"])
    assert np.array_equal(pixels(path), given)


def test_a_recipe_says_everything_that_was_drawn(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    written(seed=4, style="kaleidoscope", size=16, output=path)
    recipe = recipe_in(path)
    for name in ("cppnart", "seed", "style", "palette", "finish", "size", "samples", "symmetry"):
        assert name in recipe
    assert recipe["cppnart"] == cppnart.__version__


# --- Names ---


def test_a_folder_gets_a_name_that_is_free(tmp_path: Path) -> None:
    names = [Path(written(seed="a b/c?", size=16, output=tmp_path).path).name for _ in range(2)]
    assert names[0].endswith("-a-b-c.png")
    assert names[1].endswith("-a-b-c-2.png")
    assert len(Path(written(seed="x" * 256, size=16, output=tmp_path).path).name) < 80
    assert Path(written(seed="海", size=16, output=tmp_path).path).suffix == ".png"


def test_a_word_that_names_a_file_is_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = pixels("sea", size=16)
    written(seed=7, size=16, output="sea.png")
    assert np.array_equal(pixels("sea.png"), pixels(seed=7, size=16))
    assert np.array_equal(pixels("sea", size=16), before)


# --- Regions ---


@pytest.mark.parametrize("exact", [True, False])
def test_a_region_is_a_crop_of_the_full_picture(exact: bool) -> None:
    look = {"seed": 6, "style": "classic", "size": "300x170", "exact": exact}
    full = pixels(**look)
    assert np.array_equal(pixels(**look, region=(37, 60, 200, 71)), full[60:131, 37:237])


def test_a_region_follows_a_new_size(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    written(seed=6, size=100, region=(10, 20, 30, 41), output=path)
    assert pixels(path).shape == (41, 30, 3)
    large = pixels(path, size=200)
    full = pixels(seed=6, size=200)
    assert np.array_equal(large, full[40:122, 20:80])
    assert pixels(path, size=200, region=(0, 0, 7, 5)).shape == (5, 7, 3)


def test_a_thin_region_keeps_a_pixel_when_the_picture_shrinks(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    written(seed=6, size=100, region=(99, 0, 1, 100), output=path)
    assert pixels(path, size=10).shape == (10, 1, 3)


# --- Fields ---


def test_a_field_from_a_file_is_rendered_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "waves.safetensors"
    files.save(path, waves())
    image = pixels(path, size=64, color="mono", samples=1, time=0.25, dither=False, bits=16)
    x = (np.arange(64) + 0.5) / 32 - 1
    inputs = {"x": np.tile(x, 64), "y": x.repeat(64), "t": np.full(64 * 64, 0.25)}
    value = numpy_backend.evaluate(waves(), inputs)[:, 0].reshape(64, 64)
    assert np.corrcoef(value.ravel(), image[..., 0].ravel().astype(float))[0, 1] > 0.9
    assert not np.array_equal(image, pixels(path, size=64, color="mono", samples=1, time=0.5))


def test_a_picture_of_a_field_carries_the_field(tmp_path: Path) -> None:
    field, picture = tmp_path / "waves.safetensors", tmp_path / "a.png"
    files.save(field, waves())
    report = written(field, size=32, time=0.1, palette="ember", output=picture)
    assert (report.seed, report.style) == (None, None)
    before = pixels(field, size=32, time=0.1, palette="ember")
    field.unlink()
    assert np.array_equal(pixels(picture), before)
    assert pixels(picture, size=64).shape == (64, 64, 3)
    assert not np.array_equal(pixels(picture, time=0.6), before)


def test_a_seed_or_style_given_for_a_field_takes_its_place(tmp_path: Path) -> None:
    field = tmp_path / "waves.safetensors"
    files.save(field, waves())
    given = pixels(field, seed=3, style="classic", size=16)
    assert np.array_equal(given, pixels(seed=3, style="classic", size=16))


def test_a_field_has_no_options_of_styles(tmp_path: Path) -> None:
    field = tmp_path / "waves.safetensors"
    files.save(field, waves())
    with pytest.raises(ValueError, match="depth: a field that is read from a file has no such"):
        pixels(field, depth=3)


def test_a_field_with_other_inputs_is_refused(tmp_path: Path) -> None:
    b = Builder(x=1, y=1, z=3)
    field = tmp_path / "a.safetensors"
    files.save(field, b.build(value=b.affine([b["x"], b["z"]], np.ones((1, 4)))))
    with pytest.raises(ValueError, match=r"the field has inputs \['z'\] besides x, y and t"):
        pixels(field)


# --- Info ---


def test_info_of_a_seed_has_traits_and_a_recipe_that_makes_it() -> None:
    facts = info(42)
    assert facts["kind"] == "seed 42"
    assert facts["traits"]["style"] == styles.DEFAULT
    assert facts["recipe"]["seed"] == "42"
    assert facts["program"]["outputs"][0] == "value"
    assert len(facts["latent"]) == 8
    json.dumps(facts)


def test_info_of_a_picture_is_that_of_its_recipe(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    written(seed=4, output=path, **LOOK)
    facts = info(path)
    assert facts["source"] == str(path)
    assert facts["recipe"] == recipe_in(path)
    assert facts["traits"]["palette"] == "dusk"
    assert facts["traits"]["symmetry"] == "5-fold"
    assert facts["traits"]["finish"] == "relief"


def test_info_of_a_field_does_not_print_the_field(tmp_path: Path) -> None:
    path = tmp_path / "waves.safetensors"
    files.save(path, waves())
    facts = info(path)
    assert facts["kind"] == "field"
    assert facts["program"]["inputs"] == ["x", "y"]
    assert len(json.dumps(facts)) < 4000
