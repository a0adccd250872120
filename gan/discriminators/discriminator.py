"""What all discriminators share."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..specs import check_between

SLOPE = 0.2


@dataclass(frozen=True)
class DiscriminatorSpec:
    """channels: of the pictures. classes: 0 without labels. resolution: pixels of the short side
    in training."""

    kind: str
    channels: int = 3
    classes: int = 0
    resolution: int = 64

    def __post_init__(self) -> None:
        check_between("channels", self.channels, 1, 4)
        check_between("classes", self.classes, 0, 100_000)
        check_between("resolution", self.resolution, 4, 4096)


class Discriminator(nn.Module):
    """Logits of pictures: the higher, the more they look like the data."""

    specification: DiscriminatorSpec

    @property
    def spec(self) -> dict[str, Any]:
        """The specification that it was built from, JSON-ready."""
        return asdict(self.specification)

    def forward(
        self, images: Tensor, coords: Tensor | None = None, labels: Tensor | None = None
    ) -> Tensor:
        """Logits (B,). images in [-1, 1]; coords are those of their points, with a first
        dimension of B or 1; labels (B,), where the discriminator has classes."""
        raise NotImplementedError

    def check_labels(self, count: int, labels: Tensor | None) -> None:
        classes = self.specification.classes
        if (labels is None) != (classes == 0) or (labels is not None and len(labels) != count):
            expected = f"{count} of them" if classes else "none"
            got = "none" if labels is None else f"{len(labels)}"
            raise ValueError(f"labels: {got}, but this discriminator takes {expected}")


class Verdict(nn.Module):
    """Features (B, width) to logits (B,). With classes, a label adds the product of its embedding
    with the features (Miyato and Koyama, "cGANs with projection discriminator", 2018)."""

    def __init__(self, width: int, classes: int, random: torch.Generator) -> None:
        super().__init__()
        self.weight = nn.Parameter(_normal((width,), width**-0.5, random))
        self.bias = nn.Parameter(torch.zeros(()))
        self.classes = nn.Parameter(_normal((classes, width), width**-0.5, random))

    def forward(self, features: Tensor, labels: Tensor | None) -> Tensor:
        weight = self.weight if labels is None else self.weight + self.classes[labels]
        return (features * weight).sum(1) + self.bias


def _normal(shape: tuple[int, ...], spread: float, random: torch.Generator) -> Tensor:
    return torch.empty(shape).normal_(0, spread, generator=random)


def drawn(layer: nn.Module, spread: float, random: torch.Generator) -> Any:
    """A linear or convolutional layer with normal weights of deviation spread / sqrt(fan in), and
    biases 0; a spread of 0 draws nothing."""
    weight, bias = layer.get_parameter("weight"), getattr(layer, "bias", None)
    with torch.no_grad():
        if spread:
            weight.normal_(0, spread / math.sqrt(weight[0].numel()), generator=random)
        else:
            weight.zero_()
        if bias is not None:
            bias.zero_()
    return layer


def leaky(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, SLOPE)
