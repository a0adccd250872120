"""Meshes in textures of a family, and between them."""

import numpy as np
import pytest
import trimesh
from PIL import Image

from cppnart.cli.main import main
from cppnart.fields import files
from cppnart.fields.program import Builder
from cppnart.fields.shapes.meshes import read_mesh
from cppnart.render.solids import mesh_field, subject
from cppnart.render.solids.between import paint_between
from cppnart.render.solids.paint import paint
from cppnart.render.solids.view import view


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(mesh_field, "SAMPLES", 20_000)
    monkeypatch.setattr(subject, "VOXELS", 64)
    monkeypatch.setattr(subject, "COARSE", 16)


@pytest.fixture
def family(tmp_path):
    """Two plain textures: red, whose code is 1, and blue, whose code is 0."""
    b = Builder(x=1, y=1, z=1, code=1)
    red = b["code"]
    blue = b.map(red, "identity", -1.0, 1.0)
    program = b.build(red=red, green=b.map(b["x"], "identity", 0.0, 0.1), blue=blue)
    about = {"names": ["red", "blue"], "codes": [[1.0], [0.0]]}
    files.save(tmp_path / "f.safetensors", program, {"textures": about})
    trimesh.creation.icosphere(2).export(tmp_path / "ball.ply")
    return tmp_path


def test_a_mesh_takes_the_texture_of_a_code_and_its_picture_is_made_again(family):
    ball, field = family / "ball.ply", family / "f.safetensors"
    paint(ball, family / "a.ply", field=field, code="blue", picture=family / "a.png", size="32")
    colours = read_mesh(family / "a.ply").colours
    np.testing.assert_allclose(colours, np.tile([0, 0.1, 1], (len(colours), 1)), atol=0.01)
    with Image.open(family / "a.png") as picture:
        kept = np.array(picture)
    assert kept[16, 16, 2] > 1.5 * kept[16, 16, 0]
    np.testing.assert_array_equal(view(family / "a.png"), kept)
    with pytest.raises(ValueError, match="several textures: --code says which"):
        paint(ball, family / "a.ply", field=field)
    with pytest.raises(ValueError, match="expected a file of several textures"):
        paint(ball, family / "a.ply", seed=1, code="blue")
    with pytest.raises(ValueError, match="no texture 'green'"):
        paint(ball, family / "a.ply", field=field, code="green")


def test_a_sheet_goes_from_texture_to_texture(family):
    made = paint_between(
        family / "ball.ply",
        family / "a.png",
        field=family / "f.safetensors",
        codes=["blue", "red"],
        size="40",
    )
    with Image.open(made.path) as picture:
        page = np.array(picture.convert("RGB")).astype(int)
    row = page[len(page) // 2 - 8]
    redness = row[:, 0] - row[:, 2]
    fifths = [
        redness[start : start + page.shape[1] // 5]
        for start in range(0, page.shape[1] - 4, page.shape[1] // 5)
    ][:5]
    peaks = [part[np.abs(part).argmax()] for part in fifths]
    assert peaks == sorted(peaks)
    assert peaks[0] < -50
    assert peaks[-1] > 50


def test_a_film_goes_through_all_and_the_command_makes_it(family, monkeypatch, capsys):
    monkeypatch.chdir(family)
    words = "paint ball.ply --field f.safetensors --code red,blue --size 24 -o a.gif"
    from cppnart.render.solids import between

    whole = between.frame_rate
    monkeypatch.setattr(between, "frame_rate", lambda fps: whole(fps) / 50)
    assert main(words.split()) == 0
    with Image.open("a.gif") as film:
        assert film.n_frames == 3
    capsys.readouterr()
    assert (
        main(
            ["paint", "ball.ply", "--field", "f.safetensors", "--code", "red,blue", "--bake", "64"]
        )
        == 2
    )
    assert "--bake is not for several codes" in capsys.readouterr().err
    with pytest.raises(ValueError, match="two textures or more"):
        paint_between("ball.ply", "a.png", field="f.safetensors", codes=["red"])
