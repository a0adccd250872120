"""NEAT: random graphs, grown by mutation."""

import numpy as np

from cppnart.cppn.networks import MIXTURE, Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program

Links = dict[tuple[int, int], float]


def grown(stream: Stream, inputs: int, outputs: int, hidden: int) -> tuple[Links, list[int]]:
    """A graph as CPPN-NEAT grows it: every output linked to every input, then ``hidden`` times a
    link is split by a new node, and two links are added.

    Nodes are numbered inputs, outputs, hidden. Returns the weight of each link (from, to), and the
    nodes beyond the inputs in an order in which every link points forward.
    """
    links: Links = {
        (i, inputs + o): stream.number(-1, 1) for i in range(inputs) for o in range(outputs)
    }
    order = list(range(inputs + outputs))
    first_hidden = inputs + outputs
    for node in range(first_hidden, first_hidden + hidden):
        source, target = stream.choice(list(links))
        links[source, node] = float(stream.normal()) * 2.2
        links[node, target] = links.pop((source, target)) * 1.6
        order.insert(order.index(target), node)
        for _ in range(2):
            at = stream.integer(inputs, len(order) - 1)
            below = [n for n in order[:at] if not inputs <= n < first_hidden]
            links[stream.choice(below), order[at]] = float(stream.normal()) * 1.6
    return links, order[inputs:]


def draw(stream: Stream, o: Options) -> Program:
    """Stanley's CPPN-NEAT after long drift: few links, an activation of its own for every node. The
    inputs are x, y, x mirrored, and the distance from the centre; the latent moves the centre and
    every bias."""
    c = Canvas(stream, o)
    turned = c.turned(c.moved(c.point, c.sway(2, 0.3)), stream.number(-0.5, 0.5))
    inputs = np.concatenate([turned, c.length(turned[:1], 0.05), c.length(turned, 0.05)])
    sway = c.sway(o.width, 0.3)
    first_hidden = len(inputs) + 3
    links, order = grown(stream.child("graph"), len(inputs), 3, o.width)
    value_of = dict(enumerate(inputs))
    for node in order:
        incoming = [(source, link) for (source, target), link in links.items() if target == node]
        values = [value_of[source] for source, _ in incoming]
        weights = [weight for _, weight in incoming]
        activation = "identity"
        if node >= first_hidden:
            values.append(sway[node - first_hidden])
            weights.append(1.0)
            activation = stream.choice(MIXTURE)
        bias = 0.7 * stream.normal(1)
        value_of[node] = c.b.affine(np.array(values), [weights], bias, activation)[0]
    value, shade, accent = (np.array([value_of[len(inputs) + i]]) for i in range(3))
    return c.finish(value, shade, accent)


STYLE = Style(
    "neat",
    "Odd creatures: a random graph of mixed nodes, grown by mutation.",
    draw,
    scale=2.5,
    width=40,
    finish="contour",
)
