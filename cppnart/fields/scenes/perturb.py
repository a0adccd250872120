"""scene perturb: the synthetic ablation of NeRF in the wild.

Martin-Brualla et al. 2021, section 4.2 and its supplement: light that changes from picture to
picture, and things that stand in the way of one picture alone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from cppnart.fields.scenes.blender import SavedScene, save_blender
from cppnart.fields.scenes.scene import Scene, read_scene

KINDS = ("colour", "occluders", "both")
_STRIPES = 10
# In pixels of a picture of 800, which is what the publication has.
_WHOLE, _STRIPE, _LENGTH, _FIRST, _LAST = 800, 20, 200, 200, 400


def perturb_scene(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    kind: str = "both",
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> SavedScene:
    """Writes a Blender scene again, with every picture for training but the first perturbed.

    kind: ``colour`` scales each channel by .8 to 1.2 and adds -.2 to .2; ``occluders`` puts a
    square of ten stripes, of any colours, in a quarter of each side's length somewhere before the
    middle; ``both`` does both, in this order, with the draws of each alone. Transparency is kept,
    but for occluders, which are opaque. Sizes are those published, for the picture's own size.

    Raises ValueError for another kind and for scenes that the Blender format cannot hold, and
    OSError for an output that is a folder with something in it.
    """
    began = time.perf_counter()
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r}: expected {', '.join(KINDS)}")
    scene = read_scene(path)
    if not scene.bounded or scene.box is None:
        raise ValueError(f"{os.fspath(path)}: perturbed are scenes of Blender's format alone")
    clean = set(range(len(scene.views))) - set(scene.numbers("train")[1:].tolist())

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for number in range(len(scene.views)):
            pixels = scene.pixels(number)
            yield pixels if number in clean else perturbed(pixels, kind, (seed, number))
            if progress is not None:
                progress(number + 1, len(scene.views))

    written = save_blender(
        output,
        scene.cameras,
        scene.views,
        pictures(),
        depths=_depths(scene) if any(view.depth for view in scene.views) else None,
        near=scene.near,
        far=scene.far,
        box=scene.box,
    )
    width, height = scene.cameras.size[0].tolist()
    seconds = round(time.perf_counter() - began, 3)
    return SavedScene(str(written), scene.counts(), width, height, seconds)


def _depths(scene: Scene) -> Iterator[NDArray[np.float32] | None]:
    return (scene.depth(number) for number in range(len(scene.views)))


def perturbed(pixels: NDArray[np.uint8], kind: str, seed: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture (H, W, 4), straight RGBA, as ``perturb_scene`` changes it; seed: and number."""
    made = pixels.copy()
    if kind in ("colour", "both"):
        random = np.random.default_rng([*seed, 0])
        scale, shift = random.uniform(0.8, 1.2, 3), random.uniform(-0.2, 0.2, 3)
        made[..., :3] = np.rint(255 * np.clip(made[..., :3] / 255 * scale + shift, 0, 1))
    if kind in ("occluders", "both"):
        _occlude(made, np.random.default_rng([*seed, 1]))
    return made


def _occlude(pixels: NDArray[np.uint8], random: np.random.Generator) -> None:
    """Puts the square of stripes into a picture."""
    height, width = pixels.shape[:2]
    left, top = random.integers(_FIRST, _LAST, 2)
    edges = np.rint((left + _STRIPE * np.arange(_STRIPES + 1)) * width / _WHOLE).astype(int)
    upper, lower = np.rint(np.array([top, top + _LENGTH]) * height / _WHOLE).astype(int)
    colours = random.integers(0, 256, (_STRIPES, 3))
    for start, end, colour in zip(edges[:-1], edges[1:], colours, strict=True):
        pixels[upper:lower, start:end] = [*colour, 255]
