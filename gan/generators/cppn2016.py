"""The latent-conditioned CPPNs of 2016: a tanh network, and its follow-up of residual blocks.

Ha, "Generating large images from latent vectors" (2016), parts one and two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cppnart.fields.program import Builder, joined

from ..specs import check_between
from .generator import Generator, GeneratorSpec, Last, Region, array, relate_colours

LATENT, RESIDUAL, LAYERS_IN_BLOCK = 0.05, 1.0, 4
"""Published: deviations of the weights of latents and of those in blocks; layers in a block."""
PLACE, LAST_IN_BLOCK, PLAIN = 0.15, 0.004, 2.0
"""Deviations of the weights of coordinates, of the last ones in a block, and, times sqrt(fan in),
of tanh layers and the last map. The published ones (0.05, 0.001, 0.05) leave an untrained picture
grey; these begin where seeded CPPNs do."""


@dataclass(frozen=True)
class Cppn2016Spec(GeneratorSpec):
    """scale: coordinates and latents are multiplied by it. blocks: 0 for ``depth`` tanh layers of
    ``width``; otherwise so many residual blocks (published: 24, of width 6)."""

    latent: int = 32
    width: int = 128
    depth: int = 3
    blocks: int = 0
    scale: float = 8.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_between("width", self.width, 1, 4096)
        check_between("depth", self.depth, 1, 64)
        check_between("blocks", self.blocks, 0, 256)
        if not 0 < self.scale <= 1000:
            raise ValueError(f"scale {self.scale:g}: expected a number above 0, up to 1000")


class Cppn2016(Generator):
    """x, y, r and z, times ``scale``, summed through maps of their own; softplus; tanh layers;
    sigmoid. With blocks: tanh of the sum, blocks, sigmoid.

    It has no frequencies that could be faded: ``spacing`` changes nothing.
    """

    def __init__(self, spec: Cppn2016Spec, random: torch.Generator) -> None:
        super().__init__()
        self.specification: Cppn2016Spec = spec
        n = spec.width
        self.place = _layer(3, n, PLACE, random, bias=False)
        self.latent = _layer(spec.latent, n, LATENT, random)
        self.label = _layer(spec.classes, n, 1.0, random, bias=False) if spec.classes else None
        self.layers = nn.ModuleList(
            [_layer(n, n, PLAIN / math.sqrt(n), random) for _ in range(spec.depth)]
            if not spec.blocks
            else [Block(n, random) for _ in range(spec.blocks)]
        )
        reach = PLAIN if spec.blocks else 2 * PLAIN
        self.last = _layer(n, spec.channels, reach / math.sqrt(n), random)
        relate_colours(self.last.weight)

    def sums(
        self, z: Tensor, coords: Tensor, labels: Tensor | None, spacing: Tensor | None
    ) -> Tensor:
        radius = coords.square().sum(-1, keepdim=True).clamp(min=1e-12).sqrt()
        place = self.specification.scale * torch.cat([coords, radius], -1)
        given = self._given(z, labels)
        shape = (len(z), *[1] * (coords.ndim - 2), -1)
        x = self.place(place) + given.reshape(shape)
        if self.specification.blocks:
            x = torch.tanh(x)
            for block in self.layers:
                x = block(x)
        else:
            x = functional.softplus(x)
            for layer in self.layers:
                x = torch.tanh(layer(x))
        last: Tensor = self.last(x)
        return 0.5 * last  # sigmoid(v) in [0, 1], as published, is tanh(v / 2) in [-1, 1]

    def _given(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """What the latent and the label add to the first sums, (B, width)."""
        given: Tensor = self.latent(self.specification.scale * z)
        if self.label is not None and labels is not None:
            given = given + self.label.weight.T[labels]
        return given

    def fold(
        self,
        b: Builder,
        z: Tensor,
        labels: Tensor | None,
        spacing: Tensor | None,
        region: Region,
    ) -> Last:
        squares = b.map([b["x"], b["y"]], "square")
        radius = b.affine(squares, [[1, 1]], None, "sqrt")
        place = joined([b["x"], b["y"], radius])
        weight = self.specification.scale * array(self.place.weight)
        blocks = self.specification.blocks
        first = "tanh" if blocks else "softplus"
        x = b.affine(place, weight, array(self._given(z, labels)[0]), first)
        for layer in self.layers:
            if isinstance(layer, Block):
                inner = x
                for part in layer.inner:
                    inner = b.affine(inner, array(part.weight), array(part.bias), "relu")
                inner = b.affine(inner, array(layer.last.weight), array(layer.last.bias), "tanh")
                x = b.affine([x, inner], np.hstack([np.eye(len(x))] * 2))
            else:
                x = b.affine(x, array(layer.weight), array(layer.bias), "tanh")
        return x, 0.5 * array(self.last.weight), 0.5 * array(self.last.bias)


class Block(nn.Module):
    """x + tanh(W relu(... relu(W x)))."""

    def __init__(self, width: int, random: torch.Generator) -> None:
        super().__init__()
        self.inner = nn.ModuleList(
            _layer(width, width, RESIDUAL, random) for _ in range(LAYERS_IN_BLOCK)
        )
        self.last = _layer(width, width, LAST_IN_BLOCK, random)

    def forward(self, x: Tensor) -> Tensor:
        inner = x
        for layer in self.inner:
            inner = torch.relu(layer(inner))
        return x + torch.tanh(self.last(inner))


def _layer(
    sources: int, units: int, spread: float, random: torch.Generator, *, bias: bool = True
) -> nn.Linear:
    """A layer whose weights and biases are normal with this deviation."""
    layer = nn.utils.skip_init(nn.Linear, sources, units, bias=bias)
    with torch.no_grad():
        layer.weight.normal_(0, spread, generator=random)
        if bias:
            layer.bias.normal_(0, spread, generator=random)
    return layer  # type: ignore[no-any-return]
