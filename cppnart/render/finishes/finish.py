"""What a finish is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from cppnart.render.finishes.surface import Surface

Step: TypeAlias = Callable[[Surface, float], None]
"""Works on a surface, with a strength of usually 1."""


@dataclass(frozen=True)
class Finish:
    """A finish: what a picture looks made of, whatever its field and palette.

    prepare: runs before colouring, and may replace value, shade, accent.
    paint: runs after colouring, and replaces rgb.
    edges: whether it has edges as sharp as a pixel along level lines of the value.
    """

    name: str
    description: str
    paint: Step | None = None
    prepare: Step | None = None
    edges: bool = False
