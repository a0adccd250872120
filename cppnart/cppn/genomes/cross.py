"""Crossing: a child of two genomes, gene by gene, matched by innovation."""

from __future__ import annotations

from dataclasses import replace

from cppnart.cppn.seeds import Stream

from .genes import LABELS, Genome, Link, Node, ordered
from .parameters import INTERACTIVE, Parameters


def cross(
    first: Genome,
    second: Genome,
    stream: Stream,
    parameters: Parameters = INTERACTIVE,
    *,
    equal: bool = True,
) -> Genome:
    """A child of two parents.

    Genes that match come from either parent, or have the mean of both weights. Others come from
    both parents when they are equal, where no loop comes of it, and else from the first alone, the
    fitter one. A gene that is disabled in either parent stays so with the parameters' chance.
    Raises ValueError where the parents make different kinds of pictures.
    """
    if first.kind != second.kind:
        raise ValueError(
            f"genomes with outputs {', '.join(first.outputs)} and {', '.join(second.outputs)} do"
            " not cross: expected the same outputs"
        )
    links = _links(first, second, stream.child("links"), parameters, equal)
    reached = {end for link in links for end in (link.source, link.target)}
    nodes = _nodes(first, second, stream.child("nodes"), reached)
    inputs = tuple(dict.fromkeys((*first.inputs, *second.inputs)))
    return Genome(inputs, nodes, tuple(links), first.convention)


def _links(
    first: Genome, second: Genome, stream: Stream, parameters: Parameters, equal: bool
) -> list[Link]:
    others = {link.innovation: link for link in second.links}
    averaged = stream.child("averaged").chance(parameters.averaged)
    child: list[Link] = []
    own = set()
    for gene in first.links:
        own.add(gene.innovation)
        match = others.get(gene.innovation)
        if match is not None and (match.source, match.target) != (gene.source, gene.target):
            match = None  # genes that somebody else has numbered
        child.append(_inherited(gene, match, stream, parameters, averaged))
    if equal:
        # nothing in the first parent's order forbids these, or they are left out
        for gene in second.links:
            if gene.innovation not in own and stream.chance(0.5):
                child.append(_inherited(gene, None, stream, parameters, False))
        child = _without_loops(child, len(first.links))
    return child


def _inherited(
    gene: Link, match: Link | None, stream: Stream, parameters: Parameters, averaged: bool
) -> Link:
    weight, disabled = gene.weight, not gene.enabled
    if match is not None:
        disabled = disabled or not match.enabled
        if averaged:
            weight = (gene.weight + match.weight) / 2
        elif stream.chance(0.5):
            weight = match.weight
    enabled = not (disabled and stream.chance(parameters.stays_disabled))
    return replace(gene, weight=weight, enabled=enabled)


def _without_loops(links: list[Link], kept: int) -> list[Link]:
    """The first ``kept`` links, which have no loop, and of the others those that make none."""
    if _forward(links):
        return links
    chosen = links[:kept]
    for link in links[kept:]:
        if _forward([*chosen, link]):
            chosen.append(link)
    return chosen


def _forward(links: list[Link]) -> bool:
    edges = [(link.source, link.target) for link in links]
    return ordered({target for _, target in edges}, edges) is not None


def _nodes(first: Genome, second: Genome, stream: Stream, reached: set[str]) -> tuple[Node, ...]:
    """Outputs, and the hidden nodes that links lead to or from; what both have, from either."""
    others = {node.id: node for node in second.nodes}
    child = {}
    for node in first.nodes:
        match = others.get(node.id)
        child[node.id] = match if match is not None and stream.chance(0.5) else node
    child = {**others, **child}
    return tuple(node for name, node in child.items() if name in LABELS or name in reached)
