"""Meshes whose volume and surface are known."""

import numpy as np
import trimesh

from cppnart.fields.shapes.meshes import Mesh


def of(found: trimesh.Trimesh) -> Mesh:
    return Mesh(np.array(found.vertices), np.array(found.faces, np.int64))


def box(*sides: float) -> Mesh:
    return of(trimesh.creation.box(sides or (1, 1, 1)))


def ball(radius: float = 0.8, fine: int = 3) -> Mesh:
    return of(trimesh.creation.icosphere(fine, radius))


def torus(large: float = 0.6, small: float = 0.2) -> Mesh:
    return of(trimesh.creation.torus(large, small, major_sections=64, minor_sections=32))


def joined(*meshes: Mesh) -> Mesh:
    faces, at = [], 0
    for mesh in meshes:
        faces.append(mesh.faces + at)
        at += len(mesh.vertices)
    return Mesh(np.concatenate([m.vertices for m in meshes]), np.concatenate(faces))


def moved(mesh: Mesh, *by: float) -> Mesh:
    return Mesh(mesh.vertices + np.array(by), mesh.faces)


def turned(mesh: Mesh) -> Mesh:
    """Inside out."""
    return Mesh(mesh.vertices, mesh.faces[:, ::-1])
