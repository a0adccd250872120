"""A sound, the field that was fitted to it and what lies between them, as spectrograms."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cppnart.fields.sample_audio import SoundField
from cppnart.fields.sounds import Sound
from cppnart.fields.spectra import log_frequencies, spectrogram

from .palettes import get_palette
from .writers import open_picture

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

WIDTH, HEIGHT = 1280, 300
"""Of each of the three, in pixels."""
LEFT, RIGHT, TOP, GAP, BOTTOM = 96, 132, 76, 52, 64
SHOWN = 1 << 22
"""Samples of the sound that are shown, at most: its beginning."""
LOW, HIGH = 50.0, 16_000.0
"""The lowest and the highest tone, in Hz, where the rate holds it."""
DEPTH = 80.0
"""Decibels from the brightest to the ground."""
TONES = (100, 200, 500, 1000, 2000, 5000, 10_000)

Floats = NDArray[np.floating]
Bytes = NDArray[np.uint8]


def draw_spectrograms(
    sound: Sound,
    field: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    palette: str = "ember",
) -> None:
    """Draws the sound, a field (.safetensors) of it and the error, one above the other.

    All three have the same scale in decibels under the loudest moment of the sound, so that the
    error is as dark as it is quiet. Levels are means over the channels. Raises ValueError where the
    field is not of such a sound, and what open_picture raises.
    """
    pixels = _page(sound, SoundField.load(field), palette)
    height, width, channels = pixels.shape
    with open_picture(output, width=width, height=height, channels=channels) as writer:
        writer.write(pixels)


def _page(sound: Sound, field: SoundField, palette: str) -> Bytes:
    from PIL import Image, ImageDraw

    wanted = np.asarray(sound.samples[:SHOWN])
    if (field.rate, field.frames, field.channels) != (sound.rate, *sound.samples.shape):
        raise ValueError("the field was not fitted to this sound: its length or rate is another")
    fitted = field.at((np.arange(len(wanted)) + 0.5) / sound.rate)
    high = min(HIGH, sound.rate / 2)
    rows = log_frequencies(min(LOW, high / 8), high, HEIGHT)
    error = wanted - fitted
    panels = [_levels(signal, sound.rate, rows) for signal in (wanted, fitted, error)]
    loudest = float(panels[0].max())
    colours = np.round(255 * get_palette(palette).srgb(256)).astype(np.uint8)
    ground, ink = tuple(map(int, colours[0])), _mixed(colours, 0.86)
    faint = _mixed(colours, 0.5)
    size = (LEFT + WIDTH + RIGHT, TOP + 3 * HEIGHT + 2 * GAP + BOTTOM)
    page = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(page)
    power, lost = float(np.sum(wanted.astype(float) ** 2)), float(np.sum(error.astype(float) ** 2))
    ratio = 10 * np.log10(max(power, 1e-12) / max(lost, 1e-12 * power, 1e-24))
    titles = ("the sound", "the field", f"the error, {ratio:.1f} dB below")
    for number, (levels, title) in enumerate(zip(panels, titles, strict=True)):
        y = TOP + number * (HEIGHT + GAP)
        light = np.clip(1 + (levels - loudest) / DEPTH, 0, 1)
        page.paste(Image.fromarray(colours[np.rint(light * 255).astype(int)]), (LEFT, y))
        draw.text((LEFT, y - 12), title, ink, _font(20), anchor="ls")
        _tones(draw, rows, y, ink, faint)
    bottom = TOP + 3 * HEIGHT + 2 * GAP
    _moments(draw, len(wanted) / sound.rate, bottom, ink, faint)
    _scale(page, draw, colours, ink, faint)
    return np.asarray(page)


def _levels(samples: Floats, rate: int, rows: Floats) -> Floats:
    """Decibels (rows, WIDTH): the power of all channels, on average."""
    found = [spectrogram(channel, rate, WIDTH, rows) for channel in samples.T]
    mean = np.mean([10 ** (levels / 10) for levels in found], axis=0)
    return np.asarray(10 * np.log10(mean))


def _tones(draw: ImageDraw, rows: Floats, y: int, ink: Any, faint: Any) -> None:
    """Frequencies on the left, the highest at the top."""
    for tone in TONES:
        if rows[-1] < tone < rows[0]:
            at = y + HEIGHT * np.log(rows[0] / tone) / np.log(rows[0] / rows[-1])
            draw.line((LEFT - 8, at, LEFT - 2, at), faint)
            text = f"{tone // 1000} kHz" if tone >= 1000 else f"{tone} Hz"
            draw.text((LEFT - 14, at), text, ink, _font(15), anchor="rm")


def _moments(draw: ImageDraw, seconds: float, y: int, ink: Any, faint: Any) -> None:
    """Seconds below, at about ten round places."""
    step = 10 ** np.floor(np.log10(seconds / 5))
    step *= next(factor for factor in (1, 2, 5, 10) if seconds / (step * factor) <= 10)
    for number in range(int(seconds / step + 1e-9) + 1):
        at = LEFT + WIDTH * number * step / seconds
        draw.line((at, y + 2, at, y + 8), faint)
        draw.text((at, y + 14), f"{number * step:g} s", ink, _font(15), anchor="mt")


def _scale(page: Any, draw: ImageDraw, colours: Bytes, ink: Any, faint: Any) -> None:
    """What the colours mean, beside the first of the three."""
    from PIL import Image

    x = LEFT + WIDTH + 32
    bar = np.linspace(255, 0, HEIGHT).round().astype(int)
    page.paste(Image.fromarray(np.repeat(colours[bar][:, None], 14, 1)), (x, TOP))
    for level in range(0, int(DEPTH) + 1, 20):
        at = TOP + (HEIGHT - 1) * level / DEPTH
        draw.line((x + 17, at, x + 22, at), faint)
        draw.text((x + 28, at), f"-{level} dB" if level else "0 dB", ink, _font(15), anchor="lm")


def _mixed(colours: Bytes, share: float) -> tuple[int, ...]:
    """A colour for lines and words: the lightest of the palette in the darkest."""
    mixed = share * colours[-1].astype(float) + (1 - share) * colours[0]
    return tuple(int(level) for level in mixed.round())


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)
