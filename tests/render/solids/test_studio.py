"""Rays, light and pictures of solids, against closed forms."""

import numpy as np
import pytest

from cppnart.fields import files
from cppnart.fields.program import Builder
from cppnart.fields.shapes.solid import SolidField
from cppnart.render.palettes import PALETTES
from cppnart.render.sizes import parse_size
from cppnart.render.solids import trace
from cppnart.render.solids.camera import Camera
from cppnart.render.solids.looks import LOOKS, get_look
from cppnart.render.solids.room import Room
from cppnart.render.solids.studio import Studio
from cppnart.render.solids.view import framed, view

RADIUS = 0.6


def ball(points):
    return (RADIUS - np.linalg.norm(points, axis=1)).astype(np.float32)


def ball_program(radius: float = RADIUS):
    b = Builder(x=1, y=1, z=1)
    squares = b.map([b["x"], b["y"], b["z"]], "square")
    return b.build(
        occupancy=b.affine(squares, [[-8] * 3], 8 * radius**2),
        value=b.affine([b["y"]], [[0.5]], 0.5),
    )


@pytest.fixture(scope="module")
def room():
    return Room(ball, voxels=64)


def places(width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width] + 0.5
    return np.stack([x.ravel(), y.ravel()], 1).astype(np.float32)


def test_distances_are_those_to_the_surface(room):
    at = np.random.default_rng(0).uniform(-1, 1, (5000, 3)).astype(np.float32)
    expected = np.linalg.norm(at, axis=1) - RADIUS
    # the middle of a ball is as near to all of it: the lattice cannot be sharp there
    good = np.linalg.norm(at, axis=1) > 0.1
    assert np.abs(room.distance(at) - expected)[good].max() < 0.012
    beside = np.abs(expected) < 0.05
    assert np.abs(room.distance(at) - expected)[beside].max() < 0.0015
    outside = np.array([[3, 0, 0], [0, 2, 2]], np.float32)
    assert (room.distance(outside) <= np.linalg.norm(outside, axis=1) - RADIUS + 0.01).all()
    assert room.radius == pytest.approx(RADIUS, abs=0.05)


def test_rays_meet_a_ball_where_they_should(room):
    camera = Camera(40, 20, 4.0)
    rays = camera.rays(places(60, 60), 60, 60)
    numbers, t = trace.hits(room, camera.eye.astype(np.float32), rays)
    along = -rays @ camera.eye
    off = camera.eye @ camera.eye - along**2
    inside = off < RADIUS**2
    expected = np.flatnonzero(inside)
    clear = np.abs(off - RADIUS**2) > 0.01  # rays that only touch it may be missed
    assert set(expected[clear[expected]]) <= set(numbers) <= set(expected)
    wanted = (along - np.sqrt(np.maximum(RADIUS**2 - off, 0)))[numbers]
    np.testing.assert_allclose(t, wanted, atol=2e-3)
    points = camera.eye + t[:, None] * rays[numbers]
    found = trace.normals(room, points.astype(np.float32), 1e-3)
    np.testing.assert_allclose(found, points / RADIUS, atol=5e-3)


def test_light_is_full_towards_the_lamp_and_none_behind(room):
    light = np.array([0.0, 1.0, 0.0], np.float32)
    up = np.array([[0, RADIUS + 0.01, 0], [0, -RADIUS - 0.01, 0], [0.9, -0.5, 0]], np.float32)
    lit = trace.shadow(room, up, light)
    assert lit[0] > 0.95
    assert lit[1] < 0.02
    assert lit[2] > 0.9


def test_a_point_sees_less_sky_in_a_hollow_than_on_a_hill(room):
    hill = trace.openness(room, np.array([[0, RADIUS, 0]], np.float32), np.array([[0, 1.0, 0]]))
    under = trace.openness(
        room, np.array([[0, -RADIUS - 0.03, 0]], np.float32), np.array([[0, 1.0, 0]])
    )
    assert hill[0] > 0.9
    assert under[0] < 0.35


