"""Veil: bright threads in smoke."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """A sheet seen edge-on is bright: each of a few warped fields glows where it crosses zero,
    broadly and, faintly, as a thin thread."""
    c = Canvas(stream, o, time=True)
    point = c.turned(c.point, stream.number(0, 6.2832), stream.number(1.0, 1.7))
    focus = c.away(c.point, stream.uniform(-0.4, 0.4, 2) * o.scale)
    near = c.bell(focus, o.scale * stream.number(0.8, 1.1))
    drift = c.net(point, 4, depth=2, width=16, gain=1.5, time=0.3)
    once = c.moved(point, drift[:2], 0.6)
    sheets = c.net([once, drift[2:]], 4, gain=1.5, latent=0.3)
    smoke = c.b.map(sheets, "lorentz", [1.5, 2.0, 2.5, 2.5])
    threads = c.b.map(sheets, "lorentz", [9.0, 14.0, 20.0, 28.0])
    light = c.b.affine([smoke, threads], [[0.5, 0.35, 0.25, 0.2, 0.4, 0.35, 0.3, 0.25]])
    veiled = c.b.product(light, c.b.affine(near, [[0.85]], 0.2))
    shade = c.b.affine([near, drift[2:3]], [[1.0, 0.4]])
    return c.finish(veiled, shade, sheets[1:2])


STYLE = Style(
    "veil",
    "Threads of light in smoke.",
    draw,
    scale=1.4,
    depth=2,
    width=16,
    activation="sin",
    time=True,
    palettes=("night-gold", "aurora", "obsidian", "neon-noir", "ember", "rose-smoke", "iris"),
)
