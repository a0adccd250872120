import errno
import io
import itertools
import os
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import imageio_ffmpeg
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, features

from cppnart.render import deflate, png, tiff
from cppnart.render.formats import FORMATS, PictureFile, Rows
from cppnart.render.png import PngEncoder
from cppnart.render.writers import open_picture

SUFFIXES = [".png", ".jpg", ".webp", ".avif", ".tif", ".npy"]
DTYPES: dict[int, Any] = {8: np.uint8, 16: np.uint16, 32: np.float32}


def smooth(height: int, width: int, channels: int, bits: int = 8) -> Rows:
    """A picture of soft waves and a little noise."""
    y, x, c = np.ogrid[:height, :width, :channels]
    waves = 0.5 + 0.4 * np.sin(x / 17 + c) * np.cos(y / 23 - c)
    waves += np.random.default_rng(1).uniform(-0.01, 0.01, waves.shape)
    return (waves * {8: 255, 16: 65535, 32: 1}[bits]).astype(DTYPES[bits])


def save(path: Path, pixels: Rows, pieces: Sequence[int] = (), **options: Any) -> Path:
    """Writes `pixels` in pieces of the given heights, then the rest."""
    height, width, channels = pixels.shape
    bits = 8 * pixels.dtype.itemsize
    with open_picture(
        path, width=width, height=height, channels=channels, bits=bits, **options
    ) as picture:
        top = 0
        for piece in (*pieces, height):
            picture.write(pixels[top : top + piece].copy())
            top = min(top + piece, height)
    return path


def with_pillow(path: Path) -> Rows:
    with Image.open(path) as image:
        image.load()
        return np.asarray(image).reshape(image.height, image.width, -1)


def with_tifffile(path: Path) -> Rows:
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        return np.asarray(page.asarray()).reshape(page.imagelength, page.imagewidth, -1)


def with_ffmpeg(path: Path, shape: tuple[int, ...]) -> Rows:
    """For 16-bit PNG, of which Pillow keeps 8."""
    layout = {1: "gray16le", 2: "ya16le", 3: "rgb48le", 4: "rgba64le"}[shape[-1]]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path)]
    command += ["-f", "rawvideo", "-pix_fmt", layout, "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(raw, "<u2").reshape(shape)


def png_stream(path: Path) -> bytes:
    """The filtered rows in a PNG, every checksum verified, which decoders may leave out."""
    content, place, data = path.read_bytes(), 8, b""
    while place < len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        checked = content[place + 4 : place + 8 + length]
        assert zlib.crc32(checked) == struct.unpack_from(">I", content, place + 8 + length)[0]
        data += checked[4:] if kind == b"IDAT" else b""
        place += 12 + length
    assert content.endswith(b"IEND\xaeB`\x82")
    return zlib.decompress(data)


shapes = st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(1, 4))
pieces = st.lists(st.integers(0, 20), max_size=8)


# The pixels arrive.


@settings(deadline=None, max_examples=60)
@given(shapes, pieces, st.booleans(), st.integers(1, 500), st.integers(0, 2**32))
def test_png_decodes_to_the_pixels_written(
    shape: tuple[int, int, int], pieces: list[int], small: bool, band: int, seed: int
) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(png, "_BAND_BYTES", band):
        path = save(Path(folder, "a.png"), pixels, pieces, small=small, threads=2)
        np.testing.assert_array_equal(with_pillow(path), pixels)
        assert len(png_stream(path)) == shape[0] * (1 + shape[1] * shape[2])


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("small", [False, True])
def test_16_bit_png_decodes_to_the_pixels_written(
    tmp_path: Path, channels: int, small: bool
) -> None:
    pixels = smooth(37, 51, channels, 16)
    with mock.patch.object(png, "_BAND_BYTES", 2000):
        path = save(tmp_path / "a.png", pixels, [5, 0, 20], small=small)
    np.testing.assert_array_equal(with_ffmpeg(path, pixels.shape), pixels)


