"""Sounds as signals: which sample lies when, what is scored."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cppnart.fields.audio import PREVIEW, AudioTask
from cppnart.fields.sounds import Sound


class Known(nn.Module):
    """Amplitudes by the moment, with an error of their own."""

    def __init__(self, values: np.ndarray, error: float = 0.0) -> None:
        super().__init__()
        self.values = torch.from_numpy(values)
        self.error = nn.Parameter(torch.tensor(error))

    def forward(self, t):
        frames = len(self.values)
        number = ((t[:, 0].double() * frames + frames - 1) / 2).round().long()
        return self.values[number] + self.error


def sound(frames: int = 500, channels: int = 2, seed: int = 0) -> Sound:
    random = np.random.default_rng(seed)
    return Sound(random.uniform(-0.5, 0.5, (frames, channels)).astype(np.float32), 8000)


@given(st.integers(1, 100_000))
def test_moments_are_the_middles_of_samples(frames):
    task = AudioTask(Sound(np.ones((frames, 1), np.float32), 8000))
    points = task.points(torch.arange(frames)).double()
    assert points.shape == (frames, 1)
    width = 2 / frames
    expected = np.linspace(-1 + width / 2, 1 - width / 2, frames)
    np.testing.assert_allclose(points[:, 0], expected, atol=1e-7)


def test_the_score_is_the_signal_to_noise_ratio_in_decibels():
    heard = sound()
    task = AudioTask(heard)
    scaled = heard.samples / np.abs(heard.samples).max()
    expected = 10 * np.log10((scaled**2).sum() / (scaled.size * 0.05**2))
    assert task.scores(Known(scaled, 0.05))["snr"] == pytest.approx(expected, abs=1e-3)
    assert task.scores(Known(scaled))["snr"] == pytest.approx(120)
    assert task.scores(Known(0 * scaled))["snr"] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("batch", [None, 64])
def test_all_samples_at_once_or_some(batch):
    heard = sound()
    known = Known(heard.samples / np.abs(heard.samples).max(), 0.1)
    task = AudioTask(heard, batch=batch)
    loss = task.loss(known, torch.Generator().manual_seed(0), torch.device("cpu"))
    assert float(loss.detach()) == pytest.approx(0.01, rel=1e-4)


def test_silence_is_refused_but_not_a_silent_channel():
    silent = np.zeros((9, 2), np.float32)
    with pytest.raises(ValueError, match="the sound is silent"):
        AudioTask(Sound(silent, 8000))
    silent[:, 1] = 1e-6
    assert AudioTask(Sound(silent, 8000)).peak == pytest.approx(1e-6)


@pytest.mark.parametrize("frames", [1, 4000])
def test_a_preview_is_a_picture(frames):
    heard = sound(frames, 1)
    shown = AudioTask(heard).preview(Known(heard.samples))
    assert shown.shape == (PREVIEW[1], PREVIEW[0], 3)
    assert shown.dtype == np.uint8
