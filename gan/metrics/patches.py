"""Features that need no training: patches of Laplacian pyramids, and pictures seen small."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ..objectives.glo import laplacian_pyramid

SIDE = 7
"""Pixels of a patch's side."""
PATCHES = 64
"""Of each picture, at each size."""
DIRECTIONS = 256
LEAST = 12
"""Pixels of the short side of the smallest pictures that patches are taken of."""
MAX_PATCHES = 1 << 17
SMALL = 16
COMPONENTS = 64


def sliced_wasserstein(
    real: Tensor, made: Tensor, random: np.random.Generator, batch: int = 256
) -> dict[str, float]:
    """The distance of patches of two sets of pictures (N, C, H, W) in [-1, 1], by size, and its
    mean: of 7 x 7 patches of Laplacian pyramids, normalised by the data's mean and deviation in
    each channel, the mean over random directions of the Wasserstein distance of their projections,
    times 1000 (Karras et al., "Progressive growing of GANs", arXiv 1710.10196, section 5)."""
    if real.shape[1:] != made.shape[1:]:
        raise ValueError(f"pictures of {tuple(real.shape[1:])} and {tuple(made.shape[1:])}")
    count = min(len(real), len(made))
    seeds = [int(n) for n in random.integers(1 << 62, size=2)]
    first = _descriptors(real[:count], seeds[0], batch)
    second = _descriptors(made[:count], seeds[1], batch)
    found: dict[str, float] = {}
    for name, a in first.items():
        b = second[name]
        mean, spread = a.mean((0, 2, 3), keepdims=True), a.std((0, 2, 3), keepdims=True) + 1e-8
        flat = [((patches - mean) / spread).reshape(len(patches), -1) for patches in (a, b)]
        found[name] = 1000 * sliced(flat[0], flat[1], random)
    found["mean"] = float(np.mean(list(found.values())))
    return found


def sliced(a: NDArray[np.floating], b: NDArray[np.floating], random: np.random.Generator) -> float:
    """The mean over random directions of the distance of two sets (N, d) of one size, projected."""
    directions = random.standard_normal((a.shape[1], DIRECTIONS))
    directions /= np.linalg.norm(directions, axis=0)
    total = 0.0
    for at in range(0, DIRECTIONS, 16):
        part = directions[:, at : at + 16]
        first, second = np.sort(a @ part, 0), np.sort(b @ part, 0)
        total += float(np.abs(first - second).mean(0).sum())
    return total / DIRECTIONS


def _descriptors(images: Tensor, seed: int, batch: int) -> dict[str, NDArray[np.float32]]:
    """Patches (n, C, 7, 7) by the size of the pictures that they are of; bounded in number."""
    random = np.random.default_rng(seed)
    each = max(min(PATCHES, MAX_PATCHES // len(images)), 1)
    found: dict[str, list[Tensor]] = {}
    for part in images.split(batch):
        for level in laplacian_pyramid(part)[:-1]:
            height, width = level.shape[2:]
            if min(height, width) < LEAST:
                continue
            y = torch.from_numpy(random.integers(0, height - SIDE + 1, (len(part), each)))
            x = torch.from_numpy(random.integers(0, width - SIDE + 1, (len(part), each)))
            inner = torch.arange(SIDE)
            rows = (y[..., None, None] + inner[:, None]).expand(-1, -1, SIDE, SIDE)
            columns = (x[..., None, None] + inner).expand(-1, -1, SIDE, SIDE)
            which = torch.arange(len(part))[:, None, None, None]
            taken = level.cpu()[which, :, rows, columns]  # (B, each, 7, 7, C)
            found.setdefault(f"{width}x{height}", []).append(taken.flatten(0, 1))
    return {name: torch.cat(parts).permute(0, 3, 1, 2).numpy() for name, parts in found.items()}


def small_pictures(sets: Iterable[Tensor]) -> list[NDArray[np.float64]]:
    """Pictures as features, where there are no labels: seen at 16 pixels, in the 64 principal
    components of the first set, by their own scale. The first set is the data."""
    flat = []
    for images in sets:
        side = min(SMALL, *images.shape[2:])
        small = functional.adaptive_avg_pool2d(images, side)
        flat.append(small.flatten(1).double().cpu().numpy())
    mean = flat[0].mean(0)
    _, _, axes = np.linalg.svd(flat[0][:4096] - mean, full_matrices=False)
    return [(features - mean) @ axes[:COMPONENTS].T for features in flat]