@settings(deadline=None, max_examples=60)
@given(
    st.tuples(st.integers(1, 300), st.integers(1, 300), st.integers(1, 4)),
    st.sampled_from([8, 16, 32]),
    pieces,
    st.booleans(),
    st.booleans(),
)
def test_tiff_decodes_to_the_pixels_written(
    shape: tuple[int, int, int], bits: int, pieces: list[int], big: bool, flat: bool
) -> None:
    pixels = smooth(*shape, bits)
    memory = 1000 if flat else tiff._MAX_BAND_BYTES
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(tiff, "_BIG", 0 if big else tiff._BIG),
        mock.patch.object(tiff, "_MAX_BAND_BYTES", memory),
    ):
        path = save(Path(folder, "a.tif"), pixels, pieces, threads=2)
        np.testing.assert_array_equal(with_tifffile(path), pixels)
        with tifffile.TiffFile(path) as file:
            assert file.is_bigtiff == big
        if bits == 8:
            np.testing.assert_array_equal(with_pillow(path), pixels)


@pytest.mark.parametrize("bits", [8, 16, 32])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_npy_holds_the_numbers_written(tmp_path: Path, bits: int, channels: int) -> None:
    pixels = smooth(9, 7, channels, bits)
    loaded = np.load(save(tmp_path / "a.npy", pixels, [2, 0, 3]))
    assert loaded.dtype == pixels.dtype
    np.testing.assert_array_equal(loaded, pixels)


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize(
    ("suffix", "channels"),
    [(".jpg", 1), (".jpeg", 3), *itertools.product((".webp", ".avif"), (1, 2, 3, 4))],
)
def test_lossy_formats_stay_close(tmp_path: Path, suffix: str, channels: int, small: bool) -> None:
    pixels = smooth(61, 47, channels)
    decoded = with_pillow(save(tmp_path / ("a" + suffix), pixels, [7, 0, 13], small=small))
    if decoded.shape != pixels.shape:  # gray became colour
        pixels = np.concatenate([pixels[..., :1]] * 3 + [pixels[..., 1:]], axis=-1)
    assert np.abs(decoded.astype(int) - pixels).mean() < 3


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_single_pixel_is_a_picture(tmp_path: Path, suffix: str) -> None:
    path = save(tmp_path / ("a" + suffix), np.full((1, 1, 3), 128, np.uint8))
    decoded = np.load(path) if suffix == ".npy" else with_pillow(path)
    assert decoded.shape == (1, 1, 3)
    assert np.abs(decoded.astype(int) - 128).max() <= 2


def test_rows_may_be_views_of_any_layout(tmp_path: Path) -> None:
    pixels = smooth(40, 60, 4)[::-1, ::2, 2::-1]
    for suffix in (".png", ".tif", ".npy"):
        with open_picture(tmp_path / ("a" + suffix), width=30, height=40, channels=3) as picture:
            picture.write(pixels[:15])
            picture.write(pixels[15:])
    np.testing.assert_array_equal(with_pillow(tmp_path / "a.png"), pixels)
    np.testing.assert_array_equal(with_tifffile(tmp_path / "a.tif"), pixels)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), pixels)


# The bytes of the file depend on the pixels alone.


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_bytes_are_the_same_for_any_threads_and_pieces(tmp_path: Path, suffix: str) -> None:
    pixels = smooth(200, 150, 3)
    with mock.patch.object(png, "_BAND_BYTES", 7 * 450):
        written = {
            save(tmp_path / ("a" + suffix), pixels, pieces, threads=threads).read_bytes()
            for threads in (1, 3, None)
            for pieces in ((), [1] * 200, [13, 100, 0, 50])
        }
    assert len(written) == 1


def test_a_buffer_may_be_used_again_at_once(tmp_path: Path) -> None:
    pixels = smooth(64, 64, 3)
    for suffix in (".png", ".tif"):
        row = np.empty((1, 64, 3), np.uint8)
        with open_picture(tmp_path / ("a" + suffix), width=64, height=64, channels=3) as picture:
            for y in range(64):
                row[0] = pixels[y]
                picture.write(row)
                row[:] = 0
        np.testing.assert_array_equal(with_pillow(tmp_path / ("a" + suffix)), pixels)


