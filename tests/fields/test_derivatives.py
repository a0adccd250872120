import numpy as np
import pytest
import torch
from hypothesis import given, settings

from cppnart.fields.derivatives import divergence, gradient, jacobian, laplacian
from cppnart.fields.torch_backend import ProgramModule

from .strategies import SMOOTH, programs, seeds


def points(count: int = 20, size: int = 2) -> torch.Tensor:
    random = np.random.default_rng(count + size)
    return torch.from_numpy(random.uniform(-1, 1, (count, size)))


def waves(p: torch.Tensor) -> torch.Tensor:
    x, y = p.unbind(1)
    return torch.stack([torch.sin(3 * x) * y**2, x * y + y**3], 1)


def test_the_jacobian_has_a_row_for_each_value():
    p = points()
    x, y = p.unbind(1)
    closed = torch.stack(
        [
            torch.stack([3 * torch.cos(3 * x) * y**2, 2 * torch.sin(3 * x) * y], 1),
            torch.stack([y, x + 3 * y**2], 1),
        ],
        1,
    )
    torch.testing.assert_close(jacobian(waves, p), closed)


def test_the_gradient_of_one_value():
    p = points()
    torch.testing.assert_close(gradient(lambda q: waves(q)[:, :1], p), jacobian(waves, p)[:, 0])
    with pytest.raises(ValueError, match="2 values has a jacobian"):
        gradient(waves, p)


def test_the_divergence_of_a_vector_field():
    p = points()
    x, y = p.unbind(1)
    closed = 3 * torch.cos(3 * x) * y**2 + x + 3 * y**2
    torch.testing.assert_close(divergence(waves, p), closed[:, None])
    with pytest.raises(ValueError, match="1 values in 2 dimensions"):
        divergence(lambda q: waves(q)[:, :1], p)


def test_the_laplacian_is_the_divergence_of_the_gradient():
    p = points(size=3)

    def well(q: torch.Tensor) -> torch.Tensor:
        return torch.exp(-(q**2).sum(1, keepdim=True))

    r2 = (p**2).sum(1, keepdim=True)
    closed = (4 * r2 - 6) * torch.exp(-r2)
    torch.testing.assert_close(laplacian(well, p), closed)
    torch.testing.assert_close(divergence(lambda q: gradient(well, q), p), closed)


def test_a_plane_and_a_constant_have_no_laplacian():
    p = points()
    plane = p.new_tensor([[2.0], [3.0]])
    torch.testing.assert_close(laplacian(lambda q: q @ plane, p), torch.zeros(20, 1).double())

    def still(q: torch.Tensor) -> torch.Tensor:
        return torch.ones(len(q), 1, dtype=q.dtype)

    torch.testing.assert_close(gradient(still, p), torch.zeros(20, 2).double())


@given(programs(names=SMOOTH, grids=False), seeds)
@settings(max_examples=25)
def test_a_program_has_the_slopes_that_differences_show(program, seed):
    module = ProgramModule(program).double()
    random = np.random.default_rng(seed)
    p = torch.from_numpy(random.uniform(-0.9, 0.9, (6, program.input_size)))
    step = 1e-5
    found = jacobian(module, p)
    for axis in range(program.input_size):
        moved = torch.zeros_like(p)
        moved[:, axis] = step
        differences = (module(p + moved) - module(p - moved)) / (2 * step)
        torch.testing.assert_close(found[:, :, axis], differences, atol=2e-4, rtol=2e-4)


def test_derivatives_can_be_trained_on():
    weight = torch.tensor([[0.5, -1.0]], dtype=torch.float64, requires_grad=True)
    loss = laplacian(lambda q: torch.sin(q @ weight.T), points()).square().mean()
    loss.backward()
    assert weight.grad is not None
    assert weight.grad.abs().min() > 0
