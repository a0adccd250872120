"""Fields of light as torch modules."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..networks.trained import trainable
from ..program import Program
from ..torch_backend import ProgramModule
from .networks import APPEARANCE, TRANSIENT, Parts, whole
from .space import Space
from .volume import Rays, Samples, Seen, look

CODES = 0.3
"""How much faster codes of light learn: few rays of a step are of one photograph."""
CELLS = 4.0
"""How much faster the cells of layers do: few rays of all are in one."""
HIGHEST = 15.0
"""Of the logarithm of a density: its slope is that of one which is no larger."""


class Light(nn.Module):
    """A field of light.

    views: how many photographs have codes of their own, where the networks take codes.
    """

    appearance: Tensor | None
    transient: Tensor | None

    def __init__(self, parts: Parts, space: Space, views: int, seed: int = 0) -> None:
        super().__init__()
        self.space, self.activation, self.shift = space, parts.activation, parts.shift
        self.density, rates = trainable(parts.density)
        self.rates = {f"density.{name}": rate for name, rate in rates.items()}
        encode = ProgramModule(parts.encode, range(len(parts.encode.operations)))
        self.encode = encode
        self.colour, _ = trainable(parts.colour)
        self.once = None if parts.transient is None else trainable(parts.transient)[0]
        self.layer = None if parts.layers is None else trainable(parts.layers)[0]
        if self.layer is not None:
            self.rates |= {
                f"layer.{name}": CELLS
                for name, _ in self.layer.named_parameters()
                if "table" in name
            }
        self.views = views
        random = torch.Generator().manual_seed(seed)
        named = "appearance" in self.colour.input_names
        self.appearance = _codes(views, APPEARANCE, random) if named else None
        self.rates["appearance"] = CODES
        self.transient = _codes(views, TRANSIENT, random) if self.once is not None else None

    def at(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Densities (N,) at points of the world (N, 3), and features (N, k)."""
        found = self.density(self.space.inside(points))
        return self._active(found[:, 0].float()) * self.space.shrunk(points), found[:, 1:]

    def density_at(self, points: Tensor) -> Tensor:
        """Densities (N,) at points of the field's box (N, 3)."""
        return self._active(self.density(points)[:, 0].float())

    def _active(self, raw: Tensor) -> Tensor:
        raw = raw + self.shift
        if self.activation == "exp":
            return torch.exp(raw.clamp(max=HIGHEST))
        if self.activation == "relu":
            return torch.relu(raw)
        return nn.functional.softplus(raw)

    def colours(
        self, features: Tensor, samples: Samples, rays: Rays, codes: Tensor | None
    ) -> Tensor:
        """Colours (N, 3) of samples with these features; codes (R, k) of the appearance in which
        each ray is seen."""
        known = [self.encode(rays.looks)]
        if self.appearance is not None:
            assert codes is not None
            known.append(codes)
        of_ray = torch.cat(known, 1)[samples.ray]
        found: Tensor = self.colour(torch.cat([features, of_ray.to(features.dtype)], 1))
        return found.float()

    def codes(self, views: Tensor) -> Tensor | None:
        """The appearance codes of photographs (R,), or nothing where there are none."""
        return None if self.appearance is None else self.appearance[views]

    def layers(self, views: Tensor, places: Tensor) -> Tensor:
        """What lies over photographs (R,) at places (R, 2) in [0, 1]^2: (R, 5)."""
        assert self.layer is not None
        number = views[:, None].to(places) / max(self.views - 1, 1)
        found: Tensor = self.layer(torch.cat([places, number], 1))
        return found.float()

    def seen(self, rays: Rays, samples: Samples, codes: Tensor | None) -> Seen:
        """What rays show, without what is in one photograph alone."""
        density, features = self.at(samples.points(rays))
        return look(
            samples, samples.thickness(density, rays), self.colours(features, samples, rays, codes)
        )

    def program(self) -> Program:
        """All of it as one program; see ``whole``."""
        parts = {
            "density": self.density.program(),
            "encode": self.encode.program(),
            "colour": self.colour.program(),
        }
        if self.once is not None:
            parts["transient"] = self.once.program()
        if self.layer is not None:
            parts["layers"] = self.layer.program()
        return whole(parts, self.activation, self.shift)


def _codes(views: int, size: int, random: torch.Generator) -> nn.Parameter:
    return nn.Parameter(torch.randn(views, size, generator=random) * 0.01)
