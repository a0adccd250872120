"""Solids to be fitted: what is inside, or how far the surface is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .derivatives import gradient
from .shapes import UNIT
from .shapes.inside import Solid
from .shapes.meshes import Cloud, Floats, Mesh
from .shapes.metrics import iou
from .shapes.sampling import in_box, near_surface, on_surface, room
from .shapes.windings import clearance

POOL = 1 << 20
"""Points that batches are drawn from, half of them near the surface."""
AROUND = 1 << 15
"""Points of the box whose distance from a surface is known, more or less."""
SCORED = 100_000
POINTS = 1 << 15
"""Evaluated at once where many are."""
CLOSE = 0.25
"""Of the points near the surface, half are nearer still, by this factor: they say where exactly
it is."""
CLEAR = 0.01 * UNIT
"""Points this far from the surface at least are searched for specks, """
WORST = 4
"""for a share of a batch: one in so many."""
SLICE = 160
"""Pixels along a side of each of the three slices of a preview."""
TOUCHING = 0.005 * UNIT
"""A surface this near to a point goes through it, in the score of a cloud."""


class Held:
    """Points that are held out, and whether they are inside."""

    def __init__(self, mesh: Mesh, solid: Solid, seed: int = 1) -> None:
        random = np.random.default_rng(seed)
        self.box = in_box(SCORED, random)
        self.near = near_surface(mesh, SCORED, random)
        self.truth = solid(self.box), solid(self.near)

    def scores(self, field: nn.Module, sign: float) -> dict[str, float]:
        """The IoU on points of the box, and on points near the surface."""
        found = [sign * values_at(field, points) > 0 for points in (self.box, self.near)]
        return {
            name: iou(inside, truth)
            for name, inside, truth in zip(("iou", "near"), found, self.truth, strict=True)
        }


class OccupancyTask:
    """A solid as the log-odds of being inside: binary cross-entropy on points of the box and near
    the surface (Mescheder et al., "Occupancy networks", 2019, section 3.2).

    mesh: in the box. solid: what says exactly what is inside. batch: points in a step, half of
    them near the surface. Each is moved by chance as far as the surface leaves room, or networks
    would learn the points by heart and make specks between them. search: in each step, look at so
    many batches of points away from the surface, and take a part of the batch from the worst of
    them and of those found before (Shrivastava et al., "Training region-based object detectors with
    online hard example mining", 2016): networks make specks all the same. The score is the IoU on
    points of the box that are held out; ``near`` is that on points near the surface.
    """

    name = "shape"

    def __init__(self, mesh: Mesh, solid: Solid, *, batch: int = 8192, search: int = 0) -> None:
        _check_batch(batch)
        self.batch = batch
        random = np.random.default_rng(0)
        half = POOL // 2
        close = near_surface(mesh, half // 2, random, CLOSE * 0.01 * UNIT)
        pools = in_box(half, random), near_surface(mesh, half // 2, random), close
        points = np.concatenate(pools)
        self._points = torch.from_numpy(points.astype(np.float32))
        self._inside = torch.from_numpy(solid(points)).float()
        self._room = torch.from_numpy(room(mesh, points, random).astype(np.float32))
        self._clear = torch.nonzero(self._room[:half] > CLEAR)[:, 0]
        self._searched = search * batch if len(self._clear) and batch >= WORST else 0
        self._hard = self._points[:0], self._inside[:0]
        self._held = Held(mesh, solid)
        self.settings: Mapping[str, Any] = {
            "as": "occupancy",
            "batch": batch,
            "search": search,
            "faces": len(mesh.faces),
            "volume": round(float(self._inside[:half].mean()), 6),
        }

    def loss(self, field: nn.Module, random: torch.Generator, device: torch.device) -> Tensor:
        numbers = torch.randint(POOL // 2, (self.batch,), generator=random)
        numbers[self.batch // 2 :] += POOL // 2
        points, inside = (drawn.to(device) for drawn in self._drawn(numbers, random))
        if self._searched:
            rare = self._search(field, random, device)
            worst, theirs = self._hard
            count = len(worst)
            points = torch.cat([torch.where(rare, worst, points[:count]), points[count:]])
            inside = torch.cat([torch.where(rare, theirs, inside[:count]), inside[count:]])
        found = field(points)[:, 0]
        return nn.functional.binary_cross_entropy_with_logits(found, inside)

    def _drawn(self, numbers: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Points of these numbers, each moved by chance, and whether they are inside."""
        moved, _ = _moved(self._points[numbers], self._room[numbers], random)
        return moved, self._inside[numbers]

    @torch.no_grad()
    def _search(self, field: nn.Module, random: torch.Generator, device: torch.device) -> Tensor:
        """Finds points away from the surface where the field is worst, for now and later. False
        where all of them are wrong: what is not rare, batches meet without a search, and a young
        network would see little else."""
        chosen = torch.randint(len(self._clear), (self._searched,), generator=random)
        drawn = self._drawn(self._clear[chosen], random)
        points, inside = (
            torch.cat([old.to(device), new.to(device)])
            for old, new in zip(self._hard, drawn, strict=True)
        )
        right = torch.where(inside > 0, 1, -1) * field(points)[:, 0]
        least, worst = right.topk(self.batch // WORST, largest=False)
        self._hard = points[worst], inside[worst]
        return torch.gt(least[-1], 0)

    def state_dict(self) -> dict[str, Tensor]:
        """The worst points so far: they stay in batches until they are learnt."""
        points, inside = self._hard
        return {"points": points, "inside": inside}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        self._hard = state["points"], state["inside"]

    def scores(self, field: nn.Module) -> dict[str, float]:
        return self._held.scores(field, 1.0)

    def preview(self, field: nn.Module) -> NDArray[np.uint8]:
        return slices(field, 1.0, 4.0)


class DistanceTask:
    """A surface as the zero of a signed distance, negative inside: the field is 0 on it, its slope
    there the normal and of length 1 everywhere (Sitzmann et al., "Implicit neural representations
    with periodic activation functions", 2020, section 4.2; the eikonal term is of Gropp et al.,
    "Implicit geometric regularization", 2020). Elsewhere the paper only asks that it is not 0,
    which leaves hollows inside; here it is as far from 0 as is known, on the side that winding
    numbers of the points say.

    points, normals: of the surface, in the box, (N, 3). held: what to score with where the inside
    is known; else the share of points, held out, which the surface passes within .005 of, and the
    mean cosine of the normals there.
    """

    name = "shape"
    WEIGHTS = (3000.0, 100.0, 50.0, 1000.0)
    """Of being 0 on the surface, of normals, of the eikonal term, and of being far from 0."""

    def __init__(self, cloud: Cloud, *, held: Held | None = None, batch: int = 4096) -> None:
        _check_batch(batch)
        if cloud.normals is None:
            raise ValueError("a cloud without normals: see with_normals")
        self.batch, self._held = batch, held
        order = np.random.default_rng(0).permutation(len(cloud.points))
        out = order[: max(len(order) // 20, 1)] if held is None else order[:0]
        learnt = order[len(out) :]
        self._points, self._normals = _floats(cloud.points[learnt]), _floats(cloud.normals[learnt])
        self._out = _floats(cloud.points[out]), _floats(cloud.normals[out])
        random = np.random.default_rng(1)
        box = in_box(AROUND, random)
        known = Cloud(cloud.points[learnt], cloud.normals[learnt])
        self._box, self._clear = _floats(box), _floats(clearance(known, box, random))
        self.settings: Mapping[str, Any] = {"as": "sdf", "batch": batch, "points": len(learnt)}

    def loss(self, field: nn.Module, random: torch.Generator, device: torch.device) -> Tensor:
        half = self.batch // 2
        numbers = torch.randint(len(self._points), (half,), generator=random)
        box, clear = (part.to(device) for part in self._around(half, random))
        at = torch.cat([self._points[numbers].to(device), box]).requires_grad_()
        wanted = self._normals[numbers].to(device)
        values = field(at)
        slopes = gradient(field, at)
        on, off = values[:half, 0], values[half:, 0]
        turned = 1 - nn.functional.cosine_similarity(slopes[:half], wanted)
        terms = (
            on.abs().mean(),
            turned.mean(),
            (slopes.norm(dim=1) - 1).abs().mean(),
            (clear.abs() - clear.sign() * off).relu().mean(),
        )
        total: Tensor = sum(weight * term for weight, term in zip(self.WEIGHTS, terms, strict=True))
        return total / sum(self.WEIGHTS)

    def _around(self, count: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Points of the box, moved by chance, and what the distance is there at least."""
        numbers = torch.randint(len(self._box), (count,), generator=random)
        clear = self._clear[numbers]
        moved, far = _moved(self._box[numbers], clear.abs(), random)
        return moved, clear - clear.sign() * far

    def scores(self, field: nn.Module) -> dict[str, float]:
        if self._held is not None:
            return self._held.scores(field, -1.0)
        points, normals = self._out
        values = values_at(field, points.numpy().astype(np.float64))
        device = next(field.parameters()).device
        with torch.enable_grad():
            at = points[:POINTS].to(device).requires_grad_()
            slopes = gradient(field, at).detach().cpu()
        cosine = nn.functional.cosine_similarity(slopes, normals[:POINTS])
        share = float((np.abs(values) < TOUCHING).mean())
        return {"touched": share, "normals": float(cosine.mean())}

    def preview(self, field: nn.Module) -> NDArray[np.uint8]:
        return slices(field, -1.0, 0.1)


def surface_points(mesh: Mesh, count: int = 500_000) -> Cloud:
    """Points on a mesh, with its normals, to be fitted as a distance."""
    return Cloud(*on_surface(mesh, count, np.random.default_rng(0)))


@torch.no_grad()
def values_at(field: nn.Module, points: Floats) -> NDArray[np.float32]:
    """The first output of a module at points (N, 3)."""
    device = next(field.parameters()).device
    parts = torch.from_numpy(points.astype(np.float32)).split(POINTS)
    found = [field(part.to(device))[:, 0].float().cpu() for part in parts]
    return np.asarray(torch.cat(found).numpy())


def slices(field: nn.Module, sign: float, scale: float) -> NDArray[np.uint8]:
    """Three slices through the middle of the box, side by side: warm inside, blue outside, with
    lines of equal value; (SLICE, 3 * SLICE, 3)."""
    side = (np.arange(SLICE) + 0.5) * 2 / SLICE - 1
    right, up = np.meshgrid(side, -side)
    none = np.zeros_like(right)
    shown = []
    for place in ((right, up, none), (none, up, -right), (right, none, -up)):
        values = sign * values_at(field, np.stack(place, -1).reshape(-1, 3)).reshape(SLICE, SLICE)
        depth = np.tanh(np.abs(values) / scale)[..., None]
        line = 0.88 + 0.12 * np.cos(np.pi * np.minimum(np.abs(values) / scale, 8) * 4)[..., None]
        warm = np.array([255, 236, 200]) * (1 - depth) + np.array([196, 84, 44]) * depth
        cold = np.array([206, 226, 240]) * (1 - depth) + np.array([24, 40, 82]) * depth
        shown.append(np.where((values > 0)[..., None], warm, cold) * line)
    return np.asarray(np.concatenate(shown, 1).round().clip(0, 255), np.uint8)


def _floats(array: Floats) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.float32))


def _moved(points: Tensor, room: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Points (N, 3) of the box moved by chance, as far as there is room, (N,), and how far."""
    way = nn.functional.normalize(torch.randn(points.shape, generator=random), dim=1)
    far = room * torch.rand(len(points), generator=random)
    return (points + far[:, None] * way).clamp(-1, 1), far


def _check_batch(batch: int) -> None:
    if batch < 2:
        raise ValueError(f"batch {batch}: expected 2 points or more")
