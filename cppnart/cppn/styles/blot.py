"""Blot: ink folded in paper."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """A mirrored field, cut at a level: inside it is ink, darker where it dried along the rim and
    paler in washes; a margin of paper stays free."""
    c = Canvas(stream, o, time=True)
    mirror = c.length(c.x, 0.04)
    skew = c.net(c.point, 2, depth=1, width=8, gain=1.5, latent=0.4, time=0.2)
    sources = c.moved(c.b.affine([mirror, c.y], [[1, 0], [0, 1]]), skew, 0.03)
    drift = c.net(sources, 3, depth=2, width=16, gain=1.5, time=0.3)
    once = c.moved(sources, drift[:2], 0.55)
    out = c.net([once, drift[2:]], 3, gain=1.6, latent=0.4)
    margin = c.b.map(c.b.map(c.point, "square"), scale=1.9 / o.scale**2)
    wet = c.b.affine([out[:1], margin], [[0.8, -1.0, -0.9]], 0.75)
    ink = c.edge(wet, 26)
    rim = c.b.map(wet, "bell", 7.0, -0.55)
    wash = c.b.affine([c.b.map(out[1:2], "sigmoid", 2.0), rim], [[0.34, -0.16]], 0.16)
    value = c.mix(ink, c.b.affine(skew[:1], [[0.012]], 0.95), wash)
    return c.finish(value, c.b.map(drift[2:], "sigmoid"), c.b.map(out[2:], "sigmoid"))


STYLE = Style(
    "blot",
    "Ink folded in paper, and its washes.",
    draw,
    scale=1.8,
    depth=2,
    width=16,
    activation="sin",
    time=True,
    tones="drawn",
    palettes=("sumi", "oxblood", "lapis", "cinnabar", "fig", "rose-smoke"),
)
