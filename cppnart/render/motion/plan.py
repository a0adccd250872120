"""From what a person asks of a film to its recipe."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, cast

import msgspec

from cppnart.cppn.seeds import parse_seed
from cppnart.render.metadata import is_film_name, read_recipe
from cppnart.render.photographs import is_photograph, photograph_recipe
from cppnart.render.prepare import Prepared, Source, prepare
from cppnart.render.recipe import Recipe, new_recipe
from cppnart.render.sizes import Size, human_bytes

from .film_recipe import MAX_KEYS, FilmRecipe, is_film_recipe, new_film_recipe, parse_film_recipe
from .morph import alike_keys, kin_keys
from .sound import listen
from .timeline import FADE, MAX_FRAMES

DEFAULT_SIZE = "1280x720"
LONG_SIDE = 1280
"""Of films of a picture whose own size is another."""
FPS = 30.0
SECONDS = 10.0
"""How long a film of one picture is, and how long one round of time takes."""
SECONDS_A_KEY = 5.0
BREATH = 0.7
USUAL_BYTES = 3e4
"""Of a frame of a usual film, roughly."""


@dataclass(frozen=True)
class Motion:
    """How a film moves, as a person gives it; None where nothing was given.

    path: one of timeline.PATHS; ease: one of paths.EASES; loop: end where it began; turns: of
    time; breathe: radius of a circle round the latent; zoom, rotate, pan: what the camera does, as
    texts: "1:200", "360" or "0:360", "X,Y" or "X,Y:X,Y"; audio: a sound file that drives it;
    duration: in seconds; fps: frames a second.
    """

    path: str | None = None
    ease: str | None = None
    loop: bool | None = None
    turns: float | None = None
    breathe: float | None = None
    zoom: str | None = None
    rotate: str | None = None
    pan: str | None = None
    audio: str | os.PathLike[str] | None = None
    duration: float | None = None
    fps: float | None = None


def plan(
    sources: Sequence[Source],
    seeds: str | Iterable[str | int] | None,
    steps: int | None,
    motion: Motion,
    look: dict[str, Any],
) -> FilmRecipe:
    """The recipe of a film: through sources or seeds, or through ``steps`` latents of one of them.

    Raises ValueError for what makes no sense and OSError for files that cannot be read.
    """
    if len(sources) == 1 and is_film(sources[0]):
        if seeds is not None or steps is not None:
            raise ValueError("a film has its own pictures: expected no seeds and no steps")
        return _again(sources[0], motion, look)
    keys = _keys(sources, seeds, steps, look)
    recipes = [key.recipe for key in keys]
    several = len(keys) > 1
    loop = bool(motion.loop) if motion.loop is not None else not (several or _camera_moves(motion))
    fps = _fps(motion.fps)
    usual = SECONDS if not several else SECONDS_A_KEY * (len(keys) if loop else len(keys) - 1)
    frames, drive = _length(motion, fps, usual)
    path = motion.path or ("spline" if len(keys) > 2 else "sphere")
    if motion.path not in (None, FADE):
        _check_path(keys, path)
    turns = motion.turns
    if turns is None:
        timed = any("t" in key.constants for key in keys)
        turns = float(max(round(frames / fps / SECONDS), 1)) if timed else 0.0
    camera = _camera(motion, recipes[0])
    breathe = motion.breathe
    if breathe is None:
        still = not several and turns == 0 and len(set(camera["zoom"])) == 1
        breathe = BREATH if still and keys[0].drawn and not _camera_moves(motion) else 0.0
    if not (several or turns or breathe or _camera_moves(motion)):
        raise ValueError("nothing moves: give several pictures, or a zoom, a rotation or a pan")
    return new_film_recipe(
        recipes,
        frames=frames,
        fps=fps,
        path=path,
        ease=motion.ease or _usual_ease(keys, path, loop),
        loop=loop,
        turns=turns,
        breathe=breathe,
        drive=drive,
        **camera,
    )


# --- The pictures on the way ---


def _keys(
    sources: Sequence[Source],
    seeds: str | Iterable[str | int] | None,
    steps: int | None,
    look: dict[str, Any],
) -> list[Prepared]:
    if seeds is not None:
        if sources:
            raise ValueError("seeds: expected either seeds or pictures to walk between, not both")
        sources = _seeds(seeds)
    if not sources:
        raise ValueError("nothing to walk: give a seed, as in --seed 42, seeds, or pictures")
    if len(sources) > MAX_KEYS:
        raise ValueError(f"{len(sources)} pictures: a walk takes at most {MAX_KEYS}")
    sources = [photograph_recipe(s) if is_photograph(s) else s for s in sources]
    look = {**look, "bits": 8}  # what films hold, whatever their pictures had
    first = prepare(sources[0], moving=True, **look)
    if "size" not in look:
        first = prepare(first.recipe, moving=True, size=_usual_size(sources[0], first.size))
    if steps is not None:
        if len(sources) > 1:
            raise ValueError(f"steps {steps}: expected one picture whose latent walks, not several")
        return _latents(first, steps)
    others = {**look, "size": first.recipe.size}
    return [first, *(prepare(source, moving=True, **others) for source in sources[1:])]


def _seeds(seeds: str | Iterable[str | int]) -> list[Source]:
    words = seeds.split(",") if isinstance(seeds, str) else list(seeds)
    if len(words) < 2:
        raise ValueError(
            f"seeds {str(seeds)[:40]!r}: a walk goes between two or more; one picture that moves"
            " by itself is asked for by --seed"
        )
    return [seed_source(word) for word in words]


def seed_source(seed: str | int) -> Recipe:
    """A seed as a source, even if it looks like the name of a file."""
    return msgspec.structs.replace(new_recipe(), seed=parse_seed(seed))


def _usual_size(source: Source, own: Size) -> str:
    """The shape of the picture that a film is made from, at a film's size, with even sides."""
    if (isinstance(source, Recipe) and source.size is None) or not _is_file(source):
        return DEFAULT_SIZE
    factor = min(1.0, LONG_SIDE / max(own.width, own.height))
    width, height = (max(2, 2 * round(side * factor / 2)) for side in (own.width, own.height))
    return f"{width}x{height}"


