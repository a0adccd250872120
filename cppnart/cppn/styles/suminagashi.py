"""Suminagashi: ink floating on water."""

import math

import numpy as np

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program, Values


def draw(stream: Stream, o: Options) -> Program:
    """Drops of alternating rings, carried by a flow that neither spreads nor gathers: each of
    ``depth`` residual steps moves the point along the curl of a sum of waves."""
    c = Canvas(stream, o, time=True)
    point = c.point
    for step in range(o.depth):
        point = flow(c, point, 1.4 + 0.6 * step, 0.2 / (1 + 0.5 * step), o.width)
    value, shade = c.b.constant(0.1), c.b.constant(0.5)
    for number in range(stream.integer(3, 5)):
        centre = stream.uniform(-0.7, 0.7, 2) * o.scale
        size = o.scale * stream.number(0.75, 1.15) / (1 + 0.4 * number)
        radius = c.length(c.away(point, centre), 0.02)
        rings = stream.integer(4, 9) * math.pi / size
        bands = c.b.map(radius, "sin", rings)
        bands = c.b.map(bands, "tanh", 2.5)
        tone = c.b.affine([bands, radius], [[0.42, -0.3 / size]], 0.6)
        inside = c.edge(radius, -90 / o.scale, -size)
        value = c.mix(inside, value, tone)
        shade = c.mix(inside, shade, c.b.map(radius, scale=1 / size))
    accent = c.net(point, 1, depth=1, width=8)
    return c.finish(value, shade, accent)


def flow(c: Canvas, point: Values, frequency: float, step: float, waves: int) -> Values:
    """One step along the curl of a stream function, a sum of sines of about this frequency."""
    angle = c.stream.uniform(0, 2 * math.pi, waves)
    size = frequency * c.stream.uniform(0.6, 1.4, waves)
    k = np.stack([np.cos(angle), np.sin(angle)], 1) * size[:, None]
    sway = c.stream.normal((waves, len(c.z))) * 0.25
    clock = c.stream.normal((waves, len(c.clock))) * 0.3
    sources = [point, c.z, c.clock]
    weight = np.concatenate([k, sway, clock], 1)
    slopes = c.b.affine(sources, weight, c.stream.uniform(0, 2 * math.pi, waves), "cos")
    amount = step * c.stream.uniform(0.5, 1.5, waves) / size * 2
    move = np.stack([k[:, 1] * amount, -k[:, 0] * amount])
    return c.b.affine([point, slopes], np.concatenate([np.eye(2), move], 1))


STYLE = Style(
    "suminagashi",
    "Ink rings floating on water, drawn out by a current.",
    draw,
    scale=1.2,
    depth=4,
    width=8,
    time=True,
    tones="linear",
    noise=0.6,
    palettes=("sumi", "porcelain", "ukiyo-e", "lapis", "oxblood", "agate", "verdigris"),
)
