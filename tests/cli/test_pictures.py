"""The command with the real library: small pictures, their names, mistakes, what gets imported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from cppnart.cli.main import main


def test_a_seed_becomes_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.png"
    assert main(["render", "--seed", "42", "--size", "48x32", "-o", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}\n"
    with Image.open(path, formats=["PNG"]) as picture:
        assert picture.size == (48, 32)


def test_a_name_is_chosen_and_nothing_is_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = []
    for _ in range(3):
        assert main(["render", "42", "--size", "16"]) == 0
        names.append(capsys.readouterr().out.strip())
    assert names[0].startswith("cppnart-")
    assert names[0].endswith("-42.png")
    stem = names[0].removesuffix(".png")
    assert names[1:] == [f"{stem}-2.png", f"{stem}-3.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_a_picture_makes_itself_again_larger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small, large = tmp_path / "small.png", tmp_path / "large.png"
    main(["render", "a quiet sea", "--size", "16", "-o", str(small)])
    assert main(["render", str(small), "--size", "32", "-o", str(large)]) == 0
    capsys.readouterr()
    assert main(["info", str(large), "--json"]) == 0
    assert "a quiet sea" in json.dumps(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--size", "0"], "0"),
        (["--size", "large"], "large"),
        (["--style", "no-such-style"], "no-such-style"),
        (["--palette", "no-such-palette"], "no-such-palette"),
        (["--finish", "no-such-finish"], "no-such-finish"),
        (["--bits", "7"], "7"),
        (["-o", "a.nosuchformat"], "nosuchformat"),
    ],
)
def test_mistakes_are_named_in_one_line(
    words: list[str],
    named: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["render", "42", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("Error: ")
    assert named in line
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_does_not_exist_is_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "nowhere" / "a.png"
    assert main(["render", "42", "--size", "16", "-o", str(path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "nowhere" in line


@pytest.mark.parametrize("name", ["styles", "palettes", "finishes"])
def test_lists_have_one_line_for_each(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 16
    assert all(len(line.split(maxsplit=1)) == 2 for line in lines)


def test_a_seeded_picture_needs_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from cppnart.cli.main import main\n"
        "assert main(['render', '42', '--size', '16', '-o', 'a.png']) == 0\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert not {"torch", "torchvision"} & set(done.stdout.splitlines()[-1].split())
