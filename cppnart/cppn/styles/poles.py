"""Poles: the field lines of a complex function."""

import numpy as np

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """f(p) = product of (p - zero) / product of (p - pole). Its argument runs along field lines,
    the logarithm of its modulus along the equipotentials across them; both go through a small
    network, the argument as cos and sin, so that it closes round every pole."""
    c = Canvas(stream, o, time=True)
    count = stream.integer(2, 4)
    places = stream.uniform(-0.85, 0.85, (count, 2)) * o.scale
    modulus, argument = [], None
    for number, place in enumerate(places):
        sway = c.sway(2, 0.06 * o.scale, time=0.06 * o.scale)
        away = c.moved(c.moved(c.point, -place), sway)
        log, direction = c.spiral(away, 0.01)
        sign = 1.0 if number % 2 == 0 else -1.0
        direction = c.b.map(direction, scale=[1.0, sign])
        modulus.append((sign, log))
        argument = direction if argument is None else c.times(argument, direction)
    assert argument is not None
    level = c.b.combine(*modulus)
    turns = stream.integer(1, 3)
    lines = c.power(argument, turns)
    fine = c.power(lines, stream.integer(6, 10))
    slow = c.b.map(level, ("tanh",), 0.7)
    out = c.net([lines, level, slow], 3, gain=1.7, latent=0.4)
    calm = c.b.map(level, "bell", 0.55)
    thread = c.b.product(fine[:1], calm)
    rings = c.b.map(level, "cos", 2 * np.pi * stream.integer(1, 2))
    value = c.b.affine([out[:1], thread, rings], [[1.0, 0.22, 0.25]])
    return c.finish(value, out[1:2], out[2:])


STYLE = Style(
    "poles",
    "Field lines between poles: a complex function, drawn by argument and modulus.",
    draw,
    scale=1.0,
    depth=2,
    width=16,
    activation="sin",
    time=True,
)
