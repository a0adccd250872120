"""A residual convolutional discriminator without normalisation.

The recipe is that of R3GAN (Huang et al., "The GAN is dead; long live the GAN! A modern GAN
baseline", 2024, section 3): residual branches that begin at zero and are drawn as in Fixup (Zhang,
Dauphin, Ma, 2019), leaky rectifiers, and a last map that looks at every place of a small picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..specs import check_between
from .discriminator import Discriminator, DiscriminatorSpec, Verdict, drawn, leaky

GAIN = (2 / (1 + 0.2**2)) ** 0.5
LAST = 4
"""Pixels of the smallest picture."""


@dataclass(frozen=True)
class ConvSpec(DiscriminatorSpec):
    """width: channels of the first stage; twice as many in the next, four times in the others.
    blocks: in a stage. groups: channels to a group of 3x3 convolutions; 0: all in one.
    coords: whether it sees where its pixels lie, which training on crops needs."""

    width: int = 32
    blocks: int = 1
    groups: int = 0
    coords: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_between("width", self.width, 4, 1024)
        check_between("blocks", self.blocks, 1, 16)
        check_between("groups", self.groups, 0, self.width)
        if self.groups and self.width % self.groups:
            raise ValueError(f"groups {self.groups}: expected a divisor of width {self.width}")


class ConvDiscriminator(Discriminator):
    """Pictures (B, C, H, W) of any size from 4 pixels on, and coords (B or 1, H, W, 2)."""

    def __init__(self, spec: ConvSpec, random: torch.Generator) -> None:
        super().__init__()
        self.specification: ConvSpec = spec
        sizes = [spec.resolution]
        while sizes[-1] > LAST:
            sizes.append((sizes[-1] + 1) // 2)
        widths = [spec.width * min(1 << i, 4) for i in range(len(sizes))]
        seen = spec.channels + (2 if spec.coords else 0)
        self.first = drawn(nn.Conv2d(seen, widths[0], 3, padding=1), GAIN, random)
        # so that all branches together change a picture as much as one would
        share = (len(sizes) * spec.blocks) ** -0.25
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(width, spec.groups, share, random) for _ in range(spec.blocks)))
            for width in widths
        )
        self.narrower = nn.ModuleList(Narrower(a, b, random) for a, b in pairwise(widths))
        self.places = nn.Parameter(
            torch.empty(widths[-1], LAST, LAST).normal_(0, 1 / LAST, generator=random)
        )
        self.verdict = Verdict(widths[-1], spec.classes, random)

    def forward(
        self, images: Tensor, coords: Tensor | None = None, labels: Tensor | None = None
    ) -> Tensor:
        spec = self.specification
        if images.ndim != 4 or images.shape[1] != spec.channels or min(images.shape[2:]) < LAST:
            raise ValueError(
                f"pictures of shape {tuple(images.shape)}: expected (B, {spec.channels}, H, W) of "
                f"{LAST} pixels or more a side"
            )
        self.check_labels(len(images), labels)
        # convolutions of processors are faster on this layout, those in bfloat16 twice as fast
        layout = torch.channels_last if images.device.type == "cpu" else torch.contiguous_format
        x = images.contiguous(memory_format=layout)
        if spec.coords:
            if coords is None:
                raise ValueError("coords: none, but this discriminator sees where pixels lie")
            place = coords.movedim(-1, 1).expand(len(images), -1, -1, -1)
            x = torch.cat([x, place.to(x.dtype)], 1)
        x = self.first(x)
        x = self.stages[0](x)
        for narrower, stage in zip(self.narrower, self.stages[1:], strict=True):
            x = stage(narrower(x))
        if x.shape[2:] != (LAST, LAST):
            x = functional.adaptive_avg_pool2d(x, LAST)
        features = (leaky(x) * self.places).sum((2, 3))
        logits: Tensor = self.verdict(features, labels)
        return logits


class Block(nn.Module):
    """x + conv(lrelu(conv(lrelu(x)))): the first 3x3, the second 1x1, which begins at zero."""

    def __init__(self, width: int, groups: int, share: float, random: torch.Generator) -> None:
        super().__init__()
        count = width // groups if groups else 1
        self.wide = drawn(nn.Conv2d(width, width, 3, padding=1, groups=count), GAIN * share, random)
        self.last = drawn(nn.Conv2d(width, width, 1), 0.0, random)

    def forward(self, x: Tensor) -> Tensor:
        inner: Tensor = self.last(leaky(self.wide(leaky(x))))
        return x + inner


class Narrower(nn.Module):
    """Half the pixels, rounded up, by means over 2 x 2 of them, and another number of channels."""

    def __init__(self, sources: int, width: int, random: torch.Generator) -> None:
        super().__init__()
        self.change = drawn(nn.Conv2d(sources, width, 1, bias=False), 1.0, random)

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.change(functional.avg_pool2d(x, 2, ceil_mode=True))
        return changed
