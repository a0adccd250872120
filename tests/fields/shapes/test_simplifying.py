"""Meshes of fewer faces: still closed, and still where they were."""

import numpy as np
import pytest
import trimesh

from cppnart.fields.extract import extract
from cppnart.fields.shapes.inside import Solid
from cppnart.fields.shapes.meshes import Mesh
from cppnart.fields.shapes.metrics import iou
from cppnart.fields.shapes.sampling import in_box
from cppnart.fields.shapes.simplifying import simplified
from cppnart.fields.shapes.solid import SolidField

from .solids import ball, box, joined, moved, torus
from .test_surface import round_field

pytest.importorskip("fast_simplification", reason="pip install 'cppnart[solids]'")


@pytest.mark.parametrize("mesh", [ball(fine=5), torus(), joined(ball(0.3), moved(box(), 0, 0, 1))])
@pytest.mark.parametrize("faces", [600, 300])
def test_fewer_faces_are_closed_and_enclose_the_same(mesh, faces):
    made = simplified(mesh, faces)
    assert 0.9 * faces < len(made.faces) <= faces
    assert trimesh.Trimesh(made.vertices, made.faces).is_watertight
    at = in_box(20_000, np.random.default_rng(0))
    assert iou(Solid(made)(at), Solid(mesh)(at)) > 0.93
    assert made.volume == pytest.approx(mesh.volume, rel=0.05)


def test_flat_sides_lose_nothing():
    found = trimesh.creation.box((1, 1, 1)).subdivide().subdivide().subdivide()
    made = simplified(Mesh(np.array(found.vertices), np.array(found.faces)), 12)
    assert len(made.faces) == 12
    assert made.volume == pytest.approx(1, rel=1e-6)


def test_a_mesh_of_few_faces_is_left_as_it_is():
    mesh = box()
    assert simplified(mesh, 12) is mesh
    assert simplified(mesh, 10_000) is mesh


def test_fewer_than_four_are_none():
    with pytest.raises(ValueError, match="faces 3: expected 4 at least"):
        simplified(box(), 3)


def test_more_parts_than_faces_are_refused():
    crowd = joined(*(moved(box(), 2 * number, 0, 0) for number in range(8)))
    with pytest.raises(ValueError, match="8 faces are too few for this mesh"):
        simplified(crowd, 8)


def test_an_extracted_mesh_has_as_many_faces_as_asked(tmp_path):
    solid = SolidField(round_field())
    made = extract(solid, tmp_path / "ball.stl", voxels=64, faces=500)
    assert 450 < made.count <= 500
    found = trimesh.load_mesh(tmp_path / "ball.stl")
    assert found.is_watertight
    assert len(found.faces) == made.count
