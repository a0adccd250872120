"""`cppnart gan` as a person runs it."""

import json
from pathlib import Path

import pytest
from PIL import Image

from cppnart.cli.main import main

from ..gan.pictures import folder_of, picture
from .mistakes import Capture, fails

SETTINGS = {
    "generator.latent": 6,
    "generator.width": 8,
    "generator.style": 8,
    "generator.levels": 2,
    "discriminator.width": 4,
}
SMALL = ["--batch", "4", "--resolution", "8"]
SMALL += [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "cppnart.gan.data.pictures._folder", lambda cache: Path(cache or tmp_path / "cache")
    )
    folder_of(tmp_path / "photos", 8, width=8, height=8)


def test_from_a_folder_of_pictures_to_samples_of_any_size(capsys: Capture) -> None:
    words = ["gan", "train", "photos", "--run", "runs/p", "--images", "12", "--check-every", "2"]
    assert main([*words, *SMALL]) == 0
    streams = capsys.readouterr()
    assert streams.out == "runs/p\n"
    assert "8 pictures at 8x8, colour" in streams.err
    assert "augmentation: ada" in streams.err
    assert "8 of 12 pictures" in streams.err
    assert "0:0" in streams.err  # the time that is left
    assert main(["gan", "train", "--run", "runs/p", "--resume", "--images", "20", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["images"], facts["why"]) == (20, "images")
    assert main(["gan", "sample", "runs/p", "--grid", "3x2", "--size", "16"]) == 0
    assert capsys.readouterr().out == "p-sample.png\n"
    assert main(["gan", "sample", "runs/p", "--seeds", "7", "-o", "seven.safetensors", "-q"]) == 0
    assert main(["render", "seven.safetensors", "--size", "40", "-o", "seven.png", "-q"]) == 0
    with Image.open("seven.png", formats=["PNG"]) as image:
        assert image.size == (40, 40)
    assert main(["gan", "extrapolate", "runs/p", "--seed", "7", "--size", "24", "-q"]) == 0
    assert Path("p-extrapolate.png").exists()
    walk = "gan walk runs/p --seeds 1,2 --size 16 --duration 0.5 --fps 8 -o w.gif --json"
    assert main(walk.split()) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 4
    search = "gan project runs/p photos/001.png --steps 3 --size 16 --json"
    assert main(search.split()) == 0
    assert json.loads(capsys.readouterr().out)["path"] == "p-project-001.png"
    between = "gan interpolate runs/p photos/001.png photos/002.png --steps 3 --size 16 -o s.png -q"
    assert main(between.split()) == 0
    assert Path("s.png").exists()


def test_a_run_that_is_only_planned(capsys: Capture) -> None:
    words = ["gan", "train", "photos", "--run", "r", "--minutes", "5", "--dry-run", "-q"]
    assert main([*words, *SMALL]) == 0
    out = capsys.readouterr().out
    assert "parameters" in out
    assert "images a second" in out
    assert "discriminator: ConvDiscriminator(" in out
    assert not Path("r").exists()


def test_samples_are_measured(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", "home")
    folder_of(Path("more"), 40, width=16, height=16)
    words = ["gan", "train", "more", "--run", "r", "--images", "4", "-q", *SMALL]
    assert main([*words, "--resolution", "16"]) == 0
    assert main(["gan", "evaluate", "r", "--samples", "40", "--json", "--quiet"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found["pictures at 16 pixels"]) == {"precision", "recall"}
    assert found["inception"].startswith("no weights of Inception")


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        ("train none --run r --images 4", 1, "none: no such file or folder"),
        ("train empty --run r --images 4", 2, "empty: no pictures in it"),
        ("train one --run r --images 4", 2, "one: one picture: a generator learns from many"),
        ("train photos --run r", 2, "how long: give minutes or images"),
        ("train --run r --images 4", 2, "no pictures: give a folder of them"),
        ("train --run r --resume --images 4", 2, "r: no training in it"),
        ("train photos --run r --images 4 --objective ban", 2, "objective 'ban'"),
        ("train photos --run r --images 4 --set width=3", 2, "setting 'width': expected PART.NAME"),
        ("train photos --run r --images 4 --set width", 2, "expected PART.NAME=VALUE"),
        ("sample photos", 2, "photos: no generator.safetensors in it"),
        ("sample none", 1, "none: No such file"),
        ("sample text.safetensors", 2, "not a .safetensors file"),
    ],
)
def test_mistakes_are_one_line(words: str, code: int, named: str, capsys: Capture) -> None:
    Path("empty").mkdir()
    Path("one").mkdir()
    picture(1).save("one/1.png")
    Path("text.safetensors").write_text("this is no snapshot")
    quiet = ["--quiet"] if words.startswith("train") else []
    fails(["gan", *words.split(), *quiet], code, named, capsys)
    assert not Path("r").exists()


def test_a_loss_that_is_not_a_number_is_a_failure_that_says_where(capsys: Capture) -> None:
    words = ["gan", "train", "photos", "--run", "r", "--images", "40", "-q", *SMALL]
    assert main([*words, "--set", "objective.rate=1e38"]) == 1
    line = capsys.readouterr().err
    assert "the state of step 0 was kept" in line
    assert line.count("\n") == 1
