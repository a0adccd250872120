"""Films as other readers see them: PyAV for MP4, MOV and WebM, Pillow for GIF, WebP and APNG."""

import json
import os
import signal
import subprocess
import sys
import wave
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from cppnart.render.motion import encoders
from cppnart.render.motion.film_metadata import read_film_recipe
from cppnart.render.motion.films import (
    FORMATS,
    FilmWriter,
    estimate_bytes,
    film_format_of,
    frame_rate,
    open_film,
)
from cppnart.render.motion.frames import existing_frames

Pixels = NDArray[np.uint8]

WIDTH, HEIGHT, FRAMES = 64, 48, 10
SIZE: dict[str, Any] = {"width": WIDTH, "height": HEIGHT}
FILMS = [".mp4", ".webm", ".mov", ".gif", ".webp", ".apng"]
VIDEOS = FILMS[:3]
COLOURS = np.array(
    [
        (255, 0, 0),
        (0, 255, 0),
        (0, 0, 255),
        (255, 255, 255),
        (0, 0, 0),
        (128, 128, 128),
        (200, 0, 40),
        (30, 144, 255),
    ],
    np.uint8,
)


def frame(number: int, channels: int = 3) -> Pixels:
    """Eight upright bars of flat colours, moved on by one in every frame."""
    bars = np.roll(COLOURS, number, axis=0).repeat(WIDTH // len(COLOURS), axis=0)
    pixels = np.broadcast_to(bars, (HEIGHT, WIDTH, 3))
    if channels == 3:
        return pixels.copy()
    alpha = np.zeros((HEIGHT, WIDTH, 1), np.uint8)
    alpha[8:40, 4 * number : 4 * number + 24] = 255
    alpha[:8] = 128
    return np.concatenate([pixels, alpha], axis=2)


def save(path: Path, frames: int = FRAMES, fps: float | Fraction = 25, **options: Any) -> Path:
    with open_film(path, **SIZE, fps=fps, frames=frames, **options) as film:
        for number in range(frames):
            film.write(frame(number, options.get("channels", 3)))
    return path


def colours_in(pixels: NDArray[Any]) -> NDArray[Any]:
    """The colours in the middle of each bar."""
    step = pixels.shape[1] // len(COLOURS)
    return pixels[HEIGHT // 2, step // 2 :: step]


def with_av(path: Path) -> tuple[av.VideoStream, list[av.VideoFrame]]:
    with av.open(os.fspath(path)) as container:
        stream = container.streams.video[0]
        return stream, list(container.decode(stream))


def with_pillow(path: Path, mode: str = "RGB") -> tuple[list[Pixels], list[float]]:
    """Frames, and how many milliseconds each lasts."""
    shown, lasting = [], []
    with Image.open(path, formats=["GIF", "WEBP", "PNG"]) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            shown.append(np.asarray(image.convert(mode)))
            lasting.append(image.info.get("duration", 0))
    return shown, lasting


def rgb_of_bt709(picture: av.VideoFrame) -> NDArray[Any]:
    """(H, W, 3) in [0, 255], by the formulas of ITU-R BT.709-6 with video range."""
    depth = picture.format.components[0].bits
    planes = []
    for plane in picture.planes[:3]:
        values = np.frombuffer(plane, np.uint8 if depth == 8 else "<u2")
        values = values.reshape(plane.height, -1)[:, : plane.width] / 2 ** (depth - 8)
        across, down = picture.width // plane.width, picture.height // plane.height
        planes.append(values.repeat(down, 0).repeat(across, 1))
    y, b, r = (planes[0] - 16) / 219, (planes[1] - 128) / 224, (planes[2] - 128) / 224
    red, blue = y + 1.5748 * r, y + 1.8556 * b
    return 255 * np.stack([red, (y - 0.2126 * red - 0.0722 * blue) / 0.7152, blue], axis=2)


def refused(work: Callable[[], object], message: str, kind: type[Exception] = ValueError) -> None:
    with pytest.raises(kind, match=message) as caught:
        work()
    assert len(str(caught.value).splitlines()) == 1


def nothing_in(folder: Path) -> bool:
    return list(folder.iterdir()) == []


class Stop(Exception):
    pass


def interrupt(film: FilmWriter, after: int | Sequence[int], error: type[BaseException]) -> None:
    """Writes the first frames, or those of some numbers, and stops."""
    for number in range(after) if isinstance(after, int) else after:
        film.write(frame(number), number)
    raise error


# --- What is in a film ---


@pytest.mark.parametrize("fps", [25, 23.976, 60])
@pytest.mark.parametrize("suffix", VIDEOS)
def test_videos_have_every_frame_at_its_time(tmp_path: Path, suffix: str, fps: float) -> None:
    stream, frames = with_av(save(tmp_path / f"a{suffix}", fps=fps))
    exact = frame_rate(fps)
    assert len(frames) == FRAMES
    assert (stream.width, stream.height) == (WIDTH, HEIGHT)
    assert stream.average_rate == exact
    times = [float(shown.time or 0) for shown in frames]
    assert np.allclose(times, [float(number / exact) for number in range(FRAMES)], atol=6e-4)


@pytest.mark.parametrize("frames", [1, 2, 31])
@pytest.mark.parametrize("suffix", FILMS)
def test_no_frame_is_dropped_or_repeated(tmp_path: Path, suffix: str, frames: int) -> None:
    path = save(tmp_path / f"a{suffix}", frames, fps=29.97)
    shown = with_av(path)[1] if suffix in VIDEOS else with_pillow(path)[0]
    assert len(shown) == frames


def test_frames_stay_in_time_where_two_decimals_of_the_rate_would_not_do(tmp_path: Path) -> None:
    for suffix in FILMS:
        path = tmp_path / f"a{suffix}"
        with open_film(path, width=16, height=16, fps=Fraction(1, 3), frames=160) as film:
            for number in range(160):
                film.write(np.full((16, 16, 3), number, np.uint8))
        if suffix in VIDEOS:
            frames = with_av(path)[1]
            assert len(frames) == 160
            assert frames[-1].time == 159 * 3
        else:
            shown, lasting = with_pillow(path)
            assert len(shown) == 160
            assert sum(lasting) == pytest.approx(160 * 3000, abs=1)


@pytest.mark.parametrize(
    ("suffix", "codec", "pixels"),
    [
        (".mp4", None, "yuv420p"),
        (".webm", None, "yuv420p"),
        (".webm", "av1", "yuv420p10le"),
        (".mov", None, "yuv444p12le"),
    ],
)
def test_colours_are_tagged_as_bt709_and_are_so(
    tmp_path: Path, suffix: str, codec: str | None, pixels: str
) -> None:
    path = tmp_path / f"a{suffix}"
    with open_film(path, width=128, height=HEIGHT, fps=25, frames=3, codec=codec) as film:
        for _ in range(3):
            film.write(frame(0).repeat(2, axis=1))
    stream, frames = with_av(path)
    context = stream.codec_context
    assert context.pix_fmt == pixels
    assert context.color_primaries == context.color_trc == context.colorspace == 1
    assert context.color_range == 1  # video range, as "tv"
    for shown in frames:
        assert np.abs(colours_in(rgb_of_bt709(shown)) - COLOURS).max() <= 4


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "h264"), (".webm", "vp9"), (".mov", None)])
def test_the_codecs_are_those_that_players_know(
    tmp_path: Path, suffix: str, codec: str | None
) -> None:
    stream, _ = with_av(save(tmp_path / f"a{suffix}", 2))
    assert stream.codec_context.name == (codec or "prores")
    if suffix == ".mov":
        assert stream.codec_context.codec_tag == "ap4h"
    if suffix == ".mp4":
        assert stream.codec_context.profile == "High"


