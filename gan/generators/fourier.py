"""Fourier features of points, whose frequencies fade out where samples cannot show them."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cppnart.cppn.seeds import Stream

LOWEST = 0.25
"""Cycles over a unit of coordinates: half a wave over the frame."""
SPREAD = math.sqrt(10) / (2 * math.pi)
"""Deviation of random frequencies in cycles over a unit; INR-GAN's sqrt(10) is in radians."""


def band(samples: float) -> float:
    """The highest frequency that a grid of so many samples to the frame is given: half of what it
    can show, in cycles over a unit of coordinates, of which the frame has two."""
    return samples / 8


def frequencies(highest: float, count: int) -> Tensor:
    """Frequencies (F, 2) up to a length, the lowest first.

    INR-GAN (Skorokhodov et al., "Adversarial generation of continuous images", 2021, section 3):
    powers of two along the axes and both diagonals, and ``count`` random ones, normal. They are
    the same whatever the seed and the machine: how many of them a level is given makes the shapes
    of its weights, which a specification has to settle.
    """
    directions = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.5**0.5] * 2, [0.5**0.5, -(0.5**0.5)]])
    octaves = max(math.floor(math.log2(highest / LOWEST)) + 1, 1)
    lengths = LOWEST * 2.0 ** torch.arange(octaves)
    fixed = (lengths[:, None, None] * directions).reshape(-1, 2)
    normal = Stream("0", "frequencies").normal((count, 2))
    drawn = torch.from_numpy(normal).to(torch.float32) * SPREAD
    size = drawn.norm(dim=1, keepdim=True)
    # none is above the band: longer ones come back from its end
    drawn = drawn * torch.clamp(highest / size.clamp(min=1e-6), max=1)
    both = torch.cat([fixed, drawn])
    return both[both.norm(dim=1).argsort(stable=True)]


def encoded(points: Tensor, frequency: Tensor) -> Tensor:
    """Sines, then cosines: points (..., 2), frequency (F, 2) to (..., 2 F)."""
    angle: Tensor = points @ (2 * math.pi * frequency.T)
    return torch.cat([angle.sin(), angle.cos()], -1)


def fade(frequency: Tensor, spacing: Tensor) -> Tensor:
    """The amplitudes (b, 2 F) that are left of features in samples at distances spacing (b,).

    StyleGAN3's rule (Karras et al., "Alias-free generative adversarial networks", 2021, section
    3.2, the input): with a sampling rate s and a band b, the amplitude of a frequency f is 1 -
    (f - b) / (s / 2 - b), clipped to [0, 1]; here the band is three quarters of s / 2, which is
    what can be shown.
    """
    limit = 0.5 / spacing[:, None]
    share = frequency.norm(dim=1) / limit
    left: Tensor = (4 - 4 * share).clamp(0, 1)
    return left.repeat(1, 2)


def turns(frequency: Tensor) -> tuple[NDArray[np.float64], list[str]]:
    """Weights (2 F, 2) and activations of the features, as an affine map."""
    angle = 2 * math.pi * frequency.detach().to("cpu", torch.float64).numpy()
    return np.concatenate([angle, angle]), ["sin"] * len(angle) + ["cos"] * len(angle)
