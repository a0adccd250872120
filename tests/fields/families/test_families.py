"""Families of shapes: what is learnt, decoded, encoded and completed, and what is refused."""

import functools
import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
import trimesh

from cppnart.fields.families import members as members_file
from cppnart.fields.families import task as task_file
from cppnart.fields.families.choosing import is_family, load_shape
from cppnart.fields.families.completing import hints
from cppnart.fields.families.decoder import Decoder
from cppnart.fields.families.encoders import PIXELS, POINTS, VOXELS, PointEncoder
from cppnart.fields.families.family import ShapeFamily, load_family, save_family
from cppnart.fields.families.fit_shapes import fit_shapes
from cppnart.fields.families.members import read_members
from cppnart.fields.families.model import METHODS, FamilyModel
from cppnart.fields.families.views import levelled, views
from cppnart.fields.numpy_backend import evaluate
from cppnart.fields.shapes.inside import Solid
from cppnart.fields.shapes.meshes import Cloud, Mesh, Placement, normalised
from cppnart.fields.shapes.metrics import iou
from cppnart.fields.shapes.sampling import in_box, on_surface
from cppnart.fields.shapes.solid import SolidField

from ..interrupting import INTERRUPTED, interrupt

SMALL = {"codes": 4, "width": 24, "depth": 1, "octaves": 1}


@pytest.fixture(autouse=True, scope="module")
def few():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(members_file, "POOL", 1 << 11)
        patch.setattr(members_file, "VIEWS", 8)
        patch.setattr(task_file, "POINTS", 64)
        patch.setattr(task_file, "SEARCHED", 2)
        yield


def boxes(count: int = 12) -> dict[str, Mesh]:
    """Boxes of one height that become wider from the first to the last."""
    found = {}
    for number in range(count):
        wide = 0.2 + 0.8 * number / (count - 1)
        made = trimesh.creation.box((wide, 1.0, 0.5))
        found[f"box-{number}"] = Mesh(np.array(made.vertices), np.array(made.faces, np.int64))
    return found


def family_of(method: str = "codes", members: int = 3) -> ShapeFamily:
    """One that nobody trained, but not one of zeros."""
    torch.manual_seed(5)
    model = FamilyModel(method, members, **SMALL)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    names = tuple(f"m-{number}" for number in range(members))
    places = tuple(Placement((number, 0.0, 0.0), 2.0) for number in range(members))
    return ShapeFamily(model.requires_grad_(False), names, places, {"steps": 3})


def points(count: int = 500) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (count, 3)).astype(np.float32)


# --- Programs ---


@pytest.mark.parametrize("octaves", [0, 2])
def test_the_program_of_a_member_is_the_decoder_at_its_code(octaves):
    torch.manual_seed(0)
    decoder = Decoder(4, 24, 2, octaves)
    torch.nn.init.normal_(decoder.outer[0].weight, std=0.2)
    torch.nn.init.normal_(decoder.sway.weight, std=0.5)
    model = FamilyModel("codes", 2, **{**SMALL, "depth": 2, "octaves": octaves})
    model.decoder = decoder
    family = ShapeFamily(model.requires_grad_(False), ("a", "b"), (Placement(), Placement()))
    code = np.array([0.5, -1.0, 2.0, 0.1])
    at = points()
    wanted = decoder(torch.from_numpy(at)[None], torch.from_numpy(code[None]).float())[0]
    solid = family.decode(code)
    np.testing.assert_allclose(solid(at), wanted.detach().numpy(), rtol=1e-5, atol=1e-5)
    inputs = dict(zip("xyz", at.T.astype(np.float64), strict=True))
    whole = evaluate(family.program, {**inputs, "code": np.tile(code, (len(at), 1))})[:, 0]
    np.testing.assert_allclose(whole, wanted.detach().numpy(), rtol=1e-5, atol=1e-5)
    assert solid.program.input_names == ("x", "y", "z")
    assert family.program.inputs == (("x", 1), ("y", 1), ("z", 1), ("code", 4))


def test_a_shape_is_the_same_whatever_is_decoded_beside_it():
    decoder = Decoder(4, 24, 1, 1)
    at, codes = torch.from_numpy(points(64)).expand(3, -1, -1), torch.randn(3, 4)
    alone = decoder(at[1:2], codes[1:2])
    torch.testing.assert_close(decoder(at, codes)[1:2], alone, rtol=1e-5, atol=1e-6)


