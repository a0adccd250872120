"""Palettes: a number in [0, 1] to a colour.

A palette is a few colours at positions, joined smoothly in OKLab. It comes from a name (all of
them ours), from a seed, from a list of hex colours, or from a picture.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cppnart.cppn.seeds import Stream
from cppnart.render.colour import (
    format_hex,
    is_hex,
    max_chroma,
    oklab_to_oklch,
    oklab_to_srgb,
    oklch_to_oklab,
    parse_hex,
    srgb_to_oklab,
    to_gamut,
)

Floats = NDArray[np.float64]
Stop = tuple[float, str]

MAX_STOPS = 64
# More chroma than this looks garish over large areas.
MAX_CHROMA = 0.19


@dataclass(frozen=True)
class Palette:
    """Colours at positions: `stops` is `((position, '#rrggbb'), ...)`.

    Positions rise strictly from 0 to 1; there are 2 to 64 stops. Raises ValueError otherwise.
    """

    name: str
    description: str
    stops: tuple[Stop, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.stops) <= MAX_STOPS:
            raise ValueError(f"palette has {len(self.stops)} colours: expected 2 to {MAX_STOPS}")
        positions = [position for position, _ in self.stops]
        rising = all(a < b for a, b in pairwise(positions))
        if positions[0] != 0 or positions[-1] != 1 or not rising:
            raise ValueError(f"palette positions {positions}: expected them to rise from 0 to 1")
        for _, colour in self.stops:
            if not is_hex(colour):
                parse_hex(colour)  # raises, with the reason

    def table(self, n: int = 1024) -> NDArray[np.float32]:
        """The colours at n positions from 0 to 1, ends included: OKLab `(n, 3)`, inside sRGB."""
        if n < 2:
            raise ValueError(f"n is {n}: expected a table of 2 colours or more")
        positions = np.array([position for position, _ in self.stops])
        curve = _monotone_cubic(positions, self.stop_colours(), np.linspace(0, 1, n))
        return to_gamut(curve).astype(np.float32)

    def srgb(self, n: int = 1024) -> NDArray[np.float32]:
        """The same as encoded sRGB: `(n, 3)` in [0, 1]."""
        return oklab_to_srgb(self.table(n)).astype(np.float32)

    def stop_colours(self) -> Floats:
        """The colours of the stops: OKLab `(stops, 3)`."""
        codes = np.array([parse_hex(colour) for _, colour in self.stops])
        return srgb_to_oklab(codes).astype(np.float64)

    @property
    def paper(self) -> str:
        """A near-white ground with a tint of the lightest colour, as hex."""
        lightness, chroma, hue = self._by_lightness()[-1]
        return _hex_of_oklch(min(max(lightness, 0.94), 0.965), min(chroma, 0.025), hue)

    @property
    def ink(self) -> str:
        """A near-black with a tint of the darkest colour, as hex."""
        lightness, chroma, hue = self._by_lightness()[0]
        return _hex_of_oklch(min(max(lightness, 0.16), 0.26), min(chroma, 0.06), hue)

    @property
    def accent(self) -> str:
        """The stop that stands out most on paper and beside ink, as hex."""
        lightness, chroma, _ = oklab_to_oklch(self.stop_colours()).T
        contrast = np.clip(6 * np.minimum(lightness - 0.15, 0.95 - lightness), 0, 1)
        return self.stops[int(np.argmax(chroma * contrast))][1]

    def to_dict(self) -> dict[str, Any]:
        """The palette as JSON-ready data, for a recipe."""
        stops = [[position, colour] for position, colour in self.stops]
        return {"name": self.name, "description": self.description, "stops": stops}

    @classmethod
    def from_dict(cls, data: object) -> Palette:
        """A palette from `to_dict`'s data, checked. Raises ValueError when anything is amiss."""
        if not isinstance(data, Mapping):
            raise ValueError(f"palette is a {type(data).__name__}: expected an object with stops")
        texts = [data.get(key, "") for key in ("name", "description")]
        if not all(isinstance(text, str) and len(text) <= 200 for text in texts):
            raise ValueError("palette name or description: expected texts of up to 200 characters")
        if not all(text.isprintable() for text in texts):
            raise ValueError("palette name or description: expected printable characters")
        return cls(texts[0], texts[1], _checked_stops(data.get("stops")))

    def _by_lightness(self) -> list[tuple[float, float, float]]:
        """The stops as OKLCh, darkest first."""
        stops = oklab_to_oklch(self.stop_colours())
        return sorted((float(lightness), float(c), float(h)) for lightness, c, h in stops)


