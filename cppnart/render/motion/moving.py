"""Pictures that change from frame to frame by their inputs, and pictures that cross-fade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from numpy.typing import ArrayLike

from cppnart.fields.fold import bind
from cppnart.fields.parting import Parted, part
from cppnart.fields.program import Builder, Program
from cppnart.render import blocks
from cppnart.render.picture import PLACE, Picture

MIX = "mix"
LIFT = "lift"
Constants = dict[str, ArrayLike]


@dataclass(frozen=True, eq=False)
class Moving:
    """A picture whose field or colouring has inputs besides the place: they are the same all over
    a frame, and change from one to the next."""

    picture: Picture

    def at(self, constants: Constants) -> Picture:
        """The picture with these constants bound; those it does not have are left aside."""
        field, colour = self.picture.field, self.picture.colour
        return replace(
            self.picture,
            field=bind(field, **_known(field, constants)),
            colour=bind(colour, **_known(colour, constants)),
        )

    def laid_out(self, constants: Constants) -> blocks.Prepared:
        """The same, ready for the kernel: nothing but biases is made anew."""
        field, colour, layout = self._parts
        return replace(
            layout,
            field=layout.field.with_biases(
                field.values, field.biases(**_known(self.picture.field, constants))
            ),
            colour=layout.colour.with_biases(
                colour.values, colour.biases(**_known(self.picture.colour, constants))
            ),
        )

    @cached_property
    def _parts(self) -> tuple[Parted, Parted, blocks.Prepared]:
        field = _parted(self.picture.field, ("x", "y"))
        colour = _parted(self.picture.colour, (*self.picture.field.output_names, *PLACE))
        still = replace(self.picture, field=field.program, colour=colour.program)
        return field, colour, blocks.prepare(still)


def _known(program: Program, constants: Constants) -> dict[str, ArrayLike]:
    return {name: constants[name] for name in program.input_names if name in constants}


def _parted(program: Program, points: Sequence[str]) -> Parted:
    """Parted so that the outer program has exactly the inputs ``points``, in this order."""
    rest = {name: width for name, width in program.inputs if name not in points}
    b = Builder(**dict.fromkeys(points, 1), **rest)
    return part(b.build(**b.include(program)), list(rest))


def with_lift(picture: Picture) -> Picture:
    """The picture with an input that is added to the field's value: it moves the palette along."""
    field = picture.field
    if "value" not in field.output_names:
        return picture
    b = Builder(**dict(field.inputs), **{LIFT: 1})
    outputs = b.include(field)
    outputs["value"] = b.affine([outputs["value"], b[LIFT]], [[1, 1]])
    return replace(picture, field=b.build(**outputs))


# --- Cross-fading ---


def fade(first: Picture, second: Picture) -> Picture:
    """A picture that is the first where its input ``mix`` is 0 and the second where it is 1.

    Colours are mixed in linear light. Other inputs of the two come with ``_a`` and ``_b`` behind
    their names.
    """
    marked = ((first, "_a"), (second, "_b"))
    inputs = {"x": 1, "y": 1}
    for picture, mark in marked:
        inputs |= {name + mark: n for name, n in picture.field.inputs if name not in PLACE}
    fields = Builder(**inputs)
    outputs = {}
    for picture, mark in marked:
        own = {n: fields[n if n in PLACE else n + mark] for n in picture.field.input_names}
        made = fields.include(picture.field, **own)
        outputs.update({name + mark: value for name, value in made.items()})
    b = Builder(**dict.fromkeys((*outputs, *PLACE, MIX), 1))
    colours = []
    for picture, mark in marked:
        own = {n: b[n if n in PLACE else n + mark] for n in picture.colour.input_names}
        colours.append(b.include(picture.colour, **own))
    mixed = {}
    for name in colours[0]:
        if name in colours[1]:
            start, end = colours[0][name], colours[1][name]
            way = b.product(b.affine([end, start], [[1, -1]]), b[MIX])
            mixed[name] = b.affine([start, way], [[1, 1]])
    edges = [
        (picture.edge[0] + mark, picture.edge[1] + mark, picture.edge[2] + mark)
        for picture, mark in marked
        if picture.edge
    ]
    return Picture(fields.build(**outputs), b.build(**mixed), edges[0] if edges else None)
