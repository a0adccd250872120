"""Pictures that tests make."""

import json
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image


def picture(number: int, width: int = 16, height: int = 16, mode: str = "RGB") -> Image.Image:
    """A disc on a ground, both of colours that depend on the number."""
    random = np.random.default_rng(number)
    y, x = np.mgrid[0:height, 0:width]
    inside = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (min(width, height) / 3) ** 2
    ground, colour = random.integers(0, 256, (2, 3))
    pixels = np.where(inside[..., None], colour, ground).astype(np.uint8)
    if mode == "RGBA":
        alpha = np.where(inside, 255, 0).astype(np.uint8)
        return Image.fromarray(np.dstack([pixels, alpha]))
    return Image.fromarray(pixels).convert(mode)


def folder_of(path: Path, count: int = 12, **options) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        picture(number, **options).save(path / f"{number:03d}.png")
    return path


def zip_of(path: Path, count: int = 6, labels: list | None = None, **options) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            with archive.open(f"a/{number}.png", "w") as file:
                picture(number, **options).save(file, "PNG")
        if labels is not None:
            archive.writestr("dataset.json", json.dumps({"labels": labels}))
    return path
