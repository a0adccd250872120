"""Shaders are run: in headless Chromium, whose software renderer computes in float32."""

import os
import re

import numpy as np
import pytest

from cppnart.fields import glsl, numpy_backend
from cppnart.fields.activations import TABLE
from cppnart.fields.program import Affine, Builder
from cppnart.fields.tangents import with_tangents

from ..browser import opened
from .strategies import Drawing, every_operation, points_of
from .test_activations import allowed, alone, samples

BOUND = 2e-5


@pytest.fixture(scope="module")
def browser(chromium):
    try:
        import playwright.sync_api  # noqa: F401
    except ModuleNotFoundError:
        if os.environ.get("CPPNART_REQUIRE_BROWSER", "0") not in ("", "0"):
            pytest.fail("playwright is not installed (pip install playwright)")
        pytest.skip("playwright is not installed (pip install playwright)")
    with opened(chromium) as browser:
        yield browser


def assert_agrees(browser, program, count=640):
    inputs = points_of(program, count)
    points = np.concatenate(list(inputs.values()), 1)
    got = browser.evaluate(program, points)
    exact = numpy_backend.evaluate(program, inputs)
    assert np.abs(got - exact).max() <= BOUND
    return got


@pytest.mark.parametrize("seed", range(2))
def test_a_shader_computes_every_activation_and_operation(browser, seed):
    for program in every_operation(seed):
        assert_agrees(browser, program)


def test_a_shader_computes_twelve_full_layers(browser):
    drawing = Drawing(5, {"x": 1, "y": 1})
    layer = np.arange(2)
    for name in ("tanh", "sin", "gaussian") * 4:
        layer = drawing.affine(layer, [name] * 22 + ["abs"])
    assert_agrees(browser, drawing.build(3))


def test_a_shader_computes_random_graphs(browser):
    for seed in range(6):
        drawing = Drawing(seed, {"x": 1, "y": 1, "z": 6})
        names = np.array([entry.name for entry in TABLE])
        for _ in range(8):
            drawing.affine(drawing.some(7), list(drawing.random.choice(names, 6)))
        drawing.product(drawing.some(6), drawing.some(6))
        assert_agrees(browser, drawing.build(8))


# Beyond this, 32 bits cannot place x within its period, or a driver's exp loses digits: with
# SwiftShader, exp is off by 6e-8 |x| relative and what is made of it likewise.
WIDE = {"triangle": 100, "exp": 60}


@pytest.mark.parametrize("group", range(0, len(TABLE), 8))
def test_activations_are_accurate_far_from_zero_too(browser, group):
    for entry in TABLE[group : group + 8]:
        x = samples(entry.name)
        x = x[np.abs(x) < WIDE.get(entry.name, 4096)]
        got = browser.evaluate(alone(entry.name), x[:, None])[:, 0].astype(np.float64)
        wide = x.astype(np.float64)
        exact = numpy_backend.evaluate(alone(entry.name), {"x": wide})[:, 0]
        bound = 4 * allowed(entry.name, wide, exact) + 2e-7
        error = np.abs(got - exact) - bound
        worst = np.argmax(error)
        assert error[worst] <= 0, (entry.name, x[worst], got[worst], exact[worst])


def test_tables_are_constants_when_small_and_textures_when_large(browser):
    b = Builder(x=1, y=1)
    random = np.random.default_rng(0)
    small = b.grid(b["x"], random.uniform(-1, 1, (16, 6)), (16,), wrap=True)
    palette = b.grid(b["y"], random.uniform(-1, 1, (1024, 3)), (1024,))
    square = b.grid([b["x"], b["y"]], random.uniform(-1, 1, (90 * 70, 5)), (90, 70))
    values = np.concatenate([small, palette, square])
    program = b.build(**{f"v{i}": value for i, value in enumerate(values)})
    shader = glsl.glsl_function(program)
    shapes = {name: texture.shape for name, texture in shader.textures.items()}
    assert shapes == {"fieldTable1": (1, 1024, 4), "fieldTable2": (7, 2048, 4)}
    assert "const vec4 fieldTable0[32]" in shader.source
    points = random.uniform(-1, 1, (2000, 2)).astype(np.float32)
    got = browser.evaluate(program, points)
    exact = numpy_backend.evaluate(program, {"x": points[:, 0], "y": points[:, 1]})
    # the coordinate, and so the place within one of 1023 cells, is rounded to float32
    np.testing.assert_allclose(got, exact, atol=2e-4)
    np.testing.assert_allclose(got[:, :6], exact[:, :6], atol=2e-5)


