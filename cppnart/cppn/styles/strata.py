"""Strata: beds of rock, folded and broken."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Depth is y, folded by broad waves, and shifted by a step at each of ``depth`` faults; a
    network of that one number gives the beds."""
    c = Canvas(stream, o, time=True)
    tilted = c.turned(c.point, stream.number(-0.5, 0.5))
    folds = c.net(c.b.map(tilted, scale=[1.0, 0.45]), 2, depth=2, width=16, gain=1.3, time=0.2)
    depth = c.b.affine([tilted[1:], folds[:1]], [[1.0, stream.number(0.15, 0.45)]])
    for _ in range(o.depth):
        line = c.turned(c.point, stream.number(-0.5, 0.5) + 1.5708 * stream.choice((0, 0, 1)))[:1]
        side = c.b.affine([line, folds[1:]], [[1.0, 0.06]], stream.number(-0.8, 0.8) * o.scale)
        step = c.edge(side, 260)
        depth = c.b.combine((1.0, depth), (stream.number(-0.4, 0.4), step))
    bands = c.bands(depth, o.width, 1.5, 30.0)
    value = c.b.affine([bands[:1], tilted[1:]], [[1.0, -0.5]])
    return c.finish(value, c.b.combine((1.0, bands[1:]), (0.6, folds[1:])), folds[1:])


STYLE = Style(
    "strata",
    "Beds of rock, folded, tilted and broken by faults.",
    draw,
    scale=1.3,
    depth=3,
    width=12,
    time=True,
    palettes=("desert", "terracotta", "agate", "storm", "verdigris", "old-map", "saffron"),
)
