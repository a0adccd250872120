"""GLSL that stands alone: what shadertoy.com makes of it, and the documented function."""

import re

import numpy as np
import pytest

import cppnart
from cppnart.cppn.seeds import Stream
from cppnart.fields.glsl import HEADER, Shader
from cppnart.fields.numpy_backend import evaluate
from cppnart.fields.program import Builder
from cppnart.render.export import export
from cppnart.render.export.loop import Loop
from cppnart.render.export.text import thinned
from cppnart.render.motion.paths import along, segment
from cppnart.render.palettes import PALETTES
from cppnart.render.prepare import prepare

from ...browser import opened
from .live import assert_alike

# What the site puts round a shader of the Image tab, less the inputs that ours do not read; its
# uniform iResolution is made of what our harness can set.
SITE = """#version 300 es
precision highp float; precision highp int; precision mediump sampler3D;
#define HW_PERFORMANCE 1
uniform float Size[3]; uniform float iTime;
#define iResolution vec3(Size[0], Size[1], Size[2])
out vec4 shadertoy_out_color;
{text}
void main() {{
  shadertoy_out_color = vec4(1.0);
  vec4 color = vec4(1e20);
  mainImage(color, gl_FragCoord.xy);
  shadertoy_out_color = vec4(color.xyz, 1.0);
}}
"""
FUNCTION = (
    HEADER
    + """{definition}
{text}
uniform float Time;
out vec4 Colour;
void main() {{
  vec2 P = (2.0 * gl_FragCoord.xy - vec2(128.0, 96.0)) / 96.0;
  Colour = cppn(vec2(P.x, -P.y), Time);
}}
"""
)


@pytest.fixture(scope="module")
def browser(chromium):
    pytest.importorskip("playwright.sync_api")
    with opened(chromium) as browser:
        yield browser


def shown(browser, text, time=0.0):
    """What shadertoy.com shows, (96, 128, 3)."""
    shader = Shader(SITE.format(text=text))
    (out,) = browser.draw(shader, 128, 96, Size=[128, 96, 1], iTime=time)
    return np.rint(out[::-1, :, :3] * 255).astype(np.uint8)


@pytest.mark.parametrize(
    "style",
    [
        "marble",
        "agate",
        "ripples",
        "atlas",
        "fourier",
        "quasicrystal",
        "filigree",
        "sine",
        "kaleidoscope",
        "neat",
    ],
)
def test_shadertoy_shows_what_the_renderer_renders(browser, style):
    look = {"style": style, "dither": False}
    text = export("a quiet sea", to="shadertoy", **look)
    assert_alike(shown(browser, text), cppnart.render("a quiet sea", size="128x96", **look))


def test_a_shader_for_shadertoy_needs_nothing_but_what_the_site_gives(browser):
    text = export(42, to="shadertoy", style="tile")  # its finish has two large tables
    assert not re.search(r"#version|\buniform\b|sampler|texelFetch|precision|\bout vec4 \w+;", text)
    assert text.isascii()


def test_shadertoy_moves_along_the_loop_and_keeps_the_view(browser):
    look = {"style": "plume", "dither": False, "zoom": 1.4, "rotate": 20.0, "center": (0.2, 0.1)}
    text = export(42, to="shadertoy", steps=4, duration=40, turns=2, time=0.25, **look)
    keys = Loop(4).keys(prepare("42", moving=True, **look))
    for seconds in (13.0, 69.0):
        u = seconds / 40
        latent = along(keys, *segment(u, 4, True), "spline", True)
        moment = (0.25 + 2 * u) % 1
        expected = cppnart.render(42, size="128x96", latent=latent, time=moment, **look)
        assert_alike(shown(browser, text, seconds), expected)


def test_a_latent_of_zeros_has_a_loop_too(browser):
    look = {"style": "plume", "dither": False, "latent": [0.0] * 8}
    text = export(42, to="shadertoy", **look)
    assert_alike(shown(browser, text), cppnart.render(42, size="128x96", **look))


