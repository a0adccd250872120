"""Which side points are on, and how far they are from a surface at least."""

import numpy as np
import pytest

from cppnart.fields.shapes.inside import Solid
from cppnart.fields.shapes.meshes import Cloud
from cppnart.fields.shapes.sampling import in_box, on_surface
from cppnart.fields.shapes.windings import clearance, windings

from .solids import ball, joined, torus, turned


def cloud(mesh, count: int = 8000) -> Cloud:
    return Cloud(*on_surface(mesh, count, np.random.default_rng(0)))


def test_a_closed_surface_is_wound_once_around_what_is_inside():
    at = in_box(4000, np.random.default_rng(1))
    radius = np.linalg.norm(at, axis=1)
    found = windings(cloud(ball(0.7, 5)), at)
    np.testing.assert_allclose(found[radius < 0.6], 1, atol=0.1)
    np.testing.assert_allclose(found[radius > 0.8], 0, atol=0.05)


def test_an_open_surface_is_wound_as_much_of_the_sphere_as_it_hides():
    whole = cloud(ball(0.7, 5))
    assert whole.normals is not None
    for height in (0.0, 0.35):
        part = whole.points[:, 2] > height
        found = windings(Cloud(whole.points[part], whole.normals[part]), np.zeros((1, 3)))
        assert found[0] == pytest.approx((1 - height / 0.7) / 2, abs=0.03)


@pytest.mark.parametrize("mesh", [torus(), joined(ball(0.8, 4), turned(ball(0.3, 4)))])
def test_what_is_known_is_on_the_right_side(mesh):
    at = in_box(5000, np.random.default_rng(2))
    found = clearance(cloud(mesh), at, np.random.default_rng(3))
    inside = Solid(mesh)(at)
    known = found != 0
    assert known.mean() > 0.7
    np.testing.assert_array_equal(found[known] < 0, inside[known])


def test_points_are_no_nearer_than_is_said_and_not_much_further():
    at = in_box(5000, np.random.default_rng(4))
    found = clearance(cloud(ball(0.7, 5)), at, np.random.default_rng(5))
    exact = np.linalg.norm(at, axis=1) - 0.7
    assert (np.abs(found) <= np.abs(exact)).all()
    assert np.abs(found - exact).max() < 0.08


def test_in_an_opening_nothing_is_known():
    whole = cloud(ball(0.7, 5))
    assert whole.normals is not None
    half = whole.points[:, 2] > 0
    half_ball = Cloud(whole.points[half], whole.normals[half])
    at = np.array([[0.0, 0, 0.02], [0.1, 0, -0.05], [0, 0, 0.9], [0, 0, 0.6]])
    found = clearance(half_ball, at, np.random.default_rng(6))
    np.testing.assert_array_equal(np.sign(found), [0, 0, 1, -1])
