"""What pictures are known by in lineages."""

from __future__ import annotations

import hashlib

import msgspec

from cppnart.cppn.genomes.draw import identity
from cppnart.render.recipe import Recipe, genome_of

_INHERITED = (
    "seed",
    "field",
    "weights",
    "style",
    "latent",
    "scale",
    "depth",
    "width",
    "activation",
    "symmetry",
)


def lineage_id(recipe: Recipe) -> str:
    """The id of a picture whose recipe is complete, as ``prepare`` gives it: 16 hex digits.

    A hash of its network: the same network at another size, seen from elsewhere or in other
    colours has the same id. Recipes name parents by it.
    """
    genome = genome_of(recipe)
    if genome is not None:
        return identity(genome)
    inherited = [getattr(recipe, name) for name in _INHERITED]
    return hashlib.sha256(msgspec.json.encode(inherited)).hexdigest()[:16]
