"""Deep pictures against the same at every sample of every pixel, and against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cppnart.fields.coordinates import Geometry
from cppnart.fields.program import Builder
from cppnart.render import deep
from cppnart.render.deep import render_deep
from cppnart.render.picture import compose
from cppnart.render.prepare import prepare
from cppnart.render.renderer import Settings

LEVELS = (2.0**-8, 2.0**-14, 2.0**-30)


def place(pixel: float, x: float = 0.31, y: float = -0.17, side: int = 96) -> Geometry:
    half = pixel * side / 2
    return Geometry((x - half, y - half), (pixel, 0.0), (0.0, pixel), pixel)


def everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pixel gets all its samples."""
    monkeypatch.setattr(deep, "TOLERANCE", -1)
    monkeypatch.setattr(deep, "EDGE", -1)


@pytest.mark.parametrize("pixel", LEVELS)
@pytest.mark.parametrize("look", [{"style": "neat"}, {"style": "engraving"}, {"finish": "relief"}])
def test_what_is_saved_is_not_seen(
    look: dict[str, Any], pixel: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = prepare(None, seed=5, **look).picture
    settings = Settings(96, 80, samples=4)
    quick = render_deep(picture, settings, place(pixel)).astype(int)
    everywhere(monkeypatch)
    difference = np.abs(quick - render_deep(picture, settings, place(pixel)))
    assert difference.max() <= 4
    assert (difference > 1).mean() < 0.01


def line(angle: float, at: float, width: float) -> Any:
    """White, but for a black line through x = y = at."""
    b = Builder(x=1, y=1)
    c, s = np.cos(angle), np.sin(angle)
    across = b.combine((float(c) / width, b["x"]), (float(s) / width, b["y"]))
    shifted = b.map(across, "abs", 1, float(-at * (c + s) / width))
    value = b.map(shifted, "clamp", 1, -1)
    return compose(b.build(red=value, green=value, blue=value), color="rgb")


@pytest.mark.parametrize("degrees", [0, 90, 45, 13, 77])
def test_a_line_of_a_pixel_is_never_missed(degrees: float) -> None:
    pixel = 2.0**-12
    for shift in (0.0, 1.7, 3.1, 5.9):
        picture = line(np.radians(degrees), 0.25, pixel)
        seen = render_deep(
            picture, Settings(96, 96, samples=4), place(pixel, 0.25 + shift * pixel, 0.25)
        )
        dark = seen[..., 0] < 160
        crossed = dark.any(1) if degrees <= 45 else dark.any(0)
        assert crossed.sum() >= 80


def test_colours_outside_their_range_and_no_numbers_are_clipped() -> None:
    b = Builder(x=1, y=1)
    big = b.product(b.map(b["x"], "identity", 1e30), b.map(b["y"], "identity", 1e30))
    no_number = b.combine((1.0, big), (-1.0, big))
    picture = compose(b.build(red=big, green=no_number, blue=b["x"]), color="rgb")
    seen = render_deep(picture, Settings(40, 24), place(2.0**-20))
    assert seen.shape == (24, 40, 3)
    assert (seen[..., 1] == 0).all()


def test_transparency_stays() -> None:
    b = Builder(x=1, y=1)
    picture = compose(
        b.build(red=b["x"], green=b["x"], blue=b["x"], alpha=b.map(b["y"], "clamp", 0, 0.5)),
        color="rgb",
        transparent=True,
    )
    seen = render_deep(picture, Settings(32, 32, samples=4), place(2.0**-20))
    assert seen.shape == (32, 32, 4)
    assert set(np.unique(seen[..., 3])) <= {127, 128}
