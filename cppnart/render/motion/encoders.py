"""Films through moviepy's ffmpeg: H.264, VP9, AV1, ProRes, WebP and APNG.

Colours are converted to BT.709 and tagged so; players guess what is not tagged by the size of the
picture. Gradients are what our pictures are made of: the conversion to 8 bits is dithered, and the
settings keep that dither rather than smooth it into bands.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cppnart.fields.ffmpeg import QUIET, ffmpeg_path, reason, shielded

from .films import Film, Frame


@dataclass(frozen=True)
class Settings:
    """What moviepy is told. `preset` is its word for speed, which it passes to every codec."""

    codec: str
    preset: str
    params: tuple[str, ...]
    pixels: str | None = None
    """The pixel format of BT.709 video; None for formats of RGB."""


def _settings(film: Film) -> Settings:
    """What each format is written with; the values were chosen by looking at dark gradients."""
    alpha = film.channels == 4
    params: tuple[str, ...]
    if film.format.name == "MP4":
        # Adaptive quantisation of this strength spends bits on dark and flat parts.
        tuning = "aq-mode=3:aq-strength=1.3:no-dct-decimate=1:deblock=-1,-1"
        params = ("-x264-params", tuning, *_crf(film, 16), "-movflags", "+faststart")
        return Settings("libx264", "veryfast", params, "yuv420p")
    if film.format.name == "WebM" and film.codec == "av1":
        tuning = "tune=0:enable-variance-boost=1:variance-boost-strength=3"
        params = ("-svtav1-params", tuning, *_crf(film, 12))
        return Settings("libsvtav1", "8", params, "yuv420p10le")
    if film.format.name == "WebM":
        speed = ("-deadline", "good", "-cpu-used", "5", "-row-mt", "1", "-tile-columns", "2")
        params = ("-b:v", "0", *_crf(film, 6), *speed)
        # Frames that are never shown cannot have alpha.
        params += ("-auto-alt-ref", "0") if alpha else ()
        return Settings("libvpx-vp9", "medium", params, "yuva420p" if alpha else "yuv420p")
    if film.format.name == "MOV":
        params = ("-profile:v", "4", "-vendor", "apl0", "-movflags", "+faststart")
        return Settings("prores_aw", "medium", params, "yuva444p10le" if alpha else "yuv444p10le")
    if film.format.name == "WebP":
        # Frames go to the file as they come. libwebp's own encoder of animations keeps them in
        # memory, encoded, and gains nothing where all of the picture moves; but only it replaces
        # what was transparent in the frame before.
        params = ("-quality", "90", "-compression_level", "2", "-loop", "0", "-pix_fmt", "bgra")
        return Settings("libwebp_anim" if alpha else "libwebp", "default", params)
    if film.format.name == "APNG":
        params = ("-pred", "up", "-compression_level", "4", "-plays", "0")
        return Settings("apng", "medium", (*params, "-pix_fmt", "rgba" if alpha else "rgb24"))
    raise AssertionError(film.format.name)


def _crf(film: Film, usual: int) -> tuple[str, str]:
    return "-crf", str(usual if film.crf is None else film.crf)


def film_encoder(
    path: Path, film: Film, work: Path, sound: Path | None, shown: str
) -> MoviepyEncoder:
    """An encoder of `film` into the file `path`; `sound` is what soundtrack.prepare_sound made."""
    settings = _settings(film)
    # Told the format, or ffmpeg would take a % in the name for numbered pictures.
    params = [*settings.params, "-f", film.format.name.lower()]
    if sound is not None:
        # It is longer than the film, and ends with it, also when the film ends early.
        params += ["-map", "0:v:0", "-map", "1:a:0", "-shortest"]
    if settings.pixels is not None:
        params += ["-pix_fmt", settings.pixels]
    filters = film_filters(film, settings.pixels)
    return MoviepyEncoder(path, film, settings, filters, params, sound, work, shown)


def film_filters(film: Film, pixels: str | None) -> list[str]:
    """What is done to frames before they are encoded.

    moviepy writes the frame rate with two decimals, so the times of the frames are set anew.
    """
    filters = [f"settb={1 / film.fps}", "setpts=N"]
    if pixels is not None:
        source = "matrixin=gbr:transferin=709:primariesin=709:rangein=full"
        target = "matrix=709:transfer=709:primaries=709:range=limited"
        filters += [
            "format=gbrap" if film.channels == 4 else "format=gbrp",
            f"zscale={source}:{target}:dither=ordered",
            f"format={pixels}",
        ]
    return filters


class MoviepyEncoder:
    """One run of moviepy's ffmpeg, fed frame by frame; see films.Encoder for the order of calls."""

    def __init__(
        self,
        path: Path,
        film: Film,
        settings: Settings,
        filters: list[str],
        params: list[str],
        sound: Path | None,
        work: Path,
        shown: str,
    ) -> None:
        ffmpeg_path()  # moviepy is less clear about what is missing
        from moviepy.video.io.ffmpeg_writer import FFMPEG_VideoWriter

        self._path = path
        self._shown = shown
        # A file: moviepy never empties the pipe that it would use, and ffmpeg would wait for it.
        self._log = open(work / "encoder.log", "w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._writer: Any = None
        try:
            with shielded():
                self._writer = FFMPEG_VideoWriter(
                    str(path),
                    (film.width, film.height),
                    float(film.fps),
                    codec=settings.codec,
                    preset=settings.preset,
                    with_mask=film.channels == 4,
                    audiofile=None if sound is None else str(sound),
                    audio_codec=None if sound is None else "copy",
                    logfile=self._log,
                    threads=film.threads,
                    ffmpeg_params=["-vf", ",".join(filters), "-r", str(film.fps), *params, *QUIET],
                )
        except BaseException:
            self.close()
            raise

    @property
    def _process(self) -> Any:
        return self._writer.proc

    def write(self, frame: Frame, number: int) -> None:
        try:
            self._writer.write_frame(frame)
        except OSError:
            raise self._failure() from None

    def finish(self) -> None:
        try:
            self._process.stdin.close()
        except OSError:
            raise self._failure() from None
        if self._process.wait():
            raise self._failure()

    def close(self) -> None:
        """Ends ffmpeg if it still runs. moviepy's own close waits for it to finish the film."""
        if self._writer is not None:
            self._process.kill()
            self._process.wait()
            with suppress(OSError):  # what was not written yet has no reader any more
                self._process.stdin.close()
        self._log.close()

    def _failure(self) -> OSError:
        ended = self._process.wait()
        why = reason(self._log, ended, self._path, self._shown)
        return OSError(f"{self._shown}: the film could not be encoded: {why}")
