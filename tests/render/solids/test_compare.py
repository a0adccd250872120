"""One solid as voxels, points, a mesh and a field."""

import numpy as np
import pytest
import trimesh
from PIL import Image

from cppnart.fields import occupancy
from cppnart.fields.shapes.defects import cleaned
from cppnart.fields.shapes.inside import Solid
from cppnart.fields.shapes.meshes import Mesh
from cppnart.fields.shapes.metrics import chamfer
from cppnart.fields.shapes.sampling import on_surface
from cppnart.render.solids import compare, mesh_field
from cppnart.render.solids.compare import KINDS, boxes, compare_representations

pytest.importorskip("fast_simplification", reason="pip install 'cppnart[solids]'")


def test_the_faces_of_voxels_enclose_their_volume():
    inside = np.zeros((4, 4, 4), bool)
    inside[1:3, 1:3, 1] = True
    inside[1, 1, 2] = True
    mesh = boxes(inside)
    assert cleaned(mesh)[1].watertight
    assert mesh.volume == pytest.approx(5 / 64 * 8)
    assert mesh.areas.sum() == pytest.approx((2 * 4 + 8 + 4) / 4)
    np.testing.assert_allclose(mesh.vertices.min(0), (-0.5, -0.5, -0.5))


@pytest.fixture
def quick(monkeypatch):
    """Coarse pictures, and few points in a fit."""
    monkeypatch.setattr(occupancy, "POOL", 1 << 14)
    monkeypatch.setattr(occupancy, "SCORED", 2000)
    monkeypatch.setattr(compare, "SEEN", (32, 16))
    monkeypatch.setattr(mesh_field, "SAMPLES", 20_000)


def ball() -> Mesh:
    found = trimesh.creation.icosphere(2, 0.8)
    return Mesh(np.array(found.vertices), np.array(found.faces))


def test_each_is_as_large_as_its_budget_and_drawn(tmp_path, quick):
    made = compare_representations(
        ball(), tmp_path / "a.png", budgets=(2500,), seconds=0.5, size=32, threads=1
    )
    assert [row.kind for row in made.rows] == list(KINDS)
    for row in made.rows:
        assert 0.3 * row.budget < row.bytes <= row.budget
        assert 0 < row.error < 3
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width > 4 * 32
    assert "bytes of voxels: Chamfer-L1" in str(made)


@pytest.mark.parametrize("make", [compare._voxels, compare._points, compare._mesh])
def test_more_bytes_are_nearer_to_the_solid(make, quick):
    mesh = ball()
    wanted, _ = on_surface(mesh, 20_000, np.random.default_rng(1))
    errors = [chamfer(make(mesh, Solid(mesh), size, 0.0)[3], wanted) for size in (2000, 16_000)]
    assert errors[1] < 0.7 * errors[0]


def test_budgets_and_sizes_out_of_range_are_refused(tmp_path):
    found = trimesh.creation.box()
    box = Mesh(np.array(found.vertices), np.array(found.faces))
    with pytest.raises(ValueError, match=r"budgets \(10,\): expected bytes, from 500"):
        compare_representations(box, tmp_path / "a.png", budgets=(10,))
    with pytest.raises(ValueError, match="size 8: expected 32 to 2048"):
        compare_representations(box, tmp_path / "a.png", size=8)
    with pytest.raises(ValueError, match="not watertight"):
        compare_representations(Mesh(box.vertices, box.faces[1:]), tmp_path / "a.png")


def test_the_chamfer_distance_of_shifted_points():
    a = np.random.default_rng(0).uniform(-1, 1, (2000, 3)) * [1, 1, 0]
    shift = np.array([0, 0, 0.1])
    assert chamfer(a, a + shift, unit=1) == pytest.approx(1.0, rel=0.02)
