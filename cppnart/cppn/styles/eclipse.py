"""Eclipse: a dark disc and its corona."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Outside the disc light falls off with the distance from the rim, faster or slower by a
    network of the direction: streamers. The disc itself keeps a trace of light at its rim."""
    c = Canvas(stream, o, time=True)
    centre = stream.uniform(-0.22, 0.22, 2)
    size = stream.number(0.3, 0.46)
    point = c.away(c.point, centre)
    radius = c.length(point, 0.01)
    direction = c.direction(point, 0.02)
    twist = c.b.map(radius, scale=stream.number(-0.6, 0.6))
    broad = c.net([direction, twist], 2, depth=2, width=8, gain=1.6, time=0.3)
    fine = c.net([c.b.map(direction, scale=4.0), radius, broad], 1, depth=2, width=16, gain=1.7)
    height = c.b.map(radius, shift=-size)
    reach = c.b.affine([broad[:1], fine], [[0.5, 0.55]], 1.1)
    fall = c.b.product(height, c.b.map(reach, "exp"))
    corona = c.b.map(c.b.map(fall, "softplus", 12.0), "exp", -0.11)
    rim = c.b.map(height, "bell", 60.0)
    light = c.b.affine([corona, rim], [[0.9, 0.25]], 0.04)
    disc = c.b.map(c.b.map(height, "bell", 9.0), scale=0.12, shift=0.03)
    outside = c.edge(height, 400)
    value = c.mix(outside, disc, light)
    streaks = c.b.product(c.b.affine([fine, corona], [[0.25, 0.3]], 0.05), outside)
    shade = c.b.map(streaks, shift=0.4)
    return c.finish(value, shade, c.b.map(broad[1:], "sigmoid"))


STYLE = Style(
    "eclipse",
    "A dark sun and the streamers of its corona.",
    draw,
    scale=1.0,
    time=True,
    tones="drawn",
    palettes=("night-gold", "ember", "obsidian", "aurora", "neon-noir", "lapis", "dusk"),
)
