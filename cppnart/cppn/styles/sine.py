"""Sine: a plain network of sines."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """A SIREN (Sitzmann et al. 2020) with random weights: the first layer picks the frequencies,
    the others fold them. Stretched and slow, it is poured metal."""
    c = Canvas(stream, o, time=True)
    point = c.turned(c.point, stream.number(0, 6.2832), stream.number(1.0, 3.0))
    hidden = c.layer(point, o.width, o.activation, gain=1.6, bias=1.5, latent=0.6, time=0.3)
    for _ in range(o.depth - 1):
        hidden = c.layer(hidden, o.width, o.activation, gain=1.6, bias=1.0)
    outputs = c.layer(hidden, 3, "identity", gain=1.4)
    return c.finish(c.b.map(outputs[:1], "sin", 2.0), outputs[1:2], outputs[2:])


STYLE = Style(
    "sine",
    "Poured metal: a deep network of sines.",
    draw,
    scale=0.9,
    depth=4,
    width=24,
    activation="sin",
    time=True,
    finish="metal",
)
