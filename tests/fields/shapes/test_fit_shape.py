"""Fitting solids: what is made of meshes and points, and what is said of those that are none."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import trimesh
from torch import nn

from cppnart.fields import files, occupancy
from cppnart.fields.extract import extract
from cppnart.fields.fit_shape import fit_shape, prepared
from cppnart.fields.networks import NETWORKS
from cppnart.fields.numpy_backend import evaluate
from cppnart.fields.occupancy import DistanceTask, Held, OccupancyTask, slices
from cppnart.fields.shapes import UNIT
from cppnart.fields.shapes.inside import Solid
from cppnart.fields.shapes.meshes import Cloud, Mesh, read_mesh
from cppnart.fields.shapes.normals import with_normals
from cppnart.fields.shapes.sampling import NEAR, on_surface
from cppnart.fields.shapes.solid import load_solid

from ..interrupting import interrupt
from .solids import ball, box, joined, moved, torus, turned

SMALL = {"levels": 3, "entries": 1 << 14, "coarsest": 4, "growth": 2.0, "width": 16, "depth": 1}
RADIUS = UNIT / 2


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Fewer points than a fit has, so that tests are quick."""
    monkeypatch.setattr(occupancy, "POOL", 1 << 16)
    monkeypatch.setattr(occupancy, "SCORED", 20_000)


class Known(nn.Module):
    """A ball of some radius, as log-odds or as a distance, with one number that learns."""

    def __init__(self, radius: float = RADIUS, sign: float = 1.0) -> None:
        super().__init__()
        self.sign = sign
        self.radius = nn.Parameter(torch.tensor(radius))

    def forward(self, points):
        return self.sign * (self.radius - points.norm(dim=1, keepdim=True))


def test_a_mesh_becomes_a_field_where_it_was(tmp_path):
    mesh = torus()
    trimesh.Trimesh(50 * mesh.vertices + 7, mesh.faces).export(tmp_path / "ring.ply")
    path = tmp_path / "ring.safetensors"
    made = fit_shape(tmp_path / "ring.ply", options=SMALL, steps=400, batch=2048, output=path)
    assert made.scores["iou"] > 0.95
    assert made.method == "grid"
    solid = load_solid(path)
    assert solid.kind == "occupancy"
    extract(path, tmp_path / "out.stl", voxels=64)
    found = read_mesh(tmp_path / "out.stl")
    np.testing.assert_allclose(found.vertices.min(0), (50 * mesh.vertices + 7).min(0), atol=2)
    np.testing.assert_allclose(found.vertices.max(0), (50 * mesh.vertices + 7).max(0), atol=2)
    _, note = files.load(path)
    assert note["task"] == "shape"
    assert note["as"] == "occupancy"


@pytest.mark.parametrize("method", ["siren", "fourier", "residual"])
def test_other_networks_learn_occupancy_too(method):
    options = {"width": 32, **({"sigma": 0.5} if method == "fourier" else {})}
    made = fit_shape(ball(), method=method, options=options, steps=150, batch=1024, rate=3e-3)
    assert made.scores["iou"] > 0.85


def test_a_fit_is_the_same_every_time():
    first, again = (fit_shape(box(), options=SMALL, steps=20, batch=256) for _ in range(2))
    at = dict(zip("xyz", np.random.default_rng(0).uniform(-1, 1, (3, 100)), strict=True))
    np.testing.assert_array_equal(evaluate(first.program, at), evaluate(again.program, at))


def test_a_fit_that_was_stopped_ends_with_the_same_bits(tmp_path, monkeypatch):
    given = {"options": SMALL, "steps": 20, "batch": 256}
    whole = fit_shape(box(), **given)
    calls = interrupt(monkeypatch, OccupancyTask)
    with pytest.raises(KeyboardInterrupt):
        fit_shape(box(), **given, folder=tmp_path)
    rest = fit_shape(box(), **given, folder=tmp_path, resume=True)
    assert len(calls) == 20  # it went on
    at = dict(zip("xyz", np.random.default_rng(0).uniform(-1, 1, (3, 100)), strict=True))
    np.testing.assert_array_equal(evaluate(rest.program, at), evaluate(whole.program, at))


def test_a_mesh_is_fitted_as_a_distance():
    options = {"width": 48, "depth": 2, "omega": 10.0, "first_omega": 10.0}
    made = fit_shape(ball(), kind="sdf", options=options, steps=250, batch=512, rate=1e-3)
    assert made.scores["iou"] > 0.9
    at = np.linspace(0.6, 0.95, 20)
    found = evaluate(made.program, {"x": at, "y": 0 * at, "z": 0 * at})[:, 0]
    np.testing.assert_allclose(found, at - RADIUS, atol=0.12)


