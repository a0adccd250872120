"""Contact sheets: how many pictures, where they lie, their labels, and the lists of names."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cppnart.cppn import styles as style_table
from cppnart.render import api
from cppnart.render.finishes import FINISHES
from cppnart.render.palettes import PALETTES
from cppnart.render.sheets import PAGE, Sheet, columns_for, layout, page_size, swatch


def tile(level: int, width: int = 40, height: int = 30) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def page(**named: Any) -> np.ndarray:
    image = api.sheet(**named)
    assert isinstance(image, np.ndarray)
    return image


def picture(seed: int, style: str, side: int = 32, **look: Any) -> Any:
    return api.render(seed=seed, style=style, size=side, samples=4, **look)


def cells(image: np.ndarray, side: int = 32) -> list[np.ndarray]:
    """The places of pictures on a page of squares without labels, row by row."""
    height, width = image.shape[:2]
    gap = max(4, side // 16)
    return [
        image[y : y + side, x : x + side]
        for y in range(gap, height - side, side + gap)
        for x in range(gap, width - side, side + gap)
    ]


# --- Layout ---


@pytest.mark.parametrize("count", [1, 2, 5, 24, 100])
@pytest.mark.parametrize("labels", [True, False])
def test_pictures_fill_rows_from_the_left(count: int, labels: bool) -> None:
    columns = columns_for(count)
    pictures = [tile(10 + 2 * number) for number in range(count)]
    image = layout(pictures, [str(n) for n in range(count)] if labels else None, columns)
    assert image.dtype == np.uint8
    assert image.shape[1::-1] == page_size(count, 40, 30, columns, labels)
    found = [int(np.argwhere((image == 10 + 2 * n).all(-1))[0] @ [10_000, 1]) for n in range(count)]
    assert found == sorted(found)
    for number in range(count):
        assert (image == 10 + 2 * number).all(-1).sum() >= 40 * 30
    assert tuple(image[0, 0]) == tuple(image[-1, -1]) == PAGE


def test_pages_are_somewhat_wider_than_high() -> None:
    for count in range(3, 200):
        columns = columns_for(count)
        rows = -(-count // columns)
        assert 1 <= columns / rows <= 3


def test_labels_are_cut_where_they_are_wider_than_their_picture() -> None:
    short, long = (layout([tile(0)], [text], 1) for text in ("ab", "a very long name " * 20))
    assert short.shape == long.shape
    ink = np.argwhere((long[40:] != PAGE).any(-1))
    assert ink[:, 1].min() > 0
    assert ink[:, 1].max() < 4 + 40 + 2


def test_labels_may_hold_anything_that_is_text() -> None:
    for text in ("", "two\nlines", "海 🌊", "\x00\x1b[31m", "a\tb"):
        assert layout([tile(0)], [text], 1).shape[2] == 3


def test_transparent_pictures_lie_on_the_page() -> None:
    picture = np.zeros((30, 40, 4), np.uint8)
    picture[:15, :, 3] = 255
    image = layout([picture], None, 1)
    assert (image[4:19, 4:44] == 0).all()
    assert (image[19:34, 4:44] == PAGE).all()


def test_a_swatch_shows_the_palette_from_left_to_right() -> None:
    palette = PALETTES["dusk"]
    image = swatch(palette, 64, 8)
    assert image.shape == (8, 64, 3)
    assert (image == image[0]).all()
    for end, colour in ((image[0, 0], palette.stops[0][1]), (image[0, -1], palette.stops[-1][1])):
        assert np.abs(end - np.array(list(bytes.fromhex(colour[1:])), float)).max() <= 1


# --- Sheets of seeds ---


def test_a_sheet_has_a_picture_for_each_seed() -> None:
    image = page(seeds="3:8", style="classic", thumb=32, columns=3, labels=False)
    *shown, empty = cells(image)
    for seed, cell in zip(range(3, 8), shown, strict=True):
        assert np.array_equal(cell, picture(seed, "classic"))
    assert (empty == PAGE).all()


def test_seeds_are_given_in_several_ways() -> None:
    look: dict[str, Any] = {"style": "classic", "thumb": 16, "labels": False}
    expected = page(seeds=[-1, 0, 1], **look)
    assert np.array_equal(page(seeds="-1:2", **look), expected)
    assert np.array_equal(page(seeds="-1, 0,1", **look), expected)
    assert np.array_equal(page(seeds=(str(n) for n in (-1, 0, 1)), **look), expected)
    large = 10**40
    assert page(seeds=f"{large}:{large + 2}", **look).shape == page(seeds="0:2", **look).shape


def test_labels_are_below_their_pictures() -> None:
    image = page(seeds="quiet,sea", style="classic", thumb=64, columns=2)
    plain = page(seeds="quiet,sea", style="classic", thumb=64, columns=2, labels=False)
    gap = 4
    assert image.shape[0] > plain.shape[0]
    assert np.array_equal(image[: gap + 64], plain[: gap + 64])
    below = image[gap + 64 :]
    for x in (gap, 2 * gap + 64):
        assert (below[:, x : x + 64] != PAGE).any()


def test_a_sheet_of_several_styles_has_a_row_for_each() -> None:
    image = page(styles="classic,engraving", seeds="1,2,3", thumb=32, labels=False)
    expected = [picture(seed, style) for style in ("classic", "engraving") for seed in (1, 2, 3)]
    assert all(np.array_equal(a, b) for a, b in zip(cells(image), expected, strict=True))


def test_all_styles_are_shown_with_four_seeds_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "render", lambda **_: tile(0, 16, 16))
    told: list[tuple[int, int]] = []
    image = page(styles="all", thumb=16, labels=False, progress=lambda *p: told.append(p))
    count = 4 * len(style_table.names())
    assert told == [(n, count) for n in range(1, count + 1)]
    assert image.shape[1::-1] == page_size(count, 16, 16, 4, False)


def test_a_look_is_that_of_render() -> None:
    image = page(seeds="5", style="classic", palette="ember", finish="ink", thumb=32, labels=False)
    expected = picture(5, "classic", palette="ember", finish="ink")
    assert np.array_equal(cells(image)[0], expected)


def test_a_page_is_no_wider_than_its_pictures() -> None:
    image = page(seeds="5", style="classic", thumb=32, columns=4096, labels=False)
    assert image.shape == (40, 40, 3)


def test_a_sheet_is_written_and_reported(tmp_path: Path) -> None:
    report = api.sheet(seeds="0:2", style="classic", thumb=32, output=tmp_path)
    assert isinstance(report, Sheet)
    assert (Path(report.path).name, report.pictures) == ("cppnart-sheet.png", 2)
    with Image.open(report.path) as image:
        assert image.size == (report.width, report.height)
        assert np.array_equal(np.asarray(image), page(seeds="0:2", style="classic", thumb=32))
    assert "2 pictures" in str(report)
    again = api.sheet(seeds="0:2", style="classic", thumb=32, output=tmp_path)
    assert isinstance(again, Sheet)
    assert Path(again.path).name == "cppnart-sheet-2.png"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seeds": "5:5"}, "seeds '5:5': expected FIRST:END"),
        ({"seeds": "5:1"}, "seeds '5:1'"),
        ({"seeds": "0:5000"}, "with 1 to 4096 seeds"),
        ({"seeds": "0:" + "9" * 200}, "with 1 to 4096 seeds"),
        ({"seeds": ""}, "seed ''"),
        ({"seeds": "1,,2"}, "seed ''"),
        ({"seeds": "x" * 300}, "seed 'xxx"),
        ({"seeds": []}, "seeds: expected"),
        ({"seeds": range(5000)}, "5000 pictures: a sheet takes at most 4096"),
        ({"styles": "no-such-style"}, "unknown style 'no-such-style'"),
        ({"styles": ""}, "styles: expected names"),
        ({"styles": ["classic", "no-such-style"]}, "unknown style"),
        ({"thumb": 15}, "thumb 15: expected 16 to 4096"),
        ({"thumb": 5000}, "thumb 5000"),
        ({"columns": 0}, "columns 0: expected 1"),
        ({"columns": 5000}, "columns 5000"),
        ({"seeds": "0:4096", "thumb": 4096}, "takes 2.* GB"),
        ({"palette": "no-such-palette"}, "unknown palette"),
        ({"threads": 0}, "threads 0"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_sheets_that_make_no_sense_are_refused_at_once(
    wrong: dict[str, Any], message: str, tmp_path: Path
) -> None:
    began = time.perf_counter()
    with pytest.raises(ValueError, match=message):
        api.sheet(output=tmp_path, **wrong)
    assert time.perf_counter() - began < 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("draw", [api.sheet, api.styles, api.palettes, api.finishes])
def test_where_a_page_cannot_go_is_known_before_it_is_drawn(
    draw: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(**_: Any) -> None:
        raise AssertionError("rendered before the output was looked at")

    monkeypatch.setattr(api, "render", too_late)
    with pytest.raises(ValueError, match="expected a name that ends in"):
        draw(output=tmp_path / "a.nosuchformat")
    with pytest.raises(FileNotFoundError, match="the folder does not exist"):
        draw(output=tmp_path / "nowhere" / "a.png")
    assert list(tmp_path.iterdir()) == []


# --- Lists ---


def test_lists_have_a_line_for_each_name() -> None:
    for listing, names in (
        (api.styles(), style_table.names()),
        (api.palettes(), PALETTES),
        (api.finishes(), FINISHES),
    ):
        assert isinstance(listing, dict)
        assert list(listing) == list(names)
        assert all(line and "\n" not in line and len(line) < 150 for line in listing.values())


def test_pictures_of_all_palettes_and_finishes_are_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = api.render
    monkeypatch.setattr(api, "render", lambda **look: original(**{**look, "size": 24}))
    for draw, count in ((api.palettes, len(PALETTES)), (api.finishes, len(FINISHES))):
        report = draw(output=tmp_path)
        assert isinstance(report, Sheet)
        assert report.pictures == count
        with Image.open(report.path) as image:
            assert image.size == (report.width, report.height)
