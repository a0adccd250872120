import numpy as np
import pytest
import torch
from hypothesis import given, settings

from cppnart.fields import fold, kernel, numpy_backend
from cppnart.fields.activations import TABLE
from cppnart.fields.program import Affine, Builder
from cppnart.fields.tangents import with_tangents
from cppnart.fields.torch_backend import ProgramModule

from .strategies import SMOOTH, points_of, programs


def without_grids(**options):
    return programs(names=SMOOTH, grids=False, **options)


def inputs_of(program, count=30):
    return {name: a.astype(np.float64) for name, a in points_of(program, count).items()}


@given(without_grids())
@settings(max_examples=80)
def test_tangents_are_the_limit_of_differences(program):
    made = with_tangents(program, program.output_names)
    inputs = inputs_of(program)
    got = numpy_backend.evaluate(made, inputs)
    n = len(program.outputs)
    # not closer, because constants of the program are folded into float32 biases
    np.testing.assert_allclose(got[:, :n], numpy_backend.evaluate(program, inputs), atol=5e-6)
    step = 1e-4
    for direction, name in enumerate(("x", "y")):
        ahead = numpy_backend.evaluate(program, inputs | {name: inputs[name] + step})
        behind = numpy_backend.evaluate(program, inputs | {name: inputs[name] - step})
        # derivatives are bounded by the gains of the random programs, and so are the third ones
        # that this difference leaves out, but for the square waves'
        difference = (ahead - behind) / (2 * step)
        np.testing.assert_allclose(got[:, n + direction :: 2], difference, atol=2e-5)


@given(without_grids(depth=6))
@settings(max_examples=60)
def test_tangents_are_what_torch_differentiates_to(program):
    outputs = program.output_names[-2:]
    made = with_tangents(program, outputs, ("y", "x"))
    inputs = inputs_of(program)
    tensors = {n: torch.tensor(a, requires_grad=n in ("x", "y")) for n, a in inputs.items()}
    values = ProgramModule(program).double()(**tensors)
    got = numpy_backend.evaluate(
        fold.pruned(made, made.output_names[len(program.outputs) :]), inputs
    )
    expected = []
    for name in outputs:
        total = values[:, program.output_names.index(name)].sum() + 0 * tensors["x"].sum()
        wanted = [tensors["y"], tensors["x"]]
        gradients = torch.autograd.grad(total, wanted, retain_graph=True, allow_unused=True)
        expected += [np.zeros(len(got)) if g is None else g.numpy()[:, 0] for g in gradients]
    np.testing.assert_allclose(got, np.stack(expected, 1), atol=2e-6)


def test_outputs_are_named_after_output_and_input_and_come_last():
    b = Builder(x=1, y=1, t=1)
    program = b.build(value=b.product(b["x"], b["t"]), shade=b["y"])
    made = with_tangents(program, ("shade", "value"), wrt=("t", "y"))
    names = ("value", "shade", "shade_dt", "shade_dy", "value_dt", "value_dy")
    assert made.output_names == names
    assert made.inputs == program.inputs
    got = numpy_backend.evaluate(made, {"x": [3.0], "y": [5.0], "t": [7.0]})
    np.testing.assert_array_equal(got, [[21, 5, 0, 1, 3, 0]])


@pytest.mark.parametrize("name", [entry.name for entry in TABLE if entry.slope is not None])
def test_every_activation_with_a_slope_can_be_differentiated_on_the_kernel(name):
    b = Builder(x=1, y=1)
    program = b.build(value=b.affine([b["x"], b["y"]], [[0.5, -1.25]], 0.3, name))
    made = with_tangents(program, ("value",))
    random = np.random.default_rng(0)
    inputs = {n: random.uniform(-2, 2, 300).astype(np.float32) for n in ("x", "y")}
    u = 0.5 * inputs["x"] - 1.25 * inputs["y"] + 0.3
    keep = u > 0.05 if name in ("log", "sqrt") else np.abs(u[:, None] - [0, 1]).min(1) > 0.01
    exact = {n: a[keep].astype(np.float64) for n, a in inputs.items()}
    step = 1e-6

    def shifted(name, by):
        return numpy_backend.evaluate(program, exact | {name: exact[name] + by})[:, 0]

    got = kernel.evaluate(made, {n: a[keep] for n, a in inputs.items()})
    for column, n in ((1, "x"), (2, "y")):
        difference = (shifted(n, step) - shifted(n, -step)) / (2 * step)
        np.testing.assert_allclose(got[:, column], difference, rtol=1e-4, atol=1e-4)


