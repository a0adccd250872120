"""Mistakes and failures at the command line: one line, the right exit code, nothing left behind."""

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cppnart
from cppnart.cli.main import main

from .mistakes import Capture, fails

LOOK = ["--style", "classic", "--size", "32"]


# --- Usage: exit code 2 ---


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("--style marbel", "unknown style 'marbel' (did you mean 'marble'?)"),
        ("--palette dsuk", "unknown palette 'dsuk'"),
        ("--palette #12345,#fff", "#12345"),
        ("--color rbg", "unknown color mode 'rbg'"),
        ("--finish releif", "unknown finish 'releif'"),
        ("--activation relux", "unknown activation 'relux'"),
        ("--symmetry 5", "has no option symmetry"),
        ("--size 0", "size '0'"),
        ("--size -4", "size '-4'"),
        ("--size 12x0", "size '12x0'"),
        ("--size 10000000x10000000", "10000000x10000000 takes 300 TB"),
        ("--size 99999999999999999999", "size '99999999999999999999'"),
        ("--size A3", "add a resolution"),
        ("--samples 0", "samples 0: expected 1 to 64"),
        ("--samples 1000", "samples 1000"),
        ("--bits 7", "bits 7"),
        ("--bits 32", "PNG holds 8 or 16 bits"),
        ("--dpi 0", "dpi 0"),
        ("--dpi nan", "dpi nan"),
        ("--zoom 0", "zoom 0"),
        ("--zoom -1", "zoom -1"),
        ("--zoom nan", "zoom nan"),
        ("--zoom inf", "zoom inf"),
        ("--rotate inf", "rotate inf"),
        ("--center nan,0", "center"),
        ("--center 0,1e300", "center"),
        ("--center 0", "'0' has 1 numbers, not 2"),
        ("--region 0,0,33,1", "region 0,0,33,1: expected a part of the picture, which is 32x32"),
        ("--region -1,0,5,5", "region -1,0,5,5"),
        ("--region 0,0,0,0", "region 0,0,0,0"),
        ("--region 0,0,99999999999999999999,1", "region"),
        ("--latent 1,2,3", "latent of shape (3,): style 'classic' takes 8 numbers"),
        ("--latent nan,0,0,0,0,0,0,0", "latent: expected finite numbers"),
        ("--scale nan", "scale is nan"),
        ("--depth 0", "depth is 0"),
        ("--depth 100000", "depth is 100000"),
        ("--width 100000000", "width is 100000000"),
        ("--time nan", "time nan"),
        ("--time inf", "time inf"),
        ("--transparent", "transparent"),
        ("--threads 0", "threads 0"),
        ("--threads -3", "threads -3"),
        ("--device nonsense", "device 'nonsense': torch cannot use it"),
        ("-o a.nosuchformat", "a.nosuchformat: expected a name that ends in one of .png"),
        ("-o a", "a: expected a name that ends in one of"),
        ("-o a.jpg --bits 16", "JPEG holds 8 bits"),
        ("-o a.webp --size 20000", "WebP allows 16383"),
    ],
)
def test_mistakes_in_options_of_render(
    words: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    fails(["render", "42", *LOOK, *words.split()], 2, named, capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["render"], "nothing to render: give a seed, as in --seed 42"),
        (["render", ""], "seed ''"),
        (["render", "--seed", "   "], "seed ''"),
        (["render", "--seed", "x" * 5000], "seed 'xxx"),
        (["render", "--seed", "42", "--size", ""], "size ''"),
        (["info", ""], "seed ''"),
        (["sheet", "--seeds", "5:1"], "seeds '5:1'"),
        (["sheet", "--seeds", "0:99999999999999999999"], "with 1 to 4096 seeds"),
        (["sheet", "--styles", "no-such-style"], "unknown style"),
        (["sheet", "--thumb", "1"], "thumb 1"),
        (["sheet", "--columns", "0"], "columns 0"),
        (["sheet", "-o", "a.nosuchformat"], "a.nosuchformat"),
        (["styles", "-o", "a.nosuchformat"], "a.nosuchformat"),
        (["palettes", "-o", "a.nosuchformat"], "a.nosuchformat"),
    ],
    ids=lambda value: " ".join(value)[:40],
)
def test_mistakes_in_other_places(
    words: list[str],
    named: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    monkeypatch.chdir(tmp_path)
    fails(words, 2, named, capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seed", ["μικρή θάλασσα", "海 🌊", "a/b.c d", "-12", "0xFFee", "'; rm *"])
def test_any_word_is_a_seed(
    seed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["render", f"--seed={seed}", "--style", "classic", "--size", "16"]) == 0
    (path,) = tmp_path.iterdir()
    assert capsys.readouterr().out == f"{path.name}\n"
    assert path.name.isascii()
    assert main(["info", path.name, "--json"]) == 0
    expected = seed.lower() if seed.startswith("0x") else seed
    assert json.loads(capsys.readouterr().out)["recipe"]["seed"] == expected


def png(recipe: str) -> bytes:
    """A PNG of one pixel that carries this text as its recipe."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(data, zlib.crc32(kind))
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
        + chunk(b"iTXt", b"cppnart\0\0\0\0\0" + recipe.encode())
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
    )


V = f'{{"cppnart": "{cppnart.__version__}", "seed": "42"'
SOURCES = {
    "empty": (b"", "expected a picture that cppnart made"),
    "text": (b"hello\n" * 100, "expected a picture that cppnart made"),
    "random": (np.random.default_rng(0).bytes(5000), "expected a picture that cppnart made"),
    "cut short": (png(V + "}")[:60], "cut short"),
    "no recipe": (png("{}").replace(b"cppnart", b"another"), "carries no cppnart recipe"),
    "not json": (png("\x1b[31m{"), "not a cppnart recipe"),
    "deep": (png("[" * 300_000), "not a cppnart recipe"),
    "wrong type": (png(V + ', "depth": "3"}'), "depth"),
    "huge array": (png(V + f', "latent": [{"0," * 1_000_000}0]}}'), "latent"),
    "not a number": (png(V + ', "zoom": NaN}'), "malformed"),
    "huge picture": (png(V + ', "size": "10000000"}'), "takes 300 TB"),
    "escape codes": (png(V + ', "style": "\\u001b[31m\\n"}'), "unknown style"),
    "of the future": (png('{"cppnart": "99.1", "seed": "42"}'), "install cppnart 99.x"),
}


@pytest.mark.parametrize(
    ("command", "name"),
    [("render", name) for name in SOURCES]
    + [("info", name) for name in SOURCES if name != "huge picture"],  # info renders nothing
)
def test_pictures_that_carry_no_good_recipe(
    command: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    content, named = SOURCES[name]
    path = tmp_path / "a.png"
    path.write_bytes(content)
    fails([command, "a.png"], 2, named, capsys)
    assert list(tmp_path.iterdir()) == [path]


# --- Failures: exit code 1 ---


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["render", "nowhere.png"], "nowhere.png: No such file"),
        (["render", "nowhere/a.tif"], "nowhere/a.tif: No such file"),
        (["render", "nowhere.safetensors"], "nowhere.safetensors: No such file"),
        (["render", "."], ".: Is a directory"),
        (["info", "nowhere.png"], "nowhere.png: No such file"),
        (["info", "."], ".: Is a directory"),
        (["render", "42", *LOOK, "-o", "nowhere/a.png"], "nowhere: the folder does not exist"),
        (["render", "42", *LOOK, "--palette", "nowhere.jpg"], "nowhere.jpg"),
        (["sheet", "--seeds", "0:1", "-o", "nowhere/a.png"], "nowhere: the folder does not exist"),
        (["styles", "-o", "nowhere/a.png"], "nowhere: the folder does not exist"),
    ],
    ids=lambda value: " ".join(value)[:40],
)
def test_files_and_folders_that_are_not_there(
    words: list[str],
    named: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    monkeypatch.chdir(tmp_path)
    fails(words, 1, named, capsys)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_the_file(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "a.png").mkdir()
    # A folder is a place to choose a name in, whatever it is called.
    assert main(["render", "42", *LOOK, "-o", str(tmp_path / "a.png")]) == 0
    assert len(list((tmp_path / "a.png").iterdir())) == 1


def run(code: str, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Python code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *words], cwd=cwd, capture_output=True, text=True, timeout=120
    )


def the_line(done: subprocess.CompletedProcess[str]) -> str:
    """What was said in the only line."""
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


posix = pytest.mark.skipif(os.name == "nt", reason="Windows has neither these limits nor users")

FULL_DISK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
from cppnart.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@posix
@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".jpg", ".npy"])
def test_a_full_disk_leaves_what_was_there(suffix: str, tmp_path: Path) -> None:
    # A limit on the size of files stands for the disk: both make writes fail halfway.
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"mine")
    words = ["render", "42", "--style", "classic", "--size", "600", "--finish", "grain"]
    done = run(FULL_DISK, *words, "-o", str(path), cwd=tmp_path)
    assert the_line(done) == f"Error: {path}: File too large"
    assert done.returncode == 1
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [(path.name, b"mine")]
    path.unlink()
    assert run(FULL_DISK, *words, "-o", str(path), cwd=tmp_path).returncode == 1
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that other users can reach, as those of pytest cannot be."""
    folder = Path(tempfile.mkdtemp(prefix="cppnart-test-"))
    folder.chmod(0o777)
    yield folder
    folder.chmod(0o777)
    shutil.rmtree(folder)


# Root may write anywhere, so the process gives that up, once all is imported.
AS_NOBODY = """
import os, sys
from cppnart.cli.main import main
assert main([*sys.argv[2:-2], "-q", "-o", sys.argv[1]]) == 0
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
sys.exit(main(sys.argv[2:]))
"""
SMALL = ("render", "42", "--style", "classic", "--size", "16")


@posix
def test_a_folder_that_cannot_be_written(shared_folder: Path, tmp_path: Path) -> None:
    shared_folder.chmod(0o555)
    path = shared_folder / "a.png"
    done = run(AS_NOBODY, str(tmp_path / "b.png"), *SMALL, "-o", str(path), cwd=tmp_path)
    assert the_line(done) == f"Error: {path}: Permission denied"
    assert done.returncode == 1
    assert list(shared_folder.iterdir()) == []


@posix
def test_a_file_that_is_write_protected(shared_folder: Path, tmp_path: Path) -> None:
    path = shared_folder / "a.png"
    path.write_bytes(b"mine")
    path.chmod(0o444)
    done = run(AS_NOBODY, str(tmp_path / "b.png"), *SMALL, "-o", str(path), cwd=tmp_path)
    assert the_line(done) == f"Error: {path}: this file is write-protected"
    assert done.returncode == 1
    assert path.read_bytes() == b"mine"


# --- Ctrl-C: exit code 130 ---


@posix
@pytest.mark.parametrize(("suffix", "threads"), [(".png", "2"), (".tif", "1"), (".webp", "2")])
def test_ctrl_c_in_the_middle_ends_promptly_and_leaves_nothing(
    suffix: str, threads: str, tmp_path: Path
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"mine")
    size, samples = ("16000", "4") if suffix == ".webp" else ("40000", "2")
    words = f"render 42 --style classic --exact --size {size} --samples {samples}"
    with subprocess.Popen(
        [sys.executable, "-m", "cppnart", *words.split(), "--threads", threads, "-o", str(path)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 60
        while len(list(tmp_path.iterdir())) < 2:
            assert time.monotonic() < deadline, "nothing is being written"
            assert process.poll() is None
            time.sleep(0.02)
        time.sleep(1)
        assert process.poll() is None
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    assert time.monotonic() - began < 10
    assert process.returncode == 130
    assert out == ""
    assert errors.splitlines()[-1] == "Interrupted."
    assert "Traceback" not in errors
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [(path.name, b"mine")]


# --- And when all is well ---


def test_an_existing_picture_is_replaced_by_a_whole_one(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"mine")
    assert main(["render", "42", *LOOK, "-o", str(path)]) == 0
    with Image.open(path) as image:
        assert image.size == (32, 32)
    assert list(tmp_path.iterdir()) == [path]
