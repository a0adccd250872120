"""Where training pictures come from: a folder, a zip, idx files, or a data set of torchvision.

A source only lists: names, labels, and how to read one picture. Whatever is in it is untrusted.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import threading
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from cppnart.fields.pictures import open_image

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff", ".gif", ".bmp")
MAX_PICTURES = 50_000_000
MAX_MEMBER = 1 << 29
MAX_LISTING = 1 << 30
MAX_IDX = 1 << 36


@dataclass(frozen=True)
class Source:
    """Pictures by number.

    name: as a person gave it. names: of the pictures, in the order of their numbers. labels: a
    class for each, counted from 0, or None. fingerprint: text that changes when the pictures do.
    read: gives one of them, RGB or RGBA; ValueError or OSError where it is broken.
    """

    name: str
    names: Sequence[str]
    labels: Sequence[int] | None
    fingerprint: str
    read: Callable[[int], Image.Image]

    def __len__(self) -> int:
        return len(self.names)


def open_source(data: str | os.PathLike[str]) -> Source:
    """The pictures that a person names.

    data: a folder (nested; a dataset.json in it gives labels, and else its subfolders do, where
    every picture is in one), a StyleGAN zip, an idx.gz file or a folder of those, or
    ``torchvision:MNIST``. Raises ValueError or OSError, in one line, for anything else.
    """
    name = os.fspath(data)
    if name.startswith("torchvision:"):
        from .vision import open_torchvision

        return open_torchvision(name)
    path = Path(name)
    if path.is_dir():
        idx = _idx_in(path)
        source = _idx(idx) if idx else _folder(path)
    elif not path.exists():
        raise FileNotFoundError(2, "no such file or folder", name)
    elif path.name.endswith((".gz", "-ubyte")):
        source = _idx(path)
    elif zipfile.is_zipfile(path):
        source = _zip(path)
    else:
        raise ValueError(
            f"{name}: expected a folder of pictures, a zip, an idx.gz file or torchvision:NAME"
        )
    if not len(source):
        raise ValueError(f"{name}: no pictures in it (looked for {', '.join(SUFFIXES)})")
    return source


# --- Folders ---


def _folder(path: Path) -> Source:
    found: list[tuple[str, os.stat_result]] = []
    for folder, inner, files in os.walk(path):
        inner.sort()
        for own in files:
            if own.lower().endswith(SUFFIXES) and not own.startswith("."):
                full = Path(folder, own)
                found.append((full.relative_to(path).as_posix(), full.stat()))
    found.sort(key=lambda entry: entry[0])
    names = [name for name, _ in found]
    listing = path / "dataset.json"
    if listing.is_file():
        with listing.open("rb") as file:
            labels = _listed(file, names, str(listing))
    else:
        labels = _by_folder(names)
    stats = "".join(f"{name}\0{s.st_size}\0{s.st_mtime_ns}\n" for name, s in found)

    def read(number: int) -> Image.Image:
        return open_image(path / names[number])

    return Source(str(path), names, labels, _hash(str(path.resolve()), stats), read)


def _by_folder(names: Sequence[str]) -> list[int] | None:
    """Classes by the first folder, where all pictures are in one and there are several."""
    parts = [name.split("/", 1) for name in names]
    if any(len(part) == 1 for part in parts):
        return None
    classes = {name: number for number, name in enumerate(sorted({part[0] for part in parts}))}
    return [classes[part[0]] for part in parts] if len(classes) > 1 else None


# --- Zips ---


def _zip(path: Path) -> Source:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise ValueError(f"{path}: a damaged zip ({error})") from None
    members = archive.infolist()
    if len(members) > MAX_PICTURES:
        raise ValueError(f"{path}: {len(members)} members: expected at most {MAX_PICTURES}")
    for member in members:
        _check_member(path, member.filename)
    pictures = sorted(
        (m for m in members if m.filename.lower().endswith(SUFFIXES)), key=lambda m: m.filename
    )
    names = [member.filename for member in pictures]
    labels = None
    if "dataset.json" in archive.namelist():
        with archive.open("dataset.json") as file:
            labels = _listed(file, names, f"{path}: dataset.json")
    else:
        labels = _by_folder(names)
    stats = "".join(f"{m.filename}\0{m.CRC}\n" for m in pictures)
    lock = threading.Lock()  # the archive has one position in its file

    def read(number: int) -> Image.Image:
        member = pictures[number]
        if member.file_size > MAX_MEMBER:
            raise ValueError(f"{member.filename}: over {MAX_MEMBER} bytes")
        try:
            with lock:
                content = archive.read(member)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
            raise ValueError(f"{member.filename}: {error}") from None
        except Exception as error:  # decompressors raise errors of their own
            raise ValueError(f"{member.filename}: {type(error).__name__}: {error}") from None
        return open_image(_named(content, member.filename))

    return Source(str(path), names, labels, _hash(str(path.resolve()), stats), read)


def _check_member(path: Path, name: str) -> None:
    """Nothing is ever extracted, but a name that leads out of a folder is no picture's name."""
    parts = re.split(r"[/\\]", name)
    if name.startswith(("/", "\\")) or ".." in parts or re.match(r"[A-Za-z]:", name):
        raise ValueError(f"{path}: unsafe member name {name[:80]!r}: expected names inside the zip")


