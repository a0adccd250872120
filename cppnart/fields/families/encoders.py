"""Encoders: a code of a cloud of points, of voxels, or of a picture."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

POINTS = 256
"""Of a surface, that are read."""
VOXELS = 32
"""A side."""
PIXELS = 64
"""A side."""


class PointEncoder(nn.Module):
    """Points (B, N, 3), in any order, to codes (B, codes): the ResNet-PointNet of "Occupancy
    networks" (Mescheder et al. 2019, supplement 1.1). Every block but the first has the largest of
    each value over all points beside those of a point."""

    def __init__(self, codes: int, width: int = 48, depth: int = 3) -> None:
        super().__init__()
        self.first = nn.Linear(3, 2 * width)
        self.inner = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(depth))
        self.outer = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.short = nn.ModuleList(nn.Linear(2 * width, width, bias=False) for _ in range(depth))
        self.last = nn.Linear(width, codes)

    def forward(self, points: Tensor) -> Tensor:
        z = self.first(points)
        for number, (inner, outer, short) in enumerate(
            zip(self.inner, self.outer, self.short, strict=True)
        ):
            if number:
                z = torch.cat([z, z.amax(1, keepdim=True).expand_as(z)], 2)
            z = short(z) + outer(torch.relu(inner(torch.relu(z))))
        made: Tensor = self.last(torch.relu(z.amax(1)))
        return made


class VoxelEncoder(nn.Module):
    """Occupancy (B, VOXELS, VOXELS, VOXELS), by x, y and z, to codes: convolutions that halve the
    grid each, and an affine map of what is left."""

    def __init__(self, codes: int, width: int = 12) -> None:
        super().__init__()
        sizes = [1, width, 2 * width, 4 * width, 8 * width]
        self.layers = nn.ModuleList(
            nn.Conv3d(a, b, 3, stride=2, padding=1) for a, b in pairwise(sizes)
        )
        self.last = nn.Linear(sizes[-1] * (VOXELS // 16) ** 3, codes)

    def forward(self, voxels: Tensor) -> Tensor:
        z = voxels[:, None] - 0.5
        for layer in self.layers:
            z = torch.relu(layer(z))
        made: Tensor = self.last(z.flatten(1))
        return made


class ImageEncoder(nn.Module):
    """Pictures (B, PIXELS, PIXELS) of brightness, 0 where the ground is, to codes."""

    def __init__(self, codes: int, width: int = 16) -> None:
        super().__init__()
        sizes = [1, width, 2 * width, 4 * width, 6 * width]
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(sizes)
        )
        self.inner = nn.Linear(sizes[-1] * (PIXELS // 16) ** 2, 128)
        self.last = nn.Linear(128, codes)

    def forward(self, pictures: Tensor) -> Tensor:
        z = pictures[:, None]
        for layer in self.layers:
            z = torch.relu(layer(z))
        made: Tensor = self.last(torch.relu(self.inner(z.flatten(1))))
        return made


ENCODERS = {"points": PointEncoder, "voxels": VoxelEncoder, "image": ImageEncoder}
