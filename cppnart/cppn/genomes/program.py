"""From a genome to a program, and the float64 reference that it is held to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cppnart.cppn.seeds import Stream
from cppnart.fields.fold import pruned
from cppnart.fields.program import Builder, Program, Values

from .genes import ACTIVATIONS, CONVENTIONS, Genome, Link

LATENT = 8
SWAY = 0.4
"""How far the latent moves the sum of a unit: the standard deviation, for a standard normal one."""

Array = NDArray[np.float64]


def program_of(genome: Genome, *, latent: bool = False, exact: bool = False) -> Program:
    """The network as a program: inputs x and y, outputs those of the genome.

    latent: with an input z of LATENT numbers, which sways every unit a little. At zero it changes
    nothing, and related genomes sway alike. exact: each weight as the sum of two float32, and d
    exact at the centre, for evaluation in float64; for pictures that is a waste.
    """
    b = Builder(x=1, y=1, z=LATENT) if latent else Builder(x=1, y=1)
    value = _inputs(b, genome, exact)
    incoming = _incoming(genome)
    activations = {node.id: node.activation for node in genome.nodes}
    for layer in layers(genome):
        _layer(b, value, layer, incoming, activations, exact)
    made = b.build(**{name: value[name] for name in genome.outputs})
    return pruned(made)


def layers(genome: Genome) -> list[list[str]]:
    """The nodes by depth: those of a layer read only inputs and earlier layers."""
    depth: dict[str, int] = {}
    incoming = _incoming(genome)
    for name in genome.order:
        depth[name] = max((depth.get(link.source, -1) for link in incoming[name]), default=-1) + 1
    found: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    for name in genome.order:
        found[depth[name]].append(name)
    return found


def _incoming(genome: Genome) -> dict[str, list[Link]]:
    incoming: dict[str, list[Link]] = {node.id: [] for node in genome.nodes}
    for link in genome.enabled:
        incoming[link.target].append(link)
    return incoming


def _inputs(b: Builder, genome: Genome, exact: bool) -> dict[str, Values]:
    value = {"x": b["x"], "y": b["y"]}
    if "d" in genome.inputs:
        value["d"] = distance_from_centre(b, CONVENTIONS[genome.convention], exact)
    if "bias" in genome.inputs:
        value["bias"] = b.constant(1.0)
    return value


def distance_from_centre(b: Builder, factor: float, exact: bool = False) -> Values:
    """The input d, in a program with inputs x and y."""
    squares = b.affine(b.map([b["x"], b["y"]], "square"), [[1, 1]])
    # the table's sqrt is 1e-6 at 0; the product is 0, but has no slope as a program
    root = b.product(squares, b.map(squares, "rsqrt")) if exact else b.map(squares, "sqrt")
    return b.affine(*_split([root], [[factor]], exact))


def _layer(
    b: Builder,
    value: dict[str, Values],
    names: Sequence[str],
    incoming: Mapping[str, Sequence[Link]],
    activations: Mapping[str, str],
    exact: bool,
) -> None:
    """Adds the units of one layer, as one affine map of all that they read."""
    reads = list(dict.fromkeys(link.source for name in names for link in incoming[name]))
    weight = np.zeros((len(names), len(reads)))
    for row, name in enumerate(names):
        for link in incoming[name]:
            weight[row, reads.index(link.source)] += link.weight
    sources = [value[name] for name in reads]
    latent = dict(b.inputs).get("z")
    if latent:
        sources.append(b["z"])
        weight = np.hstack([weight, [sway(name) for name in names]])
    units = [ACTIVATIONS[activations[name]] for name in names]
    weight *= np.array([factor for _, factor in units])[:, None]
    made = b.affine(*_split(sources, weight, exact), activation=[name for name, _ in units])
    value.update({name: made[row : row + 1] for row, name in enumerate(names)})


def sway(name: str) -> Array:
    """How much each number of the latent moves the sum of a unit, (LATENT,)."""
    return np.asarray(Stream(name, "sway").normal(LATENT) * (SWAY / np.sqrt(LATENT)))


def _split(
    sources: Sequence[Values], weight: ArrayLike, exact: bool
) -> tuple[Sequence[Values], Array]:
    """Sources and weights; where they are to be exact, each twice: rounded, and what is left."""
    weight = np.asarray(weight, float)
    if not exact:
        return sources, weight
    rounded = weight.astype(np.float32).astype(float)
    return [*sources, *sources], np.hstack([rounded, weight - rounded])


# --- The reference ---

FORMULAS: dict[str, Callable[[Array], Array]] = {
    "bipolar": lambda x: 2 / (1 + np.exp(-x)) - 1,
    "gaussian": lambda x: 2 * np.exp(-(x**2)) - 1,
    "sin": np.sin,
    "cos": np.cos,
    "identity": lambda x: x,
}
"""Picbreeder's, as they were published."""


def evaluate(genome: Genome, x: ArrayLike, y: ArrayLike) -> dict[str, Array]:
    """The value of every node at points, float64, straight from the genes: x and y of one shape.

    By name: inputs, hidden nodes and outputs; so it also says what a drawing of the network shows.
    """
    from cppnart.fields.activations import ACTIVATIONS as TABLE

    x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
    values: dict[str, Array] = {"x": x, "y": y, "bias": np.ones_like(x)}
    values["d"] = CONVENTIONS[genome.convention] * np.sqrt(x**2 + y**2)
    values = {name: values[name] for name in genome.inputs}
    incoming = _incoming(genome)
    activations = {node.id: node.activation for node in genome.nodes}
    with np.errstate(over="ignore"):
        for name in genome.order:
            total = np.zeros_like(x)
            for link in incoming[name]:
                total = total + link.weight * values[link.source]
            activation = activations[name]
            if activation in FORMULAS:
                values[name] = FORMULAS[activation](total)
            else:
                values[name] = TABLE[ACTIVATIONS[activation][0]].array(np, total)
    return values
