"""Pages to walk round a field of light in, run in a browser, and meshes of it."""

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
import trimesh

from cppnart.fields import files
from cppnart.fields.radiance.meshed import mesh_scene
from cppnart.render.export import export
from cppnart.render.radiance.page import baked, light_page
from cppnart.render.radiance.view import view_scene

from ..export.live import launched
from .balls import ball


@pytest.fixture(scope="module")
def pages(chromium, tmp_path_factory):
    with launched(chromium, tmp_path_factory.mktemp("pages")) as pages:
        yield pages


@pytest.fixture(scope="module")
def page():
    return light_page(ball(), "a </script> ball", side=64)


def test_a_page_shows_what_is_rendered(pages, page):
    with pages.open(page, size=(60, 60), reduced_motion="reduce") as live:
        shown = live.drawn().pixels().astype(int)
        assert not live.errors
        assert all(request.startswith(("file:", "data:")) for request in live.requests)
    rendered = view_scene(ball(), azimuth=30).astype(int)
    assert shown.shape == rendered.shape
    apart = np.abs(shown - rendered).max(-1)
    assert (apart < 16).mean() > 0.93
    assert apart.mean() < 8


def middle(live):
    """The pixel in the middle: where frames are slow a page has fewer of them."""
    pixels = live.pixels()
    return pixels[len(pixels) // 2, len(pixels) // 2]


def test_dragging_walks_round_it(pages, page):
    with pages.open(page, size=(60, 60), reduced_motion="reduce") as live:
        before = middle(live.drawn())
        mouse = live.page.mouse
        mouse.move(10, 30)
        mouse.down()
        # half round: 0.008 of a radian for a pixel
        mouse.move(10 + math.pi / 0.008 / 8, 30)
        for part in range(2, 9):
            mouse.move(10 + part * math.pi / 0.008 / 8, 30)
        mouse.up()
        live.settled()
        after = middle(live)
    assert before[1] > 90  # the half to which green is added
    assert after[1] < 40


def test_the_wheel_comes_nearer(pages, page):
    with pages.open(page, size=(60, 60), reduced_motion="reduce") as live:
        before = (live.drawn().pixels()[..., 2] < 128).mean()
        live.page.mouse.move(30, 30)
        live.page.mouse.wheel(0, -400)
        live.settled()
        assert (live.pixels()[..., 2] < 128).mean() > 1.5 * before


def test_a_lattice_holds_what_cells_absorb():
    field = ball()
    low, high = np.full(3, -0.6), np.full(3, 0.6)
    (depth, height, width), colours, absorbed = baked(field, low, high, 24)
    assert (depth, height, width) == (24, 24, 24)
    middle = (np.arange(24) + 0.5) / 24 * 1.2 - 0.6
    z, y, x = np.meshgrid(middle, middle, middle, indexing="ij")
    distance = np.sqrt(x**2 + y**2 + z**2).ravel()
    assert (absorbed[distance < 0.45] == 255).all()
    assert (absorbed[distance > 0.51] == 0).all()
    inside = distance < 0.45
    green = colours[inside][:, 1]
    assert (green[x.ravel()[inside] > 0.05] == 128).all()
    assert (green[x.ravel()[inside] < -0.05] == 0).all()
    assert (colours[absorbed == 0] == 0).all()


def saved(field, path):
    """The file of a field that no fit has made."""
    note = {
        "task": "scene",
        **{name: value for name, value in asdict(field.space).items()},
        **{n: getattr(field, n) for n in ("near", "far", "ndc", "background", "side", "step")},
        "occupied": _packed(field.full),
        "poses": field.poses.reshape(-1, 16).tolist(),
        "focal": field.focal.tolist(),
        "size": field.size.tolist(),
        "photographs": list(field.photographs),
    }
    files.save(path, field.program, json.loads(json.dumps(note)))


def _packed(full):
    import base64
    import zlib

    return base64.b64encode(zlib.compress(np.packbits(full).tobytes())).decode()


def test_a_file_is_exported_by_what_it_holds(tmp_path):
    path = tmp_path / "ball.safetensors"
    saved(ball(), path)
    made = export(path, to="html", output=tmp_path)
    assert made.path.endswith("ball.html")
    assert "<title>ball</title>" in (tmp_path / "ball.html").read_text()
    with pytest.raises(ValueError, match="exported to html"):
        export(path, to="glsl")
    with pytest.raises(ValueError, match="takes no options"):
        export(path, to="html", palette="dusk")


def test_no_name_breaks_out_of_the_page(page):
    assert "a &lt;/script&gt; ball" in page
    assert "</script> ball" not in page


def test_a_ball_becomes_the_mesh_of_a_ball(tmp_path):
    path = tmp_path / "ball.ply"
    made = mesh_scene(ball(), path, voxels=64)
    mesh = trimesh.load(path)
    assert made.faces == len(mesh.faces)
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(4 / 3 * math.pi * 0.5**3, rel=0.03)
    colours = np.asarray(mesh.visual.vertex_colors)[:, :3]
    x = np.asarray(mesh.vertices)[:, 0]
    np.testing.assert_allclose(colours[x > 0.05] - [255.0, 128, 0], 0, atol=2)
    np.testing.assert_allclose(colours[x < -0.05] - [255.0, 0, 0], 0, atol=2)


@pytest.mark.parametrize(
    ("output", "options", "says"),
    [
        ("ball.png", {}, "expected a mesh"),
        ("ball.glb", {"density": -1.0}, "density -1"),
        ("ball.glb", {"density": 1e9}, "no surface"),
        ("ball.glb", {"appearance": "noon"}, "appearance 'noon'"),
        ("ball.glb", {"voxels": 100}, "100 voxels"),
    ],
)
def test_mistakes_are_said_in_one_line(tmp_path, output, options, says):
    with pytest.raises(ValueError, match=says):
        mesh_scene(ball(), tmp_path / output, **{"voxels": 32, **options})
