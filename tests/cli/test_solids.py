"""`cppnart sculpt`, `view`, `paint`, `fit shape` and `extract` as a person runs them."""

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from cppnart.cli.main import main

from .mistakes import Capture, fails


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_seed_is_sculpted_and_pictured(capsys: Capture) -> None:
    words = "sculpt --seed 42 --form knot --voxels 64 --picture knot.png --size 48 --json"
    assert main(words.split()) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["path"] == "knot-42.stl"
    assert facts["watertight"]
    assert trimesh.load_mesh("knot-42.stl").is_watertight
    with Image.open("knot.png") as picture:
        assert picture.size == (48, 48)
    fails(["sculpt"], 2, "Missing option '--seed'", capsys)
    fails(["sculpt", "--seed", "1", "--form", "nothing"], 2, "nothing", capsys)


def test_a_solid_is_viewed_and_turned(capsys: Capture) -> None:
    assert main(["sculpt", "--seed", "42", "-o", "a.safetensors", "--quiet"]) == 0
    assert main(["info", "a.safetensors", "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert about["kind"] == "field of a solid"
    assert about["made"]["seed"] == "42"
    fails(["render", "a.safetensors"], 2, "a field in space, which 'cppnart view'", capsys)
    assert main(["view", "a.safetensors", "--size", "40", "--look", "jade"]) == 0
    assert capsys.readouterr().out == "a.png\n"
    assert (
        main(
            ["view", "--seed", "42", "--form", "bloom", "--size", "32", "--samples", "1", "--quiet"]
        )
        == 0
    )
    with Image.open("bloom-42.png") as picture:
        assert picture.size == (32, 32)
    words = "view a.safetensors --orbit --size 32 --duration 0.3 --fps 10 --samples 1 -o a.gif"
    assert main(words.split()) == 0
    with Image.open("a.gif") as film:
        assert film.n_frames == 3
    capsys.readouterr()
    fails(["view"], 2, "Give a field, a mesh or a picture of a solid, or --seed", capsys)
    assert main(["view", "a.png", "--size", "48", "--azimuth", "90"]) == 0
    assert capsys.readouterr().out == "a-again.png\n"
    with Image.open("a-again.png") as picture:
        assert picture.size == (48, 48)
    assert main(["view", "a.gif", "--size", "24"]) == 0
    assert capsys.readouterr().out == "a-again.gif\n"
    assert main(["info", "a.gif", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "film of a solid"
    fails(["view", "a.safetensors", "--look", "brass"], 2, "brass", capsys)
    fails(["view", "nothing.safetensors"], 1, "nothing.safetensors", capsys)


def test_a_mesh_is_painted(capsys: Capture) -> None:
    trimesh.creation.icosphere(2).export("ball.ply")
    words = "paint ball.ply --seed 3 --texture agate --picture ball.png --size 32"
    assert main(words.split()) == 0
    assert capsys.readouterr().out == "ball-painted.glb\n"
    assert Path("ball.png").exists()
    fails(["paint", "ball.ply"], 2, "Give --seed, or --field", capsys)
    fails(["paint", "none.ply", "--seed", "1"], 1, "none.ply", capsys)


def test_a_shape_is_fitted_extracted_and_viewed(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cppnart.fields import occupancy

    monkeypatch.setattr(occupancy, "POOL", 1 << 14)
    monkeypatch.setattr(occupancy, "SCORED", 5000)
    trimesh.creation.icosphere(3).export("ball.stl")
    words = "fit shape ball.stl --steps 60 --batch 512 --film fit.gif --previews 3 --json"
    assert main(words.split()) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["path"] == "ball.safetensors"
    assert facts["scores"]["iou"] > 0.8
    assert Path("fit.gif").exists()
    words = "extract ball.safetensors -o out.stl --voxels 64 --json"
    assert main(words.split()) == 0
    facts = json.loads(capsys.readouterr().out)
    assert 0 < facts["share"] < 0.4
    assert np.ptp(trimesh.load_mesh("out.stl").vertices) == pytest.approx(2, abs=0.3)
    assert main(["view", "ball.safetensors", "--size", "32", "--samples", "1", "--quiet"]) == 0
    capsys.readouterr()
    words = "extract ball.safetensors --threshold 0.9999999999"
    fails(words.split(), 2, "there is no surface at this threshold", capsys)
    open_ = trimesh.creation.icosphere(2)
    open_.update_faces(np.arange(len(open_.faces)) > 10)
    open_.export("open.ply")
    fails(["fit", "shape", "open.ply", "--steps", "1"], 2, "not watertight", capsys)


def test_a_family_is_learnt_and_what_lies_between_is_seen(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cppnart.fields.families import members

    monkeypatch.setattr(members, "POOL", 1 << 10)
    words = "fit shapes --family vases --count 4 --held-out 1 --method points --steps 25 --json"
    assert main([*words.split(), "--batch", "4", "--rate", "0.01"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["path"] == "vases.safetensors"
    assert facts["held_out"] == ["vase-000"]
    assert main(["info", "vases.safetensors", "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert about["kind"] == "family of shapes"
    assert about["members"] == ["vase-001", "vase-002", "vase-003"]
    words = "extract vases.safetensors --member vase-002 --threshold 0.2 --voxels 32 -o a.ply"
    assert main(words.split()) == 0
    shown = ["--size", "24", "--samples", "1", "--threshold", "0.2", "--quiet"]
    for name in ("like", "complete"):
        assert main(["view", "vases.safetensors", f"--{name}", "a.ply", *shown]) == 0
    film = ["--between", "vase-001, vase-003", "--duration", "0.3", "--fps", "10", "-o", "m.gif"]
    assert main(["view", "vases.safetensors", *film, *shown]) == 0
    with Image.open("m.gif") as opened:
        assert opened.n_frames == 3
    assert main(["view", "m.gif", "--size", "16", "--quiet"]) == 0
    with Image.open("m-again.gif") as opened:
        assert (opened.n_frames, opened.size) == (3, (16, 16))
    capsys.readouterr()
    fails(["view", "vases.safetensors"], 2, "expected one of --member", capsys)
    fails(["view", "vases.safetensors", "--member", "cup"], 2, "there is no member 'cup'", capsys)
    fails(["view", "--seed", "1", "--member", "cup"], 2, "member: for files of families", capsys)
    fails(["extract", "vases.safetensors", "--member", "cup"], 2, "no member 'cup'", capsys)
    fails(["fit", "shapes"], 2, "Give a folder, or --family", capsys)
    fails(["fit", "shapes", "--family", "dogs"], 2, "dogs", capsys)
    fails(["fit", "shapes", "nowhere"], 2, "there is no such folder", capsys)
