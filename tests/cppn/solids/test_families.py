"""Families of solids that are drawn."""

import numpy as np
import pytest
import trimesh

from cppnart.cppn.solids.families import FAMILIES, family, vase_mesh
from cppnart.fields.shapes import UNIT
from cppnart.fields.shapes.defects import cleaned


@pytest.mark.parametrize("name", FAMILIES)
def test_members_are_watertight_and_fill_the_box(name):
    for mesh in family(name, 60).values():
        made = trimesh.Trimesh(mesh.vertices, mesh.faces)
        assert made.is_watertight
        assert made.is_winding_consistent
        assert str(cleaned(mesh)[1]) == "watertight"
        assert 0.15 < made.volume < 2.5
        extent = np.ptp(mesh.vertices, axis=0)
        assert extent.max() == pytest.approx(UNIT)


@pytest.mark.parametrize("name", FAMILIES)
def test_members_differ_and_are_the_same_for_a_seed(name):
    first, again, other = family(name, 5), family(name, 8), family(name, 5, seed=1)
    for key, mesh in first.items():
        np.testing.assert_array_equal(mesh.vertices, again[key].vertices)
    meshes = [*first.values(), *other.values()]
    extents = {tuple(np.round(np.ptp(mesh.vertices, axis=0), 6)) for mesh in meshes}
    assert len(extents) == 10


def test_some_vases_have_handles_and_some_are_fluted():
    from cppnart.cppn.seeds import Stream
    from cppnart.cppn.solids.families import draw_vase

    drawn = [draw_vase(Stream(0, "vases", number)) for number in range(60)]
    assert {vase.handles for vase in drawn} == {0, 1, 2}
    for vase in drawn[:20]:
        parts = trimesh.Trimesh(*(getattr(vase_mesh(vase), n) for n in ("vertices", "faces")))
        assert parts.body_count == 1 + vase.handles
        heights = 0.03, vase.stem_height, vase.belly_height, vase.neck_height, 1.0
        assert all(np.diff(heights) > 0)
    assert 10 < sum(vase.flutes > 0 for vase in drawn) < 50


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="dogs"):
        family("dogs", 3)
    with pytest.raises(ValueError, match="count 0"):
        family("vases", 0)