def _checked_stops(data: object) -> tuple[Stop, ...]:
    """Stops out of untrusted JSON."""
    if not isinstance(data, list | tuple) or len(data) > MAX_STOPS:
        raise ValueError(f"palette stops: expected a list of 2 to {MAX_STOPS} pairs")
    stops: list[Stop] = []
    for pair in data:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ValueError(f"palette stop {str(pair)[:40]!r}: expected [position, '#rrggbb']")
        position, colour = pair
        number = isinstance(position, int | float) and not isinstance(position, bool)
        if not number or not 0 <= position <= 1 or not is_hex(colour):
            raise ValueError(f"palette stop {str(pair)[:40]!r}: expected [position, '#rrggbb']")
        stops.append((float(position), format_hex(parse_hex(colour))))
    return tuple(stops)


def _monotone_cubic(x: Floats, y: Floats, at: Floats) -> Floats:
    """Values `(n, c)` at `at (n,)` of the smooth curve through the points `x (k,)`, `y (k, c)`.

    Piecewise cubic with a continuous slope, and no overshoot: between two stops every channel
    stays between them. Slopes are weighted harmonic means (Fritsch and Butland, "A method for
    constructing local monotone piecewise cubic interpolants", 1984).
    """
    width = np.diff(x)
    chord = np.diff(y, axis=0) / width[:, None]
    slope = np.concatenate([chord[:1], np.zeros((len(x) - 2, y.shape[1])), chord[-1:]])
    before, after = (2 * width[1:] + width[:-1])[:, None], (width[1:] + 2 * width[:-1])[:, None]
    same_sign = chord[1:] * chord[:-1] > 0
    left, right = np.where(same_sign, chord[:-1], 1), np.where(same_sign, chord[1:], 1)
    slope[1:-1] = np.where(same_sign, (before + after) / (before / left + after / right), 0)
    piece = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    step = width[piece][:, None]
    u = ((at - x[piece]) / width[piece])[:, None]
    v = 1 - u
    ends = y[piece] * (1 + 2 * u) * v**2 + y[piece + 1] * (1 + 2 * v) * u**2
    return np.asarray(ends + step * u * v * (slope[piece] * v - slope[piece + 1] * u))


def _hex_of_oklch(lightness: float, chroma: float, hue: float) -> str:
    """An OKLCh colour as hex, brought inside sRGB."""
    lab = to_gamut(oklch_to_oklab(np.array([lightness, chroma, hue], dtype=np.float64)))
    return format_hex(oklab_to_srgb(lab))


# --- By name ---------------------------------------------------------------------------------

