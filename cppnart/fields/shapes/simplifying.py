"""Meshes of fewer faces."""

from __future__ import annotations

import numpy as np

from .defects import cleaned
from .meshes import Mesh

FEWEST = 4


def simplified(mesh: Mesh, faces: int) -> Mesh:
    """A mesh of about that many faces and no more, by collapsing edges (Garland and Heckbert,
    "Surface simplification using quadric error metrics", 1997), without colours; the mesh itself
    where it has no more. Of a closed mesh it is closed, unless so few are asked that parts vanish.

    By fast-simplification; ValueError says how to get it where it is missing, and where ``faces``
    are fewer than four or than can be reached.
    """
    if faces < FEWEST:
        raise ValueError(f"faces {faces}: expected {FEWEST} at least")
    if len(mesh.faces) <= faces:
        return mesh
    try:
        from fast_simplification import simplify
    except ImportError:
        raise ValueError(
            "meshes are simplified by fast-simplification: pip install 'cppnart[solids]' brings it"
        ) from None
    vertices, found = simplify(mesh.vertices, mesh.faces, target_count=faces)
    made = Mesh(np.asarray(vertices, np.float64), np.asarray(found, np.int64))
    try:
        # where two edges fell on one, faces lie on each other, and enclose nothing
        made, _ = cleaned(made)
    except ValueError:  # nothing is left
        made = mesh
    if len(made.faces) > faces:
        raise ValueError(f"{faces} faces are too few for this mesh: ask for more")
    return made
