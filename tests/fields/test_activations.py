import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cppnart.fields import activations, kernel, numpy_backend
from cppnart.fields.activations import ACTIVATIONS, NETWORK_ACTIVATIONS, NUMBER, TABLE
from cppnart.fields.program import Builder

NAMES = [entry.name for entry in TABLE]
JUMPS = {"floor": 1.0, "triangle_slope": math.pi}
"""How far apart the jumps are of those that have many."""
EPS = 2.0**-24


def samples(name: str) -> np.ndarray:
    """Numbers of every size and both signs, the usual ones more densely; none on a jump."""
    random = np.random.default_rng(NUMBER[name])
    wide = np.geomspace(1e-6, 8000, 3000) * random.choice([-1, 1], 3000)
    x = np.concatenate([wide, random.uniform(-12, 12, 5000), [0.0, 1.0, -1.0, 0.5, -0.5]])
    x = x.astype(np.float32)
    if name == "floor":
        return x[np.abs(x - np.rint(x)) > 1e-3]
    if name == "triangle_slope":
        return x[np.abs(np.cos(x.astype(float))) > 1e-3]
    return x


def allowed(name: str, x: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """How far float32 may be from float64: the bounds that kernel_math.py states, or derived
    from them where a function is made of those. x and exact are float64."""
    size = np.maximum(np.abs(exact), 1e-30)
    turn = 2e-7 + EPS * np.abs(x)  # sines: of a reduced argument, so off by the rounding of x
    rounding = 2 * EPS * size
    own = {
        "tanh": 4e-7,
        "sigmoid": 2e-7,
        "sin": turn,
        "cos": turn,
        "bell": 2e-7 + 3 * EPS,  # x^2 exp(-x^2) < 0.4 times the rounding of x^2
        "gaussian": 4e-7 + 6 * EPS,
        "softplus": 6e-7 + rounding,
        "exp": (2e-7 + EPS * np.abs(x)) * size,  # log2(e) x is rounded once
        "log": 3e-7 + 1e-7 * np.abs(exact),
        "atan": 2e-7,
        "sinc": turn / np.maximum(np.abs(x), 1) + 3 * EPS,
        "triangle": 4 * EPS + EPS * np.abs(x) * 2,
        "square_wave": 6 * turn + 2e-7,
        "staircase": turn + rounding,
        "srgb": 1e-6,
        "linear": 1e-6,
        "tanh_slope": 5e-7,
        "sigmoid_slope": 5e-7,
        "bell_slope": 1e-6,
        "sinc_slope": 3e-6,  # (cos x - sin x / x) / x cancels down to 0.3
        "square_wave_slope": 6 * (turn + 5e-7),
        "staircase_slope": turn + EPS,
    }
    return np.broadcast_to(own.get(name, rounding) + rounding, x.shape)


def alone(name: str):
    builder = Builder(x=1)
    return builder.build(value=builder.map(builder["x"], name))


@pytest.mark.parametrize("name", NAMES)
def test_float32_is_within_the_stated_bound_on_every_backend(name):
    x = samples(name)
    exact = numpy_backend.evaluate(alone(name), {"x": x.astype(np.float64)})[:, 0]
    bound = allowed(name, x.astype(np.float64), exact)
    for backend, got in {
        "kernel": kernel.evaluate(alone(name), {"x": x})[:, 0],
        "numpy": numpy_backend.evaluate(alone(name), {"x": x}, np.float32)[:, 0],
        "torch": ACTIVATIONS[name].array(torch, torch.from_numpy(x)).numpy(),
    }.items():
        error = np.abs(got.astype(np.float64) - exact)
        worst = np.argmax(error - bound)
        assert error[worst] <= bound[worst], (backend, x[worst], exact[worst], got[worst])


DENSE = ("tanh", "sigmoid", "sin", "cos", "exp", "log", "atan", "gaussian", "softplus")


@pytest.mark.parametrize("name", DENSE)
def test_the_kernels_polynomials_keep_their_bounds_at_every_argument_nearby(name):
    x = np.linspace(-12, 12, 1_200_001).astype(np.float32)
    exact = numpy_backend.evaluate(alone(name), {"x": x.astype(np.float64)}, threads=2)[:, 0]
    got = kernel.evaluate(alone(name), {"x": x}, threads=2)[:, 0]
    assert (np.abs(got - exact) <= allowed(name, x.astype(np.float64), exact)).all()


def test_the_kernels_tanh_is_odd_and_bounded_and_0_at_0():
    x = np.concatenate([np.linspace(0, 9, 90_001), np.geomspace(1e-30, 1e30, 999)], dtype="f4")
    got, mirrored = (kernel.evaluate(alone("tanh"), {"x": sign * x})[:, 0] for sign in (1, -1))
    np.testing.assert_array_equal(got, -mirrored)
    assert got[0] == 0
    assert got.max() <= 1 + 2e-7
    near = (x > 0) & (x < 1e-3)  # relative to what is small, too
    np.testing.assert_allclose(got[near], x[near], rtol=2e-6)


@pytest.mark.parametrize("name", NAMES)
def test_no_input_makes_anything_but_a_finite_number(name):
    x = np.array([0, -0.0, 1e-38, -1e-38, 1e9, -1e9, 1e18, -1e18], np.float32)
    for got in (
        kernel.evaluate(alone(name), {"x": x}),
        numpy_backend.evaluate(alone(name), {"x": x}, np.float64),
    ):
        assert np.isfinite(got).all(), got


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("tanh", math.tanh),
        ("sigmoid", lambda x: 1 / (1 + math.exp(-x))),
        ("gaussian", lambda x: 2 * math.exp(-x * x) - 1),
        ("bell", lambda x: math.exp(-x * x)),
        ("leaky_relu", lambda x: x if x > 0 else 0.01 * x),
        ("softplus", lambda x: math.log(1 + math.exp(x))),
        ("atan", math.atan),
        ("sinc", lambda x: math.sin(x) / x if x else 1.0),
        ("triangle", lambda x: math.asin(math.sin(x)) * 2 / math.pi),
        ("square_wave", lambda x: math.tanh(6 * math.sin(x))),
        ("smoothstep", lambda x: (c := min(max(x, 0), 1)) * c * (3 - 2 * c)),
        ("lorentz", lambda x: 1 / (1 + x * x)),
        ("srgb", lambda x: 1.055 * max(x, 0.0031308) ** (1 / 2.4) - 0.055 if 0.1 < x < 1 else None),
        ("linear", lambda x: ((x + 0.055) / 1.055) ** 2.4 if 0.1 < x < 1 else None),
    ],
)
def test_the_table_computes_what_its_names_say(name, formula):
    x = np.linspace(-7, 7, 1401)
    got = ACTIVATIONS[name].array(np, x)
    for at, value in zip(x, got, strict=True):
        expected = formula(float(at))
        if expected is not None:
            assert value == pytest.approx(expected, abs=1e-12)