# Of each palette its name, a line on what it shows, and its colours at their positions.
_NAMED = """
night-gold: Midnight blue through plum and bronze to gold.
    0 #05071b  .28 #1f214a  .48 #59405f  .66 #a97248  .84 #e5b147  1 #f9efc9
verdigris: Copper under a blue-green patina.
    0 #180904  .3 #6c2d0a  .46 #925e33  .62 #75967b  .8 #6cc0b2  1 #d7f2ec
sumi: Black ink in every dilution, on rice paper.
    0 #0d1013  .32 #43484e  .64 #a2a29b  1 #f8f3e6
ukiyo-e: Indigo and paper, with a vermilion sun.
    0 #031337  .25 #153c70  .47 #658bab  .66 #ede4cf  .8 #eedbbd  1 #e14c2f
oxblood: Oxblood leather and cream.
    0 #190405  .28 #520d13  .52 #992c29  .76 #d19576  1 #f8edd8
peacock: Ink blue, teal and a green-gold eye.
    0 #03071b  .26 #0c3164  .5 #00707d  .72 #43b28e  1 #e9e886
dusk: Violet hour: indigo, rose, apricot.
    0 #0b0824  .26 #3d286a  .48 #9a4879  .7 #e18669  .87 #f7cc96  1 #f9eed1
moss: Forest floor from shadow to new growth.
    0 #071a13  .26 #26492e  .52 #608049  .77 #b1c171  1 #f4f3cd
terracotta: Fired clay in southern light.
    0 #381515  .26 #7d382a  .52 #c16740  .77 #e4ad84  1 #faefdc
porcelain: Cobalt painted on white porcelain.
    0 #050c42  .26 #163990  .5 #5481c1  .74 #b7cde4  1 #f1f8fa
gold-leaf: Bole, gold and ivory.
    0 #160906  .24 #573312  .48 #a7751f  .74 #e6bb46  1 #fcf5cf
iris: Purple falls and a yellow tongue.
    0 #0c0627  .26 #40237b  .5 #7e57b1  .7 #c09bcc  .84 #e8cbb4  1 #fce584
obsidian: Volcanic glass: black with a cold sheen.
    0 #04060a  .3 #1a1e2e  .54 #344962  .76 #5f8c91  .9 #a9c9c2  1 #e5eee8
saffron: Madder to saffron to pale silk.
    0 #41101a  .24 #91301f  .5 #d66919  .76 #fcb537  1 #fdf4ce
lagoon: Deep water to warm sand.
    0 #011022  .26 #00475e  .5 #0c8790  .73 #6ecac0  .9 #ceefd3  1 #f8f2dc
rose-smoke: Smoke with a blush in it.
    0 #18151a  .28 #4c3d48  .54 #926672  .78 #d7a1a2  1 #faebe3
glacier: Crevasse blue to snow.
    0 #051223  .28 #1f4c6a  .54 #5390a4  .78 #aacfd4  1 #f3faf7
aurora: A cold green curtain over a violet night.
    0 #050414  .28 #211b4b  .46 #254a6e  .66 #199d78  .84 #7cdd93  1 #edf7d2
desert: Violet shadow, rose rock, bleached sand.
    0 #2b1f3f  .25 #76475e  .5 #bc7458  .76 #e2b88d  1 #f9f0da
coral-reef: Blue-green depths and coral.
    0 #001721  .26 #004e59  .46 #438885  .58 #969b87  .72 #e88572  .88 #fac8aa  1 #faf1df
risograph: Blue and fluorescent pink inks on off-white.
    0 #151864  .26 #3a3ca2  .46 #9543a7  .66 #f46286  .84 #fec0b0  1 #f6f2e5
neon-noir: A dark street and one sign.
    0 #030309  .34 #161136  .54 #522681  .72 #cc489f  .86 #f89caa  1 #c5f6f5
gouache: Chalky pastels, thickly laid.
    0 #536992  .2 #629dab  .4 #97c8ac  .58 #e8dca3  .78 #e9aa8d  1 #fbe1dc
bauhaus: Primaries, tamed, on paper.
    0 #111524  .2 #274c93  .42 #f0e7d2  .6 #edc15a  .8 #c64737  1 #32191a
botanical: A pressed leaf and one petal.
    0 #021911  .26 #224d33  .5 #6f8966  .7 #c7cbaa  .84 #f3ebd5  1 #ed9aa0
ember: Charcoal, wine and fire.
    0 #090b0f  .28 #3e1821  .52 #a02a23  .74 #e6802d  1 #fcebb6
heather: Moorland green-grey under purple bloom.
    0 #0f1e18  .28 #3c4c3f  .45 #72665e  .64 #a47da5  .82 #d1adcd  1 #f8ece0
harbour: Navy, fog and one rusted hull.
    0 #031225  .26 #2c485e  .5 #748a95  .66 #b9c0b7  .82 #b85c37  1 #f6e9d5
malachite: Polished green bands.
    0 #00140e  .2 #005c40  .38 #77c09d  .55 #004c36  .72 #2a8f62  .84 #003728  1 #d4f1d8
agate: Brown, cream and blue-grey bands.
    0 #2f1811  .2 #965630  .4 #ebe0cb  .6 #7f96a6  .8 #23344a  1 #c6dce1
plum-blossom: Bare branch, pink bloom.
    0 #220c23  .27 #6c2e54  .53 #b85f81  .77 #f3afb8  1 #fff2ea
kelp: Cold water, olive fronds, amber light.
    0 #001015  .28 #04443f  .52 #61743f  .76 #cca951  1 #f9eecd
storm: Slate cloud and the light behind it.
    0 #0d111b  .3 #344052  .55 #627486  .76 #9fb1bb  .9 #e5e0b3  1 #faf8ca
fig: Purple skin, pink flesh, green-gold light.
    0 #11071f  .26 #4a254b  .5 #a04e60  .72 #d5977b  1 #f0ebad
nacre: The inside of a shell.
    0 #525270  .2 #6890a0  .4 #a2c8b9  .56 #ebe5cf  .72 #deb0b6  .86 #af93b6  1 #e4ecf9
lapis: Ultramarine with a gold vein.
    0 #04052a  .3 #0f267d  .54 #2d55ab  .7 #6680b0  .82 #d8ad52  1 #f6efd5
cinnabar: Black lacquer and cinnabar red.
    0 #090504  .32 #38100e  .56 #8d1b17  .76 #d8482c  .9 #f1a774  1 #f8edd8
celadon: Grey-green glaze over pale clay.
    0 #0f2c2a  .26 #336257  .52 #6d9f89  .77 #bad6c1  1 #f5f8ed
flamingo-lake: Teal water, pale light, pink birds.
    0 #00272f  .22 #03707c  .46 #e2e7d5  .6 #f5e4d8  .8 #e98b97  1 #883350
newsprint: Warm greys and one red headline.
    0 #14110d  .34 #514c46  .52 #8a867e  .64 #cc3e35  .76 #c8c4b9  1 #f3eee1
midnight-garden: Blue-green leaves and a flower at night.
    0 #020511  .28 #002a2c  .48 #215d3f  .6 #616653  .74 #bb4e7f  .88 #eea7b3  1 #fcecd9
limoncello: Lemon, leaf and white light.
    0 #00402c  .26 #3f7f4a  .5 #99b952  .76 #eee771  1 #fcfce5
first-light: Lavender, peach and cream before sunrise.
    0 #3a3760  .26 #7a6296  .5 #d28a97  .74 #fac59d  1 #fcf5df
old-map: Brown ink, parchment and a shallow sea.
    0 #402719  .2 #906841  .42 #e3d2b0  .58 #efe8d2  .78 #87b5b2  1 #205863
morpho: A blue wing between two dark edges.
    0 #120604  .2 #171f56  .44 #3372cd  .6 #80cee8  .78 #2f55ab  1 #130922
tiger-eye: Bands of brown and gold silk.
    0 #1c0a03  .22 #7d460b  .4 #e5ba5f  .56 #8c541f  .7 #4c1e0b  .87 #c9933d  1 #f8ebbe
poppy-field: Grey-green grass and red petals.
    0 #162f21  .3 #5b7857  .56 #c9cfad  .66 #e5dec5  .82 #e14b39  1 #fae4cc
winter-sun: Snow light, blue shade, a low orange sun.
    0 #394863  .24 #738ca7  .48 #c1d5dd  .62 #f2eee3  .82 #f7ab64  1 #fff5d7
paper-cuts: Cobalt, coral and viridian cut from paper.
    0 #213e97  .22 #ede8d6  .42 #ec715f  .58 #f4ead5  .8 #1b735b  1 #002527
hibiscus: Leaf shade, hot petals, pale stamen.
    0 #001b15  .24 #0c4c33  .4 #6d523b  .56 #c53760  .76 #f7806e  1 #ffedc2
"""


