"""Solids that can be printed, and meshes that are painted."""

import numpy as np
import pytest
import trimesh
from PIL import Image

from cppnart.cppn.solids.forms import FORMS
from cppnart.cppn.solids.textures import TEXTURES, generate_texture
from cppnart.fields.shapes.meshes import Mesh, normalised, read_mesh
from cppnart.render.colour import srgb_encode
from cppnart.render.palettes import PALETTES
from cppnart.render.solids.colours import colouring_of
from cppnart.render.solids.paint import paint, split
from cppnart.render.solids.sculpt import one_piece, sculpt


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_written_watertight_in_one_piece_on_its_foot(tmp_path, form):
    made = sculpt(7, tmp_path / "a.stl", form=form, voxels=64, height=50)
    found = trimesh.load_mesh(tmp_path / "a.stl")
    assert found.is_watertight
    assert found.is_winding_consistent
    assert found.body_count == 1
    assert found.volume == pytest.approx(made.volume, rel=1e-3)
    np.testing.assert_allclose(found.bounds[:, 2], (0, 50), atol=1e-3)
    assert made.watertight
    assert "watertight, 50 mm high" in str(made)


def test_a_solid_stands_upright_and_has_its_colours_in_glb(tmp_path):
    sculpt(7, tmp_path / "a.glb", form="vessel", voxels=64, height=50, palette="dusk")
    sculpt(7, tmp_path / "b.ply", form="vessel", voxels=64, height=50, palette="dusk")
    glb, ply = read_mesh(tmp_path / "a.glb"), read_mesh(tmp_path / "b.ply")
    assert np.ptp(glb.vertices, axis=0)[1] == pytest.approx(0.05, rel=1e-4)
    np.testing.assert_allclose(glb.colours, ply.colours, atol=0.01)
    assert glb.colours.std(0).max() > 0.02


def test_the_field_of_a_seed_is_written_and_seen(tmp_path):
    from cppnart.render.solids.view import view

    made = sculpt(7, tmp_path / "a.safetensors")
    assert "as a field" in str(made)
    assert view(tmp_path / "a.safetensors", size="32", samples=1).shape == (32, 32, 3)


def test_what_floats_is_left_out():
    large, small = trimesh.creation.icosphere(2, 1.0), trimesh.creation.icosphere(2, 0.2)
    small.apply_translation([3, 0, 0])
    both = trimesh.util.concatenate([small, large])
    kept = one_piece(Mesh(np.array(both.vertices), np.array(both.faces)))
    assert kept.volume == pytest.approx(large.volume)
    assert len(kept.vertices) == len(large.vertices)


def test_other_names_and_sizes_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a.gif: expected .obj"):
        sculpt(1, tmp_path / "a.gif")
    with pytest.raises(ValueError, match="voxels 33: expected an even number"):
        sculpt(1, tmp_path / "a.stl", voxels=33)
    with pytest.raises(ValueError, match="height 0: expected millimetres"):
        sculpt(1, tmp_path / "a.stl", height=0)


def blob(tmp_path, scale: float = 30.0):
    mesh = trimesh.creation.icosphere(3, scale)
    mesh.apply_translation([100, 0, 0])
    mesh.export(tmp_path / "blob.ply")
    return mesh


@pytest.mark.parametrize("texture", TEXTURES)
def test_a_painted_mesh_has_the_colours_of_the_texture_and_its_shape(tmp_path, texture):
    mesh = blob(tmp_path)
    made = paint(tmp_path / "blob.ply", tmp_path / "a.glb", seed=4, texture=texture)
    found = read_mesh(tmp_path / "a.glb")
    assert found.volume == pytest.approx(mesh.volume, rel=1e-5)
    assert made.faces == len(found.faces) > 4 * len(mesh.faces)
    boxed, _ = normalised(found)
    drawn = generate_texture(4, texture)
    colours = colouring_of(drawn.program, PALETTES[drawn.palette])
    expected = srgb_encode(colours(boxed.vertices.astype(np.float32)))
    assert np.abs(found.colours - expected).mean() < 2e-3
    assert made.palette == drawn.palette


def test_a_picture_of_a_painted_mesh_comes_with_it(tmp_path):
    blob(tmp_path)
    arguments = {"seed": 4, "picture": tmp_path / "a.png", "size": "48", "palette": "nacre"}
    made = paint(tmp_path / "blob.ply", tmp_path / "a.obj", **arguments)
    assert made.palette == "nacre"
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (48, 48)
        assert np.array(picture)[16:32, 16:32].std() > 3


def test_paint_refuses_what_has_no_colours(tmp_path):
    blob(tmp_path)
    with pytest.raises(ValueError, match=r"a.stl: expected .glb, .ply, .obj, which have colours"):
        paint(tmp_path / "blob.ply", tmp_path / "a.stl", seed=1)
    with pytest.raises(ValueError, match="scale 0: expected"):
        paint(tmp_path / "blob.ply", tmp_path / "a.ply", seed=1, scale=0)


def test_splitting_faces_changes_no_shape():
    mesh = trimesh.creation.box((1.8, 1.0, 0.5))
    fine = split(Mesh(np.array(mesh.vertices), np.array(mesh.faces)), 0.1)
    assert fine.volume == pytest.approx(mesh.volume)
    assert len(fine.faces) > 12
