"""A scene: cameras, views and the bounds of what they see."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cppnart.fields.pictures import open_image, read_levels
from cppnart.fields.scenes.cameras import Cameras
from cppnart.fields.scenes.files import read_array

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class View:
    """What one camera took, and what for: `split` is train, val or test.

    mask: a picture that is black where the view does not count. depth: a .npy of (H, W), or a
    picture of 16 bits.
    """

    name: str
    split: str
    image: Path | None
    mask: Path | None = None
    depth: Path | None = None


@dataclass(frozen=True, eq=False)
class Scene:
    """Views, each with the camera of its number, and the depths between which all is to be seen.

    bounded: everything lies in `box`, (2, 3), its lowest and its highest corner; otherwise the
    scene goes on to infinity and `box` may be None. ndc: all cameras look the same way, so that
    rays are best taken through ``ndc``, with `near` as its near plane. depth_scale: what numbers
    in files of depths are multiplied with. remarks: what a person should know about the reading.
    """

    name: str
    cameras: Cameras
    views: tuple[View, ...]
    near: float
    far: float
    ndc: bool = False
    bounded: bool = True
    box: NDArray[np.float64] | None = None
    remarks: tuple[str, ...] = ()
    depth_scale: float = 1.0

    def numbers(self, split: str) -> NDArray[np.int64]:
        """The numbers of the views of `split`, in order."""
        if split not in SPLITS:
            raise ValueError(f"expected one of {', '.join(SPLITS)} as the split, got {split!r}")
        chosen = [number for number, view in enumerate(self.views) if view.split == split]
        return np.array(chosen, np.int64)

    def counts(self) -> dict[str, int]:
        """How many views each split has."""
        return {split: len(self.numbers(split)) for split in SPLITS}

    def pixels(self, number: int) -> NDArray[np.uint8]:
        """The picture of a view: (H, W, 4), straight RGBA, opaque where the file has no alpha."""
        view = self.views[number]
        if view.image is None:
            raise ValueError(f"{view.name}: this view has no picture")
        pixels = np.asarray(open_image(view.image).convert("RGBA"))
        self._check_size(number, view.image, pixels.shape)
        return pixels

    def mask(self, number: int) -> NDArray[np.bool_] | None:
        """(H, W), True where the view counts, or None where all of it does."""
        path = self.views[number].mask
        if path is None:
            return None
        levels, _ = read_levels(path)
        self._check_size(number, path, levels.shape)
        colours = levels[..., :3] if levels.shape[2] > 2 else levels[..., :1]
        return np.asarray(colours.max(axis=2) > 0)

    def depth(self, number: int) -> NDArray[np.float32] | None:
        """(H, W) depths in units of the scene, 0 where none is known, or None without a file."""
        path = self.views[number].depth
        if path is None:
            return None
        depths = _read_depths(path)
        self._check_size(number, path, depths.shape)
        return (depths * self.depth_scale).astype(np.float32)

    def _check_size(self, number: int, path: Path, shape: tuple[int, ...]) -> None:
        width, height = self.cameras.size[number]
        if shape[:2] != (height, width):
            raise ValueError(
                f"{path}: {shape[1]}x{shape[0]} pixels, where the scene states {width}x{height}"
            )


def _read_depths(path: Path) -> NDArray[np.float64]:
    if path.suffix.lower() != ".npy":
        return read_levels(path)[0][..., 0].astype(np.float64)
    depths = read_array(path, "(H, W)")
    return depths[..., 0] if depths.ndim == 3 else depths


def read_scene(path: str | os.PathLike[str], *, split_every: int = 8) -> Scene:
    """Reads the scene in a folder, or of a .json, whatever its format.

    Blender's ``transforms_train.json``, nerfstudio's and instant-ngp's ``transforms.json``, LLFF's
    ``poses_bounds.npy``, the ``.tsv`` of Phototourism and COLMAP's ``sparse/0`` are recognised, in
    this order. split_every: where a format does not say what views are for, or has none to test
    with, every so manyth is for tests. What is wrong with a scene raises ValueError with one line;
    what can be done without is among its remarks.
    """
    if split_every < 2:
        raise ValueError(f"split_every must be at least 2, got {split_every}")
    given = Path(path)
    if not given.exists():
        raise FileNotFoundError(f"{given}: no such folder or file")
    from cppnart.fields.scenes.checks import checked

    return checked(_reader(given)(given, split_every), split_every)


def _reader(path: Path) -> Callable[[Path, int], Scene]:
    from cppnart.fields.scenes import blender, colmap, llff, nerfstudio, phototourism

    formats: list[tuple[Callable[[Path], bool], Callable[[Path, int], Scene]]] = [
        (blender.recognises, blender.read),
        (nerfstudio.recognises, nerfstudio.read),
        (llff.recognises, llff.read),
        (phototourism.recognises, phototourism.read),
        (colmap.recognises, colmap.read),
    ]
    for recognises, read in formats:
        if recognises(path):
            return read
    raise ValueError(
        f"{path}: no scene found; expected transforms_train.json, transforms.json, "
        "poses_bounds.npy, sparse/0 or a .tsv of Phototourism"
    )
