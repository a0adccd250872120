"""Networks that read a picture: features (B, channels, h, w) of pictures (B, 3, h, w)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Residual(nn.Module):
    """x + conv(relu(conv(x))), without normalisation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = x + self.body(x)
        return made


class Edsr(nn.Module):
    """Residual blocks between two convolutions, with a connection past all of them (Lim et al.,
    "Enhanced deep residual networks for single image super-resolution", 2017; its baseline has 16
    blocks of 64 channels). reach: how many pixels away a feature depends on the picture."""

    def __init__(self, blocks: int = 16, channels: int = 64) -> None:
        super().__init__()
        self.channels = channels
        self.reach = 2 * blocks + 2
        self.head = nn.Sequential(nn.Conv2d(3, channels, 3, padding=1))
        last = nn.Conv2d(channels, channels, 3, padding=1)
        self.body = nn.Sequential(*(Residual(channels) for _ in range(blocks)), last)

    def forward(self, pictures: Tensor) -> Tensor:
        x: Tensor = self.head(pictures)
        x = x + self.body(x)
        return x


class _Dense(nn.Module):
    """A convolution whose outcome is put beside what it read."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(channels, growth, 3, padding=1), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.conv(x)], 1)


class _DenseBlock(nn.Module):
    def __init__(self, channels: int, growth: int, layers: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(*(_Dense(channels + i * growth, growth) for i in range(layers)))
        self.LFF = nn.Conv2d(channels + layers * growth, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.LFF(self.convs(x)) + x
        return made


class Rdn(nn.Module):
    """The residual dense network (Zhang et al., "Residual dense network for image
    super-resolution", 2018), configuration B, under the names of published checkpoints."""

    def __init__(
        self, channels: int = 64, blocks: int = 16, layers: int = 8, growth: int = 64
    ) -> None:
        super().__init__()
        self.channels = channels
        self.reach = blocks * layers + 3
        self.SFENet1 = nn.Conv2d(3, channels, 3, padding=1)
        self.SFENet2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.RDBs = nn.ModuleList(_DenseBlock(channels, growth, layers) for _ in range(blocks))
        self.GFF = nn.Sequential(
            nn.Conv2d(blocks * channels, channels, 1),
            nn.Conv2d(channels, channels, 3, padding=1),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        first = self.SFENet1(pictures)
        x = self.SFENet2(first)
        made = []
        for block in self.RDBs:
            x = block(x)
            made.append(x)
        features: Tensor = first + self.GFF(torch.cat(made, 1))
        return features
