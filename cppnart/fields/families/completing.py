"""The code of a shape of which only points are known: what a decoder can be made to agree with."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..shapes import UNIT
from ..shapes.meshes import Cloud
from ..shapes.normals import with_normals
from .decoder import Decoder

STEPS = 300
RATE = 0.05
"""Of Adam, in standard deviations of the members' codes."""
PRIOR = 3e-4
STARTS = 4
"""Codes that are tried: those of the members which agree best."""
BATCH = 512
OFFSET = 0.02 * UNIT
"""How far along the normal a point is taken to be outside, or inside against it."""


@torch.enable_grad()
def fitted_code(
    decoder: Decoder,
    members: Tensor,
    points: NDArray[np.float32],
    inside: NDArray[np.float32],
    *,
    steps: int = STEPS,
    seed: int = 0,
) -> Tensor:
    """The code (codes,) at which a decoder gives points (N, 3) the probabilities ``inside`` (N,).

    Binary cross-entropy with a normal prior, of the mean and spread of the members' codes
    (M, codes); from the best few of those, by Adam ("DeepSDF", Park et al. 2019, section 4.2).
    """
    members = members.detach()
    device = members.device
    at, wanted = torch.from_numpy(points).to(device), torch.from_numpy(inside).to(device)
    random = torch.Generator().manual_seed(seed)
    mean = members.mean(0)
    spread = members.std(0).clamp_min(1e-3) if len(members) > 1 else torch.ones_like(mean)
    few = torch.randint(len(at), (BATCH,), generator=random).to(device)
    losses = torch.cat(
        [_disagreement(decoder, part, at[few], wanted[few]) for part in members.split(64)]
    ).detach()
    best = losses.topk(min(STARTS, len(members)), largest=False).indices
    own = ((members[best] - mean) / spread).clone().requires_grad_()
    optimiser = torch.optim.Adam([own], RATE)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = RATE * (1 - step / steps)
        few = torch.randint(len(at), (BATCH,), generator=random).to(device)
        loss = _disagreement(decoder, mean + spread * own, at[few], wanted[few])
        total = loss + PRIOR * own.square().sum(1)
        (own.grad,) = torch.autograd.grad(total.sum(), [own])
        optimiser.step()
    codes = (mean + spread * own).detach()
    last = _disagreement(decoder, codes, at[: 1 << 14], wanted[: 1 << 14]).detach()
    return codes[int((last + PRIOR * own.detach().square().sum(1)).argmin())]


def _disagreement(decoder: Decoder, codes: Tensor, points: Tensor, wanted: Tensor) -> Tensor:
    """Of each code, (B,)."""
    found = decoder(points.expand(len(codes), -1, -1), codes)
    losses = nn.functional.binary_cross_entropy_with_logits(
        found, wanted.expand_as(found), reduction="none"
    )
    return losses.mean(1)


def hints(cloud: Cloud) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What points of a surface say of their surroundings, in random order: points (3 N, 3), and how
    likely they are inside, (3 N,). On the surface that is even; along the normal it is not."""
    cloud = with_normals(cloud)
    assert cloud.normals is not None
    p, away = cloud.points, OFFSET * cloud.normals
    order = np.random.default_rng(0).permutation(3 * len(p))
    points = np.concatenate([p, p + away, p - away])[order]
    inside = np.repeat([0.5, 0.0, 1.0], len(p))[order]
    return points.astype(np.float32), inside.astype(np.float32)
