"""Programs as shaders: GLSL ES 3.00, which WebGL2 and OpenGL ES 3 run.

Weights become constants in the text, as matrices of up to 4 x 4: compilers turn these into plain
multiply-adds, ten times faster in software than loops that fetch weights. Where they are too many
for a compiler, the larger maps of a program become such loops, over a texture. Units of an affine
map are sorted by activation, so that up to four of them share one call. Sine and cosine are ours:
those of graphics hardware may be off by 2^-11 (Vulkan's bound; Chromium's software renderer by
2e-4). Names of a program are lower-case, so every name of ours has a capital letter, and none can
meet another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product as corners_of
from typing import cast

import numpy as np
from numpy.typing import NDArray

from . import activations, fold
from .program import HASH_PRIMES, Affine, Floats, Grid, Operation, Product, Program

MAX_BAKED, MAX_BAKED_ALONE = 1 << 14, 1 << 15
"""Weights in a shader's text, and in one that stands alone. Chromium's software renderer compiles
10,000 in 2 s, 20,000 in 6 s, 28,000 in 12 s, 50,000 in 30 s, and does not survive 110,000."""
MAX_FETCHED = 1 << 20
"""Weights in a texture: each is fetched for every pixel."""
SMALL_MAP = 1 << 10
"""Maps of fewer weights than this are always in the text."""
SMALL_TABLE, SMALL_TABLE_ALONE = 64, 1024
"""Grids of at most this many texels are arrays in the text, larger ones textures; in a text that
stands alone larger ones are packed."""
MAX_PACKED = 5 << 14
"""Numbers of packed grids: 8 bits each, so 80 KiB of constants."""
TEXTURE_WIDTH = 2048
TEXTURE_HEIGHT = 4096

HEADER = (
    "#version 300 es\nprecision highp float;\nprecision highp int;\nprecision highp sampler2D;\n"
)
_COMPONENTS = "xyzw"
# The polynomials of kernel_math.py: x less the nearest multiple of pi, for the cosine the nearest
# odd multiple of pi / 2, taken off in three parts.
_SINES = """
float {name}Reduced(float x, float h) {{
  float R = ((x - h * 3.140625) - h * 9.67502594e-4) - h * 1.509958e-7;
  float S = R * R;
  float P = ((2.5979631e-6 * S - 1.98055948e-4) * S + 8.3330023e-3) * S - 0.166666565;
  return R + R * S * P;
}}
float {name}Sin(float x) {{
  float K = floor(x * 0.318309886 + 0.5);
  return {name}Reduced(x, K) * (1.0 - 4.0 * fract(0.5 * K));
}}
float {name}Cos(float x) {{
  float K = floor(x * 0.318309886);
  return {name}Reduced(x, K + 0.5) * (4.0 * fract(0.5 * K) - 1.0);
}}
""".strip()
_TAKEN = frozenset(
    re.findall(
        r"\w+",
        """
    const uniform layout centroid flat smooth break continue do for while switch case default if
    else in out inout float int void bool true false invariant discard return lowp mediump highp
    precision struct uint attribute varying coherent volatile restrict readonly writeonly resource
    noperspective patch sample subroutine common partition active asm class union enum typedef
    template this goto inline noinline volatile public static extern external interface long short
    double half fixed unsigned superp input output filter sizeof cast namespace using main field
    radians degrees sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh pow exp log exp2
    log2 sqrt inversesqrt abs sign floor trunc round ceil fract mod modf min max clamp mix step
    smoothstep isnan isinf length distance dot cross normalize faceforward reflect refract
    transpose determinant inverse any all not equal texture shared buffer
        """,
    )
)


@dataclass(frozen=True)
class Shader:
    """GLSL text and what it needs beside it.

    textures: by the name of their sampler2D uniform, (H, W, 4) float32, row 0 first: to be
    uploaded as RGBA32F with nearest filters (they are read by texelFetch).
    uniforms: inputs that are uniforms of the shader: input name to uniform name.
    """

    source: str
    textures: dict[str, Floats] = field(default_factory=dict)
    uniforms: dict[str, str] = field(default_factory=dict)


def glsl_function(program: Program, name: str = "field", *, textures: bool = True) -> Shader:
    """The program as a function, with the functions and tables that it uses before it.

    ``void field(in float x, in float z[8], ..., out float value, ...)``: first the inputs, then
    the outputs, under their own names, or ``In_name`` and ``Out_name`` where GLSL would not take
    those. Needs highp floats.

    Without ``textures`` the text stands alone: larger grids are rounded to 8 bits of their range.
    Raises ValueError for a program that is too large for a shader, or for such a text.
    """
    if not re.fullmatch(r"[a-z][a-zA-Z0-9]{0,31}", name) or name in _TAKEN - {"field"}:
        raise ValueError(f"{name!r} cannot name a GLSL function")
    return _Writer(program, name, textures).shader()


def _count(operation: Operation) -> int:
    return int(np.count_nonzero(operation.weight)) if isinstance(operation, Affine) else 0


def fragment_shader(
    program: Program, outputs: Sequence[str] | None = None, *, encode: bool = True
) -> Shader:
    """A whole WebGL2 fragment shader that paints the program over the viewport.

    ``outputs``: one name for grey, three for red, green, blue, four with alpha (straight); all of
    the program's when None. With ``encode`` the colours are linear and the shader encodes them as
    sRGB; without, it writes the numbers as they are.

    The uniform ``Resolution`` is the viewport in pixels; inputs x and y follow the project's
    convention (the short side spans [-1, 1], y runs down) and ``pixel`` is the size of a pixel in
    these units. Any other input is a uniform named in ``uniforms``: a float, or an array of them.
    """
    names = program.output_names if outputs is None else tuple(outputs)
    if len(names) not in (1, 3, 4):
        raise ValueError(f"outputs {', '.join(names)}: expected 1, 3 or 4 of them")
    program = fold.pruned(program, names)
    function = glsl_function(program)
    given = {"x": "P.x", "y": "-P.y", "pixel": "2.0 / Side"}
    uniforms, arguments = {}, []
    for name, width in program.inputs:
        if name in given and width == 1:
            arguments.append(given[name])
        else:
            uniforms[name] = "In_" + _without_double_underscores(name)
            arguments.append(uniforms[name])
    results = [f"C{i}" for i in range(len(names))]
    rgb = "vec3(C0)" if len(names) == 1 else "vec3(C0, C1, C2)"
    lines = [
        HEADER + "uniform vec2 Resolution;",
        *(
            f"uniform float {uniforms[name]}{f'[{width}]' if width > 1 else ''};"
            for name, width in program.inputs
            if name in uniforms
        ),
        "out vec4 Colour;",
        function.source,
        *([srgb_function("Encoded")] if encode else []),
        "void main() {",
        "  float Side = min(Resolution.x, Resolution.y);",
        "  vec2 P = (2.0 * gl_FragCoord.xy - Resolution) / Side;",
        f"  float {', '.join(results)};",
        f"  field({', '.join([*arguments, *results])});",
        f"  vec3 Rgb = {'Encoded' if encode else ''}({rgb});",
    ]
    alpha = "C3" if len(names) == 4 else "1.0"
    lines += [f"  Colour = clamp(vec4(Rgb, {alpha}), 0.0, 1.0);", "}", ""]
    return Shader("\n".join(lines), function.textures, uniforms)


def srgb_function(name: str) -> str:
    """A function of GLSL, vec3 to vec3: linear light, clipped and encoded as sRGB."""
    return f"""
