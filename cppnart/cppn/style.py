"""What a style is: a named recipe that draws a program from a seed, and its options."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from cppnart.fields.activations import NETWORK_ACTIVATIONS
from cppnart.fields.program import Program

from .seeds import Stream

LATENT = 8
"""How many numbers a latent has, unless a style says otherwise."""
MIXED = "mixed"
"""An activation of its own for every unit."""

T = TypeVar("T", int, float, str)


@dataclass(frozen=True)
class Options:
    """What a style is drawn with. An option that the style does not have is 0 or empty.

    scale: the frame's short side spans [-scale, scale] in the coordinates of the networks.
    depth: hidden layers, octaves, or rounds; width: units of a layer. symmetry: how many fold.
    activation: of the hidden layers.
    """

    scale: float = 1.0
    depth: int = 0
    width: int = 0
    activation: str = ""
    symmetry: int = 0


@dataclass(frozen=True)
class Style:
    """A recipe for drawing programs.

    draw: makes a program with inputs x, y, z (``latent`` values), and t where ``time``, and with
        raw outputs value, shade, accent, and alpha where ``alpha`` (coverage in [0, 1]).
    scale, depth, width, activation, symmetry: what each option is unless given; several choices
        mean that the seed picks one; None where the style has no such option.
    tones: how the value is brought into [0, 1]: ``soft`` (an s-curve that fits its percentiles),
        ``linear`` (the same with straight flanks), ``drawn`` (it is there already).
    noise, edges: how much of the value's energy may be at the finest scale of the probe, and how
        much of the probe must have a slope, before a draw is rejected as noise or as dull (see
        dullness.py); line drawings need more noise.
    color, finish, palettes: what suits it when nobody chooses, by name.
    """

    name: str
    description: str
    draw: Callable[[Stream, Options], Program]
    latent: int = LATENT
    scale: float | None = None
    depth: int | None = None
    width: int | None = None
    activation: str | tuple[str, ...] | None = None
    symmetry: int | tuple[int, ...] | None = None
    time: bool = False
    alpha: bool = False
    tones: str = "soft"
    noise: float = 0.3
    edges: float = 0.06
    color: str = "palette"
    finish: str = "plain"
    palettes: tuple[str, ...] = ()

    @property
    def option_names(self) -> tuple[str, ...]:
        """The options that it has."""
        names = ("scale", "depth", "width", "activation", "symmetry")
        return tuple(name for name in names if getattr(self, name) is not None)

    def resolve(
        self,
        stream: Stream,
        *,
        scale: float | None = None,
        depth: int | None = None,
        width: int | None = None,
        activation: str | None = None,
        symmetry: int | None = None,
    ) -> Options:
        """The options given, checked, and for the others the style's own, picked by the stream."""
        given = {
            "scale": scale,
            "depth": depth,
            "width": width,
            "activation": activation,
            "symmetry": symmetry,
        }
        for name, value in given.items():
            if value is not None and name not in self.option_names:
                raise ValueError(
                    f"style {self.name!r} has no option {name}: "
                    f"it has {', '.join(self.option_names) or 'none'}"
                )
        if activation is not None:
            self._check_activation(activation)
        return Options(
            scale=_number("scale", scale, self.scale, 0.01, 100.0),
            depth=_whole("depth", depth, self.depth, 1, 64),
            width=_whole("width", width, self.width, 1, 512),
            activation=activation or _picked(stream.child("activation"), self.activation, ""),
            symmetry=_whole(
                "symmetry", symmetry, _picked(stream.child("symmetry"), self.symmetry, 0), 1, 64
            ),
        )

    def _check_activation(self, name: str) -> None:
        accepted = list(NETWORK_ACTIVATIONS)
        own = self.activation if isinstance(self.activation, tuple) else (self.activation,)
        if MIXED in own:
            accepted.append(MIXED)
        if name not in accepted:
            raise unknown("activation", name, accepted)


def unknown(what: str, name: object, known: Iterable[str]) -> ValueError:
    """The error that says that there is no such thing, what may have been meant, and what is."""
    names = list(known)
    near = difflib.get_close_matches(str(name).lower(), names, 1, 0.6)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return ValueError(f"unknown {what} {str(name)[:60]!r}{hint}: expected {', '.join(names)}")


def _picked(stream: Stream, default: T | tuple[T, ...] | None, without: T) -> T:
    if default is None:
        return without
    return stream.choice(default) if isinstance(default, tuple) else default


def _whole(name: str, given: int | None, default: int | None, low: int, high: int) -> int:
    if given is None:
        return default or 0
    if isinstance(given, bool) or not isinstance(given, int) or not low <= given <= high:
        raise ValueError(f"{name} is {given!r}: expected a whole number from {low} to {high}")
    return given


def _number(
    name: str, given: float | None, default: float | None, low: float, high: float
) -> float:
    if given is None:
        return default or 1.0
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not low <= given <= high:
        raise ValueError(f"{name} is {given!r}: expected a number from {low:g} to {high:g}")
    return float(given)