def _parse_named(text: str) -> dict[str, Palette]:
    lines = text.strip().splitlines()
    found = {}
    for title, colours in zip(lines[::2], lines[1::2], strict=True):
        name, description = title.split(": ", 1)
        words = colours.split()
        stops = zip(map(float, words[::2]), words[1::2], strict=True)
        found[name] = Palette(name, description, tuple(stops))
    return found


PALETTES: Mapping[str, Palette] = MappingProxyType(_parse_named(_NAMED))


def names() -> list[str]:
    """The names of the named palettes."""
    return list(PALETTES)


# --- From a seed -----------------------------------------------------------------------------

# How lightness runs along a palette: a weight, and of each stop its position, its lightness and its
# place between the two hues of the harmony, from 0 to 1, or a dash for neutral paper.
_PLANS = {
    "rising": (4.0, "0 .18 0, .26 .38 .15, .5 .58 .45, .76 .79 .8, 1 .95 1"),
    "light": (1.5, "0 .36 0, .26 .56 .2, .5 .74 .5, .76 .88 .8, 1 .97 1"),
    "accent": (2.0, "0 .2 0, .28 .42 0, .52 .68 0, .66 .9 -, .82 .62 1, 1 .94 -"),
    "sides": (1.5, "0 .26 0, .22 .5 0, .46 .9 -, .6 .93 -, .8 .68 1, 1 .4 1"),
    "island": (1.0, "0 .15 0, .22 .33 .1, .45 .6 .5, .62 .85 .7, .8 .5 1, 1 .2 1"),
    "bands": (1.0, "0 .2 0, .2 .5 0, .4 .87 .3, .58 .45 .6, .72 .3 1, .86 .66 1, 1 .94 -"),
}
# How far the other hue lies from the base hue, in degrees, and how often.
_HARMONIES: dict[str, tuple[float, float, float]] = {
    "single": (1.5, 5, 25),
    "analogous": (3.0, 35, 95),
    "triadic": (1.5, 110, 140),
    "complementary": (2.0, 155, 205),
}
# Hues that a palette is built on: all but the yellow-greens and the loudest magentas.
_BASE_HUES = (5, 20, 35, 48, 62, 78, 155, 172, 190, 208, 225, 242, 256, 270, 288, 310, 345)
_DARK_HUE, _LIGHT_HUE = 275.0, 85.0
_BILE_HUE = 112.0