vec3 {name}(vec3 Light) {{
  vec3 Shown = clamp(Light, 0.0, 1.0);
  vec3 Curve = 1.055 * pow(max(Shown, 0.0031308), vec3(0.4166666667)) - 0.055;
  return mix(12.92 * Shown, Curve, step(0.0031308, Shown));
}}
""".strip()


def literal(number: float | np.floating) -> str:
    """A float32 as GLSL: the shortest decimal that reads back as it, with a point or exponent."""
    text = str(np.float32(number))
    return text if "." in text or "e" in text else text + ".0"


def _without_double_underscores(name: str) -> str:
    """GLSL keeps these to itself."""
    return re.sub("_(?=_)", "_U", name)


def _vector(size: int) -> str:
    return "float" if size == 1 else f"vec{size}"


def _constant(numbers: NDArray[np.floating]) -> str:
    """A vector, or a matrix of its columns, out of numbers (rows,) or (rows, columns)."""
    rows = len(numbers)
    columns = 1 if numbers.ndim == 1 else numbers.shape[1]
    texts = [literal(number) for number in numbers.T.ravel()]
    if len(texts) == 1:
        return texts[0]
    if rows == 1 or columns == 1:
        kind = f"vec{len(texts)}"
    else:
        kind = f"mat{rows}" if rows == columns else f"mat{columns}x{rows}"
    return f"{kind}({', '.join(texts)})"


@dataclass(frozen=True)
class _Place:
    """Where a value lies: a component of a variable of this many."""

    variable: str
    component: int = 0
    size: int = 1

    def __str__(self) -> str:
        return self.variable if self.size == 1 else f"{self.variable}.{_COMPONENTS[self.component]}"


class _Fetched:
    """The weights in a shader's texture, by fours; equal blocks are kept once."""

    def __init__(self) -> None:
        self.parts: list[Floats] = []
        self.texels = 0
        self._places: dict[bytes, int] = {}

    def add(self, numbers: Floats) -> int:
        """The texel at which these numbers begin."""
        block = np.ascontiguousarray(numbers).reshape(-1, 4)
        key = block.tobytes()
        if key not in self._places:
            self._places[key] = self.texels
            self.parts.append(block)
            self.texels += len(block)
        return self._places[key]


