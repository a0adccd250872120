"""`cppnart fit audio` and `cppnart sample` as a person runs them."""

import json
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cppnart.cli.main import main

from .mistakes import Capture, fails


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def record(name: str, loud: float = 0.5, channels: int = 1) -> None:
    t = np.arange(4000)[:, None] / 8000
    waves = loud * np.sin(2 * np.pi * 300 * t * (1 + np.arange(channels)))
    with wave.open(name, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(np.rint(waves * 32767).astype("<i2").tobytes())


def test_a_sound_becomes_a_field_that_plays(folder: Path, capsys: Capture) -> None:
    record("clip.wav", channels=2)
    words = "fit audio clip.wav --steps 200 --until-snr 15 --spectrogram clip.png --json"
    assert main(words.split()) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["path"] == "clip.safetensors"
    assert facts["scores"]["snr"] >= 15
    with Image.open("clip.png", formats=["PNG"]) as picture:
        assert picture.mode == "RGB"

    assert main(["info", "clip.safetensors", "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert about["kind"] == "field of a sound"
    assert (about["seconds"], about["rate"]) == (0.5, 8000)
    assert about["channels"] == ["left", "right"]

    before = Path("clip.wav").read_bytes()
    words = "sample clip.safetensors --rate 16000 --speed 0.5 --quiet"
    assert main(words.split()) == 0
    assert Path("clip.wav").read_bytes() == before
    with wave.open("clip-sampled.wav") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 2, 2)
        assert file.getnframes() == 16_000

    capsys.readouterr()
    words = "render clip.safetensors -o picture.png"
    fails(words.split(), 2, "the field of a sound, which 'cppnart sample' plays", capsys)


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        ("fit audio none.wav", 1, "none.wav: No such file"),
        ("fit audio text.wav", 2, "text.wav is not a sound that can be read"),
        ("fit audio silence.wav", 2, "the sound is silent: there is nothing to fit"),
        ("fit audio clip.wav --method magic", 2, "method 'magic'"),
        ("fit audio clip.wav --spectrogram clip.doc", 2, "clip.doc: expected a name that ends in"),
        ("sample none.safetensors", 1, "none.safetensors: No such file"),
        ("sample clip.wav", 2, "clip.wav: not a .safetensors file"),
    ],
)
def test_mistakes_are_one_line(
    words: str, code: int, named: str, folder: Path, capsys: Capture
) -> None:
    record("clip.wav")
    record("silence.wav", 0.0)
    Path("text.wav").write_text("not a sound")
    fails(words.split(), code, named, capsys)
    assert sorted(p.name for p in folder.iterdir()) == ["clip.wav", "silence.wav", "text.wav"]


def test_the_field_of_a_picture_is_no_sound(capsys: Capture) -> None:
    Image.new("RGB", (4, 4), "teal").save("photo.png")
    assert main(["fit", "image", "photo.png", "--steps", "2", "--quiet"]) == 0
    named = "photo.safetensors: the field of 'image', not of a sound"
    fails(["sample", "photo.safetensors"], 2, named, capsys)
