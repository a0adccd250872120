"""Networks against the formulas of their papers, written out in complex or plain numpy."""

import inspect

import numpy as np
import pytest
import torch
from torch import nn

from cppnart.fields import numpy_backend
from cppnart.fields.networks import (
    NETWORKS,
    Network,
    finer,
    fourier,
    gauss,
    grid,
    lucid,
    mfn,
    relu,
    siren,
    wire,
)
from cppnart.fields.networks.trained import trainable
from cppnart.fields.program import Affine, Grid

XY = {"x": 1, "y": 1}
RGB = ("red", "green", "blue")
POINTS = np.random.default_rng(9).uniform(-1, 1, (300, 2))


def random() -> np.random.Generator:
    return np.random.default_rng(4)


def values_of(network: Network, points: np.ndarray = POINTS) -> np.ndarray:
    names = network.program.input_names
    inputs = {name: points[:, i] for i, name in enumerate(names)}
    return numpy_backend.evaluate(network.program, inputs)


def trained(network: Network) -> list[Affine]:
    """The affine maps that learn."""
    pairs = zip(network.program.operations, network.rates, strict=True)
    return [o for o, rate in pairs if rate and isinstance(o, Affine)]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_is_a_field_of_modest_values_and_the_same_for_a_seed(name):
    network = NETWORKS[name](XY, RGB, random())
    assert network.program.input_names == ("x", "y")
    assert network.program.output_names == RGB
    assert len(network.rates) == len(network.program.operations)
    values = values_of(network)
    assert np.isfinite(values).all()
    assert np.abs(values).max() < 5
    np.testing.assert_array_equal(values, values_of(NETWORKS[name](XY, RGB, random())))
    one = NETWORKS[name]({"t": 1}, ("level",), random())
    assert values_of(one, POINTS[:, :1]).shape == (300, 1)
    assert "random" in inspect.signature(NETWORKS[name]).parameters


def test_relu_layers_are_the_usual_ones():
    network = relu(XY, RGB, random(), width=16, depth=2)
    *layers, last = trained(network)
    h = POINTS
    for layer in layers:
        h = np.maximum(h @ layer.weight.T.astype(float) + layer.bias, 0)
    out = 1 / (1 + np.exp(-(h @ last.weight.T + last.bias)))
    np.testing.assert_allclose(values_of(network), out, atol=1e-12)


def test_gaussian_features_are_sines_and_cosines_of_two_pi_b_v():
    network = fourier(XY, RGB, random(), features=64, sigma=10.0, width=8, depth=1)
    encoding = network.program.operations[0]
    assert network.rates[0] == 0  # B stays
    assert fourier(XY, RGB, random(), learned=True).rates[0] == 1
    b = encoding.weight[:64].astype(float) / np.pi
    assert b.std() == pytest.approx(10, rel=0.15)
    v = (POINTS + 1) / 2
    sums = POINTS @ encoding.weight.T.astype(float) + encoding.bias
    angle = 2 * np.pi * v @ b.T
    np.testing.assert_allclose(np.sin(sums[:, :64]), np.sin(angle), atol=2e-4)
    np.testing.assert_allclose(np.cos(sums[:, 64:]), np.cos(angle), atol=2e-4)
    assert encoding.activations == ("sin",) * 64 + ("cos",) * 64


def test_positional_features_are_powers_of_two_along_each_axis():
    network = fourier(XY, RGB, random(), features=10, sigma=4.0, encoding="positional")
    weight = network.program.operations[0].weight[:10] / np.pi
    np.testing.assert_allclose(weight[:5], np.outer([1, 2, 4, 8, 16], [1, 0]), rtol=1e-6)
    np.testing.assert_allclose(weight[5:], np.outer([1, 2, 4, 8, 16], [0, 1]), rtol=1e-6)
    with pytest.raises(ValueError, match="expected gaussian or positional"):
        fourier(XY, RGB, random(), encoding="wavelet")


