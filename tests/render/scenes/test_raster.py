"""The z-buffer, compared with asking every sample about every face."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppnart.render.scenes import raster
from cppnart.render.scenes.raster import seen_faces, weights_at

WIDTH, HEIGHT = 13, 9


def brute_force(corners: np.ndarray, nearness: np.ndarray) -> np.ndarray:
    """(HEIGHT, WIDTH): the nearness of what is in front, 0 where nothing is; NaN within 1e-9 of
    an edge, where either answer is right."""
    found = np.zeros((HEIGHT, WIDTH))
    for row in range(HEIGHT):
        for column in range(WIDTH):
            point = np.array([column + 0.5, row + 0.5])
            for face, near in zip(corners, nearness, strict=True):
                matrix = np.concatenate([face.T, np.ones((1, 3))])
                if abs(np.linalg.det(matrix)) < 1e-9:
                    continue
                weights = np.linalg.solve(matrix, [*point, 1])
                if np.abs(weights).min() < 1e-9:
                    found[row, column] = np.nan
                elif weights.min() > 0:
                    found[row, column] = max(found[row, column], weights @ near)
    return found


@given(st.integers(0, 2**32), st.integers(1, 12))
def test_the_nearest_face_is_seen(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    corners = random.uniform(-4, 17, (count, 3, 2))
    nearness = random.uniform(0.1, 1, (count, 3))
    seen = seen_faces(corners, nearness, WIDTH, HEIGHT)
    wanted = brute_force(corners, nearness)
    rows, columns = np.nonzero(seen >= 0)
    places = np.stack([columns, rows], 1) + 0.5
    face = seen[rows, columns]
    _, depths = weights_at(corners[face], nearness[face], places)
    found = np.zeros((HEIGHT, WIDTH))
    found[rows, columns] = 1 / depths
    sure = np.isfinite(wanted)
    np.testing.assert_allclose(found[sure], wanted[sure], rtol=1e-5, atol=1e-9)


def test_weights_are_those_in_space() -> None:
    random = np.random.default_rng(0)
    space = random.uniform(-1, 1, (50, 3, 3)) + np.array([0, 0, 4])
    wanted = random.dirichlet([1, 1, 1], 50)
    points = np.einsum("nk,nkd->nd", wanted, space)
    corners = space[..., :2] / space[..., 2:]
    found, depths = weights_at(corners, 1 / space[..., 2], points[:, :2] / points[:, 2:])
    np.testing.assert_allclose(found, wanted, atol=1e-7)
    np.testing.assert_allclose(depths, points[:, 2], rtol=1e-9)


def test_faces_side_by_side_leave_no_gap_and_share_no_sample() -> None:
    """A fan round a point which is itself a sample, and edges that run along samples."""
    turns = np.linspace(0, 2 * np.pi, 17)[:-1]
    rim = np.stack([6.5 + 30 * np.cos(turns), 4.5 + 30 * np.sin(turns)], 1)
    middle = np.array([6.5, 4.5])
    fan = np.array([[middle, rim[n], rim[(n + 1) % 16]] for n in range(16)])
    covered = np.zeros((HEIGHT, WIDTH), int)
    for face in fan:
        covered += seen_faces(face[None], np.ones((1, 3)), WIDTH, HEIGHT) >= 0
    assert (covered == 1).all()


def test_parts_do_not_change_what_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    corners, nearness = random.uniform(-4, 17, (40, 3, 2)), random.uniform(0.1, 1, (40, 3))
    whole = seen_faces(corners, nearness, WIDTH, HEIGHT)
    monkeypatch.setattr(raster, "_ROWS", 7)
    monkeypatch.setattr(raster, "_SAMPLES", 11)
    np.testing.assert_array_equal(seen_faces(corners, nearness, WIDTH, HEIGHT), whole)


def test_nothing_is_seen_of_nothing() -> None:
    nothing = seen_faces(np.zeros((0, 3, 2)), np.zeros((0, 3)), WIDTH, HEIGHT)
    flat = seen_faces(np.full((1, 3, 2), 3.5), np.ones((1, 3)), WIDTH, HEIGHT)
    assert (nothing == -1).all()
    assert (flat == -1).all()