# --- Encoders ---


def test_a_code_of_points_does_not_depend_on_their_order():
    encoder = PointEncoder(4, 16, 2)
    at = torch.from_numpy(points(200))[None]
    order = torch.randperm(200, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(encoder(at[:, order]), encoder(at))
    assert not torch.allclose(encoder(at[:, :100]), encoder(at))


def test_voxels_are_read_in_multiples_and_in_the_order_of_the_axes():
    family = family_of("voxels")
    inside = np.zeros((VOXELS,) * 3, bool)
    inside[4:20, 8:12, 16:30] = True
    fine = inside.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    np.testing.assert_array_equal(family.encode(fine), family.encode(inside))
    assert not np.allclose(family.encode(inside.transpose(2, 1, 0)), family.encode(inside))


def test_pictures_show_the_shape_in_the_middle_on_any_ground():
    mesh = boxes(2)["box-1"]
    pictures = views(mesh, 8, np.random.default_rng(0))
    assert pictures.shape == (8, PIXELS, PIXELS)
    level = levelled(pictures)
    edges = np.concatenate([level[:, :2].ravel(), level[:, -2:].ravel()])
    np.testing.assert_array_equal(edges, 0)
    seen = np.abs(level) > 0.05
    shares = seen.mean((1, 2))
    assert 0.1 < shares.min() < shares.max() < 0.8
    brighter = np.clip(pictures[:1].astype(int) // 2 + 20, 0, 255).astype(np.uint8)
    np.testing.assert_allclose(levelled(brighter), level[:1], atol=0.05)


# --- Training ---


def mean_shape_iou(found, held) -> float:
    """What is inside most members, as a guess of those held out, at the same points."""
    random_points = in_box(20_000, np.random.default_rng(3))
    inside = np.stack([Solid(mesh)(random_points) for mesh in found])
    guess = inside.mean(0) > 0.5
    return float(np.mean([iou(guess, Solid(mesh)(random_points)) for mesh in held]))


STEPS = {"codes": 600, "vae": 300, "points": 300, "voxels": 300, "image": 450}


@pytest.fixture(scope="module")
def trained(few):
    """What trainings make of a dozen boxes, of which three are held out, each done once."""
    meshes = {name: normalised(mesh)[0] for name, mesh in boxes().items()}

    @functools.cache
    def of(method: str):
        how = {"rate": 5e-3 if METHODS[method] else 1e-2}
        how["batch"] = 4 if method == "voxels" else 8
        made = fit_shapes(
            meshes, method=method, held_out=3, steps=STEPS[method], options=SMALL, **how
        )
        return made, meshes

    return of


@pytest.mark.parametrize("method", list(METHODS))
def test_a_training_knows_shapes_that_it_has_not_seen(trained, method):
    made, meshes = trained(method)
    assert made.members == 9
    held = [meshes[name] for name in made.held_out]
    known = [mesh for name, mesh in meshes.items() if name not in made.held_out]
    assert made.scores["iou"] > mean_shape_iou(known, held) + 0.02
    box = in_box(5000, np.random.default_rng(0))
    name = made.family.names[1]
    solid = made.family.decode(name)
    assert iou(solid.inside(box), Solid(meshes[name])(box)) > 0.5


def test_half_of_a_cloud_is_completed(trained):
    made, meshes = trained("codes")
    assert "box-6" in made.held_out
    wanted = meshes["box-6"]
    at, normals = on_surface(wanted, 2000, np.random.default_rng(0))
    half = at[:, 0] > 0
    code = made.family.complete(Cloud(at[half], normals[half]))
    box = in_box(5000, np.random.default_rng(0))
    found = made.family.decode(code).inside(box)
    assert iou(found, Solid(wanted)(box)) > 0.8
    np.testing.assert_array_equal(made.family.complete(Cloud(at[half], normals[half])), code)


def test_hints_lie_on_both_sides_of_the_surface():
    ball = trimesh.creation.icosphere(4, 0.8)
    cloud = Cloud(np.array(ball.vertices), np.array(ball.vertex_normals))
    at, inside = hints(cloud)
    radius = np.linalg.norm(at, axis=1)
    np.testing.assert_array_equal(inside == 1, radius < 0.79)
    np.testing.assert_array_equal(inside == 0, radius > 0.81)
    assert len(at) == 3 * len(cloud.points)


@pytest.mark.parametrize("method", ["codes", "vae", "image"])
def test_a_training_that_was_interrupted_ends_with_the_same_bits(tmp_path, monkeypatch, method):
    def trained(name: str):
        given = {"held_out": 1, "steps": 30, "batch": 4, "options": SMALL, "method": method}
        made = fit_shapes(boxes(4), folder=tmp_path / name, resume=True, **given)
        return made.family.model.state_dict()

    whole = trained("whole")
    calls = interrupt(monkeypatch, task_file.FamilyTask)
    with pytest.raises(KeyboardInterrupt):
        trained("stopped")
    assert [p.name for p in (tmp_path / "stopped").glob("state-*")] == [
        f"state-{INTERRUPTED:09d}.safetensors"
    ]
    again = trained("stopped")
    assert len(calls) == 30  # it went on
    assert set(whole) == set(again)
    for name, tensor in whole.items():
        assert torch.equal(tensor, again[name]), name


# --- Folders ---


def test_a_broken_mesh_in_a_folder_is_named_and_passed_over(tmp_path: Path):
    (tmp_path / "more").mkdir()
    for name, mesh in boxes(4).items():
        trimesh.Trimesh(7 * mesh.vertices + 3, mesh.faces).export(tmp_path / "more" / f"{name}.stl")
    torn = trimesh.creation.box()
    torn.update_faces(np.arange(len(torn.faces)) > 1)
    torn.export(tmp_path / "torn.ply")
    (tmp_path / "notes.txt").write_text("no mesh")
    (tmp_path / "bad.obj").write_text("nothing here")
    found, passed_over = read_members(tmp_path)
    assert [member.name for member in found] == [f"more/box-{n}" for n in range(4)]
    assert set(passed_over) == {"bad", "torn"}
    assert "not watertight" in passed_over["torn"]
    np.testing.assert_allclose(found[0].place.centre, 3, atol=1e-6)
    made = fit_shapes(tmp_path, held_out=1, steps=1, options=SMALL)
    assert made.remark is not None
    assert "bad" in made.remark
    assert "1 more" in made.remark


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"method": "gan"}, "method 'gan'"),
        ({"options": {"codes": 0}}, "codes 0: expected 1 to 256"),
        ({"held_out": -1}, "held out -1"),
        ({"held_out": 4}, "4 usable meshes"),
        ({"batch": 0}, "batch 0"),
    ],
)
def test_what_cannot_be_is_refused(given, message):
    with pytest.raises(ValueError, match=message) as error:
        fit_shapes(boxes(4), steps=1, **given)
    assert "\n" not in str(error.value)


