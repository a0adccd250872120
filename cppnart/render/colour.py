"""Colour spaces: sRGB, linear light, OKLab, OKLCh and HSV.

Everything is vectorised with channels last: an array `(..., 3)` in, an array of the same shape
and dtype out. sRGB values are encoded ("gamma") and lie in [0, 1]; linear values are light.

OKLab is Björn Ottosson's (https://bottosson.github.io/posts/oklab/, matrices of 2021-01-25):
L in [0, 1] is lightness, a runs from green to red, b from blue to yellow. OKLCh holds the same
colours as lightness, chroma and hue, the hue in degrees in [0, 360).
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.floating[Any]]


def _constant(rows: list[list[float]]) -> NDArray[np.float64]:
    matrix = np.array(rows, dtype=np.float64)
    matrix.setflags(write=False)
    return matrix


# Each matrix multiplies a column: lms = RGB_TO_LMS @ rgb; for rows of points, rgb @ RGB_TO_LMS.T.
# Between the two steps of either direction lies the cube root (or the cube) of each of l, m, s.
RGB_TO_LMS = _constant(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
LMS_TO_OKLAB = _constant(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
OKLAB_TO_LMS = _constant(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
LMS_TO_RGB = _constant(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)

# How far outside [0, 1] linear light may lie and still count as inside sRGB. The published matrices
# put white itself outside by about 1e-7; one step of 16 bits is 1.5e-5.
GAMUT_TOLERANCE = 1e-6

_HEX = re.compile(r"#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def srgb_encode(linear: ArrayLike) -> FloatArray:
    """Light to encoded sRGB (IEC 61966-2-1), any shape.

    Negative values are mirrored, as CSS Color 4 has it, so that colours outside the gamut survive
    a round trip.
    """
    values, dtype = _floats(linear, "linear")
    size = np.abs(values)
    high = 1.055 * np.maximum(size, 0.0031308) ** (1 / 2.4) - 0.055
    encoded = np.where(size <= 0.0031308, 12.92 * size, high)
    return np.asarray(np.copysign(encoded, values), dtype=dtype)


def srgb_decode(encoded: ArrayLike) -> FloatArray:
    """Encoded sRGB to light (IEC 61966-2-1), any shape; negative values are mirrored."""
    values, dtype = _floats(encoded, "encoded")
    size = np.abs(values)
    high = ((np.maximum(size, 0.04045) + 0.055) / 1.055) ** 2.4
    linear = np.where(size <= 0.04045, size / 12.92, high)
    return np.asarray(np.copysign(linear, values), dtype=dtype)


def linear_to_oklab(linear: ArrayLike) -> FloatArray:
    """Linear sRGB `(..., 3)` to OKLab `(..., 3)`."""
    values, dtype = _colours(linear, "linear")
    lms = np.cbrt(values @ RGB_TO_LMS.T.astype(values.dtype))
    return np.asarray(lms @ LMS_TO_OKLAB.T.astype(values.dtype), dtype=dtype)


def oklab_to_linear(oklab: ArrayLike) -> FloatArray:
    """OKLab `(..., 3)` to linear sRGB `(..., 3)`; colours outside sRGB leave [0, 1]."""
    values, dtype = _colours(oklab, "oklab")
    lms = (values @ OKLAB_TO_LMS.T.astype(values.dtype)) ** 3
    return np.asarray(lms @ LMS_TO_RGB.T.astype(values.dtype), dtype=dtype)


def srgb_to_oklab(encoded: ArrayLike) -> FloatArray:
    """Encoded sRGB `(..., 3)` to OKLab `(..., 3)`."""
    return linear_to_oklab(srgb_decode(encoded))


def oklab_to_srgb(oklab: ArrayLike) -> FloatArray:
    """OKLab `(..., 3)` to encoded sRGB `(..., 3)`, clipped to [0, 1].

    Clipping shifts hues of colours that lie outside sRGB; `to_gamut` first avoids that.
    """
    return srgb_encode(np.clip(oklab_to_linear(oklab), 0, 1))


def oklab_to_oklch(oklab: ArrayLike) -> FloatArray:
    """OKLab to OKLCh, both `(..., 3)`; the hue is in degrees in [0, 360), 0 for exact grey."""
    values, dtype = _colours(oklab, "oklab")
    lightness, a, b = np.moveaxis(values, -1, 0)
    hue = _wrap(np.degrees(np.arctan2(b, a)), 360)
    return np.stack([lightness, np.hypot(a, b), hue], axis=-1).astype(dtype)


def oklch_to_oklab(oklch: ArrayLike) -> FloatArray:
    """OKLCh to OKLab, both `(..., 3)`; the hue is in degrees, any number of turns."""
    values, dtype = _colours(oklch, "oklch")
    lightness, chroma, hue = np.moveaxis(values, -1, 0)
    angle = np.radians(hue)
    a, b = chroma * np.cos(angle), chroma * np.sin(angle)
    return np.stack([lightness, a, b], axis=-1).astype(dtype)


def hsv_to_rgb(hsv: ArrayLike) -> FloatArray:
    """HSV to encoded sRGB, both `(..., 3)`, all channels in [0, 1]; the hue wraps, the rest clips.

    Each channel is a trapezoid in the hue, so no hue can fall between two sextants (a hue just
    below 0 wraps to exactly 1.0 in float32).
    """
    values, dtype = _colours(hsv, "hsv")
    hue, saturation, value = np.moveaxis(values, -1, 0)[..., None]
    saturation, value = np.clip(saturation, 0, 1), np.clip(value, 0, 1)
    sextant = _wrap(hue, 1) * 6 + np.array([5, 3, 1], dtype=values.dtype)
    place = _wrap(sextant, 6)
    fall = np.clip(np.minimum(place, 4 - place), 0, 1)
    return np.asarray(value * (1 - saturation * fall), dtype=dtype)


def rgb_to_hsv(rgb: ArrayLike) -> FloatArray:
    """Encoded sRGB to HSV, both `(..., 3)` in [0, 1]; greys have hue 0, black saturation 0."""
    values, dtype = _colours(rgb, "rgb")
    red, green, blue = np.moveaxis(values, -1, 0)
    value = values.max(axis=-1)
    span = value - values.min(axis=-1)
    safe = np.where(span > 0, span, 1)
    sextant = np.where(
        value == red,
        (green - blue) / safe,
        np.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    hue = np.where(span > 0, _wrap(sextant / 6, 1), 0)
    saturation = np.where(value > 0, span / np.where(value > 0, value, 1), 0)
    return np.stack([hue, saturation, value], axis=-1).astype(dtype)


def in_gamut(oklab: ArrayLike, tolerance: float = GAMUT_TOLERANCE) -> NDArray[np.bool_]:
    """Which of the colours `(..., 3)` sRGB can show: `(...)` bool.

    `tolerance` is how far linear light may lie outside [0, 1].
    """
    linear = oklab_to_linear(oklab)
    return np.asarray(((linear >= -tolerance) & (linear <= 1 + tolerance)).all(axis=-1))


def to_gamut(oklab: ArrayLike) -> FloatArray:
    """The colours `(..., 3)` in OKLab, chroma reduced where sRGB cannot show them.

    Lightness (clipped to [0, 1]) and hue stay. The largest chroma that fits is found by bisection,
    to 2**-20 of the one given; colours that fit already come back unchanged.
    """
    values, dtype = _colours(oklab, "oklab")
    mapped = np.array(values)
    mapped[..., 0] = np.clip(mapped[..., 0], 0, 1)
    outside = ~in_gamut(mapped)
    if outside.any():
        mapped[outside] = _reduce_chroma(mapped[outside].astype(np.float64))
    return mapped.astype(dtype)


def _reduce_chroma(oklab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Colours `(n, 3)` outside sRGB with the largest chroma that fits."""
    fits = np.zeros((len(oklab), 1))
    fails = np.ones((len(oklab), 1))
    for _ in range(20):
        middle = (fits + fails) / 2
        inside = in_gamut(oklab * np.concatenate([np.ones_like(middle), middle, middle], axis=1))
        fits = np.where(inside[:, None], middle, fits)
        fails = np.where(inside[:, None], fails, middle)
    return np.asarray(oklab * np.concatenate([np.ones_like(fits), fits, fits], axis=1))