def test_names_that_glsl_keeps_to_itself_are_renamed(browser):
    names = [
        "in",
        "sin",
        "gl_x",
        "a__b",
        "webgl_a",
        "vec4",
        "sampler2",
        "main",
        "x",
        "t__",
        "field",
    ]
    b = Builder(**dict.fromkeys(names, 1))
    outputs = {name: b.map(b[name], "tanh") for name in names[2:]}
    outputs |= {"out": b["in"], "input": b["sin"], "value": b["x"]}
    program = b.build(**outputs)
    points = np.random.default_rng(0).uniform(-1, 1, (64, len(names))).astype(np.float32)
    got = browser.evaluate(program, points)
    exact = numpy_backend.evaluate(program, dict(zip(names, points.T, strict=True)))
    np.testing.assert_allclose(got, exact, atol=1e-6)
    source = glsl.glsl_function(program).source
    signature = source[source.index("void field(") :].split(")")[0]
    assert "in float In_in, in float In_sin, in float In_gl_x, in float In_a_U_b" in signature
    assert "out float Out_x" in signature
    assert "out float value" in signature


def test_a_program_of_constants_or_of_inputs_only_is_a_shader_too(browser):
    b = Builder(x=1, y=1)
    program = b.build(a=b["y"], b=b.constant(0.5), c=b["y"])
    got = browser.evaluate(program, np.float32([[1, 2], [3, 4]]))
    np.testing.assert_array_equal(got, [[2, 0.5, 2], [4, 0.5, 4]])


def test_the_whole_shader_paints_the_frame_the_way_pictures_lie(browser):
    b = Builder(x=1, y=1, pixel=1)
    program = b.build(red=b["x"], green=b["y"], blue=b["pixel"])
    shader = glsl.fragment_shader(program, encode=False)
    (out,) = browser.draw(shader, 8, 4)
    picture = out[::-1]  # what WebGL reads starts at the bottom
    across = (2 * np.arange(8) + 1 - 8) / 4
    down = (2 * np.arange(4) + 1 - 4) / 4
    np.testing.assert_allclose(picture[..., 0], np.clip(across, 0, 1)[None].repeat(4, 0))
    np.testing.assert_allclose(picture[..., 1], np.clip(down, 0, 1)[:, None].repeat(8, 1))
    np.testing.assert_allclose(picture[..., 2:], [[[0.5, 1]] * 8] * 4)


def test_the_whole_shader_encodes_colours_and_takes_other_inputs_as_uniforms(browser):
    b = Builder(x=1, t=1, z=3, a__b=1)
    program = b.build(
        grey=b["t"], red=b["z"][0], green=b["z"][1], blue=b["z"][2], alpha=b["a__b"], value=b["x"]
    )
    shader = glsl.fragment_shader(program, ("red", "green", "blue", "alpha"))
    assert shader.uniforms == {"t": "In_t", "z": "In_z", "a__b": "In_a_U_b"}
    linear = np.array([0.001, 0.2, 0.9])
    (out,) = browser.draw(shader, 2, 2, In_z=linear, In_a_U_b=0.25)
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(out[0, 0], [*curve, 0.25], atol=1e-6)
    (out,) = browser.draw(glsl.fragment_shader(program, ["grey"], encode=False), 1, 1, In_t=0.75)
    np.testing.assert_allclose(out[0, 0], [0.75, 0.75, 0.75, 1])


def test_the_random_programs_for_shaders_have_everything():
    seen = {
        name
        for program in every_operation(0)
        for operation in program.operations
        if isinstance(operation, Affine)
        for name in operation.activations
    }
    assert seen == {entry.name for entry in TABLE}


