"""`cppnart walk` as a person runs it: films that other readers open, and mistakes in one line."""

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from cppnart.cli.main import main

from .mistakes import Capture, fails

SMALL = ["--style", "classic", "--size", "64x48", "--samples", "1", "--fps", "10", "--quiet"]


def frames_in(path: Path) -> list[np.ndarray]:
    with av.open(os.fspath(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_a_film_of_one_seed_loops(tmp_path: Path) -> None:
    out = tmp_path / "loop.mp4"
    assert main(["walk", "--seed", "42", *SMALL, "--duration", "1.2", "-o", str(out)]) == 0
    frames = frames_in(out)
    assert len(frames) == 12
    assert frames[0].shape == (48, 64, 3)
    steps = [np.abs(a.astype(float) - b).mean() for a, b in pairwise(frames)]
    closing = np.abs(frames[-1].astype(float) - frames[0]).mean()
    assert closing <= 1.5 * max(steps)


def test_a_walk_between_seeds_and_pictures_and_its_report(tmp_path: Path, capsys: Capture) -> None:
    picture = tmp_path / "seven.png"
    assert main(["render", "7", "--style", "tile", "--size", "64x48", "-o", str(picture)]) == 0
    capsys.readouterr()
    out = tmp_path / "walk.webm"
    words = ["walk", "42", str(picture), "--size", "64x48", "--fps", "8", "--duration", "1"]
    assert main([*words, "--json", "-o", str(out)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["path"] == str(out)
    assert (report["width"], report["height"], report["frames"], report["fps"]) == (64, 48, 8, 8)
    frames = frames_in(out)
    assert len(frames) == 8
    with Image.open(picture, formats=["PNG"]) as opened:
        last = np.asarray(opened.convert("RGB"))
    assert np.abs(frames[-1].astype(float) - last).mean() < 12


def test_a_film_is_made_again_larger_from_itself(tmp_path: Path) -> None:
    first, second = tmp_path / "small.mp4", tmp_path / "large.mp4"
    seeds = ["--seeds", "1,2", "--style", "classic", "--duration", "1"]
    assert main(["walk", *seeds, *SMALL[2:], "-o", str(first)]) == 0
    assert main(["walk", str(first), "--size", "128x96", "--quiet", "-o", str(second)]) == 0
    small, large = frames_in(first), frames_in(second)
    assert len(small) == len(large) == 10
    assert large[0].shape == (96, 128, 3)
    for a, b in zip(small, large, strict=True):
        halved = b.reshape(48, 2, 64, 2, 3).astype(float).mean((1, 3))
        assert np.abs(halved - a).mean() < 8


def test_what_a_film_is_and_what_it_shows(tmp_path: Path, capsys: Capture) -> None:
    film = tmp_path / "film.mp4"
    assert main(["walk", "--seed", "42", *SMALL, "--duration", "1", "-o", str(film)]) == 0
    assert main(["info", str(film), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["kind"] == "film"
    assert (facts["frames"], facts["fps"], facts["seconds"]) == (10, 10, 1)
    picture = tmp_path / "first.png"
    assert main(["render", str(film), "--quiet", "-o", str(picture)]) == 0
    with Image.open(picture, formats=["PNG"]) as opened:
        assert opened.size == (64, 48)


def test_frames_go_on_where_they_were_interrupted(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    words = ["walk", "--seed", "42", *SMALL, "--duration", "1", "-o", f"{folder}{os.sep}"]
    assert main(words) == 0
    made = sorted(folder.glob("*.png"))
    assert len(made) == 10
    times = {path: path.stat().st_mtime_ns for path in made}
    before = made[4].read_bytes()
    made[4].unlink()
    assert main(words) == 0
    assert made[4].read_bytes() == before
    assert all(p.stat().st_mtime_ns == t for p, t in times.items() if p != made[4])
    # frames of another film are not mixed into these
    assert main([*words, "--scale", "2"]) == 2
    assert main([*words, "--scale", "2", "--overwrite"]) == 0
    assert made[4].read_bytes() != before


@pytest.mark.parametrize("keep", [True, False])
def test_ctrl_c_leaves_a_shorter_film_or_nothing(tmp_path: Path, keep: bool) -> None:
    out = tmp_path / "film.mp4"
    words = ["walk", "--seed", "42", "--size", "320x240", "--duration", "600", "-o", str(out)]
    process = subprocess.Popen(
        [sys.executable, "-m", "cppnart", *words, *["--keep-partial"] * keep],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not any(p.stat().st_size > 20_000 for p in tmp_path.iterdir()):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip().splitlines()[-1] == "Interrupted."
    assert [p.name for p in tmp_path.iterdir()] == ["film.mp4"] * keep
    if keep:
        assert 1 <= len(frames_in(out)) < 18000


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("", "nothing to walk"),
        ("--seeds 42", "a walk goes between two or more"),
        ("--seeds 42,", "seed ''"),
        ("--from 42 --steps 1", "steps 1: expected 2 to 1000"),
        ("1 2 --steps 3", "steps 3: expected one picture"),
        ("1 2 --seeds 3,4", "either seeds or pictures"),
        ("--seed 42 --fps 0", "fps 0: expected 1 to 240"),
        ("--seed 42 --fps nan", "fps nan"),
        ("--seed 42 --duration 0", "duration 0: expected"),
        ("--seed 42 --duration -3", "duration -3"),
        ("--seed 42 --duration nan", "duration nan"),
        ("--seed 42 --duration 604800", "18144000 frames"),
        ("--seed 42 --size 63x48", "63x48"),
        ("--seed 42 --zoom 0:2", "zoom 0"),
        ("--seed 42 --zoom fast", "zoom 'fast': expected 1:200 or 2"),
        ("--seed 42 --pan 1", "pan '1': expected X,Y"),
        ("--seed 42 --rotate 1:2:3", "rotate '1:2:3'"),
        ("--seed 42 --path zigzag", "path 'zigzag'"),
        ("--seed 42 --ease bounce", "ease 'bounce'"),
        ("--seed 42 --style marble --turns 0.5 --loop", "turns 0.5"),
        ("--seeds 1,2 --breathe 1", "breathe"),
        ("--seeds 1,2 --style neat --path sphere", "can only cross-fade"),
        ("--seed 42 --transparent", "transparent"),
        ("--seed 42 --style unknown", "unknown style"),
        ("--seed 42 --crf 900", "crf 900"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(
    words: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    look = [] if "--style" in words else ["--style", "classic"]
    fails(["walk", *words.split(), *look, "-o", "film.mp4"], 2, named, capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "named"),
    [("film.avi", "film.avi: expected a name that ends in"), ("none/film.mp4", "does not exist")],
)
def test_files_that_cannot_be_written(
    name: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    code = 2 if name.endswith(".avi") else 1
    fails(["walk", "--seed", "42", "--style", "classic", "-o", name], code, named, capsys)
    assert list(tmp_path.iterdir()) == []


def test_a_sound_that_is_none_and_a_film_without_a_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("song.wav").write_bytes(b"not a sound at all" * 100)
    words = ["walk", "--seed", "42", "--style", "classic", "--audio", "song.wav"]
    fails([*words, "-o", "film.mp4"], 2, "song.wav", capsys)
    Path("film.mp4").write_bytes(os.urandom(4000))
    fails(["walk", "film.mp4", "-o", "again.mp4"], 2, "film.mp4", capsys)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["film.mp4", "song.wav"]