@pytest.mark.parametrize(("suffix", "error"), [(".gif", 0), (".webp", 12), (".apng", 0)])
def test_animations_show_every_frame_and_repeat_for_ever(
    tmp_path: Path, suffix: str, error: int
) -> None:
    path = save(tmp_path / f"a{suffix}", fps=12.5)
    frames, lasting = with_pillow(path)
    assert len(frames) == FRAMES
    assert sum(lasting) == pytest.approx(1000 * FRAMES / 12.5, abs=10)
    for number, shown in enumerate(frames):
        wrong = np.abs(colours_in(shown).astype(int) - np.roll(COLOURS, number, axis=0))
        assert wrong.max() <= error
    with Image.open(path) as image:
        assert image.info["loop"] == 0


def test_a_gif_has_one_palette_that_fits_the_whole_clip(tmp_path: Path) -> None:
    def gradient(number: int) -> Pixels:
        across, down = np.linspace(0, 1, WIDTH), np.linspace(0, 1, HEIGHT)[:, None]
        red, green = 255 * across + 0 * down, 60 * down + 0 * across
        return np.stack([red, green, np.full_like(red, 25 * number)], 2).astype(np.uint8)

    path = tmp_path / "a.gif"
    with open_film(path, **SIZE, fps=10, frames=FRAMES) as film:
        for number in range(FRAMES):
            film.write(gradient(number))
    with Image.open(path, formats=["GIF"]) as image:
        palette = image.getpalette()
        for number in range(FRAMES):
            image.seek(number)
            shown = np.asarray(image.convert("RGB")).astype(float)
            # Dither is right on average over small squares.
            wrong = (shown - gradient(number)).reshape(6, 8, 8, 8, 3).mean((1, 3))
            assert np.abs(wrong).mean() < 5
    assert len(palette or []) == 768
    # Nor do later frames bring palettes of their own: 0x80 in the flags of an image.
    data = path.read_bytes()
    places = [place for place in range(len(data) - 9) if data[place : place + 1] == b"\x2c"]
    images = [p for p in places if data[p + 5 : p + 9] == b"\x40\0\x30\0"]
    assert len(images) == FRAMES
    assert not any(data[place + 9] & 0x80 for place in images)


