"""Tile: a pattern without seams."""

import math

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """The frame is mapped to a torus, on which x = -1 and x = 1 are one line, and so are y = -1
    and y = 1: whatever a network draws there repeats without a seam. A first network moves the
    point round the torus, a second draws."""
    c = Canvas(stream, o, time=True)
    flat = c.torus(0.6 * o.scale)
    drift = c.net(flat, 2, depth=1, width=o.width, activation="sin", gain=1.5, time=0.25)
    pi, amount = math.pi, 0.35
    angles = [[pi, 0, amount, 0], [pi, 0, amount, 0], [0, pi, 0, amount], [0, pi, 0, amount]]
    frame = [c.b["x"], c.b["y"], drift]
    circles = c.b.affine(frame, angles, activation=("cos", "sin", "cos", "sin"))
    turned = c.b.map(circles, scale=o.scale)
    out = c.net(turned, 3, depth=o.depth, width=o.width, activation=o.activation, latent=0.4)
    return c.finish(out[:1], out[1:2], out[2:])


STYLE = Style(
    "tile",
    "A seamless pattern: the frame is one period of a torus.",
    draw,
    scale=1.0,
    depth=2,
    width=16,
    activation="sin",
    time=True,
)
