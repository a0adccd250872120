"""What all generators are: fields that a latent chooses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from cppnart.fields.program import Builder, Program, Values

from ..specs import check_between

Region: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom of a part of the plane, in coordinates."""
Last: TypeAlias = tuple[Values, NDArray[np.float64], NDArray[np.float64]]
"""The last affine map of a field, before tanh: sources (k,), weight (channels, k), bias."""

ROOM: Region = (-2.0, -2.0, 2.0, 2.0)
"""The part of the plane that a folded sample is exact on unless another is asked for."""
REACH = 1.05
"""How far tanh is stretched: black and white are then reached, at a slope of a tenth, while those
who strive for a limit that is never reached end where nothing can be learned any more."""
SLOPE = 0.2
"""Of leaky rectifiers below zero, in the papers of both generators that have them."""
GAIN = math.sqrt(2 / (1 + SLOPE**2))
"""By how much larger the weights before a leaky rectifier are, to keep the variance of values."""
KINSHIP = 0.5
"""The correlation of red, green and blue in an untrained picture, or nearly."""
_COLOURS = {1: (0, 0, 0), 2: (0, 0, 0, 1), 3: (0, 1, 2), 4: (0, 1, 2, 3)}
"""By number of channels, the channel of red, green, blue and perhaps alpha."""


@dataclass(frozen=True)
class GeneratorSpec:
    """What the specifications of all generators share.

    latent: numbers in a latent. channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha, which
    is straight. classes: 0 without labels. resolution: pixels of the short side in training.
    """

    kind: str
    latent: int = 128
    channels: int = 3
    classes: int = 0
    resolution: int = 64

    def __post_init__(self) -> None:
        check_between("latent", self.latent, 1, 4096)
        check_between("channels", self.channels, 1, 4)
        check_between("classes", self.classes, 0, 100_000)
        check_between("resolution", self.resolution, 4, 4096)


class Generator(nn.Module):
    """A field of coordinates, a latent and perhaps a label.

    Every value depends on its own coordinates alone, so that any picture of it, of whatever size,
    aspect and region, shows the same field.
    """

    specification: GeneratorSpec

    @property
    def spec(self) -> dict[str, Any]:
        """The specification that it was built from, JSON-ready."""
        return asdict(self.specification)

    def forward(
        self,
        z: Tensor,
        coords: Tensor,
        labels: Tensor | None = None,
        *,
        spacing: float | Tensor | None = None,
    ) -> Tensor:
        """Values in [-1, 1], (B, H, W, channels) or (B, N, channels); in training mode up to REACH.

        z (B, latent), drawn from a standard normal distribution in training; coords (B or 1, H, W,
        2) or (B or 1, N, 2), the short side of a picture spanning [-1, 1]; labels (B,), where the
        generator has classes. spacing: the distance between neighbouring samples, a number or
        (B,): frequencies that such samples cannot show fade out. None: none does.
        Raises ValueError for other shapes.
        """
        own = self.specification
        count = len(z)
        if z.ndim != 2 or z.shape[1] != own.latent:
            raise ValueError(f"latents of shape {tuple(z.shape)}: expected (B, {own.latent})")
        if coords.ndim not in (3, 4) or coords.shape[-1] != 2 or len(coords) not in (1, count):
            raise ValueError(
                f"coordinates of shape {tuple(coords.shape)}: expected ({count} or 1, H, W, 2) or "
                f"({count} or 1, N, 2)"
            )
        if (labels is None) != (own.classes == 0) or (labels is not None and len(labels) != count):
            expected = f"{count} of them" if own.classes else "none"
            got = "none" if labels is None else f"{len(labels)}"
            raise ValueError(f"labels: {got}, but this generator takes {expected}")
        values = REACH * torch.tanh(self.sums(z, coords, labels, _spacings(spacing, coords)))
        return values if self.training else values.clamp(-1, 1)

    def sums(
        self, z: Tensor, coords: Tensor, labels: Tensor | None, spacing: Tensor | None
    ) -> Tensor:
        """What tanh is taken of: (B, ..., channels); spacing (B or 1,)."""
        raise NotImplementedError

    @torch.no_grad()
    def program(
        self,
        z: Tensor | Sequence[float],
        label: int | None = None,
        spacing: float | None = None,
        region: Region = ROOM,
    ) -> Program:
        """One sample as a program of x and y, whose outputs red, green, blue and, with an even
        number of channels, alpha lie in [0, 1].

        z (latent,). region: where the program is to equal the generator; a generator with coarse
        grids holds them as a table, which ends there, and the others are exact everywhere.
        Raises ValueError for a label that there is not, or a region without area.
        """
        own = self.specification
        weight = next(self.parameters())
        latent = torch.as_tensor(z, dtype=weight.dtype, device=weight.device).reshape(1, -1)
        if latent.shape[1] != own.latent:
            raise ValueError(f"a latent of {latent.shape[1]} numbers: expected {own.latent}")
        if (label is None) != (own.classes == 0) or not 0 <= (label or 0) < max(own.classes, 1):
            expected = f"from 0 to {own.classes - 1}" if own.classes else "none"
            raise ValueError(f"label {label}: expected {expected}")
        left, top, right, bottom = region
        if not (left < right and top < bottom):
            raise ValueError(f"region {region}: expected left < right and top < bottom")
        labels = None if label is None else torch.tensor([label], device=weight.device)
        b = Builder(x=1, y=1)
        sources, last, bias = self.fold(
            b, latent, labels, _spacings(spacing, latent[:, :, None]), region
        )
        values = b.map(b.affine(sources, last, bias, "tanh"), "clamp", REACH / 2, 0.5)
        names = ("red", "green", "blue", "alpha")
        order = _COLOURS[own.channels]
        return b.build(**{name: values[i] for name, i in zip(names, order, strict=False)})

    def fold(
        self,
        b: Builder,
        z: Tensor,
        labels: Tensor | None,
        spacing: Tensor | None,
        region: Region,
    ) -> Last:
        """Appends one sample's field to a program, but for its last affine map, which it gives;
        z (1, latent), labels (1,), spacing (1,)."""
        raise NotImplementedError