@pytest.mark.parametrize("suffix", [".mov", ".webp", ".apng"])
def test_transparency_is_kept(tmp_path: Path, suffix: str) -> None:
    path = save(tmp_path / f"a{suffix}", 4, channels=4)
    if suffix == ".mov":
        frames = [shown.to_ndarray(format="rgba") for shown in with_av(path)[1]]
    else:
        frames = with_pillow(path, "RGBA")[0]
    for number, shown in enumerate(frames):
        expected = frame(number, 4)
        assert np.abs(shown[..., 3].astype(int) - expected[..., 3]).max() <= 1
        opaque = expected[..., 3] == 255
        wrong = np.abs(shown.astype(int) - expected)[opaque]
        assert wrong.mean() <= (0 if suffix == ".apng" else 10)


def test_transparency_in_webm(tmp_path: Path) -> None:
    path = save(tmp_path / "a.webm", 4, channels=4)
    decoder = av.CodecContext.create("libvpx-vp9", "r")  # the only one that looks at alpha
    with av.open(os.fspath(path)) as container:
        assert container.streams.video[0].metadata["alpha_mode"] == "1"
        frames = [f for packet in container.demux(video=0) for f in decoder.decode(packet)]
    assert len(frames) == 4
    for number, shown in enumerate(frames):
        assert shown.format.name == "yuva420p"
        alpha = np.frombuffer(shown.planes[3], np.uint8).reshape(HEIGHT, -1)[:, :WIDTH]
        assert np.abs(alpha.astype(int) - frame(number, 4)[..., 3]).mean() < 2


def test_mp4_and_mov_can_be_played_while_they_load(tmp_path: Path) -> None:
    for suffix in (".mp4", ".mov"):
        data = save(tmp_path / f"a{suffix}", recipe="{}").read_bytes()
        assert data.index(b"moov") < data.index(b"mdat")


