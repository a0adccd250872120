"""The light upscaler: all that is heavy runs once for each pixel of the small picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..program import Builder, Program, Values, joined
from .encoders import Edsr

SMALLEST_CELL = 0.25
"""Trained up to four times the size; smaller pixels are seen as points in such a one."""


class Light(nn.Module):
    """Codes at the pixels of the small picture, interpolated, and a small perceptron at a point.

    The encoder makes a code for each pixel. At a point the perceptron reads the codes around it,
    mixed bilinearly, where it lies between the pixels, as sines and cosines of period one pixel,
    and the size of the pixel to be made; what it gives is added to the bilinear picture. So a
    point costs a few thousand multiplications, as in "Latent Modulated Function for Computational
    Optimal Continuous Image Representation" (He and Jin, 2024), whose idea it is to leave the
    heavy network to the small picture; and the whole is a continuous field, and a program.
    """

    def __init__(
        self,
        blocks: int = 8,
        channels: int = 48,
        codes: int = 32,
        width: int = 32,
        depth: int = 3,
        harmonics: int = 2,
    ) -> None:
        super().__init__()
        self.spec: Mapping[str, Any] = {
            "kind": "light",
            "blocks": blocks,
            "channels": channels,
            "codes": codes,
            "width": width,
            "depth": depth,
            "harmonics": harmonics,
        }
        self.encoder = Edsr(blocks, channels)
        self.code = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(), nn.Conv2d(channels, codes, 1)
        )
        self.reach = self.encoder.reach + 1
        self.harmonics = harmonics
        sizes = [codes + 4 * harmonics + 1, *[width] * depth]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.last = nn.Linear(width, 3)
        # begins near the bilinear picture, but not at it, where the rest would not learn
        nn.init.normal_(self.last.weight, std=0.02)
        nn.init.zeros_(self.last.bias)

    def encode(self, pictures: Tensor) -> Tensor:
        """What is interpolated: codes, then colours, (B, codes + 3, h, w)."""
        # convolutions are faster so, above all in half precision
        small = pictures.contiguous(memory_format=torch.channels_last)
        codes: Tensor = self.code(self.encoder(small - 0.5))
        return torch.cat([codes.to(pictures.dtype), pictures], 1)

    def decode(self, encoded: Tensor, points: Tensor, cell: Tensor) -> Tensor:
        height, width = encoded.shape[2:]
        scale = torch.tensor([2 / width, 2 / height], device=points.device)
        found = functional.grid_sample(
            encoded,
            (points * scale - 1)[:, None],
            padding_mode="border",
            align_corners=False,
        )
        found = found[:, :, 0].transpose(1, 2)  # (B, N, codes + 3)
        codes, colours = found[..., :-3], found[..., -3:]
        size = cell.clamp(SMALLEST_CELL, 1)[:, None, None].expand(*codes.shape[:2], 1)
        values = torch.cat([codes, self.between(points), size], 2)
        for layer in self.layers:
            values = functional.relu(layer(values))
        made: Tensor = self.last(values) + colours
        return made

    def between(self, points: Tensor) -> Tensor:
        """Where points lie between pixels: sines, then cosines, of x and y, for each harmonic."""
        angles = torch.cat([2 * math.pi * (k + 1) * points for k in range(self.harmonics)], 2)
        return torch.cat([angles.sin(), angles.cos()], 2)

    def forward(self, pictures: Tensor, points: Tensor, cell: Tensor) -> Tensor:
        return self.decode(self.encode(pictures), points, cell)

    def program(
        self, encoded: Tensor, cell: float, origin: tuple[float, float], pixel: float
    ) -> Program:
        """The field of one encoded picture (codes + 3, h, w), with outputs red, green and blue.

        cell: as in ``decode``, and fixed. The point (x, y) of the field lies, in pixels of the
        small picture, at origin + (x, y) / pixel, so that pixel is the side of one.
        """
        _, height, width = encoded.shape
        b = Builder(x=1, y=1)
        places = [b["y"], b["x"]]
        # at least two entries a side: what is one pixel wide is the same everywhere
        sides = [max(height, 2), max(width, 2)]
        table = (
            encoded.detach()
            .cpu()
            .float()
            .permute(1, 2, 0)
            .expand(*(n if n > 1 else 2 for n in (height, width)), -1)
        )
        offset = np.array([origin[1], origin[0]])
        last = np.array([max(height - 1, 1), max(width - 1, 1)])
        unit = b.affine(places, np.diag(1 / (pixel * last)), (offset - 0.5) / last)
        found = b.grid(unit, table.reshape(-1, table.shape[2]).numpy(), sides)
        angles = [2 * math.pi * (k + 1) for k in range(self.harmonics)]
        turns = np.concatenate([[[0, a], [a, 0]] for a in angles])
        waves = b.affine(
            places,
            np.concatenate([turns, turns]) / pixel,
            np.concatenate([turns @ offset] * 2),
            ["sin"] * len(turns) + ["cos"] * len(turns),
        )
        size = float(np.clip(cell, SMALLEST_CELL, 1))
        values: Values = joined([found[:-3], waves])
        for number, layer in enumerate(self.layers):
            weight, bias = _numpy(layer.weight), _numpy(layer.bias)
            if number == 0:
                weight, bias = weight[:, :-1], bias + weight[:, -1] * size
            values = b.affine(values, weight, bias, "relu")
        weight = np.concatenate([_numpy(self.last.weight), np.eye(3)], 1)
        red, green, blue = b.affine([values, found[-3:]], weight, _numpy(self.last.bias))
        return b.build(red=int(red), green=int(green), blue=int(blue))


def _numpy(parameter: Tensor | nn.Module) -> NDArray[np.float64]:
    assert isinstance(parameter, Tensor)
    return np.asarray(parameter.detach().cpu().double())
