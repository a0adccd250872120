"""Draws the pictures of the documentation again: python docs/draw.py [FOLDER]"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

import cppnart
from cppnart.cppn import styles
from cppnart.render.sheets import layout

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


def breeding(path: Path) -> None:
    """Three generations: from nothing, of the second picture, and of a child and the sixth."""
    first = cppnart.breed(children=8, seed=5)
    second = cppnart.breed(first[1], children=8, seed=2, strength=0.7)
    third = cppnart.breed(second[2], first[5], children=8, seed=3)
    pictures = [cppnart.render(recipe, size=160) for recipe in (*first, *second, *third)]
    Image.fromarray(layout(pictures, None, 8)).save(path, quality=85, method=6)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
