"""Grain: the fine grain of film and of good prints."""

from __future__ import annotations

from cppnart.render.finishes.finish import Finish
from cppnart.render.finishes.noise import noise
from cppnart.render.finishes.surface import Surface


def paint(s: Surface, strength: float) -> None:
    coarse = noise(s, "grain", 6, blur=0.45)
    fine = noise(s, "fine grain", 19, blur=0.45)
    amount = s.sum((0.055 * strength, coarse), (0.05 * strength, fine))
    # strongest in the middle tones, in light as film has it: c + amount * sqrt(c) (1 - c)
    room = s.times(s.b.map(s.rgb, "sqrt"), s.b.map(s.rgb, "clamp", -1, 1))
    s.rgb = s.sum((1, s.rgb), (1, s.times(room, amount)))


FINISH = Finish("grain", "The fine grain of film, as good over any other finish.", paint)