def test_crf_trades_quality_for_size(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    for suffix in (".mp4", ".webm"):
        sizes = []
        for crf in (5, None, 45):
            path = tmp_path / f"a{suffix}"
            with open_film(path, **SIZE, fps=25, frames=1, crf=crf) as film:
                film.write(noise)
            sizes.append(path.stat().st_size)
        assert sizes[0] > sizes[1] > sizes[2] or (suffix == ".webm" and sizes[0] > sizes[2])


def test_a_dark_gradient_has_no_bands(tmp_path: Path) -> None:
    """Steps of the mean over small squares stay far below the one level of a band's edge."""
    smooth = np.linspace(12, 24, 256)[None, :, None] * np.ones((128, 1, 3))
    noise = np.random.default_rng(1).random((128, 256, 3))
    dithered = np.floor(smooth + noise).astype(np.uint8)
    for suffix in (".mp4", ".mov"):
        path = tmp_path / f"a{suffix}"
        with open_film(path, width=256, height=128, fps=25, frames=4) as film:
            for _ in range(4):
                film.write(dithered)
        shown = with_av(path)[1][-1]
        luma = np.frombuffer(shown.planes[0], np.uint8 if suffix == ".mp4" else "<u2")
        luma = luma.reshape(128, -1)[:, :256] / (1 if suffix == ".mp4" else 16)
        means = luma.reshape(128, 32, 8).mean((0, 2))
        wanted = 16 + (smooth[0, :, 0] * 219 / 255).reshape(32, 8).mean(1)
        assert np.abs(means - wanted).max() < 0.3


# --- Sound ---


def sound_file(path: Path, seconds: float, clicks: Iterable[float] = (0.1,)) -> Path:
    rate = 44100
    samples = np.zeros(int(seconds * rate), "<i2")
    for click in clicks:
        samples[int(click * rate) :][:200] = 30000
    with wave.open(os.fspath(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


def heard(path: Path) -> tuple[str, float, float]:
    """The codec, the length in seconds, and when the first click comes."""
    with av.open(os.fspath(path)) as container:
        stream = container.streams.audio[0]
        pieces, first = [], None
        for piece in container.decode(stream):
            first = piece.time if first is None else first
            samples = piece.to_ndarray()
            pieces.append(samples[0] if piece.format.is_planar else samples.reshape(-1, 2)[:, 0])
        loud = np.abs(np.concatenate(pieces).astype(float))
        click = int(np.argmax(loud > loud.max() / 2))
        rate = stream.codec_context.sample_rate
        assert first is not None
        return stream.codec_context.name, loud.size / rate, first + click / rate


@pytest.mark.parametrize("seconds", [0.2, 3])
@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "aac"), (".mov", "aac"), (".webm", "opus")])
def test_sound_is_in_step_and_as_long_as_the_film(
    tmp_path: Path, suffix: str, codec: str, seconds: float
) -> None:
    sound = sound_file(tmp_path / "a.wav", seconds)
    path = save(tmp_path / f"a{suffix}", 24, fps=30, audio=sound)
    assert len(with_av(path)[1]) == 24
    name, length, click = heard(path)
    assert name == codec
    assert length == pytest.approx(0.8, abs=0.025)  # a frame of sound
    assert click == pytest.approx(0.1, abs=0.002)


def test_sound_is_taken_from_a_film_and_ends_with_a_shorter_one(tmp_path: Path) -> None:
    sound = sound_file(tmp_path / "a.wav", 3)
    first = save(tmp_path / "a.webm", 20, audio=sound)
    second = tmp_path / "b.mp4"
    options: dict[str, Any] = {"frames": 50, "audio": first, "keep_partial": True}
    with pytest.raises(Stop), open_film(second, **SIZE, fps=25, **options) as film:
        interrupt(film, 12, Stop)
    assert len(with_av(second)[1]) == 12
    _, length, click = heard(second)
    assert length == pytest.approx(12 / 25, abs=0.025)
    assert click == pytest.approx(0.1, abs=0.002)


