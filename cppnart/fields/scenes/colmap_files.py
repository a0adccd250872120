"""The six files of a COLMAP reconstruction: cameras, images and points, .bin and .txt.

The layouts are those of COLMAP's documentation, "Output format". Binary files are little-endian;
every count is held against the bytes that are left before anything is read by it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cppnart.fields.scenes.cameras import Array

# Number, name, and what its parameters are.
_MODELS = {
    0: ("SIMPLE_PINHOLE", "f cx cy"),
    1: ("PINHOLE", "fx fy cx cy"),
    2: ("SIMPLE_RADIAL", "f cx cy k1"),
    3: ("RADIAL", "f cx cy k1 k2"),
    4: ("OPENCV", "fx fy cx cy k1 k2 p1 p2"),
}
_BY_NAME = {name: words.split() for name, words in _MODELS.values()}


class Lens(NamedTuple):
    size: tuple[int, int]
    focal: tuple[float, float]
    centre: tuple[float, float]
    distortion: tuple[float, ...]


class Shot(NamedTuple):
    """A picture. turn: a quaternion, w first, and with shift from the world to the camera."""

    name: str
    turn: tuple[float, ...]
    shift: tuple[float, ...]
    lens: int


class _Bytes:
    """A binary file, read from its start to its end."""

    def __init__(self, path: Path) -> None:
        self.path, self.data, self.at = path, path.read_bytes(), 0

    def take(self, layout: str) -> tuple[float, ...]:
        width = struct.calcsize("<" + layout)
        if width > len(self.data) - self.at:
            raise ValueError(f"{self.path}: the file ends too early")
        self.at += width
        return struct.unpack_from("<" + layout, self.data, self.at - width)

    def count(self, width: int) -> int:
        """How many things of at least `width` bytes follow."""
        count = int(self.take("Q")[0])
        if count * width > len(self.data) - self.at:
            raise ValueError(f"{self.path}: {count} entries cannot be in so short a file")
        return count

    def name(self) -> str:
        end = self.data.find(b"\0", self.at, self.at + 4096)
        if end < 0:
            raise ValueError(f"{self.path}: the name of a picture has no end")
        text = self.data[self.at : end].decode("utf-8", "replace")
        self.at = end + 1
        return text

    def skip(self, width: int) -> None:
        count = self.count(width)
        self.at += count * width


def read_lenses(model: Path) -> dict[int, Lens]:
    """The lenses by number, from cameras.bin or cameras.txt."""
    file = model / "cameras.bin"
    if not file.is_file():
        return _lenses_of_text(model / "cameras.txt")
    data = _Bytes(file)
    lenses = {}
    for _ in range(data.count(24)):
        number, kind, width, height = data.take("iiQQ")
        if kind not in _MODELS:
            raise ValueError(f"{file}: camera model {kind}; expected {_known()}")
        name, words = _MODELS[int(kind)]
        parameters = data.take(f"{len(words.split())}d")
        lenses[int(number)] = _lens(name, int(width), int(height), parameters, file)
    return lenses


def _lenses_of_text(file: Path) -> dict[int, Lens]:
    lenses = {}
    for words in _lines(file):
        if len(words) < 4:
            raise ValueError(f"{file}: {' '.join(words):.60} is not a camera")
        name = words[1]
        if name not in _BY_NAME:
            raise ValueError(f"{file}: camera model {name:.40}; expected {_known()}")
        width, height = _numbers(words[2:4], file)
        parameters = _numbers(words[4:], file)
        if len(parameters) != len(_BY_NAME[name]):
            raise ValueError(f"{file}: {len(parameters)} numbers for a camera of {name}")
        lenses[_whole(words[0], file)] = _lens(name, int(width), int(height), parameters, file)
    return lenses


def _lens(name: str, width: int, height: int, parameters: tuple[float, ...], file: Path) -> Lens:
    if not (0 < width < 2**20 and 0 < height < 2**20):
        raise ValueError(f"{file}: a camera of {width}x{height} pixels")
    said = dict(zip(_BY_NAME[name], parameters, strict=True))
    focal = said.get("fx", said.get("f", 0.0)), said.get("fy", said.get("f", 0.0))
    terms = tuple(said.get(term, 0.0) for term in ("k1", "k2", "k3", "k4", "p1", "p2"))
    return Lens((width, height), focal, (said["cx"], said["cy"]), terms)


def read_shots(model: Path) -> list[Shot]:
    """The pictures with their poses, from images.bin or images.txt."""
    file = model / "images.bin"
    if not file.is_file():
        return _shots_of_text(model / "images.txt")
    data = _Bytes(file)
    shots = []
    for _ in range(data.count(73)):
        values = data.take("i7di")
        shots.append(Shot(data.name(), values[1:5], values[5:8], int(values[8])))
        data.skip(24)
    return shots


def _shots_of_text(file: Path) -> list[Shot]:
    """Every second line lists points, and is empty where there are none."""
    lines = [line for line in _text(file).splitlines() if not line.startswith("#")]
    shots = []
    for line in lines[::2]:
        words = line.split(maxsplit=9)
        if not words:
            continue
        if len(words) < 10:
            raise ValueError(f"{file}: {line:.60} is not a picture with its pose")
        values = _numbers(words[1:8], file)
        shots.append(Shot(words[9].strip(), values[:4], values[4:], _whole(words[8], file)))
    return shots


def read_points(model: Path) -> Array:
    """The places of all points, (N, 3), from points3D.bin or points3D.txt."""
    file = model / "points3D.bin"
    if not file.is_file():
        file = model / "points3D.txt"
        if not file.is_file():
            raise ValueError(f"{model}: no points3D.bin or points3D.txt, which tell depths")
        rows = [_numbers(words[1:4], file) for words in _lines(file)]
        if any(len(row) < 3 for row in rows):
            raise ValueError(f"{file}: a point without three coordinates")
        return np.array(rows).reshape(-1, 3)
    data = _Bytes(file)
    points = np.empty((data.count(51), 3))
    for number in range(len(points)):
        points[number] = data.take("Q3d3Bd")[1:4]
        data.skip(8)
    return points


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def _lines(file: Path) -> Iterator[list[str]]:
    """The words of every line that says something."""
    for line in _text(file).splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.split()


def _numbers(words: list[str], file: Path) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in words)
    except ValueError:
        raise ValueError(f"{file}: {' '.join(words):.60} are not numbers") from None


def _whole(word: str, file: Path) -> int:
    try:
        return int(word)
    except ValueError:
        raise ValueError(f"{file}: {word:.40} is not a whole number") from None


def _known() -> str:
    return ", ".join(name for name, _ in _MODELS.values())
