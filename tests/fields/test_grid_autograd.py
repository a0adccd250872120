"""Grids under machine code and autograd, held to plain torch and to closed forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from cppnart.fields import grid_autograd, machine_code
from cppnart.fields.derivatives import gradient, laplacian
from cppnart.fields.networks import NETWORKS
from cppnart.fields.program import Builder
from cppnart.fields.torch_backend import ProgramModule

pytest.importorskip("numba")

ODD = [0.0, 1.0, -0.0, 0.5, 0.25, 1 / 3, -1e-9, 1 + 1e-6, -0.7, 2.4, 1e30, -1e30]
LOST = [float("nan"), float("inf"), float("-inf")]


def grids(
    random: np.random.Generator,
    resolutions: list[tuple[int, ...]],
    *,
    wrap: bool = False,
    smooth: bool = False,
    rows: int | None = None,
    channels: int = 2,
) -> ProgramModule:
    """Grids that read the same coordinates, their values side by side; hashed where they have
    more entries than ``rows``."""
    b = Builder(u=len(resolutions[0]))
    outputs = {}
    for number, resolution in enumerate(resolutions):
        count = int(np.prod(resolution))
        count = rows if rows and rows < count else count
        table = random.uniform(-1, 1, (count, channels + number))
        values = b.grid(b["u"], table, resolution, wrap=wrap, smooth=smooth)
        outputs |= {f"o{len(outputs) + i}": values[i : i + 1] for i in range(len(values))}
    return ProgramModule(b.build(**outputs))


def in_plain_torch(module: ProgramModule) -> Callable[[Tensor], Tensor]:
    """The same grids by indexing, one after another."""
    return lambda points: torch.cat([grid(points) for grid in module.operations], 1)


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the machine code was called for."""
    made: list[int] = []
    compute = grid_autograd._compute

    def seen(kind: int, form: grid_autograd._Form) -> tuple[Tensor, ...]:
        made.append(kind)
        return compute(kind, form)

    monkeypatch.setattr(grid_autograd, "_compute", seen)
    return made


def slopes(outputs: Sequence[Tensor], inputs: Sequence[Tensor], back: Sequence[Tensor]) -> Any:
    """Of outputs times ``back``, to be differentiated again; 0 where nothing depends on it."""
    total = torch.stack([(o * b).sum() for o, b in zip(outputs, back, strict=True)]).sum()
    if not total.requires_grad:
        return [torch.zeros_like(i) for i in inputs]
    return torch.autograd.grad(
        total, inputs, create_graph=True, allow_unused=True, materialize_grads=True
    )


def results(
    field: Callable[[Tensor], Tensor], module: ProgramModule, points: Tensor
) -> list[Tensor]:
    """Values, and derivatives up to the third order, mixed ones too, of points and tables."""
    tables = list(module.parameters())
    random = torch.Generator().manual_seed(0)

    def like(tensor: Tensor) -> Tensor:
        drawn = torch.randn(tensor.shape, generator=random, dtype=torch.float64)
        return drawn.to(tensor.dtype).requires_grad_()

    points = points.clone().requires_grad_()
    values = field(points)
    back = like(values)
    once = slopes([values], [points, *tables], [back])
    along = like(points)
    twice = slopes(once[:1], [points, back, *tables], [along])
    learnt = slopes(once[1:], [points, back], [like(t) for t in tables])
    rest = [points, back, along, *tables]
    thrice = slopes(twice, rest, [like(t) for t in twice])
    last = slopes(learnt, rest[:2], [like(t) for t in learnt])
    return [values, *once, *twice, *learnt, *thrice, *last]


def assert_same(
    found: list[Tensor], wanted: list[Tensor], bound: float, least: float = 1.0
) -> None:
    """Up to a share of the largest value there is, or of ``least`` where that is smaller."""
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        assert a.shape == b.shape
        size = max(float(b.detach().abs().max()), least) if b.numel() else least
        assert float((a - b).detach().abs().max() if b.numel() else 0.0) <= bound * size


@st.composite
def cases(draw: st.DrawFn) -> tuple[ProgramModule, Tensor]:
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    d = draw(st.integers(1, 4))
    side = st.integers(2, {1: 40, 2: 12, 3: 7, 4: 4}[d])
    shapes = st.lists(st.tuples(*[side] * d), min_size=1, max_size=3)
    module = grids(
        random,
        draw(shapes),
        wrap=draw(st.booleans()),
        smooth=draw(st.booleans()),
        rows=draw(st.sampled_from([None, 4, 16])),
        channels=draw(st.integers(1, 3)),
    )
    points = random.uniform(-0.3, 1.3, (draw(st.sampled_from([1, 5, 300])), d))
    odd = random.random(points.shape) < 0.2
    points[odd] = random.choice(ODD, odd.sum())
    return module, torch.from_numpy(points.astype(np.float32))


