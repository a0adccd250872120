"""What a film moves by when it follows a sound: its loudness in three bands, its attacks.

`listen` hears a file and gives a `Drive`, four numbers for every frame; `pace`, `pulse` and `lift`
turn them into speed along the path, zoom and palette. The sound is read by ffmpeg in pieces, once
for the bands and once for the attacks, so the samples are never all in memory.

Bands: short-time spectra under Hann windows, in decibels, between percentiles of the clip itself,
so that a quiet recording moves a picture as much as a loud one.

Attacks: spectral flux, the sum of what rose in each band since a moment before (Bello et al., "A
Tutorial on Onset Detection in Music Signals", 2005), with a maximum over neighbouring bands of the
earlier spectrum, so that vibrato is no attack (Böck and Widmer, "Maximum Filter Vibrato Suppression
for Onset Detection", 2013); peaks of it are chosen by the rules of Dixon, "Onset Detection
Revisited", 2006: the largest nearby, and above the mean around it by a margin.
"""

from __future__ import annotations

import base64
import binascii
import math
import os
import re
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, fields
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from cppnart.fields.sounds import pieces

# What is heard.
RATE = 22050  # samples a second
MAX_FRAMES = 1 << 20
FPS = (0.1, 1000.0)  # at least, at most

# Spectra. Every frame is described by the same whole number of windows, so that the pace of the
# windows beats with neither the frame rate nor the sound.
WINDOWS_A_SECOND = 100  # at least
WINDOW = 2048  # samples for the bands, 93 ms: 80 and 160 Hz are told apart
ATTACK_WINDOW = 1024  # samples for the attacks, 46 ms

# Bands. Levels are decibels relative to a mean square of 1.
BANDS = (20.0, 150.0, 2000.0, 10000.0)  # Hz: bass, mid, treble lie between
SILENCE = -75.0  # what is quieter is no sound
QUIET, LOUD = 10, 95  # percentiles that become 0 and 1
RANGE = (15.0, 30.0)  # decibels between the two: at least, at most
ABSENT = (-45.0, -45.0, -60.0)  # a band this far below the loudest is no music but leakage
PRESENT = 15.0  # and so many decibels above that it counts in full
RISE, FALL = 0.04, 0.25  # seconds: how fast the loudness follows, up and down

# Attacks.
BANDS_AN_OCTAVE = 12
DEPTH = 60.0  # decibels below the loudest where a rise begins to count
AROUND = 0.4  # seconds on each side: the mean that an attack must rise above
MARGIN = 1.0  # decibels by which it must, on average over the bands
APART = 0.05  # seconds: of attacks nearer than this only the largest counts
STRONG = (90, 6.0)  # an attack of 1: a percentile of all attacks, and decibels at least
HALF_LIFE = 0.12  # seconds in which an attack fades to a half

# Motion.
PACE_BASS, PACE_ONSET = 1.5, 2.5  # added to a speed of 1
PULSE_BASS, PULSE_ONSET = 0.05, 0.03  # added to a zoom of 1
LIFT_MID, LIFT_TREBLE = 0.05, 0.07  # of the palette
LIFT_TIME = 0.1  # seconds over which colours follow: a picture must never flicker

Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Drive:
    """Four numbers for every frame, each an array (frames,) of float32 in [0, 1].

    bass, mid, treble: how loud 20-150, 150-2000 and 2000-10000 Hz are, relative to the clip;
    onset: 1 where a strong attack falls, a half 120 ms later, 0 at rest;
    seconds: how long the frames last together, whatever the sound does.

    Raises ValueError where an array has another shape or range.
    """

    bass: Floats
    mid: Floats
    treble: Floats
    onset: Floats
    seconds: float

    def __post_init__(self) -> None:
        for name in _CURVES:
            curve = getattr(self, name)
            if curve.ndim != 1 or curve.shape != self.bass.shape:
                raise ValueError(f"{name} has the shape {curve.shape}: expected one per frame")
            if not (1 <= curve.size <= MAX_FRAMES and np.all((curve >= 0) & (curve <= 1))):
                raise ValueError(f"{name}: expected 1 to {MAX_FRAMES} numbers from 0 to 1")
        least, most = 1 / FPS[1], MAX_FRAMES / FPS[0]
        if not least <= self.seconds <= most:
            raise ValueError(f"seconds {self.seconds}: expected {least:g} to {most:g}")

    def __len__(self) -> int:
        """The number of frames."""
        return self.bass.size

    def to_text(self) -> str:
        """All of it as ASCII: frames, seconds and base64, with spaces between.

        Curves are kept in 8 bits, as `listen` gives them, so `from_text` gives the same Drive.
        The bytes are the four curves one after the other, as differences, deflated: 2 to 5 letters
        a frame.
        """
        curves = np.stack([np.rint(getattr(self, name) * 255).astype(np.uint8) for name in _CURVES])
        steps = np.diff(curves, axis=1, prepend=np.uint8(0))
        packed = base64.b64encode(zlib.compress(steps.tobytes(), 9)).decode()
        return f"{len(self)} {float(self.seconds)!r} {packed}"

    @classmethod
    def from_text(cls, text: str) -> Drive:
        """Reads what to_text wrote, from anybody; ValueError, in one line, for anything else."""
        parts = re.fullmatch(_TEXT, text)
        if not parts or int(parts[1]) > MAX_FRAMES:
            raise ValueError(f"{text[:40]!r} does not describe a sound")
        frames, seconds = int(parts[1]), float(parts[2])
        try:
            stream = zlib.decompressobj()
            data = stream.decompress(base64.b64decode(parts[3], validate=True), 4 * frames + 1)
        except (binascii.Error, zlib.error):
            raise ValueError("the description of the sound is damaged") from None
        if len(data) != 4 * frames or not stream.eof or stream.unused_data:
            raise ValueError(f"the description of the sound does not hold {frames} frames")
        steps = np.frombuffer(data, np.uint8).reshape(4, frames)
        curves = np.cumsum(steps, axis=1, dtype=np.uint8)
        bass, mid, treble, onset = curves / np.float32(255)
        return cls(bass, mid, treble, onset, seconds)


