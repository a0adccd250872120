import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cppnart.fields import numpy_backend
from cppnart.fields.kernel import compile_program
from cppnart.fields.parting import part
from cppnart.fields.program import Builder

from .strategies import points_of, programs, seeds


@given(programs(), st.data(), seeds)
@settings(max_examples=150)
def test_a_parted_program_is_the_program_at_any_constants(program, data, seed):
    names = sorted(data.draw(st.sets(st.sampled_from(program.input_names))))
    parted = part(program, names)
    assert parted.program.input_names == tuple(n for n in program.input_names if n not in names)
    assert parted.program.output_names == program.output_names
    random = np.random.default_rng(seed)
    inputs = {name: a.astype(np.float64) for name, a in points_of(program, 40, seed).items()}
    for _ in range(2):
        constants = {n: random.uniform(-1, 1, w) for n, w in program.inputs if n in names}
        bound = parted.bind(**constants)
        expected = numpy_backend.evaluate(program, inputs | constants)
        got = numpy_backend.evaluate(bound, {n: inputs[n] for n in bound.input_names})
        # as for fold.bind: folded biases are rounded to float32
        np.testing.assert_allclose(np.broadcast_to(got, expected.shape), expected, atol=3e-6)


@given(programs(), st.data(), seeds)
@settings(max_examples=60)
def test_new_biases_in_the_kernels_layout_are_those_of_the_bound_program(program, data, seed):
    names = sorted(data.draw(st.sets(st.sampled_from(program.input_names))))
    parted = part(program, names)
    random = np.random.default_rng(seed)
    constants = {n: random.uniform(-1, 1, w) for n, w in program.inputs if n in names}
    layout = compile_program(parted.program)
    moved = layout.with_biases(parted.values, parted.biases(**constants))
    expected = compile_program(parted.bind(**constants))
    np.testing.assert_array_equal(moved.data, expected.data)
    np.testing.assert_array_equal(moved.code, expected.code)


def test_only_what_reads_points_is_left():
    b = Builder(x=1, z=2)
    style = b.affine(b["z"], [[1, 2], [3, 4]], 0.5, "tanh")
    h = b.affine([b["x"], style], [[1, 1, 0], [2, 0, 1]], [0.25, 0.5], "sin")
    parted = part(b.build(v=b.product(h[0], style[1]), w=style[0], u=h[1]), ["z"])
    constants, layer, product = parted.program.operations
    assert constants.size == 2  # what the product and the output read of the latent
    assert layer.weight.tolist() == [[1], [2]]
    assert product.size == 1
    assert len(parted.values) == 4
    a, c = np.tanh([1 + 2 * -1 + 0.5, 3 + 4 * -1 + 0.5])
    np.testing.assert_allclose(
        sorted(parted.biases(z=[1, -1])), sorted([a, c, a + 0.25, c + 0.5]), atol=1e-7
    )


def test_constants_that_are_unknown_missing_or_too_large_are_refused():
    b = Builder(x=1, z=1)
    program = b.build(v=b.affine([b["x"], b.map(b["z"], "square")], [[1, 1]]))
    with pytest.raises(ValueError, match=r"no input 'w': expected among x, z"):
        part(program, ["w"])
    parted = part(program, ["z"])
    with pytest.raises(ValueError, match="missing"):
        parted.biases()
    with pytest.raises(ValueError, match="not finite"):
        parted.biases(z=1e200)