def random_palette(stream: Stream) -> Palette:
    """A palette drawn by rules of harmony.

    Two hues, close, a third of the circle apart, or opposite; lightness that rises, rises to an
    accent, or runs in bands; chroma that peaks in the middle. Dark colours lean to blue and light
    ones to yellow, as shade and light do outdoors.
    """
    plan = stream.choice(list(_PLANS), [weight for weight, _ in _PLANS.values()])
    contrast = plan in ("accent", "sides")
    harmonies = [name for name in _HARMONIES if not (contrast and name == "single")]
    harmony = stream.choice(harmonies, [_HARMONIES[name][0] for name in harmonies])
    base = stream.choice(_BASE_HUES) + stream.number(-12, 12)
    _, nearest, farthest = _HARMONIES[harmony]
    turn = stream.number(nearest, farthest) * stream.choice((-1, 1))
    vivid = stream.number(0.07, 0.15)
    lean = stream.number(0.08, 0.4)
    stops: list[Stop] = []
    for stop in _PLANS[plan][1].split(","):
        at, light, side = stop.split()
        position = float(at) + (stream.number(-0.03, 0.03) if 0 < float(at) < 1 else 0)
        lightness = float(light) + (stream.number(-0.03, 0.03) if float(light) < 0.9 else 0)
        if side == "-":
            colour = _hex_of_oklch(lightness, 0.03, _LIGHT_HUE)
        else:
            hue = _lean(base + turn * float(side), lightness, lean)
            colour = _hex_of_oklch(lightness, _chroma(lightness, hue, vivid), hue)
        stops.append((round(position, 3), colour))
    return Palette("random", f"{harmony}, {plan}, hue {base % 360:.0f}", tuple(stops))


def _lean(hue: float, lightness: float, amount: float) -> float:
    """The hue, turned part of the way to the hue of shade or of light, and out of dark bile."""
    target = _DARK_HUE if lightness < 0.55 else _LIGHT_HUE
    distance = (target - hue + 180) % 360 - 180
    # Over the last quarter turn to the opposite hue the pull fades, so that it cannot flip sides.
    pull = distance * min(1.0, (180 - abs(distance)) / 90)
    hue += amount * pull * min(1.0, abs(lightness - 0.55) / 0.35)
    away = (hue - _BILE_HUE + 180) % 360 - 180
    if lightness < 0.75 and abs(away) < 36:
        # Dark yellow becomes brown or gold, dark lime becomes leaf.
        hue = _BILE_HUE + math.copysign(24 + abs(away) / 3, away)
    return hue


