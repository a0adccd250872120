"""Decoded pictures, in a file that is mapped into memory and made once.

The file holds all pictures behind one another, (H, W, channels) uint8 each, colours sRGB-encoded
with straight alpha; an index beside it says where each begins and how large it is.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from cppnart.render.ordered import cores

from .sources import Source, open_source

VERSION = 1
SAMPLE = 64
"""Pictures that are looked at to choose channels and resolution."""
USUAL = 64
"""The short side where none is given, unless the pictures are smaller."""
FINEST = 4
"""Times the resolution: the short side that pictures keep at most, for crops of any scale."""
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
BROKEN_SHOWN = 200


@dataclass(frozen=True)
class Form:
    """What pictures are made into.

    width, height: of what networks see; channels: 1, 3 or 4. anyres: pictures keep their own
    sizes, for crops at many scales; otherwise each is cut to the frame's shape and resized.
    """

    width: int
    height: int
    channels: int
    anyres: bool = False


@dataclass(frozen=True)
class Pictures:
    """A set of pictures for training.

    index (N, 3): where each begins in ``store``, its height and its width. labels (N,) or None.
    broken: those that could not be read, each with the reason; small: how many were enlarged.
    """

    name: str
    form: Form
    store: NDArray[np.uint8]
    index: NDArray[np.int64]
    labels: NDArray[np.int64] | None
    broken: tuple[tuple[str, str], ...] = ()
    small: int = 0

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, number: int) -> NDArray[np.uint8]:
        start, height, width = (int(n) for n in self.index[number])
        channels = self.form.channels
        return self.store[start : start + height * width * channels].reshape(
            height, width, channels
        )

    @property
    def classes(self) -> int:
        """How many classes the labels tell apart; 0 without labels."""
        return 0 if self.labels is None else int(self.labels.max()) + 1

    @cached_property
    def stacked(self) -> NDArray[np.uint8]:
        """All of them, (N, H, W, channels); only where they have one size."""
        form = self.form
        return self.store.reshape(len(self), form.height, form.width, form.channels)

    @property
    def identity(self) -> str:
        """Changes when the pictures do."""
        digest = hashlib.sha256(repr((self.form, len(self))).encode())
        digest.update(self.index.tobytes())
        digest.update(b"" if self.labels is None else self.labels.tobytes())
        step = max(1, len(self) // 256)
        for number in range(0, len(self), step):
            digest.update(self[number].tobytes())
        return digest.hexdigest()[:16]


def open_pictures(
    data: str | os.PathLike[str],
    *,
    resolution: int | tuple[int, int] | None = None,
    channels: int | None = None,
    anyres: bool = False,
    cache: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Pictures:
    """Opens training pictures, decoding them into a cache the first time.

    data: see ``open_source``. resolution: the short side, or (width, height); a number alone takes
    the shape that most pictures have; by default 64, or less where they are smaller. channels: 1
    (grey), 3, or 4 with alpha; by default what the pictures have. anyres: keep their sizes.
    cache: a folder; by default the user's. progress: called with pictures done and to do.

    Raises ValueError for what makes no sense, for a single picture, and where more than half are
    broken; OSError where there is no room.
    """
    source = open_source(data)
    if len(source) < 2:
        raise ValueError(
            f"{source.name}: one picture: a generator learns from many; a single one becomes a"
            " field by 'cppnart fit image'"
        )
    form = _form(source, resolution, channels, anyres)
    key = repr((VERSION, source.fingerprint, sorted(asdict(form).items())))
    folder = _folder(cache) / hashlib.sha256(key.encode()).hexdigest()[:24]
    found = _load(folder, source, form)
    if found is None:
        _decode(source, form, folder, progress)
        found = _load(folder, source, form)
    if found is None:
        raise OSError(f"{folder}: the decoded pictures cannot be read back")
    return found


def _folder(cache: str | os.PathLike[str] | None) -> Path:
    if cache is not None:
        return Path(cache)
    from cppnart.fields.machine_code import cache_folder

    return cache_folder() / "pictures"


# --- What form they take ---


def _form(
    source: Source, resolution: int | tuple[int, int] | None, channels: int | None, anyres: bool
) -> Form:
    if channels is not None and channels not in MODES:
        raise ValueError(f"channels {channels}: expected 1 (grey), 3 (colour) or 4 (with alpha)")
    sample = list(_sample(source))
    if not sample:
        raise ValueError(f"{source.name}: none of the first pictures can be read")
    if channels is None:
        channels = _channels(sample)
    if isinstance(resolution, tuple):
        width, height = resolution
    else:
        sizes = np.array([image.size for image in sample])
        short = resolution or int(min(USUAL, np.median(sizes.min(1))))
        width, height = _shape(short, float(np.median(sizes[:, 0] / sizes[:, 1])))
    if not (8 <= width <= 2048 and 8 <= height <= 2048):
        raise ValueError(f"resolution {width}x{height}: expected sides of 8 to 2048 pixels")
    return Form(int(width), int(height), channels, anyres)


def _sample(source: Source) -> Iterator[Image.Image]:
    step = max(1, len(source) // SAMPLE)
    for number in range(0, len(source), step):
        with suppress(ValueError, OSError):
            yield source.read(number)


def _channels(sample: list[Image.Image]) -> int:
    if any(im.mode == "RGBA" and np.asarray(im)[..., 3].min() < 255 for im in sample):
        return 4
    pixels = (np.asarray(im.convert("RGB")) for im in sample)
    return 1 if all((p == p[..., :1]).all() for p in pixels) else 3


def _shape(short: int, aspect: float) -> tuple[int, int]:
    """Width and height with this short side; the long one a multiple of 8, which halves well."""
    if abs(np.log(aspect)) < np.log(1.15):
        return short, short
    long = max(short, 8 * round(short * max(aspect, 1 / aspect) / 8))
    return (long, short) if aspect > 1 else (short, long)


def shaped(image: Image.Image, form: Form) -> Image.Image:
    """A picture in the form that training takes."""
    if form.channels < 4 and image.mode == "RGBA":
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image)
    image = image.convert(MODES[form.channels])
    frame = (form.width, form.height)
    if form.anyres:
        short = min(image.size)
        least, most = min(frame), FINEST * min(frame)
        aim = min(max(short, least), most)
        if aim == short:
            return image
        size = tuple(max(least, round(side * aim / short)) for side in image.size)
        return image.resize((size[0], size[1]), Image.Resampling.LANCZOS)
    if image.size == frame:
        return image
    return ImageOps.fit(image, frame, Image.Resampling.LANCZOS)


# --- The cache ---


def _load(folder: Path, source: Source, form: Form) -> Pictures | None:
    """The decoded pictures, if they are there and whole."""
    try:
        with np.load(folder / "index.npz", allow_pickle=False) as file:
            index, kept = file["index"], file["kept"]
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        store = np.memmap(folder / "pixels.bin", np.uint8, "r")
        broken = tuple((str(name), str(reason)) for name, reason in about["broken"])
        small = int(about["small"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    index, kept = index.astype(np.int64), kept.astype(np.int64)
    sizes = index[:, 1] * index[:, 2] * form.channels
    starts = np.concatenate([[0], np.cumsum(sizes)])
    if not (np.array_equal(index[:, 0], starts[:-1]) and store.size == starts[-1]):
        return None
    labels = None if source.labels is None else np.asarray(source.labels, np.int64)[kept]
    return Pictures(source.name, form, store, index, labels, broken, small)


def _decode(
    source: Source, form: Form, folder: Path, progress: Callable[[int, int], None] | None
) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    _check_room(source, form, folder.parent)
    work = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}")
    work.mkdir()
    try:
        _fill(work, source, form, progress)
        with suppress(OSError):  # somebody else was faster, or what is there is cut short
            shutil.rmtree(folder)
        os.replace(work, folder)
    except OSError:
        if not (folder / "about.json").exists():
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _check_room(source: Source, form: Form, parent: Path) -> None:
    size = len(source) * form.width * form.height * form.channels
    free = shutil.disk_usage(parent).free
    if size > free:
        raise OSError(
            28, f"{size >> 20} MiB of decoded pictures, and {free >> 20} MiB free", str(parent)
        )


def _fill(
    work: Path, source: Source, form: Form, progress: Callable[[int, int], None] | None
) -> None:
    index: list[tuple[int, int, int]] = []
    kept: list[int] = []
    broken: list[tuple[str, str]] = []
    place = small = 0
    with open(work / "pixels.bin", "wb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, outcome in enumerate(_outcomes(source, form)):
            if isinstance(outcome, str):
                broken.append((source.names[number], outcome))
                if len(broken) > len(source) // 2:
                    raise ValueError(
                        f"{source.name}: more than half of {len(source)} pictures cannot be read;"
                        f" the first: {broken[0][0]}: {broken[0][1]}"
                    )
            else:
                pixels, enlarged = outcome
                file.write(pixels.tobytes())
                index.append((place, *pixels.shape[:2]))
                kept.append(number)
                place += pixels.size
                small += enlarged
            if progress is not None:
                progress(number + 1, len(source))
    if len(kept) < 2:
        raise ValueError(f"{source.name}: {len(kept)} picture can be read: expected two or more")
    np.savez(work / "index.npz", index=np.array(index, np.int64), kept=np.array(kept, np.int64))
    about = {"source": source.name, "broken": broken[:BROKEN_SHOWN], "small": small}
    (work / "about.json").write_text(json.dumps(about), encoding="utf-8")


def _outcomes(source: Source, form: Form) -> Iterator[tuple[NDArray[np.uint8], bool] | str]:
    """Each picture in its form, and whether it was enlarged; or why it cannot be read."""

    def made(number: int) -> tuple[NDArray[np.uint8], bool] | str:
        try:
            image = source.read(number)
            enlarged = image.width < form.width or image.height < form.height
            pixels = np.asarray(shaped(image, form))
        except (ValueError, OSError) as error:
            return (str(error).splitlines() or [type(error).__name__])[0][:200]
        return (pixels if pixels.ndim == 3 else pixels[..., None]), enlarged

    workers = cores()
    with ThreadPoolExecutor(workers) as pool:
        for first in range(0, len(source), 64 * workers):
            yield from pool.map(made, range(first, min(first + 64 * workers, len(source))))
