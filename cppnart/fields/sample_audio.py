"""sample: the field of a sound becomes a sound file, at any rate and speed."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from . import files, kernel, numpy_backend
from .program import Program
from .sounds import CHANNELS, RATES, channel_names, checked_rate, codec_of, open_sound

Floats = NDArray[np.float32]

BLOCK = 1 << 16
"""Samples made at once."""
SPEEDS = (1 / 64, 64.0)
LONGEST = 24 * 3600.0
"""Seconds of a file."""
TAPS = 161
"""Length of the low pass, in samples of the outcome; odd, so that it has a middle."""
WHOLES = 4
"""Lengths of the low pass in a block, at least: around each of them it asks for one more."""
PASSED = 0.46
"""Frequencies that stay, in parts of the rate; from 0.5 on everything is gone."""
BETA = 9.0
"""Of Kaiser's window: what is gone is 90 dB down."""


class _About(msgspec.Struct):
    """What the file of a field must say of its sound."""

    task: Literal["audio"]
    rate: Annotated[int, msgspec.Meta(ge=RATES[0], le=RATES[1])]
    frames: Annotated[int, msgspec.Meta(ge=1, le=1 << 40)]
    channels: Annotated[int, msgspec.Meta(ge=1, le=CHANNELS)]


@dataclass(frozen=True)
class SoundField:
    """A field of a sound: a program with the input t, the rate and length of what was fitted."""

    program: Program
    rate: int
    frames: int

    @property
    def channels(self) -> int:
        return len(self.program.outputs)

    @property
    def seconds(self) -> float:
        return self.frames / self.rate

    def at(self, seconds: NDArray[np.floating], threads: int = 1) -> Floats:
        """Amplitudes (N, channels) at moments of the sound, (N,); silence around it."""
        t = 2 * seconds / self.seconds - 1
        if kernel.function() is None:
            values = numpy_backend.evaluate(self.program, {"t": t}, dtype=np.float32)
        else:
            values = kernel.evaluate(self.program, {"t": t}, threads)
        values[np.abs(t) > 1] = 0
        return np.asarray(np.nan_to_num(values))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> SoundField:
        """Reads a field. ValueError where it is not one of a sound."""
        program, note = files.load(path)
        return cls.of(program, note, os.fspath(path))

    @classmethod
    def of(cls, program: Program, note: dict[str, Any], shown: str) -> SoundField:
        task = note.get("task", "something else")
        if task != "audio":
            raise ValueError(
                f"{shown}: the field of {str(task)[:40]!r}, not of a sound: expected one that"
                " 'cppnart fit audio' made"
            )
        try:
            about = msgspec.convert(note, _About)
        except msgspec.ValidationError as error:
            raise ValueError(f"{shown}: not a usable field of a sound: {error}") from None
        names = channel_names(about.channels)
        if program.inputs != (("t", 1),) or program.output_names != names:
            raise ValueError(f"{shown}: a field of a sound has the input t and {', '.join(names)}")
        return cls(program, about.rate, about.frames)


@dataclass(frozen=True)
class Sampled:
    """A sound file that was written."""

    path: str
    seconds: float
    rate: int
    channels: int

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s at {self.rate} samples a second, channels: {self.channels}"


def sample(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    rate: int | None = None,
    speed: float = 1.0,
    start: float = 0.0,
    duration: float | None = None,
    bits: int = 16,
    threads: int | None = None,
    report: Callable[[int, int], None] | None = None,
) -> Floats | Sampled:
    """Plays the field of a sound into a file, or gives its samples (frames, channels) float32.

    source: a .safetensors file that ``fit_audio`` made. rate: samples a second of the outcome; that
    of the sound which was fitted, if not given. speed: 0.5 is twice as long and an octave lower.
    start, duration: the part of the sound, in its own seconds. bits, and kinds of files: see
    open_sound. report: called with the frames that are done, and all.

    Tones that the rate cannot hold are filtered out, and alias nowhere: the field is sampled at a
    multiple of the rate and brought down by a windowed sinc.

    Raises ValueError for what is out of range or no field of a sound, OSError for files.
    """
    field = SoundField.load(source)
    rate = checked_rate(field.rate if rate is None else rate)
    if not SPEEDS[0] <= speed <= SPEEDS[1]:
        raise ValueError(f"speed {speed:g}: expected {SPEEDS[0]:g} to {SPEEDS[1]:g}")
    if not 0 <= start < field.seconds:
        raise ValueError(f"start {start:g}: the sound lasts {field.seconds:g} seconds")
    left = field.seconds - start
    if duration is not None and not 0 < duration <= left * (1 + 1e-6):
        raise ValueError(f"duration {duration:g}: expected more than 0, to {left:g} seconds")
    duration = left if duration is None else duration
    if duration / speed > LONGEST:
        raise ValueError(f"a file of {duration / speed:.0f} seconds: expected at most {LONGEST:g}")
    frames = max(1, round(duration / speed * rate))
    blocks = _blocks(field, rate / speed, start, frames, threads or os.cpu_count() or 1)
    if output is None:
        return np.concatenate(list(blocks))
    codec_of(output, bits)
    done = 0
    with open_sound(output, rate=rate, channels=field.channels, bits=bits) as write:
        for block in blocks:
            write(block)
            done += len(block)
            if report is not None:
                report(done, frames)
    return Sampled(os.fspath(output), frames / rate, rate, field.channels)


def _blocks(
    field: SoundField, rate: float, start: float, frames: int, threads: int
) -> Iterator[Floats]:
    """The field at ``rate`` samples for each of its own seconds, in blocks (n, channels).

    Sample n stands for the time from n to n + 1, and lies in the middle of it.
    """
    times = math.ceil(field.rate / rate - 1e-9)
    if times == 1:
        for first in range(0, frames, BLOCK):
            n = np.arange(first, min(first + BLOCK, frames))
            yield field.at(start + (n + 0.5) / rate, threads)
        return
    taps = low_pass(times)
    around = len(taps) // 2
    size = max(BLOCK // times, WHOLES * len(taps))
    for first in range(0, frames, size):
        count = min(size, frames - first)
        n = np.arange((first - around) * times, (first + count + around) * times)
        fine = field.at(start + (n + 0.5) / (rate * times), threads)
        rows = fine.reshape(-1, times, field.channels)
        parts = (np.einsum("ntc,t->nc", rows[j : j + count], tap) for j, tap in enumerate(taps))
        yield np.asarray(sum(parts), np.float32)


def low_pass(times: int) -> NDArray[np.float64]:
    """A windowed sinc (TAPS, times), for samples of which ``times`` make one of the outcome."""
    length = TAPS * times
    n = np.arange(length) - (length - 1) / 2
    cut = (PASSED + 0.5) / 2 / times  # the middle of the slope, in parts of the finer rate
    taps = np.sinc(2 * cut * n) * np.kaiser(length, BETA)
    return np.asarray(taps.reshape(TAPS, times) / taps.sum())