def _chroma(lightness: float, hue: float, vivid: float) -> float:
    """The chroma for a colour of a vivid palette: highest at middle lightness, inside sRGB."""
    bell = 1 - abs((lightness - 0.58) / 0.5) ** 2.2
    # Vivid yellow-greens turn to bile, magentas and greens shout, bright cyans and mauves glare.
    calm = 1 - 0.35 * max(_near(hue, _BILE_HUE, 40), _near(hue, 142, 25))
    calm *= 1 - 0.25 * _near(hue, 325, 35)
    calm *= 1 - 0.3 * max(_near(hue, 205, 60), _near(hue, 283, 35)) * (lightness > 0.6)
    wanted = vivid * max(bell, 0.22) * calm
    return float(min(wanted, 0.95 * max_chroma(lightness, hue), MAX_CHROMA))


def _near(hue: float, centre: float, width: float) -> float:
    """1 at the centre hue, falling to 0 at `width` degrees from it."""
    distance = abs((hue - centre + 180) % 360 - 180)
    return max(0.0, 1.0 - distance / width)


def cosine_palette(stream: Stream) -> Palette:
    """A palette whose every OKLab channel is `a + b cos(2 pi (c t + d))`.

    The form is Inigo Quilez's (https://iquilezles.org/articles/palettes/), which he gives for RGB.
    Lightness runs half a wave (dark to light) or up to three halves; the colours circle through a
    smaller range, so that hues drift rather than race.
    """
    t = np.linspace(0, 1, 17)
    halves = stream.choice((1, 2, 3), (3.0, 1.5, 1.0))
    middle, swing = stream.number(0.54, 0.6), stream.number(0.34, 0.38)
    lightness = _wave(t, middle, -swing, halves / 2, stream.number(-0.04, 0.04))
    turns = stream.choice((0.35, 0.5, 0.75))
    phase, lag = stream.number(), stream.number(0.15, 0.35) * stream.choice((-1, 1))
    centre = stream.uniform(-0.8, 0.8, 2)
    a = _wave(t, centre[0], 1, turns, phase)
    b = _wave(t, centre[1], stream.number(0.6, 1.1), turns, phase + lag)
    # Shade leans to blue and light to yellow.
    b += stream.number(0.4, 1.2) * (lightness - middle) / swing
    chroma, vivid = np.hypot(a, b), stream.number(0.09, 0.16)
    # Nearly colourless at the dark and light ends.
    bell = np.clip(1 - np.abs((lightness - 0.58) / 0.5) ** 2.4, 0.2, 1)
    keep = vivid * bell / chroma.max()
    lab = to_gamut(np.stack([lightness, a * keep, b * keep], axis=-1))
    colours = [format_hex(colour) for colour in oklab_to_srgb(lab)]
    stops = tuple((float(at), colour) for at, colour in zip(t, colours, strict=True))
    return Palette("cosine", f"cosine, {halves} half waves of light, {turns:g} of hue", stops)


def _wave(t: Floats, a: float, b: float, c: float, d: float) -> Floats:
    return np.asarray(a + b * np.cos(2 * math.pi * (c * t + d)))


def default_palette(stream: Stream) -> Palette:
    """The palette that a seed gets when nobody names one: two times in three a named one."""
    if not stream.chance(2 / 3):
        return random_palette(stream)
    # Every name draws a lot, so that a palette added later takes its share of the seeds and leaves
    # the others with theirs.
    return PALETTES[max(names(), key=lambda name: stream.child(name).number())]


# --- From colours and pictures ---------------------------------------------------------------


