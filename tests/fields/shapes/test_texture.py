"""Colours of meshes: read, fitted, and baked into pictures."""

import io

import numpy as np
import pytest
import trimesh
from PIL import Image

from cppnart.fields.fit_texture import fit_texture
from cppnart.fields.numpy_backend import evaluate
from cppnart.fields.shapes.meshes import Mesh, checked
from cppnart.fields.shapes.textured import (
    Textured,
    baked,
    looked_up,
    read_textured,
    unwrapped,
)
from cppnart.fields.texture import psnr

from .solids import ball, box


def sphere_with_picture() -> Textured:
    """A ball whose picture is as wide as its longitude and as high as its latitude."""
    rows, columns = np.mgrid[0:33, 0:65]
    u, v = columns / 64, 1 - rows / 32
    a, b = 2 * np.pi * u, np.pi * (v - 0.5)
    points = np.stack([np.cos(a) * np.cos(b), np.sin(b), np.sin(a) * np.cos(b)], -1)
    first = (rows * 65 + columns)[:-1, :-1].ravel()
    faces = [[first, first + 1, first + 65], [first + 1, first + 66, first + 65]]
    mesh = Mesh(points.reshape(-1, 3), np.concatenate([np.stack(face, 1) for face in faces]))
    y, x = np.mgrid[0:64, 0:128]
    waves = [np.sin(2 * np.pi * (x + 0.5) / 128), (y + 0.5) / 64 * 2 - 1, 0 * x + 0.3]
    picture = np.stack(waves, -1) * 0.5 + 0.5
    uv = np.stack([u, v], -1).reshape(-1, 2)
    return Textured(mesh, uv, np.round(picture * 255).astype(np.uint8))


def test_colours_between_pixels_are_linear_and_repeat():
    picture = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    middles = np.array([[(x + 0.5) / 6, 1 - (y + 0.5) / 4] for y in range(4) for x in range(6)])
    np.testing.assert_allclose(looked_up(picture, middles) * 255, picture.reshape(-1, 3), atol=1e-4)
    np.testing.assert_allclose(
        looked_up(picture, middles + 3), looked_up(picture, middles), atol=1e-5
    )
    halfway = looked_up(picture, np.array([[2 / 6, 1 - 0.5 / 4]])) * 255
    np.testing.assert_allclose(halfway[0], picture[0, 1:3].astype(float).mean(0), atol=1e-4)


def test_points_of_a_textured_mesh_have_its_colours():
    points, colours = sphere_with_picture().on_surface(2000, np.random.default_rng(0))
    angle = np.arctan2(points[:, 2], points[:, 0])
    assert np.abs(colours[:, 0] - (0.5 + 0.5 * np.sin(angle))).max() < 0.08
    np.testing.assert_allclose(colours[:, 2], 0.65, atol=0.01)


def test_a_texture_becomes_a_field_and_is_baked_again():
    own = sphere_with_picture()
    options = {"levels": 4, "entries": 1 << 13, "width": 16}
    made = fit_texture(own, options=options, steps=200, batch=2048)
    assert made.scores["psnr"] > 30
    assert made.program.output_names == ("red", "green", "blue")

    def field(points):
        return evaluate(made.program, dict(zip("xyz", points.T, strict=True)))

    scaled = Mesh(own.mesh.vertices / 1.1, own.mesh.faces)  # into the box
    picture = baked(scaled, own.uv, field, 256)
    points, wanted = Textured(scaled, own.uv, own.picture).on_surface(
        5000, np.random.default_rng(3)
    )
    _, found = Textured(scaled, own.uv, picture).on_surface(5000, np.random.default_rng(3))
    assert psnr(found, wanted) > psnr(field(points), wanted) - 1


def test_a_mesh_without_coordinates_is_unwrapped_and_its_seams_do_not_show():
    pytest.importorskip("xatlas")
    mesh, uv = unwrapped(checked(ball(0.8, 3)), 512)
    assert uv.min() >= 0
    assert uv.max() <= 1
    a, b = uv[mesh.faces[:, 1]] - uv[mesh.faces[:, 0]], uv[mesh.faces[:, 2]] - uv[mesh.faces[:, 0]]
    assert np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).min() > 0

    def colours(points):
        return 0.5 + 0.5 * np.sin(3 * points)

    picture = baked(mesh, uv, colours, 512)
    points, found = Textured(mesh, uv, picture).on_surface(20_000, np.random.default_rng(0))
    error = np.abs(found - colours(points))
    assert error.max() < 0.06
    assert psnr(found, colours(points)) > 40


