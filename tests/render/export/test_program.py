"""A picture as a field of its own."""

import json

import numpy as np
import pytest

import cppnart
from cppnart.fields import files
from cppnart.render.export import export
from cppnart.render.recipe import parse_recipe

from .live import assert_alike


@pytest.mark.parametrize(
    "look",
    [
        {"style": "agate"},
        {"style": "marble", "time": 0.3},
        {"style": "tile", "finish": "watercolour"},
        {"style": "neat", "color": "hsv", "finish": "relief"},
    ],
    ids=lambda look: look["style"],
)
def test_the_field_renders_to_the_same_picture(tmp_path, look):
    path = tmp_path / "picture.safetensors"
    look = {**look, "size": "128x96", "dither": False}
    export(7, output=path, **look)
    got = cppnart.render(path, size="128x96", dither=False)
    assert_alike(got, cppnart.render(7, **look))


def test_lines_as_sharp_as_a_pixel_are_the_same_where_every_pixel_is_evaluated(tmp_path):
    path = tmp_path / "picture.safetensors"
    look = {"style": "atlas", "size": "128x96", "dither": False, "exact": True}
    export(7, output=path, **look)
    got = cppnart.render(path, size="128x96", dither=False, exact=True)
    assert_alike(got, cppnart.render(7, **look))


def test_a_transparent_picture_keeps_its_alpha(tmp_path):
    path = tmp_path / "picture.safetensors"
    look = {"size": "128x96", "dither": False, "transparent": True}
    export(7, output=path, style="emblem", finish="plain", **look)
    got = cppnart.render(path, **look)
    expected = cppnart.render(7, style="emblem", finish="plain", **look)
    assert got.shape == (96, 128, 4)
    np.testing.assert_allclose(got[..., 3].astype(int), expected[..., 3], atol=2)
    assert_alike(got[expected[..., 3] > 0], expected[expected[..., 3] > 0])


def test_time_goes_on_from_the_time_of_the_picture(tmp_path):
    path = tmp_path / "picture.safetensors"
    look = {"style": "plume", "size": "128x96", "dither": False}
    export(7, output=path, time=0.3, **look)
    got = cppnart.render(path, size="128x96", dither=False, time=0.2)
    assert_alike(got, cppnart.render(7, time=0.5, **look))


def test_a_field_exports_again_as_itself(tmp_path):
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    export(7, output=first, style="agate", size=64)
    export(first, output=second, size=64)
    got = cppnart.render(second, size=64, dither=False)
    assert_alike(got, cppnart.render(first, size=64, dither=False))


def test_the_file_says_what_it_is():
    data = export(7, to="program", style="atlas", size=100, zoom=2)
    program, note = files.from_bytes(data)
    assert program.input_names == ("x", "y", "t")
    assert program.output_names == ("red", "green", "blue")
    recipe = parse_recipe(json.dumps(note["recipe"]))
    assert (recipe.seed, recipe.style, recipe.zoom) == ("7", "atlas", 2.0)
    assert data == export(7, to="program", style="atlas", size=100, zoom=2)
