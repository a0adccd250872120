"""`cppnart fit` as a person runs it."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cppnart.cli.main import main

from .mistakes import Capture, fails


def test_a_picture_becomes_a_field_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[0:32, 0:32] * 8
    Image.fromarray(np.stack([x, y, 255 - x], -1).astype(np.uint8)).save("photo.png")
    assert main(["fit", "image", "photo.png", "--until-psnr", "25", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["path"] == "photo.safetensors"
    assert facts["why"] in ("until", "steps")
    assert facts["scores"]["psnr"] >= 25
    assert main(["render", "photo.safetensors", "--size", "64", "-o", "large.png"]) == 0
    with Image.open("large.png", formats=["PNG"]) as large:
        assert large.size == (64, 64)


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        ("none.png", 1, "none.png: No such file"),
        ("text.png", 2, "text.png: expected a picture"),
        ("photo.png --method magic", 2, "method 'magic'"),
        ("photo.png --holdout checkerboard", 2, "a picture of 1x1 has none"),
    ],
)
def test_mistakes_are_one_line(
    words: str,
    code: int,
    named: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.png").write_text("not a picture")
    Image.new("RGB", (1, 1)).save("photo.png")
    fails(["fit", "image", *words.split()], code, named, capsys)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["photo.png", "text.png"]


NETWORK = """
import torch
from torch import nn

class Stripes(nn.Module):
    classes = ("dull", "striped")

    def __init__(self):
        super().__init__()
        self.bars = nn.Sequential(nn.Conv2d(3, 2, 5), nn.ReLU())
        with torch.no_grad():
            self.bars[0].weight[:] = torch.tensor([-1.0, 0, 2, 0, -1])
            self.bars[0].bias.zero_()

    def forward(self, pictures):
        return self.bars(pictures).mean((2, 3))
"""


@pytest.fixture
def stripes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A module of the current folder that makes a network."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stripes_of_mine.py").write_text(NETWORK)
    yield
    sys.modules.pop("stripes_of_mine", None)


def test_what_a_network_looks_for_becomes_a_field(stripes: None, capsys: Capture) -> None:
    words = ["fit", "feature", "--model", "stripes_of_mine:Stripes", "--size", "32"]
    words += ["--steps", "40", "--json"]
    assert main([*words, "--layer", "bars.1", "--channel", "1", "--transforms"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["path"] == "stripes_of_mine.Stripes-bars.1-1.safetensors"
    assert facts["scores"]["activation"] > 0.5
    assert main(["render", facts["path"], "--size", "64", "-o", "large.png"]) == 0
    with Image.open("large.png", formats=["PNG"]) as large:
        assert np.asarray(large)[..., :3].std() > 10
    assert main([*words, "--class", "striped", "--count", "2", "-o", "two.safetensors"]) == 0
    facts = json.loads(capsys.readouterr().out.partition("\n")[2])
    assert facts["path"] == "two.png"
    assert [member["path"] for member in facts["members"]] == [
        "two-1.safetensors",
        "two-2.safetensors",
    ]


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        ("--model stripes_of_mine:Stripes", 2, "either a channel of a layer, or a class"),
        ("--model stripes_of_mine:Strips --class 1", 2, "has no attribute 'Strips'"),
        ("--model stripes_of_mine:Stripes --class stripey", 2, "close to it are striped"),
        ("--model stripes_of_mine:Stripes --layer bars --channel 7", 2, "bars of stripes_of_mine"),
        ("--model stripes_of_mine:Stripes --weights none.pth --class 1", 1, "none.pth: No such"),
    ],
)
def test_mistakes_of_features_are_one_line(
    words: str, code: int, named: str, stripes: None, capsys: Capture
) -> None:
    fails(["fit", "feature", *words.split()], code, named, capsys)
    assert not list(Path.cwd().glob("*.safetensors"))
