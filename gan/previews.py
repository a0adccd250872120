"""What a run shows while it trains: samples of fixed latents beside real pictures, and a film."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from cppnart.fields.atomic import atomic_output
from cppnart.render.sheets import PAGE, TEXT

LEAST_CELL = 56
"""Pixels of a cell's short side on a page, so that small pictures can be seen."""
FILM_SECONDS = 20.0
FOLDER = "previews"


def levels(images: Tensor) -> NDArray[np.uint8]:
    """(N, C, H, W) in [-1, 1] as (N, H, W, C) levels."""
    scaled = images.detach().float().add(1).mul(127.5).round().clamp(0, 255)
    return scaled.permute(0, 2, 3, 1).cpu().numpy().astype(np.uint8)


def grid(pictures: NDArray[np.uint8], columns: int) -> Image.Image:
    """Pictures (N, H, W, 1, 3 or 4) side by side, enlarged by a whole number where they are small;
    what is transparent shows the page."""
    count, height, width = pictures.shape[:3]
    times = max(1, round(LEAST_CELL / min(height, width)))
    gap = 2 * max(1, times // 2)
    rows = -(-count // columns)
    cell_w, cell_h = width * times + gap, height * times + gap
    page = Image.new("RGB", (columns * cell_w - gap, rows * cell_h - gap), PAGE)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        single = picture[..., 0] if picture.shape[2] == 1 else picture
        image = Image.fromarray(np.ascontiguousarray(single))
        image = image.resize((width * times, height * times), Image.Resampling.NEAREST)
        mask = image if image.mode == "RGBA" else None
        page.paste(image, (column * cell_w, row * cell_h), mask)
    return page


def beside(panels: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    """Panels of one height on a page, each under its caption; even sides, as films want them."""
    height = max(panel.height for _, panel in panels)
    size = max(12, height // 36)
    margin, head = 2 * size, round(1.9 * size)
    width = margin + sum(panel.width + margin for _, panel in panels)
    total = (width + width % 2, (h := head + margin + height + margin // 2) + h % 2)
    page = Image.new("RGB", total, PAGE)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size)
    x = margin
    for caption, panel in panels:
        draw.text((x, margin - size // 2), caption, TEXT, font)
        page.paste(panel, (x, head + margin // 2))
        x += panel.width + margin
    return page


def write_picture(path: Path, image: Image.Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_output(path) as temporary:
        image.save(temporary, "PNG")


def preview_file(folder: Path, images: int) -> Path:
    return folder / FOLDER / f"images-{images:010d}.png"


def forget_previews(folder: Path, images: int) -> None:
    """Removes pictures of training that will be done again."""
    for path, seen in _previews(folder):
        if seen > images:
            path.unlink(missing_ok=True)


def write_film(folder: Path) -> Path | None:
    """The film of a training, of its previews; None where there are too few."""
    from cppnart.render.motion.films import open_film

    pictures = [path for path, _ in _previews(folder)]
    if len(pictures) < 2:
        return None
    width, height = _size(pictures[-1])
    pictures = [path for path in pictures if _size(path) == (width, height)]
    fps = min(max(len(pictures) / FILM_SECONDS, 4), 30)
    rest = round(2 * fps)  # the last picture stays for two seconds
    path = folder / "training.mp4"
    with open_film(
        path, width=width, height=height, fps=round(fps), frames=len(pictures) + rest
    ) as film:
        for number in range(len(pictures) + rest):
            with Image.open(pictures[min(number, len(pictures) - 1)], formats=["PNG"]) as image:
                frame = np.asarray(image.convert("RGB"))
            film.write(frame)
    return path


def _size(path: Path) -> tuple[int, int]:
    with Image.open(path, formats=["PNG"]) as image:
        return image.width, image.height


def _previews(folder: str | os.PathLike[str]) -> list[tuple[Path, int]]:
    """The previews of a run with the images that had been seen, in order."""
    found = []
    for path in (Path(folder) / FOLDER).glob("images-*.png"):
        if match := re.fullmatch(r"images-(\d{10,})\.png", path.name):
            found.append((path, int(match[1])))
    return sorted(found, key=lambda entry: entry[1])
