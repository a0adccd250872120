"""Sine: a plain network of sines."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """A SIREN (Sitzmann et al. 2020) with random weights: the first layer picks the frequencies,
    the others fold them."""
    c = Canvas(stream, o, time=True)
    hidden = c.layer(c.point, o.width, o.activation, gain=2.2, bias=1.5, latent=0.6, time=0.3)
    for _ in range(o.depth - 1):
        hidden = c.layer(hidden, o.width, o.activation, gain=2.0)
    outputs = c.layer(hidden, 3, "identity", gain=1.4)
    return c.finish(outputs[:1], outputs[1:2], outputs[2:])


STYLE = Style(
    "sine",
    "Soft folds: a deep network of sines.",
    draw,
    scale=1.6,
    depth=4,
    width=24,
    activation="sin",
    time=True,
    finish="relief",
)
