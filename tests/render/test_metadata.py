import functools
import os
import struct
import tempfile
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cppnart.render.metadata import read_recipe
from cppnart.render.png import SIGNATURE, chunk
from cppnart.render.writers import open_picture

SUFFIXES = [".png", ".jpg", ".webp", ".avif", ".tif"]
LONG = '{"tiefe": "' + "Grüße € 😀 <&>\u2028\\n\\u0000 " * 10_000 + '"}\r\n\t'


def picture(folder: Path, suffix: str, recipe: str | None) -> Path:
    path = folder / ("a" + suffix)
    with open_picture(path, width=20, height=10, channels=3, recipe=recipe) as writer:
        writer.write(np.arange(600, dtype=np.uint8).reshape(10, 20, 3))
    return path


def read(content: bytes) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a")
        path.write_bytes(content)
        return read_recipe(path)


def refused(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        read(content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("recipe", ["{}", "", '{"a": "]]></cppnart:recipe>&amp;&#13;"}\r\n', LONG])
def test_a_recipe_is_read_as_it_was_written(tmp_path: Path, suffix: str, recipe: str) -> None:
    path = picture(tmp_path, suffix, recipe)
    assert read_recipe(path) == recipe
    with Image.open(path) as image:
        assert np.asarray(image.convert("RGB")).shape == (10, 20, 3)


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(deadline=None, max_examples=20)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")))
def test_any_text_is_read_as_it_was_written(suffix: str, recipe: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert read_recipe(picture(Path(folder), suffix, recipe)) == recipe


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_content_tells_the_format(tmp_path: Path, suffix: str) -> None:
    path = picture(tmp_path, suffix, "{}")
    assert read_recipe(path.rename(tmp_path / "renamed")) == "{}"


def test_pillow_finds_the_recipe_too(tmp_path: Path) -> None:
    with Image.open(picture(tmp_path, ".png", LONG)) as image:
        assert image.info["cppnart"] == LONG
    for suffix in (".jpg", ".webp", ".avif", ".tif"):
        with Image.open(picture(tmp_path, suffix, "{}")) as image:
            assert b"<cppnart:recipe>{}</cppnart:recipe>" in image.info["xmp"]


def test_big_tiff_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cppnart.render.tiff._BIG", 0)
    assert read_recipe(picture(tmp_path, ".tif", LONG)) == LONG


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_picture_without_a_recipe_is_told(tmp_path: Path, suffix: str) -> None:
    path = picture(tmp_path, suffix, None)
    with pytest.raises(ValueError, match=f"a{suffix} carries no cppnart recipe: give a picture"):
        read_recipe(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".avif", ".tif"])
def test_pictures_of_others_have_no_recipe(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / ("a" + suffix)
    Image.new("RGB", (10, 10)).save(path)
    with pytest.raises(ValueError, match="carries no cppnart recipe"):
        read_recipe(path)


@pytest.mark.parametrize("content", [b"", b"{}", b"GIF89a", b"\x93NUMPY", bytes(100)])
def test_other_files_are_told_apart(content: bytes) -> None:
    refused(content, r"expected a picture that cppnart made \(PNG, JPEG, WebP, AVIF or TIFF\)")


def test_a_missing_file_and_a_folder_are_errors_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing"):
        read_recipe(tmp_path / "nothing")
    with pytest.raises(OSError, match=tmp_path.name):
        read_recipe(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="not an ordinary file"):
        read_recipe(tmp_path / "pipe")


# Hostile files.


def png_text(data: bytes) -> bytes:
    return SIGNATURE + chunk(b"iTXt", b"cppnart\0" + data)


def test_a_changed_recipe_is_refused(tmp_path: Path) -> None:
    content = picture(tmp_path, ".png", '{"seed": 42}').read_bytes()
    refused(content.replace(b"42", b"43"), "the recipe is damaged")


def test_a_bomb_is_refused_in_little_memory() -> None:
    bomb = zlib.compress(bytes(200 << 20), 9)
    tracemalloc.start()
    refused(png_text(b"\1\0\0\0" + bomb), "cut short or too large")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150 << 20


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (SIGNATURE, "cut short"),
        (SIGNATURE + b"\xff\xff\xff\xffIDAT", "cut short"),
        (SIGNATURE + b"\xff\xff\xff\xffiTXtcppnart\0", "too large"),
        (SIGNATURE + b"\x00\xff\xff\xffiTXtcppnart\0", "cut short"),
        (SIGNATURE + b"\0\0\0\0abcd" * 3, "cut short"),
        (png_text(b""), "damaged"),
        (png_text(b"\0\0"), "damaged"),
        (png_text(b"\2\0\0\0text"), "damaged"),
        (png_text(b"\0\0\0\0\xff"), "utf-8"),
        (png_text(b"\1\0\0\0text"), "incorrect header"),
        (png_text(b"\1\0\0\0" + zlib.compress(b"text")[:-5]), "cut short"),
        (b"\xff\xd8\xff\xe1\xff\xff", "cut short"),
        (b"\xff\xd8\xff\xe1\0\0", "damaged"),
        (b"\xff\xd8\xff\xe1\0\2abcd", "damaged"),
        (b"RIFF\0\0\0\0WEBPXMP \xff\xff\xff\xff", "too large"),
        (b"RIFF\0\0\0\0WEBPXMP \xff\xff\xff\0", "cut short"),
        (b"RIFF\0\0\0\0WEBPXMP \x10\0\0\0<cppnart:recipe>", "cut short"),
        (b"II*\0" + b"\xff" * 4, "cut short"),
        (b"II*\0\x08\0\0\0\xff\xff", "cut short"),
        (b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 700, 1, 2**32 - 1, 0), "too large"),
        (b"II+\0\x08\0\0\0" + b"\xff" * 8, "cut short"),
        (b"MM\0+\0\x08\0\0" + struct.pack(">QQ", 16, 2**64 - 1), "cut short"),
        (b"\0\0\0\x20ftypavif" + bytes(20) + b"<cppnart:recipe>{}", "cut short"),
    ],
)
def test_hostile_files_are_refused(content: bytes, message: str) -> None:
    refused(content, message)