def test_numbers_are_written_as_floats_that_read_back_exactly():
    random = np.random.default_rng(0)
    numbers = random.normal(size=2000) * 10.0 ** random.integers(-30, 30, 2000)
    for number in [*numbers, 0, -0.0, 1, -3, 1e9, 16777217, 2.0**-149, 3e38]:
        text = glsl.literal(number)
        assert re.fullmatch(r"-?(\d+\.\d*(e[+-]?\d+)?|\d+e[+-]?\d+)", text), text
        assert np.float32(text) == np.float32(number)


def test_units_with_one_activation_share_a_call_and_matrices_are_whole():
    b = Builder(x=1, y=1)
    h = b.affine([b["x"], b["y"]], np.arange(24).reshape(12, 2) + 1, None, ["sin", "tanh"] * 6)
    out = b.affine(h, np.arange(48).reshape(4, 12) + 1)
    source = glsl.glsl_function(b.build(a=out[0], b=out[1], c=out[2], d=out[3])).source
    body = source[source.index("void field(") :]
    assert len(re.findall(r"= fieldF_sin\(", body)) == 2  # six units: four, and two
    assert len(re.findall(r"= fieldF_tanh\(", body)) == 2
    # the first four of each activation are whole vectors, the other four are put together
    assert len(re.findall(r"A1_0 \+= mat4\([^()]*\) \* A0_[02];", body)) == 2
    assert len(re.findall(r"A1_0 \+= mat4\([^()]*\) \* vec4\(", body)) == 1
    assert "mat2x4(1.0, 5.0, 9.0, 13.0, 2.0, 6.0, 10.0, 14.0) * vec2(x, y)" in body


def test_weights_of_zero_are_left_out():
    b = Builder(x=1, y=1)
    v = b.affine([b["x"], b["y"]], [[0, 2]] * 4 + [[3, 0]] * 3, 0.5)
    source = glsl.glsl_function(b.build(v=v[0], w=v[4])).source
    lines = [line.strip() for line in source.splitlines()]
    assert "A0_0 += vec4(2.0, 2.0, 2.0, 2.0) * y;" in lines
    assert "A0_1 += vec3(3.0, 3.0, 3.0) * x;" in lines
    assert source.count("+=") == 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: glsl.glsl_function(p, "3d"), "'3d' cannot name a GLSL function"),
        (lambda p: glsl.glsl_function(p, "sin"), "'sin' cannot name a GLSL function"),
        (lambda p: glsl.glsl_function(p, "a b"), "'a b' cannot name a GLSL function"),
        (lambda p: glsl.fragment_shader(p), "outputs a, b: expected 1, 3 or 4 of them"),
        (lambda p: glsl.fragment_shader(p, ["c"]), "there is no output 'c'"),
    ],
)
def test_what_cannot_be_a_shader_is_refused(make, message):
    b = Builder(x=1)
    with pytest.raises(ValueError, match=message):
        make(b.build(a=b["x"], b=b["x"]))


def wide(units, layers, names=("tanh", "sin")):
    """A dense network of layers whose units have these activations in turn."""
    random = np.random.default_rng(units)
    b = Builder(x=1, y=1)
    values = np.concatenate([b["x"], b["y"]])
    for _ in range(layers):
        weight = random.normal(size=(units, len(values))) * 1.5 / np.sqrt(len(values))
        activations = [names[i % len(names)] for i in range(units)]
        values = b.affine(values, weight, random.normal(size=units), activations)
    out = b.affine(values, random.normal(size=(3, units)) / np.sqrt(units))
    return b.build(a=out[0], b=out[1], c=out[2])


def few_in_text(monkeypatch):
    monkeypatch.setattr(glsl, "MAX_BAKED", 400)
    monkeypatch.setattr(glsl, "SMALL_MAP", 90)


@pytest.mark.parametrize("units", [12, 17, 31])
def test_the_weights_of_a_large_program_are_fetched_in_loops(browser, monkeypatch, units):
    few_in_text(monkeypatch)
    program = wide(units, 4, ("tanh", "sin", "identity"))
    source = glsl.glsl_function(program).source
    assert source.count("texelFetch(fieldWeights") == 1
    assert source.count("for (int J") >= 3
    assert_agrees(browser, program)


