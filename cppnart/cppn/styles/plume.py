"""Plume: a feather with an eye."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Coordinates along and across a bent shaft. Barbs are lines at a slant to it, and an eye of
    coloured ovals sits near the tip."""
    c = Canvas(stream, o, time=True)
    turned = c.turned(c.point, stream.number(-0.7, 0.7))
    drift = c.net(turned, 3, depth=1, width=8, gain=1.4, latent=0.7, time=0.3)
    bow = c.b.map(turned[1:], "square")
    bend = stream.number(0.15, 0.4) * stream.choice((-1, 1))
    across = c.b.affine([turned[:1], bow, drift[:1]], [[1.0, bend, 0.05]])
    along = turned[1:]
    side = c.length(across, 0.015)
    slant = c.b.affine([along, side, drift[1:2]], [[1.0, stream.number(0.7, 1.3), 0.05]])
    barbs = c.b.map(slant, "sin", stream.number(70, 110))
    tip = c.moved(np_pair(c, across, along), [0.0, stream.number(0.3, 0.5)])
    oval = c.length(c.b.map(tip, scale=[1.0, 0.75]), 0.01)
    width = stream.number(0.42, 0.6)
    body = c.b.affine([side, c.b.map(along, "square"), drift[2:]], [[-1.0, -0.3, 0.03]], width)
    rings = c.net([c.b.map(oval, scale=7.0)], 1, depth=2, width=8, gain=2.0)
    eye = c.edge(oval, -40, -0.36)
    plain = c.b.affine([slant, side], [[0.25, -0.3]], 0.4)
    tone = c.mix(eye, plain, c.b.map(rings, "sigmoid", 2.0))
    tone = c.b.affine([tone, barbs], [[1.0, 0.06]])
    shaft = c.b.map(across, "bell", 90.0)
    tone = c.mix(shaft, tone, c.b.constant(0.9))
    value = c.mix(c.edge(body, 60), c.b.constant(0.05), tone)
    return c.finish(value, c.b.affine([barbs, drift[2:]], [[0.25, 0.1]], 0.5), c.b.map(oval))


def np_pair(c: Canvas, first, second):
    return c.b.affine([first, second], [[1, 0], [0, 1]])


STYLE = Style(
    "plume",
    "A feather with an eye.",
    draw,
    scale=1.0,
    time=True,
    tones="drawn",
    noise=0.6,
    palettes=("peacock", "night-gold", "iris", "verdigris", "morpho", "aurora"),
)
