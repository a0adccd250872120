"""Sound files, in one place: read by ffmpeg in pieces, and written as they are made."""

from __future__ import annotations

import os
import re
import stat
import struct
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from .atomic import atomic_output
from .ffmpeg import QUIET, ffmpeg_path, reason, shielded

FORMATS = "wav,aiff,flac,ogg,mp3,aac,mov,matroska"  # of ffmpeg; mov is mp4 too, matroska webm
MAX_SECONDS = 4 * 3600
MAX_VALUES = 1 << 30
"""Numbers in a sound that is read whole, which take 4 GiB of a temporary file."""
RATES = (1000, 768_000)
CHANNELS = 32

CODECS = {
    ".wav": {16: "pcm_s16le", 24: "pcm_s24le", 32: "pcm_f32le"},
    ".flac": {16: "flac -sample_fmt s16", 24: "flac -sample_fmt s32"},
    ".ogg": {16: "libvorbis -q:a 8"},
}
"""What a file can hold, by its suffix and the bits of a sample; 32 are floating point."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Sound:
    """samples (frames, channels), full scale is ±1; rate: frames a second."""

    samples: Floats
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def channel_names(count: int) -> tuple[str, ...]:
    """What the channels of a sound are called."""
    known = {1: ("mono",), 2: ("left", "right")}
    return known.get(count, tuple(f"channel{number + 1}" for number in range(count)))


def checked_rate(rate: int) -> int:
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(f"rate {rate}: expected {RATES[0]} to {RATES[1]} samples a second")
    return rate


def read_sound(path: str | os.PathLike[str]) -> Sound:
    """A sound as it is in its file: every channel, at its own rate, and as exact as float32 is.

    Reads what ``pieces`` does. The samples lie in a temporary file that is mapped into memory and
    gone when they are. Raises ValueError for numbers that are not finite too.
    """
    shown, rate, channels, frames = os.fspath(path), 0, 0, 0
    with tempfile.TemporaryFile() as file:
        for piece in pieces(path):
            rate, channels = piece.rate, piece.samples.shape[1]
            bad = np.argwhere(~np.isfinite(piece.samples))
            if bad.size:
                value = piece.samples[tuple(bad[0])]
                raise ValueError(f"{shown}: sample {frames + int(bad[0][0])} is {value}")
            frames += len(piece.samples)
            if frames * channels > MAX_VALUES:
                raise ValueError(f"{shown}: more than {MAX_VALUES} samples of all channels")
            file.write(piece.samples.tobytes())
        file.flush()
        return Sound(np.memmap(file, np.float32, "r", shape=(frames, channels)), rate)


def pieces(path: str | os.PathLike[str], rate: int | None = None) -> Generator[Sound, None, None]:
    """The samples in pieces of less than a second or so; with a rate, the mean of the channels.

    Reads wav, aiff, flac, ogg, mp3, m4a and the first sound of mp4, mov, webm and mkv films, by the
    content and not by the name; at most four hours. Ends ffmpeg when it is left early.

    Raises OSError where the file cannot be opened, and ValueError where it is no sound, has none in
    it, is cut short, or is too long.
    """
    if rate is not None and not 1000 <= rate <= 192_000:
        raise ValueError(f"rate {rate}: expected 1000 to 192000 samples a second")
    shown = os.fspath(path)
    if not stat.S_ISREG(os.stat(path).st_mode) and not os.path.isdir(path):
        raise ValueError(f"{shown} is not an ordinary file")
    with open(path, "rb"):
        pass  # so that Python says what is wrong: no such file, a folder, no permission
    command = [ffmpeg_path(), "-nostdin", "-nostats", "-hide_banner"]
    # Only this file is opened, whatever stands in it, and no name is an option or an address.
    command += ["-protocol_whitelist", "file", "-format_whitelist", FORMATS]
    command += ["-i", "file:" + os.path.abspath(path), "-map", "0:a:0", "-vn"]
    if rate is not None:
        # A mean of the channels, and not the louder sum that ffmpeg makes by itself.
        command += ["-af", "aresample=rematrix_maxval=1", "-ac", "1", "-ar", str(rate)]
    # The simplest format that says its rate and channels
    command += ["-c:a", "pcm_f32be", "-f", "au", "pipe:1"]
    seconds = 0.0
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
        ) as ffmpeg,
    ):
        assert ffmpeg.stdout is not None
        try:
            for sound in _read(ffmpeg.stdout, shown):
                seconds += sound.seconds
                if seconds > MAX_SECONDS:
                    raise ValueError(f"{shown} lasts more than {MAX_SECONDS // 3600} hours")
                yield sound
            ended = ffmpeg.wait()
        finally:
            ffmpeg.kill()
        _check_whole(shown, ended, seconds, _text_of(log))


def _read(stream: IO[bytes], shown: str) -> Iterator[Sound]:
    """What comes in Sun's format au: a header of big-endian words, and samples."""
    header = stream.read(24)
    if len(header) < 24:
        return
    _, offset, _, _, rate, channels = struct.unpack(">4s5I", header)
    stream.read(offset - 24)
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(f"{shown}: {rate} samples a second: expected {RATES[0]} to {RATES[1]}")
    if not 1 <= channels <= CHANNELS:
        raise ValueError(f"{shown}: {channels} channels: expected 1 to {CHANNELS}")
    frame = 4 * channels
    while data := stream.read((1 << 16) // frame * frame):
        whole = np.frombuffer(data[: len(data) // frame * frame], ">f4")
        yield Sound(whole.astype(np.float32).reshape(-1, channels), rate)


def _text_of(log: IO[bytes], part: int = 1 << 16) -> str:
    """The beginning and the end of what ffmpeg said."""
    size = log.seek(0, os.SEEK_END)
    log.seek(0)
    text = log.read(part)
    log.seek(max(part, size - part))
    return (text + log.read(part)).decode("utf-8", "replace")


def _check_whole(shown: str, ended: int, seconds: float, log: str) -> None:
    """Raises ValueError where ffmpeg, which makes do with what there is, has not read a sound."""
    if (ended == 0 and seconds == 0) or (ended != 0 and "matches no streams" in log):
        raise ValueError(f"{shown} has no sound in it")
    if ended != 0:
        raise ValueError(
            f"{shown} is not a sound that can be read: expected wav, flac, ogg, mp3,"
            " or a film (mp4, mov, webm) that has a sound"
        )
    # What ffmpeg says of itself begins with a bracket; what stands in the file does not.
    cut = re.search(r"^\[.*(partial file|ended prematurely|corrupt input)", log, re.MULTILINE)
    # A sound that was written into a pipe could not know its length, and claims far too much.
    cut = None if "Ignoring maximum wav data size" in log else cut
    said = re.search(r"^  Duration: (\d+):(\d\d):(\d\d\.\d+)", log, re.MULTILINE)
    length = 0.0
    # A film may be longer than its sound.
    if said and "Video:" not in log and "Estimating duration" not in log:
        length = int(said[1]) * 3600 + int(said[2]) * 60 + float(said[3])
    if cut or seconds < 0.95 * length - 0.5:
        raise ValueError(f"{shown} is cut short: it ends after {seconds:.1f} seconds of sound")


def codec_of(path: str | os.PathLike[str], bits: int) -> list[str]:
    """How ffmpeg is told to encode a file. ValueError for what its format cannot hold."""
    suffix = Path(path).suffix.lower()
    if suffix not in CODECS:
        raise ValueError(f"{os.fspath(path)}: expected a name that ends in {', '.join(CODECS)}")
    if bits not in CODECS[suffix]:
        known = " or ".join(map(str, CODECS[suffix]))
        raise ValueError(f"bits {bits}: a {suffix} file has {known}")
    return CODECS[suffix][bits].split()


@contextmanager
def open_sound(
    path: str | os.PathLike[str], *, rate: int, channels: int, bits: int = 16
) -> Iterator[Callable[[Floats], None]]:
    """A file to be written: call what this gives with samples (frames, channels), again and again.

    Kinds: .wav of 16, 24 or (floating point) 32 bits, .flac of 16 or 24, and .ogg (Vorbis). What is
    beyond ±1 is clipped unless it is floating point. The file appears whole or not at all. Raises
    ValueError for what its format cannot hold, and OSError where it cannot be written.
    """
    codec = codec_of(path, bits)
    with atomic_output(path) as temporary:
        command = [ffmpeg_path(), *QUIET, "-y", "-f", "f32le", "-ar", str(rate)]
        command += ["-ac", str(channels), "-i", "pipe:0", "-c:a", *codec]
        command += ["-fflags", "+bitexact", "-flags:a", "+bitexact"]
        command += ["-rf64", "auto"] if temporary.suffix.lower() == ".wav" else []
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
            with shielded():
                ffmpeg = subprocess.Popen(
                    [*command, f"file:{temporary}"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                )
            assert ffmpeg.stdin is not None
            stdin = ffmpeg.stdin

            def write(samples: Floats) -> None:
                stdin.write(np.ascontiguousarray(samples, "<f4").data)

            try:
                yield write
                stdin.close()
                failed = ffmpeg.wait() != 0
            except BrokenPipeError:
                failed = True
            finally:
                ffmpeg.kill()
                ended = ffmpeg.wait()
                with suppress(BrokenPipeError):
                    stdin.close()
            if failed:
                shown = os.fspath(path)
                raise OSError(f"{shown}: {reason(log, ended, temporary, shown)}")