def test_loops_read_products_and_what_is_read_twice(browser, monkeypatch):
    few_in_text(monkeypatch)
    random = np.random.default_rng(2)
    b = Builder(x=1, y=1)
    h = b.affine([b["x"], b["y"]], random.normal(size=(21, 2)), 0.3, ["sin"] * 20 + ["one"])
    g = b.product(h[::-1], h)
    k = b.affine([g, h[3:9], h[4:6], b["x"]], random.normal(size=(19, 30)) / 5, 0.1, "tanh")
    m = b.affine([k[::-1], g[:2]], random.normal(size=(18, 21)) / 5)
    program = b.build(**{f"v{i}": value for i, value in enumerate(m[::5])})
    assert "for (int J" in glsl.glsl_function(program).source
    assert_agrees(browser, program)


def test_slopes_of_a_large_program_are_fetched_once(browser, monkeypatch):
    few_in_text(monkeypatch)
    program = with_tangents(wide(16, 3, ("sin",)), ("a",))
    shader = glsl.glsl_function(program)
    # in two layers, maps of 16 x 16 for the sines, their slopes, and what moves by x and by y:
    # these two are the same
    (texture,) = shader.textures.values()
    assert 4 * texture.shape[1] < 2 * 4 * 16 * 16
    assert_agrees(browser, program)


def test_a_shader_may_stand_alone(browser, monkeypatch):
    random = np.random.default_rng(0)
    b = Builder(x=1, y=1)
    table = random.normal(size=(60 * 50, 1)).astype(np.float32)
    noise = b.grid([b["x"], b["y"]], table, (60, 50), wrap=True, smooth=True)
    colours = random.uniform(-3, 2, (1200, 3)).astype(np.float32)
    palette = b.grid(b["x"], colours, (1200,))
    five = random.uniform(-1, 1, (400, 5)).astype(np.float32)
    program = b.build(
        noise=noise,
        **{f"p{i}": value for i, value in enumerate(palette)},
        **{f"v{i}": value for i, value in enumerate(b.grid(b["y"], five, (400,)))},
    )
    shader = glsl.glsl_function(program, textures=False)
    assert shader.textures == {}
    assert "sampler" not in shader.source
    points = random.uniform(-1, 1, (2000, 2)).astype(np.float32)
    monkeypatch.setattr(glsl, "glsl_function", lambda _: shader)
    got = browser.evaluate(program, points)
    exact = numpy_backend.evaluate(program, {"x": points[:, 0], "y": points[:, 1]})
    assert np.abs(got[:, 0] - exact[:, 0]).max() <= np.ptp(table) / 255  # rounded to 8 bits
    assert np.abs(got[:, 1:4] - exact[:, 1:4]).max() <= 5 / 255
    np.testing.assert_allclose(got[:, 4:], exact[:, 4:], atol=2e-4)


def test_a_program_that_is_too_large_for_a_shader_is_refused():
    program = wide(600, 4)
    with pytest.raises(
        ValueError, match=r"of \d+ different weights: a shader takes at most 1048576"
    ):
        glsl.glsl_function(program)
    with pytest.raises(ValueError, match="weights: a shader without textures takes at most 32768"):
        glsl.glsl_function(wide(100, 5), textures=False)
    b = Builder(x=1)
    values = np.concatenate([b.affine(b["x"], np.ones((900, 1)), i) for i in range(20)])
    program = b.build(v=b.affine(values, np.ones((1, 18000)))[0])
    with pytest.raises(
        ValueError, match="36000 weights, most of them in small maps: a shader take"
    ):
        glsl.glsl_function(program)
    b = Builder(x=1)
    table = np.broadcast_to(np.float32(0), (1 << 24, 1))
    program = b.build(v=b.grid(b["x"], table, (1 << 24,)))
    with pytest.raises(ValueError, match="a grid of 16777216 entries of 1: a texture of 2048 x"):
        glsl.glsl_function(program)
    b = Builder(x=1)
    table = np.broadcast_to(np.float32(0), (1 << 17, 1))
    program = b.build(v=b.grid(b["x"], table, (1 << 17,)))
    with pytest.raises(ValueError, match="131072 numbers: a shader without textures takes at most"):
        glsl.glsl_function(program, textures=False)
