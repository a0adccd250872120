"""Networks of fields of light: what is where, and how it looks from there.

Their parts are programs: ``density`` at a point, with features of it; ``encode``, of a direction;
``colour``, of both, and of an appearance code; ``transient``, what is in one photograph alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..networks.grids import grid
from ..networks.layers import Layers, Network, Random, fan_in
from ..networks.mlp import perceptron
from ..program import Builder, Program, Values
from .space import Space

APPEARANCE, TRANSIENT = 48, 16
"""Sizes of codes: Martin-Brualla et al., "NeRF in the wild" (2021), section 5."""
COLOURS = ("red", "green", "blue")
DEGREE, LIT_DEGREE = 3, 2
"""Of what colours know of a direction, without and with codes of light: each photograph has a
direction of its own, and what is finer than some degree explains its light, which its code should.
"""
LAYER_CELLS = (16, 80)
LAYER_ENTRIES = 1 << 20
FOG = 0.2
"""What the longest side of a box absorbs before anything is learnt: little, so that colours are
learnt from the first step on."""
SEEN_ONCE = ("density", *COLOURS, "beta")
"""What a transient network says of a point: see ``wild.py``."""


@dataclass(frozen=True, eq=False)
class Parts:
    """The networks of a field. transient, layers: of what is in one photograph alone, as a medium
    in space, or as a layer over it. activation, shift: densities are activation(raw + shift)."""

    density: Network
    encode: Program
    colour: Network
    transient: Network | None
    layers: Network | None
    activation: str
    shift: float = 0.0


def grid_parts(
    random: Random,
    space: Space,
    *,
    appearance: bool = False,
    layers: int = 0,
    features: int = 15,
    hidden: int = 64,
    width: int = 64,
    depth: int = 2,
    **options: Any,
) -> Parts:
    """Grids with small perceptrons (Mueller et al., "Instant neural graphics primitives", 2022,
    section 5.4). layers: how many photographs have one. features: what colours know of a point;
    hidden: the width of what is behind the grids; width, depth: of colours. options: of
    ``grid``."""
    outputs = ["density", *(f"feature{number}" for number in range(features))]
    density = grid({"x": 1, "y": 1, "z": 1}, outputs, random, width=hidden, depth=1, **options)
    encode = harmonics(LIT_DEGREE if appearance else DEGREE)
    inputs = {"features": features, "direction": len(encode.outputs)}
    colour = Layers(_with_code(inputs, "appearance", APPEARANCE, appearance))
    known = features + len(encode.outputs)
    values = perceptron(colour, colour.point[:known], 3, random, width, depth, "sigmoid")
    if appearance:
        values = _relit(colour, values, colour.point[known:], random)
    return Parts(
        density,
        encode,
        colour.network(values, COLOURS),
        None,
        _layers(layers, random) if layers else None,
        "exp",
        math.log(FOG / (2 * max(space.half))),
    )


def published_parts(
    random: Random,
    space: Space,
    *,
    appearance: bool = False,
    transient: bool = False,
    width: int = 256,
    depth: int = 8,
    frequencies: int = 10,
    turns: int = 4,
    activation: str = "softplus",
) -> Parts:
    """A perceptron of ``depth`` layers, which reads the encoded point again after the fifth
    (Mildenhall et al., "NeRF", 2020, appendix A). frequencies, turns: of the encodings of points
    and of directions. activation: of the density; that of the paper is relu, which some draws
    never leave zero with."""
    density = Layers({"x": 1, "y": 1, "z": 1})
    # the frequencies are those of the world
    world = density.affine(density.point, np.diag(space.half), space.centre, rate=0.0)
    point = np.concatenate([world, _positional(density, world, frequencies)])
    values = point
    for layer in range(depth):
        values = density.affine(values, *fan_in(random, width, len(values)), "relu")
        if layer == 4:
            values = np.concatenate([point, values])
    # the features of a point have no activation of their own
    values = density.affine(values, *fan_in(random, 1 + width, len(values)))
    names = ["density", *(f"feature{number}" for number in range(width))]
    encoder = Layers({"u": 1, "v": 1, "w": 1})
    encoded = np.concatenate([encoder.point, _positional(encoder, encoder.point, turns)])
    encode = encoder.network(encoded, [f"e{number}" for number in range(len(encoded))]).program
    inputs = {"features": width, "direction": len(encoded)}
    colour = Layers(_with_code(inputs, "appearance", APPEARANCE, appearance))
    shown = colour.affine(colour.point, *fan_in(random, width // 2, len(colour.point)), "relu")
    shown = colour.affine(shown, *fan_in(random, 3, len(shown)), "sigmoid")
    return Parts(
        density.network(values, names),
        encode,
        colour.network(shown, COLOURS),
        _transient(width, random, width // 2) if transient else None,
        None,
        activation,
        -1.0 if activation == "softplus" else 0.0,
    )


def whole(parts: Mapping[str, Program], activation: str, shift: float) -> Program:
    """One program of all parts: inputs x, y, z in the field's box, a direction u, v, w of length 1
    and codes where it has them; outputs density, red, green, blue, and those of what is seen
    once."""
    own = ("appearance", "transient", "place", "photograph")
    codes = {name: width for part in parts.values() for name, width in part.inputs if name in own}
    b = Builder(x=1, y=1, z=1, u=1, v=1, w=1, **codes)
    found = b.include(parts["density"])
    features = np.concatenate([found[n] for n in found if n != "density"])
    direction = np.concatenate(list(b.include(parts["encode"]).values()))
    outputs: dict[str, Values] = {"density": b.map(found["density"], activation, shift=shift)}
    outputs |= b.include(parts["colour"], features=features, direction=direction)
    if "transient" in parts:
        once = b.include(parts["transient"], features=features)
        outputs |= {f"transient_{name}": value for name, value in once.items()}
    if "layers" in parts:
        outputs |= {f"layer_{name}": value for name, value in b.include(parts["layers"]).items()}
    return b.build(**outputs)


def harmonics(degree: int) -> Program:
    """Real spherical harmonics up to a degree, at most 3, of a direction u, v, w of length 1."""
    b = Builder(u=1, v=1, w=1)
    x, y, z = b["u"], b["v"], b["w"]
    xx, yy, zz = (b.product(v, v) for v in (x, y, z))
    xy, yz, xz = b.product(x, y), b.product(y, z), b.product(x, z)
    rows = [
        ([], [], 0.28209479177387814),
        ([y], [0.4886025119029199], 0.0),
        ([z], [0.4886025119029199], 0.0),
        ([x], [0.4886025119029199], 0.0),
        ([xy], [1.0925484305920792], 0.0),
        ([yz], [1.0925484305920792], 0.0),
        ([zz], [0.9461746957575601], -0.31539156525252005),
        ([xz], [1.0925484305920792], 0.0),
        ([xx, yy], [0.5462742152960396, -0.5462742152960396], 0.0),
        ([b.product(y, xx), b.product(y, yy)], [1.7701307697799304, -0.5900435899266435], 0.0),
        ([b.product(xy, z)], [2.890611442640554], 0.0),
        ([b.product(y, zz), y], [2.2852289973223288, -0.4570457994644658], 0.0),
        ([b.product(z, zz), z], [1.865881662950577, -1.1195289977703462], 0.0),
        ([b.product(x, zz), x], [2.2852289973223288, -0.4570457994644658], 0.0),
        ([b.product(z, xx), b.product(z, yy)], [1.445305721320277, -1.445305721320277], 0.0),
        ([b.product(x, xx), b.product(x, yy)], [0.5900435899266435, -1.7701307697799304], 0.0),
    ]
    chosen = rows[: (degree + 1) ** 2]
    made = [b.affine(values, [weights], bias) for values, weights, bias in chosen]
    return b.build(**{f"e{number}": value for number, value in enumerate(made)})


def _positional(layers: Layers, values: Values, frequencies: int) -> Values:
    """Sines and cosines of 2^0, 2^1, ... times each value, for ever the same."""
    angles = np.concatenate([2.0**k * np.eye(len(values)) for k in range(frequencies)])
    names = ["sin"] * len(angles) + ["cos"] * len(angles)
    return layers.affine(values, np.concatenate([angles, angles]), 0, names, rate=0.0)


def _relit(layers: Layers, colours: Values, code: Values, random: Random) -> Values:
    """Colours (3) through an affine map that a code chooses (Rematas et al., "Urban radiance
    fields", 2022, section 4.3): what the light and the camera of a photograph do to all of it is
    known from what they do to the little of the scene that it shows. Cut to [0, 1], as photographs
    are."""
    weight, bias = fan_in(random, 12, len(code), 0.1)
    map_ = layers.affine(code, weight, bias)
    mixed = layers.product(map_[:9], np.repeat(colours[None], 3, 0).reshape(-1))
    sums = np.concatenate([np.eye(3), np.kron(np.eye(3), np.ones(3)), np.eye(3)], 1)
    values = np.concatenate([colours, mixed, map_[9:]])
    return layers.affine(values, sums, 0.0, "clamp", rate=0.0)


def _layers(count: int, random: Random) -> Network:
    """A layer over each of so many photographs, over places in [0, 1]^2 and the number of a
    photograph, from 0 to 1: opacity, a colour, and beta."""
    layers = Layers({"place": 2, "photograph": 1})
    found = []
    for cells in LAYER_CELLS:
        resolution = (cells, cells, max(count, 2))
        entries = min(cells * cells * resolution[2], LAYER_ENTRIES)
        if entries == LAYER_ENTRIES:
            entries = 1 << (entries.bit_length() - 1)
        table = random.uniform(-1e-4, 1e-4, (entries, 2))
        found.append(layers.grid(layers.point, table, resolution))
    values = perceptron(layers, np.concatenate(found), 16, random, 16, 0, "relu")
    weight, bias = fan_in(random, len(SEEN_ONCE), 16)
    bias[0] = -2.0  # hardly there at first, but enough to be learnt
    names = ("sigmoid", "sigmoid", "sigmoid", "sigmoid", "softplus")
    return layers.network(layers.affine(values, weight, bias, names), ("opacity", *SEEN_ONCE[1:]))


def _transient(features: int, random: Random, width: int) -> Network:
    """Four layers; density and beta, which are positive, and a colour (NeRF in the wild, 4.2)."""
    layers = Layers({"features": features, "transient": TRANSIENT})
    values = layers.point
    for _ in range(4):
        values = layers.affine(values, *fan_in(random, width, len(values)), "relu")
    names = ("softplus", "sigmoid", "sigmoid", "sigmoid", "softplus")
    return layers.network(
        layers.affine(values, *fan_in(random, len(names), width), names), SEEN_ONCE
    )


def _with_code(inputs: dict[str, int], name: str, size: int, wanted: bool) -> dict[str, int]:
    return {**inputs, name: size} if wanted else inputs
