"""Lattices that stand still in the plane: what covers points, and what lies between nodes."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from cppnart.gan.generators import lattice


@given(
    st.lists(st.tuples(*[st.floats(-3, 3)] * 2, *[st.floats(0, 2)] * 2), min_size=1, max_size=3),
    st.integers(0, 3),
    st.sampled_from([0.5, 0.3]),
)
def test_windows_cover_their_boxes_and_planes_stay_planes(boxes, halvings, coarsest):
    corners = torch.tensor(boxes, dtype=torch.float64)
    low, high = corners[:, :2], corners[:, :2] + corners[:, 2:]
    steps = [coarsest / 2**i for i in range(halvings + 1)]
    windows = lattice.covering(low, high, steps)
    assert [w.step for w in windows] == steps

    def plane(points: torch.Tensor) -> torch.Tensor:
        x, y = points.unbind(-1)
        return torch.stack([1 + 2 * x - 3 * y, 0 * x + 5], -1)

    values = plane(windows[0].nodes(low))
    for window in windows[1:]:
        values = lattice.refined(values)
        np.testing.assert_allclose(values, plane(window.nodes(low)), atol=1e-9)
    x, y = windows[-1].axes(low)
    assert (torch.stack([x[:, 0], y[:, 0]], 1) <= low).all()
    assert (torch.stack([x[:, -1], y[:, -1]], 1) >= high).all()
    # and no larger than it need be: a node or two for each lattice that leads there
    for axis, nodes in enumerate((x, y)):
        size = float((high - low).max(0).values[axis]) / steps[-1]
        assert nodes.shape[1] <= size + 3 + 8 * 2**halvings

    share = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.3, 0.9]], dtype=torch.float64)
    points = low[:, None] + share * (high - low)[:, None]
    within = lattice.sampled(values, windows[-1], points, 0)
    np.testing.assert_allclose(within, plane(points), atol=1e-9)


def test_between_nodes_lies_a_cubic_spline():
    values = torch.zeros(1, 13, 13, 1, dtype=torch.float64)
    values[0, 6, 6] = 1
    window = lattice.Window(torch.tensor([[-6, -6]]), 13, 13, 1.0)
    x = torch.linspace(-2.5, 2.5, 41, dtype=torch.float64)
    raster = torch.stack([x.expand(1, 1, -1), 0 * x.expand(1, 1, -1)], -1)
    t = x.abs().numpy()
    spline = np.where(t < 1, (4 - 6 * t**2 + 3 * t**3) / 6, np.clip(2 - t, 0, None) ** 3 / 6)
    got = lattice.sampled(values, window, raster, 6)[0, 0, :, 0].numpy()
    np.testing.assert_allclose(got, spline * spline[20], atol=1e-3)


def test_pictures_and_sets_of_their_points_are_sampled_alike():
    random = torch.Generator().manual_seed(0)
    values = torch.rand(3, 9, 8, 2, generator=random, dtype=torch.float64)
    window = lattice.Window(torch.tensor([[-4, -4], [0, 3], [7, -9]]), 8, 9, 0.25)
    x = torch.linspace(0.5, 1.2, 7, dtype=torch.float64)
    y = torch.linspace(0.5, 1.4, 5, dtype=torch.float64)
    inner = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)
    points = inner + 0.25 * window.start[:, None, None]
    assert lattice.is_raster(points)
    flat = points.reshape(3, -1, 2)
    for refinements in (0, 1):
        found = lattice.sampled(values, window, points, refinements)
        assert found.shape == (3, 5, 7, 2)
        scattered = lattice.sampled(values, window, flat, refinements)
        np.testing.assert_allclose(found.reshape(3, -1, 2), scattered, atol=1e-12)
