"""Fits to photographs of things that the test makes, and the files that they leave."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cppnart.fields import files
from cppnart.fields.fit_scene import fit_scene
from cppnart.fields.radiance import leaping, photographs, published
from cppnart.fields.radiance.kept import load_light, of_note
from cppnart.fields.radiance.photographs import Photographs
from cppnart.fields.scenes.scene import read_scene
from cppnart.fields.shapes.meshes import Mesh
from cppnart.fields.shapes.textured import Textured
from cppnart.render.radiance.cameras import photographed
from cppnart.render.radiance.looking import Looker, look_at_photograph
from cppnart.render.scenes.render import render_scene

SMALL = {"levels": 4, "entries": 1 << 12, "hidden": 16, "width": 16}


def cubes() -> Textured:
    """A large cube and a small one on it, each corner of its own colour."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])
    vertices = np.concatenate([corners, corners * 0.5 + [0, 1.5, 0]])
    colours = np.concatenate([0.2 + 0.3 * (corners + 1), [[0.9, 0.2, 0.1]] * 8])
    return Textured(Mesh(vertices, np.concatenate([faces, faces + 8]), colours))


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("scenes") / "cubes"
    render_scene(cubes(), folder, views=40, size=32, samples=1)
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("scenes") / "tiny"
    render_scene(cubes(), folder, views=4, size=12, samples=1)
    return folder


@pytest.fixture(scope="module")
def fitted(scene) -> Path:
    path = scene.parent / "cubes.safetensors"
    made = fit_scene(scene, steps=200, rate=2e-2, batch=8192, options=SMALL, output=path)
    assert made.scores["psnr"] > 18
    return path


def test_a_fit_shows_views_that_it_has_not_seen(scene, fitted):
    field, held = load_light(fitted), read_scene(scene)
    number = int(held.numbers("test")[0])
    batch = Photographs(held, [number]).whole(0, torch.device("cpu"))
    shown = Looker(field)(batch.rays)
    wanted = batch.over(1.0).numpy()
    error = np.square(shown.over(1.0) - wanted).mean()
    plain = np.square(1.0 - wanted).mean()
    assert -10 * np.log10(error) > 18
    assert error < plain / 10
    depth = held.depth(number).ravel()
    solid = (depth > 0) & (shown.opacity > 0.9)
    assert solid.mean() > 0.1
    assert np.median(np.abs(shown.depth[solid] - depth[solid])) < 0.2
    assert shown.opacity[depth == 0].mean() < 0.1


def test_the_kernel_shows_what_torch_shows(scene, fitted):
    field = load_light(fitted)
    rays = photographed(field, 0).sized(20, 20).rays(slice(None), field.ndc)
    looker = Looker(field)
    samples = looker.samples(rays)
    from cppnart.fields.radiance.volume import look
    from cppnart.fields.torch_backend import ProgramModule

    with torch.no_grad():
        points = field.space.inside(samples.points(rays))
        found = ProgramModule(field.program)(torch.cat([points, rays.looks[samples.ray]], 1))
        seen = look(samples, samples.thickness(found[:, 0], rays), found[:, 1:])
    shown = looker(rays)
    np.testing.assert_allclose(shown.colour, seen.colour, atol=4e-3)
    np.testing.assert_allclose(shown.opacity, seen.opacity, atol=2e-3)
    solid = shown.opacity > 0.5
    np.testing.assert_allclose(shown.depth[solid], seen.depth.numpy()[solid], atol=2e-2)


def test_a_file_says_all_of_a_field(fitted):
    program, note = files.load(fitted)
    field = load_light(fitted)
    assert field.program.parameters == program.parameters
    assert field.full.sum() == sum(field.full)
    assert 0 < field.full.mean() < 0.3
    assert len(field.poses) == 40
    assert (field.size == 32).all()
    assert note["task"] == "scene"
    assert json.dumps(note)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("half", [1.0, 0.0, 1.0], "sizes and depths"),
        ("near", 7.0, "sizes and depths"),
        ("occupied", "AAAA", "what is full"),
        ("side", 100_000, "sizes and depths"),
        ("poses", [[1.0, 2.0]], "16 numbers"),
        ("photographs", ["one"], "lacks its camera"),
        ("focal", "wide", "focal"),
    ],
)
def test_a_file_that_is_wrong_is_refused(fitted, name, value, says):
    program, note = files.load(fitted)
    with pytest.raises(ValueError, match=says):
        of_note(program, {**note, name: value})


def test_a_file_of_something_else_is_refused(fitted):
    program, note = files.load(fitted)
    other = replace(program, outputs=program.outputs[:2])
    with pytest.raises(ValueError, match="not a field of light"):
        of_note(other, note)


@pytest.mark.parametrize("method", ["grid", "nerf"])
def test_a_fit_that_was_killed_goes_on_to_the_same_bits(tiny, tmp_path, method):
    options = SMALL if method == "grid" else {"width": 16, "depth": 6}
    how = {"method": method, "batch": 512 if method == "grid" else 16, "options": options}
    whole = fit_scene(tiny, steps=24, **how)

    with pytest.raises(KeyboardInterrupt):
        fit_scene(tiny, steps=24, folder=tmp_path / "run", previews=3, show=_stop, **how)
    assert [path.stem for path in (tmp_path / "run").glob("state-*")] == ["state-000000004"]
    again = fit_scene(tiny, steps=24, folder=tmp_path / "run", resume=True, **how)
    assert files.to_bytes(again.program) == files.to_bytes(whole.program)


