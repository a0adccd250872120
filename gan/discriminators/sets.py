"""A discriminator of sets of (coordinate, colour): no grid, in any order, any number of points.

After Dupont, Teh, Doucet, "Generative models as distributions of functions" (2022), who judge
fields by points; the network is a set transformer (Lee et al., 2019) with learned tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..specs import check_between
from .discriminator import Discriminator, DiscriminatorSpec, Verdict, drawn, leaky

GAIN = (2 / (1 + 0.2**2)) ** 0.5


@dataclass(frozen=True)
class SetSpec(DiscriminatorSpec):
    """width: features of a point and of a token. tokens: what the points are gathered in. heads:
    of the attention. blocks: among the tokens."""

    width: int = 128
    tokens: int = 64
    heads: int = 4
    blocks: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_between("width", self.width, 8, 2048)
        check_between("tokens", self.tokens, 1, 4096)
        check_between("heads", self.heads, 1, 64)
        check_between("blocks", self.blocks, 0, 64)
        if self.width % self.heads:
            raise ValueError(f"heads {self.heads}: expected a divisor of width {self.width}")


class SetDiscriminator(Discriminator):
    """Values (B, N, C) at coords (B or 1, N, 2).

    Points get features of their place and colour; tokens gather them by attention, exchange what
    they have, and their mean is judged. Pictures (B, C, H, W) with coords (B or 1, H, W, 2) are
    taken as the set of their pixels.
    """

    def __init__(self, spec: SetSpec, random: torch.Generator) -> None:
        super().__init__()
        self.specification: SetSpec = spec
        n = spec.width
        octaves = [0.5]
        while 2 * octaves[-1] <= spec.resolution / 4:
            octaves.append(2 * octaves[-1])
        self.register_buffer("octaves", torch.pi * torch.tensor(octaves))
        self.place = drawn(nn.Linear(2 + 4 * len(octaves), n), 1.0, random)
        self.colour = drawn(nn.Linear(spec.channels, n), 1.0, random)
        self.point = drawn(nn.Linear(2 * n, n), GAIN, random)
        self.tokens = nn.Parameter(torch.empty(spec.tokens, n).normal_(0, 1, generator=random))
        self.gather = Attention(n, spec.heads, 1.0, random)
        self.blocks = nn.ModuleList(Exchange(n, spec.heads, random) for _ in range(spec.blocks))
        self.verdict = Verdict(n, spec.classes, random)

    def forward(
        self, images: Tensor, coords: Tensor | None = None, labels: Tensor | None = None
    ) -> Tensor:
        if coords is None:
            raise ValueError("coords: none, but a set of points needs them")
        if images.ndim == 4:
            images = images.flatten(2).transpose(1, 2)
            coords = coords.flatten(1, 2)
        count, points = images.shape[:2]
        if images.shape[2] != self.specification.channels or coords.shape[1:] != (points, 2):
            raise ValueError(
                f"values of shape {tuple(images.shape)} at coordinates of shape "
                f"{tuple(coords.shape)}: expected (B, N, {self.specification.channels}) at "
                "(B or 1, N, 2)"
            )
        self.check_labels(count, labels)
        x = self._features(images, coords.to(images.dtype))
        tokens = self.gather(self.tokens.expand(count, -1, -1), x)
        for block in self.blocks:
            tokens = block(tokens)
        logits: Tensor = self.verdict(leaky(tokens).mean(1), labels)
        return logits

    def _features(self, values: Tensor, coords: Tensor) -> Tensor:
        angle = (coords[..., None] * self.get_buffer("octaves")).flatten(2)
        place = self.place(torch.cat([coords, angle.sin(), angle.cos()], 2))
        colour = self.colour(values)
        # products of the two are what tells where a colour is
        both = torch.cat([leaky(place + colour), place * colour], 2)
        features: Tensor = leaky(self.point(both))
        return features


class Attention(nn.Module):
    """Softmax attention, written out: fused kernels have no second derivative.

    (B, M, width) asking (B, N, width) to (B, M, width); last: deviation of the last map.
    """

    def __init__(self, width: int, heads: int, last: float, random: torch.Generator) -> None:
        super().__init__()
        self.heads = heads
        self.ask = drawn(nn.Linear(width, width, bias=False), 1.0, random)
        self.offer = drawn(nn.Linear(width, 2 * width, bias=False), 1.0, random)
        self.last = drawn(nn.Linear(width, width), last, random)

    def forward(self, asking: Tensor, asked: Tensor) -> Tensor:
        query = self._parted(self.ask(asking))
        key, value = (self._parted(x) for x in self.offer(asked).chunk(2, 2))
        weight = (query @ key.transpose(2, 3) * query.shape[3] ** -0.5).softmax(3)
        found: Tensor = self.last((weight @ value).transpose(1, 2).flatten(2))
        return found

    def _parted(self, x: Tensor) -> Tensor:
        """(B, heads, N, width / heads)."""
        count, length = x.shape[:2]
        return x.reshape(count, length, self.heads, -1).transpose(1, 2)


class Exchange(nn.Module):
    """Attention among tokens and a layer for each, both beginning at zero."""

    def __init__(self, width: int, heads: int, random: torch.Generator) -> None:
        super().__init__()
        self.attention = Attention(width, heads, 0.0, random)
        self.wide = drawn(nn.Linear(width, 2 * width), GAIN, random)
        self.last = drawn(nn.Linear(2 * width, width), 0.0, random)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(leaky(x), leaky(x))
        inner: Tensor = self.last(leaky(self.wide(leaky(x))))
        return x + inner