@pytest.mark.parametrize("known", [True, False])
def test_points_with_normals_or_without_are_fitted_as_a_distance(tmp_path, known):
    points, normals = on_surface(ball(), 3000, np.random.default_rng(0))
    rows = np.hstack([points, normals]) if known else points
    np.save(tmp_path / "cloud.npy", 1e-9 * rows if not known else rows)
    options = {"width": 48, "depth": 2, "omega": 10.0, "first_omega": 10.0}
    made = fit_shape(tmp_path / "cloud.npy", options=options, steps=250, batch=512, rate=1e-3)
    assert made.program.output_names == ("distance",)
    assert made.scores["normals"] > 0.9
    assert made.remark == (None if known else "normals were found from neighbours")
    middle = evaluate(made.program, {"x": 0.0, "y": 0.0, "z": 0.0})[0, 0]
    assert middle < -0.1


def test_scores_are_those_of_a_known_ball():
    mesh = ball(RADIUS, 5)
    task = OccupancyTask(mesh, Solid(mesh), batch=64)
    exact = task.scores(Known())
    assert exact["iou"] > 0.995
    assert exact["near"] > 0.97
    small = task.scores(Known(0.8 * RADIUS))
    assert small["iou"] == pytest.approx(0.8**3, abs=0.01)
    # of a normal deviate, what lies below -0.5 of those below 0
    less = task.scores(Known(RADIUS - 0.5 * NEAR))
    assert less["near"] == pytest.approx(0.3085 / 0.5, abs=0.03)


def test_the_loss_of_occupancy_is_cross_entropy_over_both_kinds_of_points():
    mesh = ball(RADIUS, 4)
    task = OccupancyTask(mesh, Solid(mesh), batch=4096)
    random, cpu = torch.Generator(), torch.device("cpu")

    class Even(nn.Module):
        def forward(self, points):
            return 0 * points[:, :1]

    even = float(task.loss(Even(), random.manual_seed(0), cpu))
    assert even == pytest.approx(np.log(2), abs=1e-5)

    class Sure(Known):
        def forward(self, points):
            return 1e4 * super().forward(points)

    assert float(task.loss(Sure(), random.manual_seed(0), cpu).detach()) < 3


def test_a_search_finds_specks_that_batches_pass_by():
    mesh = ball(RADIUS, 4)

    class Speckled(Known):
        """The ball, and in a corner of the box a speck of a forty-thousandth of it."""

        def forward(self, points):
            speck = 0.036 - (points - torch.tensor([0.8, 0.8, -0.8])).norm(dim=1, keepdim=True)
            return torch.maximum(super().forward(points), 1e3 * speck)

    def loss(field, search):
        task = OccupancyTask(mesh, Solid(mesh), batch=1024, search=search)
        random, cpu = torch.Generator().manual_seed(0), torch.device("cpu")
        return np.mean([float(task.loss(field, random, cpu).detach()) for _ in range(100)])

    def of_the_speck(search):
        return loss(Speckled(), search) - loss(Known(), search)

    # what was found is kept in sight until it is learnt
    assert of_the_speck(4) > 50 * of_the_speck(0)


def test_a_search_waits_until_mistakes_are_rare():
    mesh = ball(RADIUS, 4)

    def loss(search):
        task = OccupancyTask(mesh, Solid(mesh), batch=256, search=search)
        random = torch.Generator().manual_seed(0)
        return float(task.loss(Known(sign=-1.0), random, torch.device("cpu")).detach())

    assert loss(2) == loss(0)


def test_a_batch_may_be_of_two_points():
    fit_shape(box(), options=SMALL, steps=2, batch=2)


def test_the_loss_of_a_true_distance_is_almost_nothing():
    cloud = Cloud(*on_surface(ball(RADIUS, 5), 4000, np.random.default_rng(0)))
    task = DistanceTask(cloud, batch=2048)
    random, cpu = torch.Generator(), torch.device("cpu")

    class Hollow(Known):
        def forward(self, points):
            hollow = 0.6 * RADIUS - points.norm(dim=1, keepdim=True)
            return torch.maximum(super().forward(points), hollow)

    losses = {
        name: float(task.loss(field, random.manual_seed(0), cpu).detach())
        for name, field in {
            "true": Known(sign=-1.0),
            "inside out": Known(),
            "too small": Known(0.7 * RADIUS, -1.0),
            "hollow": Hollow(sign=-1.0),
        }.items()
    }
    assert losses["true"] < 0.01
    assert losses["inside out"] > 0.05
    assert losses["too small"] > 0.2
    assert losses["hollow"] > 20 * losses["true"]
    scores = task.scores(Known(sign=-1.0))
    assert scores["touched"] == 1
    assert scores["normals"] > 0.99


def test_normals_are_found_and_look_outwards():
    for mesh in (ball(), torus()):
        points, wanted = on_surface(mesh, 4000, np.random.default_rng(0))
        found = with_normals(Cloud(points)).normals
        cosine = np.einsum("ij,ij->i", found, wanted)
        assert (cosine > 0.9).mean() > 0.98
    own = Cloud(points, wanted)
    assert with_normals(own) is own


