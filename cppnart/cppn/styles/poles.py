"""Poles: the field lines of a complex function."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """f(p) = product of (p - zero) / product of (p - pole). The logarithm of its modulus runs
    along the equipotentials, its argument along the field lines across them: bands follow the
    first, and fine lines the second, as cos and sin, which close round every pole."""
    c = Canvas(stream, o, time=True)
    modulus, argument = [], None
    for number in range(o.depth):
        place = stream.uniform(-0.8, 0.8, 2) * o.scale
        sway = c.sway(2, 0.06 * o.scale, time=0.06 * o.scale)
        log, direction = c.spiral(c.moved(c.away(c.point, place), sway), 0.012)
        sign = 1.0 if number % 2 == 0 else -1.0
        direction = c.b.map(direction, scale=[1.0, sign])
        modulus.append((sign, log))
        argument = direction if argument is None else c.times(argument, direction)
    assert argument is not None
    level = c.b.combine(*modulus)
    lines = c.power(argument, stream.integer(1, 3))
    twist = c.b.affine([level, lines], [[1.0, *(stream.uniform(-0.3, 0.3, 2))]])
    bands = c.bands(twist, 8, 1.2, stream.number(4.0, 9.0))
    rays = c.power(lines, stream.integer(8, 14))
    calm = c.b.map(level, "bell", 1 / stream.number(0.8, 1.6))
    rays = c.b.product(c.b.map(rays[:1], "tanh", 2.0), calm)
    value = c.b.affine([bands[:1], level, rays], [[1.0, stream.number(-0.5, 0.5), 0.35]])
    return c.finish(value, c.b.combine((1.0, bands[1:]), (0.7, lines[1:])), lines[:1])


STYLE = Style(
    "poles",
    "Field lines between poles: a complex function by modulus and argument.",
    draw,
    scale=1.0,
    depth=4,
    time=True,
    finish="pearl",
)
