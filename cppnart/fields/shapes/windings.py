"""Which side of a surface points are on, of which only points with normals are known."""

from __future__ import annotations

import numpy as np

from .meshes import Cloud, Floats
from .sampling import tree_of

FEW = 8192
"""Points that stand for a surface, at most."""
NEIGHBOURS = 6
"""A circle round a point to the last of them has the area of the others and of half of that."""
SURE = 0.25
"""A winding number this near to 0 or 1 says on which side a point is."""
PART = 128
"""Points that are looked at at once."""


def windings(cloud: Cloud, at: Floats) -> Floats:
    """Generalised winding numbers of points with normals at (N, 3): 1 inside of what is closed, 0
    outside, and between them where it is open (Barill et al., "Fast winding numbers for soups and
    clouds", 2018)."""
    assert cloud.normals is not None
    areas = np.pi * _reach(cloud.points) ** 2 / (NEIGHBOURS + 0.5)
    points, ways = (a.astype(np.float32) for a in (cloud.points, areas[:, None] * cloud.normals))
    own, across = (points**2).sum(1), (points * ways).sum(1)
    found = []
    for start in range(0, len(at), PART):
        part = at[start : start + PART].astype(np.float32)
        squares = np.maximum(own - 2 * part @ points.T + (part**2).sum(1)[:, None], 1e-8)
        found.append(((across - part @ ways.T) / (squares * np.sqrt(squares))).sum(1))
    return np.concatenate(found) / (4 * np.pi)


def clearance(cloud: Cloud, at: Floats, random: np.random.Generator) -> Floats:
    """What the signed distance is at (N, 3) at least, (N,): negative inside. 0 beside the surface,
    and where it is open."""
    assert cloud.normals is not None
    few = random.permutation(len(cloud.points))[:FEW]
    some = Cloud(cloud.points[few], cloud.normals[few])
    # of points spread by chance, hardly any part of the surface is further from the next one
    gap = float(_reach(some.points).mean())
    winding = windings(some, at)
    side = np.where(winding > 0.5, -1.0, 1.0)
    known = np.abs(winding - (winding > 0.5)) < SURE
    return np.where(known, side * np.maximum(tree_of(some.points).query(at)[0] - gap, 0), 0.0)


def _reach(points: Floats) -> Floats:
    """How far the last of its neighbours is from each point, (N,)."""
    last = min(NEIGHBOURS + 1, len(points))
    return np.asarray(tree_of(points).query(points, k=[last])[0][:, 0])
