"""A picture as a field of its own: one .safetensors file, which renders to the same picture."""

from __future__ import annotations

import json
import math

from cppnart.fields import files
from cppnart.fields.fold import bind
from cppnart.render.export.still import pixel_size, standing
from cppnart.render.prepare import Prepared
from cppnart.render.recipe import recipe_text


def program(prepared: Prepared) -> bytes:
    """The file of a picture that was prepared with ``moving``.

    Its program has inputs x, y, and t where it moves (0 is the picture itself), and outputs red,
    green, blue, encoded as sRGB, and alpha where it is transparent: what the renderer takes as it
    is. The size of a pixel, which edges as sharp as a pixel are fitted to, is that of the picture,
    and of each sample its share; only a rendering that is exact follows such edges everywhere. The
    note holds the recipe.
    """
    share = pixel_size(prepared) / math.sqrt(prepared.recipe.samples or 1)
    fixed = bind(standing(prepared, encoded=True), pixel=share)
    note = {"recipe": json.loads(recipe_text(prepared.recipe))}
    return files.to_bytes(fixed, note)
