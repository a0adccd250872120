"""What lies inside, against closed forms, solid angles and another library."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from cppnart.fields.shapes import inside as module
from cppnart.fields.shapes.inside import Solid
from cppnart.fields.shapes.meshes import Mesh
from cppnart.fields.shapes.sampling import in_box, near_surface, on_surface, room

from .solids import ball, box, joined, moved, of, torus, turned


def points(count: int = 20_000, seed: int = 0) -> np.ndarray:
    return in_box(count, np.random.default_rng(seed))


def solid_angles(mesh: Mesh, at: np.ndarray) -> np.ndarray:
    """Winding numbers by the solid angles of all faces (van Oosterom and Strackee 1983)."""
    a, b, c = np.moveaxis(mesh.corners[None] - at[:, None, None], 2, 0)
    la, lb, lc = (np.linalg.norm(v, axis=2) for v in (a, b, c))
    top = np.einsum("nfd,nfd->nf", a, np.cross(b, c))
    dots = [np.einsum("nfd,nfd->nf", u, v) for u, v in ((a, b), (b, c), (c, a))]
    bottom = la * lb * lc + dots[0] * lc + dots[1] * la + dots[2] * lb
    return 2 * np.arctan2(top, bottom).sum(1) / (4 * np.pi)


@given(st.tuples(*[st.floats(0.2, 1.8)] * 3), st.integers(0, 99))
def test_a_box_holds_what_its_sides_say(sides, seed):
    at = points(500, seed)
    expected = (np.abs(at) < np.array(sides) / 2).all(1)
    np.testing.assert_array_equal(Solid(box(*sides))(at), expected)


def test_points_on_a_lattice_that_vertices_lie_on_too():
    side = np.linspace(-1, 1, 17)
    at = np.stack(np.meshgrid(side, side, side), -1).reshape(-1, 3)
    off = np.abs(np.abs(at).max(1) - 0.5) > 1e-9  # the surface itself is on neither side
    found = Solid(box(1, 1, 1))(at)
    np.testing.assert_array_equal(found[off], (np.abs(at) < 0.5).all(1)[off])
    middle = joined(
        *(moved(box(0.5, 0.5, 0.5), x, y, 0) for x in (-0.25, 0.25) for y in (-0.25, 0.25))
    )
    np.testing.assert_array_equal(Solid(middle)(at[np.abs(at[:, 2]) < 0.2]).mean() > 0, True)
    winding = Solid(middle).winding(at * 0.2)
    np.testing.assert_array_equal(winding, 1)


def test_a_ball_is_between_its_inner_and_outer_radius():
    mesh = ball(0.8, 4)
    radius = np.linalg.norm(points(), axis=1)
    found = Solid(mesh)(points())
    assert found[radius < 0.79].all()
    assert not found[radius > 0.8].any()


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_winding_numbers_are_those_of_solid_angles(seed):
    random = np.random.default_rng(seed)
    blob = ball(0.7, 1)
    mesh = Mesh(blob.vertices * random.uniform(0.5, 1.4, (len(blob.vertices), 1)), blob.faces)
    mesh = joined(
        mesh, moved(turned(ball(0.3, 1)), 0.1, 0, 0), moved(box(0.4, 0.4, 0.4), 0.5, 0, 0)
    )
    at = random.uniform(-1, 1, (200, 3))
    np.testing.assert_allclose(Solid(mesh).winding(at), solid_angles(mesh, at), atol=1e-6)


def test_another_library_agrees():
    pytest.importorskip("rtree", reason="trimesh needs rtree to say what lies inside")
    mesh = torus()
    at = points(3000)
    other = trimesh.Trimesh(mesh.vertices, mesh.faces)
    # its rays go by a tree of boxes, and it takes the parity of what they hit
    np.testing.assert_array_equal(Solid(mesh)(at), other.contains(at))


@pytest.mark.parametrize("seed", range(5))
def test_hulls_of_points_hold_what_their_simplices_hold(seed):
    from scipy.spatial import ConvexHull, Delaunay

    corners = np.random.default_rng(seed).normal(0, 0.4, (30, 3))
    hull = trimesh.Trimesh(corners, ConvexHull(corners).simplices)
    hull.fix_normals()
    expected = Delaunay(corners).find_simplex(points()) >= 0
    np.testing.assert_array_equal(Solid(of(hull))(points()), expected)


def test_a_solid_may_have_a_hollow_and_be_inside_out():
    shell = joined(ball(0.8), turned(ball(0.5)))
    radius = np.linalg.norm(points(), axis=1)
    found = Solid(shell)(points())
    assert found[(radius > 0.5) & (radius < 0.78)].all()
    assert not found[radius < 0.48].any()
    np.testing.assert_array_equal(Solid(turned(ball()))(points()), Solid(ball())(points()))


def test_what_overlaps_is_inside_once():
    both = joined(ball(0.5), moved(ball(0.5), 0.4, 0, 0))
    at = points()
    assert Solid(both).winding(at).max() == 2
    expected = Solid(ball(0.5))(at) | Solid(moved(ball(0.5), 0.4, 0, 0))(at)
    np.testing.assert_array_equal(Solid(both)(at), expected)


def test_a_mesh_with_holes_has_generalised_winding_numbers():
    mesh = ball(0.8, 2)
    open_ = Mesh(mesh.vertices, mesh.faces[mesh.corners.mean(1)[:, 2] < 0.6])
    at = points(400)
    found, expected = Solid(open_, watertight=False).winding(at), solid_angles(open_, at)
    assert np.abs(found - expected).mean() < 0.01
    clear = np.abs(expected - 0.5) > 0.1
    np.testing.assert_array_equal((found > 0.5)[clear], (expected > 0.5)[clear])


def test_what_few_directions_agree_on_is_what_all_say():
    mesh = torus()
    open_ = Solid(
        Mesh(mesh.vertices, mesh.faces[mesh.corners.mean(1)[:, 0] < 0.55]), watertight=False
    )
    at = points(3000)
    assert (open_(at) == (np.abs(open_.winding(at)) > 0.5)).mean() > 0.999


def test_the_answer_does_not_depend_on_how_many_are_asked_at_once(monkeypatch):
    at = points(3000)
    whole = Solid(torus()).winding(at)
    monkeypatch.setattr(module, "PAIRS", 50)
    np.testing.assert_array_equal(Solid(torus()).winding(at[:300]), whole[:300])
    assert Solid(torus()).winding(at[:0]).shape == (0,)


def test_memory_is_bounded_for_a_million_faces():
    import tracemalloc

    side = 708  # 2 * 708^2 faces of a bumpy sheet over a flat one
    x, y = np.meshgrid(np.linspace(-0.9, 0.9, side + 1), np.linspace(-0.9, 0.9, side + 1))
    top = np.stack([x, y, 0.3 + 0.1 * np.sin(9 * x) * np.cos(7 * y)], -1).reshape(-1, 3)
    corner = (np.arange(side)[:, None] * (side + 1) + np.arange(side)).ravel()
    a, b, c, d = corner, corner + 1, corner + side + 1, corner + side + 2
    mesh = Mesh(top, np.concatenate([np.stack([a, b, d], 1), np.stack([a, d, c], 1)]))
    assert len(mesh.faces) > 1_000_000
    at = points(200_000)
    tracemalloc.start()
    found = Solid(mesh).winding(at)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    under = (np.abs(at[:, :2]) < 0.9).all(1)
    height = 0.3 + 0.1 * np.sin(9 * at[:, 0]) * np.cos(7 * at[:, 1])
    clear = np.abs(height - at[:, 2]) > 1e-4
    np.testing.assert_array_equal(found[clear], (under & (at[:, 2] < height))[clear])
    assert peak < 800 << 20


def test_points_on_a_surface_are_spread_by_area_and_lie_on_it():
    random = np.random.default_rng(0)
    at, normals = on_surface(box(1, 1, 0.5), 40_000, random)
    assert np.abs(np.abs(at / [1, 1, 0.5]).max(1) - 0.5).max() < 1e-12
    # each face of the box has a share by its area
    np.testing.assert_allclose((np.abs(normals[:, 2]) > 0.5).mean(), 0.5, atol=0.01)
    flat = np.abs(normals[:, 2]) > 0.5
    np.testing.assert_allclose(at[flat].var(0)[:2], 1 / 12, rtol=0.03)
    assert (np.einsum("ij,ij->i", at, normals) > 0).all()
    with pytest.raises(ValueError, match="no area"):
        on_surface(Mesh(np.zeros((3, 3)), np.array([[0, 1, 2]])), 4, random)


def test_points_near_a_surface_are_as_near_as_asked():
    at = near_surface(ball(0.8, 4), 20_000, np.random.default_rng(0), 0.01)
    assert (np.linalg.norm(at, axis=1) - 0.8).std() == pytest.approx(0.01, rel=0.05)


def test_within_its_room_a_point_stays_on_its_side_of_a_ball():
    random = np.random.default_rng(0)
    points = in_box(5000, random)
    left = room(ball(0.8, 5), points, random)
    far = np.abs(np.linalg.norm(points, axis=1) - 0.8)
    assert (left <= far + 2e-3).all()  # the ball has flat faces
    assert (left > 0.9 * far - 0.02).all()
    assert (left >= 0).all()