def _image(texels: Floats) -> Floats:
    """Texels (n, 4) in rows of TEXTURE_WIDTH, or in one if they are fewer: (H, W, 4)."""
    width = min(len(texels), TEXTURE_WIDTH)
    height = -(-len(texels) // width)
    image = np.zeros((height * width, 4), np.float32)
    image[: len(texels)] = texels
    return image.reshape(height, width, 4)


def _merged(operation: Affine) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """What an affine map reads, and its weights: a value that is read twice is read once, with
    both weights."""
    reads, inverse = np.unique(operation.sources, return_inverse=True)
    weight = np.zeros((operation.size, len(reads)))
    np.add.at(weight.T, inverse, operation.weight.T)
    return reads, weight


class _Writer:
    """Writes one function."""

    def __init__(self, program: Program, name: str, textures: bool) -> None:
        self.program = program
        self.name = name
        self.alone = not textures
        self.places: list[_Place] = []
        self.body: list[str] = []
        self.tables: list[str] = []
        self.textures: dict[str, Floats] = {}
        self.packed = 0
        self.fetched = _Fetched()
        self.calls: dict[str, set[int]] = {}  # activation -> sizes of vectors it is called with

    def shader(self) -> Shader:
        parameters = []
        for name, width in self.program.inputs:
            safe = self._safe(name, "In")
            parameters.append(f"in float {safe}{f'[{width}]' if width > 1 else ''}")
            self.places += [_Place(f"{safe}[{i}]" if width > 1 else safe) for i in range(width)]
        looped = self._looped()
        for number, operation in enumerate(self.program.operations):
            if number in looped:
                self._loops(cast(Affine, operation), number)
            elif isinstance(operation, Affine):
                self._affine(operation, number)
            elif isinstance(operation, Product):
                self._product(operation, number)
            else:
                self._grid(operation, number)
        inputs = set(self.program.input_names)
        for name, value in self.program.outputs:
            safe = self._safe(name, "Out") if name not in inputs else self._prefixed(name, "Out")
            parameters.append(f"out float {safe}")
            self.body.append(f"{safe} = {self.places[value]};")
        if self.fetched.texels:
            self._fetching()
        source = [
            *self._activation_functions(),
            *self.tables,
            f"void {self.name}({', '.join(parameters)}) {{",
            *(f"  {line}" for line in self.body),
            "}",
        ]
        return Shader("\n".join(source), self.textures)

    def _safe(self, name: str, prefix: str) -> str:
        reserved = name in _TAKEN or name == self.name or name.startswith(("gl_", "webgl_"))
        sized = re.fullmatch(r"[biudh]?(vec|mat)\d.*|[iu]?(sampler|image)\d?.*", name)
        if reserved or sized or "__" in name:
            return self._prefixed(name, prefix)
        return name

    def _prefixed(self, name: str, prefix: str) -> str:
        return f"{prefix}_{_without_double_underscores(name)}"

    def _activation_functions(self) -> list[str]:
        forms = {name: self._without_built_in_sines(name) for name in self.calls}
        lines = []
        if any(form != activations.get(name).glsl for name, form in forms.items()):
            lines += _SINES.format(name=self.name).splitlines()
        for name, sizes in self.calls.items():
            function = f"{self.name}F_{name}"
            lines.append(f"float {function}(float x) {{ return {forms[name]}; }}")
            for size in sorted(sizes - {1}):
                each = ", ".join(f"{function}(x.{_COMPONENTS[i]})" for i in range(size))
                lines.append(f"vec{size} {function}(vec{size} x) {{ return vec{size}({each}); }}")
        return lines

    def _without_built_in_sines(self, activation: str) -> str:
        form = activations.get(activation).glsl
        return re.sub(r"\b(sin|cos)\(", lambda match: f"{self.name}{match[1].capitalize()}(", form)

    def _declare(self, variable: str, values: Sequence[int], expression: str) -> None:
        """A variable whose components are these values."""
        self.body.append(f"{_vector(len(values))} {variable} = {expression};")
        for component, value in enumerate(values):
            self.places[value] = _Place(variable, component, len(values))

    def _extend(self, count: int) -> int:
        first = len(self.places)
        self.places += [_Place("")] * count
        return first

    def _gathered(self, values: Sequence[int]) -> str:
        """Up to four values as one vector."""
        places = [self.places[value] for value in values]
        if len(places) == 1:
            return str(places[0])
        first = places[0]
        if first.size > 1 and all(place.variable == first.variable for place in places):
            components = [place.component for place in places]
            if components == list(range(first.size)):
                return first.variable
            return first.variable + "." + "".join(_COMPONENTS[c] for c in components)
        return f"vec{len(places)}({', '.join(map(str, places))})"

    def _looped(self) -> set[int]:
        """The numbers of the maps whose weights are fetched in loops: none where all fit the
        text."""
        counts = {number: _count(op) for number, op in enumerate(self.program.operations)}
        total = sum(counts.values())
        if total <= (MAX_BAKED_ALONE if self.alone else MAX_BAKED):
            return set()
        if self.alone:
            raise ValueError(
                f"a program of {total} weights: a shader without textures takes at most "
                f"{MAX_BAKED_ALONE}"
            )
        looped = {number for number, count in counts.items() if count >= SMALL_MAP}
        if sum(counts[number] for number in counts.keys() - looped) > MAX_BAKED:
            raise ValueError(
                f"a program of {total} weights, most of them in small maps: a shader takes at most"
                f" {MAX_BAKED} such"
            )
        return looped

    def _loops(self, operation: Affine, number: int) -> None:
        """An affine map as loops over weights in a texture: arrays of vectors take the place of
        variables."""
        reads, weight = _merged(operation)
        quartets = self._quartets(reads, np.arange(len(reads)))
        given = self._array(number, [[int(reads[c]) for c in columns] for columns in quartets])
        names = np.array(operation.activations)
        runs = {name: np.flatnonzero(names == name) for name in dict.fromkeys(names.tolist())}
        # units by activation, each run filled up to whole vectors with what is read by nobody
        order = np.concatenate(
            [np.pad(units, (0, -len(units) % 4), constant_values=-1) for units in runs.values()]
        )
        rows, columns = len(order) // 4, len(quartets)
        full = np.zeros((len(order), 4 * columns), np.float32)
        own = order >= 0
        full[own, : len(reads)] = weight[order[own]][:, np.concatenate(quartets)]
        bias = np.zeros(len(order), np.float32)
        bias[own] = operation.bias[order[own]]
        blocks = full.reshape(rows, 4, columns, 4).transpose(0, 2, 3, 1)
        at, at_bias = self.fetched.add(blocks), self.fetched.add(bias)

        array, fetch = f"A{number}", f"{self.name}Weight"
        terms = [f"V.{c} * {fetch}(E + {i})" for i, c in enumerate(_COMPONENTS)]
        self.body += [
            f"vec4 {array}[{rows}];",
            f"for (int I = 0; I < {rows}; I++) {{",
            f"  vec4 S = {fetch}({at_bias} + I);",
            f"  for (int J = 0; J < {columns}; J++) {{",
            f"    vec4 V = {given}[J];",
            f"    int E = {at} + 4 * ({columns} * I + J);",
            f"    S += {' + '.join(terms)};",
            "  }",
            f"  {array}[I] = S;",
            "}",
        ]
        begin = 0
        for name, units in runs.items():
            end = begin + -(-len(units) // 4)
            if name != "identity":
                self.calls.setdefault(name, set()).add(4)
                call = f"{array}[I] = {self.name}F_{name}({array}[I]);"
                self.body.append(f"for (int I = {begin}; I < {end}; I++) {call}")
            begin = end
        first = self._extend(operation.size)
        for place in np.flatnonzero(own):
            self.places[first + order[place]] = _Place(f"{array}[{place // 4}]", int(place % 4), 4)

    def _array(self, number: int, quartets: Sequence[Sequence[int]]) -> str:
        """The name of an array of these values by fours, made where there is none."""
        vectors = [self._gathered(values) for values in quartets]
        filled = [
            vector if len(values) == 4 else f"vec4({vector}{', 0.0' * (4 - len(values))})"
            for vector, values in zip(vectors, quartets, strict=True)
        ]
        array = filled[0].partition("[")[0]
        whole = f"vec4 {array}[{len(filled)}];"
        if whole in self.body and filled == [f"{array}[{i}]" for i in range(len(filled))]:
            return array
        made = f"X{number}"
        self.body.append(f"vec4 {made}[{len(filled)}] = vec4[{len(filled)}]({', '.join(filled)});")
        return made

    def _fetching(self) -> None:
        """Declares the texture of weights, and what reads it."""
        name = f"{self.name}Weights"
        if 4 * self.fetched.texels > MAX_FETCHED:
            raise ValueError(
                f"a program of {4 * self.fetched.texels} different weights: a shader takes at most"
                f" {MAX_FETCHED}"
            )
        self.textures[name] = _image(np.concatenate(self.fetched.parts))
        place = f"ivec2(E % {TEXTURE_WIDTH}, E / {TEXTURE_WIDTH})"
        self.tables += [
            f"uniform highp sampler2D {name};",
            f"vec4 {self.name}Weight(int E) {{ return texelFetch({name}, {place}, 0); }}",
        ]

    def _affine(self, operation: Affine, number: int) -> None:
        reads, weight = _merged(operation)
        first = self._extend(operation.size)
        names = np.array(operation.activations)
        part = 0
        for name in dict.fromkeys(operation.activations):
            alike = np.flatnonzero(names == name)
            for start in range(0, len(alike), 4):
                units = alike[start : start + 4]
                variable = f"A{number}_{part}"
                part += 1
                self._declare(variable, list(first + units), _constant(operation.bias[units]))
                used = np.flatnonzero(weight[units].any(0))
                for columns in self._quartets(reads, used):
                    term = self._term(weight[units][:, columns], [int(reads[c]) for c in columns])
                    self.body.append(f"{variable} += {term};")
                if name != "identity":
                    self.calls.setdefault(name, set()).add(len(units))
                    self.body.append(f"{variable} = {self.name}F_{name}({variable});")

    def _quartets(self, reads: NDArray[np.int64], used: NDArray[np.int64]) -> list[list[int]]:
        """The columns in use by fours: whole variables as they are, then whatever is left."""
        of_variable: dict[str, list[int]] = {}
        for column in used:
            of_variable.setdefault(self.places[reads[column]].variable, []).append(int(column))
        whole, rest = [], []
        for columns in of_variable.values():
            if len(columns) == 4:
                whole.append(sorted(columns, key=lambda c: self.places[reads[c]].component))
            else:
                rest += columns
        return whole + [rest[i : i + 4] for i in range(0, len(rest), 4)]

    def _term(self, weight: NDArray[np.float64], values: Sequence[int]) -> str:
        """A block of weights (units, values) times those values."""
        vector = self._gathered(values)
        if len(weight) == 1 and len(values) > 1:
            return f"dot({_constant(weight)}, {vector})"
        return f"{_constant(weight)} * {vector}"

    def _product(self, operation: Product, number: int) -> None:
        first = self._extend(operation.size)
        for start in range(0, operation.size, 4):
            left = operation.left[start : start + 4].tolist()
            right = operation.right[start : start + 4].tolist()
            made = list(range(first + start, first + start + len(left)))
            expression = f"{self._gathered(left)} * {self._gathered(right)}"
            self._declare(f"M{number}_{start // 4}", made, expression)

    def _grid(self, operation: Grid, number: int) -> None:
        """A function for the look-up, and a call of it."""
        table = f"{self.name}Table{number}"
        sizes = [min(4, operation.size - start) for start in range(0, operation.size, 4)]
        read = self._table(operation, table, len(sizes))
        axes = range(len(operation.sources))
        parameters = [f"float U{a}" for a in axes]
        parameters += [f"out {_vector(size)} R{i}" for i, size in enumerate(sizes)]
        lines = [f"void {self.name}Grid{number}({', '.join(parameters)}) {{"]
        for a, n in enumerate(operation.resolution):
            if operation.wrap:
                lines.append(f"  float P{a} = fract(U{a}) * {literal(n)};")
                lines.append(f"  int L{a} = clamp(int(P{a}), 0, {n - 1});")
                lines.append(f"  int H{a} = L{a} == {n - 1} ? 0 : L{a} + 1;")
            else:
                lines.append(f"  float P{a} = clamp(U{a}, 0.0, 1.0) * {literal(n - 1)};")
                lines.append(f"  int L{a} = clamp(int(P{a}), 0, {n - 2});")
                lines.append(f"  int H{a} = L{a} + 1;")
            lines.append(f"  float S{a} = P{a} - float(L{a});")
            if operation.smooth:
                lines.append(f"  S{a} = S{a} * S{a} * (3.0 - 2.0 * S{a});")
        lines += [f"  R{i} = {_vector(size)}(0.0);" for i, size in enumerate(sizes)]
        lines.append("  float W; int E;")
        for corner in corners_of((0, 1), repeat=len(axes)):
            weight = " * ".join(f"S{a}" if far else f"(1.0 - S{a})" for a, far in enumerate(corner))
            lines.append(f"  W = {weight};")
            lines.append(f"  E = {self._entry(operation, ['LH'[far] for far in corner])};")
            lines += [f"  R{i} += W * {read(i, size)};" for i, size in enumerate(sizes)]
        lines.append("}")
        self.tables += lines

        first = self._extend(operation.size)
        results = []
        for i, size in enumerate(sizes):
            results.append(f"G{number}_{i}")
            self.body.append(f"{_vector(size)} {results[-1]};")
            for component in range(size):
                self.places[first + 4 * i + component] = _Place(results[-1], component, size)
        arguments = [str(self.places[source]) for source in operation.sources]
        self.body.append(f"{self.name}Grid{number}({', '.join(arguments + results)});")

    def _table(self, operation: Grid, name: str, texels: int) -> Callable[[int, int], str]:
        """Declares the table, ``texels`` for each entry; gives what reads, of entry E, the first
        components of one of its texels."""
        rows, channels = operation.table.shape
        flat = np.zeros((rows, 4 * texels), np.float32)
        flat[:, :channels] = operation.table
        flat = flat.reshape(-1, 4)
        small = len(flat) <= (SMALL_TABLE_ALONE if self.alone else SMALL_TABLE)
        if self.alone and not small:
            return self._packed_table(operation.table, name)
        if small:
            entries = ", ".join(_constant(entry) for entry in flat)
            self.tables.append(f"const vec4 {name}[{len(flat)}] = vec4[{len(flat)}]({entries});")
            fetch = f"{name}[{{}}]"
        else:
            if len(flat) > TEXTURE_WIDTH * TEXTURE_HEIGHT:
                raise ValueError(
                    f"a grid of {rows} entries of {channels}: a texture of {TEXTURE_WIDTH} x "
                    f"{TEXTURE_HEIGHT} cannot hold it"
                )
            self.textures[name] = _image(flat)
            width = self.textures[name].shape[1]
            self.tables.append(f"uniform highp sampler2D {name};")
            fetch = f"texelFetch({name}, ivec2(({{0}}) % {width}, ({{0}}) / {width}), 0)"

        def read(texel: int, size: int) -> str:
            entry = f"E * {texels} + {texel}" if texels > 1 else "E"
            return f"{fetch.format(entry)}.{_COMPONENTS[:size]}"

        return read

    def _packed_table(self, table: Floats, name: str) -> Callable[[int, int], str]:
        """The same for a table whose numbers are rounded to 8 bits of its range, 16 of them to a
        vector: compilers give every entry of a constant array the room of a vector."""
        self.packed += table.size
        if self.packed > MAX_PACKED:
            raise ValueError(
                f"grids of {self.packed} numbers: a shader without textures takes at most "
                f"{MAX_PACKED}"
            )
        low, high = float(table.min()), float(table.max())
        step = max(high - low, 1e-30) / 255
        levels = np.rint((table.astype(np.float64).ravel() - low) / step).astype(np.uint8)
        words = np.pad(levels, (0, -len(levels) % 16)).view("<u4").reshape(-1, 4)
        entries = ", ".join(f"uvec4({', '.join(f'{w}u' for w in word)})" for word in words)
        self.tables += [
            f"const uvec4 {name}[{len(words)}] = uvec4[{len(words)}]({entries});",
            f"float {name}At(int K) {{",
            f"  uint W = {name}[K >> 4][(K >> 2) & 3];",
            f"  return {literal(low)} + {literal(step)} * float((W >> (8 * (K & 3))) & 255u);",
            "}",
        ]
        channels = table.shape[1]

        def read(texel: int, size: int) -> str:
            first = 4 * texel
            numbers = [f"{name}At(E * {channels} + {first + i})" for i in range(size)]
            return numbers[0] if size == 1 else f"vec{size}({', '.join(numbers)})"

        return read

    def _entry(self, operation: Grid, corner: Sequence[str]) -> str:
        """The number of the entry at a corner of the cell, as GLSL."""
        if operation.hashed:
            terms = [f"uint({c}{a}) * {HASH_PRIMES[a]}u" for a, c in enumerate(corner)]
            return f"int(({' ^ '.join(terms)}) & {len(operation.table) - 1}u)"
        index = f"{corner[0]}0"
        for a in range(1, len(corner)):
            index = f"({index}) * {operation.resolution[a]} + {corner[a]}{a}"
        return index
