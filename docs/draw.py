"""Draws the pictures of the documentation again: python docs/draw.py [FOLDER]"""

from __future__ import annotations

import sys
from pathlib import Path

import cppnart
from cppnart.cppn import styles

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


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
