"""Residual: many thin layers, each a small step."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """h <- h + a sin(W h + b), many times, eight units wide: close to a flow, so that lines that
    start straight end as folded cloth."""
    c = Canvas(stream, o, time=True)
    state = c.layer(c.point, o.width, "identity", gain=1.2, bias=0.5, latent=0.5, time=0.2)
    for _ in range(o.depth):
        step = c.layer(state, o.width, o.activation, gain=1.5, bias=1.0)
        state = c.b.combine((1.0, state), (0.42, step))
    out = c.layer(state, 3, "identity", gain=1.4, bias=0.0)
    folds = c.b.map(out[:1], "sin", stream.number(1.2, 2.0))
    return c.finish(folds, out[1:2], out[2:])


STYLE = Style(
    "residual",
    "Folded cloth: many thin residual layers.",
    draw,
    scale=1.8,
    depth=14,
    width=8,
    activation="sin",
    time=True,
    finish="relief",
)
