"""Atlas: coasts, plains and peaks."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Ground of a few octaves, warped; a massif rises round one point, and what lies under the sea
    is pressed almost flat."""
    c = Canvas(stream, o, time=True)
    drift = c.net(c.point, 2, depth=1, width=16, gain=1.4, time=0.2)
    point = c.moved(c.point, drift, 0.45)
    massif = c.bell(c.moved(point, -stream.uniform(-0.5, 0.5, 2) * o.scale), 0.7 * o.scale)
    ground = c.net(point, 2, gain=1.5, latent=0.4)
    fine = c.net(c.b.map(point, scale=3.0), 1, depth=1, width=16, gain=1.8, latent=0.2)
    rough = c.b.product(fine, massif)
    height = c.b.affine([ground[:1], massif, rough], [[0.8, 1.5, 0.22]], -0.35)
    land = c.b.map(height, "softplus", 5.0)
    value = c.b.affine([land, height], [[0.2, 0.12]])
    return c.finish(value, ground[1:], fine)


STYLE = Style(
    "atlas",
    "A map: coasts, plains and peaks.",
    draw,
    scale=1.6,
    depth=2,
    width=16,
    activation="sin",
    time=True,
    tones="linear",
    finish="contour",
    palettes=("old-map", "lagoon", "moss", "glacier", "terracotta", "celadon", "desert"),
)
