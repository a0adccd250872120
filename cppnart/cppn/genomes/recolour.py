"""A genome that makes greys as one that makes colours, and the other way round."""

from __future__ import annotations

from dataclasses import replace

from cppnart.cppn.seeds import Stream

from .genes import LABELS, Genome, Link, Node, labels_of
from .grow import CALM
from .innovation import link_innovation
from .parameters import INTERACTIVE, Parameters

MAIN = {"palette": "value", "ink": "ink", "hsb": "brightness"}
"""The output that carries the picture."""


def with_outputs(
    genome: Genome, outputs: str, stream: Stream, parameters: Parameters = INTERACTIVE
) -> Genome:
    """The genome with outputs of another kind, among genes.OUTPUTS; itself where it has them.

    What made the value, the ink or the brightness makes it again; other outputs go, and new ones
    read what that one reads, and the inputs, at random weights.
    """
    labels = labels_of(outputs)
    if genome.kind == outputs:
        return genome
    old, new = MAIN[genome.kind], MAIN[outputs]
    names = {old: new, **{node.id: node.id for node in genome.hidden}}
    names |= {name: name for name in genome.inputs}
    nodes = [replace(node, id=names[node.id]) for node in genome.nodes if node.id in names]
    links = [
        _renamed(link, names)
        for link in genome.links
        if link.source in names and link.target in names
    ]
    read = [link.source for link in links if link.target == new and link.enabled]
    sources = [name for name in dict.fromkeys([*genome.inputs, *read]) if name not in LABELS]
    for label in labels:
        if label != new:
            own = stream.child(label).uniform(-parameters.bound, parameters.bound, len(sources))
            calm = CALM if label in ("hue", "saturation") else 1.0
            nodes.append(Node(label, "identity"))
            links += [
                Link(link_innovation(source, label), source, label, float(weight) * calm)
                for source, weight in zip(sources, own, strict=True)
            ]
    return Genome(genome.inputs, tuple(nodes), tuple(links), genome.convention)


def _renamed(link: Link, names: dict[str, str]) -> Link:
    source, target = names[link.source], names[link.target]
    if (source, target) == (link.source, link.target):
        return link
    return replace(link, source=source, target=target, innovation=link_innovation(source, target))