@given(cases())
@settings(max_examples=100)
def test_values_and_derivatives_are_those_of_plain_torch(
    case: tuple[ProgramModule, Tensor],
) -> None:
    module, points = case
    found = results(module, module, points)
    # terms as large as the finest grid is steep cancel, in other orders here and there
    steep = float(max(max(grid.resolution) for grid in module.operations))
    assert_same(found, results(in_plain_torch(module), module, points), 2e-5, steep)


@pytest.mark.parametrize("d", [1, 2, 3, 4])
@pytest.mark.parametrize("smooth", [False, True])
def test_rounding_is_all_that_float32_loses(d: int, smooth: bool) -> None:
    random = np.random.default_rng(d)
    module = grids(random, [(9, 7, 5, 4)[:d], (4,) * d], smooth=smooth, rows=64)
    # well within cells, so that both precisions find the same ones
    cells = random.integers(0, 3, (200, d))
    points = torch.from_numpy((cells + random.uniform(0.1, 0.9, (200, d))) / 3)
    points = points[((points * 6) % 1 - 0.5).abs().amax(1) < 0.45].float()
    found = results(module, module, points)
    exact = module.double()
    assert grid_autograd.look_up(points.double(), list(exact.parameters()), []) is None
    wanted = results(exact, exact, points.double())
    assert_same([f.double() for f in found], wanted, 1e-4)


def test_plain_torch_has_the_derivatives_that_differences_show() -> None:
    random = np.random.default_rng(3)
    module = grids(random, [(4, 5), (3, 3)], smooth=True).double()
    points = torch.from_numpy(random.uniform(0.05, 0.95, (4, 2))).requires_grad_()
    tables = tuple(module.parameters())

    def values(points: Tensor, *_: Tensor) -> Tensor:
        return module(points)

    assert torch.autograd.gradcheck(values, (points, *tables))
    assert torch.autograd.gradgradcheck(values, (points, *tables))


@pytest.mark.parametrize("wrap", [False, True])
def test_points_that_are_no_numbers_have_values_and_no_slopes(wrap: bool) -> None:
    module = grids(np.random.default_rng(1), [(4, 5), (6, 3)], wrap=wrap)
    points = torch.tensor([[0.3, 0.6], *([bad, 0.6] for bad in LOST)], requires_grad=True)
    found, wanted = module(points), in_plain_torch(module)(points)
    torch.testing.assert_close(found, wanted)
    assert found.isfinite().all()
    (slopes,) = torch.autograd.grad(found.sum(), points)
    (expected,) = torch.autograd.grad(wanted.sum(), points)
    torch.testing.assert_close(slopes, expected)
    assert (slopes[1:, 0] == 0).all()


def test_no_points_teach_nothing() -> None:
    module = grids(np.random.default_rng(1), [(4, 5), (6, 3)])
    points = torch.empty(0, 2, requires_grad=True)
    values = module(points)
    assert values.shape == (0, 5)
    learnt = torch.autograd.grad(values.sum(), [points, *module.parameters()])
    assert [g.shape for g in learnt] == [points.shape, *(p.shape for p in module.parameters())]
    assert all((g == 0).all() for g in learnt)


