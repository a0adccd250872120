"""`cppnart fit gradients` and `cppnart blend` as a person runs them."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cppnart
from cppnart.cli.main import main

from .mistakes import Capture, fails


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[0:20, 0:28] * 8
    Image.fromarray(np.stack([x, y, 255 - x], -1).astype(np.uint8)).save("a.png")
    Image.fromarray(np.stack([255 - y, x, y], -1).astype(np.uint8)).save("b.png")
    mask = np.zeros((20, 28), np.uint8)
    mask[5:15, 8:20] = 255
    Image.fromarray(mask).save("mask.png")
    Image.fromarray(mask[:9]).save("low.png")
    Image.new("RGB", (9, 9), "teal").save("flat.png")
    Path("text.png").write_text("not a picture")
    return tmp_path


def pixels(path: str) -> np.ndarray:
    with Image.open(path, formats=["PNG"]) as picture:
        return np.asarray(picture.convert("RGB")).astype(float)


@pytest.mark.parametrize("derivative", ["gradient", "laplacian"])
def test_a_picture_comes_back_and_renders_at_any_size(
    derivative: str, here: Path, capsys: Capture
) -> None:
    words = ["fit", "gradients", "a.png", "--from", derivative, "--until-psnr", "25"]
    assert main([*words, "--batch", "1024", "--json", "--film", "fit.gif", "--previews", "5"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["path"], facts["task"]) == ("a.safetensors", "gradients")
    assert facts["scores"]["psnr"] >= 25
    assert (here / "fit.gif").stat().st_size > 100
    shown = cppnart.render("a.safetensors", size="28x20", samples=1, exact=True)
    assert np.abs(shown - pixels("a.png")).mean() < 15
    assert cppnart.render("a.safetensors", size=56).shape == (40, 56, 3)


def test_a_blend_is_a_picture_that_carries_its_field(here: Path, capsys: Capture) -> None:
    words = ["blend", "a.png", "b.png", "--mask", "mask.png", "--steps", "150", "--batch", "1024"]
    assert main(words) == 0
    streams = capsys.readouterr()
    assert streams.out == "a-b.png\n"
    assert "150 steps" in streams.err
    assert sorted(p.name for p in here.iterdir() if "a-b" in p.name) == ["a-b.png"]
    outside = pixels("mask.png")[..., 0] == 0
    assert np.abs(pixels("a-b.png") - pixels("a.png"))[outside].mean() < 8
    assert main(["render", "a-b.png", "--size", "84", "-o", "large.png"]) == 0
    large = pixels("large.png").reshape(20, 3, 28, 3, 3).mean((1, 3))
    assert np.abs(large - pixels("a-b.png")).mean() < 3


def test_a_blend_is_a_field_or_another_size_on_request(here: Path, capsys: Capture) -> None:
    words = ["blend", "a.png", "b.png", "--mixed", "--steps", "3", "--quiet"]
    assert main([*words, "-o", "both.safetensors"]) == 0
    assert cppnart.render("both.safetensors").shape == (20, 28, 3)
    assert main([*words, "--size", "56", "-o", "both.png"]) == 0
    assert pixels("both.png").shape == (40, 56, 3)
    assert (
        main(["blend", "a.png", "b.png", "--at", "20,-4", "--steps", "3", "-q", "-o", "c.png"]) == 0
    )
    assert pixels("c.png").shape == (20, 28, 3)


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        ("fit gradients none.png", 1, "none.png: No such file"),
        ("fit gradients text.png", 2, "text.png: expected a picture"),
        ("fit gradients flat.png", 2, "all of one colour"),
        ("fit gradients a.png --from curl", 2, "from 'curl'"),
        ("blend a.png none.png", 1, "none.png: No such file"),
        ("blend a.png text.png", 2, "text.png: expected a picture"),
        ("blend a.png b.png --mask low.png", 2, "mask of 28x9: expected 28x20"),
        ("blend a.png b.png --at 1", 2, "has 1 numbers, not 2"),
        ("blend a.png b.png --at 0,90", 2, "white nowhere"),
        ("blend a.png b.png -o c.docx", 2, "c.docx"),
        ("blend a.png b.png -o none/c.png", 2, "there is no such folder"),
        ("blend a.png b.png --size 9 -o c.safetensors", 2, "a field has none"),
    ],
)
def test_mistakes_are_one_line(
    words: str, code: int, named: str, here: Path, capsys: Capture
) -> None:
    before = sorted(here.iterdir())
    fails(words.split(), code, named, capsys)
    assert sorted(here.iterdir()) == before
