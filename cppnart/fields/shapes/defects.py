"""What keeps a mesh from being the surface of a solid, and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .meshes import Faces, Mesh

ROUNDING = 1e-6
"""Of the extent of a mesh: vertices nearer than that are meant to be one."""


@dataclass(frozen=True)
class Defects:
    """What is wrong with a mesh.

    degenerate: faces two of whose corners are one; duplicate: faces that are there again; both are
    left out by ``cleaned``. holes: edges that one face has; crowded: edges of three faces or more
    which do not cancel; flipped: edges of two faces that look to different sides. inverted: faces
    look inwards.
    """

    degenerate: int = 0
    duplicate: int = 0
    holes: int = 0
    crowded: int = 0
    flipped: int = 0
    inverted: bool = False

    @property
    def watertight(self) -> bool:
        """Whether every edge is passed as often one way as the other, so that each point of space
        has a whole winding number."""
        return not (self.holes or self.crowded or self.flipped)

    def __str__(self) -> str:
        found = [
            f"{count} {text}"
            for count, text in (
                (self.holes, "edges at holes"),
                (self.crowded, "edges of three faces or more"),
                (self.flipped, "edges whose faces look to different sides"),
                (self.degenerate, "degenerate faces"),
                (self.duplicate, "duplicate faces"),
            )
            if count
        ]
        found += ["faces look inwards"] if self.inverted else []
        state = "watertight" if self.watertight else "not watertight"
        return ": ".join(filter(None, [state, ", ".join(found)]))


def cleaned(mesh: Mesh) -> tuple[Mesh, Defects]:
    """The mesh without faces that enclose nothing, and all that is wrong with it.

    Faces with the same three corners are one, or none where as many look to either side. Where
    there are holes, vertices that differ by rounding are one. The mesh is the same otherwise.
    Raises ValueError where no face is left.
    """
    found, defects = _cleaned(mesh)
    return _cleaned(_welded(mesh)) if defects.holes else (found, defects)


def _cleaned(mesh: Mesh) -> tuple[Mesh, Defects]:
    faces = mesh.faces
    same = (faces == np.roll(faces, 1, axis=1)).any(1)
    kept, multiple = _single(faces[~same])
    if not len(kept):
        raise ValueError("every face of the mesh is degenerate: nothing is enclosed")
    mesh = replace(mesh, faces=kept)
    holes, crowded, flipped = _edges(kept)
    defects = Defects(int(same.sum()), multiple, holes, crowded, flipped)
    if defects.watertight and mesh.volume < 0:
        defects = replace(defects, inverted=True)
    return mesh, defects


def oriented(mesh: Mesh) -> Mesh:
    """The mesh with the faces of each part looking to one side, outwards as far as can be said.

    A part is what hangs together by edges of two faces.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    faces, count = mesh.faces, len(mesh.faces)
    edge, way, of = _directed(faces)
    order = np.lexsort((of, edge))
    edge, way, of = edge[order], way[order], of[order]
    starts = np.flatnonzero(np.r_[True, edge[1:] != edge[:-1]])
    first = starts[np.diff(np.r_[starts, len(edge)]) == 2]
    a, b, agree = of[first], of[first + 1], way[first] != way[first + 1]
    # every face twice, as it is and turned; what is joined here looks to one side
    a, b = np.r_[a, a + count], np.r_[b + count * ~agree, b + count * agree]
    graph = coo_array((np.ones(len(a), bool), (a, b)), (2 * count, 2 * count))
    parts = connected_components(graph, directed=False)[1]
    turned = parts[:count] > parts[count:]
    found = np.where(turned[:, None], faces[:, ::-1], faces)
    # of a part and its mirror image, that with the positive volume
    part = np.minimum(parts[:count], parts[count:])
    corners = mesh.vertices[found] - mesh.vertices.mean(0)
    volume = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))
    inwards = np.bincount(part, volume)[part] < 0
    return replace(mesh, faces=np.where(inwards[:, None], found[:, ::-1], found))


def _welded(mesh: Mesh) -> Mesh:
    """The mesh with vertices one that are nearer than ROUNDING: files of float32 have such."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    near = ROUNDING * float(np.ptp(mesh.vertices, axis=0).max())
    pairs = cKDTree(mesh.vertices).query_pairs(near, output_type="ndarray")
    count = len(mesh.vertices)
    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), (count, count))
    group = connected_components(graph, directed=False)[1]
    _, first = np.unique(group, return_index=True)
    return replace(mesh, faces=first[group][mesh.faces])


def _single(faces: Faces) -> tuple[Faces, int]:
    """Each face once, and how many were left out."""
    order = np.sort(faces, axis=1)
    even = ((faces == order).all(1) | (faces == np.roll(order, 1, 1)).all(1)) | (
        faces == np.roll(order, 2, 1)
    ).all(1)
    _, first, group = np.unique(order, axis=0, return_index=True, return_inverse=True)
    balance = np.bincount(group.ravel(), np.where(even, 1, -1), len(first))
    # one that looks to the side that most of them do
    good = np.flatnonzero(balance[group.ravel()] * np.where(even, 1, -1) > 0)
    _, chosen = np.unique(group.ravel()[good], return_index=True)
    kept = np.sort(good[chosen])
    return faces[kept], len(faces) - len(kept)


def _directed(faces: Faces) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
    """The edges of all faces: a number of the edge, whether it is passed upwards, the face."""
    start, end = faces.T.ravel(), np.roll(faces, -1, axis=1).T.ravel()
    number = np.minimum(start, end) * (int(faces.max()) + 1) + np.maximum(start, end)
    return number, start < end, np.tile(np.arange(len(faces)), 3)


def _edges(faces: Faces) -> tuple[int, int, int]:
    """How many edges are at holes, crowded, and flipped."""
    edge, way, _ = _directed(faces)
    _, group, count = np.unique(edge, return_inverse=True, return_counts=True)
    open_ = np.bincount(group.ravel(), np.where(way, 1, -1)) != 0
    kinds = (count == 1, count == 2, count > 2)
    holes, flipped, crowded = (int(open_[kind].sum()) for kind in kinds)
    return holes, crowded, flipped