_CURVES = tuple(field.name for field in fields(Drive) if field.name != "seconds")
_TEXT = r"([1-9][0-9]{0,6}) ([0-9]{1,8}\.[0-9]{1,20}) ([A-Za-z0-9+/]+={0,2})"


def pace(drive: Drive) -> Floats:
    """Where on its path each frame is: (frames,) in [0, 1), 0 at the first frame.

    | what      | adds to the speed |
    |-----------|-------------------|
    | always    | 1                 |
    | bass of 1 | 1.5               |
    | onset of 1| 2.5               |

    The speeds are scaled so that the frame after the last would be at 1: the clip runs through the
    path exactly once. So it never stands still, and moves at most 5 times as fast as at its
    slowest. In silence it is even.
    """
    speed = 1.0 + PACE_BASS * drive.bass.astype(float) + PACE_ONSET * drive.onset.astype(float)
    done = np.cumsum(speed)
    places: Floats = (done - speed) / done[-1]
    return places


def pulse(drive: Drive) -> Floats:
    """How much each frame is enlarged: (frames,) from 1 to 1.08; 1 in silence.

    | what       | adds to the zoom |
    |------------|------------------|
    | bass of 1  | 0.05             |
    | onset of 1 | 0.03             |
    """
    return 1.0 + PULSE_BASS * drive.bass.astype(float) + PULSE_ONSET * drive.onset.astype(float)


def lift(drive: Drive) -> Floats:
    """How far each frame's palette is shifted: (frames,) within ±0.12, 0 on average.

    | what        | adds to the palette's coordinate |
    |-------------|----------------------------------|
    | mid of 1    | 0.05                             |
    | treble of 1 | 0.07                             |

    Less the mean over the clip, and smoothed both ways in time: colours fill the whole picture,
    and what fills a picture must not flicker. 0 in silence.
    """
    raw = LIFT_MID * drive.mid.astype(float) + LIFT_TREBLE * drive.treble.astype(float)
    step = drive.seconds / len(drive)
    # Forward and back, so that colours come neither early nor late.
    smooth = _follow(raw[:, None], step, LIFT_TIME, LIFT_TIME)
    smooth = _follow(smooth[::-1], step, LIFT_TIME, LIFT_TIME)[::-1, 0]
    shift: Floats = smooth - smooth.mean()
    return shift


