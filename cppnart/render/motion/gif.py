"""GIF with one palette for the whole clip.

A palette can be known only when all frames are there, so they are kept meanwhile in a lossless
film on disk. ffmpeg's own palettes, cut in Oklab, miss the colours of gradients by far (10 to 18
of 255 on a latent walk, against 1 to 3 of these), so Pillow makes the palette, from a part of the
pixels of every frame. The dither is ordered: error diffusion boils from frame to frame.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cppnart.fields.ffmpeg import reason, run_ffmpeg

from .encoders import MoviepyEncoder, Settings, film_filters
from .films import Film, Frame

_SAMPLES = 1 << 18
_COLOURS = 256
# Fast, and each frame on its own.
_LOSSLESS = Settings("utvideo", "medium", ("-pix_fmt", "gbrp"))


class GifEncoder:
    """Writes a film to the file `path`, by way of the folder `work`."""

    def __init__(self, path: Path, film: Film, work: Path, shown: str) -> None:
        self._path = path
        self._film = film
        self._work = work
        self._shown = shown
        self._lossless = work / "lossless.mkv"
        filters, params = film_filters(film, None), list(_LOSSLESS.params)
        self._encoder = MoviepyEncoder(
            self._lossless, film, _LOSSLESS, filters, params, None, work, shown
        )
        self._colours: list[Frame] = []

    def write(self, frame: Frame, number: int) -> None:
        self._encoder.write(frame, number)
        self._sample(frame, number)

    def _sample(self, frame: Frame, number: int) -> None:
        """Keeps some pixels of the frame, or none where there are very many frames."""
        share = max(_SAMPLES // self._film.frames, 256)
        every = max(share * self._film.frames // _SAMPLES, 1)
        if number % every == 0:
            pixels = frame.reshape(-1, 3)
            step = max(len(pixels) // share, 1)
            # Steps of the golden ratio: other pixels in every frame, evenly spread.
            first = int(number * 0.6180339887 % 1 * step)
            self._colours.append(pixels[first::step].copy())

    def finish(self) -> None:
        self._encoder.finish()
        palette = self._work / "palette.rgba"
        palette.write_bytes(self._palette().tobytes())
        frames = ["-i", str(self._lossless)]
        colours = ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", "16x16", "-i", str(palette)]
        times = ",".join(film_filters(self._film, None))
        dither = "paletteuse=dither=bayer:bayer_scale=1:diff_mode=rectangle"
        graph = f"[0:v]{times}[frames];[frames][1:v]{dither}"
        target = ["-r", str(self._film.fps), "-loop", "0", "-f", "gif", str(self._path)]
        with open(self._work / "gif.log", "w+", encoding="utf-8", errors="replace") as log:
            if ended := run_ffmpeg([*frames, *colours, "-lavfi", graph, *target], log):
                why = reason(log, ended, self._path, self._shown)
                raise OSError(f"{self._shown}: the film could not be encoded: {why}")

    def _palette(self) -> Frame:
        """Colours of the samples, (256, 4) RGBA, by median cut and then k-means."""
        from PIL import Image

        pixels = np.concatenate(self._colours)[None]
        image = Image.fromarray(pixels).quantize(
            _COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE
        )
        colours = np.array(image.getpalette(), np.uint8).reshape(-1, 3)
        palette = np.full((_COLOURS, 4), 255, np.uint8)
        palette[:, :3] = colours[np.arange(_COLOURS) % len(colours)]
        return palette

    def close(self) -> None:
        self._encoder.close()
