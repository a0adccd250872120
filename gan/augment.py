"""Augmentation of what a discriminator sees, real and generated alike, so that few pictures
suffice and the generator still learns the pictures as they are.

DiffAugment: Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training"
(arXiv 2006.10738). ADA: Karras et al., "Training Generative Adversarial Networks with Limited
Data" (arXiv 2006.06676), its geometric and colour transformations.

Images are (B, C, H, W) in [-1, 1] with 1, 3 or 4 channels, the fourth alpha, and colours already
multiplied with it (see ``premultiplied``): nothing is 0, and an alpha of -1. Everything can be
differentiated twice, as penalties on gradients need. What is drawn comes in tensors of one row
a picture, so that several processes can each take their share.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

KINDS = ("none", "diffaugment", "ada")
DRAWS = 24
"""Uniform numbers that are drawn for a picture, whatever becomes of them."""
PER_CHANGE = 4
"""Steps between changes of ADA's probability."""
RISE = 500_000
"""Pictures in which it rises from 0 to 1 at most (section 3.1)."""
TARGET = 0.6


def premultiplied(images: Tensor) -> Tensor:
    """Images with straight alpha as networks compare them: what is transparent has no colour."""
    if images.shape[1] != 4:
        return images
    colours, alpha = images[:, :3], images[:, 3:]
    return torch.cat([colours * (0.5 + 0.5 * alpha), alpha], 1)


@dataclass
class Augment:
    """kind: one of KINDS. p: how probable each of ADA's changes is; it adapts."""

    kind: str = "none"
    p: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"augment {self.kind!r}: expected {', '.join(KINDS)}")

    def __call__(self, images: Tensor, draws: Tensor) -> Tensor:
        """draws: (B, DRAWS) uniform in [0, 1)."""
        if self.kind == "diffaugment":
            return diffaugment(images, draws)
        if self.kind == "ada" and self.p > 0:
            return ada(images, draws, self.p)
        return images

    def adapt(self, sign: float, batch: int) -> None:
        """Called every PER_CHANGE steps: p rises where the discriminator knows the real pictures
        by heart. sign: the mean of the sign of its logits for them."""
        if self.kind == "ada":
            change = batch * PER_CHANGE / RISE * (1 if sign > TARGET else -1)
            self.p = min(max(self.p + change, 0.0), 1.0)


# --- DiffAugment ---


def diffaugment(images: Tensor, draws: Tensor) -> Tensor:
    """Colour, translation by up to an eighth and a cut-out of half the sides, to each picture."""
    draw = draws.to(images.dtype).unbind(1)
    images = _brighter(images, _column(draw[0]) * 2 * 0.5 - 0.5)
    images = _saturated(images, _column(draw[1]) * 2)
    images = _contrasted(images, _column(draw[2]) + 0.5)
    height, width = images.shape[2:]
    across, down = round(width / 8), round(height / 8)
    images = _shifted(images, _whole(draw[3], -across, across), _whole(draw[4], -down, down))
    return _cut_out(images, draw[5], draw[6])


def _column(values: Tensor) -> Tensor:
    return values[:, None, None, None]


def _whole(draw: Tensor, low: int, high: int) -> Tensor:
    """Whole numbers from low to high."""
    return (low + torch.floor(draw * (high - low + 1))).long().clamp(low, high)


def _parts(images: Tensor) -> tuple[Tensor, Tensor | None, Tensor | float]:
    """Colours, alpha, and how much there is of each pixel."""
    if images.shape[1] != 4:
        return images, None, 1.0
    alpha = images[:, 3:]
    return images[:, :3], alpha, 0.5 + 0.5 * alpha


def _joined(colours: Tensor, alpha: Tensor | None) -> Tensor:
    return colours if alpha is None else torch.cat([colours, alpha], 1)


def _brighter(images: Tensor, amount: Tensor) -> Tensor:
    colours, alpha, cover = _parts(images)
    return _joined(colours + amount * cover, alpha)


def _saturated(images: Tensor, factor: Tensor) -> Tensor:
    colours, alpha, _ = _parts(images)
    if colours.shape[1] == 1:
        return images
    grey = colours.mean(1, keepdim=True)
    return _joined(grey + (colours - grey) * factor, alpha)


