"""Discriminators: networks that tell pictures of the data from those of a generator.

A discriminator is built from a specification, which is plain JSON:
``build_discriminator({"kind": "conv", "channels": 3, "classes": 0, "resolution": 64})``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ..specs import kind_of, parsed
from .conv import ConvDiscriminator, ConvSpec
from .discriminator import Discriminator as Discriminator
from .sets import SetDiscriminator, SetSpec

DISCRIMINATORS: dict[str, tuple[type[Any], type[Discriminator]]] = {
    "conv": (ConvSpec, ConvDiscriminator),
    "set": (SetSpec, SetDiscriminator),
}
"""By name the specification, a frozen dataclass with defaults, and the network."""


def build_discriminator(spec: Mapping[str, Any], *, seed: int = 0) -> Discriminator:
    """The discriminator of a specification, with the first weights that a seed draws.

    Raises ValueError for an unknown kind or option, or one out of range.
    """
    own, network = DISCRIMINATORS[kind_of(spec, DISCRIMINATORS, "discriminator")]
    return network(parsed(own, spec), torch.Generator().manual_seed(seed))
