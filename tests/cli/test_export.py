"""`cppnart export`: files, reports, mistakes."""

import json
from pathlib import Path

import pytest

from cppnart.cli.main import main


def test_a_seed_becomes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "page.html"
    words = ["export", "42", "--style", "plume", "--seeds", "42,7", "-o", str(path)]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert out == f"{path}\n"
    assert err.startswith("html, 2 seeds, plume, ")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_every_option_reaches_the_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (
        "export 42 --to html --style marble --palette dusk --finish plain --scale 2 --depth 1"
        " --width 8 --activation tanh --time 0.5 --color oklab --center 0.5,0 --zoom 2 --rotate 10"
        " --size 640x480 --samples 2 --steps 3 --duration 30 --turns 1"
    )
    path = tmp_path / "page.html"
    assert main([*words.split(), "-o", str(path)]) == 0
    text = path.read_text(encoding="utf-8")
    data = json.loads(text.split('id="data">')[1].split("</script>")[0])
    recipe = json.loads(text.split('id="recipe">')[1].split("</script>")[0])
    assert (data["seconds"], data["turns"], len(data["pictures"][0]["keys"])) == (30, 1, 3)
    assert data["pictures"][0]["samples"] == 2
    given = {"scale": 2, "depth": 1, "width": 8, "activation": "tanh", "time": 0.5, "zoom": 2}
    given |= {"color": "oklab", "center": [0.5, 0], "rotate": 10, "size": "640x480"}
    assert {name: recipe[name] for name in given} == given


def test_a_name_is_chosen_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["export", "42", "--style", "plume", "--to", "shadertoy", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["path"] == "cppnart-plume-42.shadertoy.glsl"
    assert report["bytes"] == (tmp_path / report["path"]).stat().st_size
    assert main(["export", "42", "--style", "plume", "--to", "program", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert (tmp_path / "cppnart-plume-42.safetensors").exists()


def test_a_picture_exports_and_its_field_renders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture, field, again = (tmp_path / name for name in ("a.png", "a.safetensors", "b.png"))
    assert main(["render", "42", "--style", "plume", "--size", "32", "-o", str(picture)]) == 0
    assert main(["export", str(picture), "-o", str(field)]) == 0
    assert main(["render", str(field), "--size", "32", "-o", str(again)]) == 0
    assert again.exists()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["42"], "say what to export to"),
        (["42", "--to", "flash"], "unknown target 'flash'"),
        (["42", "-o", "page.pdf"], "page.pdf: this suffix is of no target"),
        (["42", "--to", "onnx", "--seeds", "1,2"], "only html shows several"),
        (["--to", "html"], "give a seed"),
        (["no-such-file.png", "--to", "html"], "no-such-file.png"),
        (["42", "--to", "html", "--duration", "0"], "duration 0"),
        (["42", "--to", "glsl", "--style", "agate", "--finish", "riso"], "at most 81920"),
    ],
)
def test_mistakes_are_named_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    named: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["export", *words]) in (1, 2)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert named in err
    assert list(tmp_path.iterdir()) == []
