"""Classic: the tanh network with which random CPPNs became known as pictures."""

import math

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """After otoro.net's "Generating Abstract Patterns" (2016): x, y, the radius and the latent
    through dense layers with weights N(0, 1), and a sigmoid for each of red, green and blue. No
    level is adjusted: this is the look of the time. Only the last weights are smaller than they
    were, which keeps colours out of the corners of the cube."""
    c = Canvas(stream, o)
    sources = [c.point, c.length(c.point), c.z]
    hidden = c.b.affine(sources, stream.normal((o.width, 3 + len(c.z))), activation=o.activation)
    for _ in range(o.depth - 1):
        weight, bias = stream.normal((o.width, o.width)), stream.normal(o.width)
        hidden = c.b.affine(hidden, 0.6 * weight, bias, o.activation)
    weight = stream.normal((3, o.width)) * (1.8 / math.sqrt(o.width))
    colours = c.b.affine(hidden, weight, 0.3 * stream.normal(3), "sigmoid")
    return c.finish(colours[:1], colours[1:2], colours[2:])


STYLE = Style(
    "classic",
    "The 2016 look: tanh layers of x, y, radius and latent, straight to red, green, blue.",
    draw,
    scale=1.5,
    depth=4,
    width=32,
    activation="tanh",
    tones="drawn",
    color="rgb",
)
