"""Blossom: petals laid over petals."""

import math

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Rings of petals from the outside in, each turned by half a petal against the last. A ring is
    where the radius is below a curve with ``symmetry`` lobes; its petals darken towards the gaps
    between them and pale towards the rim."""
    c = Canvas(stream, o, time=True)
    centre = stream.uniform(-0.35, 0.35, 2)
    point = c.away(c.point, centre)
    drift = c.net(point, 3, depth=1, width=8, gain=1.6, latent=0.7, time=0.3)
    point = c.moved(point, drift[:2], 0.05)
    radius = c.length(point, 0.01)
    lobes = c.power(c.direction(point, 0.02), o.symmetry)
    veins = c.power(lobes, 5)
    outer = stream.number(0.8, 1.35)
    gap, pointed = stream.number(0.35, 0.8), stream.number(0.0, 0.7)
    twist = stream.number(-0.5, 0.5)
    value = c.b.affine([radius, drift[2:]], [[-0.12, 0.03]], 0.2)
    shade = c.b.constant(0.4)
    for ring in range(o.depth):
        share = ring / o.depth
        size = outer * (1 - share) ** 1.25 + 0.06
        turn = (math.pi + twist) * ring + stream.number(-0.2, 0.2)
        lobe = c.b.affine(lobes, [[0.5 * math.cos(turn), 0.5 * math.sin(turn)]], 0.5)
        round_ = c.b.map(lobe, "sqrt", 1.0, 0.002)
        profile = c.b.combine((1 - pointed, round_), (pointed, lobe))
        rim = c.b.map(profile, scale=size * gap, shift=size * (1 - gap))
        inside = c.b.combine((1.0, rim), (-1.0, radius))
        tone = c.b.affine(
            [profile, inside, veins[:1], c.b.map(inside, "bell", 14 / outer)],
            [[0.5, -0.55 / outer, 0.025, 0.14]],
            0.18 + 0.35 * share,
        )
        cover = c.edge(inside, 320)
        value = c.mix(cover, value, tone)
        shade = c.mix(cover, shade, profile)
    return c.finish(value, shade, drift[2:])


STYLE = Style(
    "blossom",
    "A flower, petal over petal.",
    draw,
    scale=1.0,
    depth=6,
    symmetry=(5, 6, 7, 8, 9, 11, 13),
    time=True,
    tones="linear",
    palettes=("plum-blossom", "hibiscus", "midnight-garden", "botanical", "dusk", "peacock"),
)