def palette_from_colours(colours: Sequence[str]) -> Palette:
    """A palette of 2 to 64 hex colours, evenly spaced, in the order given."""
    if not 2 <= len(colours) <= MAX_STOPS:
        raise ValueError(f"palette has {len(colours)} colours: expected 2 to {MAX_STOPS}")
    codes = [format_hex(parse_hex(colour)) for colour in colours]
    stops = tuple((i / (len(codes) - 1), code) for i, code in enumerate(codes))
    return Palette("colours", f"{len(codes)} given colours", stops)


def palette_from_picture(path: str | Path, n: int = 6) -> Palette:
    """The n (2 to 16) main colours of a picture, or as many as it has, from dark to light.

    Colours are clustered in OKLab, the same way every time; the more of the picture a colour
    covers, the more of the palette it gets. Raises OSError or ValueError for what is no picture.
    """
    if not 2 <= n <= 16:
        raise ValueError(f"n is {n}: expected 2 to 16 colours")
    colours, shares = _main_colours(_read_small(path), n)
    order = _pleasing_order(colours)
    codes = [format_hex(colour) for colour in oklab_to_srgb(to_gamut(colours[order]))]
    centres = np.cumsum(shares[order]) - shares[order] / 2
    positions = (centres - centres[0]) / (centres[-1] - centres[0])
    stops = tuple((round(float(at), 4), code) for at, code in zip(positions, codes, strict=True))
    return Palette("picture", f"{len(codes)} colours of a picture", stops)


def _read_small(path: str | Path) -> Floats:
    """The opaque pixels of a picture of at most 160x160 made from the file: sRGB `(n, 3)`."""
    from PIL import Image

    from cppnart.fields.pictures import open_image

    small = open_image(path).convert("RGBA")
    # Pixels as they are: averages along edges would be colours that the picture does not have.
    small.thumbnail((160, 160), Image.Resampling.NEAREST)
    pixels = np.asarray(small, dtype=np.float64).reshape(-1, 4) / 255
    opaque = pixels[pixels[:, 3] >= 0.5, :3]
    if not len(opaque):
        raise ValueError(f"picture {str(path)!r} is transparent: expected one with colours")
    return opaque


def _main_colours(pixels: Floats, n: int) -> tuple[Floats, Floats]:
    """At most n colours of sRGB pixels `(p, 3)`: OKLab `(k, 3)`, and their shares `(k,)`.

    k-means over the distinct colours at 5 bits a channel. Weights are dampened, so that a small
    accent holds its own against a wide background.
    """
    bins, index, counts = np.unique(
        (pixels * 31.999).astype(np.int64), axis=0, return_inverse=True, return_counts=True
    )
    lab = np.zeros((len(bins), 3))
    np.add.at(lab, index.ravel(), srgb_to_oklab(pixels))
    lab /= counts[:, None]
    weights = np.sqrt(counts) * (0.5 + 4 * np.hypot(lab[:, 1], lab[:, 2]))
    centres = _spread_out(lab, weights, n)
    for _ in range(30):
        nearest = _distances(lab, centres).argmin(axis=1)
        moved = np.stack(
            [
                np.average(lab[nearest == k], axis=0, weights=weights[nearest == k])
                if (nearest == k).any()
                else centre
                for k, centre in enumerate(centres)
            ]
        )
        if np.allclose(moved, centres, atol=1e-5):
            break
        centres = moved
    if len(centres) == 1:
        # One colour only: a little light and shade make a palette of it.
        centres = np.clip(centres + np.array([[-0.12, 0, 0], [0.12, 0, 0]]), [0, -1, -1], 1)
        return centres, np.full(2, 0.5)
    nearest = _distances(lab, centres).argmin(axis=1)
    shares = np.sqrt(np.bincount(nearest, counts, minlength=len(centres)))
    # Room enough for each, or the palette would have steps.
    return centres, np.maximum(shares / shares.sum(), 0.3 / len(centres))


def _spread_out(points: Floats, weights: Floats, n: int) -> Floats:
    """Up to n of the points as first centres: the heaviest, then always the heaviest far one."""
    chosen = [int(weights.argmax())]
    while len(chosen) < n:
        distance = _distances(points, points[chosen]).min(axis=1)
        # Colours closer than this are one colour to the eye at a glance.
        if distance.max() < 0.02:
            break
        chosen.append(int((weights * distance**2 * (distance >= 0.02)).argmax()))
    return points[chosen]


