"""A page that draws pictures live with WebGL2: one file, which asks nothing of any network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

import numpy as np

import cppnart
from cppnart.fields.glsl import HEADER
from cppnart.fields.program import Floats
from cppnart.render.export.loop import Loop
from cppnart.render.export.shader import sampled_function
from cppnart.render.export.still import look_of, name_of, stem_of, view_of
from cppnart.render.prepare import Prepared
from cppnart.render.recipe import recipe_text

# The noise is Jorge Jimenez's, "Next generation post processing in Call of Duty" (2014): its mean
# over any 3 x 3 pixels is nearly even.
_FRAGMENT = """
{header}
uniform vec2 Origin, Right, Up;
uniform float Pixel, Dither;
uniform int Samples;
{uniforms}
out vec4 Colour;
{sampled}
void main() {{
  Colour = cppn(gl_FragCoord.xy, Origin, Right, Up, Pixel, Samples{arguments});
  float Noise = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
  Colour.rgb += Dither * (Noise - 0.5) / 255.0;
}}
""".strip()


def page(pictures: Iterable[Prepared], loop: Loop) -> str:
    """The text of a page that shows pictures, one at a time, each going round a loop.

    pictures: prepared with ``moving``; each is asked for when the one before is done. Raises
    ValueError for one that is too large for a shader.
    """
    tables: dict[str, dict[str, Any]] = {}
    entries, recipes = [], []
    for prepared in pictures:
        entries.append(entry(prepared, loop, tables))
        recipes.append(prepared.recipe)
    first = entries[0]
    data = {
        "seconds": loop.duration,
        "turns": loop.turns,
        "tables": tables,
        "pictures": entries,
    }
    parts = {
        "title": html.escape(first["name"]),
        "description": html.escape(f"{first['name']}: {first['look']}"),
        "version": html.escape(cppnart.__version__),
        "recipe": _in_script(json.loads(recipe_text(recipes[0]))),
        "data": _in_script(data),
    }
    template = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    # in one pass, so that nothing that was put in is taken for a place to put more
    return re.sub(r"@@(\w+)@@", lambda found: parts[found[1]], template)


def entry(prepared: Prepared, loop: Loop, tables: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """One picture, prepared with ``moving``, as the page's script reads it; adds its tables to
    those of all. Raises ValueError for one that is too large for a shader."""
    recipe, program = prepared.recipe, prepared.picture.program()
    sizes, samples = dict(program.inputs), prepared.settings().samples
    uniforms = {"Z": f"Z[{sizes['z']}]"} if "z" in sizes else {}
    uniforms |= {"T": "T"} if "t" in sizes else {}
    sampled = sampled_function(program, samples)
    shader = _FRAGMENT.format(
        header=HEADER.strip(),
        uniforms="\n".join(f"uniform float {declared};" for declared in uniforms.values()),
        sampled=sampled.source,
        arguments="".join(f", {name}" for name in uniforms),
    )
    view, keys = view_of(prepared), loop.keys(prepared)
    return {
        "seed": recipe.seed,
        "name": name_of(prepared),
        "look": look_of(prepared),
        "file": stem_of(prepared),
        "shader": shader,
        "tables": {name: _kept(table, tables) for name, table in sampled.textures.items()},
        "keys": None if keys is None else keys.tolist(),
        "time": recipe.time if "t" in sizes else None,
        "view": {"center": view.center, "zoom": view.zoom, "rotate": view.rotate},
        "samples": samples,
        "dither": recipe.dither,
        "transparent": "alpha" in program.output_names,
        "ground": prepared.palette.paper if "alpha" in program.output_names else None,
    }


def _kept(table: Floats, tables: dict[str, dict[str, Any]]) -> str:
    """Keeps a texture (H, W, 4) once, without channels of nothing but zeros; its name there."""
    channels = max((c + 1 for c in range(4) if table[..., c].any()), default=1)
    numbers = np.ascontiguousarray(table[..., :channels], "<f4").tobytes()
    key = f"{hashlib.sha256(numbers).hexdigest()[:16]}-{channels}"
    tables[key] = {
        "width": table.shape[1],
        "height": table.shape[0],
        "channels": channels,
        "numbers": base64.b64encode(numbers).decode(),
    }
    return key


def _in_script(value: Any) -> str:
    """JSON that cannot end the script element that it stands in."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
