"""Atlas: coasts, plains and peaks."""

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Ground of a few octaves, each warped by the last and rough only where the ground is high; a
    massif rises round one point, and what lies under the sea is pressed flat."""
    c = Canvas(stream, o, time=True)
    drift = c.net(c.point, 3, depth=1, width=16, gain=1.5, time=0.2)
    point = c.moved(c.point, drift[:2], 0.5)
    summit = stream.uniform(-0.4, 0.4, 2) * o.scale
    massif = c.bell(c.away(point, summit), 0.85 * o.scale)
    height = c.b.affine([drift[2:], massif], [[0.9, 1.4]], -0.55)
    rough, size, frequency = c.b.map(height, "sigmoid", 2.0, 0.8), 0.7, 1.5
    for _ in range(o.depth):
        scaled = c.b.map(point, scale=frequency)
        waves = c.layer(scaled, o.width, "sin", gain=1.5, bias=3.0, latent=0.4)
        octave = c.layer(waves, 3, "identity", gain=1.4, bias=0.0)
        height = c.b.combine((1.0, height), (size, c.b.product(octave[:1], rough)))
        point = c.moved(point, octave[1:], 0.3 / frequency)
        rough = c.b.map(height, "sigmoid", 2.5, 0.8)
        size, frequency = size * 0.5, frequency * 2.0
    land = c.b.map(height, "softplus", 6.0)
    coast = c.edge(height, 90)
    value = c.b.affine([land, coast, height], [[0.17, 0.25, 0.12]])
    shade = c.b.affine([massif, coast, drift[:1]], [[1.0, 0.8, 0.3]])
    return c.finish(value, shade, drift[:1])


STYLE = Style(
    "atlas",
    "A map: coasts, plains and peaks.",
    draw,
    scale=1.5,
    depth=4,
    width=8,
    time=True,
    tones="linear",
    finish="contour",
    palettes=("old-map", "lagoon", "moss", "glacier", "terracotta", "celadon", "desert"),
)
