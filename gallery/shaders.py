"""Shaders of works: what the page needs to draw one live."""

from __future__ import annotations

from typing import Any

from cppnart.render.export.html import entry
from cppnart.render.export.loop import Loop
from cppnart.render.prepare import Prepared

from . import pictures

LOOP = Loop()


def shader_of(prepared: Prepared) -> dict[str, Any]:
    """A picture that was prepared with ``moving``, as the exported page has it: its shader, views
    and latents, and its textures by name. ValueError for one that is too large for a shader."""
    textures: dict[str, dict[str, Any]] = {}
    return {
        **entry(prepared, LOOP, textures),
        "textures": textures,
        "size": pictures.frame_of(prepared),
        "seconds": LOOP.duration,
        "turns": LOOP.turns,
    }
