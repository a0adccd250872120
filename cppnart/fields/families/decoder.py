"""The conditional decoder of occupancy networks, as a module and as a program."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..program import Builder, Program, Values, joined

SHARP = 5.0
"""Of a softplus, log(1 + exp(SHARP x)) / SHARP: how short it bends."""
FLAT = -4.0
"""Below it a softplus stays what it is there, 4e-10: far below it would be too small a number for
processors to be quick with."""


class Decoder(nn.Module):
    """Log-odds of being inside, of points and a code (Mescheder et al., "Occupancy networks", 2019,
    supplement 1.1): an affine map to ``width`` values, ``depth`` residual blocks, a softplus and
    one more map; before every softplus the code scales and shifts each value.

    That is the paper's conditional batch normalisation without its statistics, so that a member is
    the same whatever is evaluated beside it. The paper's relus leave facets, which light shows;
    sines in their place, as smooth, know less of shapes that were not learnt. A point is given with
    its sines and cosines of ``octaves`` frequencies, half a period over the box first, which makes
    up for the small width.
    """

    def __init__(self, codes: int = 32, width: int = 64, depth: int = 3, octaves: int = 3) -> None:
        super().__init__()
        self.codes, self.width, self.depth, self.octaves = codes, width, depth, octaves
        self.first = nn.Linear(3 + 6 * octaves, width)
        self.inner = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.outer = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.last = nn.Linear(width, 1)
        self.sway = nn.Linear(codes, 2 * width * (2 * depth + 1))
        for layer in self.outer:
            assert isinstance(layer, nn.Linear)
            nn.init.zeros_(layer.weight)
        with torch.no_grad():
            self.sway.bias.zero_()
            self.sway.bias.view(-1, 2, width)[:, 0] = 1

    def forward(self, points: Tensor, codes: Tensor) -> Tensor:
        """points (B, N, 3) and codes (B, codes) to log-odds (B, N)."""
        sways = self.sway(codes).unflatten(1, (-1, 2, 1, self.width)).unbind(1)
        z = self.first(torch.cat([points, *self._waves(points)], 2))
        for number in range(self.depth):
            h = self.inner[number](_swayed(z, sways[2 * number]))
            z = z + self.outer[number](_swayed(h, sways[2 * number + 1]))
        made: Tensor = self.last(_swayed(z, sways[-1]))[..., 0]
        return made

    def _waves(self, points: Tensor) -> list[Tensor]:
        turns = [math.pi / 2 * 2**k for k in range(self.octaves)]
        return [wave for turn in turns for wave in ((turn * points).sin(), (turn * points).cos())]

    def program(self) -> Program:
        """The decoder with inputs x, y, z and ``code``, and the output occupancy. With the code
        bound it is the program of one member, in which scales and shifts are weights."""
        b = Builder(x=1, y=1, z=1, code=self.codes)
        point, eye, same = joined([b["x"], b["y"], b["z"]]), np.eye(3), np.eye(self.width)
        read = [point]
        for k in range(self.octaves):
            read += [b.affine(point, math.pi / 2 * 2**k * eye, None, way) for way in ("sin", "cos")]
        sways = b.affine(b["code"], *_arrays(self.sway)).reshape(-1, 2, self.width)

        def swayed(values: Values, sway: Values) -> Values:
            scaled = b.product(values, sway[0])
            return b.affine([scaled, sway[1]], SHARP * np.hstack([same, same]), None, "softplus")

        def after(layer: nn.Module) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            weight, bias = _arrays(layer)
            return weight / SHARP, bias

        z = b.affine(read, *_arrays(self.first))
        for number in range(self.depth):
            h = b.affine(swayed(z, sways[2 * number]), *after(self.inner[number]))
            weight, bias = after(self.outer[number])
            h = swayed(h, sways[2 * number + 1])
            z = b.affine([z, h], np.hstack([same, weight]), bias)
        return b.build(occupancy=b.affine(swayed(z, sways[-1]), *after(self.last)))


def _swayed(values: Tensor, sway: Tensor) -> Tensor:
    """values (B, N, width), sway (B, 2, 1, width): scales, then shifts, then bends."""
    moved = torch.addcmul(sway[:, 1], values, sway[:, 0])
    return nn.functional.softplus(torch.threshold(moved, FLAT, FLAT), beta=SHARP)


def _arrays(layer: nn.Module) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    assert isinstance(layer, nn.Linear)
    weight, bias = (p.detach().cpu().double().numpy() for p in (layer.weight, layer.bias))
    return weight, bias
