"""Sounds to fields: with every method, of any channels, through files."""

from pathlib import Path

import numpy as np
import pytest

from cppnart.fields import files, numpy_backend
from cppnart.fields.fit_audio import METHODS, fit_audio
from cppnart.fields.sounds import Sound, open_sound

RATE = 8000
SMALL = {"grid": {"levels": 4, "width": 16}, "siren": {"width": 48, "depth": 2}}


def chord(channels: int = 1, frames: int = 2000, amplitude: float = 0.2) -> Sound:
    t = np.arange(frames)[:, None] / RATE
    tones = 220 * (1 + np.arange(channels))
    waves = np.sin(2 * np.pi * tones * t) + 0.5 * np.cos(2 * np.pi * 2.5 * tones * t)
    return Sound((amplitude * waves).astype(np.float32), RATE)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_learns(method):
    few = fit_audio(chord(), method=method, steps=2, options=SMALL[method], batch=512)
    more = fit_audio(chord(), method=method, steps=300, options=SMALL[method], batch=512)
    assert more.scores["snr"] > few.scores["snr"] + 5


@pytest.mark.parametrize(
    ("channels", "names"),
    [(1, ("mono",)), (2, ("left", "right")), (3, ("channel1", "channel2", "channel3"))],
)
def test_a_field_has_the_amplitudes_of_the_file(tmp_path: Path, channels, names):
    sound = chord(channels)
    with open_sound(tmp_path / "a.wav", rate=RATE, channels=channels, bits=32) as write:
        write(sound.samples)
    field = tmp_path / "a.safetensors"
    made = fit_audio(tmp_path / "a.wav", steps=300, batch=1024, options=SMALL["grid"], output=field)
    assert (made.task, made.method) == ("audio", "grid")
    program, note = files.load(field)
    assert (program.input_names, program.output_names) == (("t",), names)
    assert (note["rate"], note["channels"], note["seconds"]) == (RATE, channels, 0.25)
    moments = (2 * np.arange(2000) + 1 - 2000) / 2000
    played = numpy_backend.evaluate(program, {"t": moments}, dtype=np.float64)
    snr = 10 * np.log10((sound.samples**2).sum() / ((played - sound.samples) ** 2).sum())
    assert snr == pytest.approx(made.scores["snr"], abs=0.05)
    assert snr > 25


def test_a_fit_stops_at_a_ratio():
    made = fit_audio(chord(), steps=1000, until=10.0, batch=512, options=SMALL["grid"])
    assert (made.why, made.step) == ("until", 100)


def test_a_run_goes_on_and_only_with_its_own_sound(tmp_path: Path):
    options = {"options": SMALL["grid"], "batch": 256, "steps": 40}
    whole = fit_audio(chord(), **options)
    run = tmp_path / "run"
    assert fit_audio(chord(), seconds=1e-9, folder=run, **options).step < 40
    rest = fit_audio(chord(), folder=run, resume=True, **options)
    assert files.to_bytes(rest.program) == files.to_bytes(whole.program)
    with pytest.raises(ValueError, match="has channels 1, not 2: choose another folder"):
        fit_audio(chord(2), folder=run, resume=True, **options)


def test_one_sample_is_a_sound():
    made = fit_audio(Sound(np.full((1, 1), 0.3, np.float32), RATE), steps=100)
    assert made.scores["snr"] > 40


def test_long_sounds_get_more_steps_and_a_remark(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("cppnart.fields.fit_audio.TOLD_APART", 1000)
    told = []
    made = fit_audio(chord(), batch=10, seconds=1e-9, report=told.append, options=SMALL["grid"])
    assert told[0].steps == 27 * 2000 / 10
    assert "parts of at most 0 s keep the highest tones" in made.remark


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"method": "magic"}, "method 'magic': expected auto, grid, siren"),
        ({"resume": True}, "give the folder"),
        ({"rate": -1.0}, "rate -1"),
        ({"batch": 0}, "batch 0"),
    ],
)
def test_mistakes(given, message):
    with pytest.raises(ValueError, match=message):
        fit_audio(chord(), **given)


def test_bach_reaches_25_decibels(data: Path):
    made = fit_audio(data / "audio" / "gt_bach.wav", steps=400, until=25.0)
    assert made.why == "until"
