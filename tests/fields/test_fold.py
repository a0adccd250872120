import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cppnart.fields import fold, numpy_backend
from cppnart.fields.program import Affine, Builder, Grid, Product, Program

from .strategies import points_of, programs, seeds


def kinds(program: Program) -> list[str]:
    return [type(operation).__name__ for operation in program.operations]


@given(programs(), st.data(), seeds)
@settings(max_examples=150)
def test_a_bound_program_is_the_program_at_those_constants(program, data, seed):
    names = data.draw(st.sets(st.sampled_from(program.input_names)))
    inputs = {name: a.astype(np.float64) for name, a in points_of(program, 40, seed).items()}
    random = np.random.default_rng(seed)
    constants = {
        name: random.uniform(-1, 1, width) for name, width in program.inputs if name in names
    }
    bound = fold.bind(program, **constants)
    assert bound.input_names == tuple(n for n in program.input_names if n not in names)
    assert bound.output_names == program.output_names
    # a folded bias is rounded to float32: one of 9 at the slope 6 of a square wave moves the
    # result by 1.6e-6, everything else by less than 1e-6 of values in [-1, 1]
    expected = numpy_backend.evaluate(program, inputs | constants)
    got = numpy_backend.evaluate(bound, {n: inputs[n] for n in bound.input_names})
    np.testing.assert_allclose(np.broadcast_to(got, expected.shape), expected, atol=3e-6)


@given(programs(), st.data())
@settings(max_examples=100)
def test_a_pruned_program_computes_the_same(program, data):
    names = data.draw(st.lists(st.sampled_from(program.output_names), min_size=1, unique=True))
    pruned = fold.pruned(program, names)
    assert pruned.output_names == tuple(names)
    assert pruned.inputs == program.inputs
    inputs = points_of(program, 20)
    columns = [program.output_names.index(name) for name in names]
    np.testing.assert_allclose(
        numpy_backend.evaluate(pruned, inputs),
        numpy_backend.evaluate(program, inputs)[:, columns],
        atol=1e-12,
    )
    # every value that is left is needed, and pruning again finds nothing
    assert fold.needed(pruned, pruned.output_values)[pruned.input_size :].all()
    again = fold.pruned(pruned)
    assert [op.size for op in again.operations] == [op.size for op in pruned.operations]


def test_a_latent_becomes_part_of_the_biases():
    b = Builder(x=1, y=1, z=3)
    weight = np.arange(10).reshape(2, 5)
    h = b.affine([b["x"], b["y"], b["z"]], weight, [0.5, 0.25], "tanh")
    bound = fold.bind(b.build(v=h[0], w=h[1]), z=[1, 10, 100])
    (operation,) = bound.operations
    assert isinstance(operation, Affine)
    np.testing.assert_array_equal(operation.weight, [[0, 1], [5, 6]][:2])
    np.testing.assert_array_equal(operation.bias, [432.5, 987.25])
    assert operation.activations == ("tanh", "tanh")


def test_what_depends_on_constants_only_is_computed_once_and_for_all():
    b = Builder(x=1, t=1)
    turn = b.map([b["t"], b["t"]], ["sin", "cos"], 2 * np.pi, [0.0, 0.0])
    wave = b.affine(turn, [[1, 1], [0, 2]], 0.5, ["exp", "square"])
    look = b.grid(wave[:1], [[0.0], [1.0], [4.0]], (3,), wrap=True, smooth=True)
    both = b.product(look, wave[1:])
    bound = fold.bind(b.build(v=b.affine([b["x"], both], [[1, 1]], None, "tanh")), t=1 / 3)
    assert kinds(bound) == ["Affine"]
    (operation,) = bound.operations
    assert operation.weight.tolist() == [[1]]


def test_a_product_with_a_constant_becomes_part_of_the_weights():
    b = Builder(x=1, y=1, k=2)
    scaled = b.product(b["k"], np.array([0, 1]))
    cubed = b.product(scaled, b.product(scaled, [b["x"], b["y"]]))
    program = b.build(v=b.affine(cubed, [[1, 1]]), w=scaled[0])
    bound = fold.bind(program, k=[2, 3])
    inputs = {"x": np.array([1.0, 2]), "y": np.array([3.0, 5])}
    got = numpy_backend.evaluate(bound, inputs)
    expected = 4 * inputs["x"] ** 3 + 9 * inputs["y"] ** 3
    np.testing.assert_allclose(got, np.stack([expected, 2 * inputs["x"]], 1))
    assert kinds(bound) == ["Product", "Product", "Affine", "Affine"]
    assert bound.operations[2].weight.tolist() == [[4, 9]]