def test_without_isal_zlib_serves(tmp_path: Path) -> None:
    pixels = smooth(64, 64, 3)
    with mock.patch.multiple(deflate, _fast=zlib, _FAST_LEVEL=1):
        for suffix in (".png", ".tif"):
            path = save(tmp_path / ("a" + suffix), pixels)
            np.testing.assert_array_equal(with_pillow(path), pixels)


def test_small_files_are_smaller(tmp_path: Path) -> None:
    pixels = smooth(256, 256, 3)
    for suffix in (".png", ".tif", ".jpg", ".avif"):
        usual = save(tmp_path / ("a" + suffix), pixels).stat().st_size
        assert save(tmp_path / ("b" + suffix), pixels, small=True).stat().st_size < usual


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_checksums_join(first: bytes, second: bytes) -> None:
    joined = deflate.adler32_combine(zlib.adler32(first), zlib.adler32(second), len(second))
    assert joined == zlib.adler32(first + second)


# What the file says of itself.


@pytest.mark.parametrize("dpi", [72, 299.5, 300])
@pytest.mark.parametrize("suffix", SUFFIXES[:-1])
def test_the_resolution_is_in_the_file(tmp_path: Path, suffix: str, dpi: float) -> None:
    path = save(tmp_path / ("a" + suffix), smooth(8, 8, 3), dpi=dpi)
    with Image.open(path) as image:
        found = image.info.get("dpi") or [image.getexif()[tag] for tag in (0x11A, 0x11B)]
    assert [float(value) for value in found] == pytest.approx([dpi, dpi], abs=0.51)