def _contrasted(images: Tensor, factor: Tensor) -> Tensor:
    colours, alpha, cover = _parts(images)
    if isinstance(cover, float):
        mean = colours.mean((1, 2, 3), keepdim=True)
    else:
        covered = cover.mean((1, 2, 3), keepdim=True).clamp(min=1e-3)
        mean = colours.mean((1, 2, 3), keepdim=True) / covered
    return _joined((colours - mean * cover) * factor + mean * cover, alpha)


def _empty(images: Tensor) -> Tensor:
    """What is where there is no picture, (1, C, 1, 1)."""
    value = images.new_zeros(1, images.shape[1], 1, 1)
    if images.shape[1] == 4:
        value[:, 3] = -1.0
    return value


def _shifted(images: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """Each picture moved by whole pixels."""
    count, channels, height, width = images.shape
    x = torch.arange(width, device=images.device) - across[:, None]
    y = torch.arange(height, device=images.device) - down[:, None]
    inside = ((x >= 0) & (x < width))[:, None, None, :] & ((y >= 0) & (y < height))[
        :, None, :, None
    ]
    places = y.clamp(0, height - 1)[:, :, None] * width + x.clamp(0, width - 1)[:, None, :]
    index = places.view(count, 1, -1).expand(-1, channels, -1)
    moved = images.flatten(2).gather(2, index).view_as(images)
    return torch.where(inside, moved, _empty(images))


def _cut_out(images: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """A window of half the sides goes; its middle lies anywhere in the picture."""
    height, width = images.shape[2:]
    half_w, half_h = max(width // 4, 1), max(height // 4, 1)
    middle_x, middle_y = _whole(across, 0, width - 1), _whole(down, 0, height - 1)
    x = torch.arange(width, device=images.device) - middle_x[:, None]
    y = torch.arange(height, device=images.device) - middle_y[:, None]
    gone = ((x >= -half_w) & (x < half_w))[:, None, None, :] & ((y >= -half_h) & (y < half_h))[
        :, None, :, None
    ]
    return torch.where(gone, _empty(images), images)


# --- ADA ---


def ada(images: Tensor, draws: Tensor, p: float) -> Tensor:
    """Each of ten changes to each picture with probability p: mirroring, quarter turns, whole
    translations; scaling, turning, stretching, translation; brightness, contrast, inversion of
    luma, hue and saturation (appendix B, "bgc")."""
    draw = draws.to(images.dtype).unbind(1)
    matrix = _geometry(images, draw, p)
    empty = _empty(images)
    grid = functional.affine_grid(matrix[:, :2], list(images.shape), align_corners=False)
    images = sample(images - empty, grid) + empty
    return _recoloured(images, draw, p)


def _geometry(images: Tensor, draw: tuple[Tensor, ...], p: float) -> Tensor:
    """From coordinates in the outcome to those in the picture, [-1, 1] both ways, (B, 3, 3)."""
    height, width = images.shape[2:]

    def happens(number: int, chance: float = p) -> Tensor:
        return draw[number] < chance

    one, zero = torch.ones_like(draw[0]), torch.zeros_like(draw[0])
    flip = torch.where(happens(0, p / 2), -one, one)
    matrix = _matrix(flip, zero, zero, one, zero, zero)
    quarters = torch.where(happens(1), torch.floor(draw[2] * 4), zero)
    matrix = matrix @ _turn(quarters * (math.pi / 2), one)
    across = _whole(draw[4], -round(width / 8), round(width / 8)) * (2 / width)
    down = _whole(draw[5], -round(height / 8), round(height / 8)) * (2 / height)
    moved = happens(3)
    matrix = matrix @ _matrix(
        one, zero, zero, one, torch.where(moved, across, zero), torch.where(moved, down, zero)
    )
    scale = torch.where(happens(6), torch.exp2(0.2 * _normal(draw[7])), one)
    matrix = matrix @ _matrix(scale, zero, zero, scale, zero, zero)
    aspect = one * (width / height)
    some = 1 - math.sqrt(1 - p)  # turned before or after stretching: with p, at least one of them
    before = torch.where(happens(8, some), (draw[9] * 2 - 1) * math.pi, zero)
    matrix = matrix @ _turn(before, aspect)
    stretch = torch.where(happens(10), torch.exp2(0.2 * _normal(draw[11])), one)
    matrix = matrix @ _matrix(stretch, zero, zero, 1 / stretch, zero, zero)
    after = torch.where(happens(12, some), (draw[13] * 2 - 1) * math.pi, zero)
    matrix = matrix @ _turn(after, aspect)
    shifted = happens(14)
    return matrix @ _matrix(
        one,
        zero,
        zero,
        one,
        torch.where(shifted, 0.25 * _normal(draw[15]), zero),
        torch.where(shifted, 0.25 * _normal(draw[16]), zero),
    )


def _matrix(a: Tensor, b: Tensor, c: Tensor, d: Tensor, e: Tensor, f: Tensor) -> Tensor:
    """(x, y) to (a x + b y + e, c x + d y + f), (B, 3, 3)."""
    zero, one = torch.zeros_like(a), torch.ones_like(a)
    rows = [torch.stack([a, b, e], 1), torch.stack([c, d, f], 1), torch.stack([zero, zero, one], 1)]
    return torch.stack(rows, 1)


def _turn(angle: Tensor, aspect: Tensor) -> Tensor:
    """A rotation of a picture whose width is ``aspect`` times its height."""
    c, s = torch.cos(angle), torch.sin(angle)
    zero = torch.zeros_like(c)
    return _matrix(c, -s / aspect, s * aspect, c, zero, zero)


def _normal(draw: Tensor) -> Tensor:
    """Standard normal numbers of uniform ones."""
    normal: Tensor = torch.special.ndtri(draw.clamp(1e-6, 1 - 1e-6))
    return normal


_SHARES = (1 / math.sqrt(3),) * 3
"""The axis of grey in a space of colours, of length one."""


def _recoloured(images: Tensor, draw: tuple[Tensor, ...], p: float) -> Tensor:
    colours, alpha, cover = _parts(images)
    one, zero = torch.ones_like(draw[0]), torch.zeros_like(draw[0])

    def chosen(number: int, value: Tensor, otherwise: Tensor) -> Tensor:
        return torch.where(draw[number] < p, value, otherwise)

    # brightness and contrast share the numbers that say whether with those that say how far
    bright = chosen(17, 0.2 * _normal(_within(draw[17], p)), zero)
    contrast = chosen(18, torch.exp2(0.5 * _normal(_within(draw[18], p))), one)
    colours = (colours + _column(bright) * cover) * _column(contrast)
    if colours.shape[1] == 1:
        return _joined(colours, alpha)
    axis = colours.new_tensor(_SHARES)
    grey = torch.outer(axis, axis)
    whole = torch.eye(3, dtype=colours.dtype, device=colours.device)
    inverted = torch.where(draw[19] < p / 2, 2 * one, zero)[:, None, None] * grey
    matrix = whole - inverted
    hue = chosen(20, (draw[21] * 2 - 1) * math.pi, zero)[:, None, None]
    cross = whole.new_tensor([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    turned = grey + torch.cos(hue) * (whole - grey) + torch.sin(hue) * cross
    strength = chosen(22, torch.exp2(_normal(draw[23])), one)[:, None, None]
    matrix = (grey + strength * (whole - grey)) @ turned @ matrix
    return _joined(torch.einsum("bij,bjhw->bihw", matrix, colours), alpha)


def _within(draw: Tensor, p: float) -> Tensor:
    """A uniform number again, of one that is known to be below p."""
    return draw / max(p, 1e-6)


class _Sample(torch.autograd.Function):
    """Bilinear sampling whose gradient can be differentiated again, which torch's own cannot:
    it is linear in the picture, so the gradient of its gradient is sampling once more."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, grid: Tensor) -> Tensor:
        ctx.save_for_backward(grid)
        ctx.shape = images.shape
        return _grid_sample(images, grid)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (grid,) = ctx.saved_tensors
        return _Spread.apply(gradients[0], grid, ctx.shape), None


class _Spread(torch.autograd.Function):
    """The transpose of sampling."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, grid: Tensor, shape: torch.Size) -> Tensor:
        ctx.save_for_backward(grid)
        like = gradient.new_zeros(shape)
        spread: Tensor
        spread, _ = torch.ops.aten.grid_sampler_2d_backward(
            gradient, like, grid, 0, 0, False, [True, False]
        )
        return spread

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (grid,) = ctx.saved_tensors
        return sample(gradients[0], grid), None, None


def _grid_sample(images: Tensor, grid: Tensor) -> Tensor:
    made: Tensor = functional.grid_sample(images, grid, "bilinear", "zeros", align_corners=False)
    return made


sample: Callable[[Tensor, Tensor], Tensor] = _Sample.apply
"""Images (B, C, H, W) at places (B, h, w, 2) in [-1, 1], zero outside; twice differentiable in the
images, not in the places."""
