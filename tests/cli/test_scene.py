"""`cppnart scene` as a person runs it."""

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
    box = trimesh.creation.box((1, 2, 3))
    colours = np.tile([200, 100, 50, 255], (len(box.vertices), 1)).astype(np.uint8)
    box.visual = trimesh.visual.ColorVisuals(box, vertex_colors=colours)
    box.export(tmp_path / "box.ply")
    return tmp_path


def test_a_mesh_is_rendered_shown_drawn_and_perturbed(capsys: Capture) -> None:
    words = "scene render box.ply --views 6 --size 24 --samples 1 --hemisphere --shading --json"
    assert main(words.split()) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["path"] == "box-scene"
    assert facts["views"] == {"train": 6, "val": 1, "test": 1}

    assert main(["scene", "box-scene"]) == 0
    streams = capsys.readouterr()
    assert "6 train, 1 val, 1 test" in streams.out
    assert "24x24, 8 depths" in streams.out
    assert streams.err == ""
    assert main(["scene", "box-scene", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["name"] == "box-scene"
    assert facts["near"] == pytest.approx(2.7)
    assert facts["picture"] is None

    assert main(["scene", "box-scene", "--cameras", "--size", "100"]) == 0
    streams = capsys.readouterr()
    assert streams.out == "box-scene-cameras.png\n"
    assert "6 train, 1 val, 1 test" in streams.err
    with Image.open("box-scene-cameras.png") as image:
        assert image.width == 300
    words = "scene --cameras -o b.png --json show"
    fails(words.split(), 1, "show", capsys)
    assert main(["scene", "show", "box-scene", "--cameras", "-o", "b.png", "-q"]) == 0
    assert capsys.readouterr() == ("", "")

    words = "scene perturb box-scene --kind occluders --seed 3 -o wild"
    assert main(words.split()) == 0
    assert capsys.readouterr().out == "wild\n"
    assert Path("wild/train/r_5_depth.npy").is_file()
    with Image.open("wild/train/r_1.png") as one, Image.open("box-scene/train/r_1.png") as two:
        assert (np.asarray(one) != np.asarray(two)).any()


def test_mistakes_are_one_line(capsys: Capture, folder: Path) -> None:
    fails(["scene", "nowhere"], 1, "nowhere: no such folder or file", capsys)
    fails(["scene", "."], 2, "no scene found", capsys)
    fails(["scene", "nowhere", "-o", "a.png"], 2, "give --cameras too", capsys)
    fails(["scene", "render", "box.ply", "--views", "1"], 2, "views 1", capsys)
    fails(["scene", "render", "box.ply", "-o", "."], 1, "new or empty", capsys)
    fails(["scene", "perturb", "nowhere"], 1, "nowhere", capsys)


def test_help_lists_the_commands(capsys: Capture) -> None:
    assert main(["scene", "--help"]) == 0
    text = capsys.readouterr().out
    for word in ("show", "render", "perturb", "cppnart scene lego --cameras"):
        assert word in text
