"""Spectra of sounds, beside closed forms."""

import numpy as np
import pytest

from cppnart.fields.spectra import knots_needed, log_frequencies, spectrogram

RATE = 16_000


def tone(frequency: float, seconds: float = 1.0, amplitude: float = 1.0) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)


@pytest.mark.parametrize("frequency", [110, 440, 1500, 5000])
@pytest.mark.parametrize("amplitude", [1.0, 0.01])
def test_a_tone_shines_at_its_frequency_with_its_level(frequency, amplitude):
    rows = log_frequencies(50, 8000, 300)
    levels = spectrogram(tone(frequency, amplitude=amplitude), RATE, 40, rows)
    middle = levels[:, 20]
    assert rows[middle.argmax()] == pytest.approx(frequency, rel=0.02)
    assert middle.max() == pytest.approx(20 * np.log10(amplitude), abs=0.3)
    assert middle[np.abs(np.log2(rows / frequency)) > 1].max() < middle.max() - 40


def test_a_click_shines_in_its_column():
    samples = np.zeros(RATE)
    samples[12_000] = 1
    rows = log_frequencies(50, 8000, 60)
    levels = spectrogram(samples, RATE, 80, rows)
    assert levels.argmax(1).tolist() == pytest.approx([60] * 60, abs=1)
    assert levels.shape == (60, 80)


@pytest.mark.parametrize("count", [1, 2, 100])
def test_the_shortest_sounds_have_a_spectrogram(count):
    levels = spectrogram(np.ones(count), 1000, 5, log_frequencies(50, 500, 7))
    assert np.isfinite(levels).all()


@pytest.mark.parametrize("decibels", [30, 40])
def test_as_many_knots_as_straight_lines_need(decibels):
    samples = tone(200, 0.25)
    knots = knots_needed(samples[:, None], RATE, decibels)
    # brute force: the best straight lines through knots so far apart
    t = np.arange(len(samples)) / RATE
    place = t * knots
    cell = place.astype(int)
    design = np.zeros((len(t), cell.max() + 2), np.float32)
    design[np.arange(len(t)), cell] = 1 - (place - cell)
    design[np.arange(len(t)), cell + 1] = place - cell
    lines = design @ np.linalg.lstsq(design, samples.astype(np.float32), rcond=None)[0]
    missed = 10 * np.log10((samples**2).sum() / ((lines - samples) ** 2).sum())
    assert missed == pytest.approx(decibels, abs=1.5)


def test_noise_needs_a_knot_for_every_sample():
    noise = np.random.default_rng(0).normal(size=(9000, 2))
    assert knots_needed(noise, RATE, 40) == pytest.approx(RATE)
    assert knots_needed(np.ones((1, 1)), RATE, 40) <= RATE
