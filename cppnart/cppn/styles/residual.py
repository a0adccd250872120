"""Residual: many thin layers, each a small step."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """h <- h + a sin(W h + b), many times, eight units wide: close to a flow, so that lines that
    start straight end as the folds of a cloth. It hangs: the frame is stretched along y."""
    c = Canvas(stream, o, time=True)
    hung = c.b.map(c.turned(c.point, stream.number(-0.4, 0.4)), scale=[1.5, 0.35])
    state = c.layer(hung, o.width, "identity", gain=1.2, bias=0.5, latent=0.5, time=0.2)
    for _ in range(o.depth):
        step = c.layer(state, o.width, o.activation, gain=1.3, bias=1.0)
        state = c.b.combine((1.0, state), (0.4, step))
    out = c.layer(state, 3, "identity", gain=1.4, bias=0.0)
    folds = c.b.map(out[:1], "sin", stream.number(1.0, 1.6))
    value = c.b.affine([folds, out[1:2]], [[1.0, 0.15]])
    return c.finish(value, out[1:2], out[2:])


STYLE = Style(
    "residual",
    "Hanging cloth: many thin residual layers.",
    draw,
    scale=1.4,
    depth=14,
    width=8,
    activation="sin",
    time=True,
    finish="silk",
)
