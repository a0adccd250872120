"""`cppnart fit` as a person runs it."""

import json
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
