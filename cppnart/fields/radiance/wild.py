"""Photographs that do not agree: things are in one that no other has (Martin-Brualla et al., "NeRF
in the wild", 2021, section 4).

As published, such things are a second medium in space, with codes of photographs. Grids would
explain whole photographs by that, so with them they are a layer over each photograph instead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from .model import Light
from .photographs import Batch
from .volume import Rays, Samples, Seen, look, stopped

BETA_MIN = 0.03
SPARSE = 0.01
"""Weight of the mean density of what is seen once."""
LAYER = 0.07
"""Weight of the mean opacity of layers: what is wrong by more than an eighth is rather hidden."""
HIDING = 4
"""How soon a layer keeps what stands still from learning what it hides: while it is half there,
what is wrong would still pull at both."""


@dataclass(frozen=True)
class Together:
    """What rays show with what is seen once. static: without it; once (R, 3) and its opacity (R,);
    colour (R, 3) and opacity (R,) of both; beta (R,): the deviation of the colour."""

    static: Seen
    once: Tensor
    once_opacity: Tensor
    colour: Tensor
    opacity: Tensor
    beta: Tensor


def medium_loss(light: Light, batch: Batch, samples: Samples, background: Tensor | float) -> Tensor:
    """Equation 13 of the paper, without the part of the coarse field."""
    assert light.once is not None
    assert light.transient is not None
    points = samples.points(batch.rays)
    density, features = light.at(points)
    static = light.colours(features, samples, batch.rays, light.codes(batch.views))
    codes = light.transient[batch.views][samples.ray]
    once = light.once(torch.cat([features, codes], 1)).float()
    once = torch.cat([once[:, :1] * light.space.shrunk(points)[:, None], once[:, 1:]], 1)
    seen = in_medium(samples, batch.rays, density, static, once)
    found = seen.colour + (1 - seen.opacity)[:, None] * background
    error = (found - batch.over(background)).square().mean(1)
    certain = error / (2 * seen.beta.square()) + seen.beta.log()
    loss: Tensor = certain.mean() + SPARSE * once[:, 0].mean()
    return loss


def in_medium(
    samples: Samples, rays: Rays, density: Tensor, static: Tensor, once: Tensor
) -> Together:
    """What rays show of two media in one place: what stands still, of densities (N,) and colours
    (N, 3), and what is seen once (N, 5): density, colour, beta.

    Each is hidden by all that is in front of it, of either (equation 8).
    """
    thick, once_thick = (samples.thickness(d, rays) for d in (density, once[:, 0]))
    through = torch.exp(-samples.before(thick + once_thick))
    ones = torch.ones_like(density)[:, None]
    shown = samples.sums((stopped(thick) * through)[:, None] * torch.cat([static, ones], 1))
    other = samples.sums(
        (stopped(once_thick) * through)[:, None] * torch.cat([once[:, 1:], ones], 1)
    )
    return Together(
        look(samples, thick, static),
        other[:, :3],
        other[:, 4],
        shown[:, :3] + other[:, :3],
        shown[:, 3] + other[:, 4],
        BETA_MIN + other[:, 3],
    )


def layer_loss(light: Light, batch: Batch, seen: Seen, background: Tensor | float) -> Tensor:
    """Of what rays show of what stands still, behind the layers of their photographs."""
    layer = light.layers(batch.views, batch.places)
    both = behind_layer(_held(seen, (1 - layer[:, 0].detach()) ** HIDING), layer)
    wanted = batch.over(background)
    found = both.colour + (1 - both.opacity)[:, None] * background
    error = functional.smooth_l1_loss(found, wanted, beta=0.1)
    # what it says of uncertainty must not weigh what stands still, which is wrong at first
    wrong = (seen.over(background).detach() - wanted).square().mean(1)
    certain = wrong / (2 * both.beta.square()) + both.beta.log()
    loss: Tensor = error + LAYER * both.once_opacity.mean() + 1e-3 * certain.mean()
    return loss


def _held(seen: Seen, share: Tensor) -> Seen:
    """The same to look at, of which only a share (R,) can be learnt from."""
    colour = torch.lerp(seen.colour.detach(), seen.colour, share[:, None])
    return replace(
        seen, colour=colour, opacity=torch.lerp(seen.opacity.detach(), seen.opacity, share)
    )


def behind_layer(seen: Seen, layer: Tensor) -> Together:
    """What rays show through layers (R, 5): opacity, colour, beta."""
    covered = layer[:, :1]
    once = covered * layer[:, 1:4]
    colour = once + (1 - covered) * seen.colour
    opacity = covered[:, 0] + (1 - covered[:, 0]) * seen.opacity
    return Together(seen, once, covered[:, 0], colour, opacity, BETA_MIN + layer[:, 4])
