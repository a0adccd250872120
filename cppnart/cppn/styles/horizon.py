"""Horizon: ridges behind ridges, and a low sun."""

import math

import numpy as np

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program, Values


def draw(stream: Stream, o: Options) -> Program:
    """Paints from far to near: a sky, a sun in it, then ``depth`` ridges, each darker than the one
    behind it and paling towards its foot, as mist does."""
    c = Canvas(stream, o, time=True)
    sun = np.array([stream.choice((-1, 1)) * stream.number(0.1, 0.55), stream.number(-0.55, -0.1)])
    disc = stream.number(0.14, 0.3)
    path = c.moved(c.away(c.point, sun), c.sway(2, 0.03, time=0.05))
    away = c.length(path, 0.01)
    glow = c.b.map(away, "bell", 0.9)
    value = c.b.affine([c.y, glow], [[0.16, 0.3]], 0.52)
    value = c.mix(c.edge(away, -300, -disc), value, c.b.constant(0.98))
    jagged = stream.chance(0.6)
    top = stream.number(-0.15, 0.15)
    for number in range(o.depth):
        near = (number + 1) / o.depth
        line = ridge(c, near, jagged)
        foot = top + (0.95 - top) * near**1.15 - 0.12
        depth = c.b.affine([c.y, line], [[1.0, -1.0]], -foot)
        tone = 0.6 * (1 - near) ** 1.1 + 0.03
        mist = c.b.map(depth, "tanh", 2.2)
        paint = c.b.map(mist, scale=0.28 * (1 - 0.6 * near), shift=tone)
        value = c.mix(c.edge(depth, 420), value, paint)
    shade = c.net(c.point, 1, depth=1, width=8, gain=1.0, latent=0.4)
    return c.finish(value, c.b.map(shade, "sigmoid", 0.8), glow)


def ridge(c: Canvas, near: float, jagged: bool) -> Values:
    """The height of a ridge over x: a few octaves of waves, folded to crests if jagged. Near
    ridges are larger and lower."""
    waves = 5
    k = 1.3 * 1.9 ** np.arange(waves) * c.stream.uniform(0.8, 1.25, waves) * (1.6 - 0.5 * near)
    phase = c.stream.uniform(0, 2 * math.pi, waves)
    sway = c.stream.normal((waves, len(c.z))) * 0.15
    weight = np.concatenate([k[:, None], sway], 1)
    crests = c.b.affine([c.x, c.z], weight, phase, "sin")
    size = (0.16 + 0.05 * near) / 1.9 ** np.arange(waves)
    if jagged:
        folded = c.b.map(crests, "abs")
        return c.b.affine([folded, crests[:2]], [[*(0.9 * size), *(0.6 * size[:2])]], -0.1)
    return c.b.affine(crests, [size])


STYLE = Style(
    "horizon",
    "Mountains in mist: ridge behind ridge under a low sun.",
    draw,
    scale=1.0,
    depth=7,
    tones="drawn",
    time=True,
    palettes=("dusk", "first-light", "ukiyo-e", "desert", "glacier", "rose-smoke", "storm"),
)
