"""Recipes: read strictly, written in full, and never trusted."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import cppnart
from cppnart.fields import files
from cppnart.fields.program import Builder, Program
from cppnart.render import api
from cppnart.render.palettes import PALETTES
from cppnart.render.recipe import (
    MAX_BYTES,
    Recipe,
    checked_values,
    field_of,
    new_recipe,
    palette_of,
    parse_recipe,
    recipe_text,
    with_field,
    with_palette,
)

VERSION = cppnart.__version__
MAJOR = VERSION.split(".")[0]


def recipe(**values: Any) -> str:
    """The JSON of a recipe of this version."""
    return json.dumps({"cppnart": VERSION, **values})


def refused(text: str | bytes, message: str) -> None:
    """parse_recipe refuses the text, with a message in one line that has these words."""
    with pytest.raises(ValueError, match=message) as caught:
        parse_recipe(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def slope() -> Program:
    b = Builder(x=1, y=1)
    return b.build(value=b.affine([b["x"], b["y"]], [[0.2, 0.1]], 0.5))


# --- What is written is read ---

NUMBERS = st.floats(-1e6, 1e6)
RECIPES = st.builds(
    Recipe,
    cppnart=st.just(VERSION),
    seed=st.none() | st.text(max_size=256).filter(lambda text: text.isprintable()),
    style=st.none() | st.sampled_from(["marble", "neat"]),
    latent=st.none() | st.lists(NUMBERS, max_size=8),
    scale=st.none() | NUMBERS,
    depth=st.none() | st.integers(-(2**53), 2**53),
    time=NUMBERS,
    color=st.none() | st.text(max_size=20),
    transparent=st.booleans(),
    size=st.none() | st.just("640x480"),
    center=st.tuples(NUMBERS, NUMBERS),
    region=st.none() | st.tuples(*[st.integers(0, 2**53)] * 4),
    bits=st.sampled_from([8, 16, 32]),
    exact=st.booleans(),
)


@given(RECIPES)
def test_a_recipe_is_read_as_it_was_written(written: Recipe) -> None:
    assert parse_recipe(recipe_text(written)) == written


def test_what_is_not_given_takes_no_room() -> None:
    assert json.loads(recipe_text(new_recipe())) == {"cppnart": VERSION}


@pytest.mark.parametrize("palette", list(PALETTES.values())[:3], ids=lambda palette: palette.name)
def test_a_palette_is_kept_in_full(palette: Any) -> None:
    kept = parse_recipe(recipe_text(with_palette(new_recipe(), palette)))
    assert palette_of(kept) == palette


def test_a_field_is_kept_in_full() -> None:
    kept = field_of(parse_recipe(recipe_text(with_field(new_recipe(), slope()))))
    assert kept is not None
    assert files.to_bytes(kept) == files.to_bytes(slope())


def test_values_are_checked_as_those_of_a_file_are() -> None:
    values = {"depth": np.int64(3), "zoom": 2, "center": [1, 2]}
    assert checked_values(values) == {"depth": 3, "zoom": 2.0, "center": (1.0, 2.0)}
    for name, value in (("depth", 2.5), ("zoom", "far"), ("center", (1,)), ("bits", 2**60)):
        with pytest.raises(ValueError, match=f"^{name} .*: expected "):
            checked_values({name: value})


# --- Versions ---


@pytest.mark.parametrize("version", [VERSION, f"{MAJOR}.99.3", MAJOR, f"{MAJOR}.2rc1"])
def test_recipes_of_this_major_version_are_read(version: str) -> None:
    assert parse_recipe(json.dumps({"cppnart": version, "seed": "42"})).seed == "42"


def test_a_recipe_of_another_major_version_is_refused_with_the_reason() -> None:
    other = str(int(MAJOR) + 7)
    newer = json.dumps({"cppnart": f"{other}.1.0", "not yet known": 1})
    refused(newer, rf"'{other}\.1\.0', whose seeds draw other pictures .* install cppnart {other}")


@pytest.mark.parametrize("version", ["", "latest", "1" * 50, "-1", "1\n2", "¹"])
def test_a_version_that_is_none_is_refused(version: str) -> None:
    refused(json.dumps({"cppnart": version}), "not a cppnart recipe: its version is")


# --- Hostile ones ---

DEEP = 200_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a cppnart recipe"),
        ("null", "not a cppnart recipe"),
        ("[]", "not a cppnart recipe"),
        ("{}", "not a cppnart recipe: .*cppnart"),
        ('{"seed": "42"}', "not a cppnart recipe"),
        ("[" * DEEP, "not a cppnart recipe"),
        ("[" * DEEP + "]" * DEEP, "not a cppnart recipe"),
        ('{"a":' * DEEP + "1" + "}" * DEEP, "not a cppnart recipe"),
        ('{"cppnart": ' + "[" * DEEP + "]" * DEEP + "}", "not a cppnart recipe"),
        (recipe()[:-1] + ', "palette": {"stops": ' + "[" * DEEP + "]" * DEEP + "}}", "recipe"),
        (recipe(x=1), "unknown field `x`"),
        (recipe(seed=42), r"Expected `str \| null`, got `int` - at `\$.seed`"),
        (recipe(depth=3.5), r"Expected `int \| null`, got `float` - at `\$.depth`"),
        (recipe(depth=True), "Expected `int"),
        (recipe(depth=2**80), "cannot be used"),
        (recipe(depth=10**4000), "cannot be used"),
        (recipe(region=[0, 0, 10**400, 1]), "cannot be used"),
        (recipe(region=[0, 0, 1]), "cannot be used: Expected `array` of length 4"),
        (recipe(center=["0", "0"]), "cannot be used: Expected `float`"),
        (recipe(style="x" * 1_000_000), "length <= 256"),
        (recipe(seed="x" * 300), "length <= 256"),
        (recipe(latent=[0.0] * 100_000), "length <= 4096"),
        (recipe(palette="dusk"), "cannot be used: Expected `object"),
        (recipe(palette={}), "palette stops: expected"),
        (recipe(palette={"stops": [[0, "#000"]] * 100}), "palette stops: expected"),
        (recipe(palette={"stops": [[0, "#000"], [1, 5]]}), "palette stop"),
        (recipe(palette={"stops": [[0, "#000"], [10**400, "#fff"]]}), "palette stop"),
        (recipe(palette={"name": "\x1b[31m", "stops": [[0, "#000"], [1, "#fff"]]}), "printable"),
        (recipe()[:-1] + ', "zoom": NaN}', "not a cppnart recipe: JSON is malformed"),
        (recipe()[:-1] + ', "zoom": 1e999}', "out of range"),
        (recipe()[:-1] + ', "zoom": ' + "9" * 5000 + "}", "out of range"),
        (b'{"cppnart": "\xff"}', "not a cppnart recipe"),
        (recipe()[:-1] + ', "seed": "\ud800"}', "the recipe cannot be used"),
        (b" " * (MAX_BYTES + 1), f"{MAX_BYTES + 1} bytes: expected at most"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_hostile_recipes_are_refused_in_one_line(text: str | bytes, message: str) -> None:
    began = time.perf_counter()
    refused(text, message)
    assert time.perf_counter() - began < 2


def prepared(text: str) -> api.Prepared:
    """What render makes of a picture with this recipe."""
    return api.prepare(parse_recipe(text))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "nothing to render"),
        ({"seed": ""}, "seed ''"),
        ({"style": "no-such-style"}, "unknown style 'no-such-style'"),
        ({"color": "no-such-mode"}, "unknown color mode"),
        ({"finish": "no-such-finish"}, "unknown finish"),
        ({"finish": "relief+" * 30 + "ink"}, "at most"),
        ({"activation": "eval"}, "unknown activation 'eval'"),
        ({"depth": 10**9}, "depth is 1000000000: expected a whole number"),
        ({"depth": -1}, "depth is -1"),
        ({"width": 10**9}, "width is 1000000000"),
        ({"scale": 1e308}, "scale is 1e"),
        ({"symmetry": 10**6}, "symmetry"),
        ({"latent": [0.0]}, r"latent of shape \(1,\)"),
        ({"latent": [1e300] * 8}, "latent: expected finite numbers"),
        ({"time": 1e308}, r"time 1e\+308: expected"),
        ({"size": "0"}, "size '0'"),
        ({"size": "x" * 200}, "size 'xxx"),
        ({"dpi": 0.0}, "dpi 0: expected"),
        ({"dpi": -1e308}, "dpi -1e"),
        ({"zoom": 0.0}, "zoom 0: expected"),
        ({"zoom": -1e308}, "zoom"),
        ({"center": [1e308, 0.0]}, "center"),
        ({"samples": 0}, "samples 0: expected 1 to 64"),
        ({"samples": 2**53}, "samples"),
        ({"bits": 7}, "bits 7: expected"),
        ({"region": [0, 0, 2**53, 1]}, "region .* expected a part of the picture"),
        ({"region": [-1, 0, 2, 2]}, "region -1,0,2,2"),
        ({"region": [0, 0, 0, 1]}, "region 0,0,0,1"),
        ({"transparent": True}, "transparent: this field covers"),
        ({"field": "?"}, "not base64"),
        ({"field": ""}, "not a .safetensors file"),
        ({"field": base64.b64encode(b"x" * 1000).decode()}, "not a .safetensors file"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_values_out_of_range_are_refused_before_anything_is_rendered(
    values: dict[str, Any], message: str
) -> None:
    given = values if not values or {"seed", "field"} & set(values) else {"seed": "1", **values}
    began = time.perf_counter()
    with pytest.raises(ValueError, match=message) as caught:
        prepared(recipe(**given))
    assert "\n" not in str(caught.value)
    assert time.perf_counter() - began < 2


def test_absurd_sizes_are_refused_with_the_bytes_that_they_would_take() -> None:
    with pytest.raises(ValueError, match="10000000x10000000 takes 300 TB"):
        api.render(seed=1, size="10000000x10000000")


# --- Fuzz ---

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, -1, 2**31, 2**53, 2**63, 2**64, 10**400, 1e308, -1e308, 5e-324, 0.1])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["42", "marble", "relief", "rgb", "#102030", "1e9", "64x64", "A3@300dpi"]),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5)
    ),
    max_leaves=8,
)
FULL: dict[str, Any] = {
    "cppnart": VERSION,
    "seed": "a quiet sea",
    "style": "engraving",
    "latent": [0.1, -0.2, 0.3, -0.4, 0.5, -0.6, 0.7, -0.8],
    "scale": 1.0,
    "depth": 3,
    "time": 0.25,
    "color": "palette",
    "palette": PALETTES["dusk"].to_dict(),
    "finish": "relief",
    "transparent": False,
    "size": "640x480",
    "dpi": 300.0,
    "center": [0.1, 0.2],
    "zoom": 2.0,
    "rotate": 30.0,
    "region": [10, 20, 30, 40],
    "samples": 2,
    "bits": 16,
    "dither": False,
    "exact": True,
}


def test_the_recipe_to_be_changed_is_a_good_one() -> None:
    assert prepared(json.dumps(FULL)).recipe.seed == "a quiet sea"


def survives(work: Callable[[], object]) -> None:
    """The work is done, or refused with a ValueError in one line; either way soon."""
    began, message = time.perf_counter(), "done"
    try:
        work()
    except ValueError as error:
        message = str(error)
    assert len(message.splitlines()) == 1
    assert len(message) < 1000
    assert time.perf_counter() - began < 3


@settings(max_examples=3000)
@given(JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    survives(lambda: parse_recipe(json.dumps(value)))
    if isinstance(value, dict):
        survives(lambda: prepared(json.dumps({"cppnart": VERSION, **value})))


@settings(max_examples=3000)
@given(st.sampled_from(sorted(FULL)), JSON)
@example("cppnart", VERSION)
@example("style", "tile")
def test_a_recipe_with_one_value_changed_is_used_or_refused(name: str, value: Any) -> None:
    survives(lambda: prepared(json.dumps({**FULL, name: value})))


@settings(max_examples=3000)
@given(st.sampled_from(sorted(FULL["palette"])), JSON)
def test_a_palette_with_one_value_changed_is_used_or_refused(name: str, value: Any) -> None:
    survives(lambda: prepared(json.dumps({**FULL, "palette": {**FULL["palette"], name: value}})))


@settings(max_examples=3000)
@given(st.data())
def test_a_recipe_with_some_bytes_changed_is_used_or_refused(data: st.DataObject) -> None:
    content = bytearray(json.dumps(FULL).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    length = data.draw(st.integers(len(content) // 2, len(content)))
    survives(lambda: parse_recipe(bytes(content[:length])))
    survives(lambda: parse_recipe(bytes(content)))


@settings(max_examples=3000)
@given(st.data())
def test_a_field_with_some_bytes_changed_is_used_or_refused(data: st.DataObject) -> None:
    content = bytearray(files.to_bytes(slope()))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    text = recipe(field=base64.b64encode(bytes(content)).decode())
    survives(lambda: prepared(text))


@settings(max_examples=3000)
@given(st.sampled_from(["size", "region", "palette", "seed", "style", "zoom"]), JSON)
def test_a_change_to_a_recipe_is_made_or_refused(name: str, value: Any) -> None:
    full = parse_recipe(json.dumps(FULL))
    if name != "palette" and value is not None:
        survives(lambda: api.prepare(full, **{name: value}))