def _stop(step, picture):
    """Interrupts a fit when it shows its second preview."""
    assert picture.shape[2] == 3
    if step > 1:
        raise KeyboardInterrupt


def test_an_average_of_a_field_is_empty_where_the_field_is(tiny, tmp_path):
    fields = {}
    for name, ema in (("plain", None), ("average", 0.9)):
        path = tmp_path / f"{name}.safetensors"
        fit_scene(tiny, steps=20, batch=1024, options=SMALL, ema=ema, output=path)
        fields[name] = load_light(path)
    assert (fields["average"].full == fields["plain"].full).all()
    assert not fields["plain"].full.all()
    programs = [files.to_bytes(field.program) for field in fields.values()]
    assert programs[0] != programs[1]


def test_the_published_method_learns_too(tiny, monkeypatch):
    monkeypatch.setattr(published, "CENTRED", 0)  # there is too little to see
    options = {"width": 32, "depth": 6}
    how = {"method": "nerf", "batch": 64, "options": options, "rate": 5e-3}
    before, made = (fit_scene(tiny, steps=steps, **how) for steps in (1, 60))
    assert made.scores["psnr"] > before.scores["psnr"] + 2
    assert dict(made.program.inputs)["u"] == 1


def test_photographs_have_light_of_their_own(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(leaping, "ALONE", 10)
    path = tmp_path / "own.safetensors"
    fit_scene(
        tiny, steps=20, batch=1024, options=SMALL, appearance=True, transient=True, output=path
    )
    field = load_light(path)
    names = [read_scene(tiny).views[n].name for n in read_scene(tiny).numbers("train")]
    assert list(field.appearance) == names
    rays = photographed(field, 0).sized(12, 12).rays(slice(None), field.ndc)
    codes = list(field.appearance.values())
    seen = [Looker(field, code)(rays).colour for code in (codes[0], codes[0] + 2)]
    assert np.abs(seen[0] - seen[1]).max() > 1e-4
    places = np.full((144, 2), 0.5, np.float32)
    both = look_at_photograph(field, 2, rays, places)
    assert both.beta.min() >= 0.03
    assert both.colour.shape == (144, 3)


def test_a_scene_without_bounds_is_learnt_in_a_contracted_space(scene, tmp_path):
    """The same photographs, of which nothing says in which box all lies."""
    train = json.loads((scene / "transforms_train.json").read_text())
    focal = 16 / np.tan(train["camera_angle_x"] / 2)
    frames = [
        {**frame, "file_path": str((scene / frame["file_path"]).with_suffix(".png"))}
        for frame in train["frames"]
    ]
    lens = {"fl_x": focal, "fl_y": focal, "cx": 16, "cy": 16, "w": 32, "h": 32}
    (tmp_path / "transforms.json").write_text(json.dumps({**lens, "frames": frames}))
    path = tmp_path / "world.safetensors"
    how = {"rate": 2e-2, "batch": 8192, "options": SMALL}
    first, made = (fit_scene(tmp_path, steps=n, output=path, **how) for n in (1, 150))
    assert made.scores["psnr"] > first.scores["psnr"] + 4
    field = load_light(path)
    assert field.space.contracted
    shown = Looker(field)(photographed(field, 0).rays(slice(None), field.ndc))
    assert np.isfinite(shown.colour).all()
    assert shown.opacity.max() > 0.5


def test_mistakes_are_said_in_one_line(scene):
    with pytest.raises(ValueError, match="method 'nurf'"):
        fit_scene(scene, method="nurf")
    with pytest.raises(ValueError, match="background 'pink'"):
        fit_scene(scene, background="pink")
    with pytest.raises(ValueError, match="batch 3"):
        fit_scene(scene, batch=3)


def test_masked_pixels_are_not_learnt(scene):
    read = read_scene(scene)

    class Half(type(read)):
        def mask(self, number):
            mask = np.zeros((32, 32), bool)
            mask[:, :16] = True
            return mask

    half = Half(**{name: getattr(read, name) for name in read.__dataclass_fields__})
    learnt = Photographs(half, half.numbers("train"))
    assert len(learnt) == 40 * 32 * 16
    batch = learnt.drawn(500, torch.Generator().manual_seed(0), torch.device("cpu"))
    pixels, _ = read.cameras.project(
        half.numbers("train")[batch.views.numpy()],
        (batch.rays.origins + batch.rays.directions).numpy(),
    )
    assert pixels[:, 0].max() < 16


def test_more_photographs_than_memory_is_meant_for_are_refused(scene, monkeypatch):
    monkeypatch.setattr(photographs, "MAX_PIXELS", 10_000)
    read = read_scene(scene)
    assert len(Photographs(read, read.numbers("train")[:9])) == 9 * 32 * 32
    with pytest.raises(ValueError, match="10240 pixels of photographs: expected at most 10000"):
        Photographs(read, read.numbers("train")[:10])


def test_lego(data, tmp_path):
    folder = data / "nerf" / "lego_400"
    if not folder.is_dir():
        pytest.skip(f"no scene at {folder}")
    scene = read_scene(folder)
    whole = Photographs(scene, scene.numbers("train")[:3]).whole(1, torch.device("cpu"))
    wanted = scene.pixels(int(scene.numbers("train")[1])).reshape(-1, 4) / 255
    np.testing.assert_allclose(whole.colours.numpy(), wanted, atol=1e-6)
