"""What is trained: a decoder, the codes of members, and an encoder where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from .decoder import Decoder
from .encoders import ENCODERS

METHODS: dict[str, str | None] = {
    "codes": None,
    "vae": "points",
    "points": "points",
    "voxels": "voxels",
    "image": "image",
}
"""How codes come about, and what is read for it: learnt for each member with the decoder (an
auto-decoder: "DeepSDF", Park et al. 2019); from an encoder, as a distribution; from an encoder."""
BEGINNING = 0.1
"""Standard deviation of codes that are learnt, before they are."""
LARGEST = {"codes": 256, "width": 512, "depth": 16, "octaves": 8}


class FamilyModel(nn.Module):
    """A decoder with the codes of ``members`` members, (members, codes), and an encoder.

    Raises ValueError for an unknown method and options out of range.
    """

    def __init__(
        self,
        method: str,
        members: int,
        *,
        codes: int = 32,
        width: int = 64,
        depth: int = 3,
        octaves: int = 3,
    ) -> None:
        super().__init__()
        options = {"codes": codes, "width": width, "depth": depth, "octaves": octaves}
        if method not in METHODS:
            raise ValueError(f"method {method!r}: expected {', '.join(METHODS)}")
        for name, value in options.items():
            least = 0 if name == "octaves" else 1
            if type(value) is not int or not least <= value <= LARGEST[name]:
                raise ValueError(f"{name} {value!r}: expected {least} to {LARGEST[name]}")
        self.method = method
        self.spec: Mapping[str, Any] = {"method": method, **options}
        self.decoder = Decoder(**options)
        self.codes = nn.Parameter(BEGINNING * torch.randn(members, codes))
        self.encoder: nn.Module | None = None
        kind = METHODS[method]
        if kind is not None:
            self.encoder = ENCODERS[kind](2 * codes if method == "vae" else codes)
            self.codes.requires_grad_(False)

    @property
    def rates(self) -> dict[str, float]:
        """By how much faster than the rest codes learn, each of which is seen now and then."""
        return {"codes": 0.0 if self.encoder is not None else 3.0}

    def distribution(self, read: Tensor) -> tuple[Tensor, Tensor]:
        """The mean and the logarithm of the variance of codes, (B, codes) each."""
        assert self.encoder is not None
        mean, spread = self.encoder(read).chunk(2, 1)
        return mean, spread

    def encode(self, read: Tensor) -> Tensor:
        """Codes (B, codes) of what the encoder reads; of distributions, the means."""
        assert self.encoder is not None
        made: Tensor = self.distribution(read)[0] if self.method == "vae" else self.encoder(read)
        return made