def _named(content: bytes, name: str) -> Any:
    import io

    file = io.BytesIO(content)
    file.name = name  # what errors call it
    return file


def _listed(file: IO[bytes], names: Sequence[str], shown: str) -> list[int] | None:
    """The labels of a dataset.json: {"labels": [[name, int], ...]}."""
    content = file.read(MAX_LISTING + 1)
    try:
        if len(content) > MAX_LISTING:
            raise ValueError
        pairs = json.loads(content)["labels"]
        if pairs is None:
            return None
        table = {str(name): number for name, number in pairs}
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ValueError(f'{shown}: expected {{"labels": [[name, number], ...]}}') from None
    for name, number in table.items():
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 100_000:
            raise ValueError(f"{shown}: label {number!r} of {name[:60]!r}: expected a whole number")
    missing = [name for name in names if name not in table]
    unknown = set(table) - set(names)
    if missing:
        raise ValueError(f"{shown}: labels do not match: {missing[0][:60]!r} has none")
    if unknown:
        raise ValueError(f"{shown}: labels do not match: no picture {min(unknown)[:60]!r}")
    return [table[name] for name in names]


# --- idx ---


def _idx_in(path: Path) -> Path | None:
    """The training pictures in a folder of idx files."""
    found = sorted(path.glob("*images*idx3-ubyte*"))
    return next((f for f in found if "train" in f.name), found[0] if found else None)


def _idx(path: Path) -> Source:
    pictures = read_idx(path)
    if pictures.ndim not in (3, 4) or (pictures.ndim == 4 and pictures.shape[3] not in (1, 3, 4)):
        raise ValueError(f"{path}: an array of shape {pictures.shape}: expected pictures")
    beside = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    labels = None
    if beside != path and beside.is_file():
        found = read_idx(beside)
        if found.shape != (len(pictures),):
            raise ValueError(
                f"{beside}: labels do not match: {found.size} for {len(pictures)} pictures"
            )
        labels = [int(label) for label in found]
    names = [f"{path.name}:{number}" for number in range(len(pictures))]
    stat = path.stat()

    def read(number: int) -> Image.Image:
        return Image.fromarray(np.squeeze(pictures[number])).convert("RGB")

    mark = _hash(str(path.resolve()), f"{stat.st_size} {stat.st_mtime_ns}")
    return Source(str(path), names, labels, mark, read)


def read_idx(path: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The array of bytes in an idx file, compressed or not."""
    opened: Any = gzip.open if path.name.endswith(".gz") else open
    try:
        with opened(path, "rb") as file:
            head = file.read(4)
            if len(head) < 4 or head[:3] != b"\0\0\x08" or not 1 <= head[3] <= 4:
                raise ValueError(f"{path}: expected an idx file of bytes")
            shape = tuple(int(n) for n in np.frombuffer(file.read(4 * head[3]), ">u4"))
            size = int(np.prod(shape, dtype=object))
            if len(shape) != head[3] or not 0 < size <= MAX_IDX:
                raise ValueError(f"{path}: an idx file of shape {shape}")
            content = file.read(size)
    except (gzip.BadGzipFile, EOFError) as error:
        raise ValueError(f"{path}: a damaged idx.gz ({error})") from None
    if len(content) != size:
        raise ValueError(f"{path}: cut short: {len(content)} of {size} bytes")
    return np.frombuffer(content, np.uint8).reshape(shape)


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogateescape")).hexdigest()[:24]