class Styles(nn.Module):
    """From a latent and a label to a style: two layers, as INR-GAN has.

    z (B, latent), labels (B,) or None to (B, width).
    """

    def __init__(self, spec: GeneratorSpec, width: int, random: torch.Generator) -> None:
        super().__init__()
        self.label = _embedding(spec.classes, spec.latent, random) if spec.classes else None
        first = spec.latent * (2 if spec.classes else 1)
        self.first = linear(first, width, random, GAIN)
        self.second = linear(width, width, random, GAIN)

    def forward(self, z: Tensor, labels: Tensor | None) -> Tensor:
        if self.label is not None:
            z = torch.cat([z, self.label(labels)], 1)
        return leaky(self.second(leaky(self.first(z))))


def linear(
    sources: int, units: int, random: torch.Generator, spread: float = 1.0, *, bias: bool = True
) -> nn.Linear:
    """A layer whose weights are normal with deviation spread / sqrt(sources), and biases 0."""
    layer = nn.utils.skip_init(nn.Linear, sources, units, bias=bias)
    with torch.no_grad():
        layer.weight.normal_(0, spread / math.sqrt(sources), generator=random)
        if bias:
            layer.bias.zero_()
    return layer  # type: ignore[no-any-return]


def _embedding(count: int, width: int, random: torch.Generator) -> nn.Embedding:
    layer = nn.utils.skip_init(nn.Embedding, count, width)
    with torch.no_grad():
        layer.weight.normal_(0, 1, generator=random)
    return layer  # type: ignore[no-any-return]


@torch.no_grad()
def relate_colours(weight: Tensor) -> None:
    """Changes the weights (channels, k) of a last map, drawn independently, so that untrained
    pictures are neither white or black nor made of primary colours: rectified values have a mean
    above 0, which rows then do not see, and those of red, green and blue become kin."""
    weight -= weight.mean(1, keepdim=True)
    if len(weight) >= 3:
        weight[:3] = KINSHIP**0.5 * weight[:1] + (1 - KINSHIP) ** 0.5 * weight[:3].roll(-1, 0)


def leaky(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, SLOPE)


def fold_leaky(
    b: Builder, sources: Values, weight: NDArray[np.float64], bias: NDArray[np.float64]
) -> tuple[Values, NDArray[np.float64]]:
    """The leaky rectifier of an affine map, as values and the matrix (m, 2 m) that the next map
    is to read them through: the table of activations has another slope, so a rectified and a
    plain copy of every unit make up ours."""
    m = len(weight)
    names = ["relu"] * m + ["identity"] * m
    values = b.affine(sources, np.tile(weight, (2, 1)), np.tile(bias, 2), names)
    return values, np.hstack([(1 - SLOPE) * np.eye(m), SLOPE * np.eye(m)])


def array(tensor: Tensor | nn.Module) -> NDArray[np.float64]:
    assert isinstance(tensor, Tensor)
    return tensor.detach().to("cpu", torch.float64).numpy()


def _spacings(spacing: float | Tensor | None, like: Tensor) -> Tensor | None:
    if spacing is None:
        return None
    spacings = torch.as_tensor(spacing, dtype=like.dtype, device=like.device).reshape(-1)
    if not bool((spacings > 0).all()):
        raise ValueError(f"spacing {spacing}: expected a distance above 0")
    return spacings
