"""Rays and projections, held against formulas written out here."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppnart.fields.scenes import Cameras, ndc

from .making import pose_at, ring

TERMS = st.tuples(
    st.floats(-0.2, 0.2),
    st.floats(-0.05, 0.05),
    st.floats(-0.02, 0.02),
    st.floats(-0.01, 0.01),
    st.floats(-0.01, 0.01),
    st.floats(-0.01, 0.01),
)


def bent(x: float, y: float, k: tuple[float, ...]) -> tuple[float, float]:
    """OpenCV's formulas for one point, with nerfstudio's fourth radial term."""
    k1, k2, k3, k4, p1, p2 = k
    r2 = x**2 + y**2
    radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3 + k4 * r2**4
    return (
        x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x**2),
        y * radial + p1 * (r2 + 2 * y**2) + 2 * p2 * x * y,
    )


def one(pose: np.ndarray, terms: tuple[float, ...] = (0,) * 6) -> Cameras:
    return Cameras(
        pose[None],
        np.array([[30.0, 40.0]]),
        np.array([[11.0, 7.0]]),
        np.array([[20, 16]]),
        np.array([terms], float),
    )


def test_a_camera_looks_along_minus_z_with_y_up() -> None:
    camera = one(np.eye(4))
    origins, directions = camera.rays([0, 0, 0], [[11, 7], [11 + 30, 7], [11, 7 + 40]])
    assert origins.dtype == directions.dtype == np.float32
    np.testing.assert_array_equal(origins, 0)
    np.testing.assert_array_equal(directions, [[0, 0, -1], [1, 0, -1], [0, -1, -1]])


def test_depth_is_measured_along_the_axis_of_the_camera() -> None:
    cameras = ring()
    views = np.repeat(np.arange(len(cameras)), 5)
    pixels = np.random.default_rng(0).uniform(0, 16, (len(views), 2))
    origins, directions = cameras.rays(views, pixels)
    back = cameras.poses[views, :3, 2]
    np.testing.assert_allclose(-(directions * back).sum(axis=1), 1, rtol=1e-6)
    found, depths = cameras.project(views, origins + 2.5 * directions)
    np.testing.assert_allclose(depths, 2.5, rtol=1e-6)
    np.testing.assert_allclose(found, pixels, atol=1e-4)


@given(TERMS, st.floats(0, 20), st.floats(0, 16))
def test_a_lens_bends_as_opencv_says_and_rays_undo_it(
    terms: tuple[float, ...], x: float, y: float
) -> None:
    camera = one(pose_at((1.0, 2.0, 3.0)), terms)
    (origin,), (direction,) = camera.rays([0], [[x, y]])
    inside = camera.poses[0, :3, :3].T @ direction.astype(float)
    across, down = bent(inside[0] / -inside[2], -inside[1] / -inside[2], terms)
    np.testing.assert_allclose([30 * across + 11, 40 * down + 7], [x, y], atol=1e-4)
    (pixel,), (depth,) = camera.project([0], [origin + 3.0 * direction.astype(float)])
    np.testing.assert_allclose(pixel, [x, y], atol=1e-4)
    assert depth == pytest.approx(3, rel=1e-6)


def test_what_is_behind_a_camera_has_no_pixel() -> None:
    pixels, depths = one(np.eye(4)).project([0, 0], [[0, 0, 2], [0.5, 0.5, -2]])
    assert np.isnan(pixels[0]).all()
    assert depths.tolist() == [-2, 2]
    assert np.isfinite(pixels[1]).all()


def test_cameras_are_taken_in_any_order() -> None:
    cameras = replace(ring(), focal=np.arange(18.0).reshape(9, 2) + 10)
    taken = cameras.take([4, 2, 2])
    assert len(taken) == 3
    np.testing.assert_array_equal(taken.poses, cameras.poses[[4, 2, 2]])
    np.testing.assert_array_equal(taken.focal, cameras.focal[[4, 2, 2]])


def test_arrays_of_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"focal has the shape \(8, 2\), not \(9, 2\)"):
        replace(ring(), focal=np.ones((8, 2)))


@given(
    st.floats(0.5, 3),
    st.lists(st.floats(-1, 1), min_size=3, max_size=3),
    st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=2),
    st.floats(0.01, 50),
)
def test_ndc_is_the_perspective_of_the_frustum(
    near: float, start: list[float], slope: list[float], further: float
) -> None:
    """Against the matrix of OpenGL whose far plane is at infinity."""
    focal, size = np.array([400.0, 380.0]), np.array([500.0, 300.0])
    origin = np.array([*start[:2], start[2] * 0.4])
    direction = np.array([*slope, -1.0])
    (begin,), (way,) = ndc(origin[None], direction[None], focal, size, near)
    matrix = np.array(
        [
            [2 * focal[0] / size[0], 0, 0, 0],
            [0, 2 * focal[1] / size[1], 0, 0],
            [0, 0, -1, -2 * near],
            [0, 0, -1, 0],
        ]
    )
    on_plane = origin + (near + origin[2]) * direction
    assert on_plane[2] == pytest.approx(-near)
    point = on_plane + further * direction
    seen = matrix @ [*point, 1]
    t = 1 - near / -point[2]
    np.testing.assert_allclose(begin + t * way, seen[:3] / seen[3], atol=2e-5)
    np.testing.assert_allclose([begin[2], (begin + way)[2]], [-1, 1], atol=1e-6)
