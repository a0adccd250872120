"""Tiles: together the picture, beyond its frame the field, and no end to the depth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppnart.fields import files
from cppnart.fields.program import Builder
from cppnart.gallery import pictures
from cppnart.gallery.tiles import Tile, parse_tile, tile_pixels
from cppnart.render.prepare import Prepared, prepare

Pixels = np.ndarray[Any, Any]


def field(tmp_path: Path, size: list[int], **outputs: Any) -> Prepared:
    """A field of x and y from a file, as a picture of this size."""
    b = Builder(x=1, y=1)
    made = {name: make(b) for name, make in outputs.items()}
    files.save(tmp_path / "field.safetensors", b.build(**made), {"size": size})
    return prepare(tmp_path / "field.safetensors")


def stitched(prepared: Prepared, level: int, side: int, across: int, down: int) -> Pixels:
    rows = [
        np.concatenate([tile_pixels(prepared, Tile(level, x, y, side)) for x in range(across)], 1)
        for y in range(down)
    ]
    return np.concatenate(rows)


@pytest.mark.parametrize("rotate", [0, 30])
def test_tiles_together_are_the_picture(rotate: float) -> None:
    prepared = prepare(None, seed=42, style="neat", rotate=rotate, zoom=1.5, center=(0.2, -0.1))
    whole = pictures.pixels(prepared, (256, 256)).astype(int)
    assert np.abs(stitched(prepared, 2, 64, 4, 4) - whole).max() <= 1


def test_tiles_of_a_wide_picture_begin_at_its_top_left() -> None:
    prepared = prepare(None, seed=4, style="neat", size="200x100")
    whole = pictures.pixels(prepared, (256, 128)).astype(int)
    assert np.abs(stitched(prepared, 2, 64, 4, 2) - whole).max() <= 1


def test_tiles_beside_the_frame_are_the_field_beyond_it() -> None:
    prepared = prepare(None, seed=42, style="neat")
    beyond = pictures.pixels(prepare(None, seed=42, style="neat", zoom=1 / 3), (192, 192))
    for y in (-1, 0, 1):
        for x in (-1, 0, 1):
            part = beyond[64 * (y + 1) : 64 * (y + 2), 64 * (x + 1) : 64 * (x + 2)].astype(int)
            assert np.abs(tile_pixels(prepared, Tile(0, x, y, 64)) - part).max() <= 1


def test_deep_and_shallow_tiles_agree_where_they_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = prepare(None, seed=42, style="neat", finish="relief")
    tile = Tile(6, 11, 40, 128)
    shallow = tile_pixels(prepared, tile).astype(int)
    monkeypatch.setattr("cppnart.gallery.tiles.SINGLE", np.inf)
    assert np.abs(tile_pixels(prepared, tile) - shallow).max() <= 2


@given(level=st.integers(0, 40), offset=st.integers(-40, 40))
def test_an_edge_lies_where_it_is_at_any_depth(
    tmp_path_factory: pytest.TempPathFactory, level: int, offset: int
) -> None:
    edge, steep = np.float32(1 / 3), 2.0**100  # as the program holds them, exactly
    prepared = field(
        tmp_path_factory.mktemp("edge"),
        [64, 64],
        red=lambda b: b.map(b.map(b["x"], "identity", steep, -steep * float(edge)), "clamp"),
        green=lambda b: b.map(b["x"], "identity", 0),
        blue=lambda b: b.map(b["x"], "identity", 0),
    )
    place = (float(edge) + 1) / 2 * 64 * 2**level  # in pixels from the left of the frame
    x = int(place // 64)
    tile = tile_pixels(prepared, Tile(level, x, offset, 64))
    column = place - 64 * x
    assert not tile[:, : int(column), 0].any()
    assert (tile[:, int(column) + 1 :, 0] == 255).all()


@pytest.mark.parametrize(("level", "x"), [(60, 10**29), (60, -(10**29)), (0, 10**29), (60, 3)])
def test_tiles_far_away_and_far_down_are_pictures_too(level: int, x: int) -> None:
    prepared = prepare(None, seed=42, style="neat")
    assert tile_pixels(prepared, Tile(level, x, -x, 64)).shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("61", "0", "0"), "level 61"),
        (("-1", "0", "0"), "level -1"),
        (("0", "0", "0", "15"), "side 15"),
        (("0", "0", "0", "4096"), "side 4096"),
        (("0", "1" * 31, "0"), "x '1"),
        (("0", "0", "1.5"), "y '1.5'"),
        (("0", "0", "٣"), "y '٣'"),
    ],
)
def test_addresses_of_tiles_are_checked(words: tuple[str, ...], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        parse_tile(*words)
