"""Fourier: random frequencies, mostly across one direction."""

import math

import numpy as np

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Fourier features (Tancik et al. 2020) through a small network. The frequencies are normal,
    much wider across than along a direction that bends slowly, so that the picture hangs in
    curtains and brush strokes."""
    c = Canvas(stream, o, time=True)
    bend = c.net(c.point, 3, depth=2, width=8, gain=1.3, latent=0.6, time=0.3)
    point = c.turned(c.moved(c.point, bend[:2], 0.35), stream.number(-0.6, 0.6))
    octave = stream.uniform(0.0, 1.0, o.width)
    across = stream.normal(o.width) * 1.2 * 14.0**octave
    along = stream.normal(o.width) * (0.6 + 0.8 * octave)
    phase = stream.uniform(0, 2 * math.pi, o.width)
    waves = c.b.affine(point, np.stack([across, along], 1), phase, "sin")
    fading = c.b.map(waves, scale=1.6 / (1.0 + 2.0 * octave))
    out = c.net([fading, bend], 3, gain=2.2, latent=0.3)
    value = c.b.affine([out[:1], bend[2:]], [[1.0, 0.5]])
    return c.finish(value, out[1:2], out[2:])


STYLE = Style(
    "fourier",
    "Curtains and brush strokes: Fourier features, fine across and long along.",
    draw,
    scale=1.3,
    depth=2,
    width=32,
    activation="tanh",
    time=True,
    noise=0.4,
    finish="brush",
)
