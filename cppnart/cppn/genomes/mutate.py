"""Mutation: a genome and a stream give a genome that differs a little.

Each function takes a genome and returns another; the stream alone decides what happens, so a seed
gives the same children on every machine.
"""

from __future__ import annotations

from dataclasses import replace

from cppnart.cppn.seeds import Stream

from .genes import INPUTS, MAX_LINKS, MAX_NODES, Genome, Link, Node
from .innovation import link_innovation, node_innovation
from .parameters import INTERACTIVE, Parameters

TRIES = 32
"""At finding two nodes that can be linked."""


def mutate(
    genome: Genome, stream: Stream, parameters: Parameters = INTERACTIVE, *, strength: float = 0.5
) -> Genome:
    """A child of one parent.

    strength: the dial, 0 to 1: 0.5 takes the parameters as they are, 1 twice as much of
    everything, and close to 0 next to nothing changes. Raises ValueError when it is out of range.
    """
    factor = 2 * checked_strength(strength)
    turns = 1
    if parameters.exclusive:
        turns = max(1, round(parameters.rounds * factor))
    for turn in range(turns):
        for what in _picked(stream.child("which", turn), parameters, factor):
            genome = _CHANGES[what](genome, stream.child(what, turn), parameters, factor)
    return genome


def checked_strength(strength: float) -> float:
    if isinstance(strength, bool) or not 0 <= strength <= 1:
        raise ValueError(f"strength {strength}: expected a number from 0 to 1")
    return float(strength)


def _picked(stream: Stream, parameters: Parameters, factor: float) -> list[str]:
    """Which changes happen."""
    chances = [float(getattr(parameters, name)) for name in _CHANGES]
    if parameters.exclusive:
        return [stream.choice(list(_CHANGES), chances)]
    return [
        name
        for name, chance in zip(_CHANGES, chances, strict=True)
        if stream.chance(chance * factor)
    ]


# --- The changes ---


def change_weights(
    genome: Genome, stream: Stream, parameters: Parameters, factor: float = 1.0
) -> Genome:
    """Some weights moved, and a few of those drawn anew; sometimes far, sometimes hardly."""
    steps = stream.child("steps").normal(len(genome.links))
    fresh = stream.child("fresh").uniform(-1, 1, len(genome.links))
    draws = stream.child("which").uniform(0, 1, (len(genome.links), 2))
    bound = parameters.bound
    size = 2 * factor * parameters.step * stream.child("size").number()
    links = []
    for link, step, new, (which, how) in zip(genome.links, steps, fresh, draws, strict=True):
        if which < parameters.each_weight:
            if how < parameters.replaced * factor / 2:
                weight = new * bound
            else:
                weight = link.weight + size * step
            link = replace(link, weight=min(max(float(weight), -bound), bound))
        links.append(link)
    return replace(genome, links=tuple(links))


def add_node(genome: Genome, stream: Stream, parameters: Parameters, factor: float = 1.0) -> Genome:
    """A link split by a node: it is disabled, the link into the node has weight 1, and the one out
    of it the old weight."""
    enabled = genome.enabled
    if not enabled or len(genome.nodes) >= MAX_NODES or len(genome.links) + 2 > MAX_LINKS:
        return genome
    old = stream.choice(enabled)
    name = node_innovation(old.innovation, {node.id for node in genome.nodes})
    node = Node(name, stream.choice(*_odds(parameters)))
    first = Link(link_innovation(old.source, name), old.source, name, 1.0)
    second = Link(link_innovation(name, old.target), name, old.target, old.weight)
    links = [replace(link, enabled=False) if link is old else link for link in genome.links]
    return replace(genome, nodes=(*genome.nodes, node), links=(*links, first, second))


def add_link(genome: Genome, stream: Stream, parameters: Parameters, factor: float = 1.0) -> Genome:
    """A link between two nodes that have none; one that is disabled is enabled. A source may be an
    output; inputs that the genome lacks come with their first link."""
    inputs = [name for name in INPUTS if name in parameters.inputs]
    sources = [*inputs, *genome.order]
    between = {(link.source, link.target): link for link in genome.links}
    place = {name: number for number, name in enumerate(genome.order)}
    for _ in range(TRIES):
        source, target = stream.choice(sources), stream.choice(genome.order)
        found = between.get((source, target))
        if found is not None and not found.enabled:
            return _with(genome, replace(found, enabled=True))
        if found is not None or len(genome.links) >= MAX_LINKS:
            continue
        if (
            source in place
            and (place[source] >= place[target])
            and _reaches(genome, target, source)
        ):
            continue
        weight = stream.number(-parameters.bound, parameters.bound)
        link = Link(link_innovation(source, target), source, target, weight)
        names = genome.inputs if source in place else tuple({*genome.inputs, source})
        if any(link.innovation == other.innovation for other in genome.links):
            continue
        return replace(genome, inputs=names, links=(*genome.links, link))
    return genome


def change_activations(
    genome: Genome, stream: Stream, parameters: Parameters, factor: float = 1.0
) -> Genome:
    """Other activations for some nodes, at least for one."""
    draws = stream.child("which").uniform(0, 1, len(genome.nodes))
    share = min(parameters.each_activation * factor, 1.0)
    chosen = {node.id for node, u in zip(genome.nodes, draws, strict=True) if u < share}
    chosen = chosen or {stream.choice(genome.nodes).id}
    nodes = tuple(
        Node(node.id, stream.choice(*_odds(parameters))) if node.id in chosen else node
        for node in genome.nodes
    )
    return replace(genome, nodes=nodes)


def toggle_link(
    genome: Genome, stream: Stream, parameters: Parameters, factor: float = 1.0
) -> Genome:
    """A link switched on or off."""
    if not genome.links:
        return genome
    link = stream.choice(genome.links)
    return _with(genome, replace(link, enabled=not link.enabled))


_CHANGES = {
    "weights": change_weights,
    "add_node": add_node,
    "add_link": add_link,
    "activation": change_activations,
    "toggle": toggle_link,
}


def _odds(parameters: Parameters) -> tuple[list[str], list[float]]:
    names, odds = zip(*parameters.activations, strict=True)
    return list(names), list(odds)


def _with(genome: Genome, changed: Link) -> Genome:
    """The genome with this link in place of the one of its innovation."""
    links = tuple(
        changed if link.innovation == changed.innovation else link for link in genome.links
    )
    return replace(genome, links=links)


def _reaches(genome: Genome, start: str, end: str) -> bool:
    """Whether links, enabled or not, lead from one node to another, or they are the same."""
    after: dict[str, list[str]] = {}
    for link in genome.links:
        after.setdefault(link.source, []).append(link.target)
    seen, waiting = {start}, [start]
    while waiting:
        for name in after.get(waiting.pop(), ()):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return end in seen