def _is_file(source: Source) -> bool:
    return isinstance(source, Recipe) or (not isinstance(source, int) and os.path.exists(source))


def _latents(first: Prepared, steps: int) -> list[Prepared]:
    """The picture, and others of the same network with latents of their own."""
    if not 2 <= steps <= MAX_KEYS:
        raise ValueError(f"steps {steps}: expected 2 to {MAX_KEYS} latents to walk between")
    if first.drawn is None:
        raise ValueError("steps: a field that is read from a file has no latent to walk")
    others = first.drawn.latents(steps)[1:].tolist()
    recipes = [msgspec.structs.replace(first.recipe, latent=latent) for latent in others]
    return [first, *(prepare(recipe, moving=True) for recipe in recipes)]


def _check_path(keys: Sequence[Prepared], path: str) -> None:
    for number, key in enumerate(keys[1:], 2):
        if not (alike_keys([keys[0], key]) or kin_keys([keys[0], key])):
            raise ValueError(
                f"path {path!r}: pictures 1 and {number} are of different structure and can only"
                f" cross-fade: leave the path out, or say {FADE}"
            )


def _usual_ease(keys: Sequence[Prepared], path: str, loop: bool) -> str:
    seeds = {key.recipe.seed for key in keys}
    if len(keys) > 1 and (path == FADE or len(seeds) > 1):
        return "smooth"
    return "linear" if loop or len(keys) == 1 else "ends"


# --- How long, and how fast ---


def _fps(given: float | None) -> float:
    fps = FPS if given is None else given
    if not 1 <= fps <= 240:
        raise ValueError(f"fps {fps:g}: expected 1 to 240 frames a second")
    return fps


def _length(motion: Motion, fps: float, usual: float) -> tuple[int, str | None]:
    """The number of frames, and what the sound does."""
    if motion.duration is not None:
        frames = _frames(motion.duration, fps)
        if motion.audio is None:
            return frames, None
        return frames, listen(motion.audio, fps, frames).to_text()
    if motion.audio is None:
        return _frames(usual, fps), None
    drive = listen(motion.audio, fps)
    return len(drive), drive.to_text()


