"""Random numbers of a step, drawn for the whole batch of all processes."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

from .data.batches import Share


class Draws:
    """Random numbers by seed, step and purpose: the same ones for a picture whoever works on it,
    and nothing to be kept for going on.

    batch: of all processes together. Each draw gives this process's rows of it, float32, on
    ``device``.
    """

    def __init__(
        self, seed: int, step: int, purpose: str, batch: int, share: Share, device: torch.device
    ) -> None:
        digest = hashlib.sha256(f"{seed} {step} {purpose}".encode()).digest()
        self.random = torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
        self._batch, self._part, self._device = batch, share.of(batch), device

    def normal(self, *shape: int) -> Tensor:
        """Standard normal, (B, *shape)."""
        return self._mine(torch.randn(self._batch, *shape, generator=self.random))

    def uniform(self, *shape: int) -> Tensor:
        """In [0, 1), (B, *shape)."""
        return self._mine(torch.rand(self._batch, *shape, generator=self.random))

    def below(self, high: int) -> Tensor:
        """Whole numbers from 0 to high - 1, (B,)."""
        return self._mine(torch.randint(high, (self._batch,), generator=self.random))

    def rest(self) -> torch.Generator:
        """A generator for one more number a picture, of which this process's are the next."""
        torch.rand(self._part.start, generator=self.random)
        return self.random

    def _mine(self, drawn: Tensor) -> Tensor:
        return drawn[self._part].to(self._device, non_blocking=True)
