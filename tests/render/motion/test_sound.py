import base64
import subprocess
import tracemalloc
import wave
import zlib
from functools import partial
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cppnart.render.motion.sound import RATE, Drive, decode, lift, listen, pace, pulse

NAMES = ("bass", "mid", "treble", "onset")


def write_wav(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    """Samples (N,) or (N, channels) in [-1, 1] as 16 bits."""
    samples = samples[:, None] if samples.ndim == 1 else samples
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def ffmpeg(*arguments: str | Path, given: bytes = b"") -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", *map(str, arguments)]
    subprocess.run(command, input=given, check=True, timeout=60)


def times(seconds: float) -> np.ndarray:
    return np.arange(round(seconds * RATE)) / RATE


def tone(frequency: float, seconds: float = 3.0, amplitude: float = 0.5) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * frequency * times(seconds))


def noise(seconds: float, seed: int = 1) -> np.ndarray:
    return 0.2 * np.random.default_rng(seed).normal(size=round(seconds * RATE))


def clicks(at: np.ndarray, seconds: float) -> np.ndarray:
    """Bursts of noise, 30 ms each, that begin at the given times."""
    samples = np.zeros(round(seconds * RATE))
    burst = noise(0.03) * np.exp(-times(0.03) / 0.008)
    for start in np.rint(at * RATE).astype(int):
        samples[start : start + burst.size] += burst[: samples.size - start]
    return samples


def music(seconds: float = 4.0) -> np.ndarray:
    """Something of everything: a beating bass, a melody, cymbals."""
    t = times(seconds)
    bass = np.sin(2 * np.pi * 70 * t) * np.exp(-(t % 0.5) / 0.15)
    melody = np.sin(2 * np.pi * 440 * 2 ** (np.floor(t / 0.75) / 12) * t) * (
        0.6 + 0.4 * np.sin(3 * t)
    )
    cymbals = np.random.default_rng(0).normal(size=t.size) * np.exp(-((t + 0.25) % 0.5) / 0.05)
    return 0.4 * bass + 0.2 * melody + 0.05 * cymbals


def attacks(drive: Drive) -> np.ndarray:
    """The frames in which the onset rises."""
    return np.flatnonzero(np.diff(drive.onset, prepend=0) > 0)


def difference(a: Drive, b: Drive, name: str) -> np.ndarray:
    return np.abs(getattr(a, name) - getattr(b, name))


# --- decoding ------------------------------------------------------------------------------------


def test_the_samples_are_those_in_the_file(tmp_path: Path) -> None:
    samples = music(1.0)
    heard = decode(write_wav(tmp_path / "a.wav", samples))
    assert heard.dtype == np.float32
    assert heard.shape == samples.shape
    np.testing.assert_allclose(heard, np.rint(samples * 32767) / 32768, atol=1e-7)


def test_channels_are_mixed(tmp_path: Path) -> None:
    left, right = tone(300, 1), tone(500, 1)
    path = write_wav(tmp_path / "a.wav", np.column_stack([left, right]))
    np.testing.assert_allclose(decode(path), (left + right) / 2, atol=1e-4)


def test_a_sound_of_another_rate_is_resampled(tmp_path: Path) -> None:
    rate = 48000
    path = write_wav(
        tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate), rate
    )
    heard = decode(path, rate=16000)
    assert heard.size == 16000
    exact = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    np.testing.assert_allclose(heard[200:-200], exact[200:-200], atol=2e-3)


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".mp3", ".m4a", ".mp4", ".mov", ".webm"])
def test_every_kind_of_file_sounds_alike(tmp_path: Path, suffix: str) -> None:
    source = write_wav(tmp_path / "a.wav", music())
    path = tmp_path / f"b{suffix}"
    if suffix in (".mp4", ".mov", ".webm"):
        # The film outlasts its sound.
        film = ("-f", "lavfi", "-i", "color=red:size=32x32:duration=6:rate=5")
        ffmpeg(*film, "-i", source, "-pix_fmt", "yuv420p", path)
    else:
        ffmpeg("-i", source, path)
    expected, heard = listen(source, 30), listen(path, 30)
    assert len(heard) == len(expected) == 120
    if suffix == ".flac":
        assert heard.to_text() == expected.to_text()
    for name in ("bass", "mid", "treble"):
        assert difference(expected, heard, name).mean() < 0.02
    strong = attacks(expected)[expected.onset[attacks(expected)] > 0.5]
    assert all(np.abs(attacks(heard) - frame).min() <= 1 for frame in strong)


