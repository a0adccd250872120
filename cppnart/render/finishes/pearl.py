"""Pearl: thin layers whose interference colours change with the slope."""

from __future__ import annotations

import numpy as np

from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.light import HALFWAY, Shape, mean_height, shine
from cppnart.render.finishes.relief import modelled
from cppnart.render.finishes.surface import Surface


def paint(s: Surface, strength: float) -> None:
    shape = Shape(s, strength * mean_height(s, 0.7))
    colour = modelled(s, shape, 1.0, 1.0)
    # the path through a film grows as the surface turns away; each colour has its own period
    path = s.of("identity", (1.6, shape.up), (0.9, shape.facing(HALFWAY)), (0.5, s.accent))
    waves = np.array([5.6, 6.6, 7.9])
    film = s.b.affine(path, waves[:, None], [0.0, 0.3, 0.7], "cos")
    film = s.b.map(film, scale=0.34, shift=0.42)
    light = s.apply("identity", s.apply("clamp", shape.facing(HALFWAY)), 0.75)
    veil = s.times(film, light)
    mixed = s.mix(colour, s.sum((0.55, colour), (0.8, veil)), s.b.constant(0.6))
    glint = s.apply("exp", shape.facing(HALFWAY), 40, -40)
    s.rgb = shine(s, mixed, s.apply("identity", glint, 0.4))


FINISH = Finish("pearl", "Mother of pearl: colours that shift with the slope.", paint)
