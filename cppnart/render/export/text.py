"""Pictures as GLSL that stands alone: a documented function, or all that shadertoy.com needs."""

from __future__ import annotations

import numpy as np

import cppnart
from cppnart.fields.coordinates import View, geometry
from cppnart.fields.glsl import glsl_function, literal
from cppnart.fields.program import Grid, Program
from cppnart.render.export.loop import Loop, spline_function
from cppnart.render.export.shader import sampled_function
from cppnart.render.export.still import look_of, name_of, pixel_size, standing, view_of
from cppnart.render.prepare import Prepared

TOLERANCE = 1e-3
"""How far a shortened table may be from the whole, as a share of its largest number: a quarter of
a grey level in a palette's lightness."""
LENGTHS = (17, 33, 65, 129, 257, 513)

_FUNCTION = """
// {title}
// Made by cppnart {version}. GLSL ES 3.00, or GLSL 3.30 and later; floats must have 32 bits.
//
// vec4 cppn(vec2 p, float t): the colour at a point, red, green and blue encoded as sRGB, and
// alpha, each in [0, 1].
//   p: the short side of the frame spans [-1, 1]; x runs right, y runs down.
//   t: {time}
// CPPN_PIXEL: how large a pixel is in the units of p, which edges as sharp as a pixel are fitted
//   to. Define it before this text for a picture of another size: 2.0 / its short side in pixels.

#ifndef CPPN_PIXEL
#define CPPN_PIXEL {pixel}
#endif

{field}

vec4 cppn(vec2 p, float t) {{
  vec4 Colour = vec4(0.0, 0.0, 0.0, 1.0);
  cppnField({arguments});
  return Colour;
}}
""".lstrip()
_MOVES = "0 is the picture itself; the motion repeats with period 1."
_STANDS = "not used, as this picture does not move."

_SHADERTOY = """
// {title}
// Made by cppnart {version}. Paste all of this into the Image tab of a new shader.
#define SAMPLES {samples}  // for each pixel: {samples}, or 1, which is faster
#define SECONDS {seconds}  // after which the motion repeats

{functions}

void mainImage(out vec4 fragColor, in vec2 fragCoord) {{
  float Pixel = {short_side} / min(iResolution.x, iResolution.y);
  vec2 Right = Pixel * vec2({right}), Up = Pixel * vec2({up});
  vec2 Origin = vec2({center}) - 0.5 * (iResolution.x * Right + iResolution.y * Up);
{calls}
}}
""".lstrip()


def glsl(prepared: Prepared) -> str:
    """A picture that was prepared with ``moving`` as a function of GLSL, ``vec4 cppn(vec2 p,
    float t)``, that needs nothing beside it. Raises ValueError where it is too large for that."""
    program = thinned(standing(prepared, encoded=True))
    given = {"x": "p.x", "y": "p.y", "t": "t", "pixel": "float(CPPN_PIXEL)"}
    arguments = [given[name] for name in program.input_names]
    arguments += [f"Colour.{name[0]}" for name in program.output_names]
    return _FUNCTION.format(
        title=_comment(f"{name_of(prepared)}: {look_of(prepared)}"),
        version=cppnart.__version__,
        time=_MOVES if "t" in program.input_names else _STANDS,
        pixel=literal(pixel_size(prepared)),
        field=glsl_function(program, "cppnField", textures=False).source,
        arguments=", ".join(arguments),
    )


def shadertoy(prepared: Prepared, loop: Loop) -> str:
    """A picture that was prepared with ``moving`` as the text of a shader of shadertoy.com, which
    goes round a loop. Raises ValueError where it is too large for that."""
    keys = loop.keys(prepared)
    program = thinned(prepared.picture.program())
    samples = prepared.settings().samples
    functions = [sampled_function(program, samples, textures=False).source]
    arguments = ["fragCoord", "Origin", "Right", "Up", "Pixel", "SAMPLES"]
    calls = []
    if keys is not None:
        functions.insert(0, spline_function(keys, "cppnLatent"))
        calls = [f"float Z[{keys.shape[1]}];", "cppnLatent(iTime / SECONDS, Z);"]
        arguments.append("Z")
    if "t" in program.input_names:
        moment = literal(prepared.recipe.time)
        arguments.append(f"{moment} + {literal(loop.turns)} * fract(iTime / SECONDS)")
    calls.append(f"fragColor = cppn({', '.join(arguments)});")
    view = view_of(prepared)
    axes = geometry(2, 2, View(rotate=view.rotate))
    return _SHADERTOY.format(
        title=_comment(f"{name_of(prepared)}: {look_of(prepared)}"),
        version=cppnart.__version__,
        samples=samples,
        seconds=literal(loop.duration),
        functions="\n\n".join(functions),
        short_side=literal(2 / view.zoom),
        right=_pair(axes.right),
        up=_pair((-axes.down[0], -axes.down[1])),
        center=_pair(view.center),
        calls="\n".join(f"  {call}" for call in calls),
    )


def thinned(program: Program) -> Program:
    """The program with tables of one coordinate, palettes above all, as short as TOLERANCE lets
    them be: a text holds them in full."""
    operations = tuple(
        _shortened(operation) if isinstance(operation, Grid) else operation
        for operation in program.operations
    )
    return Program(program.inputs, operations, program.outputs)


def _shortened(grid: Grid) -> Grid:
    if len(grid.sources) > 1 or grid.wrap or grid.smooth or grid.hashed:
        return grid
    place = np.linspace(0, 1, len(grid.table))
    for length in LENGTHS:
        if length >= len(grid.table):
            break
        knots = np.linspace(0, 1, length)
        columns = [np.interp(knots, place, column) for column in grid.table.T]
        guess = np.stack([np.interp(place, knots, column) for column in columns], 1)
        if np.abs(guess - grid.table).max() <= TOLERANCE * np.abs(grid.table).max():
            return Grid(grid.sources, np.stack(columns, 1), (length,))
    return grid


def _pair(numbers: tuple[float, float]) -> str:
    return ", ".join(map(literal, numbers))


def _comment(text: str) -> str:
    """A text that no seed can break out of its line of comment with."""
    return "".join(c if " " <= c <= "~" and c != "\\" else "?" for c in text)
