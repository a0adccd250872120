"""Colours from photographs: of scenes that are rendered of a mesh whose colours are known."""

from dataclasses import replace

import numpy as np
import pytest

from cppnart.fields import fit_texture as module
from cppnart.fields.fit_texture import fit_texture
from cppnart.fields.numpy_backend import evaluate
from cppnart.fields.photographed import cast, photographed, unseen
from cppnart.fields.scenes.scene import read_scene
from cppnart.fields.shapes.meshes import Mesh, normalised
from cppnart.fields.shapes.textured import Textured
from cppnart.render.scenes.render import render_scene

from .solids import box, joined, moved, torus


def coloured() -> Textured:
    """A ring with a block beside it, y upwards, in colours that are its coordinates."""
    mesh = joined(torus(), moved(box(0.3, 0.5, 0.2), 0.0, 0.1, 0.5))
    mesh = Mesh(40 * mesh.vertices + [7, 3, -5], mesh.faces)
    boxed, _ = normalised(mesh)
    return Textured(replace(mesh, colours=colours_of(boxed.vertices)))


def colours_of(points):
    return 0.5 + 0.45 * points


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scene") / "ring"
    render_scene(coloured(), folder, views=12, size=64)
    return read_scene(folder)


@pytest.mark.parametrize("known", [True, False])
def test_pixels_become_points_of_the_surface_with_their_colours(scene, known):
    own = coloured()
    if not known:
        scene = replace(scene, views=tuple(replace(view, depth=None) for view in scene.views))
    found = photographed(own.mesh, scene, "train", 20_000)
    assert 5000 < len(found.points) <= 20_000
    # linear over every face, so that colours tell points
    np.testing.assert_allclose(found.colours, colours_of(found.points), atol=0.03)
    error = np.abs(found.colours - colours_of(found.points)).mean()
    assert error < 0.004


def test_depths_that_are_cast_are_those_that_were_rendered(scene):
    own = coloured().mesh
    middle = (own.vertices.min(0) + own.vertices.max(0)) / 2
    v = own.vertices - middle
    v = v * 1.25 / np.linalg.norm(v, axis=1).max()
    v = np.stack([v[:, 0], -v[:, 2], v[:, 1]], 1)
    found = cast(scene, 3, v, own.faces)
    np.testing.assert_allclose(found, scene.depth(3), atol=2e-5)


def test_a_mesh_in_the_coordinates_of_the_scene_is_found_too(scene):
    own = coloured()
    middle = (own.mesh.vertices.min(0) + own.mesh.vertices.max(0)) / 2
    v = own.mesh.vertices - middle
    v = v * 1.25 / np.linalg.norm(v, axis=1).max()
    there = Mesh(np.stack([v[:, 0], -v[:, 2], v[:, 1]], 1), own.mesh.faces)
    found = photographed(there, scene, "test", 2000)
    x, y, z = found.points.T
    np.testing.assert_allclose(found.colours, colours_of(np.stack([x, z, -y], 1)), atol=0.04)
    with pytest.raises(ValueError, match="the mesh does not lie where the photographs"):
        photographed(box(1, 5, 1), scene, "train", 100)


def test_colours_are_fitted_to_photographs(scene, monkeypatch):
    monkeypatch.setattr(module, "POOL", 1 << 14)
    monkeypatch.setattr(module, "SCORED", 2000)
    options = {"levels": 4, "entries": 1 << 12, "width": 16, "depth": 1}
    own = coloured()
    made = fit_texture(own, photos=scene, options=options, steps=200, batch=1024)
    assert made.scores["psnr"] > 26
    boxed, _ = normalised(own.mesh)
    points, _ = Textured(replace(boxed, colours=own.mesh.colours)).on_surface(
        2000, np.random.default_rng(0)
    )
    found = evaluate(made.program, dict(zip("xyz", points.T, strict=True)))
    assert np.median(np.abs(found - colours_of(points))) < 0.03
    with pytest.raises(ValueError, match="colours are those of the photographs"):
        fit_texture(own, photos=scene, texture="a.png")


def test_what_no_photograph_shows_is_known():
    mesh, _ = normalised(box(1, 1, 1))
    points = mesh.vertices.max() * np.ones((1, 3), np.float32)
    assert unseen(mesh, points) > 0.99
    side = np.random.default_rng(0).uniform(-1, 1, (20_000, 3)) / 1.1
    side[:, 0] = 1 / 1.1
    assert unseen(mesh, side.astype(np.float32)) == pytest.approx(5 / 6, abs=0.03)
