"""How often genomes change, and by how much, as data."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cppnart.cppn.style import unknown

from .genes import ACTIVATIONS, INPUTS


@dataclass(frozen=True)
class Parameters:
    """Chances are of a whole genome, unless they say otherwise.

    weights, add_node, add_link, activation, toggle: chances that weights change, that a link is
        split by a node, that a link is added, that activations change, and that a link is switched
        on or off. exclusive: exactly one of these happens, picked by these odds; otherwise each
        happens or not by itself. rounds: how many times in one child.
    each_weight: the share of weights that change; replaced: how many of those are drawn anew; step:
        the standard deviation of the others' change. each_activation: the share of nodes whose
        activation changes. bound: weights stay within it.
    activations: names and their odds. inputs: those that new links may read.
    mutated_only: the chance that a child has one parent although there are several. averaged: the
        chance that a crossing averages the weights of matching genes. stays_disabled: the chance
        that a gene which is disabled in either parent is so in the child.
    """

    weights: float
    add_node: float
    add_link: float
    activation: float
    toggle: float = 0.0
    exclusive: bool = False
    rounds: int = 1
    each_weight: float = 1.0
    replaced: float = 0.1
    step: float = 0.5
    each_activation: float = 0.2
    bound: float = 3.0
    activations: tuple[tuple[str, float], ...] = (
        ("bipolar", 0.22),
        ("gaussian", 0.22),
        ("sin", 0.22),
        ("cos", 0.22),
        ("identity", 0.12),
    )
    inputs: tuple[str, ...] = tuple(INPUTS)
    mutated_only: float = 0.25
    averaged: float = 0.4
    stays_disabled: float = 0.75

    def __post_init__(self) -> None:
        for name, _ in self.activations:
            if name not in ACTIVATIONS:
                raise unknown("activation", name, ACTIVATIONS)
        for name in self.inputs:
            if name not in INPUTS:
                raise unknown("input", name, INPUTS)
        if not self.activations or not self.inputs:
            raise ValueError("activations, inputs: expected at least one of each")

    def with_activations(self, names: tuple[str, ...]) -> Parameters:
        """The same with these activations alone, at the odds that they have among themselves."""
        odds = dict(self.activations)
        return replace(self, activations=tuple((name, odds.get(name, 0.2)) for name in names))


INTERACTIVE = Parameters(
    weights=0.72,
    add_node=0.13,
    add_link=0.13,
    activation=0.02,
    exclusive=True,
    rounds=4,
    each_weight=0.4,
)
"""For children that a person picks from: the odds of win-Picbreeder, several times over, because
each child should look like its parent, and none the same."""

BATCH = Parameters(
    weights=0.8,
    add_node=0.2,
    add_link=0.3,
    activation=0.05,
    toggle=0.02,
    each_weight=0.2,
)
"""For many generations: as Stanley and Miikkulainen (2002), section 4.1; structure grows faster,
since pictures need more of it than their tasks, and activations change, which theirs did not."""
