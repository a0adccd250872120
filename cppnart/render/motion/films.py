"""Films written frame by frame, in the format that their name asks for."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cppnart.fields.atomic import atomic_output
from cppnart.render.writers import check_recipe

from .film_metadata import add_recipe

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class FilmFormat:
    """What a format can hold.

    `side` is its longest side in pixels, `rate` its most frames a second; `crf` are the best and
    the smallest quality that can be asked for, by codec; the first codec is the usual one.
    `bytes_a_pixel` are measured on latent walks, at the usual quality.
    """

    name: str
    suffixes: tuple[str, ...]
    bytes_a_pixel: float
    side: int
    rate: int = 1000
    alpha: bool = True
    even: bool = False
    sound: str | None = None
    crf: dict[str, tuple[int, int]] | None = None


FORMATS = (
    FilmFormat(
        "MP4",
        (".mp4",),
        0.03,
        side=16384,
        alpha=False,
        even=True,
        sound="aac",
        crf={"h264": (1, 51)},
    ),
    FilmFormat(
        "WebM",
        (".webm",),
        0.015,
        side=16384,
        even=True,
        sound="libopus",
        crf={"vp9": (0, 63), "av1": (1, 63)},
    ),
    FilmFormat("MOV", (".mov",), 0.7, side=16384, even=True, sound="aac"),
    FilmFormat("GIF", (".gif",), 0.4, side=65535, rate=50, alpha=False),
    FilmFormat("WebP", (".webp",), 0.03, side=16383),
    FilmFormat("APNG", (".apng",), 0.7, side=2**24),
    FilmFormat("a folder of frames", (), 0.8, side=2**24),
)
FRAMES = FORMATS[-1]


@dataclass(frozen=True)
class Film:
    """What an encoder is told before the first frame; `crf` None means the usual quality."""

    format: FilmFormat
    width: int
    height: int
    fps: Fraction
    frames: int
    channels: int = 3
    codec: str | None = None
    crf: int | None = None
    recipe: str | None = None
    threads: int | None = None


class Encoder(Protocol):
    """One film in the making: `write` for each frame, then `finish`; `close` always.

    `finish` may be called again when Ctrl-C ended it.
    """

    def write(self, frame: Frame, number: int) -> None: ...

    def finish(self) -> None: ...

    def close(self) -> None: ...


def film_format_of(path: str | os.PathLike[str]) -> FilmFormat:
    """The format that `path` asks for by its suffix; ValueError lists what is accepted.

    A folder of frames is asked for by the name of a folder that exists, a name without a suffix,
    or a separator at the end.
    """
    shown = os.fspath(path)
    suffix = Path(shown).suffix.lower()
    if shown.endswith(("/", os.sep)) or os.path.isdir(shown) or not suffix:
        return FRAMES
    for form in FORMATS:
        if suffix in form.suffixes:
            return form
    accepted = " ".join(suffix for form in FORMATS for suffix in form.suffixes)
    raise ValueError(
        f"{shown}: expected a name that ends in one of {accepted}, or in / for a folder of frames"
    )


def frame_rate(fps: float | Fraction) -> Fraction:
    """Frames a second as a fraction; 23.976, 29.97 and their like are the exact N * 1000/1001.

    Raises ValueError for less than 0.1 or more than 1000.
    """
    if not 0.1 <= fps <= 1000:
        raise ValueError(f"fps {fps}: expected 0.1 to 1000, as in 25 or 29.97")
    for whole in (24, 30, 48, 60, 120):
        if abs(fps - whole * 1000 / 1001) < 0.005:
            return Fraction(whole * 1000, 1001)
    return Fraction(fps).limit_denominator(1001)


def estimate_bytes(form: FilmFormat, width: int, height: int, frames: int) -> int:
    """Roughly how large a film becomes; what is in it makes it three times smaller or larger."""
    return round(form.bytes_a_pixel * width * height * frames)


class FilmWriter:
    """Takes the frames of a film; `done` are the numbers of those that are there already."""

    def __init__(self, encoder: Encoder, film: Film, done: frozenset[int] = frozenset()) -> None:
        self._encoder = encoder
        self._film = film
        self.frames_written = 0
        # Every frame below `_next` is there, and those in `_ahead`.
        self._next = 0
        self._ahead = set(done)
        self._advance()

    @property
    def missing(self) -> Sequence[int]:
        """The numbers of the frames that are still to come, counted from 0, in order."""
        rest = range(self._next, self._film.frames)
        return [number for number in rest if number not in self._ahead] if self._ahead else rest

    def write(self, frame: Frame, number: int | None = None) -> None:
        """Adds a frame, shape (height, width, channels), uint8 sRGB; 4 channels: straight alpha.

        number: which one it is; None for the first that is missing. Only a folder of frames takes
        them in any order. The array may be used again afterwards. From one thread only.
        """
        film = self._film
        shape = (film.height, film.width, film.channels)
        if frame.dtype != np.uint8:
            raise TypeError(f"a frame of {frame.dtype}: expected uint8")
        if frame.shape != shape:
            raise ValueError(f"a frame of shape {frame.shape}: expected {shape}")
        if number is None:
            number = self._next
        if not 0 <= number < film.frames:
            raise ValueError(f"frame {number}: the film has {film.frames}, counted from 0")
        if film.format is not FRAMES and number != self._next:
            raise ValueError(f"frame {number}: {film.format.name} needs frame {self._next} first")
        self._encoder.write(frame, number)
        self.frames_written += 1
        if number >= self._next:
            self._ahead.add(number)
            self._advance()

    def _advance(self) -> None:
        while self._next in self._ahead:
            self._ahead.remove(self._next)
            self._next += 1


@contextmanager
def open_film(
    path: str | os.PathLike[str],
    *,
    width: int,
    height: int,
    fps: float | Fraction,
    frames: int,
    channels: int = 3,
    codec: str | None = None,
    crf: int | None = None,
    recipe: str | None = None,
    audio: str | os.PathLike[str] | None = None,
    keep_partial: bool = False,
    overwrite: bool = False,
    threads: int | None = None,
) -> Iterator[FilmWriter]:
    """Opens a film for writing; it is there when the block ends, and complete.

    The suffix of `path` decides the format: .mp4 (H.264), .webm (VP9, or AV1 for `codec` "av1"),
    .mov (ProRes 4444), .gif, .webp or .apng; see film_format_of for a folder of PNG files. Colours
    are tagged as BT.709 and converted as such. `fps` frames a second: see frame_rate. `channels`
    are 3, or 4 with straight alpha. `crf`, of mp4 and webm: the quality, lower is better; by
    default gradients stay smooth. `recipe`: any text, for film_metadata. `audio`: a sound file or
    a film, whose sound is cut, or drawn out with silence, to the length of this film; of mp4, webm
    and mov. gif, webp and apng repeat for ever. `threads` of the encoder, None for all cores.

    Whatever ends the block early, Ctrl-C included, leaves nothing behind, and an existing file as
    it was. With `keep_partial` it leaves a film of the frames so far, if there are any, in place of
    an existing file. A folder keeps the frames that it has, and the next run adds what is
    `FilmWriter.missing`; frames of another recipe in it are refused, or removed on `overwrite`.

    Raises ValueError for what the format cannot hold and for sound that cannot be read, OSError
    that names the path for what goes wrong in writing.
    """
    form = film_format_of(path)
    film = Film(form, width, height, frame_rate(fps), frames, channels, codec, crf, recipe, threads)
    _check(film, with_sound=audio is not None)
    if form is FRAMES:
        from .frames import FrameFolder

        folder = FrameFolder(path, film, overwrite)
        writer = FilmWriter(folder, film, folder.present)
        try:
            yield writer
            _check_complete(writer, film)
        finally:
            folder.close()
        return
    stopped: BaseException | None = None
    with atomic_output(path) as temporary, _workplace(temporary) as work:
        encoder = _encoder(temporary, film, work, audio, os.fspath(path))
        writer = FilmWriter(encoder, film)
        try:
            try:
                yield writer
                _check_complete(writer, film)
                encoder.finish()
            except BaseException as error:
                if not (keep_partial and writer.frames_written):
                    raise
                stopped = error
                encoder.finish()
        finally:
            encoder.close()
        if recipe is not None:
            add_recipe(temporary, recipe)
    if stopped is not None:
        raise stopped


@contextmanager
def _workplace(temporary: Path) -> Iterator[Path]:
    """A hidden folder beside the film for what its encoder needs meanwhile, removed at the end."""
    with tempfile.TemporaryDirectory(prefix=".cppnart-", dir=temporary.parent) as folder:
        yield Path(folder)


def _encoder(
    temporary: Path,
    film: Film,
    work: Path,
    audio: str | os.PathLike[str] | None,
    shown: str,
) -> Encoder:
    """The imports are late because moviepy and Pillow take their time."""
    if film.format.name == "GIF":
        from .gif import GifEncoder

        return GifEncoder(temporary, film, work, shown)
    from .encoders import film_encoder

    sound = None
    if audio is not None:
        from .soundtrack import prepare_sound

        assert film.format.sound is not None
        sound = prepare_sound(audio, work, film.frames / film.fps, film.format.sound)
    return film_encoder(temporary, film, work, sound, shown)


def _check(film: Film, *, with_sound: bool) -> None:
    form, width, height = film.format, film.width, film.height
    if min(width, height) < 1:
        raise ValueError(f"size {width}x{height}: at least 1 pixel a side")
    if max(width, height) > form.side:
        raise ValueError(f"size {width}x{height}: {form.name} allows {form.side} pixels a side")
    if form.even and (width % 2 or height % 2):
        nearest = f"{width + width % 2}x{height + height % 2}"
        raise ValueError(f"size {width}x{height}: {form.name} needs even sides: choose {nearest}")
    if film.frames < 1:
        raise ValueError(f"{film.frames} frames: expected at least 1")
    if film.fps > form.rate:
        raise ValueError(f"fps {film.fps}: {form.name} allows {form.rate} frames a second")
    if film.channels not in (3, 4):
        raise ValueError(f"{film.channels} channels: expected 3, or 4 with transparency")
    if film.channels == 4 and not form.alpha:
        raise ValueError(
            f"{form.name} holds no transparency: write .mov, .webm, .webp, .apng or a folder"
        )
    if with_sound and form.sound is None:
        raise ValueError(f"{form.name} holds no sound: write .mp4, .webm or .mov")
    if film.threads is not None and not 1 <= film.threads <= 1024:
        raise ValueError(f"threads {film.threads}: expected 1 to 1024")
    if film.recipe is not None:
        check_recipe(film.recipe)
    _check_quality(film)


def _check_quality(film: Film) -> None:
    qualities = film.format.crf or {}
    if film.codec is not None and film.codec not in qualities:
        raise ValueError(
            f"codec {film.codec!r}: {film.format.name} has {' and '.join(qualities) or 'no choice'}"
        )
    if film.codec == "av1" and film.channels == 4:
        raise ValueError("codec 'av1' holds no transparency: vp9 does")
    if film.crf is None:
        return
    if not qualities:
        raise ValueError(f"{film.format.name} has no crf: it belongs to .mp4 and .webm")
    best, worst = qualities[film.codec or next(iter(qualities))]
    if not best <= film.crf <= worst:
        raise ValueError(f"crf {film.crf}: expected {best} (best) to {worst} (smallest)")


def _check_complete(writer: FilmWriter, film: Film) -> None:
    if missing := len(writer.missing):
        raise ValueError(f"only {film.frames - missing} of the film's {film.frames} frames")
