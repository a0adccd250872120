"""`cppnart upscale` and `cppnart fit upscaler` as a person runs them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cppnart.cli.main import main
from cppnart.fields.upscaling.light import Light
from cppnart.fields.upscaling.models import save_upscaler
from cppnart.render.metadata import read_recipe

from .mistakes import Capture, fails


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A grey ramp with an edge, in the current folder."""
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[0:20, 0:30]
    pixels = np.where(x + y < 25, 4 * x, 255 - 4 * y)
    Image.fromarray(pixels.astype(np.uint8)).convert("RGB").save("photo.png")
    return tmp_path / "photo.png"


def size_of(path: str) -> tuple[int, int]:
    with Image.open(path, formats=["PNG"]) as image:
        return image.size


def test_it_works_at_once_with_the_upscaler_that_comes_along(photo: Path, capsys: Capture) -> None:
    assert main(["upscale", "photo.png", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["path"], facts["factor"]) == ("photo-large.png", 4.0)
    assert size_of("photo-large.png") == (120, 80)
    assert main(["upscale", "photo.png", "--scale", "3.7", "-o", "a.png", "--quiet"]) == 0
    assert size_of("a.png") == (111, 74)
    assert main(["upscale", "photo.png", "--size", "50x200", "-o", "b.png"]) == 0
    assert size_of("b.png") == (50, 200)
    words = ["--scale", "10", "--region", "100,50,40,30", "-o", "c.png"]
    assert main(["upscale", "photo.png", *words]) == 0
    assert size_of("c.png") == (40, 30)


def test_shrinking_says_so(photo: Path, capsys: Capture) -> None:
    assert main(["upscale", "photo.png", "--scale", "0.5", "-o", "small.png"]) == 0
    assert "shrunk by a cubic filter" in capsys.readouterr().err
    assert size_of("small.png") == (15, 10)


def test_a_field_of_a_photograph_renders(photo: Path) -> None:
    assert main(["upscale", "photo.png", "-o", "field.safetensors"]) == 0
    assert main(["render", "field.safetensors", "--size", "60", "-o", "a.png"]) == 0
    assert size_of("a.png") == (60, 40)
    assert len(read_recipe("a.png")) < 4000  # the pixels of the photograph, not its field
    assert main(["render", "a.png", "--size", "90", "--zoom", "3", "-o", "b.png"]) == 0
    assert size_of("b.png") == (90, 60)


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        ("none.png", 1, "none.png: No such file"),
        ("text.png", 2, "text.png: expected a picture"),
        ("photo.png --scale 0", 2, "scale 0: expected a number above 0"),
        ("photo.png --scale -3", 2, "scale -3: expected a number above 0"),
        ("photo.png --size 10x", 2, "size '10x'"),
        ("photo.png --scale 1e6", 2, "takes 1.8 PB"),
        ("photo.png --scale 2 --size 40", 2, "give a scale or a size, not both"),
        ("photo.png --region 0,0,9,900", 2, "region 0,0,9,900: expected a part of the picture"),
        ("photo.png --bits 9", 2, "bits 9: expected 8 or 16"),
        ("photo.png --model text.png", 2, "text.png: this is not a checkpoint of LIIF"),
        ("photo.png --model short.safetensors", 2, "weights are missing, last.weight first"),
    ],
)
def test_mistakes_are_one_line(
    photo: Path, capsys: Capture, words: str, code: int, named: str
) -> None:
    Path("text.png").write_text("this is no picture")
    model = Light(blocks=1, channels=4)
    model.last = torch.nn.Linear(32, 3, bias=True)
    del model.last.weight
    save_upscaler("short.safetensors", model)
    fails(["upscale", *words.split()], code, named, capsys)
    assert not Path("photo-large.png").exists()


def test_one_pixel_becomes_many(photo: Path) -> None:
    Image.new("RGB", (1, 1), (200, 100, 50)).save("one.png")
    assert main(["upscale", "one.png", "--scale", "6", "-o", "a.png"]) == 0
    with Image.open("a.png", formats=["PNG"]) as made:
        pixels = np.asarray(made).astype(int)
    assert pixels.shape == (6, 6, 3)
    assert np.abs(pixels - (200, 100, 50)).max() < 40


def test_an_upscaler_of_ones_own(photo: Path, capsys: Capture) -> None:
    folder = Path("photos")
    folder.mkdir()
    for seed in range(3):
        noise = np.random.default_rng(seed).integers(0, 256, (36, 36, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{seed}.png")
    words = ["--steps", "2", "--held-out", "1", "--batch", "2", "--side", "8", "--run", "run"]
    assert main(["fit", "upscaler", "photos", *words, "-o", "own.safetensors", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["step"], facts["pictures"]) == (2, 3)
    assert "rgb_x8" in facts["scores"]
    assert main(["upscale", "photo.png", "--model", "own.safetensors", "-o", "a.png"]) == 0
    capsys.readouterr()
    fails(["fit", "upscaler", "nowhere"], 2, "nowhere: there is no such folder", capsys)