def test_folders_without_usable_meshes_are_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="there is no such folder"):
        fit_shapes(tmp_path / "none")
    with pytest.raises(ValueError, match="0 usable meshes"):
        fit_shapes(tmp_path)
    (tmp_path / "bad.off").write_text("OFF\n")
    with pytest.raises(ValueError, match=r"0 usable meshes.*bad"):
        fit_shapes(tmp_path)


# --- Files ---


@pytest.mark.parametrize("method", list(METHODS))
def test_a_family_is_the_same_when_it_is_read_again(tmp_path: Path, method):
    family = family_of(method)
    path = tmp_path / "family.safetensors"
    save_family(path, family)
    again = load_family(path)
    assert (again.names, again.places, again.note) == (family.names, family.places, family.note)
    assert again.reads == METHODS[method]
    for name, tensor in family.model.state_dict().items():
        assert torch.equal(again.model.state_dict()[name], tensor)
    assert is_family(path)
    at = points(50)
    np.testing.assert_array_equal(load_shape(path, member="m-1")(at), family.decode("m-1")(at))
    np.testing.assert_array_equal(load_shape(path, member="2")(at), family.decode("m-2")(at))
    assert load_shape(path, member="m-1").place == Placement((1.0, 0.0, 0.0), 2.0)


def changed(path: Path, **changes) -> Path:
    """The file with other metadata, or with other tensors."""
    with safetensors.safe_open(path, "pt") as file:
        about = json.loads(file.metadata()["shapes"])
    tensors = safetensors.torch.load_file(path)
    for name, value in changes.items():
        if isinstance(value, torch.Tensor):
            tensors[name] = value
        else:
            about[name] = value
    other = path.with_name("other.safetensors")
    safetensors.torch.save_file(tensors, other, {"shapes": json.dumps(about)})
    return other


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {"method": "codes", "codes": 10**9}}, "codes 1000000000"),
        ({"model": {"method": "codes", "colour": 1}}, "unexpected keyword"),
        ({"names": ["a"]}, "1 names and 3 places"),
        ({"names": "abc"}, "Expected `array`"),
        ({"codes": torch.zeros(2, 4)}, "codes is torch.float32"),
        ({"codes": torch.full((3, 4), torch.nan)}, "not finite"),
        ({"more": torch.zeros(2)}, "have no place, more first"),
    ],
)
def test_files_that_are_no_families_are_refused(tmp_path: Path, changes, message):
    path = tmp_path / "family.safetensors"
    save_family(path, family_of())
    with pytest.raises(ValueError, match=message) as error:
        load_family(changed(path, **changes))
    assert "\n" not in str(error.value)


