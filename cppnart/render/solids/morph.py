"""Films between members of a family of shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from cppnart.fields.fold import bind
from cppnart.fields.program import Program
from cppnart.render.motion.paths import along, segment

from .camera import Camera
from .studio import Studio


class Morph:
    """What each frame of a film shows that goes from code to code, and back to the first.

    program: of a family, with the input ``code``. codes: of members, two or more. studio: makes one
    of a program over x, y and z. camera: has a room's solid in the picture. All frames are seen
    from as far, and the shapes stand on one floor.
    """

    def __init__(
        self,
        program: Program,
        codes: Sequence[ArrayLike],
        studio: Callable[[Program], Studio],
        camera: Callable[[Studio], Camera],
    ) -> None:
        self._family, self._studio = program, studio
        self._codes = [np.asarray(code, float) for code in codes]
        ends = [studio(bind(program, code=code)) for code in self._codes]
        self._camera = max((camera(end) for end in ends), key=lambda found: found.distance)
        self._half = max(float(end.room.high[1] - end.room.low[1]) for end in ends) / 2

    def program(self, u: float) -> Program:
        """At a moment of the film, which has period 1; the members at even distances."""
        number, share = segment(u, len(self._codes), True, "smooth")
        return bind(self._family, code=along(self._codes, number, share, "line", True))

    def shot(self, u: float) -> tuple[Studio, Camera]:
        studio = self._studio(self.program(u))
        height = float(studio.room.low[1]) + self._half
        return studio, replace(self._camera, target=(0.0, height, 0.0))