def test_what_is_no_sound_is_refused_before_the_first_frame(tmp_path: Path) -> None:
    out = tmp_path / "films"
    out.mkdir()
    text, silent, playlist = tmp_path / "a.wav", save(tmp_path / "a.mp4", 2), tmp_path / "b.wav"
    text.write_text("no sound\n" * 1000)
    sound_file(tmp_path / "other.wav", 1)
    playlist.write_text("ffconcat version 1.0\nfile other.wav\n")  # it would open another file

    def write(audio: Path) -> Callable[[], object]:
        return lambda: save(out / "b.mp4", audio=audio)

    refused(write(text), "a.wav is not a sound that can be read")
    refused(write(silent), "a.mp4 has no sound in it")
    refused(write(playlist), "b.wav is not a sound that can be read")
    refused(write(tmp_path / "none.wav"), "No such file", FileNotFoundError)
    refused(write(tmp_path), "Is a directory", IsADirectoryError)
    assert nothing_in(out)


# --- Names, rates and limits ---


def test_names_say_the_format(tmp_path: Path) -> None:
    for suffix, name in zip(FILMS, ["MP4", "WebM", "MOV", "GIF", "WebP", "APNG"], strict=True):
        assert film_format_of(f"a.b{suffix.upper()}").name == name
    (tmp_path / "folder.mp4").mkdir()
    for folder in ("frames", "a.mp4/", tmp_path / "folder.mp4"):
        assert film_format_of(folder) is FORMATS[-1]
    refused(lambda: film_format_of("a.avi"), r"a\.avi: expected .*\.mp4 \.webm .*folder of frames")


