"""Meshes that are seen, and pictures of solids that are made again from themselves."""

import json

import msgspec
import numpy as np
import pytest
import trimesh
from PIL import Image

from cppnart.fields.program import Builder
from cppnart.fields.shapes.meshes import Mesh
from cppnart.fields.shapes.textured import Textured
from cppnart.render import api
from cppnart.render.metadata import read_recipe
from cppnart.render.solids import mesh_field, recipe, subject
from cppnart.render.solids.camera import Camera
from cppnart.render.solids.paint import paint
from cppnart.render.solids.recipe import SolidRecipe, parse_solid_recipe
from cppnart.render.solids.skin import Skin
from cppnart.render.solids.view import view


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Light by a coarse lattice."""
    monkeypatch.setattr(mesh_field, "SAMPLES", 20_000)
    monkeypatch.setattr(subject, "VOXELS", 64)
    monkeypatch.setattr(subject, "COARSE", 16)


def ball(radius: float = 0.8, colour: tuple[float, ...] | None = None) -> Mesh:
    found = trimesh.creation.icosphere(3, radius)
    colours = None if colour is None else np.tile(colour, (len(found.vertices), 1))
    return Mesh(np.array(found.vertices), np.array(found.faces), colours)


def pixels(path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.array(picture.convert("RGB"))


def test_a_texture_is_seen_where_its_coordinates_put_it():
    mesh = Mesh(
        np.array([[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0]], float),
        np.array([[0, 1, 2], [0, 2, 3]]),
    )
    picture = np.random.default_rng(0).integers(0, 255, (8, 8, 3)).astype(np.uint8)
    square = Textured(mesh, np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float), picture)
    camera = Camera(azimuth=0, elevation=0, distance=3)
    middles = (np.arange(8) + 0.5) / 8 - 0.5
    x, y = (a.ravel() for a in np.meshgrid(middles, -middles))
    rays = np.stack([x, y, np.full(64, -3.0)], 1).astype(np.float32)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    for eye in (camera, Camera(azimuth=180, elevation=0, distance=3)):
        turned = rays if eye is camera else rays * np.float32([-1, 1, -1])
        met = Skin(square).seen_by(eye, 64, 64)(turned)
        assert len(met.numbers) == 64
        encoded = np.where(
            met.base <= 0.0031308, 12.92 * met.base, 1.055 * met.base ** (1 / 2.4) - 0.055
        )
        seen = (encoded * 255).reshape(8, 8, 3)
        # from behind it is a mirror image, and normals look at whoever sees it
        np.testing.assert_allclose(seen if eye is camera else seen[:, ::-1], picture, atol=0.6)
        np.testing.assert_allclose(met.normals @ eye.axes[2], 1, atol=1e-6)


@pytest.mark.parametrize("suffix", ["obj", "ply", "stl", "glb", "off"])
def test_mesh_files_are_seen_in_the_middle_of_the_picture(tmp_path, suffix):
    trimesh.creation.icosphere(3, 40).export(tmp_path / f"a.{suffix}")
    shown = view(tmp_path / f"a.{suffix}", size="48", look="plaster", samples=1).astype(int)
    assert shown[18:30, 18:30].min() > 60
    assert np.abs(shown[24, 24] - shown[1, 1]).max() > 5


def test_colours_of_vertices_are_seen_and_those_of_looks_are_not_changed(tmp_path):
    mesh = ball(colour=(0.9, 0.1, 0.1))
    trimesh.Trimesh(mesh.vertices, mesh.faces, vertex_colors=(230, 26, 26)).export(
        tmp_path / "a.ply"
    )
    red = view(tmp_path / "a.ply", size="32", samples=1)[16, 16].astype(int)
    assert red[0] > red[1] + 60
    own = view(mesh, size="32", samples=1)[16, 16].astype(int)
    np.testing.assert_allclose(own, red, atol=2)
    white, plain = (view(m, size="32", samples=1, look="plaster") for m in (mesh, ball()))
    np.testing.assert_array_equal(white, plain)


def test_the_silhouette_is_that_of_the_mesh(tmp_path):
    ink = view(ball(1.0), size="200", look="ink", samples=1, azimuth=0, elevation=0)
    paper = np.abs(ink.astype(int) - ink[0, 0]).max(2) < 40
    rows = np.flatnonzero(~paper[:, 100])
    # the ball, in the box of radius 1 / 1.1, from 1.16 / sin 15 degrees radii away: half of its
    # angle of view by that of the picture
    size = np.tan(np.arcsin(np.sin(np.radians(15)) / 1.16)) / np.tan(np.radians(15)) * 200
    assert rows[-1] - rows[0] == pytest.approx(size, abs=4)


def test_a_mesh_with_holes_and_one_whose_texture_is_missing_are_seen_all_the_same(tmp_path):
    found = trimesh.creation.icosphere(2)
    found.update_faces(np.arange(len(found.faces)) > 20)
    found.export(tmp_path / "open.ply")
    assert np.ptp(view(tmp_path / "open.ply", size="32", samples=1)) > 40
    (tmp_path / "a.obj").write_text(
        "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nvt 0 0\nvt 1 0\nvt 0 1\n"
        "f 1/1 3/3 2/2\nf 1/1 2/2 4/3\nf 1/1 4/2 3/3\nf 2/1 3/2 4/3\n"
    )
    made = view(tmp_path / "a.obj", tmp_path / "a.png", size="24", samples=1)
    assert "no material" in made.remark
    with pytest.raises(ValueError, match=r"texture none.png: only a mesh has one"):
        view(7, texture="none.png")


@pytest.mark.parametrize("source", [42, "mesh", "field", "painted"])
def test_a_picture_is_made_again_from_itself_and_larger(tmp_path, source):
    path = tmp_path / "a.png"
    how = {"azimuth": 70.0, "elevation": 5.0, "zoom": 1.2}
    if source == "painted":
        mesh = ball()
        paint(mesh, tmp_path / "a.ply", seed=3, texture="wood", picture=path, size="40")
    else:
        named = ball(colour=(0.2, 0.5, 0.9)) if source == "mesh" else source
        if source == "field":
            b = Builder(x=1, y=1, z=1)
            squares = b.map([b["x"], b["y"], b["z"]], "square")
            named = tmp_path / "f.safetensors"
            program = b.build(occupancy=b.affine(squares, [[-8.0] * 3], 4.0))
            recipe.files.save(named, program)
        view(named, path, size="40", **how)
    again = view(path)
    # a recipe keeps colours of vertices with 8 bits
    np.testing.assert_allclose(again.astype(int), pixels(path), atol=1 if source == "mesh" else 0)
    assert view(path, size="60x50", samples=1).shape == (50, 60, 3)
    facts = api.info(path)
    assert facts["kind"] == "picture of a solid"
    json.dumps(facts)
    with pytest.raises(ValueError, match="a picture of a solid, which 'cppnart view' makes again"):
        api.render(path)


def test_a_film_is_made_again_from_itself(tmp_path):
    film = tmp_path / "a.gif"
    view(42, film, form="knot", orbit=True, duration=0.3, fps=10, size="24", samples=1)
    assert api.info(film)["kind"] == "film of a solid"
    made = view(film, tmp_path / "b.gif", look="gold")
    assert (made.frames, made.width, made.look) == (3, 24, "gold")
    picture = view(film, tmp_path / "b.png", orbit=False)
    assert picture.frames == 1


def test_what_is_too_large_is_named_and_looked_for_beside_the_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "LARGEST", 100)
    trimesh.creation.icosphere(2).export(tmp_path / "ball.stl")
    made = view(tmp_path / "ball.stl", tmp_path / "a.png", size="24", samples=1)
    assert "ball.stl is too large" in made.remark
    assert parse_solid_recipe(read_recipe(tmp_path / "a.png")).solid.mesh == "file:ball.stl"
    np.testing.assert_array_equal(view(tmp_path / "a.png"), pixels(tmp_path / "a.png"))
    (tmp_path / "ball.stl").unlink()
    with pytest.raises(ValueError, match=r"needs the file ball.stl: put it beside the picture"):
        view(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("solid", "message"),
    [
        ({}, "has a seed, a field, or a mesh"),
        ({"seed": "1", "mesh": "AAAA"}, "has a seed, a field, or a mesh"),
        ({"mesh": "file:../secret.ply"}, "expected a name alone"),
        ({"mesh": "a b"}, "not base64"),
        ({"mesh": "AAAA"}, "the mesh of the recipe cannot be used"),
        ({"field": "AAAA"}, "cut short|not a usable field|not a"),
        ({"seed": "1", "form": "cube"}, "cube"),
    ],
)
def test_recipes_that_make_no_sense_are_refused_in_one_line(tmp_path, solid, message):
    made = SolidRecipe(cppnart="0.1.0", solid=msgspec.convert(solid, recipe.Subject), size="24")
    with pytest.raises(ValueError, match=message) as error:
        subject.studio_of(made, tmp_path, 1)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["{}", "[1]", '{"cppnart":"0.1","solid":{"sea":1}}', '{"cppnart"'])
def test_text_that_is_no_recipe_is_refused(text):
    with pytest.raises(ValueError, match="recipe"):
        parse_solid_recipe(text)
