"""A sound, its field and the error as a picture."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cppnart.fields.fit_audio import fit_audio
from cppnart.fields.sounds import Sound
from cppnart.render.spectrograms import GAP, HEIGHT, LEFT, TOP, WIDTH, draw_spectrograms


def chirp(channels: int, frames: int = 6000) -> Sound:
    t = np.arange(frames)[:, None] / 8000
    turns = (200 + 600 * t * (1 + np.arange(channels))) * t
    return Sound((0.4 * np.sin(2 * np.pi * turns)).astype(np.float32), 8000)


@pytest.mark.parametrize("channels", [1, 2])
def test_the_field_looks_like_the_sound_and_the_error_is_darker(tmp_path: Path, channels):
    sound = chirp(channels)
    fit_audio(sound, steps=150, batch=1024, output=tmp_path / "a.safetensors")
    draw_spectrograms(sound, tmp_path / "a.safetensors", tmp_path / "a.png")
    with Image.open(tmp_path / "a.png", formats=["PNG"]) as page:
        grey = np.asarray(page.convert("L"), float)
    tops = [TOP + number * (HEIGHT + GAP) for number in range(3)]
    heard, field, error = (grey[y : y + HEIGHT, LEFT : LEFT + WIDTH] for y in tops)
    assert np.corrcoef(heard.ravel(), field.ravel())[0, 1] > 0.9
    assert heard.max() > 200
    assert error.max() < 150
    # the chirp rises: high rows are at the top
    assert heard[:, 1200].argmax() < heard[:, 100].argmax() - 20


def test_one_sample_has_a_picture(tmp_path: Path):
    sound = chirp(1, 2)
    fit_audio(sound, steps=2, output=tmp_path / "a.safetensors")
    draw_spectrograms(sound, tmp_path / "a.safetensors", tmp_path / "a.png")
    with pytest.raises(ValueError, match="the field was not fitted to this sound"):
        draw_spectrograms(chirp(2), tmp_path / "a.safetensors", tmp_path / "b.png")