def test_numbers_that_are_none_do_no_harm(tmp_path: Path) -> None:
    samples = tone(80, 1).astype("<f4")
    samples[5000:5010] = [np.nan, np.inf, -np.inf, 3e38, -3e38] * 2
    path = tmp_path / "a.wav"
    codec = ("-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0", "-c:a", "pcm_f32le")
    ffmpeg(*codec, path, given=samples.tobytes())
    assert np.isfinite(decode(path)).all()
    assert len(listen(path, 30)) == 30


def test_a_sound_that_was_written_into_a_pipe_is_whole(tmp_path: Path) -> None:
    source = write_wav(tmp_path / "a.wav", tone(80, 1))
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", str(source)]
    piped = subprocess.run(
        [*command, "-f", "wav", "-"], capture_output=True, check=True, timeout=60
    )
    (tmp_path / "b.wav").write_bytes(piped.stdout)
    np.testing.assert_array_equal(decode(tmp_path / "b.wav"), decode(source))


def refused(path: str | Path, message: str, kind: type[Exception] = ValueError) -> None:
    for hear in (decode, partial(listen, fps=30)):
        with pytest.raises(kind, match=message) as caught:
            hear(path)
        assert "\n" not in str(caught.value)


def test_what_is_no_sound_is_refused_in_one_line(tmp_path: Path) -> None:
    refused(tmp_path / "missing.wav", "missing.wav", FileNotFoundError)
    refused(tmp_path, str(tmp_path), OSError)
    contents = {
        "empty": b"",
        "text": b"hello\n" * 100,
        "random": np.random.default_rng(0).bytes(9999),
    }
    for name, content in contents.items():
        path = tmp_path / f"{name}.mp3"
        path.write_bytes(content)
        refused(path, f"{name}.mp3 is not a sound that can be read")
    ffmpeg("-f", "lavfi", "-i", "color=red:size=32x32", "-frames:v", "1", tmp_path / "a.png")
    refused(tmp_path / "a.png", "is not a sound")
    ffmpeg("-f", "lavfi", "-i", "color=red:size=32x32:duration=1", tmp_path / "mute.mp4")
    refused(tmp_path / "mute.mp4", "has no sound in it")
    refused(write_wav(tmp_path / "none.wav", np.zeros(0)), "has no sound in it")