@pytest.mark.parametrize("style", ["agate", "atlas", "neat"])
def test_the_function_gives_the_colours_of_the_picture(browser, style):
    look = {"style": style, "dither": False, "samples": 1, "size": "128x96"}
    text = export(42, to="glsl", **look)
    shader = Shader(FUNCTION.format(text=text, definition=""))
    (out,) = browser.draw(shader, 128, 96, Time=0.0)
    got = np.rint(out[::-1, :, :3] * 255).astype(np.uint8)
    assert_alike(got, cppnart.render(42, **look))


def test_the_function_takes_the_time_and_the_size_of_a_pixel(browser):
    look = {"style": "ripples", "finish": "contour", "dither": False, "samples": 1}
    text = export(42, to="glsl", **look)
    shader = Shader(FUNCTION.format(text=text, definition="#define CPPN_PIXEL (2.0 / 96.0)"))
    (out,) = browser.draw(shader, 128, 96, Time=0.3)
    # slopes are measured at the time of the picture, and its lines are spaced by them
    picture = prepare("42", moving=True, **look).picture.program()
    y, x = (np.mgrid[:96, :128] + 0.5) * (2 / 96) - np.array([1, 128 / 96])[:, None, None]
    z = prepare("42", style="ripples").drawn.latent
    point = {"x": x.ravel(), "y": y.ravel(), "t": 0.3, "z": z, "pixel": 2 / 96}
    light = evaluate(picture, point).reshape(96, 128, 3)
    curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.abs(light) ** (1 / 2.4) - 0.055)
    expected = np.rint(np.clip(curve, 0, 1) * 255)
    assert_alike(np.rint(out[::-1, :, :3] * 255), expected)


def test_the_header_says_what_the_function_takes():
    text = export("a sea", to="glsl", style="marble", palette="dusk", size=500)
    assert text.startswith("// a sea: marble, dusk, relief\n")
    assert "vec4 cppn(vec2 p, float t)" in text
    assert "0 is the picture itself; the motion repeats with period 1." in text
    assert "#define CPPN_PIXEL 0.004" in text
    assert "this picture does not move" in export("a sea", to="glsl", style="neat")


@pytest.mark.parametrize("seed", ["a\nb } garbage", "ends in \\", "*/ //", "é 海 ??/"])
@pytest.mark.parametrize("to", ["glsl", "shadertoy"])
def test_no_seed_breaks_out_of_its_comment(seed, to):
    text = export(seed=seed, to=to, style="plume")
    first, second, *_ = text.splitlines()
    assert first.startswith("// ")
    assert second.startswith("// Made by cppnart")
    assert first.isascii()
    assert "\\" not in first


def test_tables_of_one_coordinate_are_as_short_as_they_may_be():
    b = Builder(x=1)
    whole = {name: palette.table(1024) for name, palette in PALETTES.items()}
    noise = Stream(1, "noise").normal((1024, 1))
    wave = np.sin(np.linspace(0, 6, 1024))[:, None]
    grids = [b.grid(b["x"], table, (1024,)) for table in (*whole.values(), wave, noise)]
    wrapped = b.grid(b["x"], wave, (1024,), wrap=True)
    program = b.build(**{f"v{i}": v for i, v in enumerate(np.concatenate([*grids, wrapped]))})
    short = thinned(program)
    lengths = [len(operation.table) for operation in short.operations]
    assert max(lengths[: len(whole)]) <= 257
    assert lengths[-3:] == [129, 1024, 1024]
    x = np.linspace(-0.1, 1.1, 4001)
    difference = np.abs(evaluate(short, {"x": x}) - evaluate(program, {"x": x}))
    assert difference.max() <= 2e-3


@pytest.mark.parametrize(
    ("look", "message"),
    [
        ({"style": "sine", "width": 128}, "weights: a shader without textures takes at most 32768"),
        ({"style": "agate", "finish": "riso"}, "grids of 131072 numbers: a shader without texture"),
    ],
)
@pytest.mark.parametrize("to", ["glsl", "shadertoy"])
def test_what_is_too_large_for_a_text_is_refused(look, message, to):
    with pytest.raises(ValueError, match=message):
        export(42, to=to, **look)
