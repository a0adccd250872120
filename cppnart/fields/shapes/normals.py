"""Normals for points that have none."""

from __future__ import annotations

import numpy as np

from .meshes import Cloud, Floats

NEIGHBOURS = 12


def with_normals(cloud: Cloud) -> Cloud:
    """The cloud with normals, which look outwards as far as can be said.

    Each is that of the plane through its neighbours; from one to the next they are turned to one
    side along a tree of neighbours whose planes are most alike (Hoppe et al., "Surface
    reconstruction from unorganized points", 1992, sections 3.2 and 3.3). Each part of the tree
    begins where it is highest, looking up.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import breadth_first_order, connected_components
    from scipy.sparse.csgraph import minimum_spanning_tree as tree_of
    from scipy.spatial import cKDTree

    if cloud.normals is not None:
        return cloud
    points, count = cloud.points, len(cloud.points)
    _, near = cKDTree(points).query(points, k=min(NEIGHBOURS + 1, count))
    normals = _planes(points, near)
    start, end = np.repeat(np.arange(count), near.shape[1] - 1), near[:, 1:].ravel()
    alike = np.abs(np.einsum("ij,ij->i", normals[start], normals[end]))
    # a weight of 0 would be no edge at all
    graph = coo_array((1.0 - alike + 1e-6, (start, end)), (count, count)).tocsr()
    tree = tree_of(graph.maximum(graph.T))
    tree = tree + tree.T
    parts, part = connected_components(tree, directed=False)
    for number in range(parts):
        members = np.flatnonzero(part == number)
        top = members[np.argmax(points[members, 1])]
        if normals[top, 1] < 0:
            normals[top] *= -1
        order, before = breadth_first_order(tree, top, directed=False)
        for point in order[1:]:
            if normals[point] @ normals[before[point]] < 0:
                normals[point] *= -1
    return Cloud(points, normals)


def _planes(points: Floats, near: np.ndarray) -> Floats:
    """The direction in which the neighbours of each point spread least, (N, 3)."""
    normals = np.empty_like(points)
    for first in range(0, len(points), 1 << 16):
        around = points[near[first : first + (1 << 16)]]
        centred = around - around.mean(1, keepdims=True)
        _, vectors = np.linalg.eigh(np.einsum("nki,nkj->nij", centred, centred))
        normals[first : first + len(around)] = vectors[:, :, 0]
    return normals
