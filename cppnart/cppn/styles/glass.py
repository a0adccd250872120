"""Glass: coloured panes between leads."""

import numpy as np

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program


def draw(stream: Stream, o: Options) -> Program:
    """Soft cells: the weight of a site is exp(-k d^2) over the sum of all, so that inside a pane
    one site has all the weight, and the sum of squared weights falls to a half at a border. Panes
    are small round one focal point and large away from it, and k falls with them."""
    c = Canvas(stream, o, time=True)
    focus = stream.uniform(-0.45, 0.45, 2)
    n = o.width
    angle = 2.39996 * np.arange(n) + stream.uniform(-0.5, 0.5, n)
    reach = 1.75 * ((np.arange(n) + stream.uniform(0.2, 1.0, n)) / n) ** 0.75
    sites = focus + reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)

    drift = c.net(c.point, 3, depth=2, width=8, gain=1.4, latent=0.7, time=0.3)
    point = c.moved(c.point, drift[:2], stream.number(0.05, 0.2))
    spread = c.total(c.b.map(c.away(point, focus), "square"), 0.1, "reciprocal")
    distances = np.concatenate([-2 * sites, np.ones((n, 1))], 1)
    squares = c.b.affine([point, c.square(point)], distances, (sites**2).sum(1))
    cells = c.b.map(c.b.product(squares, spread), "exp", -110.0)
    share = c.b.product(cells, c.total(cells, 1e-12, "reciprocal"))
    panes = c.b.affine(share, [stream.uniform(0.1, 1.0, n), stream.uniform(0.2, 1.0, n)])
    lead = c.edge(c.total(c.b.map(share, "square")), 16, -0.72)
    lit = c.b.affine([panes[:1], drift[2:]], [[1.0, 0.07]])
    value = c.mix(lead, c.b.constant(0.02), lit)
    shade = c.b.affine([panes[1:], drift[2:]], [[0.5, 0.2]], 0.3)
    return c.finish(value, c.b.product(shade, lead), panes[1:])


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
