"""From genome to genome: two networks brought into one structure, between which numbers blend.

Genes that match blend. A node that only one parent has is complete on both sides, and fades by the
links out of it. So the way between relatives is smooth, and at its ends stand the parents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cppnart.fields.program import Builder, Program, Values

from .genes import ACTIVATIONS, CONVENTIONS, INPUTS, LABELS, Genome, ordered
from .innovation import order_of
from .program import LATENT, distance_from_centre, sway

Pair = tuple[str, str]
Weights = dict[Pair, float]


def aligned(first: Genome, second: Genome) -> tuple[Program, Program]:
    """The networks of two genomes as programs that differ in nothing but numbers and activations;
    inputs x, y and z, outputs as the genomes'.

    Each is the same function as its genome. Raises ValueError where the outputs differ.
    """
    if first.kind != second.kind:
        raise ValueError(
            f"outputs {', '.join(first.outputs)} and {', '.join(second.outputs)}: there is no way"
            " between them"
        )
    both = {node.id for node in first.nodes} & {node.id for node in second.nodes}
    while True:
        sides = (_side(first, "a", both), _side(second, "b", both))
        order = ordered(
            {**sides[0].activations, **sides[1].activations},
            sorted({**sides[0].weights, **sides[1].weights}),
        )
        if order is not None:
            break
        both = both - {_in_the_way(sides, both)}
    one, other = sides
    made = [
        _program(first, own, order, one, other)
        for own in (one.completed(other), other.completed(one))
    ]
    return made[0], made[1]


@dataclass(frozen=True)
class _Side:
    """One genome's part of the structure: activations of its nodes and weights of its links, by
    names that the two genomes share where the nodes are shared."""

    mark: str
    distance: float
    inputs: tuple[str, ...]
    activations: Mapping[str, str]
    weights: Weights

    def completed(self, other: _Side) -> _Side:
        """With the nodes that only the other has, and the links into those."""
        lacking = {n: a for n, a in other.activations.items() if n not in self.activations}
        links = {pair: w for pair, w in other.weights.items() if pair[1] in lacking}
        return _Side(
            self.mark,
            self.distance,
            self.inputs,
            {**self.activations, **lacking},
            {**self.weights, **links},
        )


def _side(genome: Genome, mark: str, shared: set[str]) -> _Side:
    def name(node: str) -> str:
        return node if node in INPUTS or node in shared else f"{mark}:{node}"

    weights: Weights = {}
    for link in genome.enabled:
        pair = (name(link.source), name(link.target))
        weights[pair] = weights.get(pair, 0.0) + link.weight
    activations = {name(node.id): node.activation for node in genome.nodes}
    factor = CONVENTIONS[genome.convention]
    return _Side(mark, factor, genome.inputs, activations, weights)


def _in_the_way(sides: tuple[_Side, _Side], shared: set[str]) -> str:
    """A shared node in a loop that the two sides' links make together, the newest; an output only
    where there is nothing else."""
    edges = {**sides[0].weights, **sides[1].weights}
    names = {**sides[0].activations, **sides[1].activations}
    forward = _stuck(names, edges)
    backward = _stuck(names, [(target, source) for source, target in edges if source in names])
    inside = [name for name in shared if name in forward and name in backward]
    return max(inside, key=lambda name: (name not in LABELS, order_of(name), name))


def _stuck(names: Mapping[str, str], edges: Weights | list[Pair]) -> set[str]:
    """The nodes that have a loop before them, or are in one."""
    left = set(names)
    while True:
        held = {target for source, target in edges if source in left}
        if left <= held:
            return left
        left &= held


def _program(genome: Genome, own: _Side, order: list[str], one: _Side, other: _Side) -> Program:
    b = Builder(x=1, y=1, z=LATENT)
    value = {"x": b["x"], "y": b["y"], "bias": b.constant(1.0)}
    value["d"] = distance_from_centre(b, own.distance)
    pairs = sorted({**one.weights, **other.weights})
    depth: dict[str, int] = {}
    for name in order:
        before = [depth.get(source, -1) for source, target in pairs if target == name]
        depth[name] = max(before, default=-1) + 1
    for level in range(max(depth.values()) + 1):
        names = [name for name in order if depth[name] == level]
        _layer(b, value, names, pairs, own)
    outputs = {label: _output(b, value, label, own) for label in genome.outputs}
    return b.build(**outputs)


def _layer(
    b: Builder, value: dict[str, Values], names: list[str], pairs: list[Pair], own: _Side
) -> None:
    reads = list(dict.fromkeys(source for source, target in pairs if target in names))
    units = [ACTIVATIONS[own.activations[name]] for name in names]
    weight = np.array([[own.weights.get((s, name), 0.0) for s in reads] for name in names])
    moves = np.array([sway(name.partition(":")[2] or name) for name in names])
    both = np.hstack([weight.reshape(len(names), len(reads)), moves])
    both *= np.array([factor for _, factor in units])[:, None]
    sources = [*(value[name] for name in reads), b["z"]]
    made = b.affine(sources, both, activation=[name for name, _ in units])
    value.update({name: made[row : row + 1] for row, name in enumerate(names)})


def _output(b: Builder, value: dict[str, Values], label: str, own: _Side) -> Values:
    """The output of this side; where the two could not be one node, as a mixture of both that is
    all this side's."""
    if label in value:
        return value[label]
    weight = [[float(own.mark == mark) for mark in "ab"]]
    return b.affine([value[f"a:{label}"], value[f"b:{label}"]], weight)
