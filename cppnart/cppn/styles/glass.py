"""Glass: coloured panes between leads."""

import numpy as np

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Soft cells: the weight of a site is exp(-k d^2) over the sum of all, so that inside a pane
    one site has all the weight, and the sum of squared weights falls to a half at a border. Panes
    are small round one focal point and large away from it."""
    c = Canvas(stream, o, time=True)
    focus = stream.uniform(-0.4, 0.4, 2)
    out = stream.normal((o.width, 2))
    reach = np.sqrt((out**2).sum(1, keepdims=True))
    sites = focus + out / reach * (1.5 * (np.arange(o.width)[:, None] + 0.6) / o.width) ** 0.75
    drift = c.net(c.point, 3, depth=2, width=8, gain=1.4, latent=0.7, time=0.3)
    point = c.moved(c.point, drift[:2], 0.16)
    hardness = 90.0
    square = c.square(point)
    weight = np.concatenate([2 * hardness * sites, np.full((o.width, 1), -hardness)], 1)
    cells = c.b.affine([point, square], weight, -hardness * (sites**2).sum(1), "exp")
    total = c.total(cells, 1e-12, "reciprocal")
    share = c.b.product(cells, total)
    tones = stream.uniform(0.12, 1.0, o.width)
    tints = stream.uniform(0.2, 1.0, o.width)
    pane = c.b.affine(share, [tones, tints])
    lead = c.edge(c.total(c.b.map(share, "square")), 14, -0.72)
    pane_lit = c.b.affine([pane[:1], drift[2:]], [[1.0, 0.08]])
    value = c.mix(lead, c.b.constant(0.02), pane_lit)
    shade = c.b.affine([pane[1:], drift[2:]], [[0.5, 0.2]], 0.2)
    return c.finish(value, c.b.product(shade, lead), pane[1:])


STYLE = Style(
    "glass",
    "A leaded window: panes that crowd round one point.",
    draw,
    scale=1.0,
    width=40,
    time=True,
    tones="drawn",
    palettes=("paper-cuts", "bauhaus", "peacock", "coral-reef", "lapis", "flamingo-lake"),
)