def test_srgb_and_linear_undo_each_other_and_stay_in_range():
    x = np.linspace(-1, 2, 3001)
    there = ACTIVATIONS["srgb"].array(np, x)
    back = ACTIVATIONS["linear"].array(np, there)
    np.testing.assert_allclose(back, np.clip(x, 0, 1), atol=2e-7)
    assert there.min() == 0
    assert there.max() == pytest.approx(1)


@pytest.mark.parametrize("name", [entry.name for entry in TABLE if entry.slope is not None])
def test_a_slope_is_the_derivative(name):
    random = np.random.default_rng(1)
    x = random.uniform(-9, 9, 4000)
    corners = np.concatenate(
        [np.arange(-10, 11), np.arange(-7, 8) * math.pi / 2 if "triangle" in name else []]
    )
    x = x[np.abs(x[:, None] - corners).min(1) > 1e-3]
    if name in ("log", "sqrt"):  # the others they have only above 0
        x = x[x > 0.1]
    factor, slope = ACTIVATIONS[name].slope
    array = ACTIVATIONS[name].array
    step = 1e-5
    differences = (array(np, x + step) - array(np, x - step)) / (2 * step)
    got = factor * ACTIVATIONS[slope].array(np, x)
    np.testing.assert_allclose(got, differences, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", [entry.name for entry in TABLE if entry.slope is not None])
def test_torch_differentiates_to_the_same_slope(name):
    low = 0.01 if name in ("log", "sqrt") else -8.9
    x = torch.linspace(low, 8.9, 777, dtype=torch.float64, requires_grad=True)
    # a constant has no gradient at all for torch, so that 0 x is added
    (gradient,) = torch.autograd.grad((ACTIVATIONS[name].array(torch, x) + 0 * x).sum(), x)
    factor, slope = ACTIVATIONS[name].slope
    expected = factor * ACTIVATIONS[slope].array(torch, x.detach())
    np.testing.assert_allclose(gradient.numpy(), expected.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", NETWORK_ACTIVATIONS)
def test_what_a_network_may_use_is_continuous_and_can_be_differentiated(name):
    x = np.linspace(-9, 9, 180_001)
    assert np.abs(np.diff(ACTIVATIONS[name].array(np, x))).max() < 2e-3
    assert ACTIVATIONS[name].slope is not None


def test_network_activations_are_those_that_were_promised():
    promised = (
        "identity tanh sigmoid sin cos gaussian bell abs relu leaky_relu softplus square atan"
    )
    assert {*promised.split(), "sinc", "triangle", "square_wave"} <= set(NETWORK_ACTIVATIONS)


def test_the_waves_have_period_two_pi():
    x = np.linspace(-5, 5, 101)
    for name in ("triangle", "square_wave"):
        array = ACTIVATIONS[name].array
        np.testing.assert_allclose(array(np, x + 2 * math.pi), array(np, x), atol=1e-12)


@given(
    st.text(max_size=20).filter(lambda name: name not in ACTIVATIONS) | st.integers() | st.none()
)
def test_an_unknown_activation_is_refused_with_the_known_ones(name):
    with pytest.raises(ValueError, match=r"unknown activation .*: expected one of identity, tanh"):
        activations.get(name)


def test_an_activation_is_found_by_its_name():
    assert all(activations.get(name).name == name for name in NAMES)
    assert len(NAMES) == len(set(NAMES))