def test_what_is_not_watertight_is_refused_with_two_ways_out(tmp_path):
    mesh = ball()
    open_ = Mesh(mesh.vertices, mesh.faces[12:])
    with pytest.raises(ValueError, match=r"not watertight: \d+ edges at holes.*--repair.*--as sdf"):
        fit_shape(open_, steps=1)
    made = fit_shape(open_, repair=True, options=SMALL, steps=100, batch=1024)
    assert made.scores["iou"] > 0.85
    assert "not watertight" in made.remark
    kept = prepared(open_, "sdf", repair=False)
    assert kept.solid is None


def test_suzanne_is_refused_and_repaired(data):
    path = data / "meshes" / "suzanne.obj"
    with pytest.raises(ValueError, match=r"suzanne.obj: not watertight: 42 edges at holes"):
        fit_shape(path)
    solid = prepared(read_mesh(path), "occupancy", repair=True).solid
    # within the head, and well outside of it
    assert solid(np.array([[0, 0, 0.0], [0, 0, 0.2], [0.95, 0.9, 0], [0, -0.95, 0]])).tolist() == [
        True,
        True,
        False,
        False,
    ]


def test_faces_that_look_inwards_or_to_both_sides_are_turned():
    shape = prepared(turned(ball()), "occupancy", repair=False)
    assert shape.mesh.volume > 0
    assert "inwards" in shape.remark
    faces = ball().faces.copy()
    faces[::3] = faces[::3, ::-1]
    shape = prepared(replace(ball(), faces=faces), "occupancy", repair=False)
    assert shape.mesh.volume == pytest.approx(ball(UNIT / 2).volume, rel=1e-6)


@pytest.mark.parametrize("power", [-9, 0, 9])
def test_units_of_any_size_are_the_same_shape(power):
    mesh = moved(box(1, 2, 0.5), 1, 2, 3)
    shape = prepared(Mesh(10.0**power * mesh.vertices, mesh.faces), "occupancy", repair=False)
    assert np.ptp(shape.mesh.vertices, axis=0).max() == pytest.approx(UNIT)
    assert shape.place.scale == pytest.approx(10.0**power * 2 / UNIT)


def test_the_inside_of_a_hollow_is_outside():
    shell = joined(ball(0.8), turned(ball(0.5)))
    held = Held(shell, Solid(shell))
    radius = np.linalg.norm(held.box, axis=1)
    inside, _ = held.truth
    assert not inside[radius < 0.48].any()
    assert inside[(radius > 0.52) & (radius < 0.78)].all()


def test_slices_show_what_is_inside():
    shown = slices(Known(), 1.0, 0.1)
    assert shown.shape == (160, 480, 3)
    assert shown[80, 80, 0] > shown[80, 80, 2]
    assert shown[2, 2, 2] > shown[2, 2, 0]


def test_what_cannot_be_fitted_is_refused(tmp_path):
    with pytest.raises(ValueError, match="as 'mesh': expected occupancy, sdf"):
        fit_shape(box(), kind="mesh")
    with pytest.raises(ValueError, match="method 'wire': for occupancy expected auto, grid"):
        fit_shape(box(), method="wire")
    with pytest.raises(ValueError, match="batch 1: expected"):
        fit_shape(box(), batch=1)
    cloud = Cloud(np.random.default_rng(0).normal(size=(50, 3)))
    with pytest.raises(ValueError, match="points have no inside: fit them --as sdf"):
        fit_shape(cloud, kind="occupancy")
    np.save(tmp_path / "a.npy", np.zeros((40, 3)))
    with pytest.raises(ValueError, match="no extent"):
        fit_shape(tmp_path / "a.npy")
    with pytest.raises(ValueError, match="expected a cloud of points"):
        fit_shape(tmp_path / "a.txt")


def test_the_residual_decoder_begins_as_one_map():
    network = NETWORKS["residual"](
        {"x": 1, "y": 1, "z": 1}, ("occupancy",), np.random.default_rng(0)
    )
    assert sum(rate != 0 for rate in network.rates) == 1 + 2 * 5 + 1
    first, last = network.program.operations[0], network.program.operations[-1]
    at = np.random.default_rng(1).uniform(-1, 1, (50, 3))
    # second weights are 0, so blocks add their biases and nothing else
    biases = sum(o.bias for o in network.program.operations if _is_second(o))
    z = at @ first.weight.T.astype(float) + first.bias + biases
    expected = np.maximum(z, 0) @ last.weight.T.astype(float) + last.bias
    found = evaluate(network.program, dict(zip("xyz", at.T, strict=True)))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def _is_second(operation) -> bool:
    return operation.weight.shape == (256, 256) and not operation.weight.any()