def test_a_file_of_something_else_or_cut_short_is_refused(tmp_path: Path):
    path = tmp_path / "family.safetensors"
    save_family(path, family_of())
    (tmp_path / "short.safetensors").write_bytes(path.read_bytes()[:-9])
    (tmp_path / "text.safetensors").write_text("no tensors")
    for name in ("short", "text"):
        with pytest.raises(ValueError, match="not a family"):
            load_family(tmp_path / f"{name}.safetensors")
    with pytest.raises(FileNotFoundError):
        load_shape(tmp_path / "none.safetensors")


# --- Choices ---


def test_what_a_family_is_asked_for_is_checked(tmp_path: Path):
    path = tmp_path / "family.safetensors"
    save_family(path, family_of())
    with pytest.raises(ValueError, match=r"a family of shapes, m-0, m-1, m-2: .* not none"):
        load_shape(path)
    with pytest.raises(ValueError, match="not member and like"):
        load_shape(path, member="m-0", like=path)
    with pytest.raises(ValueError, match="there is no member 'm-9': expected one of 3"):
        load_shape(path, member="m-9")
    np.save(tmp_path / "cloud.npy", 100 * points(64))
    with pytest.raises(ValueError, match="no encoder"):
        load_shape(path, like=tmp_path / "cloud.npy")
    with pytest.raises(ValueError, match="points reach to 9"):
        load_shape(path, complete=tmp_path / "cloud.npy")
    family = family_of("points")
    for wrong in (np.zeros((3, 3)), np.zeros((20, 2)), np.full((20, 3), np.inf)):
        with pytest.raises(ValueError, match="points"):
            family.encode(wrong)
    with pytest.raises(ValueError, match="voxels of shape"):
        family_of("voxels").encode(np.zeros((30, 30, 30)))
    with pytest.raises(ValueError, match="a picture of"):
        family_of("image").encode(np.zeros((10, 10), np.uint8))
    with pytest.raises(ValueError, match="a code of shape"):
        family.decode(np.zeros(3))


def test_points_are_brought_into_the_box_and_their_shape_back(tmp_path: Path):
    path = tmp_path / "family.safetensors"
    save_family(path, family_of("points"))
    at = points(POINTS)
    np.save(tmp_path / "near.npy", at)
    np.save(tmp_path / "far.npy", 50 * at.astype(np.float64) + 7)
    near, far = (load_shape(path, like=tmp_path / f"{n}.npy") for n in ("near", "far"))
    np.testing.assert_allclose(near(at), far(at), atol=1e-3)
    np.testing.assert_allclose(far.place.centre, 50 * np.array(near.place.centre) + 7, rtol=1e-4)
    assert far.place.scale == pytest.approx(50 * near.place.scale, rel=1e-5)


def test_members_are_at_both_ends_of_a_film():
    from cppnart.render.solids.camera import Camera
    from cppnart.render.solids.morph import Morph
    from cppnart.render.solids.room import Room

    class Stage:
        def __init__(self, solid):
            self.room = Room(lambda p: 0.5 - np.linalg.norm(p, axis=1), voxels=16)

    family = family_of()
    codes = [family.code("m-0"), family.code("m-2")]
    morph = Morph(family.program, codes, Stage, lambda stage: Camera())
    at = points(50)

    def solid(u):
        return SolidField(morph.program(u))(at)

    for u, name in ((0.0, "m-0"), (0.5, "m-2"), (1.0, "m-0")):
        np.testing.assert_array_equal(solid(u), family.decode(name)(at))
    np.testing.assert_allclose(solid(0.25), family.decode(sum(codes) / 2)(at), atol=1e-6)
