"""Pictures to be fitted through their derivatives: their gradients, or their Laplacians, alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from .derivatives import jacobian, laplacian
from .images import POINTS, ImageTask
from .program import Affine, Program
from .torch_backend import ProgramModule

DERIVATIVES = ("gradient", "laplacian")
SIDE = 8
"""Of a patch, in pixels. Neighbours share their points."""
LEVELLED = 1 << 16
"""The most pixels by which scale and offset are found."""


class GradientTask(ImageTask):
    """A picture as a function of which only derivatives are known.

    derivative: ``gradient`` or ``laplacian``, both as differences of neighbouring pixels, which
    are compared with differences of the field at the same points: a field without error is the
    picture itself, but for a constant. At the border the picture goes on as in a mirror, and has
    no slope across it. batch: points in a step.

    A step draws patches of the picture, and of the smaller pictures made of every second, fourth,
    ... pixel of it. Slopes between neighbours say next to nothing of what is large and soft: an
    error that spans n pixels shows in them n times smaller than it is.

    The score is the PSNR in decibels after each channel is brought to the scale and the offset
    that suit the picture best; fields and previews are shown at these too.
    """

    name = "gradients"
    falls = 0.0
    """Differences across s pixels count s^-falls times."""

    def __init__(
        self, pixels: NDArray[Any], *, derivative: str = "gradient", batch: int | None = 8192
    ) -> None:
        if derivative not in DERIVATIVES:
            raise ValueError(f"from {derivative!r}: expected {', '.join(DERIVATIVES)}")
        super().__init__(pixels, batch=batch)
        self.derivative = derivative
        size = [self.width, self.height, self.channels]
        self.settings = {"size": size, "batch": batch, "from": derivative}

    # --- Patches ---

    def _patches(self, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Pixels by their numbers, (patches, SIDE, SIDE), and for each patch how far they are
        apart; every pixel is as likely as any other."""
        longest = max(self.height, self.width) // 4
        scales = 2 ** torch.arange(max(longest, 1).bit_length())
        count = max((self.batch or self.width * self.height) // SIDE**2, len(scales))
        stride = scales[torch.arange(count) % len(scales)]
        y = _mirrored(self.height, stride, random)
        x = _mirrored(self.width, stride, random)
        return y[:, :, None] * self.width + x[:, None, :], stride

    def _targets(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Values, (..., channels), whose differences along rows, and those whose differences along
        columns are to be matched."""
        colours = self.colours(numbers.flatten()).reshape(*numbers.shape, self.channels)
        return colours, colours

    # --- What a fit asks for ---

    def loss(self, field: nn.Module, random: torch.Generator, device: torch.device) -> Tensor:
        numbers, stride = self._patches(random)
        values = field(self.points(numbers.flatten()).to(device))
        weight = (stride.float() ** -self.falls).to(device)[:, None, None, None]
        return self._error(values.reshape(*numbers.shape, self.channels), numbers, weight)

    def _error(self, values: Tensor, numbers: Tensor, weight: Tensor) -> Tensor:
        along, down = (values - target.to(values) for target in self._targets(numbers))
        dx, dy = along.diff(dim=2), down.diff(dim=1)
        if self.derivative == "gradient":
            return (weight * dx.square()).mean() + (weight * dy.square()).mean()
        bend = dx.diff(dim=2)[:, 1:-1] + dy.diff(dim=1)[:, :, 1:-1]
        return (weight * bend.square()).mean()

    @torch.no_grad()
    def scores(self, field: nn.Module) -> dict[str, float]:
        return super().scores(self.levelled(field))

    @torch.no_grad()
    def preview(self, field: nn.Module) -> NDArray[np.uint8]:
        return super().preview(self.levelled(field))

    # --- Scale and offset ---

    def levelled(self, field: nn.Module) -> nn.Module:
        """The field at the levels of the picture."""
        return _Levelled(field, *self.levels(field))

    @torch.no_grad()
    def levels(self, field: nn.Module) -> tuple[Tensor, Tensor]:
        """For each channel scale and offset, which leave the least squares of errors."""
        numbers = self._sample()
        return self._levels(self._values(field, numbers), self.colours(numbers))

    def _sample(self) -> Tensor:
        """Pixels by their numbers, spread over the picture."""
        numbers = self.numbers(held_out=False)
        return numbers[:: max(1, len(numbers) // LEVELLED)]

    def _values(self, field: nn.Module, numbers: Tensor) -> Tensor:
        device = next(field.parameters()).device
        parts = [field(self.points(part).to(device)).cpu() for part in numbers.split(POINTS)]
        return torch.cat(parts).float()

    def _levels(self, values: Tensor, colours: Tensor) -> tuple[Tensor, Tensor]:
        values, colours = values.double(), colours.double()
        mean, level = values.mean(0), colours.mean(0)
        spread = (values - mean).square().mean(0)
        common = ((values - mean) * (colours - level)).mean(0)
        scale = torch.where(spread > 0, common / spread.clamp(min=1e-30), 0)
        return scale, level - scale * mean

    def shaped(self, program: Program) -> Program:
        """The field as a picture: at the levels of the picture, and grey in all three colours."""
        scale, offset = (n.numpy() for n in self.levels(ProgramModule(program)))
        sources = program.output_values
        last = Affine(sources, np.diag(scale), offset, ("identity",) * len(scale))
        numbers = [program.size + n for n in range(self.channels)]
        colours = numbers * 3 if self.channels == 1 else numbers
        outputs = tuple(zip(("red", "green", "blue", "alpha"), colours, strict=False))
        return replace(program, operations=(*program.operations, last), outputs=outputs)


class SirenTask(GradientTask):
    """As the paper of SIREN does it (Sitzmann et al., 2020, section 4.1): the derivatives of the
    field itself, at all pixels at once, are held to what Sobel's filters say of the picture, times
    10, or to its Laplacian, times 10^4."""

    def loss(self, field: nn.Module, random: torch.Generator, device: torch.device) -> Tensor:
        numbers = self.numbers(held_out=False)
        points = self.points(numbers).to(device)
        colours = self.colours(numbers).reshape(self.height, self.width, self.channels)
        padded = functional.pad(colours.permute(2, 0, 1), (1, 1, 1, 1), mode="replicate")
        if self.derivative == "laplacian":
            kernel = 1e4 * torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])[None]
            found = laplacian(field, points)[..., None]
        else:
            sobel = 10 * torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
            kernel = torch.stack([sobel, sobel.T])
            found = jacobian(field, points)
        target = functional.conv2d(padded[:, None], kernel[:, None])
        error = found - target.permute(2, 3, 0, 1).reshape(found.shape).to(device)
        return error.square().sum(-1).mean()


class _Levelled(nn.Module):
    def __init__(self, field: nn.Module, scale: Tensor, offset: Tensor) -> None:
        super().__init__()
        self.field, self.scale, self.offset = field, scale.float(), offset.float()

    def forward(self, points: Tensor) -> Tensor:
        values: Tensor = self.field(points).float()
        return values * self.scale.to(values.device) + self.offset.to(values.device)


def _mirrored(length: int, stride: Tensor, random: torch.Generator) -> Tensor:
    """The pixels of patches along one axis, (patches, SIDE): beyond the border those before it, in
    turn."""
    start = (torch.rand(len(stride), generator=random) * (2 * length)).long()
    place = (start[:, None] + torch.arange(SIDE) * stride[:, None]) % (2 * length)
    return place.minimum(2 * length - 1 - place)
