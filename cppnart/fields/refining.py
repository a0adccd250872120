"""Meshes brought closer to the field that they were extracted from, by its values and slopes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from .fold import pruned
from .shapes import UNIT
from .shapes.meshes import Mesh
from .shapes.solid import SolidField
from .torch_backend import ProgramModule

RATE = 1e-4 * UNIT
"""Of learning: what the paper's code has for a shape of length 1."""
NORMALS = 0.01
"""How much the angle between normals and slopes weighs."""
MOST = 10_000
"""Steps."""
FACES = 1 << 14
"""Looked at together; memory is bounded by it."""


def refined(mesh: Mesh, solid: SolidField, steps: int, voxel: float, *, seed: int = 0) -> Mesh:
    """The mesh after so many steps that make f = tau on its faces, and their normals the field's:
    of random points of the faces, one of each in every step, (f - tau)^2 + NORMALS * |n - slope|^2,
    both of length 1, by RMSprop (Mescheder et al., "Occupancy networks", 2019, section 3.3, and its
    code).

    mesh: in the box, faces looking outwards. voxel: of the lattice that it is of. f is the
    probability of being inside, for which 1 / (1 + exp(d / voxel)) stands where the field is a
    distance d. It helps where the field changes slowly over a voxel; where that goes all the way
    from 0 to 1 within one, slopes of f vanish, and ``settled`` does more.

    Raises ValueError for a number of steps that is out of range.
    """
    if not 1 <= steps <= MOST:
        raise ValueError(f"refine {steps}: expected 1 to {MOST} steps")
    module = ProgramModule(pruned(solid.program, [solid.kind])).requires_grad_(False)

    def probability(points: Tensor) -> Tensor:
        value = module(points)
        if solid.kind == "distance":
            value = ((solid.threshold or 0.0) - value) / voxel
        return torch.sigmoid(value)

    level = solid.threshold if solid.kind == "occupancy" else None
    tau = 0.5 if level is None else level
    random = torch.Generator().manual_seed(seed)
    vertices = nn.Parameter(torch.from_numpy(mesh.vertices).float())
    faces = torch.from_numpy(mesh.faces)
    optimiser = torch.optim.RMSprop([vertices], lr=RATE)
    for _ in range(steps):
        optimiser.zero_grad()
        weights = _weights(len(faces), random)
        for part, of in zip(faces.split(FACES), weights.split(FACES), strict=True):
            loss = _loss(vertices[part], of, probability, tau) * (len(part) / len(faces))
            loss.backward(inputs=[vertices])
        optimiser.step()
    return Mesh(vertices.detach().double().numpy(), mesh.faces, mesh.colours)


def _weights(faces: int, random: torch.Generator) -> Tensor:
    """Of the corners, of a random point in each face: a Dirichlet distribution of concentration
    1/2, the squares of normal deviates by their sum."""
    squares = torch.randn((faces, 3), generator=random).square()
    return squares / squares.sum(1, keepdim=True)


def _loss(
    corners: Tensor, weights: Tensor, probability: Callable[[Tensor], Tensor], tau: float
) -> Tensor:
    """Of some faces, by their corners (F, 3, 3), whose slopes are wanted."""
    points = (weights[..., None] * corners).sum(1)
    a, b, c = corners.unbind(1)
    normals = normalize(torch.linalg.cross(b - a, c - b), eps=1e-10)
    value = probability(points)
    (slopes,) = torch.autograd.grad(value.sum(), points, create_graph=True)
    apart = (normals - normalize(-slopes, eps=1e-10)).square().sum(1).mean()
    return (value - tau).square().mean() + NORMALS * apart
