"""Relief: the value as a height, lit from the upper left."""

from __future__ import annotations

from cppnart.fields.program import Values
from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.light import (
    HALFWAY,
    TOWARDS_LIGHT,
    Shape,
    exposed,
    mean_height,
)
from cppnart.render.finishes.surface import Surface


def modelled(s: Surface, shape: Shape, contrast: float, lift: float) -> Values:
    """The colour under diffuse light that leaves flat parts as they are, darker in hollows."""
    flat = TOWARDS_LIGHT[2]
    facing = shape.facing(TOWARDS_LIGHT)
    hollow = s.apply("smoothstep", s.height, 1 / 0.7)
    dark = s.apply("relu", facing, -contrast / flat, contrast)
    shadow = s.apply("lorentz", dark)  # 1 / (1 + dark^2): falls off softly, never to black
    depth = s.apply("identity", hollow, 0.28, 0.72)
    lit = s.apply("relu", facing, lift / (1 - flat), -lift * flat / (1 - flat))
    return exposed(s, s.rgb, s.times(shadow, depth), lit)


def pale(s: Surface, colour: Values) -> Values:
    """What a highlight adds: white, in the tone of the colour, less where it is light already."""
    return s.sum((1, s.b.map(s.rgb, "sqrt", 1, 0.12)), (-1, colour))


def paint(s: Surface, strength: float) -> None:
    shape = Shape(s, strength * mean_height(s, 0.75))
    colour = modelled(s, shape, 1.25, 1.3)
    glint = s.apply("exp", shape.facing(HALFWAY), 60, -60)
    s.rgb = s.sum((1, colour), (1, s.times(s.apply("identity", glint, 0.4), pale(s, colour))))


FINISH = Finish("relief", "Lit from the upper left like cast metal or folded cloth.", paint)
