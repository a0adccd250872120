"""Draws the pictures of the documentation again: python docs/draw.py [FOLDER]"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import cppnart
from cppnart.cppn import styles
from cppnart.fields.scenes import read_scene
from cppnart.render.scenes.cameras import draw_cameras
from cppnart.render.sheets import layout
from cppnart.render.solids.compare import compare_representations

HERO = {"seed": 42, "size": "1600x900"}


def main(folder: Path) -> None:
    (folder / "styles").mkdir(parents=True, exist_ok=True)
    cppnart.render(**HERO, samples=8, output=folder / "hero.png", small=True)
    for name in styles.names():
        cppnart.sheet(
            styles=name,
            seeds="0:12",
            columns=6,
            thumb=192,
            output=folder / "styles" / f"{name}.webp",
        )
        print(name)
    cppnart.styles(output=folder / "styles.webp")
    cppnart.palettes(output=folder / "palettes.webp")
    cppnart.finishes(output=folder / "finishes.webp")
    breeding(folder / "breeding.webp")
    upscaling(folder / "upscale.webp")
    solids(folder / "solids.webp")
    representations(folder / "representations.webp")
    scenes(folder / "scenes.webp")


def solids(path: Path) -> None:
    """Two dozen seeds, each in the look that suits it."""
    seeds = (0, 1, 2, 3, 7, 9, 10, 12, 13, 14, 17, 20, 21, 24, 26, 27, *range(28, 34), 35, 43)
    pictures = [cppnart.view(seed, size="200") for seed in seeds]
    Image.fromarray(layout(pictures, None, 6)).save(path, quality=88, method=6)


def representations(path: Path) -> None:
    """A coral as voxels, points, a mesh and a field of three sizes."""
    with tempfile.TemporaryDirectory() as name:
        mesh, picture = Path(name, "coral.ply"), Path(name, "compared.png")
        cppnart.sculpt(9, mesh, voxels=160)
        compare_representations(mesh, picture, budgets=(2_000, 8_000, 32_000), size=200)
        with Image.open(picture) as drawn:
            drawn.save(path, quality=88, method=6)


def scenes(path: Path) -> None:
    """The cameras of a flower."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cppnart.sculpt(42, folder / "bloom.glb", form="bloom", voxels=160)
        cppnart.render_scene(
            folder / "bloom.glb", folder / "bloom", views=60, size=200, shading=True
        )
        draw_cameras(read_scene(folder / "bloom"), path, size=440)


def breeding(path: Path) -> None:
    """Three generations: from nothing, of the second picture, and of a child and the sixth."""
    first = cppnart.breed(children=8, seed=5)
    second = cppnart.breed(first[1], children=8, seed=2, strength=0.7)
    third = cppnart.breed(second[2], first[5], children=8, seed=3)
    pictures = [cppnart.render(recipe, size=160) for recipe in (*first, *second, *third)]
    Image.fromarray(layout(pictures, None, 8)).save(path, quality=85, method=6)


def upscaling(path: Path) -> None:
    """Parts of two pictures, shrunk by 4 and made large again: by cubic and Lanczos filters and by
    `upscale`, and what they were."""
    pictures = (
        (cppnart.view(10, size="480", look="gold"), 120, 120),
        (cppnart.view(17, size="320", look="painted"), 40, 50),
    )
    rows = []
    for pixels, left, top in pictures:
        box = (left, top, left + 240, top + 200)
        image = Image.fromarray(pixels).convert("RGB")
        small = image.resize((image.width // 4, image.height // 4), Image.Resampling.BICUBIC)
        filters = (Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
        made = [np.asarray(small.resize(image.size, f).crop(box)) for f in filters]
        ours = Image.fromarray(cppnart.upscale(np.asarray(small), scale=4))
        rows.append(np.concatenate([*made, ours.crop(box), image.crop(box)], 1))
    Image.fromarray(np.concatenate(rows)).save(path, quality=85, method=6)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