def listen(path: str | os.PathLike[str], fps: float, frames: int | None = None) -> Drive:
    """Hears a sound for a film of `fps` frames a second; frame k spans k / fps to (k + 1) / fps.

    frames: None for as many as the sound lasts. A longer film gets zeros at its end; of a longer
    sound only the beginning is heard. Silence gives zeros. Errors are those of `decode`, and
    ValueError for an fps or a number of frames that cannot be.
    """
    if not FPS[0] <= fps <= FPS[1]:
        raise ValueError(f"fps {fps}: expected {FPS[0]:g} to {FPS[1]:g} for a film with a sound")
    if frames is not None and not 1 <= frames <= MAX_FRAMES:
        raise ValueError(f"{frames} frames: expected 1 to {MAX_FRAMES} for a film with a sound")
    per_frame = math.ceil(WINDOWS_A_SECOND / fps)
    hop = RATE / (fps * per_frame)
    # One frame too many tells that there are too many.
    power = _levels(path, hop, (frames or MAX_FRAMES + 1) * per_frame)
    if frames is None:
        frames = max(1, round(len(power) / per_frame))
        if frames > MAX_FRAMES:
            raise ValueError(f"{os.fspath(path)} at {fps:g} fps: more than {MAX_FRAMES} frames")
    curves = np.zeros((4, frames))
    heard = power.sum(axis=1) > 10 ** (SILENCE / 10)
    if heard.any():
        loudness = _by_frame(_loudness(power, heard), per_frame).mean(axis=1)
        loud = float(np.percentile(power.sum(axis=1)[heard], LOUD))
        attacks = _attacks(_rise(path, hop, len(power), loud), hop / RATE)
        strongest = _by_frame(attacks, per_frame).max(axis=1)
        curves[:3, : len(loudness)] = loudness[:frames].T
        curves[3, : len(strongest)] = strongest[:frames]
        curves[:3] = _follow(curves[:3].T, 1 / fps, RISE, FALL).T
        curves[3] = _fade(curves[3], 0.5 ** (1 / (fps * HALF_LIFE)))
    bass, mid, treble, onset = (np.rint(curves * 255) / 255).astype(np.float32)
    return Drive(bass, mid, treble, onset, frames / fps)


def _by_frame(values: Floats, per_frame: int) -> Floats:
    """Values (windows, ...) as (frames, per_frame, ...); the last frame is filled with zeros."""
    missing = -len(values) % per_frame
    filled = np.pad(values, [(0, missing)] + [(0, 0)] * (values.ndim - 1))
    return filled.reshape(-1, per_frame, *values.shape[1:])


def _loudness(power: Floats, heard: NDArray[np.bool_]) -> Floats:
    """Mean squares (windows, 3) of the bands as loudness in [0, 1]; `heard`: where sound is."""
    levels = 10 * np.log10(np.maximum(power, np.float32(1e-20)))
    quiet, loud = np.percentile(levels[heard], (QUIET, LOUD), axis=0)
    span = np.clip(loud - quiet, *RANGE)
    present = np.clip((loud - loud.max() - np.array(ABSENT)) / PRESENT, 0, 1)
    loudness: Floats = present * np.clip(1 + (levels - loud) / span, 0, 1)
    return loudness


def _attacks(rise: Floats, step: float) -> Floats:
    """The strength in [0, 1] of the attack in each window, 0 in most.

    rise: spectral flux (windows,) in decibels; step: seconds between windows.
    """
    near, around = max(1, round(APART / step)), max(1, round(AROUND / step))
    largest = rise >= np.max(_neighbours(rise, near), axis=1)
    first = np.diff(rise, prepend=np.float32(-1)) > 0  # of equal neighbours
    clear = rise >= _neighbours(rise, around).mean(axis=1) + MARGIN
    at = np.flatnonzero(largest & first & clear)
    strength = np.zeros(rise.size)
    if at.size:
        percentile, least = STRONG
        strong = max(least, float(np.percentile(rise[at], percentile)))
        strength[at] = np.minimum(rise[at] / strong, 1)
    return strength


def _neighbours(values: Floats, reach: int) -> Floats:
    """A view (length, 2 reach + 1) of the values around each."""
    return np.lib.stride_tricks.sliding_window_view(np.pad(values, reach), 2 * reach + 1)


def _follow(values: Floats, step: float, rise: float, fall: float) -> Floats:
    """Values (frames, n) smoothed by time constants, in seconds; steps of `step` seconds."""
    up, down = -math.expm1(-step / rise), -math.expm1(-step / fall)
    smooth = np.empty_like(values)
    now = values[0]
    for k, value in enumerate(values):
        now = now + np.where(value > now, up, down) * (value - now)
        smooth[k] = now
    return smooth


def _fade(strength: Floats, keep: float) -> Floats:
    """Each value or what is left of those before it, whichever is more."""
    left, faded = 0.0, []
    for value in strength.tolist():
        left = max(value, left * keep)
        faded.append(left)
    return np.array(faded)


