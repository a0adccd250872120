"""From a film's recipe to what each of its frames shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from cppnart.cppn.seeds import Stream
from cppnart.fields.coordinates import View
from cppnart.render import blocks
from cppnart.render.picture import Picture
from cppnart.render.prepare import Prepared, prepare
from cppnart.render.renderer import Settings, Shot, Still

from .camera import Camera
from .film_recipe import FilmRecipe
from .morph import Morph, alike_keys, kin_keys, kin_morph
from .moving import LIFT, MIX, Constants, Moving, fade, with_lift
from .paths import EASES, KINDS, Place, along, circle, segment
from .sound import Drive, lift, pace, pulse

FADE = "fade"
PATHS = {**KINDS, FADE: "cross-fading, in linear light"}
MAX_FRAMES = 1_000_000

ShotAt = Callable[[float, Place, Constants], Shot]
"""The shot at a position, its place among the keys, and with constants for inputs t and lift."""


class Timeline:
    """What every frame of a film shows.

    Raises ValueError for a recipe whose parameters are out of range or do not go together.
    """

    def __init__(self, film: FilmRecipe) -> None:
        _check(film)
        self.film = film
        self.keys = [prepare(key, moving=True) for key in film.keys]
        self._camera = Camera(
            View(film.center[0], film.zoom[0], film.rotate[0]),
            View(film.center[1], film.zoom[1], film.rotate[1]),
            film.loop,
        )
        self._drive = _driven(film)
        self._shot_at = _shots(film, self.keys)

    def settings(self, device: str = "cpu", threads: int | None = None) -> Settings:
        """How to render the frames; their views come with the shots."""
        return self.keys[0].settings(device, threads)

    def shot(self, frame: int) -> tuple[Shot, View]:
        """What a frame shows, and from where. In a loop, frames wrap round."""
        film = self.film
        if film.loop:
            frame %= film.frames
        u = frame / max(film.frames if film.loop else film.frames - 1, 1)
        shift, closer = 0.0, 1.0
        if self._drive is not None:
            u, shift, closer = (float(curve[frame]) for curve in self._drive)
        view = self._camera.view(u)
        constants: Constants = {"t": self._time(u), LIFT: shift}
        place = segment(u, len(self.keys), film.loop, film.ease)
        return self._shot_at(u, place, constants), replace(view, zoom=view.zoom * closer)

    def _time(self, u: float) -> float:
        return self.film.keys[0].time + self.film.turns * u


def _check(film: FilmRecipe) -> None:
    if not 1 <= film.frames <= MAX_FRAMES:
        raise ValueError(f"{film.frames} frames: expected 1 to {MAX_FRAMES}")
    for what, name, known in (("path", film.path, PATHS), ("ease", film.ease, EASES)):
        if name not in known:
            raise ValueError(f"{what} {name[:40]!r}: expected {', '.join(known)}")
    if not 0 <= film.breathe <= 10:
        raise ValueError(f"breathe {film.breathe:g}: expected a radius from 0 to 10")
    if not abs(film.turns) <= 1000:
        raise ValueError(f"turns {film.turns:g}: expected a number from -1000 to 1000")
    if film.loop and film.turns != round(film.turns):
        raise ValueError(f"turns {film.turns:g}: expected a whole number, for the loop to close")


def _driven(film: FilmRecipe) -> tuple[NDArray[np.floating[Any]], ...] | None:
    """The position, the shift of the palette and the zoom of every frame, by its sound."""
    if film.drive is None:
        return None
    drive = Drive.from_text(film.drive)
    if len(drive.bass) != film.frames:
        raise ValueError(f"the sound drives {len(drive.bass)} frames of the film's {film.frames}")
    return pace(drive), lift(drive), pulse(drive)


def _shots(film: FilmRecipe, keys: Sequence[Prepared]) -> ShotAt:
    if film.breathe and len(keys) > 1:
        raise ValueError("breathe: this is for one picture, not for a walk between several")
    if len(keys) == 1 or (film.path != FADE and _of_one_network(film)):
        return _through_latents(film, keys)
    if film.path != FADE and len(keys) > 2 and alike_keys(keys) and not kin_keys(keys):
        return _through_weights(keys, film.path, film.loop)
    return _by_pairs(film, keys)


# --- The ways that films go ---


@dataclass(frozen=True)
class _At:
    """A moving picture at some constants."""

    moving: Moving
    constants: Constants

    def picture(self) -> Picture:
        return self.moving.at(self.constants)

    def laid_out(self) -> blocks.Prepared:
        return self.moving.laid_out(self.constants)


def _of_one_network(film: FilmRecipe) -> bool:
    """Whether keys differ in their latent alone."""
    first, *rest = (msgspec.structs.replace(key, latent=None) for key in film.keys)
    drawn = first.seed is not None or first.genome is not None
    return drawn and all(key == first for key in rest)


def _through_latents(film: FilmRecipe, keys: Sequence[Prepared]) -> ShotAt:
    moving = Moving(with_lift(keys[0].picture))
    constants = keys[0].constants
    latents = [np.asarray(key.constants["z"]) for key in keys if "z" in key.constants]
    axes = None
    if film.breathe:
        axes = _axes(keys[0])

    def shot(u: float, place: Place, changing: Constants) -> Shot:
        own = dict(changing)
        if axes is not None:
            own["z"] = circle(np.asarray(constants["z"]), film.breathe, axes, u)
        elif latents:
            own["z"] = along(latents, *place, film.path, film.loop)
        return _At(moving, {**constants, **own})

    return shot


def _latent(keys: Sequence[Prepared], place: Place, path: str, loop: bool) -> NDArray[np.float64]:
    return along([np.asarray(key.constants["z"]) for key in keys], *place, path, loop)


def _axes(key: Prepared) -> NDArray[np.float64]:
    """Two directions at right angles in which a latent breathes: the same for a seed always."""
    if key.drawn is None:
        raise ValueError("breathe: a field that is read from a file has no latent to move")
    size = len(key.drawn.latent)
    if size < 2:
        raise ValueError("breathe: a latent of one number has no circle")
    rows, _ = np.linalg.qr(Stream(key.drawn.seed, "breathe").normal((size, 2)))
    return rows.T


def _through_weights(keys: Sequence[Prepared], path: str, loop: bool) -> ShotAt:
    morph = Morph(keys, path, loop)
    return lambda u, place, changing: Still(morph.at(place, changing))


def _by_pairs(film: FilmRecipe, keys: Sequence[Prepared]) -> ShotAt:
    """Each key to the next by itself: through their genes or weights where they are kin or alike,
    and else by cross-fading."""
    path = "line" if film.path == "line" else "sphere"

    @lru_cache(maxsize=2)  # a film goes through its pairs one after the other
    def between(number: int) -> ShotAt:
        pair = [keys[number], keys[(number + 1) % len(keys)]]
        if film.path != FADE and kin_keys(pair):
            return _through_genes(pair, path)
        if film.path != FADE and alike_keys(pair):
            return _through_weights(pair, path, False)
        return _fading(*pair)

    def shot(u: float, place: Place, changing: Constants) -> Shot:
        number, share = place
        return between(number)(u, (0, share), changing)

    return shot


def _through_genes(pair: Sequence[Prepared], path: str) -> ShotAt:
    """From genome to genome; at either end stands the picture of the parent itself."""
    morph = kin_morph(pair, path)
    ends = [Moving(with_lift(key.picture)) for key in pair]

    def shot(u: float, place: Place, changing: Constants) -> Shot:
        share = place[1]
        if share in (0.0, 1.0):
            return _At(ends[int(share)], {**pair[int(share)].constants, **changing})
        return Still(morph.at((0, share), changing))

    return shot


def _fading(first: Prepared, second: Prepared) -> ShotAt:
    pictures = [with_lift(key.picture) for key in (first, second)]
    alone = [Moving(picture) for picture in pictures]
    mixed = Moving(fade(*pictures))

    def shot(u: float, place: Place, changing: Constants) -> Shot:
        share = place[1]
        if share in (0.0, 1.0):
            key = (first, second)[int(share)]
            return _At(alone[int(share)], {**key.constants, **changing})
        constants: Constants = {MIX: share}
        for key, mark in ((first, "_a"), (second, "_b")):
            own = {**key.constants, **changing}
            constants.update({name + mark: value for name, value in own.items()})
        return _At(mixed, constants)

    return shot
