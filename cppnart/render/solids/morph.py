"""Films between members of a family of shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cppnart.fields.shapes.solid import SolidField
from cppnart.render.motion.paths import along, segment

from .camera import Camera
from .studio import Studio

if TYPE_CHECKING:
    from cppnart.fields.families.family import ShapeFamily


class Morph:
    """What each frame of a film shows that goes from member to member, and back to the first.

    members: names, two or more. studio: makes one of a solid. camera: has a room's solid in the
    picture. All frames are seen from as far, and the shapes stand on one floor.
    """

    def __init__(
        self,
        family: ShapeFamily,
        members: Sequence[str],
        studio: Callable[[SolidField], Studio],
        camera: Callable[[Studio], Camera],
        threshold: float | None = None,
    ) -> None:
        if len(members) < 2:
            raise ValueError(
                f"between {', '.join(members) or 'none'}: expected two members or more"
            )
        self._family, self._studio, self._threshold = family, studio, threshold
        self._codes = [family.code(member) for member in members]
        ends = [studio(family.decode(code, threshold)) for code in self._codes]
        self._camera = max((camera(end) for end in ends), key=lambda found: found.distance)
        self._half = max(float(end.room.high[1] - end.room.low[1]) for end in ends) / 2

    def solid(self, u: float) -> SolidField:
        """At a moment of the film, which has period 1; the members at even distances."""
        number, share = segment(u, len(self._codes), True, "smooth")
        code = along(self._codes, number, share, "line", True)
        return self._family.decode(code, self._threshold)

    def shot(self, u: float) -> tuple[Studio, Camera]:
        studio = self._studio(self.solid(u))
        height = float(studio.room.low[1]) + self._half
        return studio, replace(self._camera, target=(0.0, height, 0.0))