def test_a_linear_table_is_a_linear_function() -> None:
    n = 9
    b = Builder(x=1, y=1, z=1)
    axes = np.meshgrid(*[np.linspace(0, 1, n)] * 3, indexing="ij")
    u = b.map(np.concatenate([b["x"], b["y"], b["z"]]), "identity", 0.5, 0.5)
    table = sum(k * axis.ravel() for k, axis in zip((2.0, -3.0, 0.5), axes, strict=True))
    module = ProgramModule(b.build(f=b.grid(u, np.asarray(table)[:, None], (n, n, n))))
    points = torch.rand(200, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1
    unit = points / 2 + 0.5
    plane = torch.tensor([2.0, -3.0, 0.5])
    torch.testing.assert_close(module(points)[:, 0], unit @ plane)
    slopes = gradient(module, points)
    torch.testing.assert_close(slopes, (plane / 2).expand(200, 3), atol=1e-5, rtol=0)
    curved = laplacian(module, points)
    torch.testing.assert_close(curved, torch.zeros(200, 1), atol=1e-4, rtol=0)


def test_the_laplacian_of_an_eased_cell_in_closed_form() -> None:
    b = Builder(x=1)
    table = torch.tensor([[1.0], [4.0], [2.0]], requires_grad=True)
    values = b.grid(b["x"], table.detach().numpy(), (3,), smooth=True)
    module = ProgramModule(b.build(f=values))
    x = torch.linspace(0.02, 0.98, 60)[:, None]
    cell = (x[:, 0] * 2).long()
    f = x[:, 0] * 2 - cell
    # the table's difference times (3 f^2 - 2 f^3)'' times the square of two cells a unit
    closed = (table[cell + 1, 0] - table[cell, 0]) * (6 - 12 * f) * 4
    found = laplacian(module, x)
    torch.testing.assert_close(found[:, 0], closed, atol=1e-4, rtol=1e-5)
    closed.square().sum().backward()
    found.square().sum().backward()
    (learnt,) = module.parameters()
    torch.testing.assert_close(learnt.grad, table.grad, atol=0.05, rtol=1e-4)


def test_the_same_bits_for_any_number_of_threads() -> None:
    module = grids(np.random.default_rng(0), [(5, 5, 5), (30, 30, 30), (60, 60, 60)], rows=1 << 12)
    points = torch.rand(5000, 3, generator=torch.Generator().manual_seed(1))
    threads = torch.get_num_threads()
    try:
        made = []
        for count in (1, 2, 3, 7):
            torch.set_num_threads(count)
            made.append(results(module, module, points))
    finally:
        torch.set_num_threads(threads)
    for other in made[1:]:
        for a, b in zip(made[0], other, strict=True):
            assert torch.equal(a, b)


def test_only_what_is_asked_for_is_worked_out(kinds: list[int]) -> None:
    values, spread, slopes = grid_autograd.VALUES, grid_autograd.SPREAD, grid_autograd.SLOPES
    module = grids(np.random.default_rng(0), [(5, 5), (9, 9)])
    points = torch.rand(20, 2)
    with torch.no_grad():
        module(points)
    assert kinds == [values], "all grids in one call"
    module(points).sum().backward()
    assert kinds[1:] == [values, spread]
    kinds.clear()
    module.requires_grad_(False)
    points.requires_grad_()
    module(points).sum().backward()
    assert kinds == [values, slopes]
    kinds.clear()
    module.requires_grad_(True)
    (slope,) = torch.autograd.grad(module(points).sum(), points, create_graph=True)
    assert kinds == [values, slopes]
    slope.square().sum().backward(inputs=list(module.parameters()))
    assert kinds[2:] == [spread]


def test_grids_of_other_coordinates_are_looked_up_on_their_own(kinds: list[int]) -> None:
    random = np.random.default_rng(5)
    b = Builder(x=1, y=1)
    xy, yx = np.concatenate([b["x"], b["y"]]), np.concatenate([b["y"], b["x"]])
    made = [b.grid(s, random.uniform(-1, 1, (12, 1)), (3, 4)) for s in (xy, xy, yx, xy)]
    total = b.affine(np.concatenate(made), np.ones((1, 4)), None, "identity")
    module = ProgramModule(b.build(f=total, g=made[0]))
    points = torch.rand(30, 2)
    found = module(points)
    assert len(kinds) == 3
    grids_of = [module.operations[i] for i in range(4)]
    flipped = points.flip(1)
    wanted = [grid(flipped if i == 2 else points) for i, grid in enumerate(grids_of)]
    torch.testing.assert_close(found, torch.cat([sum(wanted), wanted[0]], 1))
    assert [name for name, _ in module.named_parameters()][:2] == [
        "operations.0.table",
        "operations.1.table",
    ]


def test_without_machine_code_plain_torch_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    network = NETWORKS["grid"]({"x": 1, "y": 1}, ("f",), np.random.default_rng(0), levels=4)
    points = torch.rand(200, 2) * 2 - 1

    def slopes(module: ProgramModule) -> list[Tensor]:
        curved = laplacian(module, points)
        loss = (module(points) - 1).square().mean() + (curved + 1).square().mean() / 1e4
        return list(torch.autograd.grad(loss, list(module.parameters()), allow_unused=True))

    found = slopes(ProgramModule(network.program))
    monkeypatch.setattr(machine_code, "function", lambda *_: None)
    wanted = slopes(ProgramModule(network.program))
    for a, b in zip(found, wanted, strict=True):
        assert (a is None) == (b is None)
        if a is not None and b is not None:
            torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3 * float(b.abs().max()) + 1e-9)
