from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppnart.render.sizes import Size, check_size, human_bytes, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4096", Size(4096, 4096)),
        ("3840x2160", Size(3840, 2160)),
        ("3840×2160", Size(3840, 2160)),
        (" 3840 X 2160 ", Size(3840, 2160)),
        ("3840x2160@300dpi", Size(3840, 2160, 300)),
        ("1", Size(1, 1)),
        # 297 mm and 420 mm at 25.4 mm to the inch
        ("A3@300dpi", Size(3508, 4961, 300)),
        ("a3-portrait@300", Size(3508, 4961, 300)),
        ("A3-landscape@300dpi", Size(4961, 3508, 300)),
        ("A0@100dpi", Size(3311, 4681, 100)),
        ("A4@72.5dpi", Size(599, 848, 72.5)),
        ("A10@300dpi", Size(307, 437, 300)),
        ("B1@100dpi", Size(2783, 3937, 100)),
        ("letter@300dpi", Size(2550, 3300, 300)),
        ("legal@300dpi", Size(2550, 4200, 300)),
        ("tabloid-landscape@300dpi", Size(5100, 3300, 300)),
        ("30x20cm@300dpi", Size(3543, 2362, 300)),
        ("300x200mm@300dpi", Size(3543, 2362, 300)),
        ("12x8in@300dpi", Size(3600, 2400, 300)),
        ("8.5x11in@300dpi", Size(2550, 3300, 300)),
    ],
)
def test_sizes_are_read(text: str, size: Size) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", "at least 1 pixel"),
        ("0x100", "at least 1 pixel"),
        ("100x0", "at least 1 pixel"),
        ("-5", "at least 1 pixel"),
        ("100x-100", "at least 1 pixel"),
        ("0x20cm@300dpi", "at least 1 pixel"),
        ("0.001x20cm@300dpi", "at least 1 pixel"),
        ("A3", "add a resolution, as in a3@300dpi"),
        ("30x20cm", "add a resolution"),
        ("A3@0dpi", "expected 1 to 65535 dots"),
        ("A3@-300dpi", "expected 1 to 65535 dots"),
        ("A3@", "expected 1 to 65535 dots"),
        ("A3@nandpi", "expected 1 to 65535 dots"),
        ("4096@999999dpi", "expected 1 to 65535 dots"),
        ("A11@300dpi", "expected 4096"),
        ("A3-sideways@300dpi", "expected 4096"),
        ("", "expected 4096"),
        ("big", "expected 4096"),
        ("1e9", "expected 4096"),
        ("4096.5", "expected 4096"),
        ("1x2x3", "expected 4096"),
        ("9" * 5000, "expected 4096"),
        ("\u0664\u0660", "expected 4096"),
    ],
)
def test_nonsense_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        parse_size(text)
    assert str(caught.value).startswith(f"size {text[:40]!r}: ")
    assert "\n" not in str(caught.value)


@given(st.text())
def test_any_text_is_a_size_or_a_value_error(text: str) -> None:
    try:
        size = parse_size(text)
    except ValueError:
        return
    assert min(size.width, size.height) >= 1


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_size_prints_as_it_is_read(width: int, height: int) -> None:
    assert parse_size(str(Size(width, height))) == Size(width, height)


@pytest.mark.parametrize(
    ("size", "name", "message"),
    [
        ("10000000x10000000", "a.png", r"takes 400 TB; the limit is 1.1e\+12 pixels"),
        ("100000000x1", "a.tif", r"takes 400 MB; the limit is .* 16.8 MB a row"),
        ("65501x1", "a.jpg", "JPEG allows 65500 pixels a side: write .png or .tif"),
        ("16384x1", "a.webp", "WebP allows 16383 pixels a side"),
        ("32769x1", "a.avif", "AVIF allows 32768 pixels a side"),
        ("30000x30000", "a.jpg", r"takes 3.6 GB; JPEG .* in memory and limited to 1.07 GB"),
        ("9000x9000", "a.avif", r"takes 324 MB; AVIF .* in memory and limited to 268 MB"),
        ("10000x10000", "a.npy", r"takes 400 MB; .* has 100 MB free"),
        ("100x100", "a.gif", r"a\.gif: expected a name that ends in one of \.png \.jpg"),
    ],
)
def test_what_cannot_be_written_is_refused_beforehand(size: str, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        check_size(parse_size(size), channels=4, bits=8, path=name, free=10**8)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.png", "a.TIFF"])
def test_a_picture_of_12_gigabytes_may_be_streamed(name: str) -> None:
    check_size(Size(65536, 65536), channels=3, bits=8, path=name, free=10**8)


def test_the_free_room_is_asked_of_the_system(tmp_path: Path) -> None:
    check_size(Size(10, 10), channels=3, bits=8, path=tmp_path / "a.npy")
    with pytest.raises(ValueError, match="free"):
        check_size(Size(2**19, 2**19), channels=4, bits=32, path=tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (999_999, "1 MB"),
        (1_610_612_736, "1.61 GB"),
        (4 * 10**14, "400 TB"),
        (10**30, "1000000000000 EB"),
    ],
)
def test_bytes_are_said_as_people_say_them(count: int, text: str) -> None:
    assert human_bytes(count) == text
