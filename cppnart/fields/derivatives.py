"""Derivatives of a field with respect to its coordinates, by torch's autograd.

Each takes ``field``, a function from points (N, d) to values (N, c) that treats every point on its
own, and points, which need not ask for gradients themselves. Results can be differentiated again,
in the points and in the field's parameters. Mixed derivatives come from calling one on another.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Field = Callable[[Tensor], Tensor]


def jacobian(field: Field, points: Tensor) -> Tensor:
    """The slopes of every value along every coordinate, (N, c, d)."""
    with torch.enable_grad():
        points = points if points.requires_grad else points.detach().requires_grad_()
        values = field(points)
        rows = [_slopes(values[:, i], points) for i in range(values.shape[1])]
    return torch.stack(rows, 1)


def gradient(field: Field, points: Tensor) -> Tensor:
    """The slopes of a field's one value, (N, d). ValueError for a field of several values."""
    slopes = jacobian(field, points)
    if slopes.shape[1] != 1:
        raise ValueError(f"a field of {slopes.shape[1]} values has a jacobian, not a gradient")
    return slopes[:, 0]


def divergence(field: Field, points: Tensor) -> Tensor:
    """The divergence of a vector field, d values in d dimensions, (N, 1).

    ValueError where there are not as many values as coordinates.
    """
    slopes = jacobian(field, points)
    if slopes.shape[1] != slopes.shape[2]:
        raise ValueError(
            f"a field of {slopes.shape[1]} values in {slopes.shape[2]} dimensions has no divergence"
        )
    return slopes.diagonal(dim1=1, dim2=2).sum(1, keepdim=True)


def laplacian(field: Field, points: Tensor) -> Tensor:
    """The sum of the second derivatives along the coordinates, of every value, (N, c)."""
    with torch.enable_grad():
        points = points if points.requires_grad else points.detach().requires_grad_()
        slopes = jacobian(field, points)
        sums = []
        for i in range(slopes.shape[1]):
            second = [
                _slopes(slopes[:, i, axis], points)[:, axis] for axis in range(points.shape[1])
            ]
            sums.append(torch.stack(second).sum(0))
    return torch.stack(sums, 1)


def _slopes(values: Tensor, points: Tensor) -> Tensor:
    """The slopes of values (N,), each of its own point; 0 where it does not depend on it."""
    if not values.requires_grad:
        return torch.zeros_like(points)
    (slopes,) = torch.autograd.grad(
        values.sum(), points, create_graph=True, allow_unused=True, materialize_grads=True
    )
    return slopes
