"""ONNX models, checked by its own checker and run by its own runtime."""

import sys

import numpy as np
import pytest

from cppnart.fields import activations
from cppnart.fields.activations import TABLE, Activation
from cppnart.fields.numpy_backend import evaluate
from cppnart.fields.program import Builder
from cppnart.render.export import export
from cppnart.render.export import onnx as exporter
from cppnart.render.export.still import standing
from cppnart.render.prepare import prepare
from cppnart.render.recipe import parse_recipe

from ...fields.test_activations import samples

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")


def session(data):
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return runtime.InferenceSession(data, options)


def run(data, points, **others):
    feed = {
        "points": points,
        **{name: np.array(value, np.float32) for name, value in others.items()},
    }
    return session(data).run(None, feed)[0]


def made(program, **defaults):
    return exporter._model(program, defaults, name="a test", metadata={})


def points(count=1500):
    return np.random.default_rng(0).uniform(-1, 1, (count, 2)).astype(np.float32)


@pytest.mark.parametrize(
    "look",
    [
        {"style": "marble"},
        {"style": "agate", "color": "hsv"},
        {"style": "atlas", "color": "oklch"},
        {"style": "tile"},
        {"style": "fourier"},
        {"style": "neat", "color": "mono"},
        {"style": "sine", "color": "rgb"},
        {"style": "emblem", "transparent": True},
        {"style": "blot"},
        {"style": "deco", "color": "oklab"},
    ],
    ids=lambda look: look["style"],
)
def test_a_model_gives_the_colours_of_the_picture(look):
    data = export(7, to="onnx", **look)
    at = points()
    got = run(data, at)
    program = standing(prepare("7", moving=True, **look), encoded=True)
    inputs = {"x": at[:, 0].astype(float), "y": at[:, 1].astype(float), "t": 0.0}
    inputs = {name: inputs.get(name, 2 / 1024) for name in program.input_names}
    expected = evaluate(program, inputs)
    assert got.shape == (len(at), 4 if look.get("transparent") else 3)
    # at the edge of a line that is as sharp as a pixel, float32 cannot place the point within it
    error = np.abs(got - expected).max(1)
    assert np.quantile(error, 0.995) <= 1e-4
    assert error.max() <= 1e-3


def test_time_and_the_size_of_a_pixel_may_be_given():
    look = {"style": "ripples", "finish": "contour", "time": 0.25}
    data = export(7, to="onnx", **look)
    required = [given.name for given in session(data).get_inputs()]
    optional = [given.name for given in session(data).get_overridable_initializers()]
    assert required == ["points"]
    assert set(optional) >= {"t", "pixel"}
    program = prepare("7", moving=True, **look).picture.program()
    z = prepare("7", style="ripples").drawn.latent
    at = points(300)
    got = run(data, at, t=0.5, pixel=0.01)
    x, y = at.T.astype(float)
    light = evaluate(program, {"x": x, "y": y, "t": 0.75, "z": z, "pixel": 0.01})
    shown = evaluate(_encoding(), {"x": light.ravel()}).reshape(light.shape)
    np.testing.assert_allclose(got, shown, atol=1e-3)


def _encoding():
    b = Builder(x=1)
    return b.build(y=b.map(b["x"], "srgb"))


@pytest.mark.parametrize("count", [0, 1, 7])
def test_there_may_be_any_number_of_points(count):
    data = export(7, to="onnx", style="plume")
    assert run(data, points(count)).shape == (count, 3)


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.name)
def test_every_activation_is_a_model(entry):
    b = Builder(x=1, y=1)
    mixed = b.affine([b["x"], b["y"]], np.eye(2), 0, [entry.name, "identity"])
    x = samples(entry.name)
    x = x[np.abs(x) < 60]
    at = np.stack([x, x], 1).astype(np.float32)
    got = run(made(b.build(a=mixed[0], b=mixed[1])), at)
    exact = evaluate(b.build(a=mixed[0]), {"x": at[:, 0].astype(float), "y": 0.0})[:, 0]
    np.testing.assert_allclose(got[:, 0], exact, rtol=2e-4, atol=2e-5)
    np.testing.assert_array_equal(got[:, 1], at[:, 1])


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize(
    ("resolution", "rows"), [((5,), 5), ((4, 3), 12), ((9, 8), 16), ((3, 2, 4), 24), ((8,) * 4, 64)]
)
def test_every_kind_of_grid_is_a_model(resolution, rows, wrap, smooth):
    random = np.random.default_rng(1)
    b = Builder(x=1, y=1)
    axes = b.affine([b["x"], b["y"]], random.normal(size=(len(resolution), 2)))
    table = random.uniform(-1, 1, (rows, 6)).astype(np.float32)
    values = b.grid(axes, table, resolution, wrap=wrap, smooth=smooth)
    program = b.build(**{f"v{i}": value for i, value in enumerate(values)})
    at = 1.5 * points(400)
    x, y = at.T.astype(float)
    np.testing.assert_allclose(
        run(made(program), at), evaluate(program, {"x": x, "y": y}), atol=1e-4
    )


def test_products_constants_and_inputs_themselves_may_be_outputs():
    b = Builder(x=1, y=1, t=1)
    h = b.affine([b["x"], b["y"], b["x"]], [[1, 2, 3], [0, 0, 0]], [0.5, 7], ["sin", "one"])
    product = b.product([h[:1], b["t"]], [b["y"], h[1:]])
    program = b.build(
        a=product[0], b=product[1], c=b["y"], d=b.constant(0.25), e=b["t"], f=b["x"], g=h[1]
    )
    at = points(50)
    got = run(made(program, t=3.0), at)
    x, y = at.T
    columns = [np.sin(4 * x + 2 * y + 0.5) * y, 0 * x + 3, y, 0 * x + 0.25, 0 * x + 3, x, 0 * x + 1]
    np.testing.assert_allclose(got, np.stack(columns, 1), atol=1e-6)


def test_a_model_says_what_it_is_and_holds_the_recipe():
    model = onnx.load_from_string(export(7, to="onnx", style="plume", palette="dusk"))
    onnx.checker.check_model(model, full_check=True)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 18)]
    assert (model.producer_name, model.doc_string) == ("cppnart", "7: plume, dusk")
    assert "points (N, 2)" in model.graph.doc_string
    (kept,) = [entry.value for entry in model.metadata_props if entry.key == "cppnart"]
    assert parse_recipe(kept).palette is not None
    shape = model.graph.output[0].type.tensor_type.shape.dim
    assert [dim.dim_param or dim.dim_value for dim in shape] == ["N", 3]


def test_equal_pictures_are_equal_files():
    assert export(7, to="onnx", style="plume") == export(7, to="onnx", style="plume")


def test_an_activation_that_has_no_form_is_refused_by_name(monkeypatch):
    odd = Activation("odd", lambda m, x: m.arcsinh(x), "asinh(x)")
    monkeypatch.setitem(activations.ACTIVATIONS, "odd", odd)
    b = Builder(x=1, y=1)
    with pytest.raises(ValueError, match="activation 'odd' cannot be a model yet: it uses arcsinh"):
        made(b.build(v=b.map(b["x"], "odd")))


def test_inputs_of_several_values_are_refused():
    b = Builder(x=1, y=1, z=3)
    with pytest.raises(ValueError, match="input 'z' has 3 values: expected it to be bound"):
        made(b.build(v=b["z"][0]))


def test_without_the_package_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"pip install 'cppnart\[onnx\]'"):
        export(7, to="onnx", style="plume")
