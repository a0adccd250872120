"""Scenes from meshes: depths and coverage in closed form, colours, files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh

from cppnart.fields.scenes import Cameras, read_scene
from cppnart.fields.scenes.blender import RADIUS
from cppnart.fields.shapes.meshes import Mesh
from cppnart.fields.shapes.textured import Textured
from cppnart.fields.shapes.writing import write_mesh
from cppnart.render.scenes import render
from cppnart.render.scenes.render import Model, looking_at_origin, render_scene

COLOUR = np.array([0.8, 0.4, 0.2])


def coloured(vertices: np.ndarray, faces: np.ndarray) -> Textured:
    colours = np.tile(COLOUR.astype(np.float32), (len(vertices), 1))
    return Textured(Mesh(np.asarray(vertices, float), np.asarray(faces, np.int64), colours))


def sphere(level: int = 5) -> Textured:
    mesh = trimesh.creation.icosphere(level)
    return coloured(mesh.vertices, mesh.faces)


def box() -> Textured:
    mesh = trimesh.creation.box((2, 1, 3))
    return coloured(mesh.vertices, mesh.faces)


def camera(eye: tuple[float, float, float], size: int = 64) -> Cameras:
    return Cameras(
        looking_at_origin(np.array(eye))[None],
        np.full((1, 2), 1.4 * size),
        np.full((1, 2), size / 2),
        np.full((1, 2), size),
        np.zeros((1, 6)),
    )


def pixel_rays(cameras: Cameras) -> tuple[np.ndarray, np.ndarray]:
    """Origin (3,) and directions (H, W, 3) through the middles of the pixels."""
    width, height = cameras.size[0].tolist()
    y, x = np.mgrid[:height, :width] + 0.5
    pixels = np.stack([x.ravel(), y.ravel()], 1)
    origins, directions = cameras.rays(np.zeros(len(pixels), int), pixels)
    return origins[0].astype(float), directions.reshape(height, width, 3).astype(float)


def test_the_depth_of_a_sphere_is_that_of_the_formula() -> None:
    cameras = camera((2.5, -2.0, 2.4))
    picture, depth = Model.of(sphere()).seen_by(cameras, 0)
    eye, ways = pixel_rays(cameras)
    a, b, c = (ways**2).sum(-1), ways @ eye, eye @ eye - RADIUS**2
    root = b**2 - a * c
    inside = root > 0.05  # away from the edge, where the mesh is not quite the sphere
    wanted = (-b - np.sqrt(np.maximum(root, 0))) / a
    assert inside.sum() > 1000
    np.testing.assert_allclose(depth[inside], wanted[inside], atol=2e-3)
    assert (depth[root < -0.05] == 0).all()
    assert (picture[root < -0.2, 3] == 0).all()
    assert (picture[inside, 3] == 255).all()


def test_the_depth_of_a_box_is_exact() -> None:
    model = Model.of(box())
    cameras = camera((2.0, -3.0, 1.5))
    _, depth = model.seen_by(cameras, 0)
    half = np.array([2, 1, 3]) * RADIUS / np.sqrt(14)
    eye, ways = pixel_rays(cameras)
    with np.errstate(divide="ignore"):
        one, two = (-half - eye) / ways, (half - eye) / ways
    enter, leave = np.minimum(one, two).max(-1), np.maximum(one, two).min(-1)
    hit = enter < leave
    sure = np.abs(enter - leave) > 0.05
    np.testing.assert_array_equal((depth > 0)[sure], hit[sure])
    np.testing.assert_allclose(depth[hit & sure], enter[hit & sure], rtol=1e-5)
    points = (eye + depth[..., None] * ways)[depth > 0]
    np.testing.assert_allclose(np.abs(points / half).max(-1), 1, atol=1e-5)
    # and projection takes the points of the surface back to the middles of their pixels
    pixels, depths = cameras.project(np.zeros(len(points), int), points)
    rows, columns = np.nonzero(depth)
    np.testing.assert_allclose(pixels, np.stack([columns, rows], 1) + 0.5, atol=1e-4)
    np.testing.assert_allclose(depths, depth[depth > 0], rtol=1e-6)


def test_alpha_is_how_much_of_a_pixel_is_covered() -> None:
    cameras = camera((0.0, 0.0, 4.0))
    picture, _ = Model.of(sphere()).seen_by(cameras, 0, samples=7)
    # From 4 away the outline of the ball is a circle of this radius at depth 1.
    radius = cameras.focal[0, 0] * RADIUS / np.sqrt(16 - RADIUS**2)
    assert picture[..., 3].sum() / 255 == pytest.approx(np.pi * radius**2, rel=0.003)
    edge = (picture[..., 3] > 0) & (picture[..., 3] < 255)
    assert edge.sum() > 100
    # colours are straight: at the edge they are those of the inside
    np.testing.assert_array_equal(picture[picture[..., 3] > 0][:, :3].std(axis=0), 0)
    np.testing.assert_allclose(picture[32, 32, :3], 255 * COLOUR, atol=0.51)


def test_bands_do_not_change_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    model, cameras = Model.of(sphere(2), shading=True), camera((2.0, -3.0, 1.5))
    picture, depth = model.seen_by(cameras, 0)
    monkeypatch.setattr(render, "_BAND", 64 * 9 * 5)
    monkeypatch.setattr(render, "_PART", 100)
    banded, deep = model.seen_by(cameras, 0)
    assert (np.abs(banded.astype(int) - picture) <= 1).all()
    np.testing.assert_allclose(deep, depth, rtol=1e-6)


def test_a_texture_lies_where_its_coordinates_say() -> None:
    """A square in front of the camera, its picture in four colours."""
    vertices = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], float)
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    colours = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8)
    texture = np.repeat(np.repeat(colours, 8, axis=0), 8, axis=1)
    mesh = Mesh(vertices, np.array([[0, 1, 2], [0, 2, 3]]))
    picture, depth = Model.of(Textured(mesh, uv, texture)).seen_by(camera((0, 0, 4.0)), 0)
    assert depth[32, 32] == pytest.approx(4)
    rows, columns = np.nonzero(picture[..., 3] == 255)
    low, high = rows.min(), rows.max()
    quarter = (high - low) // 4
    for row, y in enumerate((low + quarter, high - quarter)):
        for column, x in enumerate((columns.min() + quarter, columns.max() - quarter)):
            np.testing.assert_array_equal(picture[y, x, :3], colours[row, column])


def test_light_is_fixed_to_the_world() -> None:
    """A point of the ball has the same colour from wherever it is seen, and is lit from above."""
    model = Model.of(sphere(), shading=True)
    colours = []
    point = RADIUS * np.array([0.6, -0.64, 0.48])
    for eye in ((2.0, -3.0, 2.0), (3.5, -1.0, 1.5), (1.0, -2.5, 3.0)):
        cameras = camera(eye, 200)
        picture, _ = model.seen_by(cameras, 0)
        (pixel,), _ = cameras.project([0], [point])
        colours.append(picture[int(pixel[1]), int(pixel[0]), :3].astype(int))
    assert np.ptp(colours, axis=0).max() <= 2
    below, _ = model.seen_by(camera((0.0, 0.1, -4.0)), 0)
    above, _ = model.seen_by(camera((0.0, 0.1, 4.0)), 0)
    assert above[32, 32, 0] > below[32, 32, 0] + 40


def test_sharp_edges_stay_sharp_in_the_light() -> None:
    picture, _ = Model.of(box(), shading=True).seen_by(camera((2.0, -3.0, 1.5)), 0)
    inside = picture[picture[..., 3] == 255][:, :3]
    # three sides, of one colour each, but for the pixels at edges
    _, counts = np.unique(inside, axis=0, return_counts=True)
    assert np.sort(counts)[-3:].sum() > 0.85 * len(inside)


def test_a_mesh_becomes_a_blender_scene(tmp_path: Path) -> None:
    source = box()
    write_mesh(tmp_path / "box.ply", source.mesh)
    calls = []
    report = render_scene(
        tmp_path / "box.ply",
        tmp_path / "scene",
        views=8,
        size=24,
        up="z",
        progress=lambda done, total: calls.append((done, total)),
    )
    assert report.views == {"train": 8, "val": 1, "test": 2}
    assert calls == [(n, 11) for n in range(1, 12)]
    scene = read_scene(tmp_path / "scene")
    assert scene.counts() == report.views
    assert (scene.near, scene.far) == pytest.approx((2.7, 5.3))
    np.testing.assert_allclose(np.linalg.norm(scene.cameras.poses[:, :3, 3], axis=1), 4)
    model = Model.of(source)
    for number in range(11):
        picture, depth = model.seen_by(scene.cameras, number)
        assert (depth > 0).any()
        assert scene.near < depth[depth > 0].min() <= depth.max() < scene.far
        assert (np.abs(scene.pixels(number).astype(int) - picture) <= 1).all()
        np.testing.assert_allclose(scene.depth(number), depth, rtol=1e-6)


def test_cameras_are_spread_evenly_and_splits_differ(tmp_path: Path) -> None:
    render_scene(sphere(1), tmp_path / "all", views=40, size=8, samples=1)
    render_scene(sphere(1), tmp_path / "half", views=40, size=8, samples=1, hemisphere=True)
    whole, half = read_scene(tmp_path / "all"), read_scene(tmp_path / "half")
    places = whole.cameras.poses[:, :3, 3] / 4
    assert np.linalg.norm(places[:40].mean(axis=0)) < 0.02
    away = np.linalg.norm(places[:, None] - places[None], axis=2) + 9 * np.eye(len(places))
    assert away[:40, :40].min() > 0.35
    assert away.min() > 0.01
    assert (half.cameras.poses[:, 2, 3] > 0).all()


def test_the_mesh_is_turned_so_that_z_is_up() -> None:
    tall = trimesh.creation.box((1, 3, 1))
    made = Model.of(coloured(tall.vertices, tall.faces), up="y").textured.mesh
    assert np.ptp(made.vertices, axis=0).argmax() == 2
    assert made.volume > 0


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"views": 1}, "views 1: expected 2 to 10000"),
        ({"size": 5}, "size 5: expected 8 to 4096"),
        ({"samples": 2}, "samples 2: expected 1, 3, 5 or 7"),
        ({"up": "x"}, "up 'x': expected y or z"),
    ],
)
def test_numbers_out_of_range_are_refused(
    tmp_path: Path, change: dict[str, object], line: str
) -> None:
    with pytest.raises(ValueError, match=line):
        render_scene(box(), tmp_path / "out", **change)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_meshes_without_colours_or_extent_are_refused(tmp_path: Path) -> None:
    write_mesh(tmp_path / "plain.obj", Mesh(box().mesh.vertices, box().mesh.faces))
    with pytest.raises(ValueError, match="neither a texture nor colours"):
        render_scene(tmp_path / "plain.obj", tmp_path / "out")
    point = replace(box().mesh, vertices=np.zeros_like(box().mesh.vertices))
    with pytest.raises(ValueError, match="no extent"):
        render_scene(Textured(point), tmp_path / "out")
