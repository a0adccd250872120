"""Kaleidoscope: a mixed network seen through mirrors."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import MIXED, Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Folds the plane into one wedge, where a network with an activation of its own for every unit
    draws; the radius is among its inputs, so that rings form."""
    c = Canvas(stream, o, time=True)
    wedge = c.folded(c.point, o.symmetry)
    radius = c.length(c.point, 0.02)
    hidden = c.net(
        [wedge, radius],
        3,
        depth=o.depth,
        width=o.width,
        activation=o.activation,
        gain=2.0,
        latent=0.6,
        time=0.3,
    )
    value = c.b.affine([hidden[:1], radius], [[1.0, stream.number(-0.5, 0.5)]])
    return c.finish(value, hidden[1:2], hidden[2:])


STYLE = Style(
    "kaleidoscope",
    "Mirrors: one wedge of a mixed network, reflected to a star.",
    draw,
    scale=2.2,
    depth=3,
    width=16,
    activation=MIXED,
    symmetry=(5, 6, 6, 7, 8, 8, 10, 12),
    time=True,
)
