"""What is seen of a mesh from a point, against rays that are tried on every face."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cppnart.fields.shapes.meshes import Mesh
from cppnart.fields.shapes.seen import Sight
from cppnart.fields.shapes.writing import corner_normals

from .solids import ball, box, joined, moved, torus

WINDOW = np.array([[-0.5, -0.5], [0.5, 0.5]])


def nearest(mesh: Mesh, eye, rays):
    """The face that each ray meets first, -1 for none, and how far away in lengths of the ray, by
    Cramer's rule on every face; what is that near to an edge is not decided."""
    a, b, c = np.moveaxis(mesh.corners, 1, 0)
    across = np.cross(rays[:, None], (c - a)[None])
    whole = np.einsum("fd,nfd->nf", b - a, across)
    whole = np.where(np.abs(whole) < 1e-12, np.nan, whole)
    off = (eye - a)[None]
    u = np.einsum("nfd,nfd->nf", np.broadcast_to(off, across.shape), across) / whole
    turned = np.cross(off, (b - a)[None])
    v = np.einsum("nd,nfd->nf", rays, np.broadcast_to(turned, across.shape)) / whole
    t = np.einsum("fd,nfd->nf", c - a, np.broadcast_to(turned, across.shape)) / whole
    least = np.fmin(np.fmin(u, v), 1 - u - v)
    t = np.where((least >= 0) & (t > 0), t, np.inf)
    sure = np.nanmin(np.abs(least), axis=1) > 1e-9
    face = np.where(np.isfinite(t).any(1), t.argmin(1), -1)
    return face, t.min(1), sure


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([torus(), box(1, 2, 0.5), ball(0.8, 2)]))
def test_the_face_in_front_is_that_which_a_ray_meets_first(seed, mesh):
    random = np.random.default_rng(seed)
    eye = random.normal(size=3)
    eye *= 2.5 / np.linalg.norm(eye)
    mesh = joined(mesh, moved(ball(0.3, 1), *random.uniform(-1, 1, 3)))
    axes, _ = np.linalg.qr(np.stack([eye, *random.normal(size=(2, 3))], 1))
    axes = np.stack([axes[:, 1], axes[:, 2], eye / 2.5])
    x, y, z = ((mesh.vertices - eye) @ axes.T).T
    sight = Sight(np.stack([x / -z, y / -z], 1), -z, mesh.faces, WINDOW)
    places = random.uniform(-0.5, 0.5, (200, 2))
    rays = np.concatenate([places, -np.ones((200, 1))], 1) @ axes
    face, weights, depth = sight.front(places)
    wanted, far, sure = nearest(mesh, eye, rays)
    np.testing.assert_array_equal((face >= 0)[sure], (wanted >= 0)[sure])
    hit = sure & (wanted >= 0)
    np.testing.assert_allclose(depth[hit], far[hit], rtol=1e-9)
    points = np.einsum("nk,nkd->nd", weights[hit], mesh.corners[face[hit]])
    np.testing.assert_allclose(points, eye + far[hit, None] * rays[hit], atol=1e-9)
    assert (depth[face < 0] == 0).all()


def test_what_lies_behind_the_eye_is_not_seen():
    mesh = joined(moved(ball(0.3, 1), 0, 0, -2), moved(ball(0.3, 1), 0, 0, 2))
    x, y, z = mesh.vertices.T
    behind = z >= 0
    places = np.stack([x / -z, y / -z], 1)
    places[behind] = np.nan
    face, _, depth = Sight(places, -z, mesh.faces, WINDOW).front(np.zeros((1, 2)) + 0.01)
    assert face[0] < len(mesh.faces) // 2
    assert abs(depth[0] - 1.7) < 0.1
    empty = Sight(places[behind], -z[behind], mesh.faces[: len(mesh.faces) // 2], WINDOW)
    assert empty.front(np.zeros((3, 2)))[0].tolist() == [-1, -1, -1]


def test_normals_are_smooth_on_a_ball_and_sharp_on_a_box():
    round_ = ball(1.0, 3)
    split = Mesh(round_.corners.reshape(-1, 3), np.arange(len(round_.faces) * 3).reshape(-1, 3))
    for mesh in (round_, split):
        np.testing.assert_allclose(corner_normals(mesh), mesh.corners, atol=0.02)
    sharp = box(1, 2, 0.5)
    np.testing.assert_allclose(corner_normals(sharp), np.repeat(sharp.normals[:, None], 3, 1))


def test_normals_do_not_depend_on_how_many_are_looked_at_together(monkeypatch):
    from cppnart.fields.shapes import writing

    whole = corner_normals(torus())
    monkeypatch.setattr(writing, "PAIRS", 50)
    np.testing.assert_allclose(corner_normals(torus()), whole, atol=1e-12)
