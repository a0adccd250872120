"""Metrics, against closed forms."""

import math

import numpy as np
import pytest

from cppnart.fields.shapes.inside import Solid
from cppnart.fields.shapes.metrics import iou, likeness

from .solids import ball, box, moved


def both(a, b):
    return Solid(a), Solid(b)


def test_concentric_balls():
    small, large = ball(0.6, 5), ball(0.75, 5)
    found = likeness(small, large, both(small, large), unit=1.5, count=60_000)
    # nearest points lie on one radius, a difference of radii apart: in tenths of the side
    assert found.chamfer == pytest.approx(0.15 / 0.15, rel=0.01)
    assert found.iou == pytest.approx((0.6 / 0.75) ** 3, abs=0.02)
    assert found.normals == pytest.approx(1, abs=1e-3)
    assert found.f_scores == (0, 0, 0)


def test_a_box_and_itself_moved():
    side, by = 1.2, 0.02
    still = box(side, side, side)
    pushed = moved(still, by, 0, 0)
    found = likeness(still, pushed, both(still, pushed), unit=side, count=100_000)
    # overlap (1 - s), union (1 + s), with s the share by which it was moved
    s = by / side
    assert found.iou == pytest.approx((1 - s) / (1 + s), abs=0.01)
    # two of six sides are ``by`` away, the other four next to nothing but for the sampling
    own = likeness(still, still, unit=side, count=100_000)
    assert found.chamfer - own.chamfer == pytest.approx((by / 3) / (side / 10), abs=0.03)
    assert found.f_scores[0] == pytest.approx(2 / 3, abs=0.03)  # .02 / 1.2 is more than .01
    assert found.f_scores[2] == pytest.approx(1, abs=0.01)


def test_the_same_solid_is_as_alike_as_sampling_lets_it_be():
    found = likeness(ball(0.8, 4), ball(0.8, 4), both(ball(0.8, 4), ball(0.8, 4)))
    assert found.iou == 1
    # n points over an area A: the mean distance to the nearest is sqrt(A / n) / 2
    expected = math.sqrt(4 * math.pi * 0.8**2 / 100_000) / 2
    assert found.chamfer * (2 / 1.1) / 10 == pytest.approx(expected, rel=0.05)


def test_normals_at_right_angles_are_not_alike():
    a, b = box(1, 1, 1e-6), box(1, 1e-6, 1)
    assert likeness(a, b, count=20_000).normals < 0.05


def test_iou_of_sets():
    a, b = np.array([1, 1, 0, 0], bool), np.array([1, 0, 1, 0], bool)
    assert iou(a, b) == pytest.approx(1 / 3)
    assert iou(a & b & ~a, a & ~a) == 1
