"""`cppnart fit scene` and `cppnart scene view, mesh, score` as a person runs them."""

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from cppnart.cli.main import main

from .mistakes import Capture, fails


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scene of a box with colours, and a field that was fitted to it for a moment."""
    folder = tmp_path_factory.mktemp("radiance")
    box = trimesh.creation.box((1, 1.5, 1.2))
    colours = np.array([[40 + 20 * n, 220 - 25 * n, 90, 255] for n in range(8)], np.uint8)
    box.visual = trimesh.visual.ColorVisuals(box, vertex_colors=colours)
    box.export(folder / "box.ply")
    render = "scene render box.ply --views 20 --size 24 --samples 1 -q -o box"
    fit = "fit scene box --steps 50 --rate 0.02 --batch 2048 -q --appearance"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(render.split()) == 0
        assert main(fit.split()) == 0
    return folder


@pytest.fixture(autouse=True)
def there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def test_a_field_is_named_after_its_scene(capsys: Capture) -> None:
    assert Path("box.safetensors").is_file()
    assert main(["info", "box.safetensors", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["kind"] == "field of light"
    assert facts["made"]["scene"] == "box"


def test_a_picture_is_as_large_as_the_photographs(capsys: Capture) -> None:
    assert main(["scene", "view", "box.safetensors"]) == 0
    assert capsys.readouterr().out == "box.png\n"
    with Image.open("box.png") as picture:
        assert picture.size == (24, 24)


def test_films_of_a_turn_of_depth_and_of_light(capsys: Capture) -> None:
    for name, words in {
        "turn.gif": "--orbit --size 16",
        "depth.gif": "--orbit --show depth --size 16",
        "light.gif": "--appearance r_0 --to r_3 --size 16",
    }.items():
        arguments = f"scene view box.safetensors {words} --duration 0.3 --fps 10 -o {name} --json"
        assert main(arguments.split()) == 0
        facts = json.loads(capsys.readouterr().out)
        assert facts["frames"] == 3
        with Image.open(name) as film:
            assert film.n_frames == 3


def test_scores_and_meshes(capsys: Capture) -> None:
    assert main(["scene", "score", "box.safetensors", "box", "--every", "2", "--json", "-q"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["psnr"] > 8
    assert len(facts["views"]) == 3
    words = "scene mesh box.safetensors --voxels 32 --density 0.1 -o box.glb -q"
    assert main(words.split()) == 0
    assert len(trimesh.load("box.glb", force="mesh").faces) > 100


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("fit scene nothing", 1, "nothing"),
        ("fit scene box --method nurf", 2, "nurf"),
        ("scene view box.ply", 2, "box.ply"),
        ("render box.safetensors", 2, "scene view"),
        ("view box.safetensors", 2, "scene view"),
        ("scene view box.safetensors --show all", 2, "all"),
        ("scene view box.safetensors --appearance r_99", 2, "r_99"),
        ("scene view box.safetensors --orbit -o nowhere/turn.mp4", 2, "nowhere"),
        ("scene score box.safetensors box --every 0", 2, "every 0"),
        ("scene mesh box.safetensors -o box.txt", 2, "box.txt"),
    ],
)
def test_mistakes_are_one_line(words: str, code: int, says: str, capsys: Capture) -> None:
    fails(words.split(), code, says, capsys)
