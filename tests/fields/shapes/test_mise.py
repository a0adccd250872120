"""MISE against evaluation everywhere, and against a plain form of what was published."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cppnart.fields.shapes import mise as module
from cppnart.fields.shapes.mise import dense, mise


def wavy(seed: int, frequency: float = 4.0):
    """A smooth random field, about half of the box inside."""
    random = np.random.default_rng(seed)
    waves, phases = random.normal(0, frequency, (6, 3)), random.uniform(0, 7, 6)
    shift = random.uniform(-0.5, 0.5)

    def field(points):
        return (np.sin(points @ waves.T + phases).sum(1) + shift).astype(np.float32)

    return field


def published(field, voxels, threshold, coarsest):
    """The same search with nothing but sets and dictionaries: voxels are (level, x, y, z)."""
    depth = (voxels // coarsest).bit_length() - 1
    known: dict[tuple[int, int, int], float] = {}
    leaves = {(0, *v) for v in np.ndindex(*(coarsest,) * 3)}
    step = 1 << depth
    wanted = {tuple(int(c) * step for c in v) for v in np.ndindex(*(coarsest + 1,) * 3)}
    while wanted:
        order = sorted(wanted)
        values = field(np.array(order) * 2.0 / voxels - 1)
        known.update(zip(order, values, strict=True))
        signs: dict[tuple[int, ...], set[bool]] = {}
        for point, value in known.items():
            for offset in np.ndindex(2, 2, 2):
                cell = tuple(p - o for p, o in zip(point, offset, strict=True))
                if not all(0 <= c < voxels for c in cell):
                    continue
                for level in range(depth + 1):  # the leaf that this smallest cell lies in
                    leaf = (level, *(c >> (depth - level) for c in cell))
                    if leaf in leaves:
                        own = signs.setdefault(leaf, set())
                        own |= {True} if value >= threshold else set()
                        own |= {False} if value <= threshold else set()
        wanted = set()
        for leaf in [leaf for leaf, own in signs.items() if len(own) == 2]:
            level, *place = leaf
            if level == depth:
                continue
            leaves.remove(leaf)
            half = 1 << (depth - level - 1)
            for offset in np.ndindex(2, 2, 2):
                child = [2 * p + o for p, o in zip(place, offset, strict=True)]
                leaves.add((level + 1, *child))
            for offset in np.ndindex(3, 3, 3):
                point = tuple((2 * p + o) * half for p, o in zip(place, offset, strict=True))
                if point not in known:
                    wanted.add(point)
    return known


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(1, 12), st.sampled_from([(4, 8), (4, 16), (2, 16)]))
def test_the_points_evaluated_are_those_of_the_published_search(seed, frequency, sizes):
    coarsest, voxels = sizes
    asked = []

    def field(points):
        asked.append(points)
        return wavy(seed, frequency)(points)

    found = mise(field, voxels, 0.1, coarsest)
    at = np.round((np.concatenate(asked) + 1) * voxels / 2).astype(int)
    expected = published(wavy(seed, frequency), voxels, 0.1, coarsest)
    assert sorted(map(tuple, at.tolist())) == sorted(expected)
    assert found.evaluations == len(expected) == len(at)
    for point, value in expected.items():
        assert found.values[point] == value


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(1, 6))
def test_it_is_dense_evaluation_wherever_the_surface_is_found(seed, frequency):
    field = wavy(seed, frequency)
    whole, found = dense(field, 32).values, mise(field, 32, 0.0, 8).values
    inside, ours = whole > 0, found > 0
    same = inside == ours
    # at all corners of voxels that both see a surface in, the values are those of the field
    for corner in np.ndindex(2, 2, 2):
        cut = tuple(slice(o, 32 + o) for o in corner)
        crossing = _crossing(ours)
        np.testing.assert_array_equal(found[cut][crossing], whole[cut][crossing])
    # what is missed does not touch what is found: it lies within voxels of the coarsest lattice
    if not same.all():
        missed = np.argwhere(~same)
        assert (missed % 4).any(1).all()


def _crossing(inside):
    some = np.zeros((32, 32, 32), bool)
    every = np.ones((32, 32, 32), bool)
    for corner in np.ndindex(2, 2, 2):
        part = inside[tuple(slice(o, 32 + o) for o in corner)]
        some |= part
        every &= part
    return some & ~every


def test_a_surface_that_the_coarsest_lattice_sees_is_found_whole():
    def field(points):
        return (0.61 - np.linalg.norm(points - 0.1, axis=1)).astype(np.float32)

    whole, found = dense(field, 128), mise(field, 128, 0.0, 16)
    np.testing.assert_array_equal(whole.values > 0, found.values > 0)
    assert found.evaluations < 0.08 * whole.evaluations


def test_hanging_nodes_bring_a_thin_part_into_a_voxel_whose_corners_miss_it():
    # a needle along x, thinner than a coarse voxel, that grows out of a ball
    def field(points):
        ball = 0.3 - np.linalg.norm(points, axis=1)
        along = np.where(np.abs(points[:, 0]) < 0.9, 1.0, -1.0)
        needle = np.minimum(0.03 - np.hypot(points[:, 1], points[:, 2]), along)
        return np.maximum(ball, needle).astype(np.float32)

    def shifted(points):
        return field(points - np.array([0, 0.0625, 0.0625]))

    whole, found = dense(shifted, 64), mise(shifted, 64, 0.0, 8)
    np.testing.assert_array_equal(whole.values > 0, found.values > 0)


def test_points_are_asked_for_in_batches(monkeypatch):
    whole = mise(wavy(3), 32, 0.0, 8)
    monkeypatch.setattr(module, "BATCH", 100)
    parts = mise(wavy(3), 32, 0.0, 8)
    np.testing.assert_array_equal(whole.values, parts.values)
    everywhere = dense(wavy(3), 10)
    assert everywhere.evaluations == 11**3
    at = np.stack(np.meshgrid(*[np.linspace(-1, 1, 11)] * 3, indexing="ij"), -1).reshape(-1, 3)
    np.testing.assert_allclose(everywhere.values.ravel(), wavy(3)(at), atol=1e-5)


@pytest.mark.parametrize("sizes", [(48, 32), (16, 32), (2048, 32), (8, 0)])
def test_sizes_that_are_no_powers_of_two_apart_are_refused(sizes):
    with pytest.raises(ValueError, match=rf"^{sizes[0]} voxels a side: expected {sizes[1]} times"):
        mise(wavy(0), sizes[0], 0.0, sizes[1])