def written(tmp_path, *, material: bool = True, picture: bool = True):
    """A textured square as people have it: three files, of which some are not there."""
    image = Image.fromarray(np.full((8, 8, 3), (200, 100, 50), np.uint8))
    image.save(tmp_path / "skin.png")
    if not picture:
        (tmp_path / "skin.png").unlink()
    if material:
        (tmp_path / "a.mtl").write_text("newmtl skin\nmap_Kd skin.png\n")
    lines = ["mtllib a.mtl", "usemtl skin"]
    corners = [(0, 0), (1, 0), (1, 1), (0, 1)]
    lines += [f"v {x} {y} 0" for x, y in corners] + [f"vt {x} {y}" for x, y in corners]
    (tmp_path / "a.obj").write_text("\n".join([*lines, "f 1/1 2/2 3/3", "f 1/1 3/3 4/4"]))
    return tmp_path / "a.obj"


def test_a_texture_is_read_with_its_mesh(tmp_path):
    found = read_textured(written(tmp_path))
    _, colours = found.on_surface(50, np.random.default_rng(0))
    np.testing.assert_allclose(colours * 255, np.tile([200, 100, 50], (50, 1)), atol=0.01)


def test_a_missing_texture_is_named_and_another_taken(tmp_path):
    with pytest.raises(ValueError, match=r"the texture skin.png is missing: --texture"):
        read_textured(written(tmp_path, picture=False))
    (tmp_path / "a.mtl").unlink()
    with pytest.raises(ValueError, match=r"the material file a.mtl is missing"):
        read_textured(tmp_path / "a.obj")
    Image.new("RGB", (4, 4), (1, 2, 3)).save(tmp_path / "other.png")
    found = read_textured(tmp_path / "a.obj", tmp_path / "other.png")
    assert found.picture[0, 0].tolist() == [1, 2, 3]
    (tmp_path / "other.png").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"other.png: the texture cannot be read"):
        read_textured(tmp_path / "a.obj", tmp_path / "other.png")


def test_a_mesh_without_colours_is_refused_and_one_with_colours_fitted(tmp_path):
    plain = trimesh.creation.icosphere(2)
    plain.export(tmp_path / "a.ply")
    with pytest.raises(ValueError, match="neither a texture nor colours of vertices"):
        fit_texture(tmp_path / "a.ply")
    plain.visual.vertex_colors = np.tile([255, 128, 0, 255], (len(plain.vertices), 1))
    plain.export(tmp_path / "a.ply")
    options = {"levels": 2, "entries": 1 << 12, "width": 8}
    made = fit_texture(tmp_path / "a.ply", options=options, steps=150, batch=256)
    assert made.scores["psnr"] > 30
    with pytest.raises(ValueError, match="method 'wire': expected auto"):
        fit_texture(tmp_path / "a.ply", method="wire")


def test_psnr_is_that_of_its_definition():
    wanted = np.zeros((10, 3), np.float32)
    assert psnr(wanted + 0.1, wanted) == pytest.approx(20)
    assert psnr(wanted - 5, wanted) == pytest.approx(120)


def test_a_baked_mesh_is_read_by_others_and_shows_the_field(tmp_path):
    from cppnart.fields.program import Builder
    from cppnart.render.solids.paint import paint

    pytest.importorskip("xatlas")
    b = Builder(x=1, y=1, z=1)
    tones = b.map([b["x"], b["y"], b["z"]], scale=0.4, shift=0.5)
    program = b.build(red=tones[0], green=tones[1], blue=tones[2])
    made = paint(box(2, 1, 1.5), tmp_path / "a.glb", field=program, bake=256)
    assert (made.baked, made.faces) == (256, 12)
    data = (tmp_path / "a.glb").read_bytes()
    scene = trimesh.load_scene(io.BytesIO(data), file_type="glb", process=False)
    (found,) = scene.geometry.values()
    texture = np.array(found.visual.material.baseColorTexture.convert("RGB"))
    read = Textured(Mesh(np.array(found.vertices), np.array(found.faces)),
                    np.array(found.visual.uv), texture)  # fmt: skip
    points, colours = read.on_surface(5000, np.random.default_rng(0))
    np.testing.assert_allclose(np.ptp(found.vertices, axis=0), (2, 1, 1.5), atol=1e-5)
    expected = 0.5 + 0.4 * points * (2 / 1.1) / 2
    # but for pixels at sharp edges of the box, which look at either side
    assert (np.abs(colours - expected).max(1) < 0.03).mean() > 0.99
    with pytest.raises(ValueError, match=r"a.ply: expected .glb, which holds a texture"):
        paint(box(), tmp_path / "a.ply", field=program, bake=256)
    with pytest.raises(ValueError, match="give the seed of a texture, or a field"):
        paint(box(), tmp_path / "a.ply")
