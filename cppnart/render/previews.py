"""How a fit comes into being: its previews, as pictures and as a film."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from .motion.films import FilmWriter, open_film
from .writers import open_picture

FPS = 24
HELD = 1.5
"""Seconds that the last frame stays."""
MOST_FRAMES = 1 << 30


class Previews:
    """Takes the previews of a fit as they are made; call it with a step and a picture.

    film: a file to be written, of any kind that films have; the last frame stays for a moment.
    folder: where every preview goes as a PNG picture that is named by its step.
    A fit that is stopped leaves a film of what there was.
    """

    def __init__(
        self,
        film: str | os.PathLike[str] | None = None,
        folder: str | os.PathLike[str] | None = None,
    ) -> None:
        self.film = film
        self.folder = None if folder is None else Path(folder)
        self._open = ExitStack()
        self._writer: FilmWriter | None = None
        self._last: NDArray[np.uint8] | None = None

    def __enter__(self) -> Previews:
        return self

    def __call__(self, step: int, picture: NDArray[np.uint8]) -> None:
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            height, width, channels = picture.shape
            path = self.folder / f"{step:07d}.png"
            with open_picture(path, width=width, height=height, channels=channels) as writer:
                writer.write(picture)
        if self.film is not None:
            self._add(picture)

    def _add(self, picture: NDArray[np.uint8]) -> None:
        height, width = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
        self._last = np.ascontiguousarray(picture[:height, :width])
        if self._writer is None:
            assert self.film is not None
            film = open_film(
                self.film,
                width=width,
                height=height,
                fps=FPS,
                frames=MOST_FRAMES,
                keep_partial=True,
            )
            self._writer = self._open.enter_context(film)
        self._writer.write(self._last)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if self._writer is not None and self._last is not None:
                for _ in range(round(HELD * FPS)):
                    self._writer.write(self._last)
        finally:
            # how many frames there are is known only now: the film ends as one that is cut short
            with suppress(_Enough):
                self._open.__exit__(_Enough, _Enough(), None)


class _Enough(Exception):
    pass
