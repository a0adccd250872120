"""The scale of frequencies: found, kept, and given."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppnart.fields import tuning
from cppnart.fields.fit_image import METHODS, fit_image
from cppnart.fields.tuning import climbed, image_scale


@given(st.floats(-3, 3), st.floats(0.1, 5))
def test_the_top_of_a_parabola_is_found(top: float, steepness: float) -> None:
    found = climbed(lambda x: -steepness * (math.log2(x / 10) - top) ** 2, 10.0)
    assert math.log2(found / 10) == pytest.approx(top, abs=1e-6)


@pytest.mark.parametrize("score", [lambda x: x, lambda x: -x, lambda x: 0.0, lambda x: -math.inf])
def test_without_a_top_the_search_ends(score) -> None:
    asked = []
    climbed(lambda x: asked.append(x) or score(x), 10.0)
    assert len(asked) <= tuning.TRIALS + 1


def waves(cycles: float, size: int = 96) -> np.ndarray:
    y, x = (np.mgrid[0:size, 0:size] + 0.5) / size * 2 * math.pi
    level = np.sin(cycles * x + 1) * np.cos(cycles * y)
    return ((level * 0.4 + 0.5) * 255).astype(np.uint8)[..., None]


@pytest.mark.parametrize("name", ["siren", "fourier"])
def test_finer_waves_want_larger_scales(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "STEPS", 48)
    slow, fast = (image_scale(name, METHODS[name], waves(n, 64), 0) for n in (1.5, 12))
    assert fast > 1.5 * slow


OPTIONS = {"width": 24, "depth": 2}


def test_a_search_sees_nothing_of_what_is_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(
        "cppnart.fields.fit_image.image_scale", lambda *given: seen.append(given[2]) or 20.0
    )
    pixels = waves(3, 32)
    pixels[1::2, 1::2] = 255
    fit_image(pixels, method="siren", holdout="odd", steps=1, options=OPTIONS)
    assert seen[0].shape == (16, 16, 1)
    assert seen[0].max() < 255


def test_a_run_keeps_the_scale_that_was_found(tmp_path: Path, monkeypatch) -> None:
    run, pixels = tmp_path / "run", waves(3, 32)
    fitting = {"method": "fourier", "options": OPTIONS, "batch": 64, "steps": 20}
    whole = fit_image(pixels, **fitting)
    assert "scale" in (whole.remark or "")
    part = fit_image(pixels, **fitting, folder=run, seconds=1e-9)
    assert part.step < 20
    kept = json.loads((run / "run.json").read_text())["scale"]
    monkeypatch.setattr("cppnart.fields.fit_image.image_scale", None)  # no other search
    rest = fit_image(pixels, **fitting, folder=run, resume=True)
    for ours, theirs in zip(rest.program.operations, whole.program.operations, strict=True):
        np.testing.assert_array_equal(ours.weight, theirs.weight)
    given = fit_image(pixels, **fitting, scale=kept)
    assert given.scores == whole.scores
    with pytest.raises(ValueError, match="has scale"):
        fit_image(pixels, **fitting, scale=kept + 1, folder=run, resume=True)


def test_mistakes() -> None:
    with pytest.raises(ValueError, match="scale: grid has none; fourier, siren"):
        fit_image(waves(2, 16), scale=3.0)
    with pytest.raises(ValueError, match="scale -1"):
        fit_image(waves(2, 16), method="siren", scale=-1.0)
