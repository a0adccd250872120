"""Meshes of fields, their files, and the command's function."""

import io
import struct

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from cppnart.fields import files
from cppnart.fields.extract import extract, mesh_of
from cppnart.fields.program import Builder
from cppnart.fields.shapes.defects import cleaned
from cppnart.fields.shapes.glb import glb_bytes
from cppnart.fields.shapes.inside import Solid
from cppnart.fields.shapes.meshes import Mesh, Placement, read_cloud, read_mesh
from cppnart.fields.shapes.mise import dense, mise
from cppnart.fields.shapes.solid import SolidField, load_solid
from cppnart.fields.shapes.surface import normals_of, settled, surface
from cppnart.fields.shapes.writing import vertex_normals

from .solids import ball
from .test_mise import wavy


def round_field(radius: float = 0.7, kind: str = "occupancy", slope: float = 8.0):
    """A ball as a program: occupancy slope * (radius^2 - r^2), or its signed distance."""
    b = Builder(x=1, y=1, z=1)
    squares = b.map([b["x"], b["y"], b["z"]], "square")
    if kind == "occupancy":
        return b.build(occupancy=b.affine(squares, [[-slope] * 3], slope * radius**2))
    return b.build(distance=b.map(b.affine(squares, [[1] * 3], 0, "sqrt"), shift=-radius))


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.floats(2, 9))
def test_the_surface_of_any_field_is_watertight_and_looks_outwards(seed, frequency):
    mesh = surface(dense(wavy(seed, frequency), 24))
    found, defects = cleaned(mesh)
    assert str(defects) == "watertight"
    assert len(found.faces) == len(mesh.faces)
    file = io.BytesIO(trimesh.Trimesh(mesh.vertices, mesh.faces).export(file_type="stl"))
    read = trimesh.load_mesh(file, file_type="stl")
    assert read.is_watertight
    assert read.volume > 0


def test_values_at_the_threshold_itself_tear_nothing():
    def steps(points):
        return (np.round((0.5 - np.abs(points).max(1)) * 8) / 8).astype(np.float32)

    assert cleaned(surface(dense(steps, 32)))[1].watertight


def test_the_mesh_of_mise_is_that_of_all_points():
    solid = SolidField(round_field())
    a, b = surface(dense(solid, 64)), surface(mise(solid, 64, 0.0, 16))
    np.testing.assert_array_equal(a.vertices, b.vertices)
    np.testing.assert_array_equal(a.faces, b.faces)


@pytest.mark.parametrize("kind", ["occupancy", "distance"])
def test_the_surface_of_a_ball_is_where_it_is(kind):
    solid = SolidField(round_field(0.7, kind))
    mesh = mesh_of(solid, mise(solid, 64, 0.0, 16))
    radii = np.linalg.norm(mesh.vertices, axis=1)
    assert np.abs(radii - 0.7).max() < 2e-3
    fine = settled(mesh, solid, 64)
    assert np.abs(np.linalg.norm(fine.vertices, axis=1) - 0.7).max() < 1e-5
    outwards = normals_of(solid, fine.vertices)
    np.testing.assert_allclose(outwards, fine.vertices / 0.7, atol=2e-3)
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 0.343, rel=0.01)
    inside = Solid(mesh)(np.random.default_rng(0).uniform(-1, 1, (2000, 3)))
    assert inside.mean() == pytest.approx(mesh.volume / 8, abs=0.02)


def test_thresholds_are_probabilities_or_distances():
    slope = 8.0
    for threshold in (0.2, 0.5, 0.9):
        solid = SolidField(round_field(0.7, slope=slope), threshold)
        radius = np.sqrt(0.49 - np.log(threshold / (1 - threshold)) / slope)
        assert float(solid(np.array([[radius, 0, 0]]))[0]) == pytest.approx(0, abs=1e-5)
        assert solid.inside(np.array([[radius - 0.01, 0, 0], [radius + 0.01, 0, 0]])).tolist() == [
            True,
            False,
        ]
    wide = SolidField(round_field(0.7, "distance"), 0.1)
    assert float(wide(np.array([[0, 0.8, 0]]))[0]) == pytest.approx(0, abs=1e-5)
    with pytest.raises(ValueError, match=r"threshold 1.5: expected a probability"):
        SolidField(round_field(), 1.5)


def test_what_reaches_out_of_the_box_is_closed_at_its_border():
    mesh = surface(dense(SolidField(round_field(1.2)), 32))
    assert cleaned(mesh)[1].watertight
    assert np.abs(mesh.vertices).max() <= 1
    open_ = surface(dense(SolidField(round_field(1.2)), 32), closed=False)
    assert not cleaned(open_)[1].watertight


def test_no_surface_is_said_with_the_range_and_a_threshold_to_try(tmp_path):
    b = Builder(x=1, y=1, z=1)
    faint = b.build(occupancy=b.affine([b["x"], b["y"], b["z"]], [[0.3, 0, 0]], -4.0))
    with pytest.raises(ValueError, match=r"occupancy goes from 0.01339 to 0.02413") as error:
        extract(SolidField(faint), tmp_path / "a.ply", voxels=32)
    threshold = float(str(error.value).rsplit(" ", 1)[1])
    assert extract(SolidField(faint, threshold), tmp_path / "a.ply", voxels=32).count > 0


