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
    path = s.of("identity", (-1.8, shape.up), (0.25, s.accent), bias=1.7)
    waves = np.array([4.4, 5.6, 6.9])
    film = s.b.affine(path, waves[:, None], activation="sin")
    lustre = s.apply("clamp", shape.facing(HALFWAY), 1.0, -0.1)
    root = s.b.map(colour, "sqrt", 1, 1e-3)
    milk = s.times(root, s.b.map(root, "sqrt"))  # paler by a power of 3/4: darks stay deep
    veiled = s.mix(colour, milk, s.apply("identity", lustre, 0.8))
    tinted = s.times(veiled, s.b.map(film, scale=0.34, shift=1.0))
    glint = s.apply("exp", shape.facing(HALFWAY), 30, -30)
    s.rgb = shine(s, tinted, s.apply("identity", glint, 0.5))


FINISH = Finish("pearl", "Mother of pearl: colours that shift with the slope.", paint)
