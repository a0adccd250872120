"""Light on the field's value taken as a height."""

from __future__ import annotations

import numpy as np

from cppnart.fields.program import Values
from cppnart.render.finishes.surface import Floats, Surface


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.sqrt(vector @ vector))


TOWARDS_LIGHT = _unit(np.array([-0.5, -0.62, 0.6]))
"""From the picture to its light: left, up, and out towards the eye."""
HALFWAY = _unit(TOWARDS_LIGHT + np.array([0, 0, 1]))
"""Between the light and the eye: where a surface faces that mirrors one into the other."""


class Shape:
    """The surface whose height is ``height`` times the value, in units of length.

    slopes (2,): its slopes; up: the outward part of its unit normal, 1 where it is flat.
    """

    def __init__(self, s: Surface, height: float) -> None:
        self.s = s
        self.slopes = s.b.map(s.slope, scale=height)
        squares = s.b.map(self.slopes, "square")
        self.up = s.b.affine(squares, [[1, 1]], 1.0, "rsqrt")

    def facing(self, direction: Floats) -> Values:
        """The cosine between the surface's normal and a direction."""
        tilt = self.s.b.affine(self.slopes, [[-direction[0], -direction[1]]], direction[2])
        return self.s.times(tilt, self.up)


def mean_height(s: Surface, slope: float, most: float = 1.6) -> float:
    """The height that gives the surface this slope on average."""
    return min(slope / max(s.steepness, 1e-6), most)


def exposed(s: Surface, colour: Values, shadow: Values, lift: Values) -> Values:
    """A colour in shadow (a factor up to 1) and under light (lift, 0 or more).

    Light brightens as c (1 + lift) / (1 + lift c): black and white stay, nothing clips.
    """
    dim = s.times(colour, shadow)
    over = s.apply("reciprocal", s.times(dim, lift), 1, 1)
    return s.times(s.sum((1, dim), (1, s.times(dim, lift))), over)


def shine(s: Surface, colour: Values, amount: Values, tint: Floats | None = None) -> Values:
    """A colour with a highlight laid over it: amount in [0, 1]."""
    return s.mix(colour, np.ones(3) if tint is None else tint, amount)