def test_rates_are_exact_where_people_round_them() -> None:
    ntsc = {23.976: 24, 23.98: 24, 29.97: 30, 47.952: 48, 59.94: 60, 119.88: 120}
    for said, whole in ntsc.items():
        assert frame_rate(said) == Fraction(whole * 1000, 1001)
    for exact in (Fraction(24000, 1001), Fraction(25), Fraction(25, 2), Fraction(1, 3), 24, 60):
        assert frame_rate(exact) == frame_rate(float(exact)) == exact
    for wrong in (0, -1, 0.01, 1001, float("nan"), float("inf")):
        refused(lambda wrong=wrong: frame_rate(wrong), f"fps {wrong}: expected 0.1 to 1000")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.mp4", {"width": 63}, r"size 63x48: MP4 needs even sides: choose 64x48"),
        ("a.webm", {"height": 47}, r"size 64x47: WebM needs even sides: choose 64x48"),
        ("a.mov", {"width": 1, "height": 1}, "size 1x1: MOV needs even sides: choose 2x2"),
        ("a.gif", {"width": 70000}, "GIF allows 65535"),
        ("a.mp4", {"width": 0}, "size 0x48"),
        ("a.mp4", {"frames": 0}, "0 frames"),
        ("a.mp4", {"fps": 0}, "fps 0"),
        ("a.gif", {"fps": 60}, "fps 60: GIF allows 50"),
        ("a.mp4", {"channels": 4}, "MP4 holds no transparency"),
        ("a.gif", {"channels": 4}, "GIF holds no transparency"),
        ("a.webm", {"channels": 4, "codec": "av1"}, "'av1' holds no transparency"),
        ("a.mp4", {"channels": 1}, "1 channels"),
        ("a.mp4", {"crf": 99}, "crf 99: expected 1"),
        ("a.gif", {"crf": 20}, "GIF has no crf"),
        ("a.mp4", {"codec": "av1"}, "codec 'av1': MP4 has h264"),
        ("a.mov", {"codec": "h264"}, "codec 'h264': MOV has no choice"),
        ("a.gif", {"audio": "a.wav"}, "GIF holds no sound"),
        ("frames/", {"audio": "a.wav"}, "folder of frames holds no sound"),
        ("a.mp4", {"threads": 0}, "threads 0"),
        ("a.mp4", {"recipe": "\0"}, "a recipe with the character"),
        ("a.avi", {}, "expected a name"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(
    tmp_path: Path, name: str, options: dict[str, Any], message: str
) -> None:
    def write() -> None:
        # The separator at the end must stay.
        path = os.path.join(tmp_path, name)
        with open_film(path, **{**SIZE, "fps": 25, "frames": 2, **options}):
            pass

    refused(write, message)
    assert nothing_in(tmp_path)


def test_odd_sides_where_they_can_be(tmp_path: Path) -> None:
    for suffix in (".gif", ".webp", ".apng"):
        path = tmp_path / f"a{suffix}"
        with open_film(path, width=21, height=13, fps=25, frames=2) as film:
            for _ in range(2):
                film.write(np.full((13, 21, 3), 99, np.uint8))
        assert with_pillow(path)[0][0].shape == (13, 21, 3)


def test_frames_must_be_what_was_announced(tmp_path: Path) -> None:
    def write(*frames: Any, number: int | None = None) -> Callable[[], None]:
        def work() -> None:
            with open_film(tmp_path / "a.mp4", **SIZE, fps=25, frames=2) as film:
                for pixels in frames:
                    film.write(pixels, number)

        return work

    good = frame(0)
    refused(write(good), "only 1 of the film's 2 frames")
    refused(write(good, good, good), "frame 2: the film has 2")
    refused(write(good[:-1]), r"a frame of shape \(47, 64, 3\): expected \(48, 64, 3\)")
    refused(write(good / 255), "a frame of float64: expected uint8", TypeError)
    refused(write(good, number=1), "frame 1: MP4 needs frame 0 first")
    refused(write(good, number=-1), "frame -1")
    assert nothing_in(tmp_path)


def test_the_estimate_is_of_the_right_order(tmp_path: Path) -> None:
    wide, high, frames = 160, 120, 12
    x, y = np.meshgrid(np.linspace(0, 3, wide), np.linspace(0, 2, high))
    noise = np.random.default_rng(1).random((high, wide, 3))
    for form, suffix in zip(FORMATS, FILMS, strict=False):
        path = tmp_path / f"a{suffix}"
        with open_film(path, width=wide, height=high, fps=25, frames=frames) as film:
            for number in range(frames):
                waves = [np.sin(x + k + number / 20) * np.cos(y - k) for k in range(3)]
                film.write((90 + 80 * np.stack(waves, 2) + noise).astype(np.uint8))
        estimate = estimate_bytes(form, wide, high, frames)
        assert estimate / 8 < path.stat().st_size < estimate * 8


# --- Whole or not at all ---


@pytest.mark.parametrize("error", [Stop, KeyboardInterrupt])
@pytest.mark.parametrize("suffix", FILMS)
def test_what_ends_a_film_early_leaves_nothing(
    tmp_path: Path, suffix: str, error: type[BaseException]
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"before")
    with pytest.raises(error), open_film(path, **SIZE, fps=25, frames=FRAMES) as film:
        interrupt(film, 4, error)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", FILMS)
def test_a_shorter_film_is_kept_when_asked_for(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"before")
    options: dict[str, Any] = {"frames": 1000, "keep_partial": True, "recipe": "{}"}
    with pytest.raises(KeyboardInterrupt), open_film(path, **SIZE, fps=25, **options) as film:
        interrupt(film, 4, KeyboardInterrupt)
    assert list(tmp_path.iterdir()) == [path]
    shown = with_av(path)[1] if suffix in VIDEOS else with_pillow(path)[0]
    assert len(shown) == 4
    assert read_film_recipe(path) == "{}"


def test_without_a_frame_there_is_no_shorter_film(tmp_path: Path) -> None:
    options: dict[str, Any] = {"frames": 9, "keep_partial": True}
    with pytest.raises(Stop), open_film(tmp_path / "a.mp4", **SIZE, fps=25, **options):
        raise Stop
    assert nothing_in(tmp_path)


INTERRUPTED = """
import os, sys, time
import numpy as np
from cppnart.render.motion.films import open_film
try:
    with open_film(sys.argv[1], width=640, height=480, fps=25, frames=10**6,
                   keep_partial=sys.argv[2] == "keep") as film:
        for number in range(10**6):
            film.write(np.full((480, 640, 3), number % 256, np.uint8))
            if number == 5:
                print("ready", flush=True)
            time.sleep(0.005)
except KeyboardInterrupt:
    print(film.frames_written)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no groups of processes")
@pytest.mark.parametrize(("suffix", "keep"), [(".mp4", True), (".mp4", False), (".gif", True)])
def test_ctrl_c_at_a_terminal_reaches_ffmpeg_too(tmp_path: Path, suffix: str, keep: bool) -> None:
    path = tmp_path / f"a{suffix}"
    command = [sys.executable, "-c", INTERRUPTED, str(path), "keep" if keep else "drop"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        os.killpg(child.pid, signal.SIGINT)
        written, _ = child.communicate(timeout=60)
        with pytest.raises(ProcessLookupError):  # ffmpeg was in the group, and is no more
            os.killpg(child.pid, 0)
    finally:
        child.kill()
    if keep:
        shown = with_av(path)[1]
        # The frame that was being written may have arrived whole.
        assert int(written) <= len(shown) <= int(written) + 1
    assert list(tmp_path.iterdir()) == ([path] if keep else [])


def test_a_missing_codec_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = encoders.Settings("libnothing", "medium", (), "yuv420p")
    monkeypatch.setattr(encoders, "_settings", lambda film: settings)
    refused(
        lambda: save(tmp_path / "a.mp4", 100),
        "a.mp4: the film could not be encoded: .*libnothing",
        OSError,
    )
    assert nothing_in(tmp_path)


def test_ffmpeg_that_dies_is_one_line(tmp_path: Path) -> None:
    def write() -> None:
        path, frames = tmp_path / "a.mp4", 10000
        with open_film(path, **SIZE, fps=25, frames=frames, keep_partial=True) as film:
            for number in range(frames):
                film.write(frame(number))
                if number == 5:
                    film._encoder._process.kill()  # type: ignore[attr-defined]

    refused(write, "could not be encoded: it was ended by signal 9", OSError)
    assert nothing_in(tmp_path)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".webp"])
def test_a_full_disk_is_one_line(tmp_path: Path, suffix: str) -> None:
    class Full(encoders.MoviepyEncoder):
        def __init__(self, path: Path, *rest: Any) -> None:
            path.unlink()
            path.symlink_to("/dev/full")
            super().__init__(path, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoders, "MoviepyEncoder", Full)
        refused(
            lambda: save(tmp_path / f"a{suffix}"),
            f"a{suffix}: the film could not be encoded: .*No space left on device",
            OSError,
        )
    assert nothing_in(tmp_path)


def test_folders_that_are_not_there_are_named(tmp_path: Path) -> None:
    refused(lambda: save(tmp_path / "none" / "a.mp4"), "folder does not exist", FileNotFoundError)
    refused(lambda: save(tmp_path / "none" / "frames"), "none", FileNotFoundError)
    assert nothing_in(tmp_path)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    for name in ("a.mp4", "a.gif", "frames"):
        refused(lambda name=name: save(tmp_path / name), name, PermissionError)


def test_names_are_never_options_or_addresses(tmp_path: Path) -> None:
    folder = tmp_path / "-y %d concat:x,[y];'"
    folder.mkdir()
    sound = sound_file(folder / "http:a%d.wav", 1)
    for name in ("-a:%03d.mp4", "file:b.webm", "x'y;[0:v].gif", "%d.webp", "-.apng"):
        options = {"audio": sound} if name.endswith((".mp4", ".webm")) else {}
        save(folder / name, 2, **options)
        assert (folder / name).stat().st_size > 100
    assert len(list(folder.iterdir())) == 6


# --- Folders of frames ---


def with_png(path: Path) -> Pixels:
    with Image.open(path, formats=["PNG"]) as image:
        return np.asarray(image)


@pytest.mark.parametrize("channels", [3, 4])
def test_a_folder_of_frames(tmp_path: Path, channels: int) -> None:
    folder = save(tmp_path / "frames", channels=channels, recipe='{"a": "ü"}')
    names = [f"frame-{number:06}.png" for number in range(FRAMES)]
    assert sorted(path.name for path in folder.iterdir()) == ["film.json", *names]
    for number, name in enumerate(names):
        assert np.array_equal(with_png(folder / name), frame(number, channels))
    assert json.loads((folder / "film.json").read_bytes()) == {"a": "ü"}
    assert existing_frames(folder) == set(range(FRAMES))


def test_a_second_run_adds_what_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    options: dict[str, Any] = {"fps": 25, "frames": FRAMES, "recipe": "{}"}
    with pytest.raises(KeyboardInterrupt), open_film(folder, **SIZE, **options) as film:
        interrupt(film, (5, 0, 1), KeyboardInterrupt)
    times = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert existing_frames(folder) == {0, 1, 5}
    with open_film(folder, **SIZE, **options) as film:
        assert list(film.missing) == [2, 3, 4, 6, 7, 8, 9]
        for number in list(film.missing):
            assert film.missing[0] == number
            film.write(frame(number))
        assert list(film.missing) == []
    assert {path: path.stat().st_mtime_ns for path in times} == times
    for number in range(FRAMES):
        assert np.array_equal(with_png(folder / f"frame-{number:06}.png"), frame(number))


def test_frames_of_another_film_are_refused_or_removed(tmp_path: Path) -> None:
    folder = save(tmp_path / "frames", recipe='{"a": 1}')
    (folder / "mine.txt").write_text("mine")
    message = "holds the frames of another film: choose another folder, or overwrite"
    refused(lambda: save(folder, 3, recipe='{"a": 2}'), message)
    refused(lambda: save(folder, 3), message)
    assert existing_frames(folder) == set(range(FRAMES))
    save(folder, 3, recipe='{"a": 2}', overwrite=True)
    assert existing_frames(folder) == {0, 1, 2}
    assert read_film_recipe(folder) == '{"a": 2}'
    assert (folder / "mine.txt").read_text() == "mine"


def test_a_folder_that_was_made_for_nothing_goes(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    with pytest.raises(Stop), open_film(folder, **SIZE, fps=25, frames=3, recipe="{}"):
        raise Stop
    assert nothing_in(tmp_path)
    folder.mkdir()
    with pytest.raises(Stop), open_film(folder, **SIZE, fps=25, frames=3):
        raise Stop
    assert nothing_in(folder)


def test_only_our_own_names_are_frames(tmp_path: Path) -> None:
    for name in ("frame-000003.png", "frame-1.png", "frame-0000004.png", "frame-000005.jpg"):
        (tmp_path / name).touch()
    (tmp_path / "frame-1234567.png").touch()
    assert existing_frames(tmp_path) == {3, 1234567}
    assert existing_frames(tmp_path / "none") == set()


def test_importing_the_module_imports_neither_moviepy_nor_pillow(tmp_path: Path) -> None:
    code = "import sys, cppnart.render.motion.films; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert not set(done.stdout.split()) & {"moviepy", "PIL", "imageio_ffmpeg", "tqdm"}


def test_a_still_stretch_is_kept_in_full(tmp_path: Path) -> None:
    """Encoders merge frames that are alike; the length must stay."""
    for suffix in FILMS:
        path = tmp_path / f"a{suffix}"
        with open_film(path, **SIZE, fps=20, frames=20) as film:
            for _ in range(20):
                film.write(frame(3))
        if suffix in VIDEOS:
            assert [b.pts > a.pts for a, b in pairwise(with_av(path)[1])] == [True] * 19
        else:
            assert sum(with_pillow(path)[1]) == pytest.approx(1000, abs=10)