def test_a_product_with_zero_takes_what_it_gates_along():
    b = Builder(x=1, gate=1)
    heavy = b.affine(b["x"], np.ones((50, 1)), None, "sin")
    gated = b.product(b.affine(heavy, np.ones((1, 50))), b["gate"])
    bound = fold.bind(b.build(v=b.combine((1, gated), (3, b["x"]))), gate=0)
    assert (kinds(bound), bound.size) == (["Affine"], 2)
    assert bound.inputs == (("x", 1),)


def test_a_unit_that_is_always_one_is_a_constant():
    b = Builder(x=1)
    ones = b.map(b["x"], "one")
    bound = fold.bind(b.build(v=b.affine([b["x"], ones], [[2, 3]])))
    (operation,) = bound.operations
    assert (operation.weight.tolist(), operation.bias.tolist()) == ([[2]], [3])


def test_constant_outputs_are_values_without_sources():
    b = Builder(x=1, z=2)
    program = b.build(x=b["x"], a=b["z"][0], b=b["z"][1], c=b.constant(7.0), d=b["z"][0])
    bound = fold.bind(program, z=[7, 8])
    (operation,) = bound.operations
    assert operation.sources.tolist() == []
    assert operation.bias.tolist() == [7, 8]
    got = numpy_backend.evaluate(bound, {"x": [1.0, 2.0]})
    np.testing.assert_array_equal(got, [[1, 7, 8, 7, 7], [2, 7, 8, 7, 7]])


def test_with_every_input_bound_nothing_is_left_but_constants():
    b = Builder(x=1)
    bound = fold.bind(b.build(v=b.map(b["x"], "cos")), x=np.pi)
    assert bound.inputs == ()
    np.testing.assert_array_equal(numpy_backend.evaluate(bound, {}), [[-1]])


def test_binding_nothing_changes_no_number_of_a_program_without_constants():
    b = Builder(x=1, y=1)
    h = b.affine([b["x"], b["y"]], np.random.default_rng(0).normal(size=(8, 2)), 0.1, "tanh")
    h = b.affine(h, np.random.default_rng(1).normal(size=(8, 8)), 0.1, "sin")
    program = b.build(v=b.product(h[0], h[1]), **{f"v{i}": value for i, value in enumerate(h)})
    for a, c in zip(fold.bind(program).operations, program.operations, strict=True):
        for name in ("sources", "weight", "bias", "left", "right"):
            if hasattr(a, name):
                np.testing.assert_array_equal(getattr(a, name), getattr(c, name))


def test_pruning_drops_units_products_and_channels():
    b = Builder(x=1, y=1)
    g = b.grid([b["x"], b["y"]], np.arange(36).reshape(12, 3), (3, 4))
    h = b.affine(g, np.eye(3), None, ["tanh", "sin", "cos"])
    p = b.product(h, g)
    unused = b.affine(p, np.ones((100, 3)))
    program = b.build(v=p[1], other=unused[0])
    pruned = fold.pruned(program, ["v"])
    grid, affine, product = pruned.operations
    assert isinstance(grid, Grid)
    assert isinstance(product, Product)
    np.testing.assert_array_equal(grid.table[:, 0], np.arange(1, 36, 3))
    assert affine.activations == ("sin",)
    assert (grid.size, affine.size, product.size, affine.sources.tolist()) == (1, 1, 1, [2])


def test_weights_of_zero_read_nothing():
    b = Builder(x=1, y=1)
    h = b.map([b["x"], b["y"]], "tanh")
    program = b.build(v=b.affine(h, [[0, 1], [1, 0]])[0])
    pruned = fold.pruned(program)
    assert pruned.size == 2 + 1 + 1
    np.testing.assert_array_equal(
        fold.needed(program, [4]), [False, True, False, True, True, False]
    )


@pytest.mark.parametrize(
    ("constants", "message"),
    [
        ({"w": 1}, "there is no input 'w': expected among x, z"),
        ({"z": [1, 2, 3]}, r"input 'z': takes 2 values, not \(3,\)"),
        ({"z": [[1, 2]]}, r"input 'z': takes 2 values, not \(1, 2\)"),
        ({"x": np.nan}, "input 'x': expected finite numbers"),
        ({"z": [0, np.inf]}, "input 'z': expected finite numbers"),
        ({"x": 1e30}, "not finite in float32"),
    ],
)
def test_constants_that_do_not_fit_are_refused(constants, message):
    b = Builder(x=1, z=2)
    v = b.map(b["x"], "square")
    program = b.build(v=b.affine([v, b["z"]], [[1, 1, 1]]))
    with pytest.raises(ValueError, match=message):
        fold.bind(program, **constants)


def test_an_unknown_output_is_refused():
    b = Builder(x=1)
    with pytest.raises(ValueError, match="there is no output 'w': expected among v"):
        fold.pruned(b.build(v=b["x"]), ["w"])
