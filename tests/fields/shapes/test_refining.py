"""Meshes that are refined by the field: what is minimised, and what comes of it on a ball."""

import numpy as np
import pytest
import torch

from cppnart.fields import refining
from cppnart.fields.extract import extract, mesh_of
from cppnart.fields.refining import refined
from cppnart.fields.shapes.defects import cleaned
from cppnart.fields.shapes.meshes import read_mesh
from cppnart.fields.shapes.mise import dense
from cppnart.fields.shapes.sampling import on_surface
from cppnart.fields.shapes.solid import SolidField

from .test_surface import round_field


def deviations(mesh, threshold: float = 0.5, slope: float = 8.0):
    """Of points on the faces of a ball's mesh: the mean of |f - tau|, and of the cosine between
    normals and the radius."""
    points, normals = on_surface(mesh, 20_000, np.random.default_rng(0))
    radius = np.linalg.norm(points, axis=1)
    found = 1 / (1 + np.exp(-slope * (0.49 - radius**2)))
    cosine = np.einsum("ij,ij->i", normals, points) / radius
    return np.abs(found - threshold).mean(), cosine.mean()


@pytest.mark.parametrize("threshold", [None, 0.3])
def test_faces_come_to_the_surface_of_a_ball_and_look_along_its_radius(threshold):
    solid = SolidField(round_field(), threshold)
    mesh = mesh_of(solid, dense(solid, 24))
    better = refined(mesh, solid, 60, 2 / 24)
    (value, cosine), (wanted, turned) = (deviations(m, threshold or 0.5) for m in (mesh, better))
    assert wanted < 0.4 * value
    assert turned > cosine
    assert cleaned(better)[1].watertight
    np.testing.assert_array_equal(better.faces, mesh.faces)


def test_a_distance_is_refined_too_and_in_parts_as_in_one(monkeypatch):
    solid = SolidField(round_field(0.6, "distance"), 0.1)
    mesh = mesh_of(solid, dense(solid, 24))
    better = refined(mesh, solid, 40, 2 / 24)
    away = [
        np.abs(np.linalg.norm(on_surface(m, 5000, np.random.default_rng(0))[0], axis=1) - 0.7)
        for m in (mesh, better)
    ]
    assert away[1].mean() < 0.5 * away[0].mean()
    monkeypatch.setattr(refining, "FACES", 100)
    parts = refined(mesh, solid, 3, 2 / 24)
    monkeypatch.undo()
    np.testing.assert_allclose(parts.vertices, refined(mesh, solid, 3, 2 / 24).vertices, atol=1e-5)


def test_the_loss_is_that_of_the_paper():
    random = np.random.default_rng(0)
    corners = random.uniform(-1, 1, (50, 3, 3))
    weights = random.dirichlet((0.5, 0.5, 0.5), 50)

    def probability(points):
        return torch.sigmoid(8 * (0.49 - points.square().sum(1, keepdim=True)))

    points = (weights[:, :, None] * corners).sum(1)
    radius = np.linalg.norm(points, axis=1, keepdims=True)
    value = 1 / (1 + np.exp(-8 * (0.49 - radius[:, 0] ** 2)))
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    expected = np.mean((value - 0.3) ** 2)
    expected += 0.01 * np.mean(((normals - points / radius) ** 2).sum(1))
    learnt = torch.tensor(corners, requires_grad=True)
    made = refining._loss(learnt, torch.tensor(weights), probability, 0.3)
    assert float(made.detach()) == pytest.approx(expected, rel=1e-9)


def test_points_of_faces_are_spread_as_in_its_code():
    weights = refining._weights(40_000, torch.Generator().manual_seed(0)).double()
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-6)
    # of a Dirichlet distribution of three halves: means 1/3, variances 2/3 / 3 / 2.5
    np.testing.assert_allclose(weights.mean(0), 1 / 3, atol=0.01)
    np.testing.assert_allclose(weights.var(0), 2 / 9 / 2.5, atol=0.002)


def test_a_mesh_is_settled_and_refined_on_its_way_to_a_file(tmp_path):
    solid = SolidField(round_field())
    extract(solid, tmp_path / "a.ply", voxels=16, coarsest=16, settle=True)
    settled = read_mesh(tmp_path / "a.ply")
    np.testing.assert_allclose(np.linalg.norm(settled.vertices, axis=1), 0.7, atol=1e-4)
    extract(solid, tmp_path / "b.ply", voxels=16, coarsest=16, settle=True, refine=30)
    # flat faces of points on a ball lie within it
    less, more = deviations(settled)[0], deviations(read_mesh(tmp_path / "b.ply"))[0]
    assert more < 0.6 * less
    with pytest.raises(ValueError, match="refine -1: expected 1 to"):
        extract(solid, tmp_path / "b.ply", voxels=16, refine=-1)