def test_tangents_can_be_differentiated_again():
    b = Builder(x=1, y=1)
    h = b.affine([b["x"], b["y"]], [[1, 2], [0.5, -1]], None, ["sin", "cos"])
    program = b.build(v=b.product(h[0], h[1]))
    once = with_tangents(program, ("v",))
    twice = with_tangents(once, ("v_dx", "v_dy"))
    random = np.random.default_rng(0)
    x, y = random.uniform(-1, 1, (2, 50))
    got = numpy_backend.evaluate(twice, {"x": x, "y": y})
    assert twice.output_names[3:] == ("v_dx_dx", "v_dx_dy", "v_dy_dx", "v_dy_dy")
    step = 1e-5
    for column, name in ((3, "x"), (4, "y")):
        shift = {"x": x, "y": y}
        ahead = numpy_backend.evaluate(once, shift | {name: shift[name] + step})[:, 1]
        behind = numpy_backend.evaluate(once, shift | {name: shift[name] - step})[:, 1]
        np.testing.assert_allclose(got[:, column], (ahead - behind) / (2 * step), atol=1e-6)
    np.testing.assert_allclose(got[:, 4], got[:, 5], atol=1e-6)


def test_only_what_an_output_needs_is_differentiated():
    b = Builder(x=1, y=1)
    coordinates = [b["x"], b["y"]]
    first = b.affine(coordinates, np.ones((4, 2)), None, "tanh")
    aside = b.affine(coordinates, np.ones((20, 2)), None, "rsqrt")  # has no slope, and needs none
    grid = b.grid(coordinates, np.ones((4, 1)), (2, 2))
    program = b.build(value=b.affine(first, np.ones((1, 4))), shade=aside[0], accent=grid)
    made = with_tangents(program, ("value",))
    # tanh and its slope in one map; then value and its two tangents
    affine = [op for op in made.operations if isinstance(op, Affine)]
    assert affine[0].activations == ("tanh",) * 4 + ("tanh_slope",) * 4
    assert [op.size for op in affine] == [8, 1, 1, 1, 1]


def test_what_is_straight_costs_no_product():
    b = Builder(x=1, y=1)
    h = b.affine([b["x"], b["y"]], [[1, 2], [3, 4]])
    h = b.affine(h, [[1, 1], [1, -1]])
    made = with_tangents(b.build(value=h[0], other=h[1]), ("value", "other"))
    got = numpy_backend.evaluate(made, {"x": [0.5], "y": [0.25]})
    np.testing.assert_array_equal(got[0, 2:], [4, 6, -2, -2])
    assert all(isinstance(op, Affine) for op in made.operations)
    # the tangents are constants, made by one operation without sources
    assert [op.size for op in made.operations if not len(op.sources)] == [3]


def test_a_direction_that_a_part_ignores_is_skipped():
    b = Builder(x=1, y=1)
    only_x = b.affine(b["x"], np.ones((30, 1)), None, "sin")
    program = b.build(value=b.affine(only_x, np.ones((1, 30))))
    one, both = with_tangents(program, ("value",), ("x",)), with_tangents(program, ("value",))
    assert both.size == one.size + 1  # a constant, 0
    got = numpy_backend.evaluate(both, {"x": [0.1], "y": [0.2]})
    np.testing.assert_allclose(got[0], [30 * np.sin(0.1), 30 * np.cos(0.1), 0])


def test_through_a_grid_is_refused_unless_it_does_not_move():
    b = Builder(x=1, t=1)
    still = b.grid(b["t"], [[0], [1], [5]], (3,))
    program = b.build(value=b.product(still, b["x"]))
    got = numpy_backend.evaluate(with_tangents(program, ("value",), ("x",)), {"x": 2, "t": 0.75})
    np.testing.assert_array_equal(got, [[6, 3]])
    with pytest.raises(ValueError, match="cannot differentiate through a grid"):
        with_tangents(program, ("value",), ("t",))


@pytest.mark.parametrize("name", [entry.name for entry in TABLE if entry.slope is None])
def test_an_activation_without_a_slope_is_refused_by_name(name):
    b = Builder(x=1, y=1)
    program = b.build(value=b.map(b["x"], name))
    with pytest.raises(ValueError, match=f"activation '{name}' has no slope"):
        with_tangents(program, ("value",))
    with_tangents(program, ("value",), ("y",))


def test_what_is_flat_does_not_move_what_reads_it():
    b = Builder(x=1, y=1)
    steps = b.map(b["x"], ["floor"])
    program = b.build(value=b.combine((1, b.map(steps, "rsqrt")), (2, b["y"])))
    got = numpy_backend.evaluate(with_tangents(program, ("value",)), {"x": 4.5, "y": 1})
    np.testing.assert_allclose(got, [[2.5, 0, 2]])


@pytest.mark.parametrize(
    ("outputs", "wrt", "message"),
    [
        (("v",), ("x",), "there is no output 'v': expected among value"),
        (("value",), ("t",), "cannot differentiate by 't'"),
        (("value",), ("z",), "cannot differentiate by 'z': expected an input of one value"),
        (("value",), ("y",), "output 'value_dy': the program has one of that name already"),
    ],
)
def test_names_that_do_not_fit_are_refused(outputs, wrt, message):
    b = Builder(x=1, y=1, z=2)
    program = b.build(value=b["x"], value_dy=b["y"])
    with pytest.raises(ValueError, match=message):
        with_tangents(program, outputs, wrt)
