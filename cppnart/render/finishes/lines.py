"""Lines and steps whose edges are as sharp as a pixel, at any size, without sampling."""

from __future__ import annotations

from cppnart.fields.program import Values, joined
from cppnart.render.finishes.surface import SHORT_SIDE, Surface

CROWDED = (0.25, 0.7)
"""Lines per pixel between which lines give way to the grey that they average to."""


def line_width(share: float) -> float:
    """A share of the short side as a length in frame coordinates."""
    return SHORT_SIDE * share


def lines(
    s: Surface, phase: Values, per_length: Values, width: float | Values, most: float = 0.6
) -> Values:
    """How much of a pixel is covered by the lines where the phase is a whole number.

    per_length: how fast the phase grows, per unit of length. width: of a line, in units of length.
    A line thinner than a pixel keeps its true coverage and fades instead; lines closer than
    pixels become their mean. ``most``: the largest share that crowded lines cover.
    """
    share = s.times(s.b.constant(width) if isinstance(width, float) else width, per_length)
    share = s.sum((1, share), (-1, s.apply("relu", share, 1, -most)))
    return stripes(s, phase, s.times(per_length, s.pixel), share)


def stripes(s: Surface, phase: Values, rate: Values, share: Values) -> Values:
    """How much of a pixel is covered by stripes centred where the phase is a whole number.

    rate: how much the phase grows in a pixel; share: of a period that a stripe takes, in [0, 1].
    The coverage is exact for straight stripes seen through a square pixel along them.
    """
    nearest = s.apply("floor", phase, 1, 0.5)
    distance = s.of("abs", (1, phase), (-1, nearest))
    drawn = s.sum((1, share), (1, s.of("relu", (1, rate), (-1, share))))  # at least a pixel
    inside = s.times(s.sum((0.5, drawn), (-1, distance)), s.apply("reciprocal", rate))
    opacity = s.times(share, s.apply("reciprocal", drawn))
    sharp = s.times(s.apply("clamp", inside, 1, 0.5), opacity)
    return s.mix(sharp, share, s.step(rate, *CROWDED))


def steps(s: Surface, phase: Values, rate: Values) -> Values:
    """The phase rounded down, with steps a pixel wide; where a pixel holds whole steps, the phase
    less a half."""
    last = s.apply("floor", phase, 1, -0.5)
    within = s.sum((1, phase), (-1, last), bias=-1)  # 0 at the step
    wide = s.apply("reciprocal", s.sum((1, rate), (-1, s.apply("relu", rate, 1, -1))))
    rise = s.apply("clamp", s.times(within, wide), 1, 0.5)
    return s.sum((1, last), (1, rise))


def parts(s: Surface, phase: Values, rate: Values) -> tuple[Values, Values]:
    """A pixel cut in two by the last step in it: how far the middles of the two pieces are
    between the steps below and above them, (2,) in [0, 1], and the second one's share.

    Whatever jumps at a step is worked out for both pieces and mixed: so the step is antialiased,
    and nothing jumps when it enters or leaves the pixel. Without a step the second piece is all.
    """
    ends = s.b.affine([phase, rate], [[1, -0.5], [1, 0.5]])
    part = s.sum((1, ends), (-1, s.apply("floor", ends)))
    share = s.apply("clamp", s.times(part[1:], s.apply("reciprocal", rate)))
    own = s.times(share, rate)
    first = s.sum((1, part[:1]), (0.5, rate), (-0.5, own))
    return joined([first, s.sum((1, part[1:]), (-0.5, own))]), share


def sharp(s: Surface, signed: Values, per_pixel: Values) -> Values:
    """How much of a pixel lies where ``signed`` is positive, given its growth in a pixel."""
    return s.apply("clamp", s.times(signed, s.apply("reciprocal", per_pixel)), 1, 0.5)