def test_endless_small_parts_end() -> None:
    refused(SIGNATURE + chunk(b"abcd", b"") * 1_000_001, "too many chunks")


@functools.cache
def samples() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        return {
            f"{suffix} {name}": picture(Path(folder), suffix, recipe).read_bytes()
            for suffix in SUFFIXES
            for name, recipe in (("short", '{"seed": 42}'), ("long", LONG[:100_000]))
        }


def survives(content: bytes) -> None:
    message = ""
    try:
        assert isinstance(read(content), str)
    except ValueError as error:
        message = str(error)
    assert "\n" not in message


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_mutated_pictures_are_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(samples()[data.draw(st.sampled_from(sorted(samples())))])
    for _ in range(data.draw(st.integers(0, 5))):
        # Where the structure is: near the start, or near the end.
        place = data.draw(st.integers(-400, 400))
        patch = data.draw(st.binary(max_size=8))
        content[place : place + len(patch)] = patch
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content)))]
    survives(bytes(content))


MAGIC = [SIGNATURE, b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"II*\0", b"MM\0+", b"\0\0\0 ftypavif"]


@settings(deadline=None, max_examples=200)
@given(st.sampled_from([b"", *MAGIC]), st.binary())
def test_random_bytes_are_refused(magic: bytes, content: bytes) -> None:
    survives(magic + content)


def test_a_long_recipe_does_not_keep_other_readers_from_the_picture(tmp_path: Path) -> None:
    recipe = "x" * (3 << 20)
    with open_picture(tmp_path / "a.png", width=2, height=2, channels=3, recipe=recipe) as picture:
        picture.write(np.zeros((2, 2, 3), np.uint8))
    assert read_recipe(tmp_path / "a.png") == recipe
    with Image.open(tmp_path / "a.png", formats=["PNG"]) as opened:
        opened.load()
        assert opened.size == (2, 2)