def _frames(seconds: float, fps: float) -> int:
    if not seconds > 0:
        raise ValueError(f"duration {seconds:g}: expected a number of seconds above 0")
    frames = seconds * fps
    if not frames <= MAX_FRAMES:
        raise ValueError(
            f"duration {seconds:g}: {frames:.0f} frames at {fps:g} a second, about"
            f" {human_bytes(round(frames * USUAL_BYTES))} at {DEFAULT_SIZE}; expected at most"
            f" {MAX_FRAMES} frames, which are {MAX_FRAMES / fps / 3600:.1f} hours"
        )
    return max(round(frames), 1)


# --- The camera ---


def _camera(motion: Motion, recipe: Recipe) -> dict[str, Any]:
    zoom = _span("zoom", motion.zoom, 1, "1:200 or 2")
    rotate = _span("rotate", motion.rotate, 1, "360 or -30:30")
    pan = _span("pan", motion.pan, 2, "X,Y or X,Y:X,Y")
    own = recipe.center
    places = [own, own] if pan is None else [own, *pan] if len(pan) == 1 else pan
    turns = (recipe.rotate, recipe.rotate)
    if rotate is not None:
        by = [angle for (angle,) in rotate]
        turns = (recipe.rotate, recipe.rotate + by[0]) if len(by) == 1 else (by[0], by[1])
    zooms = [recipe.zoom] if zoom is None else [factor for (factor,) in zoom]
    return {
        "zoom": (zooms[0], zooms[-1]),
        "rotate": turns,
        "center": (tuple(places[0]), tuple(places[1])),
    }


def _camera_moves(motion: Motion) -> bool:
    return bool(motion.rotate or motion.pan or (motion.zoom and ":" in motion.zoom))


def _span(name: str, text: str | None, count: int, expected: str) -> list[tuple[float, ...]] | None:
    """One place or two, with a colon between them, each of so many numbers."""
    if text is None:
        return None
    try:
        ends = [tuple(float(word) for word in part.split(",")) for part in text.split(":")]
    except ValueError:
        ends = []
    fits = len(ends) in (1, 2) and all(len(end) == count for end in ends)
    if not fits or not all(math.isfinite(number) for end in ends for number in end):
        raise ValueError(f"{name} {text[:40]!r}: expected {expected}")
    return ends


# --- Again ---


def _again(source: Source, motion: Motion, look: dict[str, Any]) -> FilmRecipe:
    """A film's own recipe, with another size or look, or another motion."""
    film = film_of(cast("str | os.PathLike[str]", source))
    keys = [prepare(key, moving=True, **look).recipe for key in film.keys]
    changes: dict[str, Any] = {
        name: getattr(motion, name)
        for name in ("path", "ease", "loop", "turns", "breathe")
        if getattr(motion, name) is not None
    }
    fps = film.fps if motion.fps is None else _fps(motion.fps)
    seconds = film.frames / film.fps if motion.duration is None else motion.duration
    if motion.audio is not None or fps != film.fps or motion.duration is not None:
        if film.drive is not None and motion.audio is None:
            raise ValueError(
                "fps and duration of a film that its sound drives stay: give the sound by --audio"
            )
        changes["frames"], changes["drive"] = _length(replace(motion, fps=fps), fps, seconds)
    if motion.zoom or motion.rotate or motion.pan:
        start = msgspec.structs.replace(
            keys[0], zoom=film.zoom[0], rotate=film.rotate[0], center=film.center[0]
        )
        changes |= _camera(motion, start)
    return msgspec.structs.replace(film, keys=keys, fps=fps, **changes)


def is_film(source: Source) -> bool:
    """Whether a source is a film, by its name, or by its recipe where pictures have such names."""
    if isinstance(source, int | Recipe) or not os.path.exists(source):
        return False
    if os.fspath(source).lower().endswith((".webp", ".png")):
        with suppress(ValueError):  # what is wrong with a picture, its reader says
            return is_film_recipe(read_recipe(source))
        return False
    return is_film_name(source)


def film_of(source: str | os.PathLike[str]) -> FilmRecipe:
    """The recipe that a film carries; ValueError where it has none."""
    text = read_recipe(source)
    if not is_film_recipe(text):
        raise ValueError(f"{os.fspath(source)}: this is not a film of cppnart")
    return parse_film_recipe(text)
