"""Reading meshes and points, and what is said of files that are none."""

import io
from dataclasses import replace

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from cppnart.fields.shapes import UNIT
from cppnart.fields.shapes.defects import cleaned, oriented
from cppnart.fields.shapes.meshes import (
    MESHES,
    Cloud,
    Mesh,
    checked,
    has_faces,
    normalised,
    read_cloud,
    read_mesh,
)

from .solids import ball, box, joined, moved, turned


@pytest.mark.parametrize("suffix", MESHES)
def test_a_mesh_is_read_from_each_format(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    trimesh.creation.icosphere(2).export(path)
    mesh = read_mesh(path)
    assert mesh.faces.shape == (320, 3)
    found, defects = cleaned(mesh)
    assert defects.watertight
    assert found.volume == pytest.approx(trimesh.creation.icosphere(2).volume, rel=1e-5)
    assert has_faces(path)


def test_colours_of_vertices_are_read(tmp_path):
    found = trimesh.creation.icosphere(1)
    wanted = np.random.default_rng(0).integers(0, 256, (len(found.vertices), 4), np.uint8)
    found.visual.vertex_colors = wanted
    found.export(tmp_path / "a.ply")
    np.testing.assert_allclose(
        read_mesh(tmp_path / "a.ply").colours * 255, wanted[:, :3], atol=1e-4
    )


def test_vertices_that_texture_coordinates_split_are_one():
    whole = box()
    split = Mesh(whole.vertices[whole.faces].reshape(-1, 3), np.arange(36).reshape(12, 3))
    merged = checked(split)
    assert len(merged.vertices) == 8
    assert cleaned(merged)[1].watertight


def test_vertices_that_differ_by_rounding_are_one():
    whole = ball()
    split = whole.vertices[whole.faces].reshape(-1, 3)
    random = np.random.default_rng(0)
    split = split * (1 + random.uniform(-1e-8, 1e-8, split.shape))
    mesh = Mesh(split, np.arange(len(split)).reshape(-1, 3))
    assert cleaned(checked(mesh))[1].watertight


@given(st.floats(-9, 9), st.tuples(*[st.floats(-1e3, 1e3)] * 3))
def test_a_shape_of_any_unit_is_brought_into_the_box_and_back(power, centre):
    own = box(1, 2, 0.5)
    mesh = Mesh((own.vertices + np.array(centre)) * 10.0**power, own.faces)
    placed, place = normalised(mesh)
    np.testing.assert_allclose(
        placed.vertices.max(0), UNIT * np.array([0.25, 0.5, 0.125]), atol=1e-9
    )
    np.testing.assert_allclose(placed.vertices.min(0), -placed.vertices.max(0), atol=1e-9)
    back = place.back(placed.vertices)
    np.testing.assert_allclose(back, mesh.vertices, atol=1e-9 * np.abs(mesh.vertices).max())


def test_a_shape_without_extent_is_refused():
    with pytest.raises(ValueError, match="no extent"):
        normalised(Mesh(np.ones((3, 3)), np.array([[0, 1, 2]])))


BAD = {
    "no vertices": ("", "empty"),
    "points only": ("v 0 0 0\nv 1 0 0\nv 0 1 0\n", "empty|no faces"),
    "not finite": ("v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "1 vertices are not finite"),
    "infinite": ("v inf 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "1 vertices are not finite"),
    "a face of nothing": ("v 0 0 0\nv 1 0 0\nf 1 2 7\n", "cannot be read|has the vertex"),
    "words": ("hello\nworld", "empty|cannot be read"),
}


@pytest.mark.parametrize("name", BAD)
def test_files_that_are_no_mesh_are_refused_in_one_line(tmp_path, name):
    text, reason = BAD[name]
    path = tmp_path / "a.obj"
    path.write_text(text)
    with pytest.raises(ValueError, match=reason) as error:
        read_mesh(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", MESHES)
def test_rubbish_is_refused_whatever_its_name(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(np.random.default_rng(0).bytes(500))
    with pytest.raises(ValueError, match="a\\."):
        read_mesh(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="a\\."):
        read_mesh(path)


def test_other_names_and_missing_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"expected a mesh: .obj, .ply"):
        read_mesh(tmp_path / "a.fbx")
    with pytest.raises(FileNotFoundError):
        read_mesh(tmp_path / "a.obj")
    with pytest.raises(ValueError, match="has the vertex 9: there are 3"):
        checked(Mesh(np.eye(3), np.array([[0, 1, 9]])))


def test_duplicate_and_degenerate_faces_enclose_nothing():
    mesh = box()
    extra = [mesh.faces[:2], mesh.faces[2:3, [1, 2, 0]], np.array([[0, 0, 1], [2, 3, 3]])]
    found, defects = cleaned(replace(mesh, faces=np.concatenate([mesh.faces, *extra])))
    assert (defects.duplicate, defects.degenerate, defects.watertight) == (3, 2, True)
    assert len(found.faces) == 12
    assert "2 degenerate faces, 3 duplicate faces" in str(defects)
    folded = replace(mesh, faces=np.concatenate([mesh.faces, [[0, 6, 7], [0, 7, 6]]]))
    assert len(cleaned(folded)[0].faces) == 12
    with pytest.raises(ValueError, match="every face of the mesh is degenerate"):
        cleaned(Mesh(np.eye(3), np.array([[0, 0, 1]])))


def test_what_is_wrong_with_a_mesh_is_counted():
    mesh = box()
    assert str(cleaned(mesh)[1]) == "watertight"
    open_ = cleaned(replace(mesh, faces=mesh.faces[1:]))[1]
    assert (open_.holes, open_.watertight) == (3, False)
    assert str(open_) == "not watertight: 3 edges at holes"
    inverted = cleaned(turned(mesh))[1]
    assert inverted.inverted
    assert inverted.watertight
    one = mesh.faces.copy()
    one[0] = one[0, ::-1]
    assert cleaned(replace(mesh, faces=one))[1].flipped == 3
    fin = np.concatenate([mesh.faces, [[*mesh.faces[0, :2], 8]]])
    crowded = Mesh(np.concatenate([mesh.vertices, [[2, 2, 2]]]), fin)
    assert (cleaned(crowded)[1].crowded, cleaned(crowded)[1].holes) == (1, 2)


def test_suzanne_has_holes(data):
    assert cleaned(read_mesh(data / "meshes" / "suzanne.obj"))[1].holes == 42


@pytest.mark.parametrize("name", ["spot.obj", "rocker-arm.obj", "featuretype.STL", "fuze.obj"])
def test_real_meshes_are_watertight_once_their_vertices_are_merged(data, name):
    assert cleaned(read_mesh(data / "meshes" / name))[1].watertight


def test_faces_are_turned_to_one_side_and_outwards():
    mesh = joined(ball(), moved(ball(0.3, 2), 2, 0, 0))
    random = np.random.default_rng(1)
    mixed = np.where(random.random(len(mesh.faces))[:, None] < 0.5, mesh.faces[:, ::-1], mesh.faces)
    assert cleaned(replace(mesh, faces=mixed))[1].flipped > 100
    found, defects = cleaned(oriented(replace(mesh, faces=mixed)))
    assert str(defects) == "watertight"
    assert found.volume == pytest.approx(mesh.volume)


def test_points_are_read_from_each_format(tmp_path):
    random = np.random.default_rng(0)
    points, normals = random.normal(size=(2, 40, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    np.save(tmp_path / "a.npy", points)
    np.save(tmp_path / "b.npy", np.hstack([points, 3 * normals]))
    np.savetxt(tmp_path / "a.xyz", points)
    np.savetxt(tmp_path / "b.xyz", np.hstack([points, normals]), delimiter=",")
    names = ["x", "y", "z", "nx", "ny", "nz"]
    for name, count in (("a.ply", 3), ("b.ply", 6)):
        header = "".join(f"property double {n}\n" for n in names[:count])
        file = io.StringIO()
        np.savetxt(file, np.hstack([points, normals])[:, :count])
        text = f"ply\nformat ascii 1.0\nelement vertex 40\n{header}end_header\n{file.getvalue()}"
        (tmp_path / name).write_text(text)
    for suffix in ("npy", "xyz", "ply"):
        plain, full = (read_cloud(tmp_path / f"{name}.{suffix}") for name in "ab")
        np.testing.assert_allclose(plain.points, points, atol=1e-6)
        assert plain.normals is None
        np.testing.assert_allclose(full.points, points, atol=1e-6)
        np.testing.assert_allclose(full.normals, normals, atol=1e-6)
    assert not has_faces(tmp_path / "a.ply")


def test_points_that_are_none_are_refused(tmp_path):
    def refused(rows, reason):
        np.save(tmp_path / "a.npy", rows)
        with pytest.raises(ValueError, match=reason):
            read_cloud(tmp_path / "a.npy")

    refused(np.zeros((20, 4)), r"shape \(20, 4\): expected \(N, 3\)")
    refused(np.zeros((5, 3)), "5 points: expected 16")
    refused(np.full((20, 3), np.nan), "20 points are not finite")
    refused(np.zeros((20, 6)), "20 normals have no length")
    refused(np.array(["a"]), "expected numbers")
    refused(np.array([{}], object), "cannot be read as points")
    (tmp_path / "a.xyz").write_text("1 2 3\n4 5\n")
    with pytest.raises(ValueError, match="cannot be read as points"):
        read_cloud(tmp_path / "a.xyz")


def test_a_cloud_is_normalised_like_a_mesh():
    cloud, place = normalised(Cloud(np.array([[0.0, 0, 0], [4, 2, 1]])))
    assert np.ptp(cloud.points, axis=0)[0] == pytest.approx(UNIT)
    assert place.centre == (2, 1, 0.5)