def _distances(points: Floats, centres: Floats) -> Floats:
    """Distances `(p, k)` from the points `(p, 3)` to the centres `(k, 3)`."""
    return np.asarray(np.linalg.norm(points[:, None] - centres[None], axis=-1))


def _pleasing_order(colours: Floats) -> list[int]:
    """An order of OKLab colours `(k, 3)` from dark to light with short steps.

    The path is as short as can be found by reversing stretches and moving single colours, where a
    step towards the dark counts three times its loss of lightness more. It starts at the darkest.
    """
    lightness = colours[:, 0]
    loss = np.maximum(lightness[:, None] - lightness[None], 0)
    cost = _distances(colours, colours) + 3 * loss
    order = [int(i) for i in np.argsort(lightness, kind="stable")]
    count = len(order)
    while True:
        changes = [
            order[:i] + order[i:j][::-1] + order[j:]
            for i in range(1, count)
            for j in range(i + 2, count + 1)
        ]
        changes += [_moved(order, i, j) for i in range(1, count) for j in range(1, count)]
        best = min(changes, key=lambda path: _length(path, cost), default=order)
        if _length(best, cost) >= _length(order, cost) - 1e-9:
            return order
        order = best


def _moved(order: list[int], start: int, end: int) -> list[int]:
    rest = order[:start] + order[start + 1 :]
    return [*rest[:end], order[start], *rest[end:]]


def _length(order: list[int], cost: Floats) -> float:
    return sum(float(cost[i, j]) for i, j in pairwise(order))


# --- From what a person writes ---------------------------------------------------------------

_PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".gif")


def get_palette(
    spec: str | Path | Sequence[str] | Palette, stream: Stream | None = None
) -> Palette:
    """The palette that a person asks for.

    `spec` is a name, 'random' or 'cosine' (drawn from `stream`), hex colours in a list or in one
    text with commas, or the path of a picture. Raises ValueError for an unknown name or a bad
    colour, OSError for a picture that cannot be read.
    """
    if isinstance(spec, Palette):
        return spec
    if isinstance(spec, Path):
        return palette_from_picture(spec)
    if isinstance(spec, Sequence) and not isinstance(spec, str | bytes):
        return palette_from_colours(spec)
    if not isinstance(spec, str):
        raise TypeError(f"palette is {spec!r}: expected a name, hex colours, or a picture's path")
    name = re.sub(r"[\s_]+", "-", spec.strip().lower())
    if name in PALETTES:
        return PALETTES[name]
    if name in ("random", "cosine"):
        if stream is None:
            raise ValueError(f"palette {name!r} is drawn from a seed: expected a stream as well")
        return random_palette(stream) if name == "random" else cosine_palette(stream)
    parts = [part for part in re.split(r"[,\s]+", spec.strip()) if part]
    if len(parts) > 1 and all(map(is_hex, parts)):
        return palette_from_colours(parts)
    if _is_file(spec):
        return palette_from_picture(spec)
    raise _unknown(spec, name, parts)


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long, or with a null character
        return False


def _unknown(spec: str, name: str, parts: list[str]) -> Exception:
    """The error that says what is wrong with a palette that nothing fits."""
    accepted = "a name, random, cosine, hex colours (#102030,#f0e0d0) or the path of a picture"
    shown = spec[:60]
    if name.endswith(_PICTURE_SUFFIXES) or "/" in spec or "\\" in spec:
        return FileNotFoundError(f"palette picture {shown!r} does not exist")
    if len(parts) == 1 and is_hex(parts[0]):
        return ValueError(f"palette {shown!r} is one colour: expected 2 to {MAX_STOPS}")
    if "#" in spec or "," in spec:
        bad = next((part for part in parts if not is_hex(part)), "")
        return ValueError(f"bad colour {bad[:60]!r} in the palette: expected hex such as #1a2b3c")
    close = difflib.get_close_matches(name, [*PALETTES, "random", "cosine"], 3, 0.5)
    hint = f" (did you mean {', '.join(close)}?)" if close else ""
    return ValueError(f"unknown palette {shown!r}{hint}: expected {accepted}")
