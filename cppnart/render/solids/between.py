"""paint_between: a mesh in textures of a family, from one to the next."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cppnart.fields.shapes.defects import cleaned
from cppnart.fields.shapes.meshes import Mesh, normalised, read_mesh
from cppnart.fields.shapes.textured import Textured
from cppnart.fields.texture_family import load_textures
from cppnart.render.motion.films import frame_rate, open_film
from cppnart.render.motion.paths import along, segment
from cppnart.render.ordered import cores
from cppnart.render.palettes import PALETTES
from cppnart.render.sheets import layout
from cppnart.render.sizes import Size, parse_size
from cppnart.render.writers import open_picture

from .coats import colours_of
from .looks import get_look
from .skin import Skin
from .subject import mesh_studio
from .view import FPS, Viewed, framed

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".avif")
STEPS = 5
"""Pictures in a row of a sheet."""


def paint_between(
    source: str | os.PathLike[str] | Mesh,
    output: str | os.PathLike[str],
    *,
    field: str | os.PathLike[str],
    codes: Sequence[str],
    scale: float = 1.0,
    size: str | None = None,
    look: str = "painted",
    azimuth: float = 25.0,
    elevation: float = 18.0,
    duration: float = 6.0,
    fps: float = FPS,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Viewed:
    """Renders a mesh in textures that were learnt together, and in what lies between them.

    field: a file of ``fit_textures``. codes: names of two textures or more. output: a picture, a
    sheet with a row from each to the next; or a film that goes through all of them and
    back to the first, while the mesh turns once. size: of each picture (256), or the film (720).
    Raises ValueError for what is out of range, OSError for files.
    """
    began = time.perf_counter()
    sheet = Path(output).suffix.lower() in PICTURES
    extent = parse_size(size or ("256" if sheet else "720"))
    if len(codes) < 2:
        raise ValueError(f"codes {', '.join(codes)}: expected two textures or more")
    family = load_textures(field)
    keys = [family.code(name) for name in codes]
    mesh, defects = cleaned(source if isinstance(source, Mesh) else read_mesh(source))
    model = Textured(replace(normalised(mesh)[0], colours=None))
    palette = PALETTES["sumi"]  # colours are the field's own
    studio = mesh_studio(model, get_look(look).name, palette, watertight=defects.watertight)
    camera = framed(studio.room, extent, azimuth, elevation)

    def shot(u: float, turn: float, loop: bool) -> np.ndarray:
        number, share = segment(u, len(keys), loop)
        code = along(keys, number, share, "line", loop)
        colours = colours_of(None, family.program, scale=scale, code=code.tolist())
        painted = replace(studio, surface=Skin(model, colours.linear))
        seen = replace(camera, azimuth=azimuth + turn)
        return painted.picture(seen, extent.width, extent.height, threads=threads or cores())

    if sheet:
        rows = len(codes) - 1
        pictures, labels = [], []
        for number in range(rows * STEPS):
            row, column = divmod(number, STEPS)
            pictures.append(shot((row + column / (STEPS - 1)) / rows, 0.0, False))
            labels.append({0: codes[row], STEPS - 1: codes[row + 1]}.get(column, ""))
            if progress is not None:
                progress(number + 1, rows * STEPS)
        page = layout(pictures, labels, STEPS)
        extent = Size(page.shape[1], page.shape[0])
        with open_picture(output, width=extent.width, height=extent.height, channels=3) as file:
            file.write(np.ascontiguousarray(page))
        frames = 1
    else:
        frames = max(round(duration * float(frame_rate(fps))), 2)
        width, height = extent.width, extent.height
        with open_film(output, width=width, height=height, fps=fps, frames=frames) as film:
            for done, number in enumerate(film.missing, 1):
                film.write(shot(number / frames, 360 * number / frames, True), number)
                if progress is not None:
                    progress(done, frames)
    seconds = round(time.perf_counter() - began, 3)
    return Viewed(os.fspath(output), extent.width, extent.height, frames, look, seconds)