@pytest.mark.parametrize("suffix", SUFFIXES[:-1])
def test_no_resolution_is_made_up(tmp_path: Path, suffix: str) -> None:
    with Image.open(save(tmp_path / ("a" + suffix), smooth(8, 8, 3))) as image:
        # Pillow reports 1 dot an inch where a TIFF says nothing.
        assert image.info.get("dpi") in (None, (1, 1))


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_profile_in_the_file_is_srgb(tmp_path: Path, suffix: str, channels: int) -> None:
    with Image.open(save(tmp_path / ("a" + suffix), smooth(8, 8, channels))) as image:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        mode = image.mode
    assert ImageCms.getProfileDescription(profile).strip() == "sRGB"
    levels = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).convert(mode)
    converted = ImageCms.profileToProfile(
        levels, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert converted is not None
    difference = np.asarray(converted).astype(int) - np.asarray(levels.convert("RGB"))
    assert np.abs(difference).max() <= 1


def test_png_and_avif_say_srgb_in_their_own_way(tmp_path: Path) -> None:
    with Image.open(save(tmp_path / "a.png", smooth(8, 8, 3))) as image:
        assert image.info["srgb"] == 0
    # Primaries 1 (BT.709), transfer function 13 (sRGB); ISO/IEC 23091-2.
    assert b"nclx\0\x01\0\x0d" in save(tmp_path / "a.avif", smooth(8, 8, 3)).read_bytes()


# What cannot be written is refused, and nothing half-written stays.


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.gif", {}, r"a\.gif: expected a name that ends in one of \.png \.jpg \.jpeg"),
        ("picture", {}, r"picture: expected a name that ends in one of"),
        ("a.jpg", {"channels": 4}, r"JPEG holds 1 or 3 channels, not 4: write \.png"),
        ("a.png", {"channels": 5}, r"PNG holds 1 or 2 or 3 or 4 channels, not 5"),
        ("a.webp", {"bits": 16}, r"WebP holds 8 bits a channel, not 16: write \.png or \.tif"),
        ("a.png", {"bits": 32}, r"PNG holds 8 or 16 bits a channel, not 32: .*\.tif or \.npy"),
        ("a.png", {"width": 0}, "size 0x4: at least 1 pixel a side"),
        ("a.png", {"height": -1}, "size 4x-1: at least 1 pixel a side"),
        ("a.png", {"width": 10**7, "height": 10**7}, "takes 300 TB"),
        ("a.png", {"dpi": 0}, "dpi 0: expected 1 to 65535"),
        ("a.png", {"dpi": float("nan")}, "dpi nan: expected 1 to 65535"),
        ("a.png", {"recipe": "a\0b"}, r'a recipe with the character "\\u0000"'),
        ("a.png", {"recipe": "\ud800"}, r'a recipe with the character "\\ud800"'),
    ],
)
def test_what_a_format_cannot_hold_is_refused(
    tmp_path: Path, name: str, options: dict[str, Any], message: str
) -> None:
    arguments = {"width": 4, "height": 4, "channels": 3, **options}
    with (
        pytest.raises(ValueError, match=message) as caught,
        open_picture(tmp_path / name, **arguments),
    ):
        pass
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_pillow_without_avif_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "check", lambda feature: False)
    with pytest.raises(ValueError, match="this Pillow was built without AVIF: write"):
        save(tmp_path / "a.avif", smooth(4, 4, 3))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (np.zeros((1, 4, 3), np.float32), TypeError, "rows of float32: expected uint8"),
        (np.zeros((4, 3), np.uint8), ValueError, r"expected \(h, 4, 3\)"),
        (np.zeros((1, 5, 3), np.uint8), ValueError, r"expected \(h, 4, 3\)"),
        (np.zeros((1, 4, 4), np.uint8), ValueError, r"expected \(h, 4, 3\)"),
        (np.zeros((5, 4, 3), np.uint8), ValueError, "more rows than the picture's 4"),
        (np.zeros((3, 4, 3), np.uint8), ValueError, "only 3 of the picture's 4 rows"),
    ],
)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_wrong_rows_are_refused(
    tmp_path: Path, suffix: str, rows: Rows, error: type[Exception], message: str
) -> None:
    with (
        pytest.raises(error, match=message),
        open_picture(tmp_path / ("a" + suffix), width=4, height=4, channels=3) as picture,
    ):
        picture.write(rows)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_end_in_the_middle_leaves_the_old_file(
    tmp_path: Path, suffix: str, error: type[BaseException]
) -> None:
    path = tmp_path / ("a" + suffix)
    path.write_text("old")

    def end() -> None:
        with open_picture(path, width=64, height=64, channels=3) as picture:
            picture.write(smooth(40, 64, 3))
            raise error

    with pytest.raises(error):
        end()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_missing_folder_is_named(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(FileNotFoundError, match=r"the folder does not exist.*nowhere"):
        save(tmp_path / "nowhere" / ("a" + suffix), smooth(4, 4, 3))


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_is_told_and_leaves_the_old_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / ("a" + suffix)
    path.write_text("old")
    program = f"""
import resource
import numpy as np
from cppnart.render.writers import open_picture
noise = np.random.default_rng(1).integers(0, 256, (400, 400, 3), np.uint8)
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
try:
    with open_picture({str(path)!r}, width=400, height=400, channels=3) as picture:
        picture.write(noise)
except OSError as error:
    print(error.errno, error)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == f"{errno.EFBIG} [Errno {errno.EFBIG}] File too large: {str(path)!r}\n"
    assert done.stderr == ""
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_while_writing_reaches_the_caller() -> None:
    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            if self.tell() > 5000:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(data)

    noise = np.random.default_rng(1).integers(0, 256, (400, 400, 3), np.uint8)
    encoder = PngEncoder(Full(), PictureFile(400, 400, 3, 8))

    def write() -> None:
        for row in range(400):
            encoder.write(noise[row : row + 1])
        encoder.finish()

    with mock.patch.object(png, "_BAND_BYTES", 4000), pytest.raises(OSError, match="No space"):
        write()
    encoder.close()


def test_every_format_is_tested() -> None:
    assert {suffix for form in FORMATS for suffix in form.suffixes} == {*SUFFIXES, ".jpeg", ".tiff"}