def test_a_device_is_not_a_sound() -> None:
    if Path("/dev/zero").exists():
        refused("/dev/zero", "not an ordinary file")


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".webm", ".m4a"])
def test_a_sound_that_is_cut_short_is_refused(tmp_path: Path, suffix: str) -> None:
    whole, path = write_wav(tmp_path / "whole.wav", music()), tmp_path / f"a{suffix}"
    ffmpeg("-i", whole, path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    refused(path, r"cut short: it ends after \d\.\d seconds|is not a sound")


def test_a_sound_that_is_too_long_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_wav(tmp_path / "a.wav", tone(80, 2))
    monkeypatch.setattr("cppnart.fields.sounds.MAX_SECONDS", 1)
    with pytest.raises(ValueError, match=r"a\.wav lasts more than"):
        decode(path)


@pytest.mark.parametrize("name", ["-i", "-version.wav", "pipe:0", "concat:a.wav|b.wav", "%d.wav"])
def test_a_name_is_never_an_option_or_an_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(name, "No such file", FileNotFoundError)
    write_wav(tmp_path / "a.wav", tone(80, 1)).rename(tmp_path / name)
    assert decode(name).size == RATE


@pytest.mark.parametrize(
    "list_of_files",
    ["ffconcat version 1.0\nfile b.wav\n", "#EXTM3U\n#EXTINF:1,\nb.wav\n#EXT-X-ENDLIST\n"],
)
def test_a_list_of_other_files_is_not_followed(tmp_path: Path, list_of_files: str) -> None:
    write_wav(tmp_path / "b.wav", tone(80, 1))
    (tmp_path / "a.wav").write_text(list_of_files)
    refused(tmp_path / "a.wav", "is not a sound")


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf"), 1e-9])
def test_a_rate_of_frames_that_cannot_be_is_refused(tmp_path: Path, fps: float) -> None:
    path = write_wav(tmp_path / "a.wav", tone(80, 1))
    with pytest.raises(ValueError, match=r"fps .*: expected 0\.1 to 1000"):
        listen(path, fps)
    with pytest.raises(ValueError, match="0 frames: expected 1 to"):
        listen(path, 30, 0)
    with pytest.raises(ValueError, match="rate 0: expected"):
        decode(path, 0)


def test_words_in_the_file_are_not_taken_for_errors(tmp_path: Path) -> None:
    source, path = write_wav(tmp_path / "a.wav", tone(80, 1)), tmp_path / "b.flac"
    title = "matches no streams\n[a] partial file\n  Duration: 01:00:00.00\n[b] ended prematurely"
    ffmpeg("-i", source, "-metadata", f"title={title}", path)
    np.testing.assert_array_equal(decode(path), decode(source))


def test_the_samples_are_never_all_in_memory(tmp_path: Path) -> None:
    seconds = 90
    path = tmp_path / "a.wav"
    source = f"sine=frequency=80:duration={seconds}:sample_rate=8000"
    ffmpeg("-f", "lavfi", "-i", source, "-c:a", "pcm_u8", path)
    listen(path, 10, 10)  # so that only what it takes each time is counted
    tracemalloc.start()
    assert len(listen(path, 10)) == 10 * seconds
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6_000_000 < seconds * RATE * 4


# --- loudness ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("frequency", "name"), [(80, "bass"), (700, "mid"), (5000, "treble")])
@pytest.mark.parametrize("fps", [24, 29.97, 60])
def test_a_tone_drives_its_band_alone_and_steadily(
    tmp_path: Path, frequency: float, name: str, fps: float
) -> None:
    drive = listen(write_wav(tmp_path / "a.wav", tone(frequency)), fps)
    assert getattr(drive, name)[3:].min() > 0.95
    assert np.ptp(getattr(drive, name)[5:-5]) < 0.02
    for other in {"bass", "mid", "treble"} - {name}:
        assert getattr(drive, other).max() == 0


def test_equal_steps_in_decibels_are_equal_steps_of_loudness(tmp_path: Path) -> None:
    parts = [tone(80, 2, 0.5 ** (1 + step)) for step in range(4)]  # 6.02 dB apart, 18 dB in all
    drive = listen(write_wav(tmp_path / "a.wav", np.concatenate(parts)), 30)
    levels = drive.bass[[50, 110, 170, 230]]
    np.testing.assert_allclose(levels, [1, 2 / 3, 1 / 3, 0], atol=0.02)


def test_loudness_rises_fast_and_falls_slowly(tmp_path: Path) -> None:
    silence = np.zeros(RATE)
    sound = np.concatenate([silence, tone(80, 1), silence])
    bass = listen(write_wav(tmp_path / "a.wav", sound), 60).bass
    up = np.flatnonzero(bass > 0.8)[0] - 60
    down = np.flatnonzero(bass > 0.2)[-1] - 120
    assert -3 <= up <= 6
    assert 15 <= down <= 45
    assert np.all(np.diff(bass[125:]) <= 0)


def test_noise_moves_smoothly(tmp_path: Path) -> None:
    drive = listen(write_wav(tmp_path / "a.wav", noise(5)), 30)
    for name in ("bass", "mid", "treble"):
        curve = getattr(drive, name)
        assert curve[5:].min() > 0.2
        assert np.abs(np.diff(curve[3:])).mean() < 0.03
        assert np.abs(np.diff(curve[3:])).max() < 0.2


@pytest.mark.parametrize("level", [0.0, 1 / 32767])
def test_silence_gives_zeros_and_not_amplified_noise(tmp_path: Path, level: float) -> None:
    hiss = np.random.default_rng(0).uniform(-1, 1, 2 * RATE) * level
    drive = listen(write_wav(tmp_path / "a.wav", hiss), 30)
    assert all(not getattr(drive, name).any() for name in NAMES)
    np.testing.assert_allclose(pace(drive), np.arange(60) / 60)
    assert set(pulse(drive)) == {1.0}
    assert not lift(drive).any()


def test_silence_within_a_sound_is_silent(tmp_path: Path) -> None:
    sound = np.concatenate([music(2.0), np.zeros(3 * RATE), music(2.0)])
    drive = listen(write_wav(tmp_path / "a.wav", sound), 30)
    assert max(getattr(drive, name)[120:145].max() for name in NAMES) < 0.05


def test_opposite_channels_cancel_without_harm(tmp_path: Path) -> None:
    side, centre = tone(80), tone(700)
    drive = listen(write_wav(tmp_path / "a.wav", np.column_stack([side, -side])), 30)
    assert not drive.bass.any()
    both = np.column_stack([0.5 * (centre + side), 0.5 * (centre - side)])
    drive = listen(write_wav(tmp_path / "b.wav", both), 30)
    assert drive.bass.max() == 0
    assert drive.mid[5:].min() > 0.95


def test_a_quiet_recording_moves_as_much_as_a_loud_one(tmp_path: Path) -> None:
    loud = listen(write_wav(tmp_path / "a.wav", music()), 30)
    quiet = listen(write_wav(tmp_path / "b.wav", 0.1 * music()), 30)
    for name in NAMES:
        assert difference(loud, quiet, name).max() < 0.05


def test_the_rate_of_frames_changes_nothing_but_the_number(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", music())
    slow, fast = listen(path, 20), listen(path, 60)
    assert (len(slow), len(fast)) == (80, 240)
    for name in ("bass", "mid", "treble"):
        means = getattr(fast, name).reshape(80, 3).mean(axis=1)
        assert np.abs(getattr(slow, name) - means).mean() < 0.04


# --- attacks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fps", [24, 25, 29.97, 60, 120])
@pytest.mark.parametrize("background", [0.0, 0.3])
def test_a_click_track_has_attacks_where_the_clicks_are_and_none_elsewhere(
    tmp_path: Path, fps: float, background: float
) -> None:
    at = 0.3 + 0.5 * np.arange(12)  # 120 beats a minute
    sound = clicks(at, 6.5) + tone(220, 6.5, background)
    drive = listen(write_wav(tmp_path / "a.wav", sound), fps)
    found = attacks(drive)
    if background:  # the tone begins, too
        assert found[0] == 0
        found = found[1:]
    assert found.size == at.size
    assert np.abs(found - np.floor(at * fps)).max() <= 1
    assert drive.onset[found].min() > 0.8


def test_an_attack_fades_to_a_half_in_120_ms(tmp_path: Path) -> None:
    drive = listen(write_wav(tmp_path / "a.wav", clicks(np.array([0.5]), 2)), 50)
    (start,) = attacks(drive)
    expected = 0.5 ** (np.arange(30) * 0.02 / 0.12)
    np.testing.assert_allclose(drive.onset[start : start + 30], expected, atol=0.003)


def test_stronger_attacks_rise_higher(tmp_path: Path) -> None:
    bed = noise(4, seed=2) * 0.02
    sound = bed + clicks(np.array([1.0]), 4) + 0.2 * clicks(np.array([2.5]), 4)
    onset = listen(write_wav(tmp_path / "a.wav", sound), 30).onset
    assert onset[28:33].max() > 2 * onset[73:78].max() > 0.1


def test_what_does_not_begin_has_no_attack(tmp_path: Path) -> None:
    t = times(5)
    vibrato = 440 * t + 0.35 * np.sin(2 * np.pi * 6 * t)  # periods of ±50 cents, six times a second
    sounds = {
        "noise": noise(5),
        "vibrato": sum(0.3 / h * np.sin(2 * np.pi * h * vibrato) for h in range(1, 9)),
        "swell": tone(440, 5) * np.linspace(0, 1, t.size) ** 2,
    }
    for name, sound in sounds.items():
        drive = listen(write_wav(tmp_path / f"{name}.wav", sound), 30)
        assert drive.onset[30:].max() < 0.1, name


# --- length --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "fps", "frames"), [(2, 30, 60), (1.99, 24, 48), (0.001, 30, 1)]
)
def test_there_are_as_many_frames_as_the_sound_lasts(
    tmp_path: Path, seconds: float, fps: float, frames: int
) -> None:
    drive = listen(write_wav(tmp_path / "a.wav", tone(80, seconds)), fps)
    assert len(drive) == frames
    assert drive.seconds == frames / fps


def test_one_sample_is_a_sound(tmp_path: Path) -> None:
    assert len(listen(write_wav(tmp_path / "a.wav", np.ones(1)), 30)) == 1


def test_a_film_that_outlasts_the_sound_comes_to_rest(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", music(2.0))
    short, long = listen(path, 30), listen(path, 30, 200)
    assert len(long) == 200
    for name in NAMES:
        np.testing.assert_array_equal(getattr(long, name)[:60], getattr(short, name))
        assert getattr(long, name)[160:].max() == 0


def test_of_a_longer_sound_the_beginning_is_heard(tmp_path: Path) -> None:
    sound = np.concatenate([tone(80, 2), tone(5000, 60)])
    drive = listen(write_wav(tmp_path / "a.wav", sound), 30, 60)
    assert len(drive) == 60
    assert drive.bass[5:].min() > 0.9
    assert drive.treble[:55].max() == 0


# --- as text -------------------------------------------------------------------------------------


def drive_of(curves: np.ndarray, seconds: float = 2.0) -> Drive:
    return Drive(*(curves / np.float32(255)), seconds)


drives = hnp.arrays(np.uint8, st.tuples(st.just(4), st.integers(1, 60))).map(drive_of)


def test_what_was_heard_comes_back_from_its_text_exactly(tmp_path: Path) -> None:
    drive = listen(write_wav(tmp_path / "a.wav", music()), 29.97)
    text = drive.to_text()
    assert text.isascii()
    assert len(text) < 5 * len(drive)
    again = Drive.from_text(text)
    assert again.seconds == drive.seconds
    for name in NAMES:
        np.testing.assert_array_equal(getattr(again, name), getattr(drive, name))
        assert getattr(again, name).dtype == np.float32
    assert again.to_text() == text


@given(drives, st.floats(0.001, 1e7))
def test_any_drive_comes_back_from_its_text(drive: Drive, seconds: float) -> None:
    drive = Drive(drive.bass, drive.mid, drive.treble, drive.onset, seconds)
    again = Drive.from_text(drive.to_text())
    assert again.seconds == seconds
    for name in NAMES:
        np.testing.assert_array_equal(getattr(again, name), getattr(drive, name))


def read_or_refused(text: str) -> None:
    try:
        drive = Drive.from_text(text)
    except ValueError as error:
        lines = str(error).splitlines()
    else:
        lines = [drive.to_text()]
        assert Drive.from_text(lines[0]).to_text() == lines[0]
    assert len(lines) == 1


@given(st.text())
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    read_or_refused(text)


@given(
    st.integers(0, 10**8),
    st.one_of(st.floats().map(repr), st.sampled_from(["1", "1e9", "0.0", "-1.0", "1.0"])),
    st.binary(max_size=60),
    st.booleans(),
    st.binary(max_size=3),
)
def test_any_numbers_and_bytes_are_read_or_refused_in_one_line(
    frames: int, seconds: str, content: bytes, deflated: bool, rest: bytes
) -> None:
    data = (zlib.compress(content) if deflated else content) + rest
    read_or_refused(f"{frames} {seconds} {base64.b64encode(data).decode()}")
    read_or_refused(f"{len(content) // 4} 1.0 {base64.b64encode(data).decode()}")


@settings(max_examples=50)
@given(drives, st.data())
def test_a_damaged_text_is_read_or_refused_in_one_line(drive: Drive, data: st.DataObject) -> None:
    text = drive.to_text()
    place = data.draw(st.integers(0, len(text) - 1))
    read_or_refused(text[:place] + data.draw(st.text(max_size=3)) + text[place + 1 :])
    with pytest.raises(ValueError, match="sound"):
        Drive.from_text(text[: -data.draw(st.integers(1, 20))])


def test_a_text_cannot_fill_the_memory() -> None:
    bomb = base64.b64encode(zlib.compress(bytes(1 << 26), 9)).decode()
    tracemalloc.start()
    for frames in (1, 1000, 10**7 - 1):
        with pytest.raises(ValueError, match="sound"):
            Drive.from_text(f"{frames} 1.0 {bomb}")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


def test_curves_of_another_shape_or_range_are_refused() -> None:
    good = np.zeros(3, np.float32)
    for bad in (good[:2], good[None], good + 2, good - 1, good * np.nan):
        with pytest.raises(ValueError, match="treble"):
            Drive(good, good, bad, good, 1.0)
    with pytest.raises(ValueError, match="bass"):
        Drive(good[:0], good[:0], good[:0], good[:0], 1.0)
    for seconds in (0, -1, np.nan, np.inf):
        with pytest.raises(ValueError, match="seconds"):
            Drive(good, good, good, good, seconds)


# --- motion --------------------------------------------------------------------------------------


@given(drives)
def test_the_path_is_run_through_once_and_never_stands_still(drive: Drive) -> None:
    places = np.append(pace(drive), 1.0)
    steps = np.diff(places)
    assert places[0] == 0
    assert steps.min() > 0
    assert steps.max() <= 5.0001 * steps.min()


@given(drives)
def test_the_zoom_is_gentle(drive: Drive) -> None:
    zoom = pulse(drive)
    assert zoom.shape == drive.bass.shape
    assert 1 <= zoom.min() <= zoom.max() <= 1.08 + 1e-9


@given(drives)
def test_the_palette_moves_a_little_about_its_place(drive: Drive) -> None:
    shift = lift(drive)
    assert shift.shape == drive.bass.shape
    assert np.abs(shift).max() <= 0.12
    assert abs(shift.mean()) < 1e-9


def test_each_mapping_follows_its_table() -> None:
    curves = np.zeros((4, 4), np.uint8)
    curves[0, 1] = curves[3, 2] = 255  # a frame of bass, then one of onset
    drive = drive_of(curves)
    np.testing.assert_allclose(pace(drive), np.cumsum([0, 1, 2.5, 3.5]) / 8)
    np.testing.assert_allclose(pulse(drive), [1, 1.05, 1.03, 1])
    assert not lift(drive).any()


def test_colours_follow_without_flicker_and_without_delay() -> None:
    curves = np.zeros((4, 201), np.uint8)
    curves[2, 100] = 255  # treble for one frame at 100 frames a second
    shift = lift(drive_of(curves, 2.01))
    assert np.argmax(shift) == 100
    np.testing.assert_allclose(shift[:100], shift[:100:-1], atol=1e-6)
    assert np.ptp(shift) < 0.01
    curves[1:3, 50:150] = 255
    shift = lift(drive_of(curves, 2.01))
    assert 0.1 < np.ptp(shift) <= 0.12
    assert np.abs(np.diff(shift)).max() < 0.12 * 0.06


# --- a recording ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bach(data: Path) -> Path:
    path = data / "audio" / "gt_bach.wav"
    if not path.is_file():
        pytest.skip(f"no {path}")
    return path


def test_a_cello_suite_is_heard_note_by_note(bach: Path) -> None:
    drive = listen(bach, 60)
    assert drive.seconds == pytest.approx(6.99, abs=0.02)
    silent = slice(0, round(0.65 * 60))
    assert max(getattr(drive, name)[silent].max() for name in NAMES) < 0.02
    # Its semiquavers, a little more than five a second.
    notes = attacks(drive) / 60
    assert 15 <= notes.size <= 32
    assert np.median(np.diff(notes)) == pytest.approx(0.19, abs=0.02)


def test_a_cello_suite_moves_a_picture_smoothly(bach: Path) -> None:
    drive = listen(bach, 30)
    for name in ("bass", "mid", "treble"):
        curve = getattr(drive, name)
        assert np.ptp(curve) > 0.8
        assert np.abs(np.diff(curve)).mean() < 0.04
    steps = np.diff(pace(drive))
    assert 2 < steps.max() / steps.min() < 5
    assert np.ptp(lift(drive)) > 0.05
    assert np.abs(np.diff(lift(drive))).max() < 0.01
