"""Tile: a pattern without seams."""

import math

import numpy as np

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """The frame is mapped to a torus, on which x = -1 and x = 1 are one line, and so are y = -1
    and y = 1: whatever is drawn there repeats without a seam. One network moves the point round
    the torus, a second draws, and bands follow its level lines."""
    c = Canvas(stream, o, time=True)
    flat = c.torus(0.6 * o.scale)
    drift = c.net(flat, 2, depth=1, gain=1.6, time=0.25)
    turn, amount = math.pi * np.repeat(np.eye(2), 2, 0), 0.3 * np.repeat(np.eye(2), 2, 0)
    frame = [c.b["x"], c.b["y"], drift]
    circles = c.b.affine(frame, np.hstack([turn, amount]), activation=("cos", "sin") * 2)
    out = c.net(c.b.map(circles, scale=o.scale), 3, latent=0.4)
    bands = c.bands(out[:1], 8, 1.0, stream.number(3.0, 6.0))
    value = c.b.combine((1.0, bands[:1]), (0.8, out[:1]))
    shade = c.b.combine((1.0, out[1:2]), (0.5, bands[1:]))
    return c.finish(value, shade, out[2:])


STYLE = Style(
    "tile",
    "A seamless pattern: the frame is one period of a torus.",
    draw,
    scale=1.0,
    depth=2,
    width=16,
    activation="sin",
    time=True,
    finish="papercut",
)
