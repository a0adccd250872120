"""Spiral: log-polar coordinates, in which a turn and a growth are the same motion."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Arms are cos and sin of n theta + k log r; a network draws along and across them. All that
    winds fades out at the centre, where arms would crowd below a pixel."""
    c = Canvas(stream, o, time=True)
    eye = stream.uniform(-0.35, 0.35, 2) * o.scale
    point = c.away(c.point, eye)
    bend = c.net(point, 2, depth=1, width=8, gain=0.8, latent=0.5)
    point = c.moved(point, bend, 0.12)
    log, direction = c.spiral(point, 0.03)
    winding = stream.number(2.0, 4.5) * stream.choice((-1, 1))
    turn = c.b.affine([log, log], [[winding, 0], [0, winding]], activation=("cos", "sin"))
    arms = c.times(c.power(direction, o.symmetry), turn)
    fine = c.power(arms, stream.choice((2, 3)))
    fade = c.b.map(c.length(point, 0.0), "tanh", 4.0)
    sources = c.b.product([arms, fine], fade)
    out = c.net([sources, c.b.map(log, scale=0.8)], 3, gain=1.8, latent=0.5, time=0.3)
    value = c.b.affine([out[:1], log], [[1.0, stream.number(-0.6, 0.6)]])
    return c.finish(value, out[1:2], out[2:])


STYLE = Style(
    "spiral",
    "Shells and galaxies: arms that wind round an eye at a constant angle.",
    draw,
    scale=1.0,
    depth=2,
    width=16,
    activation="sin",
    symmetry=(1, 2, 2, 3, 5),
    time=True,
    finish="relief",
)
