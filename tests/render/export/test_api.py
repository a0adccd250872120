"""export: targets, names of files, mistakes."""

import json
import re
import subprocess
import sys

import pytest

from cppnart.fields import glsl
from cppnart.render.export import Exported, export
from cppnart.render.export.api import SUFFIXES

SMALL = {"style": "plume", "size": 64}
OF_ANY = [(to, suffix) for to, suffix in SUFFIXES.items() if to not in ("genome", "picbreeder")]
"""The targets of pictures that have no genome too."""


@pytest.mark.parametrize(("to", "suffix"), OF_ANY)
def test_the_suffix_says_what_to_export_to(tmp_path, to, suffix):
    path = tmp_path / f"a{suffix}"
    written = export(7, output=path, **SMALL)
    content = export(7, to=to, **SMALL)
    data = content.encode() if isinstance(content, str) else content
    assert path.read_bytes() == data
    assert isinstance(written, Exported)
    assert (written.path, written.to, written.bytes) == (str(path), to, len(data))


def test_a_target_may_have_any_suffix(tmp_path):
    path = tmp_path / "shader.frag"
    export(7, to="glsl", output=path, **SMALL)
    assert "vec4 cppn(vec2 p, float t)" in path.read_text()


@pytest.mark.parametrize(("to", "suffix"), OF_ANY)
def test_in_a_folder_a_free_name_is_chosen(tmp_path, to, suffix):
    for stem in ("cppnart-plume-a-quiet-sea", "cppnart-plume-a-quiet-sea-2"):
        written = export("a quiet sea!", to=to, output=tmp_path, **SMALL)
        assert written.path == str(tmp_path / f"{stem}{suffix}")


def test_the_report_says_what_was_written(tmp_path):
    written = export(seeds="7,8,7", output=tmp_path / "a.html", palette="dusk", **SMALL)
    assert (written.seeds, written.look) == (["7", "8"], "plume, dusk")
    assert str(written).startswith("html, 2 seeds, plume, dusk, ")


def test_a_picture_exports_as_it_was_made(tmp_path):
    import cppnart

    picture = tmp_path / "a.png"
    cppnart.render(7, style="agate", palette="dusk", finish="relief", size=64, output=picture)
    text = export(picture, to="glsl")
    assert text.startswith("// 7: agate, dusk, relief\n")
    assert text == export(7, to="glsl", style="agate", palette="dusk", finish="relief", size=64)


def test_progress_is_told_for_each_picture(tmp_path):
    told = []
    export(7, to="html", progress=lambda done, total: told.append((done, total)), **SMALL)
    assert told == [(done, 5) for done in range(1, 6)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"to": "gls"}, r"unknown target 'gls' \(did you mean 'glsl'\?\): expected html, shader"),
        ({}, "to: say what to export to: html, shadertoy, glsl, onnx, program"),
        ({"output": "a.png"}, "a.png: this suffix is of no target; expected one of .html, .shad"),
        ({"to": "glsl", "seeds": "1,2"}, "seeds: glsl takes one picture; only html shows several"),
        ({"to": "html", "seeds": []}, "0 seeds: a page takes 1 to 64"),
        ({"to": "html", "seeds": "1,,2"}, "seed '': expected an integer, a word"),
        ({"to": "html", "steps": 0}, "steps 0: expected 1 to 64 latents"),
        ({"to": "html", "duration": 0}, "duration 0: expected 1 to 86400 seconds"),
        ({"to": "html", "duration": float("nan")}, "duration nan: expected 1 to 86400 seconds"),
        ({"to": "html", "turns": 1.5}, "turns 1.5: expected a whole number from 0 to 1000"),
        ({"to": "html", "zoom": -1}, "zoom -1: expected"),
        ({"to": "html", "style": "nothing"}, "unknown style 'nothing'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(given, message):
    with pytest.raises(ValueError, match=message) as raised:
        export(7, **given)
    assert "\n" not in str(raised.value)


def test_what_is_too_large_for_a_shader_is_refused_before_others_are_drawn(monkeypatch):
    monkeypatch.setattr(glsl, "MAX_BAKED", 2000)
    monkeypatch.setattr(glsl, "MAX_FETCHED", 3000)
    told = []
    with pytest.raises(ValueError, match=r"of \d+ different weights: a shader takes at most 3000"):
        export(7, to="html", style="classic", progress=lambda *counts: told.append(counts))
    assert told == []


def test_nothing_to_export_is_refused():
    with pytest.raises(ValueError, match="give a seed, as in --seed 42"):
        export(to="html")


def test_a_field_from_a_file_has_no_other_seeds(tmp_path):
    path = tmp_path / "field.safetensors"
    export(7, output=path, **SMALL)
    with pytest.raises(ValueError, match="seeds: a field that is read from a file has no others"):
        export(path, to="html", seeds="1,2")
    (data,) = re.findall(r'id="data">(.*?)</script>', export(path, to="html"))
    assert [picture["name"] for picture in json.loads(data)["pictures"]] == ["a field"]


def test_what_fails_leaves_no_file(tmp_path):
    path = tmp_path / "a.glsl"
    with pytest.raises(ValueError, match="numbers: a shader without textures"):
        export(7, output=path, style="agate", finish="riso")
    with pytest.raises(FileNotFoundError):
        export(7, output=tmp_path / "missing" / "a.glsl", **SMALL)
    assert list(tmp_path.iterdir()) == []


def test_exporting_imports_neither_torch_nor_numba(tmp_path):
    code = (
        "import sys; from cppnart.render.export import export\n"
        "export(7, to='html', style='plume'); export(7, to='shadertoy', style='plume')\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert not set(done.stdout.split()) & {"torch", "numba", "onnx", "PIL", "moviepy"}
