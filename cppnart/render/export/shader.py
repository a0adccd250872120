"""What the page and shadertoy.com share: a GLSL function that samples a picture at a pixel."""

from __future__ import annotations

import numpy as np

from cppnart.fields.glsl import Shader, glsl_function, literal, srgb_function
from cppnart.fields.program import Program
from cppnart.render.renderer import sample_offsets

_SAMPLED = """
{field}
{encoded}
const vec2 {name}Offsets[{count}] = vec2[{count}]({offsets});
vec4 {name}(vec2 At, vec2 Origin, vec2 Right, vec2 Up, float Pixel, int Samples{parameters}) {{
  vec4 Sum = vec4(0.0);
  float Share = Pixel / sqrt(float(Samples));
  for (int I = 0; I < Samples; I++) {{
    vec2 Place = At + (Samples > 1 ? {name}Offsets[I] : vec2(0.0));
    vec2 P = Origin + Place.x * Right + Place.y * Up;
    vec3 Light;
    float Alpha = 1.0;
    {name}Field({arguments});
    Alpha = clamp(Alpha, 0.0, 1.0);
    Sum += vec4(clamp(Light, 0.0, 1.0) * Alpha, Alpha);
  }}
  return vec4({name}Encoded(Sum.rgb / max(Sum.a, 1e-6)), Sum.a / float(Samples));
}}
""".strip()


def sampled_function(
    program: Program, samples: int, name: str = "cppn", *, textures: bool = True
) -> Shader:
    """A picture's program as a function that gives the colour of a pixel, as the renderer does.

    ``vec4 cppn(vec2 At, vec2 Origin, vec2 Right, vec2 Up, float Pixel, int Samples, [float z[n],]
    [float t])``: the pixel's centre At; the point at (0, 0), and how the point changes with At, of
    which y runs up; the size of a pixel; 1 sample, or ``samples`` of them, each for its share of
    the pixel, averaged as light. Red, green, blue are encoded as sRGB; alpha is straight. z and t
    are there where the program has them.
    """
    outputs = {"red": "Light.r", "green": "Light.g", "blue": "Light.b", "alpha": "Alpha"}
    inputs = {"x": "P.x", "y": "P.y", "pixel": "Share", "z": "Z", "t": "T"}
    sizes = dict(program.inputs)
    parameters = [f", float Z[{sizes['z']}]"] if "z" in sizes else []
    parameters += [", float T"] if "t" in sizes else []
    arguments = [inputs[n] for n in program.input_names] + [
        outputs[n] for n in program.output_names
    ]
    field = glsl_function(program, f"{name}Field", textures=textures)
    places = sample_offsets(samples) * np.array([1, -1])
    source = _SAMPLED.format(
        name=name,
        field=field.source,
        encoded=srgb_function(f"{name}Encoded"),
        count=samples,
        offsets=", ".join(f"vec2({literal(x)}, {literal(y)})" for x, y in places),
        parameters="".join(parameters),
        arguments=", ".join(arguments),
    )
    return Shader(source, field.textures)
