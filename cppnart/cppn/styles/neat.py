"""NEAT: random graphs, grown by mutation."""

import numpy as np

from cppnart.cppn.networks import MIXTURE, Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields.program import Program

Link = dict[tuple[int, int], float]


def grown(stream: Stream, inputs: int, outputs: int, hidden: int) -> tuple[Link, list[int]]:
    """A graph as CPPN-NEAT grows it: every output linked to every input, then ``hidden`` times a
    link is split by a new node and two links are added. Returns the weights of the links (from,
    to), and the nodes beyond the inputs in an order in which every link points forward. Nodes
    are numbered inputs, outputs, hidden."""
    links: Link = {
        (i, inputs + o): float(stream.normal()) for i in range(inputs) for o in range(outputs)
    }
    order = list(range(inputs + outputs))
    for node in range(inputs + outputs, inputs + outputs + hidden):
        source, target = stream.choice(sorted(links))
        links[source, node] = 1.2 * float(stream.normal()) + 0.6
        links[node, target] = links.pop((source, target))
        order.insert(order.index(target), node)
        for _ in range(2):
            first = stream.integer(0, len(order) - 2)
            second = stream.integer(max(first + 1, inputs), len(order) - 1)
            if order[first] >= inputs + outputs or order[first] < inputs:
                links[order[first], order[second]] = 1.3 * float(stream.normal())
    return links, [node for node in order if node >= inputs]


def draw(stream: Stream, o: Options) -> Program:
    """Stanley's CPPN-NEAT after many generations of pure drift: few links, an activation of its
    own for every node. x enters once as itself and once mirrored."""
    c = Canvas(stream, o)
    turned = c.turned(c.point, stream.number(-0.5, 0.5))
    mirror = c.length(turned[:1], 0.05)
    latent = c.sway(2, 0.6)
    inputs = np.concatenate([turned, mirror, c.length(c.point, 0.05), latent])
    links, order = grown(stream.child("graph"), len(inputs), 3, o.width)
    value_of = dict(enumerate(inputs))
    for node in order:
        sources = sorted(source for source, target in links if target == node)
        weights = [[links[source, node] for source in sources]]
        hidden = node >= len(inputs) + 3
        activation = stream.choice(MIXTURE) if hidden else "identity"
        bias = float(stream.normal()) * 0.5
        made = c.b.affine(np.array([value_of[s] for s in sources]), weights, bias, activation)
        value_of[node] = int(made[0])
    value, shade, accent = (np.array([value_of[len(inputs) + i]]) for i in range(3))
    return c.finish(value, shade, accent)


STYLE = Style(
    "neat",
    "Odd creatures: a random graph of mixed nodes, grown by mutation.",
    draw,
    scale=2.5,
    width=32,
    finish="contour",
)
