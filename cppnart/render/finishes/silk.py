"""Silk: threads that shine in bands across the folds."""

from __future__ import annotations

import math

import numpy as np

from cppnart.fields.program import Values
from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.light import HALFWAY, Shape, mean_height
from cppnart.render.finishes.relief import modelled
from cppnart.render.finishes.surface import Surface


def sheen(s: Surface, shape: Shape, angle: float, sharpness: float) -> Values:
    """The shine of threads that run at this angle, as they rise and fall over the surface.

    Kajiya and Kay, "Rendering fur with three dimensional textures" (1989): it is strongest where
    the thread is square to the direction halfway between light and eye.
    """
    run = np.array([math.cos(angle), math.sin(angle)])
    rise = s.along(run, shape.slopes)
    length = s.b.affine(s.apply("square", rise), [[1]], 1.0, "rsqrt")
    across = s.apply("identity", rise, HALFWAY[2], float(run @ HALFWAY[:2]))
    return s.apply("bell", s.times(across, length), sharpness)


def paint(s: Surface, strength: float) -> None:
    shape = Shape(s, strength * mean_height(s, 0.7))
    colour = modelled(s, shape, 1.1, 0.5)
    warp, weft = sheen(s, shape, 0.3, 4.2), sheen(s, shape, 1.5, 5.5)
    amount = s.sum((0.62, warp), (0.34, weft))
    # silk shines in a paler tone of its own colour
    pale = s.b.map(s.b.map(s.rgb, "sqrt", 1, 0.004), scale=0.9)
    s.rgb = s.mix(colour, pale, amount)


FINISH = Finish("silk", "Satin: soft bands of sheen that follow the folds.", paint)
