"""`cppnart breed` and `cppnart evolve` as a person runs them."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cppnart.cli.main import main

from .mistakes import Capture, fails


def test_pictures_are_bred_from_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["breed", "--seed", "7", "--children", "3", "--size", "32", "-q"]) == 0
    assert sorted(p.name for p in Path("children").iterdir()) == [
        "child-01.png",
        "child-02.png",
        "child-03.png",
        "sheet.png",
    ]
    words = ["children/child-01.png", "children/child-02.png", "--children", "2", "-o", "next"]
    assert main(["breed", *words, "--strength", "0.3", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["path"] == "next/sheet.png"
    assert len(facts["pictures"]) == len(facts["parents"]) == 2
    assert main(["info", "next/child-01.png", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["kind"] == "genome"
    assert set(shown["recipe"]["parents"]) == set(facts["parents"])
    assert main(["render", "next/child-01.png", "--size", "64", "-o", "large.png", "-q"]) == 0
    with Image.open("large.png", formats=["PNG"]) as large:
        assert large.size == (64, 64)


def test_a_picture_is_evolved_with_a_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[0:40, 0:60] * 4
    Image.fromarray(np.stack([x, y, 255 - x], -1).astype(np.uint8)).save("photo.png")
    words = ["--towards", "photo.png", "--population", "8", "--generations", "2", "--size", "32"]
    assert main(["evolve", *words, "--film", "out.mp4", "--run", "run", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["path"] == "evolved.png"
    assert facts["film"] == "out.mp4"
    assert facts["generations"] == 2
    assert Path("out.mp4").stat().st_size > 1000
    longer = ["3" if word == "2" else word for word in words]
    assert main(["evolve", *longer, "--run", "run", "--resume", "-q"]) == 0
    assert main(["breed", "evolved.png", "--children", "1", "--size", "32", "-q"]) == 0


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        ("breed none.png", 1, "none.png: No such file"),
        ("breed --children 0", 2, "children 0"),
        ("breed 1 --strength 9", 2, "strength 9"),
        ("breed text.xml", 2, "text.xml: 0 genomes in the file"),
        ("breed --style sine", 2, "style: genomes that grow"),
        ("evolve", 2, "expected one of towards, novelty and objective"),
        ("evolve --objective nothing", 2, "module:callable"),
        ("evolve --towards text.xml", 2, "text.xml: expected a picture"),
        ("render text.xml", 2, "text.xml: 0 genomes in the file"),
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
    Path("text.xml").write_text("no genome at all")
    fails(words.split(), code, named, capsys)
    assert [p.name for p in tmp_path.iterdir()] == ["text.xml"]
