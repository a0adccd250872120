"""view: a picture of a solid, or a film of it as it turns."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cppnart.cppn.seeds import Stream
from cppnart.cppn.solids.generate import generate_solid
from cppnart.fields.families.choosing import load_shape
from cppnart.fields.shapes.solid import SolidField
from cppnart.render.formats import format_of
from cppnart.render.motion.films import frame_rate, open_film
from cppnart.render.ordered import cores
from cppnart.render.palettes import Palette, default_palette, get_palette
from cppnart.render.sizes import Size, parse_size
from cppnart.render.writers import open_picture

from .camera import Camera
from .colours import colouring_of, has_colours
from .looks import get_look
from .morph import Morph
from .room import Room
from .studio import Colouring, Studio

if TYPE_CHECKING:
    from cppnart.fields.families.family import ShapeFamily

SUFFIX = ".safetensors"
COARSEST = 32
"""Voxels that a search begins with where the field is a trained one: those cost much more to ask
than what is drawn, of which every corner is asked."""
TRAINED = 0.006
"""Over what length slopes of trained fields are taken: grids are rough below that."""
MARGIN = 1.16
"""How much more than the solid is in the picture."""
FPS = 25.0


@dataclass(frozen=True)
class Viewed:
    """A picture or a film that was written."""

    path: str
    width: int
    height: int
    frames: int
    look: str
    seconds: float

    def __str__(self) -> str:
        frames = f", {self.frames} frames" if self.frames > 1 else ""
        return f"{self.width}x{self.height}{frames}, {self.look}, {self.seconds:.1f} s"


def view(
    source: str | int | os.PathLike[str] | SolidField,
    output: str | os.PathLike[str] | None = None,
    *,
    form: str | None = None,
    look: str | None = None,
    palette: str | Palette | None = None,
    size: str = "1024",
    azimuth: float = 25.0,
    elevation: float = 18.0,
    zoom: float = 1.0,
    orbit: bool = False,
    duration: float = 6.0,
    fps: float = FPS,
    threshold: float | None = None,
    samples: int = 4,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    between: Sequence[str] | None = None,
    **choice: Any,
) -> Viewed | NDArray[np.uint8]:
    """Renders a solid straight from its field; without output, gives the pixels (H, W, 3).

    source: a seed, a .safetensors file of a solid, or a SolidField. form: of a seed's solid; look:
    what it is made of, see looks.py; by default the form's own, or clay. palette: its own colours
    go through it, in looks that have no metal; by default they do in the look ``painted``.

    azimuth, elevation: where the camera is, degrees; zoom: how much nearer than a full view. orbit:
    a film of one turn, ``duration`` seconds long, ``fps`` frames a second. samples: of pixels at
    edges. progress: called with what is done and all. choice: of a family of shapes, which: member,
    like or complete; see load_shape. between: a film from member to member of a family, by their
    names, and back to the first.

    Raises ValueError for what is out of range or shows nothing, OSError for files.
    """
    began = time.perf_counter()
    threads = threads or cores()
    extent = parse_size(size)
    if not (math.isfinite(zoom) and 0.05 <= zoom <= 20):
        raise ValueError(f"zoom {zoom:g}: expected a number from 0.05 to 20")
    if output is not None and not orbit and between is None:
        format_of(output)  # a mistake in the name is said before the work
    film = orbit or between is not None
    if film and output is None:
        what = "orbit" if orbit else "between"
        raise ValueError(f"{what}: give a name for the film, as turn.mp4")
    frames = max(round(duration * float(frame_rate(fps))), 2) if film else 1

    def studio_of(solid: SolidField, own_look: str, stream: Stream | None) -> Studio:
        chosen = get_look(look or own_look)
        trained = stream is None
        return Studio(
            Room(solid, coarsest=COARSEST, fine=TRAINED) if trained else Room(solid),
            chosen,
            get_palette(palette, stream) if palette is not None else _usual(stream),
            _colouring(solid, chosen.name, palette, stream, threads),
        )

    def camera_of(studio: Studio) -> Camera:
        return framed(studio.room, extent, azimuth, elevation, zoom)

    def turned(camera: Camera, u: float) -> Camera:
        return replace(camera, azimuth=camera.azimuth + 360 * u) if orbit else camera

    name = get_look(look).name if look is not None else "clay"
    if between is not None:
        if choice:
            raise ValueError(f"between {', '.join(between)}: it says which members already")
        morph = Morph(
            _family_of(source),
            between,
            lambda solid: studio_of(solid, "clay", None),
            camera_of,
            threshold,
        )

        def shot(u: float) -> tuple[Studio, Camera]:
            studio, camera = morph.shot(u)
            return studio, turned(camera, u)
    else:
        studio = studio_of(*_solid_of(source, form, threshold, choice))
        name, camera = studio.look.name, camera_of(studio)

        def shot(u: float) -> tuple[Studio, Camera]:
            return studio, turned(camera, u)

    if film:
        assert output is not None
        _film(shot, extent, output, frames, fps, samples, threads, progress)
    else:
        pixels = _picture(*shot(0.0), extent, output, samples, threads, progress)
        if pixels is not None:
            return pixels
    assert output is not None
    seconds = round(time.perf_counter() - began, 3)
    return Viewed(os.fspath(output), extent.width, extent.height, frames, name, seconds)


def framed(
    room: Room, size: Size, azimuth: float = 25.0, elevation: float = 18.0, zoom: float = 1.0
) -> Camera:
    """A camera that has the whole solid in the picture, from whatever side."""
    middle = (room.low + room.high) / 2
    half = math.radians(Camera.field / 2)
    distance = MARGIN * room.radius / math.sin(half) / zoom
    x, y, z = (float(number) for number in middle)
    return Camera(azimuth, elevation, distance, target=(x, y, z))


def _solid_of(
    source: str | int | os.PathLike[str] | SolidField,
    form: str | None,
    threshold: float | None,
    choice: Mapping[str, Any],
) -> tuple[SolidField, str, Stream | None]:
    """The solid, the look that suits it, and for one of a seed a stream of that."""
    if isinstance(source, SolidField):
        return source, "clay", None
    if not isinstance(source, int) and Path(source).suffix.lower() == SUFFIX:
        if form is not None:
            raise ValueError(f"form {form!r}: a file has its own")
        return load_shape(source, threshold, **choice), "clay", None
    if choice:
        raise ValueError(f"{', '.join(choice)}: for files of families of shapes, not for seeds")
    drawn = generate_solid(str(source), form)
    solid = SolidField(drawn.program, threshold, name=f"seed {drawn.seed}", threads=1)
    return solid, drawn.look, Stream(drawn.seed, "palette")


def _family_of(source: str | int | os.PathLike[str] | SolidField) -> ShapeFamily:
    from cppnart.fields.families.family import load_family

    if isinstance(source, int | SolidField):
        raise ValueError("between: expected the file of a family of shapes")
    return load_family(source)


def _usual(stream: Stream | None) -> Palette:
    return default_palette(stream or Stream("0", "palette"))


def _colouring(
    solid: SolidField,
    look: str,
    palette: str | Palette | None,
    stream: Stream | None,
    threads: int,
) -> Colouring | None:
    own = palette is not None or look == "painted"
    if not own or not has_colours(solid.program):
        return None
    chosen = _usual(stream) if palette is None else get_palette(palette, stream)
    return colouring_of(solid.program, chosen, 1)


def _picture(
    studio: Studio,
    camera: Camera,
    size: Size,
    output: str | os.PathLike[str] | None,
    samples: int,
    threads: int,
    progress: Callable[[int, int], None] | None,
) -> NDArray[np.uint8] | None:
    """Writes the picture band by band, or gives it where there is no file for it."""
    bands = studio.bands(camera, size.width, size.height, samples, threads)
    if output is None:
        return np.concatenate(list(bands))
    with open_picture(
        output, width=size.width, height=size.height, channels=3, dpi=size.dpi
    ) as writer:
        for rows in bands:
            writer.write(rows)
            if progress is not None:
                progress(writer.rows_written * size.width, size.width * size.height)
    return None


def _film(
    shot: Callable[[float], tuple[Studio, Camera]],
    size: Size,
    output: str | os.PathLike[str],
    frames: int,
    fps: float,
    samples: int,
    threads: int,
    progress: Callable[[int, int], None] | None,
) -> None:
    width, height = size.width, size.height
    with open_film(output, width=width, height=height, fps=fps, frames=frames) as writer:
        for done, number in enumerate(writer.missing, 1):
            studio, camera = shot(number / frames)
            frame = studio.picture(camera, width, height, samples=samples, threads=threads)
            writer.write(frame, number)
            if progress is not None:
                progress(done, frames)
