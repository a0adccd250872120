"""Ripples: circles that cross."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Waves from ``depth`` drops add up; each is quickest and highest at its centre and dies away
    from it, over water that reflects large, slow forms."""
    c = Canvas(stream, o, time=True)
    drift = c.net(c.point, 4, depth=2, width=16, gain=1.2, time=0.2)
    total = c.b.map(drift[2:3], scale=0.9)
    for number in range(o.depth):
        centre = stream.uniform(-0.85, 0.85, 2) * o.scale
        reach = o.scale * stream.number(0.3, 0.6) * 1.5 / (1 + number) ** 0.4
        away = c.moved(c.away(c.point, centre), c.sway(2, 0.05))
        radius = c.length(c.moved(away, drift[:2], 0.02), 0.03)
        phase = c.b.map(radius, "sqrt", 1.0 / o.scale, 0.01)
        wave = c.b.map(phase, "cos", stream.number(24, 48), stream.number(0, 6))
        fading = c.b.product(wave, c.b.map(radius, "bell", 1 / reach))
        total = c.b.combine((1.0, total), (0.75 * 0.85**number, fading))
    return c.finish(total, drift[3:], drift[:1])


STYLE = Style(
    "ripples",
    "Rain on a pond: circles that cross and die away.",
    draw,
    scale=1.0,
    depth=4,
    time=True,
    finish="silk",
    palettes=("lagoon", "glacier", "peacock", "obsidian", "nacre", "storm", "winter-sun"),
)
