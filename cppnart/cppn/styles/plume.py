"""Plume: a feather with an eye."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Coordinates along and across a bent shaft. Barbs are lines at a slant to it, which part into
    tufts towards the edge, and an eye of coloured ovals sits near the tip."""
    c = Canvas(stream, o, time=True)
    turned = c.turned(c.point, stream.number(-0.7, 0.7))
    drift = c.net(turned, 3, depth=1, width=8, gain=1.6, latent=0.7, time=0.3)
    bend = stream.number(0.15, 0.4) * stream.choice((-1, 1))
    bow = c.b.map(turned[1:], "square")
    pair = c.b.affine([turned, bow, drift[:1]], [[1.0, 0.0, bend, 0.06], [0.0, 1.0, 0.0, 0.0]])
    across, along = pair[:1], pair[1:]
    side = c.length(across, 0.015)
    fan = c.b.map(side, "sqrt", 1.0, 0.002)
    slope = stream.number(0.5, 0.9)
    slant = c.b.affine([along, fan, side, drift[1:2]], [[1.0, 0.7 * slope, 0.5 * slope, 0.05]])
    barbs = c.b.map(slant, "sin", stream.number(80, 120))
    tufts = c.bands(slant, 6, 8.0, 30.0)
    tip = c.away(pair, [0.0, -stream.number(0.3, 0.45)])
    oval = c.length(c.b.map(tip, scale=[1.0, 0.72]), 0.01)
    edge = c.b.affine(
        [side, c.b.map(along, "square"), along, drift[2:], tufts[1:]],
        [[-1.0, -0.3, -0.12, 0.03, 0.02]],
        stream.number(0.45, 0.6),
    )
    body = c.edge(edge, 70)
    rings = c.bands(c.b.map(oval, scale=2.0), 6, 4.0, 16.0)
    eye = c.edge(oval, -40, -stream.number(0.28, 0.38))
    plain = c.b.affine([slant, side, tufts[:1]], [[-0.18, -0.5, 0.05]], 0.5)
    tone = c.mix(eye, plain, c.b.map(rings[:1], "sigmoid", 2.0))
    tone = c.b.affine([tone, barbs], [[1.0, 0.06]])
    tone = c.mix(c.b.map(across, "bell", 80.0), tone, c.b.constant(0.92))
    ground = c.b.affine([along, drift[2:]], [[0.03, 0.01]], 0.06)
    value = c.mix(body, ground, tone)
    shade = c.b.product(c.b.affine([barbs, drift[2:]], [[0.3, 0.1]], 0.6), body)
    return c.finish(value, c.b.map(shade, shift=0.2), c.b.map(oval))


STYLE = Style(
    "plume",
    "A feather with an eye.",
    draw,
    scale=1.0,
    time=True,
    tones="drawn",
    noise=0.6,
    palettes=("peacock", "night-gold", "iris", "verdigris", "morpho", "aurora", "hibiscus"),
)
