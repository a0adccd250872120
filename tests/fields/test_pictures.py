from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cppnart.fields.pictures import image_size, open_image, read_levels
from cppnart.render.writers import open_picture

GRADIENT = np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.webp", "a.misnamed"])
def test_pictures_open_whatever_their_name(tmp_path: Path, name: str) -> None:
    form = {"a.misnamed": "PNG", "a.tif": "TIFF"}.get(name, Path(name).suffix[1:])
    Image.fromarray(GRADIENT).save(tmp_path / name, form, lossless=True)
    image = open_image(tmp_path / name)
    assert image.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(image), GRADIENT)


@pytest.mark.parametrize("name", ["a.jpg", "a.gif", "a.avif"])
def test_lossy_formats_open(tmp_path: Path, name: str) -> None:
    Image.new("RGB", (16, 16), (200, 100, 50)).save(tmp_path / name)
    colour = np.asarray(open_image(tmp_path / name)).reshape(-1, 3).mean(0)
    np.testing.assert_allclose(colour, (200, 100, 50), atol=6)


def test_a_photograph_is_turned_the_right_way_up(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x112] = 6  # a quarter turn
    Image.fromarray(GRADIENT[:2]).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(
        np.asarray(open_image(tmp_path / "a.png")), np.rot90(GRADIENT[:2], -1)
    )


def test_transparency_is_kept(tmp_path: Path) -> None:
    Image.new("LA", (2, 2), (10, 20)).save(tmp_path / "a.png")
    Image.new("P", (2, 2)).save(tmp_path / "b.gif", transparency=0)
    assert open_image(tmp_path / "a.png").getpixel((0, 0)) == (10, 10, 10, 20)
    assert open_image(tmp_path / "b.gif").getpixel((0, 0))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(("bits", "value"), [(8, 128), (16, 128 * 257), (32, 128 / 255)])
def test_deep_pictures_keep_their_brightness(tmp_path: Path, bits: int, value: float) -> None:
    dtype = {8: np.uint8, 16: np.uint16, 32: np.float32}[bits]
    with open_picture(tmp_path / "a.tif", width=3, height=3, channels=1, bits=bits) as picture:
        picture.write(np.full((3, 3, 1), value, dtype))
    assert open_image(tmp_path / "a.tif").getpixel((1, 1)) == (128, 128, 128)


@pytest.mark.parametrize("data", [b"", b"not a picture", b"8BPS\0\1" + bytes(100), b"\xff\xd8\xff"])
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.png: (expected a|a damaged) picture"):
        open_image(tmp_path / "a.png")


def test_too_many_pixels_are_refused(tmp_path: Path) -> None:
    Image.new("1", (20000, 20000)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="over 150000000 pixels"):
        open_image(tmp_path / "a.png")
    Image.new("1", (100, 200)).save(tmp_path / "b.png")
    with pytest.raises(ValueError, match="100x200, over 1000 pixels"):
        open_image(tmp_path / "b.png", max_pixels=1000)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"a\.png"):
        open_image(tmp_path / "a.png")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "AVIF"])
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_damaged_pictures_open_or_are_refused(folder: Path, form: str, data: st.DataObject) -> None:
    path = folder / form
    Image.fromarray(np.tile(GRADIENT, (4, 4, 1))).save(path, form)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    message = ""
    try:
        open_image(path)
    except ValueError as error:
        message = str(error)
    assert "\n" not in message


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "I;16"])
def test_large_pictures_are_read_as_means_of_squares(tmp_path: Path, mode: str) -> None:
    values = np.random.default_rng(0).integers(0, 256, (6, 9, 4)).astype(np.uint8)
    values[..., 3] = 255
    image = Image.fromarray(values).convert("RGB" if mode == "I;16" else mode)
    if mode == "I;16":
        image = Image.fromarray(values[..., 0].astype(np.uint16) * 256)
    image.save(tmp_path / "a.png")
    whole, one = read_levels(tmp_path / "a.png", most=54)
    small, factor = read_levels(tmp_path / "a.png", most=53)
    assert (one, factor) == (1, 2)
    means = np.pad(whole.astype(float), ((0, 0), (0, 1), (0, 0)), mode="edge")
    means = means.reshape(3, 2, 5, 2, -1).mean((1, 3))
    np.testing.assert_allclose(small, means, atol=1)


def test_what_is_transparent_gives_no_colour_to_a_mean(tmp_path: Path) -> None:
    values = np.zeros((2, 2, 4), np.uint8)
    values[0, 0] = (200, 100, 50, 255)
    Image.fromarray(values).save(tmp_path / "a.png")
    small, _ = read_levels(tmp_path / "a.png", most=1)
    np.testing.assert_allclose(small[0, 0], (200, 100, 50, 64), atol=3)


def test_pictures_beyond_the_limit_of_pillow_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(GRADIENT).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4)
    assert np.array_equal(read_levels(tmp_path / "a.png")[0], GRADIENT)
    with pytest.raises(ValueError, match="4x4, over 15 pixels"):
        read_levels(tmp_path / "a.png", max_pixels=15)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tiff", "gif", "bmp"])
def test_the_size_of_a_picture_is_read_from_its_header(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.new("RGB", (30, 20), "red").save(path)
    assert image_size(path) == (30, 20)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tiff"])
def test_the_size_of_a_turned_picture_is_that_of_its_pixels(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20), "red").save(path, exif=exif)
    assert image_size(path) == open_image(path).size == (20, 30)


def test_what_has_no_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"a\.png: expected a picture"):
        image_size(path)
    with pytest.raises(FileNotFoundError):
        image_size(tmp_path / "b.png")