def test_depth_is_more_within_a_thick_solid():
    thin = Room(lambda p: (0.05 - np.abs(p[:, 2])).astype(np.float32), voxels=64)
    thick = Room(lambda p: (0.5 - np.abs(p[:, 2])).astype(np.float32), voxels=64)
    normal, light = np.array([[0, 0, 1.0]], np.float32), np.array([0, 0, 1.0], np.float32)
    depths = [
        trace.thickness(room, np.array([[0, 0, z]], np.float32), normal, light)[0]
        for room, z in ((thin, 0.05), (thick, 0.5))
    ]
    assert depths[0] < 0.03 < depths[1]


@pytest.mark.parametrize("name", LOOKS)
def test_each_look_gives_a_picture_of_the_ball(room, name):
    studio = Studio(room, get_look(name), PALETTES["dusk"], lambda p: np.full((len(p), 3), 0.4))
    camera = framed(room, parse_size("64"))
    found = studio.picture(camera, 64, 64, samples=1, threads=1)
    assert found.shape == (64, 64, 3)
    corner, middle = found[:6, :6].astype(float), found[22:42, 22:42].astype(float)
    assert np.abs(middle.mean((0, 1)) - corner.mean((0, 1))).max() > 10
    assert middle.std() > 2


def test_bands_and_threads_change_nothing(room, monkeypatch):
    from cppnart.render.solids import studio as module

    studio = Studio(room, get_look("clay"), PALETTES["dusk"])
    camera = framed(room, parse_size("48x40"))
    whole = studio.picture(camera, 48, 40, threads=1)
    monkeypatch.setattr(module, "BAND", 48 * 8)
    np.testing.assert_array_equal(studio.picture(camera, 48, 40, threads=3), whole)


def test_a_solid_turned_by_a_quarter_is_seen_from_its_side(room):
    def slab(points):
        return (np.array([0.6, 0.6, 0.15]) - np.abs(points)).min(1).astype(np.float32)

    studio = Studio(Room(slab, voxels=64), get_look("ink"), PALETTES["dusk"], floor=False)
    wide, narrow = (
        (studio.picture(framed(studio.room, parse_size("64"), azimuth, 0), 64, 64, samples=1) < 200)
        .any((0, 2))
        .sum()
        for azimuth in (0, 90)
    )
    assert wide > 2.5 * narrow


def test_a_seed_a_file_and_a_field_are_seen(tmp_path):
    seen = view(42, size="64x48", samples=1)
    assert seen.shape == (48, 64, 3)
    np.testing.assert_array_equal(view("42", size="64x48", samples=1), seen)
    files.save(tmp_path / "ball.safetensors", ball_program())
    plain = view(tmp_path / "ball.safetensors", size="40", samples=1)
    np.testing.assert_array_equal(view(SolidField(ball_program()), size="40", samples=1), plain)
    painted = view(tmp_path / "ball.safetensors", size="40", samples=1, palette="verdigris")
    assert np.abs(painted.astype(int) - plain).max() > 20
    made = view(SolidField(ball_program()), tmp_path / "a.png", size="40", look="bronze")
    assert (made.width, made.height, made.look) == (40, 40, "bronze")
    assert "40x40, bronze" in str(made)


def test_an_orbit_is_a_film_of_one_turn(tmp_path):
    from PIL import Image

    solid = SolidField(ball_program())
    made = view(solid, tmp_path / "a.gif", size="32", orbit=True, duration=0.5, fps=10, samples=1)
    assert made.frames == 5
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == 5
        assert film.size == (32, 32)


def test_what_cannot_be_is_refused_before_the_work(tmp_path):
    solid = SolidField(ball_program())
    with pytest.raises(ValueError, match="look 'brass'"):
        view(solid, look="brass")
    with pytest.raises(ValueError, match="samples 3"):
        view(solid, size="16", samples=3)
    with pytest.raises(ValueError, match="elevation 90"):
        view(solid, size="16", elevation=90)
    with pytest.raises(ValueError, match="zoom 0: expected"):
        view(solid, size="16", zoom=0)
    with pytest.raises(ValueError, match="orbit: give a name"):
        view(solid, size="16", orbit=True)
    with pytest.raises(ValueError, match=r"a\.txt"):
        view(solid, tmp_path / "a.txt")
    with pytest.raises(ValueError, match="there is no surface to be seen"):
        view(SolidField(ball_program(0.0)), size="16")
