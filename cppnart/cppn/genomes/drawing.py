"""A genome's network as something to look at: places for its nodes, and a picture at each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .genes import INPUTS, LABELS, Genome
from .program import evaluate, layers

SOFT = 1.5
"""How far from zero a value is before its picture nears black or white."""


@dataclass(frozen=True)
class Place:
    """A node in a drawing: kind is input, hidden or output; label is its name, or its activation;
    x and y in [0, 1], inputs at the left and outputs at the right."""

    id: str
    kind: str
    label: str
    activation: str
    x: float
    y: float


@dataclass(frozen=True)
class Line:
    """A link in a drawing."""

    source: str
    target: str
    weight: float
    enabled: bool


def places(genome: Genome) -> list[Place]:
    """Where the nodes of a genome stand: each layer a column, near what it reads, so that few
    links cross."""
    columns: list[list[str]] = [list(genome.inputs)]
    columns += [[name for name in layer if name not in LABELS] for layer in layers(genome)]
    columns = [column for column in columns if column] + [list(genome.outputs)]
    activations = {node.id: node.activation for node in genome.nodes}
    height: dict[str, float] = {}
    found = []
    for number, column in enumerate(columns):
        last = number == len(columns) - 1
        if number > 0 and not last:
            column = sorted(column, key=lambda name: (_pull(genome, name, height), name))
        for row, name in enumerate(column):
            height[name] = (row + 0.5) / len(column)
            kind = "input" if name in INPUTS else "output" if last else "hidden"
            activation = activations.get(name, "identity")
            label = activation if kind == "hidden" else name
            x = number / max(len(columns) - 1, 1)
            found.append(Place(name, kind, label, activation, x, height[name]))
    return found


def _pull(genome: Genome, name: str, height: dict[str, float]) -> float:
    """The mean height of what a node reads, weighed."""
    reads = [link for link in genome.enabled if link.target == name and link.source in height]
    weights = [abs(link.weight) + 1e-6 for link in reads]
    heights = [height[link.source] for link in reads]
    return float(np.average(heights, weights=weights)) if reads else 0.5


def lines(genome: Genome) -> list[Line]:
    """The links of a genome, the strongest last, so that they are drawn on top."""
    order = sorted(genome.links, key=lambda link: (link.enabled, abs(link.weight)))
    return [Line(link.source, link.target, link.weight, link.enabled) for link in order]


def thumbnails(genome: Genome, side: int = 32) -> dict[str, NDArray[np.uint8]]:
    """What each node makes over the square frame, by its id: (side, side) uint8, mid-grey where
    it is zero."""
    if not 1 <= side <= 512:
        raise ValueError(f"side {side}: expected 1 to 512 pixels")
    centres = (np.arange(side) + 0.5) / (side / 2) - 1
    x, y = np.meshgrid(centres, centres)
    shown = {
        name: 127.5 + 127.5 * np.tanh(values / SOFT)
        for name, values in evaluate(genome, x, y).items()
    }
    return {name: np.round(values).astype(np.uint8) for name, values in shown.items()}
