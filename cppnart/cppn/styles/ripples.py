"""Ripples: circles that cross."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Waves from ``depth`` drops add up; each dies away from its centre, so that there is still
    water between them."""
    c = Canvas(stream, o, time=True)
    drift = c.net(c.point, 3, depth=1, width=8, gain=1.2, time=0.2)
    point = c.moved(c.point, drift[:2], 0.05)
    total = c.b.map(drift[2:], scale=0.15)
    for number in range(o.depth):
        centre = stream.uniform(-0.9, 0.9, 2) * o.scale
        reach = o.scale * stream.number(0.35, 0.9)
        away = c.moved(c.moved(point, -centre), c.sway(2, 0.05))
        radius = c.length(away, 0.03)
        wave = c.b.map(radius, "cos", stream.number(14, 30) / o.scale, stream.number(0, 6))
        fading = c.b.product(wave, c.b.map(radius, "bell", 1 / reach))
        total = c.b.combine((1.0, total), (0.8**number, fading))
    return c.finish(total, drift[2:], drift[:1])


STYLE = Style(
    "ripples",
    "Rain on a pond: circles that cross and die away.",
    draw,
    scale=1.0,
    depth=5,
    time=True,
    finish="relief",
    palettes=("lagoon", "glacier", "peacock", "obsidian", "nacre", "storm", "winter-sun"),
)
