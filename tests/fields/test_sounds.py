"""Sound files: what is read is what other programs wrote, and the other way round."""

import struct
import tracemalloc
import wave
from pathlib import Path

import numpy as np
import pytest

from cppnart.fields.sounds import channel_names, open_sound, read_sound


def wav(path: Path, data: bytes, *, kind: int, bits: int, channels: int = 1, rate: int = 8000):
    """A wave file made by hand; kind 1 is PCM, 3 floating point."""
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", kind, channels, rate, rate * frame & 0xFFFFFFFF, frame, bits)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    return path


def waves(frames: int = 4000, channels: int = 2, rate: int = 8000) -> np.ndarray:
    t = np.arange(frames)[:, None] / rate
    tones = 200 * (1 + np.arange(channels))
    return (0.5 * np.sin(2 * np.pi * tones * t)).astype(np.float32)


@pytest.mark.parametrize("bits", [8, 16, 24])
def test_whole_numbers_are_read_exactly(tmp_path: Path, bits):
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    levels = np.array([low, -1, 0, 1, high, high // 3], np.int64)
    raw = (levels + 128 if bits == 8 else levels).astype("<i8")
    data = b"".join(int(n).to_bytes(8, "little", signed=True)[: bits // 8] for n in raw)
    sound = read_sound(wav(tmp_path / "a.wav", data, kind=1, bits=bits))
    assert sound.rate == 8000
    np.testing.assert_array_equal(sound.samples[:, 0], levels / (1 << (bits - 1)))


def test_floating_point_is_read_exactly_and_beyond_full_scale(tmp_path: Path):
    values = np.array([[0.1, -2.5], [1e-7, 3.0], [1 / 3, 0.0]], "<f4")
    path = wav(tmp_path / "a.wav", values.tobytes(), kind=3, bits=32, channels=2, rate=96_000)
    sound = read_sound(path)
    assert (sound.rate, sound.seconds) == (96_000, 3 / 96_000)
    np.testing.assert_array_equal(sound.samples, values)


@pytest.mark.parametrize(
    ("name", "bits", "channels", "error"),
    [
        ("a.wav", 16, 2, 2**-16),
        ("a.wav", 24, 6, 2**-23),
        ("a.wav", 32, 3, 0),
        ("a.flac", 16, 1, 2**-16),
        ("a.flac", 24, 2, 2**-23),
        ("A.OGG", 16, 2, 0.05),
    ],
)
def test_what_is_written_is_read_again(tmp_path: Path, name, bits, channels, error):
    samples = waves(channels=channels)
    with open_sound(tmp_path / name, rate=8000, channels=channels, bits=bits) as write:
        write(samples[:1000])
        write(samples[1000:])
    sound = read_sound(tmp_path / name)
    assert (sound.rate, sound.samples.shape[1]) == (8000, channels)
    # Vorbis may end with a part of a block too many
    assert len(samples) <= len(sound.samples) <= len(samples) + (error == 0.05) * 2048
    np.testing.assert_allclose(sound.samples[:4000], samples, rtol=0, atol=error)


def test_another_library_reads_what_is_written_and_loud_is_clipped(tmp_path: Path):
    samples = np.array([[0.5], [-0.25], [1.5], [-7.0]], np.float32)
    with open_sound(tmp_path / "a.wav", rate=44_100, channels=1) as write:
        write(samples)
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (44_100, 1, 2)
        levels = np.frombuffer(file.readframes(9), "<i2")
    assert levels.tolist() == [16384, -8192, 32767, -32768]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_refused_with_their_place(tmp_path: Path, bad):
    values = np.zeros((40_000, 2), "<f4")
    values[30_001, 1] = bad
    path = wav(tmp_path / "a.wav", values.tobytes(), kind=3, bits=32, channels=2)
    with pytest.raises(ValueError, match=rf"a.wav: sample 30001 is .*{str(bad)[-3:]}"):
        read_sound(path)


@pytest.mark.parametrize("rate", [1, 999, 768_001, 4_000_000_000])
def test_absurd_rates_are_refused(tmp_path: Path, rate):
    path = wav(tmp_path / "a.wav", bytes(400), kind=1, bits=16, rate=rate)
    with pytest.raises(ValueError, match=r"a.wav.*(expected 1000 to 768000|is not a sound)"):
        read_sound(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is not a sound"), (b"words\n" * 99, "is not a sound"), (None, "has no sound in it")],
)
def test_what_is_no_sound_is_refused_in_one_line(tmp_path: Path, content, message):
    path = wav(tmp_path / "a.wav", b"", kind=1, bits=16)
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=f"a.wav {message}") as caught:
        read_sound(path)
    assert "\n" not in str(caught.value)


def test_a_long_sound_is_never_whole_in_memory(tmp_path: Path, monkeypatch):
    path = wav(tmp_path / "a.wav", bytes(4_000_000), kind=1, bits=16)
    read_sound(path)  # so that only what it takes each time is counted
    tracemalloc.start()
    assert read_sound(path).samples.shape == (2_000_000, 1)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2_000_000
    monkeypatch.setattr("cppnart.fields.sounds.MAX_VALUES", 1_000_000)
    with pytest.raises(ValueError, match="more than 1000000 samples"):
        read_sound(path)


@pytest.mark.parametrize(
    ("name", "bits", "message"),
    [
        ("a.mp3", 16, r"a.mp3: expected a name that ends in .wav, .flac, .ogg"),
        ("a.flac", 32, "bits 32: a .flac file has 16 or 24"),
        ("a.wav", 8, "bits 8: a .wav file has 16 or 24 or 32"),
    ],
)
def test_files_that_cannot_be(tmp_path: Path, name, bits, message):
    with (
        pytest.raises(ValueError, match=message),
        open_sound(tmp_path / name, rate=8000, channels=1, bits=bits),
    ):
        pass
    assert not list(tmp_path.iterdir())


def write_all(path: Path, rate: int, stop: type[BaseException] | None = None) -> None:
    with open_sound(path, rate=rate, channels=1) as write:
        for _ in range(50):
            write(waves(channels=1))
            if stop is not None:
                raise stop


def test_what_ends_the_writing_early_leaves_nothing(tmp_path: Path):
    with pytest.raises(KeyboardInterrupt):
        write_all(tmp_path / "a.wav", 8000, KeyboardInterrupt)
    # Vorbis has no such rate: ffmpeg ends before it has read anything
    with pytest.raises(OSError, match=r"a\.ogg: "):
        write_all(tmp_path / "a.ogg", 768_000)
    assert not list(tmp_path.iterdir())


def test_channels_have_names():
    assert channel_names(1) == ("mono",)
    assert channel_names(2) == ("left", "right")
    assert channel_names(3) == ("channel1", "channel2", "channel3")
