"""Networks as torch modules that learn as their papers say."""

from __future__ import annotations

import torch
from torch import Tensor

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
    return module, rates


def _paired(slopes: Tensor) -> Tensor:
    """The slopes of [[a, -b], [b, a]] brought to that form, so that each step keeps it.

    They are half those of a and b, which Adam does not see.
    """
    left, right = slopes.chunk(2, 1)
    (a, b), (minus_b, other_a) = left.chunk(2, 0), right.chunk(2, 0)
    real, imaginary = (a + other_a) / 2, (b - minus_b) / 2
    return torch.cat([torch.cat([real, imaginary]), torch.cat([-imaginary, real])], 1)
