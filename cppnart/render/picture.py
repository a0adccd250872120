"""A picture: a field and how it is coloured, both as programs.

They are kept apart because a renderer evaluates the field on coarse samples where it is smooth,
and the colour at every pixel. Composed into one program, they serve shaders and torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from cppnart.fields.fold import bind, needed, pruned
from cppnart.fields.numpy_backend import evaluate
from cppnart.fields.program import Builder, Program, Values
from cppnart.fields.tangents import with_tangents
from cppnart.render.colouring import get_mode
from cppnart.render.finishes import parse_finish
from cppnart.render.finishes.surface import Surface
from cppnart.render.palettes import PALETTES, Palette

DEFAULT_PALETTE = "night-gold"
PROBE = 32
"""Points along each side of the frame at which the mean slope of a field is measured."""
DIFFERENCE = 1e-3
"""Half the distance over which a slope is taken where there is no derivative."""
PLACE = ("x", "y", "pixel")
EDGE = ("value", "value_dx", "value_dy")
_COLOURS = (("red", "green", "blue", "alpha"), ("r", "g", "b", "a"))
_LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True, eq=False)
class Picture:
    """A field and its colouring.

    field: inputs x, y and perhaps t and z, which are bound before it is rendered; outputs the
        scalars that the colour reads.
    colour: inputs the field's outputs, in their order, then x, y and pixel (the side, in
        frame coordinates, of the square that a sample stands for: a pixel if there is one sample in
        it, half a pixel if there are four); outputs red, green, blue and perhaps alpha: linear
        sRGB, straight alpha; what lies outside [0, 1] is to be clipped.
    edge: the field outputs (value, its slope in x, in y) along whose level lines the colour has
        edges as sharp as a pixel, or None. Whoever interpolates the field must not displace those
        lines by a visible part of a pixel.
    """

    field: Program
    colour: Program
    edge: tuple[str, str, str] | None = None

    def program(self) -> Program:
        """Field and colour as one program: the field's inputs and pixel to red, green, blue[,
        alpha]."""
        b = Builder(**dict(self.field.inputs), pixel=1)
        place = {name: b[name] for name in PLACE}
        return b.build(**b.include(self.colour, **place, **b.include(self.field)))


def compose(
    field: Program,
    *,
    color: str = "palette",
    palette: Palette | None = None,
    finish: str = "plain",
    transparent: bool = False,
    strength: float = 1.0,
    at: Mapping[str, ArrayLike] | None = None,
) -> Picture:
    """A field's picture in a colour mode, a palette and a finish.

    field: inputs x, y and perhaps others, outputs value, shade, accent and perhaps alpha (what is
        missing counts as a half); or red, green, blue and perhaps alpha (or r, g, b, a), encoded
        in [0, 1]: these are taken as they are, whatever the colour mode.
    color: a name among colouring.MODES. palette: also where finishes take their paper and ink.
    finish: a name among finishes.FINISHES, or several, each over the one before: ``relief+grain``;
        a number after a name is how strong it is: ``relief:1.5+grain:0.5``.
    transparent: keep the field's alpha; otherwise the picture lies on the palette's paper, or on
        the finish's own ground.
    strength: of all finishes, multiplied with their own; from 0 to 3.
    at: what inputs other than x and y are where the field's mean slope is measured; 0 if not given.

    Raises ValueError for unknown names, a strength out of range, a field without such outputs, or
    transparency without alpha.
    """
    mode = get_mode(color)
    layers = parse_finish(finish, strength)
    field, ready = _with_value(field)
    if transparent and "alpha" not in field.output_names:
        raise ValueError(
            "transparent: this field covers the whole picture; expected one with an output alpha"
        )
    names = dict.fromkeys((*field.output_names, *EDGE, *PLACE), 1)
    b = Builder(**names)
    values = {name: b[name] for name in names}
    for name in ("shade", "accent"):
        if name not in field.output_names:
            values[name] = b.constant(0.5)
    sloped = cache(lambda: _with_slopes(field))  # made once, and only if somebody asks
    s = Surface(b, values, palette or PALETTES[DEFAULT_PALETTE], lambda: steepness(sloped(), at))

    for layer, amount in layers:
        if layer.prepare is not None:
            layer.prepare(s, amount)
    if ready:
        s.rgb = b.map([values[name] for name in _COLOURS[0][:3]], "linear")
    else:
        mode.paint(s)
    for layer, amount in layers:
        if layer.paint is not None:
            layer.paint(s, amount)

    if s.alpha is not None and not transparent:
        s.rgb = s.mix(b.map(s.rgb, scale=0, shift=s.ground), s.rgb, s.alpha)
    outputs = dict(zip(_COLOURS[0], s.rgb, strict=False))
    if transparent and s.alpha is not None:
        outputs["alpha"] = s.alpha[0]
    edge = EDGE if any(layer.edges for layer, _ in layers) else None
    return _trimmed(field, sloped, b.build(**outputs), edge)


def steepness(field: Program, at: Mapping[str, ArrayLike] | None = None) -> float:
    """The mean length of the slope of the field's value over the square frame.

    at: the field's other inputs; 0 if not given.

    By the co-area formula, this is also how much length of level lines an area holds, for each
    unit of value.
    """
    side = (np.arange(PROBE) + 0.5) * (2 / PROBE) - 1
    x, y = np.meshgrid(side, side)
    others = {name: (at or {}).get(name, np.zeros(width)) for name, width in field.inputs}
    slopes = pruned(_with_slopes(field), EDGE[1:])
    values = evaluate(slopes, {**others, "x": x.ravel(), "y": y.ravel()})
    return float(np.hypot(*values.T).mean())


def field_for(field: Program, outputs: Sequence[str]) -> Program:
    """The field of a Picture, made of any field: the scalars that a colouring reads."""
    field, _ = _with_value(field)
    return pruned(_with_slopes(field) if set(outputs) & set(EDGE[1:]) else field, outputs)


def _with_value(field: Program) -> tuple[Program, bool]:
    """The field with its outputs under the names used here, and whether it has colours already:
    then its value is their luma."""
    for name in ("x", "y"):
        if dict(field.inputs).get(name) != 1:
            raise ValueError(f"a field for a picture has inputs x and y, not {field.input_names}")
    outputs = dict(field.outputs)
    for spelling in _COLOURS:
        if set(spelling[:3]) <= set(outputs):
            b = Builder(**dict(field.inputs))
            found = b.include(field)
            own = {
                name: found[other]
                for name, other in zip(_COLOURS[0], spelling, strict=True)
                if other in found
            }
            value = b.affine([found[name] for name in spelling[:3]], [_LUMA])
            return b.build(**own, value=value), True
    if "value" not in outputs:
        raise ValueError(
            f"this field has outputs {', '.join(outputs)}: expected value, or red, green, blue"
        )
    return field, False


def _with_slopes(field: Program) -> Program:
    """The field with its value's slopes, value_dx and value_dy.

    Where the value has no derivative as a program (grids have none), differences over a short
    distance take its place.
    """
    if set(EDGE) <= set(field.output_names):
        return field
    try:
        return with_tangents(field, ("value",), ("x", "y"))
    except ValueError:
        return _with_differences(field)


def _with_differences(field: Program) -> Program:
    b = Builder(**dict(field.inputs))
    outputs = dict(b.include(field))
    for axis in ("x", "y"):
        ends = [
            b.include(pruned(field, ("value",)), **{axis: b.map(b[axis], shift=shift)})["value"]
            for shift in (DIFFERENCE, -DIFFERENCE)
        ]
        outputs[f"value_d{axis}"] = b.affine(ends, [[0.5 / DIFFERENCE, -0.5 / DIFFERENCE]])
    return b.build(**outputs)


def _trimmed(
    field: Program,
    sloped: Callable[[], Program],
    colour: Program,
    edge: tuple[str, str, str] | None,
) -> Picture:
    """The picture with what the colour reads of the field, and no more."""
    colour = bind(colour)  # folds its constants
    read = needed(colour, colour.output_values)
    kept = [
        name
        for number, name in enumerate(colour.input_names)
        if (read[number] or name in (edge or ())) and name not in PLACE
    ] or [field.output_names[0]]
    if set(kept) & set(EDGE[1:]):
        field = sloped()
    b = Builder(**dict.fromkeys((*kept, *PLACE), 1))
    nothing: Values = b["x"]  # stands in for inputs that are not read
    unread = {name: nothing for name in colour.input_names if name not in dict(b.inputs)}
    return Picture(pruned(field, kept), b.build(**b.include(colour, **unread)), edge)
