"""Networks as torch modules that learn as their papers say."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from .. import grid_autograd
from ..program import Grid
from ..torch_backend import ProgramModule
from .layers import Network


def trainable(network: Network) -> tuple[ProgramModule, dict[str, float]]:
    """The module of a network, and by parameter name how much faster each learns; for ``fit``."""
    frozen = {number for number, rate in enumerate(network.rates) if rate == 0}
    if any(isinstance(operation, Grid) for operation in network.program.operations):
        grid_autograd.get_ready()
    module = ProgramModule(network.program, frozen)
    rates = {name: network.rates[int(name.split(".")[1])] for name, _ in module.named_parameters()}
    for number in network.paired:
        weight = module.operations[number].weight
        assert isinstance(weight, Tensor)
        weight.register_hook(_paired)
    for number, columns in network.columns.items():
        scale = torch.from_numpy(columns).float()
        parametrize.register_parametrization(module.operations[number], "weight", _Columns(scale))
        learnt = f"operations.{number}.parametrizations.weight.original"
        rates[learnt] = rates.pop(f"operations.{number}.weight")
    return module, rates


class _Columns(nn.Module):
    """A weight whose columns are multiples of what learns."""

    def __init__(self, scale: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", scale, persistent=False)

    def forward(self, learnt: Tensor) -> Tensor:
        return learnt * self.get_buffer("scale")

    def right_inverse(self, weight: Tensor) -> Tensor:
        return weight / self.get_buffer("scale")


def _paired(slopes: Tensor) -> Tensor:
    """The slopes of [[a, -b], [b, a]] brought to that form, so that each step keeps it.

    They are half those of a and b, which Adam does not see.
    """
    left, right = slopes.chunk(2, 1)
    (a, b), (minus_b, other_a) = left.chunk(2, 0), right.chunk(2, 0)
    real, imaginary = (a + other_a) / 2, (b - minus_b) / 2
    return torch.cat([torch.cat([real, imaginary]), torch.cat([-imaginary, real])], 1)
