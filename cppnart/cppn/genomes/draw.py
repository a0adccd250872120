"""From a genome to what a seed gives: a program with tones, which renders, walks and exports."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cppnart.cppn.dullness import Measures, measure
from cppnart.cppn.generate import PROBE, Drawn, checked_latent, levels_of, toned
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options, Style
from cppnart.fields import numpy_backend
from cppnart.fields.fold import bind
from cppnart.fields.program import Builder, Program, Values

from .blend import aligned
from .files import to_json
from .genes import Genome
from .grow import grown
from .program import LATENT, program_of

MIDDLE = 0.48
"""Where the median of the value goes."""
LUMA = (0.299, 0.587, 0.114)


def _draw(stream: Stream, options: Options) -> Program:
    """The network of a genome that was grown from nothing."""
    return raw_program(grown(stream))


STYLE = Style("genome", "Networks that were bred, gene by gene.", _draw, latent=LATENT)
PLAIN = replace(STYLE, tones="drawn")
"""Of genomes that make colours themselves."""


def identity(genome: Genome) -> str:
    """What a genome is known by in lineages: a hash of its genes."""
    return hashlib.sha256(to_json(genome).encode()).hexdigest()[:16]


@lru_cache(maxsize=256)
def drawn(genome: Genome, latent: tuple[float, ...] | None = None) -> Drawn:
    """The genome as what a seed draws: its program, open and with its latent bound.

    latent: LATENT numbers; zeros, the genome itself, when not given. Tones are measured on the
    genome itself whatever the latent, as those of a seed are.
    """
    style = STYLE if genome.kind == "palette" else PLAIN
    own = np.zeros(LATENT, np.float32)
    used = own if latent is None else checked_latent(latent, style)
    raw = raw_program(genome)
    levels = levels_of(raw, own, style, MIDDLE)
    open_program = toned(raw, levels)
    traits: dict[str, int | float | str] = {
        "outputs": genome.kind,
        "nodes": len(genome.inputs) + len(genome.nodes),
        "links": len(genome.enabled),
    }
    name = identity(genome)
    return Drawn(
        bind(open_program, z=used), open_program, used, style, name, {}, traits, raw, MIDDLE
    )


def raw_program(genome: Genome) -> Program:
    """The network, its latent open, before tones are set: value, shade and accent; or red, green
    and blue, made of ink or of hue, saturation and brightness as picbreeder.colours does."""
    return coloured(program_of(genome, latent=True), genome.kind)


def aligned_programs(first: Genome, second: Genome) -> tuple[Program, Program]:
    """The raw programs of two genomes, alike but for numbers and activations; see blend.py."""
    one, other = aligned(first, second)
    return coloured(one, first.kind), coloured(other, first.kind)


def coloured(network: Program, kind: str) -> Program:
    """A network with its outputs as pictures have them."""
    if kind == "palette":
        return network
    b = Builder(**dict(network.inputs))
    out = b.include(network)
    if kind == "ink":
        grey = b.map(b.map(out["ink"], "abs"), "clamp")
        return b.build(red=grey, green=grey, blue=grey)
    return b.build(**_from_hsb(b, out["hue"], out["saturation"], out["brightness"]))


def _from_hsb(b: Builder, hue: Values, saturation: Values, brightness: Values) -> dict[str, Values]:
    turns = b.affine(hue, np.ones((3, 1)), np.array([5, 3, 1]) / 6)
    place = b.combine((6, turns), (-6, b.map(turns, "floor")))
    fall = b.map(b.map(place, "abs", 1, -2), "clamp", -1, 2)
    value = b.map(b.map(brightness, "abs"), "clamp")
    most = b.product(value, b.map(saturation, "clamp"))
    rgb = b.combine((1, value), (-1, b.product(fall, most)))
    return {name: rgb[i : i + 1] for i, name in enumerate(("red", "green", "blue"))}


def probed(program: Program, side: int = PROBE) -> NDArray[np.float32]:
    """The outputs of a program of x and y over the square frame, (side, side, outputs)."""
    centres = (np.arange(side) + 0.5) / (side / 2) - 1
    x, y = np.meshgrid(centres, centres)
    inputs: dict[str, ArrayLike] = {"x": x.ravel(), "y": y.ravel()}
    with np.errstate(all="ignore"):
        made = numpy_backend.evaluate(program, inputs, np.float32)
    return made.reshape(side, side, -1)


def measures(genome: Genome) -> Measures:
    """What there is to see in a genome's picture: of its value, or of its lightness."""
    made = np.nan_to_num(probed(drawn(genome).program))
    if genome.kind == "palette":
        return measure(made[..., 0])
    return measure(np.clip(made, 0, 1) @ np.array(LUMA))
