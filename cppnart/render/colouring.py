"""Colour modes: how a field's outputs become colours, as operations of a program.

``value`` carries the picture, ``shade`` modulates its lightness, ``accent`` turns its hue.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cppnart.cppn.style import unknown
from cppnart.fields.program import Values
from cppnart.render.colour import oklab_to_oklch, parse_hex, srgb_to_oklab
from cppnart.render.finishes.surface import Surface

PALETTE_ENTRIES = 1024
ACCENT_TURN = 0.3
"""Radians that the palette's hues turn from accent 0 to accent 1."""
HUE_SPAN = 2.0
"""Radians of hue that the accent spans in the modes without a palette."""


@dataclass(frozen=True)
class Mode:
    """A colour mode: its name, one line on it, and what turns the surface's values into rgb."""

    name: str
    description: str
    paint: Callable[[Surface], None]


def shaded(s: Surface, lab: Values) -> Values:
    """OKLab colours times a factor that follows the shade: 0.72 in full shade, and in full light
    1.25 for darks but 1.02 for whites, so that nothing is lost at either end."""
    lightness = lab[:1]
    gain = s.sum((-0.3, lightness), bias=0.59)
    factor = s.apply("identity", s.times(s.shade, gain), 1, 0.72)
    return s.times(lab, factor)


def _palette(s: Surface) -> None:
    lab = s.b.grid(s.value, s.palette.table(PALETTE_ENTRIES), (PALETTE_ENTRIES,))
    lab = shaded(s, lab)
    # a small turn of hue: (a, b) + angle (-b, a)
    angle = s.apply("identity", s.accent, ACCENT_TURN, -ACCENT_TURN / 2)
    turn = s.times(lab[1:], angle)
    turned = s.b.affine([lab, turn], [[1, 0, 0, 0, 0], [0, 1, 0, 0, -1], [0, 0, 1, 1, 0]])
    s.rgb = s.from_oklab(turned)


def _mono(s: Surface) -> None:
    lightness = s.apply("clamp", s.value, 0.86, 0.1)
    gain = s.sum((-0.3, lightness), bias=0.59)
    factor = s.apply("identity", s.times(s.shade, gain), 1, 0.72)
    grey = s.times(lightness, factor)
    s.rgb = s.times(grey, grey, grey)[[0, 0, 0]]


def _rgb(s: Surface) -> None:
    s.rgb = s.b.map([s.value, s.shade, s.accent], "linear")


def _base_hue(s: Surface) -> float:
    """The hue of the palette's accent in OKLCh, radians."""
    return math.radians(float(oklab_to_oklch(srgb_to_oklab(parse_hex(s.palette.accent)))[2]))


def _hsv(s: Surface) -> None:
    value = s.apply("clamp", s.value, 0.9, 0.08)
    saturation = s.apply("clamp", s.shade, 0.5, 0.15)
    turns = HUE_SPAN / (2 * math.pi)
    hue = s.apply("identity", s.accent, turns, _base_hue(s) / (2 * math.pi) - turns / 2)
    # as colour.hsv_to_rgb: each channel falls by a trapezoid in the hue
    place = s.b.affine(hue, np.ones((3, 1)), np.array([5, 3, 1]) / 6)
    place = s.sum((6, place), (-6, s.apply("floor", place)))
    fall = s.apply("clamp", s.apply("abs", place, 1, -2), -1, 2)
    most = s.times(value, saturation)
    encoded = s.sum((1, value), (-1, s.times(fall, most)))
    s.rgb = s.b.map(encoded, "linear")


def _chroma_room(s: Surface, lightness: Values) -> Values:
    """How much room sRGB has for colour: 1 at a lightness of 2/3, 0 at black and white."""
    return s.times(lightness, lightness, s.apply("identity", lightness, -6.75, 6.75))


def _oklab(s: Surface) -> None:
    lightness = s.apply("clamp", s.value, 0.84, 0.12)
    room = _chroma_room(s, lightness)
    ab = s.times(s.b.map([s.shade, s.accent], scale=0.28, shift=-0.14), room)
    s.rgb = s.from_oklab(np.concatenate([lightness, ab]))


def _oklch(s: Surface) -> None:
    lightness = s.apply("clamp", s.value, 0.84, 0.12)
    chroma = s.times(s.apply("clamp", s.shade, 0.13, 0.03), _chroma_room(s, lightness))
    start = _base_hue(s) - HUE_SPAN / 2
    angle = s.b.affine(s.accent, [[HUE_SPAN], [HUE_SPAN]], start, ("cos", "sin"))
    s.rgb = s.from_oklab(np.concatenate([lightness, s.times(angle, chroma)]))


MODES: dict[str, Mode] = {
    mode.name: mode
    for mode in (
        Mode(
            "palette", "the value through the palette, shaded, its hues turned a little", _palette
        ),
        Mode("mono", "greys", _mono),
        Mode("oklch", "lightness, chroma and hue of OKLCh, round the palette's accent", _oklch),
        Mode("oklab", "lightness and the two opponent colours of OKLab", _oklab),
        Mode("hsv", "brightness, saturation and hue, round the palette's accent", _hsv),
        Mode("rgb", "the three outputs as red, green and blue", _rgb),
    )
}
ALIASES = {"gray": "mono", "grey": "mono", "greys": "mono"}


def get_mode(name: str) -> Mode:
    """The colour mode of that name; ValueError with suggestions when there is none."""
    key = str(name).strip().lower()
    key = ALIASES.get(key, key)
    if key not in MODES:
        raise unknown("color mode", name, MODES)
    return MODES[key]
