"""A family of solids as a signal to be fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..occupancy import slices
from ..shapes.metrics import iou
from .completing import fitted_code
from .encoders import POINTS
from .members import Member
from .model import FamilyModel

PRIOR = 1e-3
"""Of codes that are learnt: the weight of their square."""
NOISE = 0.2
"""Standard deviation of what is added to them in training, so that what lies between two codes lies
between their shapes too."""
LIKELIHOOD = 2048
"""Points whose likelihood a distribution of codes weighs against the prior: as many as the paper
draws of each shape. With fewer, codes say next to nothing."""
TREMBLE = 0.01
"""Standard deviation of points that an encoder learns from: a scan is not exact either."""
SCORED = 24
"""Shapes of those held out, at most, that checks look at."""
SEARCHED = 8
"""Where their codes have to be searched for, so many, """
SEARCH = 40
"""in so many steps."""


class FamilyTask:
    """Members of a family as log-odds of being inside, given a code: binary cross-entropy on points
    of the box and near the surface (Mescheder et al., "Occupancy networks", 2019, section 3.2).

    members: what is learnt; held_out: what is scored, by the mean IoU on points of the box, with a
    code from the encoder or, without one, the code that fits best to points near the surface.
    batch: shapes in a step, with ``points`` points of each.
    """

    name = "shapes"

    def __init__(
        self,
        members: Sequence[Member],
        held_out: Sequence[Member],
        *,
        batch: int = 16,
        points: int = 256,
    ) -> None:
        if not 1 <= batch <= 1 << 12:
            raise ValueError(f"batch {batch}: expected 1 to {1 << 12} shapes")
        if not 2 <= points <= 1 << 16:
            raise ValueError(f"points {points}: expected 2 to {1 << 16} of each shape")
        self.members, self.held_out = list(members), list(held_out)
        self.batch, self.points = batch, points
        self._points = torch.from_numpy(np.stack([m.points for m in members]))
        self._inside = torch.from_numpy(np.stack([m.inside for m in members]))
        self._read = read_of(members)
        most = SCORED if self._read is not None else SEARCHED
        self._held = self.held_out[:most] or self.members[:most]
        self._held_read = read_of(self._held)
        self.settings: Mapping[str, Any] = {
            "members": len(members),
            "held_out": len(held_out),
            "batch": batch,
            "points": points,
        }

    def loss(self, model: nn.Module, random: torch.Generator, device: torch.device) -> Tensor:
        assert isinstance(model, FamilyModel)
        chosen = torch.randint(len(self.members), (self.batch,), generator=random)
        half = self._points.shape[1] // 2
        numbers = torch.randint(half, (self.batch, self.points), generator=random)
        numbers[:, self.points // 2 :] += half
        points = self._points[chosen[:, None], numbers].to(device)
        wanted = self._inside[chosen[:, None], numbers].float().to(device)
        codes, prior = self._codes(model, chosen, random, device)
        found = model.decoder(points, codes)
        return nn.functional.binary_cross_entropy_with_logits(found, wanted) + prior

    def _codes(
        self, model: FamilyModel, chosen: Tensor, random: torch.Generator, device: torch.device
    ) -> tuple[Tensor, Tensor | float]:
        """Codes of the chosen members, and what is added to the loss for them."""
        if self._read is None:
            codes = model.codes[chosen.to(device)]
            noise = torch.randn(codes.shape, generator=random).to(device)
            return codes + NOISE * noise, PRIOR * codes.square().sum(1).mean()
        read = self._drawn(self._read[chosen], random).to(device)
        if model.method != "vae":
            return model.encode(read), 0.0
        mean, spread = model.distribution(read)
        noise = torch.randn(mean.shape, generator=random).to(device)
        # Kingma and Welling, "Auto-encoding variational Bayes", 2014, appendix B; the likelihood is
        # a sum over points, the loss a mean
        apart = 0.5 * (mean.square() + spread.exp() - spread - 1).sum(1).mean()
        return mean + (0.5 * spread).exp() * noise, apart / LIKELIHOOD

    def _drawn(self, read: Tensor, random: torch.Generator) -> Tensor:
        """Some of the points of each cloud, moved a little; one of the pictures of each shape."""
        if read.shape[-1] == 3:
            numbers = torch.randint(read.shape[1], (len(read), POINTS), generator=random)
            few = read[torch.arange(len(read))[:, None], numbers]
            return few + TREMBLE * torch.randn(few.shape, generator=random)
        if read.dtype == torch.float16:
            numbers = torch.randint(read.shape[1], (len(read),), generator=random)
            return read[torch.arange(len(read)), numbers].float()
        return read.float()

    def scores(self, model: nn.Module) -> dict[str, float]:
        assert isinstance(model, FamilyModel)
        device = model.codes.device
        found = []
        for number, member in enumerate(self._held):
            half = len(member.points) // 2
            if self._held_read is None:
                near, inside = member.points[half:], member.inside[half:].astype(np.float32)
                members = model.codes[: len(self.members)]
                code = fitted_code(model.decoder, members, near, inside, steps=SEARCH)
            else:
                code = model.encode(first(self._held_read[number : number + 1]).to(device))[0]
            box = torch.from_numpy(member.points[:half]).to(device)
            values = model.decoder(box[None], code[None])[0]
            found.append(iou((values > 0).cpu().numpy(), member.inside[:half]))
        return {"iou": float(np.mean(found))}

    def preview(self, model: nn.Module) -> NDArray[np.uint8]:
        """Slices of the first members, one above another."""
        assert isinstance(model, FamilyModel)
        codes = model.codes[:3]
        if self._read is not None:
            codes = model.encode(first(self._read[:3]).to(codes.device))
        return np.concatenate([slices(AtCode(model, code), 1.0, 4.0) for code in codes])


class AtCode(nn.Module):
    """One member, as a field of points (N, 3)."""

    def __init__(self, model: FamilyModel, code: Tensor) -> None:
        super().__init__()
        self.decoder, self.code = model.decoder, code

    def forward(self, points: Tensor) -> Tensor:
        found: Tensor = self.decoder(points[None], self.code[None])[0, :, None]
        return found


def read_of(members: Sequence[Member]) -> Tensor | None:
    """What an encoder reads of members, one beside another."""
    reads = [member.read for member in members if member.read is not None]
    return torch.from_numpy(np.stack(reads)) if reads else None


def first(read: Tensor) -> Tensor:
    """What an encoder is given where nothing is drawn: points by turns, the first picture."""
    if read.shape[-1] == 3:
        return read[:, :: max(read.shape[1] // POINTS, 1)][:, :POINTS]
    return read[:, 0].float() if read.dtype == torch.float16 else read.float()
