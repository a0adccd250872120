"""Generators: networks that turn a latent into a field, each in a file of its own.

A generator is built from a specification, which is plain JSON and is kept in its snapshots:
``build_generator({"kind": "fmm", "latent": 128, "channels": 3, "classes": 0, "resolution": 64})``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ..specs import kind_of, parsed
from .cppn2016 import Cppn2016, Cppn2016Spec
from .fmm import Fmm, FmmSpec
from .generator import Generator as Generator
from .poly import Poly, PolySpec

GENERATORS: dict[str, tuple[type[Any], type[Generator]]] = {
    "cppn2016": (Cppn2016Spec, Cppn2016),
    "fmm": (FmmSpec, Fmm),
    "poly": (PolySpec, Poly),
}
"""By name the specification, a frozen dataclass with defaults, and the network."""


def build_generator(spec: Mapping[str, Any], *, seed: int = 0) -> Generator:
    """The generator of a specification, with the first weights that a seed draws.

    Raises ValueError for an unknown kind or option, or one out of range.
    """
    own, network = GENERATORS[kind_of(spec, GENERATORS, "generator")]
    return network(parsed(own, spec), torch.Generator().manual_seed(seed))
