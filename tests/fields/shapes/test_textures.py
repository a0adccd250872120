"""Several textures in one field, each with a code; previews of colours."""

import json

import numpy as np
import pytest
import torch
import trimesh

from cppnart.cppn.solids.textures import generate_texture
from cppnart.fields import files, texture, texture_family
from cppnart.fields.fit_texture import fit_texture
from cppnart.fields.fit_textures import fit_textures
from cppnart.fields.networks import NETWORKS
from cppnart.fields.numpy_backend import evaluate
from cppnart.fields.shapes.meshes import Mesh, normalised
from cppnart.fields.shapes.seen import Shot
from cppnart.fields.shapes.textured import Textured
from cppnart.fields.texture import TextureTask
from cppnart.fields.texture_family import load_textures

from .solids import ball

SMALL = {"levels": 4, "entries": 1 << 12, "width": 32, "depth": 1}


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Fewer points than a fit has, so that tests are quick."""
    for module in (texture, texture_family):
        monkeypatch.setattr(module, "POOL", 1 << 15)
        monkeypatch.setattr(module, "SCORED", 4000)
    monkeypatch.setattr(texture, "SIDE", 40)


def painted(seed: int, kind: str = "marble") -> Textured:
    """A ball in the values of a solid texture."""
    mesh, _ = normalised(ball(1.0, 4))
    x, y, z = mesh.vertices.T
    program = generate_texture(seed, kind).program
    values = evaluate(program, {"x": x, "y": y, "z": z})
    value = values[:, [program.output_names.index("value")]]
    tint = np.array([[0.9, 0.5, 0.2], [0.2, 0.6, 0.9]])[seed % 2]
    return Textured(Mesh(mesh.vertices, mesh.faces, np.clip(value * tint, 0, 1)))


def test_textures_are_learnt_with_a_code_each(tmp_path):
    members = {"one": painted(1), "two": painted(2), "three": painted(5, "strata")}
    path = tmp_path / "f.safetensors"
    made = fit_textures(members, options=SMALL, codes=4, steps=300, batch=2048, output=path)
    assert made.scores["least"] > 22
    family = load_textures(path)
    assert family.names == ("one", "two", "three")
    assert family.codes.shape == (3, 4)
    for name, member in members.items():
        points, wanted = member.on_surface(500, np.random.default_rng(3))
        found = evaluate(family.decode(name), dict(zip("xyz", points.T, strict=True)))
        assert np.abs(found - wanted).mean() < 0.07
        others = [other for other in family.names if other != name]
        away = evaluate(family.decode(others[0]), dict(zip("xyz", points.T, strict=True)))
        assert np.abs(away - wanted).mean() > 0.1
    # between two codes colours go from one to the other
    at = {"x": 0.9, "y": 0.0, "z": 0.0}
    a, b = family.code("one"), family.code("1")
    np.testing.assert_array_equal(b, family.code("two"))
    between = evaluate(family.decode((a + b) / 2), at)[0]
    assert np.isfinite(between).all()
    np.testing.assert_allclose(
        evaluate(family.decode(a), at), evaluate(family.program, {**at, "code": a}), atol=1e-6
    )


def test_a_folder_of_meshes_is_read_and_the_fit_is_the_same_every_time(tmp_path):
    for seed in (1, 2):
        member = painted(seed)
        colours = np.round(member.mesh.colours * 255).astype(np.uint8)
        trimesh.Trimesh(
            30 * member.mesh.vertices + 5, member.mesh.faces, vertex_colors=colours
        ).export(tmp_path / f"m{seed}.ply")
    (tmp_path / "notes.txt").write_text("no mesh")
    how = {"options": SMALL, "codes": 2, "steps": 5, "batch": 64}
    first, again = fit_textures(tmp_path, **how), fit_textures(tmp_path, **how)
    at = {"x": 0.1, "y": 0.2, "z": 0.3, "code": [0.1, -0.1]}
    np.testing.assert_array_equal(evaluate(first.program, at), evaluate(again.program, at))
    paths = [tmp_path / "m1.ply", tmp_path / "m2.ply"]
    assert fit_textures(paths, **how).scores == first.scores
    (tmp_path / "m2.ply").unlink()
    with pytest.raises(ValueError, match="1 meshes with colours"):
        fit_textures(tmp_path, **how)
    with pytest.raises(ValueError, match="method 'siren'"):
        fit_textures(paths, method="siren")
    with pytest.raises(ValueError, match="codes 0"):
        fit_textures(paths, codes=0)


def test_the_published_decoder_adds_the_code_before_each_block():
    network = NETWORKS["texture"](
        {"x": 1, "y": 1, "z": 1, "code": 6}, ("red",), np.random.default_rng(0), width=16, depth=2
    )
    random = np.random.default_rng(1)
    points, codes = random.uniform(-1, 1, (40, 3)), random.normal(size=(40, 6))
    maps = [o for o, rate in zip(network.program.operations, network.rates, strict=True) if rate]
    first, blocks, last = maps[0], [maps[1:4], maps[4:7]], maps[-1]

    def mapped(operation, values):
        return values @ operation.weight.T.astype(float) + operation.bias

    z = mapped(first, points)
    for code, inner, outer in blocks:
        z = z + mapped(code, codes)
        z = z + mapped(outer, np.maximum(mapped(inner, np.maximum(z, 0)), 0))
    expected = 1 / (1 + np.exp(-mapped(last, np.maximum(z, 0))))
    found = evaluate(network.program, {**dict(zip("xyz", points.T, strict=True)), "code": codes})
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    "change",
    [{"names": ["a"]}, {"codes": [[0.0], [1.0]]}, {"codes": 3}, {"codes": [[0.0, 1e999]] * 2}],
)
def test_codes_that_cannot_be_are_refused(tmp_path, change):
    from cppnart.fields.program import Builder

    b = Builder(x=1, y=1, z=1, code=2)
    program = b.build(red=b["x"], green=b["y"], blue=b["code"][:1])
    about = {"names": ["a", "b"], "codes": [[0.0, 1.0], [1.0, 0.0]]}
    files.save(tmp_path / "good.safetensors", program, {"textures": about})
    with pytest.raises(ValueError, match="no texture 'c': expected one of a, b"):
        load_textures(tmp_path / "good.safetensors").code("c")
    changed = json.loads(json.dumps({**about, **change}).replace("Infinity", "1e400"))
    try:
        files.save(tmp_path / "bad.safetensors", program, {"textures": changed})
    except ValueError:
        return  # what is not finite is no JSON
    with pytest.raises(ValueError, match="its codes cannot be used"):
        load_textures(tmp_path / "bad.safetensors")
    files.save(tmp_path / "one.safetensors", program, {})
    with pytest.raises(ValueError, match="one texture, without codes"):
        load_textures(tmp_path / "one.safetensors")


def test_a_preview_shows_the_mesh_in_the_colours_of_the_field():
    red = Textured(
        Mesh(ball().vertices, ball().faces, np.tile([1.0, 0, 0], (len(ball().vertices), 1)))
    )

    class Green(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.own = torch.nn.Parameter(torch.tensor([0.0, 1.0, 0.0]))

        def forward(self, points):
            return self.own.expand(len(points), 3)

    shown = TextureTask(red).preview(Green())
    assert shown.shape == (40, 80, 3)
    for middle in (20, 60):
        assert shown[20, middle, 1] > 150
        assert shown[20, middle, 0] == 0
    assert (shown[0, 0] == 236).all()


def test_a_fit_of_colours_is_shown_while_it_goes():
    seen = []
    options = {"levels": 2, "entries": 1 << 10, "width": 8, "depth": 1}
    fit_texture(
        painted(1), options=options, steps=20, batch=64, previews=3, show=lambda *a: seen.append(a)
    )
    assert len(seen) == 3
    assert np.abs(seen[0][1].astype(int) - seen[-1][1]).max() > 5


def test_a_shot_sees_the_side_that_is_turned_to_it():
    front = Shot(ball(0.8, 4), 0.0, 0.0, 60).points
    assert (front[:, 2] > 0).all()
    assert front[:, 1][0] > front[:, 1][-1]  # rows go down
    right = Shot(ball(0.8, 4), 90.0, 0.0, 60).points
    assert (right[:, 0] > 0).all()
