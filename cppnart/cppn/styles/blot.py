"""Blot: ink folded in paper."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """A mirrored field, twice warped and cut at a level: inside it is ink, darker where it dried
    along the rim and paler in washes; a margin of paper stays free."""
    c = Canvas(stream, o, time=True)
    mirror = c.length(c.x, 0.03)
    skew = c.net(c.point, 2, depth=1, width=8, gain=2.0, latent=0.4, time=0.2)
    page = c.moved(c.b.affine([mirror, c.y], [[1, 0], [0, 1]]), skew, 0.02)
    drift = c.net(page, 4, gain=1.8, time=0.3)
    once = c.moved(page, drift[:2], 0.7)
    twice = c.net([once, drift[2:]], 4, gain=1.8, latent=0.4)
    out = c.net([c.moved(once, twice[:2], 0.5), twice[2:]], 3, gain=1.7, latent=0.4)
    spray = c.net(c.b.map(page, scale=4.0), 1, depth=2, gain=1.8)
    margin = c.b.map(c.b.map(c.point, "square"), scale=1 / o.scale**2)
    wet = c.b.affine([out[:1], spray, margin], [[0.75, 0.13, -1.5, -1.3]], 0.75)
    ink = c.edge(wet, 30)
    rim = c.b.map(wet, "bell", 9.0, -0.6)
    washes = c.b.map([out[1:2], twice[:1]], "sigmoid", [4.0, 7.0])
    wash = c.b.affine([washes, rim], [[0.3, 0.16, -0.15]], 0.1)
    value = c.mix(ink, c.b.affine(skew[:1], [[0.012]], 0.96), wash)
    return c.finish(value, c.b.map(drift[2:3], "sigmoid"), c.b.map(out[2:], "sigmoid"))


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
    finish="watercolour",
    palettes=("sumi", "oxblood", "lapis", "cinnabar", "fig", "rose-smoke"),
)
