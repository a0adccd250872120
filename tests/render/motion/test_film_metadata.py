"""Recipes in films: as they were written, found by other readers, and never trusted."""

import io
import os
import re
import struct
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cppnart.render import xmp
from cppnart.render.motion.film_metadata import add_recipe, read_film_recipe
from cppnart.render.motion.films import open_film

SUFFIXES = [".mp4", ".mov", ".webm", ".gif", ".webp", ".apng"]
AWKWARD = '{"a": "=;#\\\\ \\n \\"<&>]]></cppnart:recipe>&#13; Grüße € 😀\u2028"}\r\n\t;FFMETADATA1'
LONG = '{"tiefe": "' + "Grüße € 😀 <&>\u2028\\n\\u0000 =;#" * 20_000 + '"}'


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A film of three frames without a recipe in each format."""
    made = {}
    for suffix in SUFFIXES:
        path = tmp_path_factory.mktemp("films") / f"a{suffix}"
        with open_film(path, width=32, height=24, fps=10, frames=3) as film:
            for number in range(3):
                film.write(np.full((24, 32, 3), 80 * number, np.uint8))
        made[suffix] = path.read_bytes()
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "film"


def with_recipe(path: Path, film: bytes, recipe: str) -> bytes:
    path.write_bytes(film)
    add_recipe(path, recipe)
    return path.read_bytes()


def frames_in(path: Path, suffix: str) -> int:
    if suffix in (".mp4", ".mov", ".webm"):
        with av.open(os.fspath(path)) as container:
            return sum(1 for _ in container.decode(video=0))
    with Image.open(path, formats=["GIF", "WEBP", "PNG"]) as image:
        count = int(image.n_frames)  # type: ignore[attr-defined]
        for number in range(count):
            image.seek(number)
            image.load()
        return count


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("recipe", ["{}", "", AWKWARD, LONG], ids=["{}", "none", "awkward", "long"])
def test_a_recipe_is_read_as_it_was_written(
    tmp_path: Path, films: dict[str, bytes], suffix: str, recipe: str
) -> None:
    path = tmp_path / f"a{suffix}"
    with_recipe(path, films[suffix], recipe)
    assert read_film_recipe(path) == recipe
    assert frames_in(path, suffix) == 3


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_any_text_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, films: dict[str, bytes], suffix: str
) -> None:
    path = tmp_path_factory.mktemp("film") / "a"
    usual = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")

    @settings(max_examples=40)
    @given(st.text(usual))
    def check(recipe: str) -> None:
        with_recipe(path, films[suffix], recipe)
        assert read_film_recipe(path) == recipe

    check()


@pytest.mark.parametrize("suffix", [*SUFFIXES, "/"])
def test_a_film_is_written_with_its_recipe(tmp_path: Path, suffix: str) -> None:
    path = os.path.join(tmp_path, f"a{suffix}")
    with open_film(path, width=32, height=24, fps=10, frames=1, recipe=AWKWARD) as film:
        film.write(np.zeros((24, 32, 3), np.uint8))
    assert read_film_recipe(path) == AWKWARD


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_film_without_a_recipe_has_none(path: Path, films: dict[str, bytes], suffix: str) -> None:
    path.write_bytes(films[suffix])
    assert read_film_recipe(path) is None


def test_other_readers_find_the_recipe(tmp_path: Path, films: dict[str, bytes]) -> None:
    for suffix in (".mp4", ".mov"):
        path = tmp_path / f"a{suffix}"
        with_recipe(path, films[suffix], AWKWARD)
        with av.open(os.fspath(path), options={"export_xmp": "1"}) as container:
            assert xmp.recipe_in(container.metadata["xmp"].encode()) == AWKWARD
    image = Image.open(io.BytesIO(with_recipe(tmp_path / "b", films[".webp"], AWKWARD)))
    assert xmp.recipe_in(image.info["xmp"]) == AWKWARD
    image = Image.open(io.BytesIO(with_recipe(tmp_path / "b", films[".apng"], AWKWARD)))
    image.seek(2)
    image.load()
    assert image.text["cppnart"] == AWKWARD  # type: ignore[attr-defined]
    comments = gif_comments(with_recipe(tmp_path / "b", films[".gif"], AWKWARD))
    assert comments == [b"cppnart:" + AWKWARD.encode()]


def gif_comments(data: bytes) -> list[bytes]:
    """The comments of a GIF, found by walking through all of its blocks."""

    def pieces(place: int) -> tuple[bytes, int]:
        joined = b""
        while size := data[place]:
            joined += data[place + 1 : place + 1 + size]
            place += 1 + size
        return joined, place + 1

    def colours(flags: int) -> int:
        return 3 << ((flags & 7) + 1) if flags & 0x80 else 0

    comments, place = [], 13 + colours(data[10])
    while data[place] != 0x3B:
        if data[place] == 0x21:
            joined, end = pieces(place + 2)
            comments += [joined] if data[place + 1] == 0xFE else []
        else:
            assert data[place] == 0x2C
            _, end = pieces(place + 11 + colours(data[place + 9]))
        place = end
    assert place == len(data) - 1
    return comments


def test_the_last_word_of_a_webm_is_well_formed(path: Path, films: dict[str, bytes]) -> None:
    data = with_recipe(path, films[".webm"], "{}")
    place = data.index(bytes.fromhex("18538067")) + 4
    assert data[place] == 1  # a length in eight bytes
    length = int.from_bytes(data[place + 1 : place + 8], "big")
    assert place + 8 + length == len(data)
    assert data.endswith(b"CPPNART" + bytes.fromhex("4487 0100000000000002") + b"{}")


def test_a_folder_without_a_recipe_has_none(tmp_path: Path) -> None:
    assert read_film_recipe(tmp_path) is None
    (tmp_path / "film.json").write_bytes(b"\xff{}")
    with pytest.raises(ValueError, match="codec can't decode"):
        read_film_recipe(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_what_is_not_an_ordinary_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "film.json")
    for path in (tmp_path, tmp_path / "film.json"):
        with pytest.raises(ValueError, match="not an ordinary file"):
            read_film_recipe(path)
    with pytest.raises(FileNotFoundError):
        read_film_recipe(tmp_path / "none.mp4")


def survives(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    message = str(path)
    try:
        read_film_recipe(path)
    except ValueError as error:
        message = str(error)
    assert len(message.splitlines()) == 1
    assert str(path) in message


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_damaged_films_are_one_line_at_most(
    path: Path, films: dict[str, bytes], suffix: str
) -> None:
    data = with_recipe(path, films[suffix], "{}" * 200)
    for end in (*range(0, 200, 3), *range(200, len(data), max(len(data) // 60, 1)), len(data) - 1):
        survives(path, data[:end])
    random = np.random.default_rng(1)
    for _ in range(200):
        broken = bytearray(data)
        # Where the structure is: at both ends.
        for place in random.integers(0, 400, 3):
            broken[place - 200] = random.integers(256)
        survives(path, bytes(broken))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a film that cppnart made"),
        (b"\x89PN", "expected a film"),
        (b"text" * 100, "expected a film"),
        (struct.pack(">I4s", 4, b"ftyp"), "damaged"),
        (struct.pack(">I4sI", 12, b"ftyp", 0) + struct.pack(">I4s", 0, b"uuid"), "cut short"),
        (struct.pack(">I4s", 1, b"ftyp") + b"\0" * 8, "damaged"),
        (struct.pack(">I4s", 8, b"ftyp") * 1_000_001, "too many boxes"),
        (bytes.fromhex("1a45dfa3 80 00"), "damaged"),
        (bytes.fromhex("1a45dfa3 80 18538067"), "damaged"),
        (bytes.fromhex("1a45dfa3 80 18538067 88 1254c367 85 00"), "cut short"),
        (b"GIF89a" + b"\x21\xfe\x08cppnart:\x05x", "cut short"),
    ],
    ids=range(11),
)
def test_hostile_films_are_refused(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))}: .*{message}"):
        read_film_recipe(path)


def test_large_claims_are_not_believed(path: Path) -> None:
    """Lengths of hundreds of megabytes that are really there, but hold no recipe of that size."""
    box = struct.pack(">I4s", 8, b"ftyp") + struct.pack(">I4s", (200 << 20) + 24, b"uuid")
    path.write_bytes(box + bytes.fromhex("be7acfcb97a942e89c71999491e3afac"))
    os.truncate(path, 8 + 24 + (200 << 20))
    with pytest.raises(ValueError, match="metadata is too large"):
        read_film_recipe(path)


def test_only_films_take_a_recipe(path: Path) -> None:
    for content in (b"", b"RIFF" + b"\0" * 40, b"text" * 20, b"GIF89a\0", b"\x89PNG\r\n\x1a\n" * 9):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="film"):
            add_recipe(path, "{}")
