"""Genes: the nodes and links of a network, each known by its innovation.

A genome is data: it is checked when it is built, its genes are kept in one order, and it never
changes. So genomes that are equal compare equal, and have equal files.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from cppnart.cppn.style import unknown
from cppnart.fields.activations import NETWORK_ACTIVATIONS

from .innovation import link_innovation, order_of

INPUTS = {
    "x": "from left to right",
    "y": "from top to bottom",
    "d": "the distance from the centre",
    "bias": "one everywhere",
}
OUTPUTS = {
    "palette": ("value", "shade", "accent"),
    "ink": ("ink",),
    "hsb": ("hue", "saturation", "brightness"),
}
"""What a network may make: a value with its shade and accent, as the styles do; or greys, or
colours, as Picbreeder does."""
LABELS = {name for names in OUTPUTS.values() for name in names}
ACTIVATIONS: dict[str, tuple[str, float]] = {
    "bipolar": ("tanh", 0.5),
    **{name: (name, 1.0) for name in NETWORK_ACTIVATIONS},
}
"""The activations of nodes, each as one of the table of fields, and a factor before it. bipolar is
the sigmoid of CPPN-NEAT, 2 / (1 + exp(-x)) - 1."""
CONVENTIONS = {"centers": math.sqrt(2), "endpoints": 1.4}
"""What the input d is times the radius: sqrt(2) where points are the centres of pixels, 1.4 where
the first and the last pixel lie at -1 and 1; see picbreeder.py."""
MAX_NODES, MAX_LINKS = 1024, 8192
MAX_WEIGHT = 1e4


@dataclass(frozen=True, order=True)
class Node:
    """A unit: id (its innovation, or the label of an output) and activation."""

    id: str
    activation: str


@dataclass(frozen=True)
class Link:
    """A weighted link between two nodes. One that is not enabled is inherited but counts for
    nothing."""

    innovation: str
    source: str
    target: str
    weight: float
    enabled: bool = True


@dataclass(frozen=True)
class Genome:
    """A network as genes. Raises ValueError where they do not fit together.

    inputs: among INPUTS, in that order. nodes: outputs and hidden ones. links: none into an input,
    and no way round, enabled or not. convention: what d means, among CONVENTIONS.
    order: ids of all nodes, so that every link points forward.
    """

    inputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    convention: str = "centers"
    order: tuple[str, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name in self.inputs:
            if name not in INPUTS:
                raise unknown("input", name, INPUTS)
        if self.convention not in CONVENTIONS:
            raise unknown("convention", self.convention, CONVENTIONS)
        if len(self.nodes) > MAX_NODES or len(self.links) > MAX_LINKS:
            raise ValueError(
                f"a genome of {len(self.nodes)} nodes and {len(self.links)} links: expected at"
                f" most {MAX_NODES} and {MAX_LINKS}"
            )
        _check_nodes(self.inputs, self.nodes)
        _check_links(self.links, {*self.inputs, *(node.id for node in self.nodes)}, self.inputs)
        fixed = {
            "inputs": tuple(name for name in INPUTS if name in self.inputs),
            "nodes": tuple(sorted(self.nodes, key=lambda node: (order_of(node.id), node.id))),
            "links": tuple(sorted(self.links, key=lambda link: order_of(link.innovation))),
        }
        for name, value in fixed.items():
            object.__setattr__(self, name, value)
        edges = [(link.source, link.target) for link in self.links]
        order = ordered([node.id for node in self.nodes], edges)
        if order is None:
            raise ValueError(
                "the genome has a loop of links: expected a network that feeds forward"
            )
        object.__setattr__(self, "order", tuple(order))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The labels of its outputs, in the order of OUTPUTS."""
        return OUTPUTS[self.kind]

    @property
    def kind(self) -> str:
        """Which of OUTPUTS it makes."""
        own = {node.id for node in self.nodes}
        return next(kind for kind, labels in OUTPUTS.items() if labels[0] in own)

    @property
    def hidden(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.id not in LABELS)

    @property
    def enabled(self) -> tuple[Link, ...]:
        return tuple(link for link in self.links if link.enabled)

    def __str__(self) -> str:
        return f"{len(self.inputs) + len(self.nodes)} nodes, {len(self.enabled)} links"


def minimal(
    weights: Iterable[float],
    *,
    outputs: str = "palette",
    inputs: Iterable[str] = tuple(INPUTS),
) -> Genome:
    """The network that evolution begins with: every input linked to every output, nothing between.

    weights: one for each link, output by output.
    """
    names = tuple(inputs)
    pairs = [(source, target) for target in labels_of(outputs) for source in names]
    links = [
        Link(link_innovation(source, target), source, target, float(weight))
        for (source, target), weight in zip(pairs, weights, strict=True)
    ]
    nodes = tuple(Node(name, "identity") for name in labels_of(outputs))
    return Genome(names, nodes, tuple(links))


def labels_of(outputs: str) -> tuple[str, ...]:
    """The outputs of a kind, among OUTPUTS; ValueError for what is none."""
    if outputs not in OUTPUTS:
        raise unknown("kind of outputs", outputs, OUTPUTS)
    return OUTPUTS[outputs]


def _check_nodes(inputs: tuple[str, ...], nodes: tuple[Node, ...]) -> None:
    ids = [*inputs, *(node.id for node in nodes)]
    if len(set(ids)) != len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise ValueError(f"node {twice[:40]!r} is there twice")
    labels = {node.id for node in nodes if node.id in LABELS}
    if not any(labels == set(names) for names in OUTPUTS.values()):
        known = "; ".join(", ".join(names) for names in OUTPUTS.values())
        shown = ", ".join(sorted(labels)) or "none"
        raise ValueError(f"a genome with outputs {shown}: expected one of the sets {known}")
    for node in nodes:
        if node.activation not in ACTIVATIONS:
            raise unknown("activation", node.activation, ACTIVATIONS)
        if node.id not in LABELS:
            order_of(node.id, "node")


def _check_links(links: tuple[Link, ...], ids: set[str], inputs: tuple[str, ...]) -> None:
    if len({link.innovation for link in links}) != len(links):
        raise ValueError("two links have the same innovation: expected one link for each")
    for link in links:
        order_of(link.innovation, "link")
        for end in (link.source, link.target):
            if end not in ids:
                raise ValueError(f"a link names node {end[:40]!r}, which is not there")
        if link.target in inputs:
            raise ValueError(f"a link leads into the input {link.target!r}")
        if not (math.isfinite(link.weight) and abs(link.weight) <= MAX_WEIGHT):
            raise ValueError(
                f"weight {link.weight} of link {link.innovation}: expected a finite number"
                f" within {MAX_WEIGHT:g} of zero"
            )


def ordered(nodes: Iterable[str], edges: Iterable[tuple[str, str]]) -> list[str] | None:
    """The nodes in an order in which every edge (from, to) points forward, the same for equal
    nodes and edges in whatever order; None where there is none.

    Ends that are not among the nodes are inputs, which need no place.
    """
    waiting = {name: 0 for name in sorted(nodes)}
    after: dict[str, list[str]] = {}
    for source, target in edges:
        if source in waiting:
            waiting[target] += 1
            after.setdefault(source, []).append(target)
    ready = [name for name, count in waiting.items() if not count]
    for name in ready:  # grows as we go
        free = []
        for target in after.get(name, ()):
            waiting[target] -= 1
            if not waiting[target]:
                free.append(target)
        ready += sorted(free)
    return ready if len(ready) == len(waiting) else None