def test_siren_is_as_its_paper_draws_it():
    network = siren(XY, RGB, random(), width=256, depth=4, omega=30.0)
    *sines, last = trained(network)
    assert len(sines) == 4
    assert network.rates == (30.0, 30.0, 30.0, 30.0, 1.0)
    first = sines[0].weight / 30
    assert np.abs(first).max() <= 0.5
    assert first.std() == pytest.approx(0.5 / np.sqrt(3), rel=0.1)
    h = np.sin(POINTS @ sines[0].weight.T.astype(float) + sines[0].bias)
    for layer in sines[1:]:
        bound = np.sqrt(6 / 256) / 30
        assert np.abs(layer.weight / 30).max() <= bound * (1 + 1e-6)
        sums = h @ layer.weight.T.astype(float)
        # the paper's theorem: before the biases, sums are standard normal
        assert sums.std() == pytest.approx(1.0, abs=0.1)
        h = np.sin(sums + layer.bias)
        assert h.std() == pytest.approx(0.68, abs=0.08)
    np.testing.assert_allclose(values_of(network), h @ last.weight.T + last.bias, atol=1e-10)


def test_finer_is_a_sine_whose_frequency_grows():
    network = finer(XY, RGB, random(), width=32, depth=2, omega=30.0, first_bias=5.0)
    *layers, last = trained(network)
    assert np.abs(layers[0].bias).max() > 4
    h = POINTS
    for layer in layers:
        z = h @ layer.weight.T.astype(float) + layer.bias
        h = np.sin(30 * (np.abs(z) + 1) * z)
    np.testing.assert_allclose(values_of(network), h @ last.weight.T + last.bias, atol=1e-9)


def test_gauss_is_a_bell_of_every_sum():
    network = gauss(XY, RGB, random(), width=32, depth=2, scale=10.0)
    *layers, last = trained(network)
    h = POINTS
    for layer in layers:
        h = np.exp(-((h @ layer.weight.T.astype(float) + layer.bias) ** 2))
        assert np.abs(layer.weight).max() <= 10 / np.sqrt(layer.weight.shape[1])
    np.testing.assert_allclose(values_of(network), h @ last.weight.T + last.bias, atol=1e-10)


def test_wire_is_a_complex_wavelet():
    omega, sigma = 20.0, 10.0
    network = wire(XY, RGB, random(), width=64, depth=3, omega=omega, sigma=sigma)
    first, *hidden, last = trained(network)
    units = len(first.bias)
    assert units == round(64 / np.sqrt(2))

    def wavelet(z: np.ndarray) -> np.ndarray:
        return np.exp(1j * omega * z - np.abs(sigma * z) ** 2)

    h = wavelet(POINTS @ first.weight.T.astype(float) + first.bias)
    assert len(hidden) == 2
    for layer in hidden:
        a, b = layer.weight[:units, :units], layer.weight[units:, :units]
        np.testing.assert_array_equal(layer.weight[units:, units:], a)
        np.testing.assert_array_equal(layer.weight[:units, units:], -b)
        weight = a.astype(float) + 1j * b
        h = wavelet(h @ weight.T + layer.bias[:units] + 1j * layer.bias[units:])
    weight = last.weight[:, :units].astype(float) - 1j * last.weight[:, units:]
    out = (h @ weight.T).real + last.bias
    np.testing.assert_allclose(values_of(network), out, atol=1e-9)


def test_multiplicative_filters_multiply_sines():
    network = mfn(XY, RGB, random(), width=16, depth=3, frequency=64.0)
    layers = trained(network)
    filters = [layer for layer in layers if layer.activations[0] == "sin"]
    *mixes, last = [layer for layer in layers if layer.activations[0] == "identity"]
    assert (len(filters), len(mixes)) == (3, 2)

    def sines(layer: Affine) -> np.ndarray:
        return np.sin(POINTS @ layer.weight.T.astype(float) + layer.bias)

    z = sines(filters[0])
    for mix, layer in zip(mixes, filters[1:], strict=True):
        assert np.abs(layer.weight).max() <= 64 / np.sqrt(3)
        z = (z @ mix.weight.T.astype(float) + mix.bias) * sines(layer)
    np.testing.assert_allclose(values_of(network), z @ last.weight.T + last.bias, atol=1e-9)


