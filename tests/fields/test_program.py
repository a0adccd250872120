import numpy as np
import pytest
from hypothesis import given

from cppnart.fields import numpy_backend
from cppnart.fields.program import Affine, Builder, Grid, Product, Program, renumbered

from .strategies import points_of, programs

X = (("x", 1),)
NONE = np.zeros(0, np.int64)


def unit(source: int = 0, activation: str = "tanh") -> Affine:
    return Affine([source], [[1.0]], [0.0], (activation,))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Affine([[0]], [[1]], [0], ("tanh",)), "sources: expected a list of value numbers"),
        (lambda: Affine([0.5], [[1]], [0], ("tanh",)), "sources: expected a list of value numbers"),
        (lambda: Affine([0], [1], [0], ("tanh",)), "weight: expected 2 dimensions, not 1"),
        (lambda: Affine([0], [[1]], 0, ("tanh",)), "bias: expected 1 dimensions, not 0"),
        (
            lambda: Affine([0], [[np.nan]], [0], ("tanh",)),
            "weight: has a number that is not finite",
        ),
        (lambda: Affine([0], [[1]], [np.inf], ("tanh",)), "bias: has a number that is not finite"),
        (lambda: Affine([0], [[1e39]], [0], ("tanh",)), "not finite in float32"),
        (lambda: Affine([0, 1], [[1]], [0], ("tanh",)), "do not fit together"),
        (lambda: Affine([0], [[1]], [0, 0], ("tanh",) * 2), "do not fit together"),
        (lambda: Affine([0], [[1]], [0], ("tanh",) * 2), "do not fit together"),
        (lambda: Affine([0], [[1]], [0], ("exec",)), "unknown activation 'exec'"),
        (lambda: Product([0, 0], [0]), "product: 2 values times 1"),
        (lambda: Product([0], ["0"]), "right: expected a list of value numbers"),
        (lambda: Grid([0], [[1], [2]], (2, 2)), "grid: 1 coordinates for resolution"),
        (lambda: Grid(NONE, np.ones((1, 1)), ()), "grid: 0 coordinates for resolution"),
        (lambda: Grid([0] * 5, np.ones((32, 1)), (2,) * 5), "grid: 5 coordinates"),
        (lambda: Grid([0], [[1]], (1,)), r"resolution \(1,\): expected 2 or more a side"),
        (lambda: Grid([0], [[1]], (1 << 25,)), "expected 2 or more a side"),
        (lambda: Grid([0], [[1], [2], [3]], (2,)), "a table of 3 entries"),
        (lambda: Grid([0], [[1]] * 3, (4,)), "expected 4, or a smaller power of two"),
        (lambda: Grid([0], np.zeros((2, 0)), (2,)), "a table of 2 entries"),
        (lambda: Grid([0], np.zeros((0, 1)), (2,)), "a table of 0 entries"),
        (lambda: Grid([0], [[1], [np.nan]], (2,)), "table: has a number that is not finite"),
        (lambda: Program((("X", 1),), (), (("v", 0),)), "name 'X': expected lower-case letters"),
        (lambda: Program(X, (), (("a b", 0),)), "name 'a b': expected lower-case letters"),
        (lambda: Program(X, (), (("a" * 33, 0),)), "expected lower-case letters"),
        (lambda: Program(X, (), (("v\n", 0),)), "expected lower-case letters"),
        (lambda: Program((*X, *X), (), (("v", 0),)), "each may be used once"),
        (lambda: Program(X, (), (("v", 0), ("v", 0))), "each may be used once"),
        (lambda: Program((("x", 0),), (), (("v", 0),)), "each has 1 to 4096 values"),
        (lambda: Program((("x", 4097),), (), (("v", 0),)), "each has 1 to 4096 values"),
        (lambda: Program(X, (unit(),), ()), "needs at least one output"),
        (lambda: Program(X, (unit(1),), (("v", 1),)), "operation 0: reads a value that does not"),
        (lambda: Program(X, (unit(), unit(-1)), (("v", 1),)), "operation 1: reads a value"),
        (lambda: Program(X, (Product([], []),), (("v", 0),)), "operation 0: makes no value"),
        (lambda: Program(X, (unit(),), (("v", 2),)), "output 'v': there is no value 2"),
        (lambda: Program(X, (unit(),), (("v", -1),)), "output 'v': there is no value -1"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(make, message):
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n" not in str(error.value)


def test_a_program_that_is_too_large_is_refused():
    big = Product(np.zeros(1 << 19, np.int64), np.zeros(1 << 19, np.int64))
    with pytest.raises(ValueError, match=r"1048577 values and 0 parameters is too large"):
        Program(X, (big, big), (("v", 0),))
    table = np.broadcast_to(np.float32(0), (1 << 16, 4096))
    table.flags.writeable = False
    many = Grid([0], table, (1 << 16,))
    Program(X, (many,), (("v", 0),))
    with pytest.raises(ValueError, match="536870912 parameters is too large"):
        Program(X, (many, many), (("v", 0),))


def test_the_example_of_the_builder_is_the_bell_of_the_radius():
    b = Builder(x=1, y=1)
    r2 = b.affine(b.map([b["x"], b["y"]], "square"), [[1, 1]])
    program = b.build(value=b.map(r2, "bell"))
    x, y = np.array([0.0, 0.5]), np.array([0.0, -1.0])
    got = numpy_backend.evaluate(program, {"x": x, "y": y})
    np.testing.assert_allclose(got[:, 0], np.exp(-((x**2 + y**2) ** 2)))


def test_an_activation_of_its_own_for_every_unit():
    b = Builder(x=1)
    h = b.affine(b["x"], [[1], [2], [1]], [0, 1, 0], ["sin", "identity", "square"])
    program = b.build(a=h[0], b=h[1], c=h[2])
    x = np.linspace(-2, 2, 9)
    got = numpy_backend.evaluate(program, {"x": x})
    np.testing.assert_allclose(got, np.stack([np.sin(x), 2 * x + 1, x * x], 1))


def test_products_constants_and_sums():
    b = Builder(x=1, z=3)
    p = b.product(b["z"], b["x"])
    s = b.combine((2.0, p), (-1.0, b.constant(1.0)), bias=0.5)
    program = b.build(a=s[0], b=s[1], c=s[2])
    got = numpy_backend.evaluate(program, {"x": [2.0, 3.0], "z": [1.0, 10.0, 100.0]})
    np.testing.assert_allclose(got, [[3.5, 39.5, 399.5], [5.5, 59.5, 599.5]])


def test_a_grid_has_its_entries_at_its_corners_and_is_linear_between():
    b = Builder(x=1, y=1)
    table = np.arange(12).reshape(12, 1)
    program = b.build(v=b.grid([b["x"], b["y"]], table, (3, 4)))
    x, y = np.meshgrid(np.linspace(0, 1, 3), np.linspace(0, 1, 4), indexing="ij")
    got = numpy_backend.evaluate(program, {"x": x.ravel(), "y": y.ravel()})
    np.testing.assert_allclose(got[:, 0], np.arange(12), atol=1e-12)
    # the table is linear in both coordinates, so the look-up is 8 x + 3 y; outside the border
    random = np.random.default_rng(0).uniform(-0.5, 1.5, (100, 2))
    got = numpy_backend.evaluate(program, {"x": random[:, 0], "y": random[:, 1]})
    inside = np.clip(random, 0, 1)
    np.testing.assert_allclose(got[:, 0], inside @ [8, 3], atol=1e-12)


def test_a_wrapping_grid_has_period_one():
    b = Builder(x=1)
    program = b.build(v=b.grid(b["x"], [[1], [2], [4]], (3,), wrap=True, smooth=True))
    x = np.array([0, 1 / 3, 2 / 3, 5 / 6])
    for period in (-2, 0, 1):
        got = numpy_backend.evaluate(program, {"x": x + period})[:, 0]
        np.testing.assert_allclose(got, [1, 2, 4, 2.5], atol=1e-9)


def test_a_hashed_grid_is_addressed_as_published():
    b = Builder(x=1, y=1)
    random = np.random.default_rng(0)
    table = random.normal(size=(16, 2)).astype(np.float32)
    h = b.grid([b["x"], b["y"]], table, (101, 101))
    program = b.build(u=h[0], v=h[1])
    cells = random.integers(0, 101, (50, 2))
    got = numpy_backend.evaluate(program, {"x": cells[:, 0] / 100, "y": cells[:, 1] / 100})
    for (i, j), row in zip(cells.tolist(), got, strict=True):
        np.testing.assert_allclose(row, table[(i ^ (j * 2654435761)) % 16], atol=1e-9)


def test_a_program_included_in_another_is_their_composition():
    inner = Builder(u=1, v=1)
    inside = inner.build(sum=inner.affine([inner["u"], inner["v"]], [[1, 1]]), v=inner["v"])
    outer = Builder(x=1, v=1)
    got = outer.include(inside, u=outer.map(outer["x"], "square"))
    again = outer.include(inside, u=got["sum"], v=got["v"])
    program = outer.build(once=got["sum"], twice=again["sum"], v=again["v"])
    values = numpy_backend.evaluate(program, {"x": [3.0], "v": [2.0]})
    np.testing.assert_allclose(values, [[11, 13, 2]])
    with pytest.raises(ValueError, match="input 'u': takes 1 values, not 2"):
        outer.include(inside, u=[outer["x"], outer["v"]])


def test_arrays_of_a_program_are_its_own_and_cannot_be_changed():
    weight = np.ones((1, 1), np.float32)
    operation = Affine([0], weight, [0], ("tanh",))
    weight[0] = 5
    assert operation.weight[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        operation.weight[0] = 2
    with pytest.raises(AttributeError):
        operation.bias = np.zeros(1)


def test_names_sizes_and_parameters():
    b = Builder(x=1, z=4)
    h = b.affine([b["x"], b["z"]], np.ones((3, 5)))
    g = b.grid(h[:1], np.ones((8, 2)), (8,))
    program = b.build(a=b.product(h[:2], g)[0], b=h[2])
    assert program.input_names == ("x", "z")
    assert program.output_names == ("a", "b")
    assert (program.input_size, program.size) == (5, 5 + 3 + 2 + 2)
    assert program.output_values.tolist() == [10, 7]
    assert program.parameters == 3 * 5 + 3 + 16


def test_an_output_may_be_one_value_number_or_an_array_of_one():
    b = Builder(x=1, y=1)
    assert b.build(a=1, b=b["y"], c=b["y"][0]).output_values.tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="size 2"):
        b.build(a=np.array([0, 1]))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"x": [0.0]}, r"unknown: \[\], missing: \['z'\]"),
        ({"x": [0.0], "z": [0, 0], "w": 1}, r"inputs x, z; unknown: \['w'\], missing: \[\]"),
        ({"x": [0.0, 1], "z": np.zeros((3, 2))}, r"inputs of different lengths: \[2, 3\]"),
        ({"x": [0.0], "z": np.zeros(3)}, r"input 'z' of shape \(3,\): expected \(1, 2\)"),
        ({"x": np.zeros((2, 2)), "z": [0, 0]}, r"input 'x' of shape \(2, 2\): expected \(2, 1\)"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(inputs, message):
    b = Builder(x=1, z=2)
    program = b.build(v=b["x"])
    with pytest.raises(ValueError, match=message):
        numpy_backend.evaluate(program, inputs)


def test_inputs_come_as_columns_as_lists_and_as_constants():
    b = Builder(x=1, z=2)
    program = b.build(a=b["x"], b=b["z"][0], c=b["z"][1])
    expected = [[1, 8, 9], [2, 8, 9]]
    for inputs in (
        {"x": [1, 2], "z": [8, 9]},
        {"x": np.array([[1], [2]]), "z": np.array([[8, 9], [8, 9]])},
        {"x": [1, 2], "z": np.array([[8, 9]])},
    ):
        np.testing.assert_array_equal(numpy_backend.evaluate(program, inputs), expected)
    np.testing.assert_array_equal(numpy_backend.evaluate(program, {"x": 1, "z": 3}), [[1, 3, 3]])
    assert numpy_backend.evaluate(program, {"x": np.zeros(0), "z": 3}).shape == (0, 3)


@given(programs())
def test_renumbering_by_nothing_changes_nothing(program):
    same = Program(
        program.inputs,
        tuple(renumbered(op, np.arange(program.size)) for op in program.operations),
        program.outputs,
    )
    points = points_of(program, 5)
    np.testing.assert_array_equal(
        numpy_backend.evaluate(same, points), numpy_backend.evaluate(program, points)
    )
