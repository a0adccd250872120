"""A film as a folder of numbered PNG files, which another run can complete.

Each file appears whole or not at all, so what is there is finished. `film.json` holds the recipe,
and says whether the frames in the folder belong to the film that is to be written.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from cppnart.fields.atomic import atomic_output
from cppnart.render.metadata import FOLDER_RECIPE
from cppnart.render.writers import open_picture

from .film_metadata import read_film_recipe
from .films import Film, Frame

_NAME = re.compile(r"frame-([0-9]{6,9})\.png")


def frame_name(number: int) -> str:
    """The name of the file of a frame."""
    return f"frame-{number:06}.png"


def existing_frames(folder: str | os.PathLike[str]) -> frozenset[int]:
    """The numbers of the frames in a folder; none where there is no folder."""
    try:
        names = set(os.listdir(folder))
    except FileNotFoundError:
        return frozenset()
    numbers = (int(match[1]) for name in names if (match := _NAME.fullmatch(name)))
    return frozenset(number for number in numbers if frame_name(number) in names)


class FrameFolder:
    """Writes frames of a film to the folder `path`, which is made if need be.

    present: the numbers of frames that are there. A folder with frames or a film.json of another
    recipe is refused with a ValueError, or loses them when `overwrite`.
    """

    def __init__(self, path: str | os.PathLike[str], film: Film, overwrite: bool) -> None:
        self._folder = Path(path)
        self._film = film
        self._made = not self._folder.exists()
        self._folder.mkdir(exist_ok=True)
        try:
            self.present = self._prepare(overwrite)
        except BaseException:
            self.close()
            raise

    def _prepare(self, overwrite: bool) -> frozenset[int]:
        """Makes it a folder of this film; the numbers of the frames that are there."""
        there, recipe = existing_frames(self._folder), read_film_recipe(self._folder)
        if recipe != self._film.recipe and (there or recipe is not None):
            if not overwrite:
                raise ValueError(
                    f"{self._folder} holds the frames of another film:"
                    " choose another folder, or overwrite them"
                )
            self._remove(there)
            there = frozenset()
        if self._film.recipe is not None and recipe != self._film.recipe:
            with atomic_output(self._folder / FOLDER_RECIPE) as temporary:
                temporary.write_text(self._film.recipe, encoding="utf-8", newline="")
        return frozenset(number for number in there if number < self._film.frames)

    def _remove(self, numbers: frozenset[int]) -> None:
        # The recipe first: frames without one are never taken for those of another film.
        with suppress(FileNotFoundError):
            (self._folder / FOLDER_RECIPE).unlink()
        for number in numbers:
            (self._folder / frame_name(number)).unlink()

    def write(self, frame: Frame, number: int) -> None:
        film = self._film
        with open_picture(
            self._folder / frame_name(number),
            width=film.width,
            height=film.height,
            channels=film.channels,
            threads=film.threads,
        ) as picture:
            picture.write(frame)

    def finish(self) -> None: ...

    def close(self) -> None:
        """Removes a folder that was made for nothing."""
        if self._made and not existing_frames(self._folder):
            with suppress(OSError):
                (self._folder / FOLDER_RECIPE).unlink(missing_ok=True)
                self._folder.rmdir()
