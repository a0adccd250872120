"""Agate: bands that grew inwards."""

import math

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """The distance from an irregular outline decides the band: a one-dimensional network of a
    two-dimensional distance. Towards the middle the outline rounds off, as in the stone."""
    c = Canvas(stream, o, time=True)
    centre = stream.uniform(-0.45, 0.45, 2) * o.scale
    away = c.away(c.point, centre)
    drift = c.net(c.point, 4, depth=2, width=16, gain=1.5, time=0.25)
    squeeze = c.turned(away, stream.number(0, math.pi), stream.number(1.0, 1.6))
    bent = c.moved(squeeze, drift[:2], 0.35)
    distance = c.length(bent, 0.15)
    bumps = c.b.product(drift[2:3], distance)
    depth = c.b.affine([distance, bumps], [[1.0, 0.22]])
    bands = c.bands(depth, o.width, 1.5, 26.0)
    value = c.b.affine([bands[:1], depth], [[1.0, stream.number(-0.7, 0.7)]])
    return c.finish(value, c.b.combine((1.0, bands[1:]), (0.5, drift[3:])), drift[3:])


STYLE = Style(
    "agate",
    "A cut stone: bands round a hollow, broad and hair-fine.",
    draw,
    scale=1.4,
    width=12,
    time=True,
    palettes=("agate", "tiger-eye", "malachite", "morpho", "coral-reef", "nacre", "lapis"),
)
