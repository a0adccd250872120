"""Random solid textures: colours that run through a block, whatever is carved of it.

Perlin, "An image synthesizer" (1985), and Peachey, "Solid texturing of complex surfaces" (1985),
with small random networks in the place of noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cppnart.cppn.seeds import Stream, parse_seed
from cppnart.cppn.style import unknown
from cppnart.fields.numpy_backend import evaluate
from cppnart.fields.program import Builder, Program, Values

from .space import Space

PROBES = 4096
ENDS = ((2.0, 98.0), (0.04, 0.96))
"""Percentiles of values in the box, and what they become."""

Raw = tuple[Values, Values, Values]
"""Value, shade and accent before they are brought into [0, 1]."""


@dataclass(frozen=True)
class Texture:
    """A way to draw textures, one line on it, and palettes that suit it."""

    name: str
    description: str
    draw: Callable[[Space], Raw]
    palettes: tuple[str, ...]


def _marble(s: Space) -> Raw:
    """Layers that were folded, with veins along them."""
    point = s.spun(s.point)
    once = s.warped(point, s.stream.number(0.25, 0.4), 1.1)
    twice = s.warped(once, s.stream.number(0.15, 0.3), 1.6)
    along = twice[:1]
    broad = s.bands(along, 7, 1.5, s.stream.number(3.5, 6.0), 1, sharpness=4.5)
    veins = s.bands(s.b.combine((1.0, along), (0.35, twice[1:2])), 6, 5.0, 14.0, 1)
    thin = s.b.map(veins, "bell", s.stream.number(3.0, 5.0))
    value = s.b.combine((1.0, broad), (-0.9, thin), (0.35, s.noise(twice)))
    tones = s.noise(once, 2)
    return value, s.b.combine((1.0, tones[:1]), (-1.1, thin)), tones[1:]


def _wood(s: Space) -> Raw:
    """Rings of years round an axis that leans, with the grain along it."""
    point = s.moved(s.spun(s.point), s.noise(s.point, 3, gain=1.0), 0.12)
    off = s.away(point[:2], s.stream.uniform(-0.5, 0.5, 2))
    radius = s.length(off, 0.02)
    rings = s.stream.number(14, 24)
    wave = s.b.map(s.b.combine((1.0, radius), (0.05, s.noise(point))), "sin", rings)
    sharp = s.b.map(wave, "exp", 1.1)
    fibre = s.b.map(s.noise(s.scaled(point, 16.0, 16.0, 0.8), gain=2.0), scale=0.16)
    value = s.b.combine((-0.5, sharp), (1.0, fibre), (0.5, s.noise(point)))
    tones = s.noise(point, 2)
    return value, s.b.combine((0.8, fibre), (0.6, tones[:1])), tones[1:]


def _agate(s: Space) -> Raw:
    """Bands that grew round several seeds, one after the other."""
    point = s.warped(s.spun(s.point), 0.22, 1.4)
    depth = None
    for _ in range(s.stream.integer(2, 4)):
        near = s.length(s.away(point, s.stream.uniform(-0.9, 0.9, 3)), 0.05)
        depth = near if depth is None else s.smallest(depth, near, 0.08)
    assert depth is not None
    bands = s.bands(depth, 9, 5.0, s.stream.number(16.0, 30.0), 2, sharpness=3.6)
    tones = s.noise(point, 2)
    return bands[:1], s.b.combine((0.7, tones[:1]), (0.4, bands[1:])), tones[1:]


def _glaze(s: Space) -> Raw:
    """Glazes that ran into one another, with speckles of iron."""
    point = s.warped(s.point, 0.30, 1.3)
    large = s.noise(s.warped(point, 0.25, 1.7), 2, gain=1.6)
    run = s.b.affine([s.y, large[:1]], [[1.1, 0.8]])
    fine = s.noise(s.scaled(s.spun(s.point), 9.0, 9.0, 9.0), 2, gain=2.2)
    speckles = s.b.map(s.b.map(fine[:1], "sigmoid", 6.0, -7.5))
    value = s.b.combine((1.0, run), (0.5, large[1:]), (-1.3, speckles), (0.06, fine[1:]))
    tones = s.noise(point, 2)
    return value, s.b.combine((1.0, tones[:1]), (-1.5, speckles)), tones[1:]


def _cells(s: Space) -> Raw:
    """A hide: patches with dark seams, where the signs of two waves meet."""
    point = s.warped(s.spun(s.point), 0.12, 1.6)
    waves = s.noise(s.scaled(point, *s.stream.uniform(2.2, 3.6, 3)), 3, gain=1.7)
    folded = s.b.map(waves, "abs")
    seam = s.smallest(s.smallest(folded[:1], folded[1:2], 0.1), folded[2:], 0.1)
    edge = s.b.map(seam, "bell", s.stream.number(3.0, 6.0))
    signs = s.b.map(waves, "tanh", 6.0)
    value = s.b.combine((0.9, signs[:1]), (0.45, signs[1:2]), (-1.4, edge))
    return value, s.b.combine((1.0, signs[2:]), (-1.0, edge)), s.noise(point)


def _strata(s: Space) -> Raw:
    """Sediments, tilted and faulted, each of its own colour."""
    point = s.warped(s.b.affine(s.point, _lean(s.stream)), 0.10, 1.2)
    fault = s.b.map(s.noise(point), "tanh", 8.0)
    high = s.b.combine((1.0, point[1:2]), (s.stream.number(0.05, 0.16), fault))
    layers = s.bands(high, 10, 3.0, s.stream.number(10.0, 18.0), 2, sharpness=5.0)
    grit = s.b.map(s.noise(s.scaled(point, 14.0, 14.0, 14.0), gain=2.2), scale=0.10)
    tones = s.noise(point, 2)
    value = s.b.combine((1.0, layers[:1]), (0.5, high), (1.0, grit))
    return value, s.b.combine((0.6, layers[1:]), (1.0, grit)), tones[:1]


def _lean(stream: Stream) -> np.ndarray:
    a = stream.number(-0.6, 0.6)
    c, n = float(np.cos(a)), float(np.sin(a))
    return np.array([[c, n, 0], [-n, c, 0], [0, 0, 1]])


TEXTURES: dict[str, Texture] = {
    texture.name: texture
    for texture in (
        Texture("marble", "folded layers and veins", _marble, ("sumi", "night-gold", "glacier")),
        Texture("wood", "rings of years", _wood, ("tiger-eye", "terracotta", "saffron")),
        Texture("agate", "bands round seeds", _agate, ("agate", "malachite", "lapis")),
        Texture("glaze", "glazes that ran", _glaze, ("celadon", "peacock", "nacre", "lagoon")),
        Texture("cells", "a hide of patches", _cells, ("kelp", "gouache", "paper-cuts")),
        Texture("strata", "faulted sediments", _strata, ("desert", "old-map", "dusk")),
    )
}


@dataclass(frozen=True, eq=False)
class DrawnTexture:
    """What a seed gave. program: inputs x, y, z over the box, outputs value, shade and accent in
    [0, 1]. palette: the name of one that suits it."""

    program: Program
    texture: Texture
    seed: str
    palette: str


def generate_texture(seed: str | int, kind: str | None = None) -> DrawnTexture:
    """The solid texture of a seed; the kind is the seed's too unless it is given.

    Raises ValueError for an unknown kind or an unusable seed.
    """
    name = parse_seed(seed)
    if kind is not None and kind not in TEXTURES:
        raise unknown("texture", kind, TEXTURES)
    chosen = TEXTURES[kind or Stream(name, "texture").choice(list(TEXTURES))]
    stream = Stream(name, "texture", chosen.name)
    space = Space(stream)
    value, shade, accent = chosen.draw(space)
    raw = space.b.build(value=value, shade=shade, accent=accent)
    palette = Stream(name, "palette", chosen.name).choice(chosen.palettes)
    return DrawnTexture(_toned(raw), chosen, name, palette)


def _toned(raw: Program) -> Program:
    """The outputs brought into [0, 1] by what they are at points of the box."""
    x, y, z = Stream("0", "probe").uniform(-1, 1, (3, PROBES))
    found = np.asarray(evaluate(raw, {"x": x, "y": y, "z": z}))
    targets = np.log(np.array(ENDS[1]) / (1 - np.array(ENDS[1])))
    slopes, offsets = [], []
    for column in found.T:
        low, high = np.percentile(column, ENDS[0])
        slope = float(f"{(targets[1] - targets[0]) / max(high - low, 1e-6):.5g}")
        slopes.append(slope)
        offsets.append(float(f"{targets[0] - slope * low:.5g}"))
    b = Builder(**dict(raw.inputs))
    out = b.include(raw)
    tones = b.affine([out[name] for name in raw.output_names], np.diag(slopes), offsets, "sigmoid")
    return b.build(**{name: tones[i] for i, name in enumerate(raw.output_names)})
