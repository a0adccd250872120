import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppnart.fields.coordinates import View, geometry
from cppnart.render.motion.camera import Camera

unit = st.floats(0, 1)
SHOT = Camera(View((0.2, -0.1), 1.0, 10.0), View((0.9, 0.4), 200.0, 100.0))


def test_a_camera_goes_from_its_start_to_its_end():
    assert SHOT.view(0.0) == SHOT.start
    end = SHOT.view(1.0)
    assert end.center == pytest.approx(SHOT.end.center)
    assert (end.zoom, end.rotate) == pytest.approx((200, 100))


def test_zooming_goes_by_equal_factors_in_equal_times():
    zooms = [SHOT.view(u).zoom for u in np.linspace(0, 1, 11)]
    np.testing.assert_allclose(np.diff(np.log(zooms)), np.log(200) / 10)


@given(unit)
def test_one_point_of_the_plane_stays_where_it_is(u):
    # the end is in view all the way: seen from it, everything else just flies outwards
    camera = Camera(View((0.2, -0.1), 1.0), View((0.9, 0.4), 50.0))
    # the fixed point solves (p - c0) * z0 = (p - c1) * z1
    (c0, c1) = (np.array(v.center) for v in (camera.start, camera.end))
    point = (50.0 * c1 - c0) / 49.0
    view = camera.view(u)
    np.testing.assert_allclose((point - view.center) * view.zoom, (point - c0) * 1.0, atol=1e-9)


@given(st.integers(0, 64))
def test_a_closed_way_goes_there_and_back(n):
    camera = Camera(SHOT.start, SHOT.end, closed=True)
    u = n / 64
    assert camera.view(0.0) == camera.view(1.0) == SHOT.start
    assert camera.view(0.5).zoom == pytest.approx(200)
    there, back = camera.view(u), camera.view(1 - u)
    assert there.center == pytest.approx(back.center)
    assert (there.zoom, there.rotate) == pytest.approx((back.zoom, back.rotate))


def test_whole_turns_of_a_closed_way_just_go_on():
    camera = Camera(View(), View(rotate=360.0), closed=True)
    assert [camera.view(u).rotate for u in (0, 0.25, 0.75)] == [0, 90, 270]
    first, last = (geometry(640, 360, camera.view(u)) for u in (0.0, 1.0))
    assert first == last
