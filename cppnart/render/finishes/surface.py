"""What finishes work on: a colour program in the making, with the few words they are written in.

A finish never sees pixels. It sees the field's outputs, their slopes, and the size of a pixel, all
in frame coordinates (the short side spans [-1, 1]), so that a picture is the same at every size.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cppnart.fields.program import Builder, Values, joined
from cppnart.render.colour import LMS_TO_RGB, OKLAB_TO_LMS, parse_hex, srgb_decode
from cppnart.render.palettes import Palette

Floats = NDArray[np.float64]
Term = tuple[float, Values]

SHORT_SIDE = 2.0
"""Length of the short side in frame coordinates."""
LUMINANCE = (0.2126, 0.7152, 0.0722)
"""Of linear sRGB (IEC 61966-2-1)."""


class Surface:
    """The surface that a colour mode colours and finishes work on.

    x, y, pixel: the point and the size of a pixel in frame coordinates.
    value, shade, accent: what the colour is made of; a finish may replace them before colouring.
    height: the field's value itself, that is lit and whose level lines are drawn.
    rgb: linear light, 3 values, once the colour mode has run. alpha: coverage, or None.
    palette: where a finish takes its paper and ink from. ground: what shows where a field with
    transparency does not cover: linear light (3,), the paper unless a finish has its own.
    """

    def __init__(
        self,
        builder: Builder,
        values: dict[str, Values],
        palette: Palette,
        steepness: Callable[[], float],
    ) -> None:
        self.b = builder
        self.x, self.y, self.pixel = (values[name] for name in ("x", "y", "pixel"))
        self.height = self.value = values["value"]
        self.shade, self.accent = values["shade"], values["accent"]
        self.alpha = values.get("alpha")
        self.palette = palette
        self.slope = joined([values["value_dx"], values["value_dy"]])
        self._steepness = steepness
        self.ground = self.paper
        self._rgb: Values | None = None

    @property
    def rgb(self) -> Values:
        """The colour so far: linear light, (3,)."""
        if self._rgb is None:
            raise RuntimeError("a finish asked for the colour before there was one")
        return self._rgb

    @rgb.setter
    def rgb(self, values: Values) -> None:
        self._rgb = values

    @cached_property
    def steepness(self) -> float:
        """The field's mean slope over the frame: how many units of value a unit of length holds,
        so that lines and light suit busy and quiet fields alike."""
        return self._steepness()

    @cached_property
    def steep(self) -> Values:
        """Length of the slope."""
        squares = self.b.map(self.slope, "square")
        return self.b.affine(squares, [[1, 1]], activation="sqrt")

    @cached_property
    def ink(self) -> Floats:
        """The palette's ink: linear light (3,)."""
        return light_of(self.palette.ink)

    @cached_property
    def paper(self) -> Floats:
        """The palette's paper: linear light (3,)."""
        return light_of(self.palette.paper)

    @cached_property
    def bold(self) -> Floats:
        """The palette's accent: linear light (3,)."""
        return light_of(self.palette.accent)

    # --- Arithmetic ---

    def sum(self, *terms: Term, bias: float = 0.0) -> Values:
        """The weighted sum of (weight, values), value by value; single values are repeated."""
        return self.b.combine(*terms, bias=bias)

    def of(self, name: str, *terms: Term, bias: float = 0.0) -> Values:
        """An activation of a weighted sum of single values."""
        weights = [[weight for weight, _ in terms]]
        return self.b.affine([v for _, v in terms], weights, bias, name)

    def times(self, *factors: Values) -> Values:
        """The product, value by value; single values are repeated."""
        result = factors[0]
        for factor in factors[1:]:
            result = self.b.product(result, factor)
        return result

    def apply(self, name: str, values: Values, scale: float = 1.0, shift: float = 0.0) -> Values:
        """activation(scale * v + shift) of every value."""
        return self.b.map(values, name, scale, shift)

    def step(self, values: Values, low: float, high: float) -> Values:
        """Smoothly from 0 at low to 1 at high, or down where low > high."""
        return self.apply("smoothstep", values, 1 / (high - low), -low / (high - low))

    def mix(self, first: Values, second: Values | ArrayLike, share: Values) -> Values:
        """first where share is 0, second where it is 1; second may be plain numbers."""
        if isinstance(second, np.ndarray) and second.dtype == np.int64:
            difference = self.sum((1, second), (-1, first))
        else:
            difference = self.b.map(first, scale=-1, shift=second)
        return self.sum((1, first), (1, self.b.product(difference, share)))

    def between(self, first: Floats, second: Floats, share: Values) -> Values:
        """From plain numbers to plain numbers (m,) by a share in [0, 1]."""
        return self.b.affine(share, np.subtract(second, first)[:, None], first)

    def along(self, vector: ArrayLike, direction: Values) -> Values:
        """The inner product of plain numbers with values."""
        return self.b.affine(direction, np.asarray(vector)[None])

    # --- Colour ---

    def from_oklab(self, lab: Values) -> Values:
        """OKLab to linear light: two 3 x 3 maps with cubes between."""
        roots = self.b.affine(lab, OKLAB_TO_LMS)
        cubes = self.b.product(self.b.product(roots, roots), roots)
        return self.b.affine(cubes, LMS_TO_RGB)

    def lightness(self) -> Values:
        """How light the colour looks: the cube root of its luminance, as in OKLab for greys."""
        log = self.b.affine(self.rgb, [LUMINANCE], 1e-6, "log")
        return self.b.map(log, "exp", 1 / 3)

    # --- Measures ---

    def bands(self, spacing: float, low: int, high: int) -> int:
        """How many equal bands of value put level lines this far apart on average, as a share of
        the short side; at least low, at most high."""
        length = spacing * SHORT_SIDE * max(self.steepness, 1e-6)
        return int(min(max(round(1 / length), low), high))


def light_of(colour: str) -> Floats:
    """A hex colour as linear light, (3,)."""
    return np.asarray(srgb_decode(parse_hex(colour)), float)
