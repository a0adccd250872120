"""Fields of sounds played at any rate and speed, beside closed forms."""

from pathlib import Path

import numpy as np
import pytest

from cppnart.fields import files
from cppnart.fields.program import Builder
from cppnart.fields.sample_audio import low_pass, sample
from cppnart.fields.sounds import read_sound

RATE, FRAMES = 44_100, 22_050


def tones(path: Path, *frequencies: float, amplitude: float = 0.5, **changes: object) -> Path:
    """Half a second of sines, one for each channel, as a field that is exact."""
    seconds = FRAMES / RATE
    b = Builder(t=1)
    angular = np.pi * seconds * np.array(frequencies)  # t goes from -1 to 1
    # Their phases are 0 at the beginning
    waves = b.affine(b["t"], angular[:, None], angular % (2 * np.pi), "sin")
    loud = b.map(waves, "identity", amplitude)
    names = {1: ["mono"], 2: ["left", "right"]}[len(frequencies)]
    note = {"task": "audio", "rate": RATE, "frames": FRAMES, "channels": len(frequencies)}
    program = b.build(**dict(zip(names, map(int, loud), strict=True)))
    files.save(path, program, {**note, **changes})
    return path


@pytest.fixture
def field(tmp_path: Path) -> Path:
    return tones(tmp_path / "field.safetensors", 440, 1000)


def sine(frequency: float, frames: int, rate: float, start: float = 0.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * frequency * (start + (np.arange(frames) + 0.5) / rate))


@pytest.mark.parametrize(("rate", "speed"), [(44_100, 1), (96_000, 1), (48_000, 0.5)])
def test_a_field_is_played_as_it_is(field: Path, rate, speed):
    played = sample(field, rate=rate, speed=speed)
    frames = round(0.5 * rate / speed)
    assert played.shape == (frames, 2)
    for channel, frequency in enumerate((440, 1000)):
        expected = sine(frequency * speed, frames, rate)
        np.testing.assert_allclose(played[:, channel], expected, atol=1e-3)


@pytest.mark.parametrize(("rate", "speed"), [(8000, 1), (44_100, 3), (11_025, 2.5), (44_099, 1)])
def test_tones_that_fit_keep_their_level_and_others_vanish(tmp_path: Path, rate, speed):
    """`most`: the highest tone of the field that the outcome can hold."""
    most = rate / speed / 2
    edge = round(200 * speed)  # where the sound begins and ends there is no tone
    for share in (0.05, 0.5, 0.9):
        path = tones(tmp_path / "low.safetensors", share * most)
        played = sample(path, rate=rate, speed=speed)[:, 0]
        expected = sine(share * most * speed, len(played), rate)
        inner = slice(edge, -edge)
        level = 20 * np.log10(np.std(played[inner]) / np.std(expected[inner]))
        assert abs(level) < 0.1
        np.testing.assert_allclose(played[inner], expected[inner], atol=5e-3)
    for share in (1.01, 1.5, 2.2):
        if share * most < RATE / 2:
            path = tones(tmp_path / "high.safetensors", share * most)
            played = sample(path, rate=rate, speed=speed)[:, 0]
            # What is left is float32, in which moments of half a second are rounded
            assert np.abs(played[edge:-edge]).max() < 0.5e-3


@pytest.mark.parametrize("times", [2, 3, 17])
def test_the_low_pass_is_flat_and_then_nothing(times):
    gain = np.abs(np.fft.rfft(low_pass(times).ravel(), 1 << 16))
    frequency = np.fft.rfftfreq(1 << 16) * times  # in parts of the rate of the outcome
    assert np.abs(20 * np.log10(gain[frequency <= 0.46])).max() < 0.01
    assert 20 * np.log10(gain[frequency >= 0.5].max()) < -80


def test_a_part_is_a_part_of_the_whole(field: Path):
    for rate in (44_100, 9000):
        whole = sample(field, rate=rate)
        part = sample(field, rate=rate, start=0.1, duration=0.2)
        assert len(part) == 0.2 * rate
        first = round(0.1 * rate)
        np.testing.assert_allclose(part, whole[first : first + len(part)], atol=1e-3)


@pytest.mark.parametrize("rate", [44_100, 6000])
def test_blocks_leave_no_seams(field: Path, rate, monkeypatch: pytest.MonkeyPatch):
    whole = sample(field, rate=rate)
    monkeypatch.setattr("cppnart.fields.sample_audio.BLOCK", 1000)
    monkeypatch.setattr("cppnart.fields.sample_audio.WHOLES", 1)
    np.testing.assert_allclose(sample(field, rate=rate, threads=1), whole, atol=1e-6)


def test_extremes_of_rate_and_speed(field: Path):
    assert sample(field, rate=1000, speed=64).shape == (8, 2)
    assert sample(field, rate=768_000, duration=1e-6).shape == (1, 2)
    slow = sample(field, rate=1000, speed=1 / 64)
    assert slow.shape == (32_000, 2)
    np.testing.assert_allclose(slow[:, 0], sine(440 / 64, 32_000, 1000), atol=1e-3)


def test_a_file_is_written_as_it_is_made(field: Path, tmp_path: Path):
    told = []
    made = sample(
        field,
        tmp_path / "out.flac",
        rate=22_050,
        bits=24,
        report=lambda done, total: told.append((done, total)),
    )
    assert (made.rate, made.channels, made.seconds) == (22_050, 2, 0.5)
    assert told[-1] == (11_025, 11_025)
    heard = read_sound(tmp_path / "out.flac")
    assert heard.rate == 22_050
    np.testing.assert_allclose(heard.samples, sample(field, rate=22_050), atol=2**-23)


def test_without_the_kernel_it_sounds_the_same(field: Path, monkeypatch: pytest.MonkeyPatch):
    with_kernel = sample(field)
    monkeypatch.setattr("cppnart.fields.kernel.function", lambda: None)
    np.testing.assert_allclose(sample(field), with_kernel, atol=1e-4)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rate": 10}, "rate 10: expected 1000 to 768000"),
        ({"rate": 10**9}, "rate 1000000000: expected 1000 to 768000"),
        ({"speed": 0.0}, "speed 0: expected 0.015625 to 64"),
        ({"speed": float("nan")}, "speed nan"),
        ({"start": 0.5}, "start 0.5: the sound lasts 0.5 seconds"),
        ({"start": -1.0}, "start -1"),
        ({"start": 0.25, "duration": 0.5}, "duration 0.5: expected more than 0, to 0.25 seconds"),
        ({"duration": 0.0}, "duration 0"),
        ({"output": "a.mp3"}, "a.mp3: expected a name that ends in .wav"),
        ({"output": "a.flac", "bits": 32}, "bits 32: a .flac file has 16 or 24"),
    ],
)
def test_what_cannot_be_is_refused(field: Path, given, message):
    with pytest.raises(ValueError, match=message):
        sample(field, **given)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "image"}, "f.safetensors: the field of 'image', not of a sound"),
        ({"rate": 0}, "f.safetensors: not a usable field of a sound: .*rate"),
        ({"frames": "many"}, "not a usable field of a sound: .*frames"),
        ({"frames": 0}, "not a usable field of a sound: .*frames"),
        ({"channels": 2}, "f.safetensors: a field of a sound has the input t and left, right"),
    ],
)
def test_files_that_are_no_fields_of_sounds(tmp_path: Path, changes, message):
    path = tones(tmp_path / "f.safetensors", 440, **changes)
    with pytest.raises(ValueError, match=message) as caught:
        sample(path)
    assert "\n" not in str(caught.value)
