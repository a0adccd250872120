"""What the readers of scenes share: numbers and names out of files that nobody vouches for."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cppnart.fields.pictures import image_size
from cppnart.fields.scenes.cameras import Cameras

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif")
_LARGEST = 256 * 2**20


def read_json(path: Path) -> dict[str, Any]:
    """A .json of cameras: an object with a list of frames, which are objects."""
    if path.stat().st_size > _LARGEST:
        raise ValueError(f"{path}: over {_LARGEST >> 20} MiB, too large for a list of cameras")
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not JSON ({error})") from None
    frames = said.get("frames") if isinstance(said, dict) else None
    if not isinstance(frames, list) or not all(isinstance(frame, dict) for frame in frames):
        raise ValueError(f"{path}: expected an object with a list of objects called 'frames'")
    return dict(said)


def finite(said: Mapping[str, Any], name: str, where: object, other: float | None = None) -> float:
    """The number of this name, or `other` where there is none; None: it must be there."""
    value = said.get(name, other)
    number = math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        with suppress(OverflowError):
            number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{where}: {name} is {value!r:.40}, not a number")
    return number


def matrix(value: object, shape: tuple[int, ...], where: str) -> NDArray[np.float64]:
    """Numbers of this shape, which may be NaN: what is wrong with a pose is said by ``checks``."""
    try:
        numbers = np.array(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        numbers = np.empty(0)
    if numbers.shape != shape:
        raise ValueError(f"{where}: expected {' x '.join(map(str, shape))} numbers")
    return numbers


def read_array(path: Path, shape: str) -> NDArray[np.float64]:
    """The numbers of a .npy; shape: what was expected, for the message."""
    try:
        # Mapped, so that a header which promises more than there is costs no memory.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError:
        raise
    except Exception as error:  # whatever numpy makes of a header that is none
        reason = " ".join(str(error).split())[:120]
        raise ValueError(f"{path}: not an array of numbers {shape} ({reason})") from None
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
        raise ValueError(f"{path}: not an array of numbers {shape}")
    return np.array(array, np.float64)


def find_image(folder: Path, frame: Mapping[str, Any], where: str) -> Path | None:
    """The picture that a frame names, with its suffix or without it, or None."""
    name = frame.get("file_path")
    if not isinstance(name, str) or not name or "\0" in name:
        raise ValueError(f"{where}: file_path is {name!r:.60}, not the name of a picture")
    given = folder / name.replace("\\", "/")
    if given.suffix.lower() in SUFFIXES:
        return given if given.is_file() else None
    found = (given.with_name(given.name + suffix) for suffix in SUFFIXES)
    return next((path for path in found if path.is_file()), None)


class Missing:
    """Counts the files that frames name and nobody has."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def add(self, name: str) -> None:
        self.names.append(name)

    def remarks(self, how: str = "without a file") -> tuple[str, ...]:
        """One line with the first few and the count, or none."""
        if not self.names:
            return ()
        first = ", ".join(self.names[:3]) + (", ..." if len(self.names) > 3 else "")
        plural = "s" if len(self.names) > 1 else ""
        return (f"skipped {len(self.names)} frame{plural} {how}: {first}",)


def picture_folder(folder: Path) -> Path | None:
    """Where the pictures are: scaled down by 8, 4 or 2, as they were taken, or by what there is."""
    known = [folder / name for name in ("images_8", "images_4", "images_2", "images")]
    others = sorted(folder.glob("images_*"))
    return next((path for path in [*known, *others] if path.is_dir()), None)


def list_images(folder: Path) -> list[Path]:
    """The pictures in a folder, by name."""
    found = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(path for path in found if path.suffix.lower() in SUFFIXES)


def scaled_to_images(cameras: Cameras, images: Sequence[Path]) -> Cameras:
    """The cameras at the size that their pictures have, which keep their shape to a pixel."""
    sizes = np.array([image_size(image) for image in images], np.int64).reshape(-1, 2)
    scales = sizes / cameras.size
    for image, size, scale, stated in zip(images, sizes, scales, cameras.size, strict=True):
        width, height = size
        if abs(scale[0] / scale[1] - 1) > 2 / min(width, height):
            raise ValueError(
                f"{image}: {width}x{height} pixels, not the shape of the {stated[0]}x{stated[1]} "
                "that the scene states"
            )
    return Cameras(
        cameras.poses, cameras.focal * scales, cameras.centre * scales, sizes, cameras.distortion
    )