def _levels(path: str | os.PathLike[str], hop: float, most: int) -> Floats:
    """Mean squares (windows, 3) in the bands."""
    sums = _band_sums(WINDOW, np.array(BANDS))
    rows = [_power(block) @ sums for block in _windows(path, WINDOW, hop, most)]
    return np.concatenate([np.empty((0, 3), np.float32), *rows])


def _rise(path: str | os.PathLike[str], hop: float, most: int, loud: float) -> Floats:
    """Spectral flux (windows,): decibels that narrow bands rose in half a window, on average.

    Levels are bounded below, DEPTH under the mean square `loud`.
    """
    sums = _band_sums(ATTACK_WINDOW, 40 * 2 ** np.arange(0, 8, 1 / BANDS_AN_OCTAVE))
    lag = max(1, round(ATTACK_WINDOW / 2 / hop))
    # Before the beginning there was silence.
    before, rises = np.full((lag, sums.shape[1]), -DEPTH, np.float32), []
    for block in _windows(path, ATTACK_WINDOW, hop, most):
        power = np.maximum(_power(block) @ sums / loud, 10 ** (-DEPTH / 10))
        levels = np.concatenate([before, 10 * np.log10(power)])
        earlier = np.pad(levels[:-lag], ((0, 0), (1, 1)), mode="edge")
        earlier = np.max(np.lib.stride_tricks.sliding_window_view(earlier, 3, axis=1), axis=2)
        rises.append(np.maximum(levels[lag:] - earlier, 0).mean(axis=1))
        before = levels[-lag:]
    rise = np.concatenate([np.empty(0, np.float32), *rises])
    # A sound that is broken off ends in a click, which is no part of it.
    rise[-lag:] = 0
    return rise


def _power(windows: Floats) -> Floats:
    """Squared spectra (n, bins) of windows (n, size), whose sum is the mean square of a window."""
    size = windows.shape[1]
    hann = np.hanning(size + 1)[:-1].astype(np.float32)
    spectrum = np.fft.rfft(windows * hann, axis=1)
    scale = np.float32(2 / (size * np.sum(hann**2)))
    power: Floats = (spectrum.real**2 + spectrum.imag**2) * scale
    return power


def _band_sums(size: int, edges: Floats) -> Floats:
    """A matrix (bins, bands) that sums the bins of a spectrum between edges, in Hz.

    Edges are moved to the nearest bins, and bands that are empty then are left out.
    """
    bounds = np.unique(np.rint(edges * size / RATE).astype(int))
    bins = np.arange(size // 2 + 1)[:, None]
    return ((bins >= bounds[:-1]) & (bins < bounds[1:])).astype(np.float32)


def _windows(path: str | os.PathLike[str], size: int, hop: float, most: int) -> Iterator[Floats]:
    """Windows of a sound in blocks (n, size), `hop` samples apart, at most `most` in all.

    Window j is centred at sample (j + 1/2) hop, rounded down; around the sound there is silence.
    """
    # Places are counted from half a window before the sound, so window j begins where its centre
    # lies in the sound. `held` begins at `start`, and `done` windows have been given.
    half = np.zeros(size // 2, np.float32)
    held, start, done = half, 0, 0
    with closing(_pieces(path, RATE)) as heard:
        for piece in chain(heard, [half]):
            held = np.concatenate([held, piece])
            fit = min(most, math.ceil((start + held.size - size + 1) / hop - 0.5))
            if fit > done:
                begins = ((np.arange(done, fit) + 0.5) * hop).astype(int)
                yield np.lib.stride_tricks.sliding_window_view(held, size)[begins - start]
                held, start, done = held[begins[-1] - start :], int(begins[-1]), fit
            if done == most:
                return


def decode(path: str | os.PathLike[str], rate: int = RATE) -> Floats:
    """The samples (N,) of a sound, the mean of its channels; full scale is ±1.

    Reads what ``fields.sounds.pieces`` reads, and raises what that raises.
    """
    return np.concatenate(list(_pieces(path, rate)))


def _pieces(path: str | os.PathLike[str], rate: int) -> Generator[Floats, None, None]:
    """The samples in pieces of less than a second, and numbers only. Closes what it reads."""
    with closing(pieces(path, rate)) as sounds:
        for sound in sounds:
            yield np.clip(np.nan_to_num(sound.samples[:, 0], nan=0), -_LARGEST, _LARGEST)


_LARGEST = np.float32(1e6)  # whose square, summed, is still a number
