"""Canyon: detail within detail."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Octaves of ridges: each is finer than the last, moved by it, and allowed only along the last
    one's ridges, so that gullies branch into gullies and the slopes between stay calm."""
    c = Canvas(stream, o, time=True)
    drift = c.net(c.point, 2, depth=2, width=16, gain=1.4, time=0.2)
    point = c.moved(c.point, drift, 0.4)
    gate = c.bell(c.away(c.point, stream.uniform(-0.4, 0.4, 2) * o.scale), 1.2 * o.scale)
    value, size, frequency = c.b.map(drift[:1], scale=0.3), 1.0, 1.5
    for _ in range(o.depth):
        turned = c.turned(point, stream.number(0, 6.2832))
        scaled = c.b.map(turned, scale=frequency)
        waves = c.layer(scaled, o.width, o.activation, gain=1.4, bias=3.0, latent=0.3)
        sums = c.layer(waves, 3, "identity", gain=1.4, bias=0.0)
        ridges = c.b.map(sums[:1], "lorentz", 2.2)
        gated = c.b.product(ridges, gate)
        value = c.b.combine((1.0, value), (size, gated))
        point = c.moved(point, sums[1:], 0.16 / frequency)
        gate = c.b.map(gated, "tanh", 1.6)
        size, frequency = size * 0.62, frequency * 2.0
    return c.finish(value, drift[1:], drift[:1])


STYLE = Style(
    "canyon",
    "Weathered rock: seven octaves of ridges, for prints to step up to.",
    draw,
    scale=1.2,
    depth=7,
    width=8,
    activation="sin",
    time=True,
    finish="relief",
)