@pytest.mark.parametrize("name", ["a.ply", "a.obj", "a.stl", "a.glb", "a.off"])
def test_a_mesh_is_written_in_each_format_where_the_shape_was(tmp_path, name):
    place = Placement((10.0, 20.0, 30.0), 5.0)
    files.save(tmp_path / "f.safetensors", round_field(), {"place": place.__dict__})
    made = extract(tmp_path / "f.safetensors", tmp_path / name, voxels=64)
    mesh = read_mesh(tmp_path / name)
    assert len(mesh.faces) == made.count
    assert cleaned(mesh)[1].watertight
    radii = np.linalg.norm(mesh.vertices - np.array(place.centre), axis=1)
    np.testing.assert_allclose(radii, 3.5, atol=0.02)
    assert 0 < made.share < 0.5
    assert f"{made.evaluations} evaluations" in str(made)
    boxed = extract(tmp_path / "f.safetensors", tmp_path / name, voxels=32, boxed=True)
    assert np.abs(read_mesh(boxed.path).vertices).max() < 1


@pytest.mark.parametrize("name", ["a.ply", "a.xyz", "a.npy"])
def test_points_with_normals_are_written(tmp_path, name):
    extract(SolidField(round_field()), tmp_path / name, kind="points", points=500, voxels=32)
    cloud = read_cloud(tmp_path / name)
    assert cloud.points.shape == (500, 3)
    np.testing.assert_allclose(np.linalg.norm(cloud.points, axis=1), 0.7, atol=5e-3)
    np.testing.assert_allclose(cloud.normals, cloud.points / 0.7, atol=0.02)


def test_voxels_are_written(tmp_path):
    made = extract(SolidField(round_field()), tmp_path / "a.npy", voxels=64)
    voxels = np.load(tmp_path / "a.npy", allow_pickle=False)
    assert voxels.shape == (64, 64, 64)
    assert voxels.sum() == made.count
    assert voxels.mean() == pytest.approx(4 / 3 * np.pi * 0.343 / 8, rel=0.02)
    extract(SolidField(round_field()), tmp_path / "a.vox", voxels=64)
    data = (tmp_path / "a.vox").read_bytes()
    assert data[:4] == b"VOX "
    at = data.index(b"XYZI")
    assert struct.unpack("<I", data[at + 12 : at + 16])[0] == made.count
    rows = np.frombuffer(data[at + 16 :], np.uint8).reshape(-1, 4)
    assert voxels[rows[:, 0], rows[:, 2], 63 - rows[:, 1]].all()
    with pytest.raises(ValueError, match=r"512 voxels a side: .vox holds 256"):
        extract(SolidField(round_field(0.1)), tmp_path / "b.vox", voxels=512)


def test_names_sizes_and_fields_that_cannot_be_are_refused(tmp_path):
    solid = SolidField(round_field())
    with pytest.raises(ValueError, match=r"a.gif: expected mesh: .obj"):
        extract(solid, tmp_path / "a.gif")
    with pytest.raises(ValueError, match=r"expected points: .ply"):
        extract(solid, tmp_path / "a.stl", kind="points")
    with pytest.raises(ValueError, match="voxels 5000: expected 8 to 1024"):
        extract(solid, tmp_path / "a.stl", voxels=5000)
    b = Builder(x=1, y=1)
    with pytest.raises(ValueError, match="inputs x, y: a field in space has x, y and z"):
        SolidField(b.build(occupancy=b["x"]))
    b = Builder(x=1, y=1, z=1)
    files.save(tmp_path / "f.safetensors", b.build(value=b["x"]))
    with pytest.raises(ValueError, match=r"f.safetensors: outputs value: a solid has occupancy"):
        load_solid(tmp_path / "f.safetensors")
    files.save(tmp_path / "f.safetensors", round_field(), {"place": {"scale": -1}})
    with pytest.raises(ValueError, match="its place is not finite"):
        load_solid(tmp_path / "f.safetensors")


def test_colours_and_textures_in_a_glb_come_back():
    from PIL import Image

    mesh = ball(0.8, 2)
    colours = np.random.default_rng(0).random((len(mesh.vertices), 3))
    coloured = Mesh(mesh.vertices, mesh.faces, colours)
    data = glb_bytes(coloured, normals=vertex_normals(mesh))
    scene = trimesh.load_scene(io.BytesIO(data), file_type="glb", process=False)
    (found,) = scene.geometry.values()
    np.testing.assert_allclose(found.vertices, mesh.vertices, atol=1e-6)
    linear = found.visual.vertex_attributes["color"][:, :3] / 65535
    expected = np.where(colours > 0.04045, ((colours + 0.055) / 1.055) ** 2.4, colours / 12.92)
    np.testing.assert_allclose(linear, expected, atol=1e-5)
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 256, (8, 8, 3), np.uint8))
    file = io.BytesIO()
    picture.save(file, "PNG")
    uv = np.random.default_rng(2).random((len(mesh.vertices), 2))
    data = glb_bytes(mesh, uv=uv, texture=file.getvalue())
    found = trimesh.load_scene(io.BytesIO(data), file_type="glb", process=False).to_mesh()
    np.testing.assert_allclose(found.visual.uv, uv * [1, -1] + [0, 1], atol=1e-6)
    read = found.visual.material.baseColorTexture.convert("RGB")
    np.testing.assert_array_equal(np.array(read), np.array(picture))


def test_colours_of_vertices_survive_glb_and_ply(tmp_path):
    from cppnart.fields.shapes.writing import write_mesh

    mesh = ball(0.8, 1)
    colours = np.random.default_rng(0).random((len(mesh.vertices), 3))
    for name, close in (("a.glb", 1e-4), ("a.ply", 3e-3), ("a.obj", 3e-3)):
        write_mesh(tmp_path / name, Mesh(mesh.vertices, mesh.faces, colours))
        found = read_mesh(tmp_path / name)
        np.testing.assert_allclose(found.vertices, mesh.vertices, atol=1e-6)
        np.testing.assert_allclose(found.colours, colours, atol=close)
