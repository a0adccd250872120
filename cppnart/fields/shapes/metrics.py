"""How alike two solids are, as "Occupancy networks" (Mescheder et al. 2019, supplement 1.3) and
"What do single-view 3D reconstruction networks learn?" (Tatarchenko et al. 2019) measure it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import UNIT
from .meshes import Floats, Mesh
from .sampling import in_box, on_surface, tree_of

THRESHOLDS = (0.01, 0.015, 0.02)
"""Of the F-score, in lengths of the unit cube."""

Inside = Callable[[Floats], NDArray[np.bool_]]


@dataclass(frozen=True)
class Likeness:
    """chamfer: Chamfer-L1, half of accuracy and completeness together, in tenths of the longest
    side. normals: the mean of |cosine| between normals of nearest points. f_scores: for each of
    THRESHOLDS. iou: of the volumes, where they are known."""

    chamfer: float
    accuracy: float
    completeness: float
    normals: float
    f_scores: tuple[float, ...]
    iou: float | None = None


def iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Intersection over union of two sets of the same points; 1 where both are empty."""
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else 1.0


def chamfer(a: Floats, b: Floats, unit: float = UNIT) -> float:
    """Chamfer-L1 of two sets of points, in tenths of the longest side."""
    there, back = tree_of(b).query(a)[0], tree_of(a).query(b)[0]
    return float(there.mean() + back.mean()) / 2 / (unit / 10)


def likeness(
    made: Mesh,
    wanted: Mesh,
    inside: tuple[Inside, Inside] | None = None,
    *,
    count: int = 100_000,
    unit: float = UNIT,
    thresholds: Sequence[float] = THRESHOLDS,
    seed: int = 0,
) -> Likeness:
    """How alike two meshes in the box are, by ``count`` points of each.

    inside: of both, for the IoU on ``count`` points of the box. unit: the longest side.
    """
    random = np.random.default_rng(seed)
    points, normals = zip(
        *(on_surface(mesh, count, random) for mesh in (made, wanted)), strict=True
    )
    to_wanted, nearest = tree_of(points[1]).query(points[0])
    to_made, other = tree_of(points[0]).query(points[1])
    accuracy, completeness = float(to_wanted.mean()), float(to_made.mean())
    cosines = [
        np.abs(np.einsum("ij,ij->i", normals[0], normals[1][nearest])).mean(),
        np.abs(np.einsum("ij,ij->i", normals[1], normals[0][other])).mean(),
    ]
    volume = None
    if inside is not None:
        box = in_box(count, random)
        volume = iou(inside[0](box), inside[1](box))
    tenth = unit / 10
    return Likeness(
        (accuracy + completeness) / 2 / tenth,
        accuracy / tenth,
        completeness / tenth,
        float(np.mean(cosines)),
        tuple(_f_score(to_wanted, to_made, threshold * unit) for threshold in thresholds),
        volume,
    )


def _f_score(to_wanted: Floats, to_made: Floats, distance: float) -> float:
    """The harmonic mean of the shares of points that have one of the other surface so near."""
    precision, recall = float((to_wanted <= distance).mean()), float((to_made <= distance).mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
