"""The camera of a film: a view for every moment."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cppnart.fields.coordinates import View

Point = tuple[float, float]


@dataclass(frozen=True)
class Camera:
    """A way from one view to another. Zooming goes by equal factors in equal times, about the one
    point of the plane that stays where it is. A closed way goes there and back, except that whole
    turns just go on.
    """

    start: View
    end: View
    closed: bool = False

    def view(self, u: float) -> View:
        """The view at u in [0, 1]; of a closed way, of any u, with period 1."""
        turn = self.end.rotate - self.start.rotate
        if self.closed:
            u -= math.floor(u)
        share = 0.5 - 0.5 * math.cos(2 * math.pi * u) if self.closed else u
        whole_turns = self.closed and turn % 360 == 0
        zoom = self.start.zoom * (self.end.zoom / self.start.zoom) ** share
        return View(
            self._center(zoom, share),
            zoom,
            self.start.rotate + turn * (u if whole_turns else share),
        )

    def _center(self, zoom: float, share: float) -> Point:
        """Between the centres, as the size of the view is between the sizes."""
        (x0, y0), (x1, y1) = self.start.center, self.end.center
        first, last = 1 / self.start.zoom, 1 / self.end.zoom
        if abs(last - first) > 1e-9 * first:
            share = (1 / zoom - first) / (last - first)
        return (x0 + share * (x1 - x0), y0 + share * (y1 - y0))
