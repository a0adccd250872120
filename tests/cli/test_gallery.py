"""`cppnart gallery`: adding, listing, mistakes."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

import cppnart
from cppnart.cli.main import main

from .mistakes import Capture, fails


def picture(folder: Path, seed: int) -> str:
    path = folder / f"neat_{seed}.png"
    cppnart.render(seed, style="neat", size=24, output=path)
    return str(path)


def test_pictures_are_added_and_listed(tmp_path: Path, capsys: Capture) -> None:
    home = str(tmp_path / "home")
    paths = [picture(tmp_path, seed) for seed in (1, 2)]
    assert main(["gallery", "add", *paths, "--home", home, "--json"]) == 0
    added = json.loads(capsys.readouterr().out)
    assert [work["title"] for work in added] == ["neat 1", "neat 2"]
    assert main(["gallery", "--home", home, "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [work["id"] for work in listed] == [work["id"] for work in reversed(added)]
    assert main(["gallery", "list", "--home", home, "--search", "NEAT 2"]) == 0
    assert capsys.readouterr().out == f"{added[1]['id']}  neat 2\n"


def test_adding_stops_at_what_is_no_picture(tmp_path: Path, capsys: Capture) -> None:
    home = str(tmp_path / "home")
    (tmp_path / "bad.png").write_bytes(b"nonsense")
    words = ["gallery", "add", picture(tmp_path, 1), str(tmp_path / "bad.png"), "--home", home]
    fails(words, 2, "bad.png", capsys)
    fails(["gallery", "add", str(tmp_path / "none.png"), "--home", home], 1, "none.png", capsys)
    fails(["gallery", "add", str(tmp_path / "film.mp4"), "--home", home], 2, "film.mp4", capsys)


def test_mistakes_are_one_line(tmp_path: Path, capsys: Capture) -> None:
    home = str(tmp_path / "home")
    fails(["gallery", "--home", home, "list", "--sort", "price"], 2, "price", capsys)
    fails(["gallery", "--home", home, "--port", "70000", "--no-browser"], 2, "70000", capsys)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        fails(["gallery", "--home", home, "--port", port, "--no-browser"], 1, port, capsys)
    (tmp_path / "file").touch()
    fails(["gallery", "--home", str(tmp_path / "file"), "list"], 1, "file", capsys)


@pytest.mark.parametrize("words", [["--help"], ["add", "--help"], ["list", "--help"]])
def test_there_is_help(words: list[str], capsys: Capture) -> None:
    assert main(["gallery", *words]) == 0
    assert "--home" in capsys.readouterr().out