def test_grids_grow_finer_until_their_tables_are_full():
    network = grid(XY, RGB, random(), levels=6, entries=1000, coarsest=4, growth=2.0)
    tables = [o for o in network.program.operations if isinstance(o, Grid)]
    assert [o.resolution for o in tables] == [(n + 1, n + 1) for n in (4, 8, 16, 32, 64, 128)]
    assert [o.hashed for o in tables] == [False, False, False, True, True, True]
    assert {len(o.table) for o in tables if o.hashed} == {512}
    assert max(np.abs(o.table).max() for o in tables) <= 1e-4
    capped = grid(XY, RGB, random(), levels=6, coarsest=4, growth=2.0, finest=20)
    last = [o for o in capped.program.operations if isinstance(o, Grid)][-1]
    assert last.resolution == (21, 21)


def test_a_grid_covers_its_box_with_square_cells():
    network = grid(XY, RGB, random(), extent=(1.5, 1.0), levels=1, coarsest=10)
    (look_up,) = [o for o in network.program.operations if isinstance(o, Grid)]
    assert look_up.resolution == (16, 11)
    unit = network.program.operations[0]
    corners = np.array([[-1.5, -1], [1.5, 1]]) @ unit.weight.T + unit.bias
    np.testing.assert_allclose(corners, [[0, 0], [1, 1]], atol=1e-7)
    for size in (1, 3, 4):
        axes = {f"a{i}": 1 for i in range(size)}
        small = grid(axes, ("v",), random(), levels=2, coarsest=3)
        assert values_of(small, np.zeros((2, size))).shape == (2, 1)
    with pytest.raises(ValueError, match="5 dimensions"):
        grid({"p": 5}, ("v",), random())


def test_lucid_is_the_cppn_that_visualises_networks():
    network = lucid(XY, RGB, random(), start=1.0)
    *layers, last = trained(network)
    assert network.program.parameters == 8451
    h = POINTS * np.sqrt(3)
    scale = np.ones(2) * np.sqrt(3)
    for layer, columns in zip([*layers, last], network.columns.values(), strict=True):
        np.testing.assert_allclose(columns, scale)
        weight = layer.weight.astype(float) / scale
        assert weight.std() == pytest.approx(1 / np.sqrt(len(scale)), rel=0.25)
        assert np.abs(layer.bias).max() < 0.5
        sums = h @ weight.T + layer.bias
        a = np.arctan(sums)
        h, scale = np.hstack([a / 0.67, a**2 / 0.6]), np.repeat([1 / 0.67, 1 / 0.6], 24)
    np.testing.assert_allclose(values_of(network), 1 / (1 + np.exp(-sums)), atol=1e-9)
    grey = values_of(lucid(XY, RGB, random()))
    np.testing.assert_allclose(grey, np.broadcast_to(grey[0], grey.shape), atol=1e-12)


def test_lucid_learns_as_if_scaled_by_hand():
    network = lucid(XY, RGB, random(), width=6, depth=2, start=1.0)
    points = torch.from_numpy(POINTS).float()
    target = torch.sin(3 * points.sum(1, keepdim=True)).expand(-1, 3)

    linears = []
    for layer, scale in zip(trained(network), network.columns.values(), strict=True):
        linear = nn.Linear(len(scale), len(layer.bias))
        linear.weight.data = torch.from_numpy(layer.weight / scale).float()
        linear.bias.data = torch.from_numpy(layer.bias.copy())
        linears.append(linear)

    def by_hand():
        h = points * 3**0.5
        for linear in linears[:-1]:
            a = torch.atan(linear(h))
            h = torch.cat([a / 0.67, a * a / 0.6], 1)
        return torch.sigmoid(linears[-1](h))

    module, rates = trainable(network)
    assert set(rates) == dict(module.named_parameters()).keys()
    assert set(rates.values()) == {1.0}
    for values, parameters in [
        (lambda: module(points), module.parameters()),
        (by_hand, nn.ModuleList(linears).parameters()),
    ]:
        adam = torch.optim.Adam(parameters, 5e-3)
        for _ in range(30):
            adam.zero_grad()
            (values() - target).square().mean().backward()
            adam.step()
    with torch.no_grad():
        np.testing.assert_allclose(module(points), by_hand(), atol=2e-5)
    program = module.program()
    assert program.parameters == network.program.parameters
    inputs = {"x": POINTS[:, 0], "y": POINTS[:, 1]}
    with torch.no_grad():
        made = numpy_backend.evaluate(program, inputs)
        np.testing.assert_allclose(made, module(points), atol=1e-5)
