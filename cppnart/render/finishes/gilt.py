"""Gilt: gold leaf laid in bands over lacquer."""

from __future__ import annotations

import numpy as np

from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.light import Shape, mean_height
from cppnart.render.finishes.lines import line_width, lines, stripes
from cppnart.render.finishes.metal import room
from cppnart.render.finishes.noise import noise
from cppnart.render.finishes.relief import modelled
from cppnart.render.finishes.surface import Surface, light_of

GOLD = light_of("#d9a441")
PALE_GOLD = light_of("#ffe9ae")


def paint(s: Surface, strength: float) -> None:
    shape = Shape(s, mean_height(s, 0.7))
    lacquer = modelled(s, shape, 1.2, 0.9)
    lacquer = s.times(lacquer, s.b.map(lacquer, scale=0.35, shift=0.5))

    up = s.times(s.along([0.42, 0.62], shape.slopes), shape.up)
    leaf = noise(s, "leaf", 4, blur=1.0)
    seen = s.b.grid(s.of("identity", (0.62, up), (0.02, leaf), bias=0.58), room(), (len(room()),))
    gold = s.b.affine(seen[0:1], np.stack([0.75 * GOLD], 1), 0.12 * GOLD)
    gold = s.sum((1, gold), (1, s.b.affine(seen[1:], PALE_GOLD[:, None])))

    n = s.bands(1 / 7, 3, 7)
    phase, per_length = s.apply("identity", s.height, n), s.apply("identity", s.steep, n)
    rate = s.times(per_length, s.pixel)
    share = s.b.constant(0.22 * min(strength, 2.0))
    broad = stripes(s, phase, rate, share)
    fine = lines(s, s.apply("identity", s.height, n, 0.5), per_length, line_width(strength / 330))
    cover = s.of("clamp", (1, broad), (1, fine))
    s.rgb = s.mix(lacquer, gold, cover)


FINISH = Finish("gilt", "Dark lacquer inlaid with bands and threads of gold.", paint, None, True)
