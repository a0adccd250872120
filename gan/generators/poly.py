"""Poly-INR: polynomials of the coordinates, without any encoding of them.

Singh, Shukla, Turaga, "Polynomial implicit neural representations for large diverse datasets"
(2023).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from cppnart.fields.program import Builder

from ..specs import check_between
from .generator import (
    GAIN,
    Generator,
    GeneratorSpec,
    Last,
    Region,
    Styles,
    array,
    fold_leaky,
    leaky,
    linear,
    relate_colours,
)

SLOPES, SHIFTS, LAST = 0.35, 0.2, 0.7
"""Deviations before training: of A, of b, which has mean 1, and of the sums of colours. The factors
of a level then lie near 1 in the frame, and a product of ten neither vanishes nor explodes."""


@dataclass(frozen=True)
class PolySpec(GeneratorSpec):
    """width: units of a level; levels: how often the grid is multiplied in."""

    width: int = 64
    style: int = 128
    levels: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        check_between("width", self.width, 1, 4096)
        check_between("style", self.style, 1, 4096)
        check_between("levels", self.levels, 1, 64)


class Poly(Generator):
    """Level by level x becomes lrelu(W (x * lrelu(A p + b))), from ones; p are the coordinates,
    and A and b are predicted from the latent, for each level.

    It has no frequencies that could be faded: ``spacing`` changes nothing.
    """

    def __init__(self, spec: PolySpec, random: torch.Generator) -> None:
        super().__init__()
        self.specification: PolySpec = spec
        n = spec.width
        self.styles = Styles(spec, spec.style, random)
        self.grids = nn.ModuleList(_affine(spec.style, n, random) for _ in range(spec.levels))
        self.layers = nn.ModuleList(linear(n, n, random, GAIN) for _ in range(spec.levels))
        self.last = linear(n, spec.channels, random, LAST)
        relate_colours(self.last.weight)

    def sums(
        self, z: Tensor, coords: Tensor, labels: Tensor | None, spacing: Tensor | None
    ) -> Tensor:
        points = coords.reshape(len(coords), -1, 2).expand(len(z), -1, -1)
        style = self.styles(z, labels)
        x: Tensor | None = None
        for grid, layer in zip(self.grids, self.layers, strict=True):
            matrix = grid(style).reshape(len(z), 3, -1)
            sums = torch.baddbmm(matrix[:, 2:], points, matrix[:, :2])
            seen = leaky(sums)
            x = leaky(layer(seen if x is None else x * seen))
        values: Tensor = self.last(x)
        return values.reshape(len(z), *coords.shape[1:-1], -1)

    def fold(
        self,
        b: Builder,
        z: Tensor,
        labels: Tensor | None,
        spacing: Tensor | None,
        region: Region,
    ) -> Last:
        style = self.styles(z, labels)
        place = np.concatenate([b["x"], b["y"]])
        x, through = None, np.eye(self.specification.width)
        for grid, layer in zip(self.grids, self.layers, strict=True):
            matrix = array(grid(style).reshape(3, -1))
            both, halves = fold_leaky(b, place, matrix[:2].T, matrix[2])
            seen = b.affine(both, halves)
            seen = seen if x is None else b.product(b.affine(x, through), seen)
            x, through = fold_leaky(b, seen, array(layer.weight), array(layer.bias))
        assert x is not None
        return x, array(self.last.weight) @ through, array(self.last.bias)


def _affine(style: int, width: int, random: torch.Generator) -> nn.Linear:
    """From a style to A and b, (2 width) and (width) numbers."""
    layer = linear(style, 3 * width, random)
    with torch.no_grad():
        layer.weight[: 2 * width] *= SLOPES
        layer.weight[2 * width :] *= SHIFTS
        layer.bias[2 * width :] = 1
    return layer
