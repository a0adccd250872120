"""A small classifier of the data's own labels, whose features say what matters in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

HELD_OUT = 0.1
FEATURES = 64
BATCH = 128
SHIFT = 2
PLACES = 7
"""Pixels of a side of what is last looked at: a quarter of MNIST's."""
LEAST_STEPS, MOST_STEPS = 150, 6000


class Classifier(nn.Module):
    """Pictures (B, C, H, W) to logits (B, classes), and features (B, 64) on the way."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(PLACES),
            nn.Flatten(),
            nn.Dropout(0.25),
            nn.Linear(64 * PLACES**2, FEATURES),
            nn.ReLU(),
        )
        self.last = nn.Linear(FEATURES, classes)

    def features(self, images: Tensor) -> Tensor:
        found: Tensor = self.layers(images)
        return found

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.last(self.features(images))
        return logits


@dataclass(frozen=True)
class Judge:
    """A trained classifier; accuracy: on pictures that it did not learn from."""

    network: Classifier
    accuracy: float

    @torch.no_grad()
    def look(self, images: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Features (N, 64) and probabilities (N, classes) of pictures."""
        features, shares = [], []
        for part in images.split(256):
            own = self.network.features(part)
            features.append(own)
            shares.append(self.network.last(own).softmax(1))
        return (
            torch.cat(features).double().numpy(),
            torch.cat(shares).double().numpy(),
        )


def _shifted(images: Tensor, random: np.random.Generator) -> Tensor:
    """A batch moved by up to two pixels, which keeps a classifier from learning places by heart."""
    height, width = images.shape[2:]
    y, x = (int(n) for n in random.integers(0, 2 * SHIFT + 1, 2))
    padded = functional.pad(images, (SHIFT, SHIFT, SHIFT, SHIFT), mode="replicate")
    return padded[:, :, y : y + height, x : x + width]


def train_classifier(
    images: Callable[[NDArray[np.int64]], Tensor],
    labels: NDArray[np.int64],
    *,
    epochs: int = 6,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Judge:
    """Trains a classifier on the CPU.

    images: pictures by their numbers, (B, C, H, W). labels (N,), from 0. Small sets are seen more
    often than ``epochs`` times. Raises ValueError for fewer than twenty pictures or one class.
    """
    with torch.random.fork_rng(devices=[]):  # of weights, and of what is dropped out
        torch.manual_seed(seed)
        return _trained(images, labels, epochs, seed, progress)


def _trained(
    images: Callable[[NDArray[np.int64]], Tensor],
    labels: NDArray[np.int64],
    epochs: int,
    seed: int,
    progress: Callable[[int, int], None] | None,
) -> Judge:
    classes = int(labels.max()) + 1
    if len(labels) < 20 or len(np.unique(labels)) < 2:
        raise ValueError(f"{len(labels)} pictures of {classes} classes: too few for a classifier")
    random = np.random.default_rng(seed)
    order = random.permutation(len(labels))
    kept = max(int(len(order) * HELD_OUT), 1)
    held, used = order[:kept], order[kept:]
    network = Classifier(images(order[:1]).shape[1], classes).train()
    steps = min(max(epochs * len(used) // BATCH, LEAST_STEPS), MOST_STEPS)
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    size = min(BATCH, len(used))
    for step in range(steps):
        at = step * size % (len(used) - size + 1)
        if at < size:
            used = random.permutation(used)
        numbers = used[at : at + size]
        seen = _shifted(images(numbers), random)
        loss = functional.cross_entropy(network(seen), torch.from_numpy(labels[numbers]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if progress is not None:
            progress(step + 1, steps)
    network.eval()
    judge = Judge(network, 0.0)
    right = sum(
        int((judge.look(images(part))[1].argmax(1) == labels[part]).sum())
        for part in np.array_split(held, max(len(held) // 512, 1))
    )
    return Judge(network, right / len(held))
