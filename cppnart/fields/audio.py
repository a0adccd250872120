"""Sounds to be fitted: amplitudes at moments."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .sounds import Sound
from .spectra import log_frequencies, spectrogram

POINTS = 1 << 15
"""Evaluated at once where the whole sound is."""
SCORED = 1 << 20
"""The most samples that a score is taken of; of longer sounds, so many spread evenly."""
PREVIEW = (512, 288)
"""The size of a preview, in pixels."""
PREVIEWED = 1 << 17
"""The most samples in a preview: those in the middle."""
FLOOR, LOUD = -84.0, -14.0
"""Decibels of a sine that are darkest and lightest in a preview."""

_GLOW = np.array(
    [(8, 9, 26), (44, 22, 84), (120, 30, 108), (205, 66, 84), (246, 146, 66), (255, 240, 196)]
)


class AudioTask:
    """A sound as a function from a moment to amplitudes, one for each channel.

    A field of it has the input t, which spans [-1, 1] over the whole sound: sample n of N is at
    (2 n + 1 - N) / N. It is fitted to amplitudes divided by the largest, ``peak``. batch: samples
    in a step, drawn anew each time. The score is the signal-to-noise ratio in decibels: the power
    of the sound over that of the error, over all channels.

    Raises ValueError for silence, which has no such ratio, and for a batch of nothing.
    """

    name = "audio"

    def __init__(self, sound: Sound, *, batch: int | None = 8192) -> None:
        if batch is not None and batch < 1:
            raise ValueError(f"batch {batch}: expected 1 or more")
        self.frames, self.channels = sound.samples.shape
        self.batch, self._samples, self._rate = batch, sound.samples, sound.rate
        self.peak = max(float(np.abs(part).max()) for part in _parts(sound.samples))
        if not self.peak:
            raise ValueError("the sound is silent: there is nothing to fit")
        self.settings: Mapping[str, Any] = {
            "rate": sound.rate,
            "channels": self.channels,
            "frames": self.frames,
            "batch": batch,
        }

    # --- Samples by their numbers ---

    def points(self, numbers: Tensor) -> Tensor:
        """Moments (N, 1)."""
        moments: Tensor = (2 * numbers.double() + 1 - self.frames) / self.frames
        return moments.float()[:, None]

    def amplitudes(self, numbers: Tensor) -> Tensor:
        """(N, channels) in [-1, 1]."""
        return torch.from_numpy(self._samples[numbers.numpy()] / np.float32(self.peak))

    # --- What a fit asks for ---

    def loss(self, field: nn.Module, random: torch.Generator, device: torch.device) -> Tensor:
        if self.batch is None:
            numbers = torch.arange(self.frames)
        else:
            numbers = torch.randint(self.frames, (self.batch,), generator=random)
        points, wanted = self.points(numbers).to(device), self.amplitudes(numbers).to(device)
        error: Tensor = (field(points) - wanted).square().mean()
        return error

    @torch.no_grad()
    def scores(self, field: nn.Module) -> dict[str, float]:
        power = error = 0.0
        step = math.ceil(self.frames / SCORED)
        for numbers, values in self._evaluated(field, torch.arange(0, self.frames, step)):
            wanted = self.amplitudes(numbers).double()
            power += float(wanted.square().sum())
            error += float((values.double() - wanted).square().sum())
        return {"snr": 10 * math.log10(max(power, 1e-12) / max(error, 1e-12 * power, 1e-24))}

    def _evaluated(self, field: nn.Module, numbers: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        device = next(field.parameters()).device
        for part in numbers.split(POINTS):
            yield part, field(self.points(part).to(device)).float().cpu()

    @torch.no_grad()
    def preview(self, field: nn.Module) -> NDArray[np.uint8]:
        """A spectrogram of the field, at most of PREVIEWED samples: high tones at the top."""
        first = max((self.frames - PREVIEWED) // 2, 0)
        numbers = torch.arange(first, min(first + PREVIEWED, self.frames))
        values = torch.cat([values for _, values in self._evaluated(field, numbers)])
        width, height = PREVIEW
        rows = log_frequencies(50, min(self._rate / 2, 16_000), height)
        levels = spectrogram(values.mean(1).numpy(), self._rate, width, rows)
        glow = np.clip((levels - FLOOR) / (LOUD - FLOOR), 0, 1)
        stops = np.linspace(0, 1, len(_GLOW))
        colours = [np.interp(glow, stops, channel) for channel in _GLOW.T]
        return np.stack(colours, -1).round().astype(np.uint8)


def _parts(samples: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """A sound that may be larger than memory, in parts."""
    for start in range(0, len(samples), SCORED):
        yield samples[start : start + SCORED]