def max_chroma(lightness: ArrayLike, hue: ArrayLike) -> FloatArray:
    """The largest OKLCh chroma that sRGB shows at these lightnesses and hues (degrees).

    The two broadcast against each other; the answer is float64.
    """
    light, angle = np.broadcast_arrays(
        np.asarray(lightness, dtype=np.float64), np.asarray(hue, dtype=np.float64)
    )
    # No sRGB colour has a chroma of more than 0.323.
    far = oklch_to_oklab(np.stack([light, np.full_like(light, 0.4), angle], axis=-1))
    return oklab_to_oklch(to_gamut(far))[..., 1]


def parse_hex(text: str) -> NDArray[np.float64]:
    """`'#1a2b3c'`, `'1a2b3c'` or `'#abc'` as encoded sRGB: `(3,)` float64 in [0, 1].

    Raises ValueError for anything else.
    """
    if not is_hex(text):
        raise ValueError(f"bad colour {text!r}: expected a hex colour such as #1a2b3c or #abc")
    digits = text.strip().removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    return np.array([int(digits[i : i + 2], 16) for i in (0, 2, 4)], dtype=np.float64) / 255


def is_hex(text: str) -> bool:
    """Whether `parse_hex` would take this text."""
    return isinstance(text, str) and _HEX.fullmatch(text.strip()) is not None


def format_hex(rgb: ArrayLike) -> str:
    """One encoded sRGB colour `(3,)` as `'#1a2b3c'`, rounded and clipped to [0, 1]."""
    values, _ = _colours(rgb, "rgb")
    if values.shape != (3,):
        raise ValueError(f"rgb has shape {values.shape}: expected one colour, (3,)")
    if not np.isfinite(values).all():
        raise ValueError(f"rgb is {values.tolist()}: expected finite numbers in [0, 1]")
    levels = np.rint(np.clip(values, 0, 1) * 255).astype(int)
    return "#" + "".join(f"{level:02x}" for level in levels)


def _floats(values: ArrayLike, name: str) -> tuple[FloatArray, np.dtype[Any]]:
    """The values in a dtype fit for arithmetic (at least float32), and the dtype they came in."""
    array = np.asarray(values)
    if not np.issubdtype(array.dtype, np.floating):
        raise TypeError(f"{name} holds {array.dtype}: expected floating-point numbers")
    return array.astype(np.result_type(array.dtype, np.float32), copy=False), array.dtype


def _colours(values: ArrayLike, name: str) -> tuple[FloatArray, np.dtype[Any]]:
    """As `_floats`, for arrays of colours, whose last axis must be 3."""
    array, dtype = _floats(values, name)
    if array.ndim == 0 or array.shape[-1] != 3:
        raise ValueError(f"{name} has shape {array.shape}: expected 3 channels last, (..., 3)")
    return array, dtype


def _wrap(values: FloatArray, period: float) -> FloatArray:
    """The values modulo the period, in [0, period): the plain remainder of a tiny negative number
    rounds up to the period itself."""
    wrapped = values % period
    return np.where(wrapped >= period, 0, wrapped)
