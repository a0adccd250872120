"""What nobody should pass: refused in one line, with nothing written and nothing lost."""

import errno
import math
import struct
import threading
import time
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cppnart
from cppnart.render import blocks
from cppnart.render.api import info, render, sheet
from cppnart.render.writers import open_picture

LOOK: dict[str, Any] = {"style": "classic", "size": 32}


def refused(work: Callable[[], object], message: str, kind: type[Exception] = ValueError) -> None:
    """The work raises an error of this kind, in one line with these words, and soon."""
    began = time.perf_counter()
    with pytest.raises(kind, match=message) as caught:
        work()
    assert len(str(caught.value).splitlines()) == 1
    assert time.perf_counter() - began < 5


# --- Parameters ---


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seed": ""}, "seed ''"),
        ({"seed": "  \n"}, "seed ''"),
        ({"seed": "x" * 257}, "seed 'xxx"),
        ({"seed": "\ud800"}, "seed|surrogate"),
        ({"style": "marbel"}, "unknown style 'marbel'.*did you mean 'marble'"),
        ({"style": ""}, "unknown style ''"),
        ({"palette": "dsuk"}, "unknown palette 'dsuk'.*did you mean dusk"),
        ({"palette": ""}, "unknown palette"),
        ({"palette": []}, "palette"),
        ({"palette": ["#12345", "#000"]}, "#12345"),
        ({"palette": "#102030"}, "one colour"),
        ({"color": "rbg"}, "unknown color mode 'rbg'"),
        ({"color": ""}, "unknown color mode ''"),
        ({"finish": "releif"}, "unknown finish 'releif'.*did you mean 'relief'"),
        ({"finish": ""}, "unknown finish ''"),
        ({"finish": "relief:x"}, "strength 'x'"),
        ({"finish": "relief:nan"}, "strength 'nan'"),
        ({"finish": "+".join(["ink"] * 50)}, "at most"),
        ({"size": 0}, "size '0': each side must be at least 1 pixel"),
        ({"size": -4}, "size '-4'"),
        ({"size": "0x10"}, "size '0x10'"),
        ({"size": ""}, "size ''"),
        ({"size": "A3"}, "add a resolution"),
        ({"size": "9" * 40}, "size '999"),
        ({"size": "10000000x10000000"}, "10000000x10000000 takes 300 TB"),
        ({"size": "100000000x1"}, "takes 300 MB; the limit is .* a row"),
        ({"size": math.nan}, "size 'nan'"),
        ({"zoom": 0}, "zoom 0: expected"),
        ({"zoom": math.nan}, "zoom nan"),
        ({"zoom": math.inf}, "zoom inf"),
        ({"zoom": "2"}, "zoom '2': expected float, got str"),
        ({"center": (0.0,)}, "center .* expected array of length 2"),
        ({"center": (math.inf, 0.0)}, "center"),
        ({"center": (0.0, 1e9)}, "center"),
        ({"rotate": math.inf}, "rotate inf"),
        ({"region": (0, 0, 33, 1)}, "region 0,0,33,1: expected a part .* which is 32x32"),
        ({"region": (-1, 0, 3, 1)}, "region -1,0,3,1"),
        ({"region": (0, 0, 0, 1)}, "region 0,0,0,1"),
        ({"region": (0, 0, 1.5, 1)}, "region.* expected int, got float"),
        ({"region": (0, 0, 1)}, "region .* expected array of length 4"),
        ({"region": (2**60, 0, 1, 1)}, "region"),
        ({"samples": 0}, "samples 0: expected 1 to 64"),
        ({"samples": 65}, "samples 65"),
        ({"samples": 2.5}, "samples 2.5: expected int"),
        ({"bits": 7}, "bits 7: expected 8 or 16"),
        ({"bits": 0}, "bits 0"),
        ({"dpi": 0}, "dpi 0: expected"),
        ({"dpi": math.nan}, "dpi nan"),
        ({"time": math.nan}, "time nan"),
        ({"time": -math.inf}, "time -inf"),
        ({"latent": [1.0, 2.0]}, r"latent of shape \(2,\): style 'classic' takes 8 numbers"),
        ({"latent": []}, r"latent of shape \(0,\)"),
        ({"latent": [math.nan] * 8}, "latent: expected finite numbers"),
        ({"latent": ["a"] * 8}, "could not convert"),
        ({"scale": math.nan}, "scale is nan"),
        ({"scale": 0}, "scale is 0"),
        ({"depth": 0}, "depth is 0: expected a whole number from 1"),
        ({"depth": 10**6}, "depth is 1000000"),
        ({"depth": 10**30}, "depth"),
        ({"depth": 2.0}, "depth 2.0: expected int"),
        ({"width": -3}, "width is -3"),
        ({"width": 10**8}, "width is 100000000"),
        ({"symmetry": 3}, "style 'classic' has no option symmetry"),
        ({"activation": "relux"}, "unknown activation 'relux'"),
        ({"transparent": True}, "transparent: this field covers"),
        ({"threads": 0}, "threads 0: expected 1"),
        ({"threads": -1}, "threads -1"),
        ({"device": "nonsense"}, "device 'nonsense': torch cannot use it here"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_values_are_named_and_nothing_is_written(
    wrong: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    refused(lambda: render(**{"seed": 42, **LOOK, **wrong}), message)
    refused(lambda: render(**{"seed": 42, **LOOK, **wrong, "output": path}), message)
    assert list(tmp_path.iterdir()) == []
    path.write_bytes(b"mine")
    refused(lambda: render(**{"seed": 42, **LOOK, **wrong, "output": path}), message)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.png", b"mine")]


def test_nothing_to_render_is_said() -> None:
    refused(lambda: render(size=16), "nothing to render: give a seed")
    refused(lambda: render(style="classic"), "nothing to render")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.txt", "expected a name that ends in one of .png"),
        ("a", "expected a name that ends in one of"),
        ("a.PNG.exe", "expected a name that ends in one of"),
    ],
)
def test_formats_are_told_by_the_suffix(name: str, message: str, tmp_path: Path) -> None:
    refused(lambda: render(42, output=tmp_path / name, **LOOK), message)
    refused(lambda: sheet(seeds="0:1", output=tmp_path / name), message)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "look", "message"),
    [
        ("a.png", {"bits": 32}, "PNG holds 8 or 16 bits a channel, not 32"),
        ("a.jpg", {"bits": 16}, "JPEG holds 8 bits"),
        ("a.jpg", {"style": "emblem", "transparent": True}, "JPEG holds 1 or 3 channels, not 4"),
        ("a.webp", {"size": 20000}, "20000x20000 takes 1.2 GB; WebP allows 16383"),
        ("a.npy", {"size": 10_000_000}, "takes 300 TB"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(
    name: str, look: dict[str, Any], message: str, tmp_path: Path
) -> None:
    refused(lambda: render(42, output=tmp_path / name, **{**LOOK, **look}), message)
    assert list(tmp_path.iterdir()) == []


def test_arrays_larger_than_memory_are_refused() -> None:
    refused(lambda: render(42, size=200_000), "200000x200000 takes 120 GB")
    part = render(42, style="classic", size=200_000, region=(0, 0, 5, 3), samples=1)
    assert isinstance(part, np.ndarray)
    assert part.shape == (3, 5, 3)


# --- Sources ---


def test_missing_sources_and_folders_are_errors_of_the_system(tmp_path: Path) -> None:
    for name in ("nowhere.png", "nowhere/a.tif", "nowhere.safetensors"):
        refused(partial(render, tmp_path / name), "nowhere", FileNotFoundError)
    refused(lambda: render(tmp_path), "Is a directory", OSError)
    refused(lambda: info(tmp_path), "Is a directory", OSError)
    refused(lambda: render("nowhere.png"), "nowhere.png", FileNotFoundError)
    folder = tmp_path / "nowhere"
    refused(lambda: render(42, output=folder / "a.png", **LOOK), "folder does not exist", OSError)
    assert list(tmp_path.iterdir()) == []


def chunk(kind: bytes, data: bytes) -> bytes:
    crc = zlib.crc32(data, zlib.crc32(kind))
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def png(recipe: str | bytes) -> bytes:
    """A PNG of one pixel that carries this text as its recipe."""
    text = recipe.encode() if isinstance(recipe, str) else recipe
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
        + chunk(b"iTXt", b"cppnart\0\0\0\0\0" + text)
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
    )


V = f'"cppnart": "{cppnart.__version__}"'


def test_a_picture_made_by_hand_is_as_good_as_ours(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(f'{{{V}, "seed": "42", "style": "classic", "size": "8"}}'))
    image = render(path)
    assert isinstance(image, np.ndarray)
    assert np.array_equal(image, np.asarray(render(seed=42, style="classic", size=8)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a picture that cppnart made"),
        (b"\x89PNG\r\n\x1a\n", "cut short"),
        (bytes(range(256)) * 40, "expected a picture that cppnart made"),
        (png("{}"), "not a cppnart recipe"),
        (png("[" * 300_000), "not a cppnart recipe"),
        (png('{"a":' * 300_000), "not a cppnart recipe"),
        (png(f'{{{V}, "palette": {{"stops": {"[" * 300_000}'), "recipe"),
        (png(f'{{{V}, "seed": 42}}'), "Expected `str"),
        (png(f'{{{V}, "seed": ["42"]}}'), "Expected `str"),
        (png(f'{{{V}, "seed": "42", "zoom": NaN}}'), "malformed"),
        (png(f'{{{V}, "seed": "42", "zoom": 1e400}}'), "out of range"),
        (png(f'{{{V}, "seed": "42", "latent": [{"0," * 2_000_000}0]}}'), "length <= 4096"),
        (png(f'{{{V}, "seed": "42", "latent": [0, 0]}}'), r"latent of shape \(2,\)"),
        (png(f'{{{V}, "seed": "42", "depth": 1000000}}'), "depth is 1000000"),
        (png(f'{{{V}, "seed": "42", "samples": 1000000}}'), "samples 1000000"),
        (png(f'{{{V}, "seed": "42", "size": "10000000"}}'), "takes 300 TB"),
        (png(f'{{{V}, "seed": "42", "eval": "1"}}'), "unknown field `eval`"),
        (png(f'{{{V}, "field": "{"A" * 1_000_000}"}}'), "not a .safetensors file"),
        (png('{"cppnart": "99.0.0", "seed": "42"}'), "of cppnart '99.0.0'.* install cppnart 99"),
        (png(b'{"cppnart": "\xff"}'), "utf-8"),
        (png(" " * (17 << 20)), "too large|at most"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_hostile_pictures_are_refused_in_one_line(
    content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    refused(lambda: render(path, output=tmp_path / "b.png"), message)
    refused(lambda: render(path), message)
    assert list(tmp_path.iterdir()) == [path]


def test_pictures_cut_short_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    render(42, output=path, **LOOK)
    content = path.read_bytes()
    for length in range(0, content.index(b"IDAT") - 4, 13):
        path.write_bytes(content[:length])
        refused(lambda: info(path), "cut short|expected a picture|carries no cppnart recipe")


# --- Failures on the way ---


def trouble(kind: BaseException) -> Callable[[int, int], None]:
    """A progress function that raises when part of the picture is done."""

    def progress(done: int, total: int) -> None:
        if 0.2 * total < done < total:
            raise kind

    return progress


FULL_DISK = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".npy"])
@pytest.mark.parametrize("kind", [FULL_DISK, KeyboardInterrupt(), MemoryError()])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_failure_on_the_way_leaves_what_was_there(
    suffix: str, kind: BaseException, threads: int, tmp_path: Path
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"mine")
    look: dict[str, Any] = {"style": "classic", "size": "64x640", "threads": threads}
    with pytest.raises(type(kind)):
        render(42, output=path, progress=trouble(kind), **look)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [(path.name, b"mine")]
    path.unlink()
    with pytest.raises(type(kind)):
        render(42, output=path, progress=trouble(kind), **look)
    assert list(tmp_path.iterdir()) == []
    assert [t.name for t in threading.enumerate() if t.name.startswith("render")] == []


def test_a_failure_in_a_thread_is_that_of_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = blocks.render_band

    def failing(*args: Any) -> Any:
        if args[-1] == 3:
            raise MemoryError("not enough memory for band 3")
        return original(*args)

    monkeypatch.setattr(blocks, "render_band", failing)
    for threads in (1, 2):
        with pytest.raises(MemoryError, match="band 3"):
            render(42, output=tmp_path / "a.png", style="classic", size="64x640", threads=threads)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_was_not_finished_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with (
        pytest.raises(ValueError, match="only 3 of the picture's 8 rows"),
        open_picture(path, width=4, height=8, channels=3) as writer,
    ):
        writer.write(np.zeros((3, 4, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []
