"""From a seed and a style to a program: draws, rejects what is dull, and sets the tones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cppnart.fields import numpy_backend
from cppnart.fields.fold import bind
from cppnart.fields.program import Builder, Program, Values

from . import styles
from .dullness import Measures, measure
from .seeds import Stream, parse_seed
from .style import Options, Style

PROBE = 64
"""The probe is this many points a side, over the default square frame."""
ATTEMPTS = 16
HUGE = 1e9
MOODS = (("dark", 0.36), ("even", 0.48), ("light", 0.6))
"""Where a picture's median value is moved to."""
ENDS = {"sigmoid": ((3.0, 97.0), (0.05, 0.95)), "identity": ((1.0, 99.0), (0.03, 0.97))}
"""Percentiles, and the values that they get, by the curve that follows: straight flanks need their
ends further out."""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a seed gave.

    program: inputs x, y, and t where the style has time; outputs value, shade, accent, and alpha
    where the style has transparency. open_program: the same with the latent z still an input.
    latent: (style.latent,) float32. options: those that the style has, resolved. raw: the open
    program before its outputs are brought into [0, 1], which ``toned`` does; middle: where the
    median of the value goes.
    """

    program: Program
    open_program: Program
    latent: NDArray[np.float32]
    style: Style
    seed: str
    options: dict[str, int | float | str]
    traits: dict[str, int | float | str]
    raw: Program
    middle: float

    def latents(self, count: int) -> NDArray[np.float32]:
        """Latents to walk through, (count, style.latent): its own, then others of the seed."""
        others = [
            Stream(self.seed, "walk", number).normal(len(self.latent)) for number in range(1, count)
        ]
        return np.stack([self.latent, *others]).astype(np.float32)


def generate(
    seed: str | int,
    style: str | None = None,
    *,
    latent: ArrayLike | None = None,
    scale: float | None = None,
    depth: int | None = None,
    width: int | None = None,
    activation: str | None = None,
    symmetry: int | None = None,
    weights: Program | None = None,
) -> Drawn:
    """The program of a seed in a style.

    weights: a network in place of the one that the seed draws, bred from such; see
    genomes/mlp.py. Its tones are measured with the latent given.

    Whatever the latent, weights and tones are those that the seed gets with its own latent: so a
    walk through latents changes the picture and nothing else. Raises ValueError for an option
    that the style lacks or a value that is out of range.
    """
    name = parse_seed(seed)
    chosen = styles.get(style)
    options = chosen.resolve(
        Stream(name, "options", chosen.name),
        scale=scale,
        depth=depth,
        width=width,
        activation=activation,
        symmetry=symmetry,
    )
    own = seed_latent(name, chosen)
    used = own if latent is None else checked_latent(latent, chosen)
    mood, middle = Stream(name, "mood", chosen.name).choice(MOODS)
    if weights is None:
        raw, measures, levels = _best(name, chosen, options, own, middle)
    else:
        raw = _checked_weights(weights, chosen)
        judged = _judged(raw, chosen, used, middle)
        if judged is None:
            raise ValueError("weights: this network gives values that are not finite")
        measures, levels = judged
    open_program = toned(raw, levels)
    named = {key: getattr(options, key) for key in chosen.option_names}
    program = bind(open_program, z=used)
    return Drawn(
        program,
        open_program,
        used,
        chosen,
        name,
        named,
        _traits(chosen, options, mood, measures, program),
        raw,
        middle,
    )


def seed_latent(seed: str | int, style: Style) -> NDArray[np.float32]:
    """The latent that belongs to a seed: standard normal, (style.latent,)."""
    return Stream(seed, "latent").normal(style.latent).astype(np.float32)


def checked_latent(latent: ArrayLike, style: Style) -> NDArray[np.float32]:
    """A latent that somebody gives, as float32."""
    try:
        z = np.asarray(latent, np.float64)
    except (TypeError, ValueError):
        raise ValueError("latent: expected a list of numbers") from None
    if z.shape != (style.latent,):
        raise ValueError(
            f"latent of shape {z.shape}: style {style.name!r} takes {style.latent} numbers"
        )
    if not (np.isfinite(z).all() and np.abs(z).max() <= 1000):
        raise ValueError("latent: expected finite numbers within 1000 of zero")
    return z.astype(np.float32)


# --- The probe ---


@cache
def _probe() -> tuple[Array, Array]:
    side = (np.arange(PROBE) + 0.5) / (PROBE / 2) - 1
    x, y = np.meshgrid(side, side)
    return x.ravel(), y.ravel()


def _probed(program: Program, latent: ArrayLike) -> dict[str, Array]:
    """The outputs on the probe at t = 0, each (PROBE, PROBE), float64."""
    x, y = _probe()
    inputs: dict[str, ArrayLike] = {"x": x, "y": y, "z": np.asarray(latent, np.float64)}
    if "t" in program.input_names:
        inputs["t"] = 0.0
    columns = numpy_backend.evaluate(program, inputs).T
    return {
        name: column.reshape(PROBE, PROBE)
        for name, column in zip(program.output_names, columns, strict=True)
    }


# --- Drawing ---


@dataclass(frozen=True)
class Levels:
    """How raw outputs become tones: a slope and an offset for each, and the bend of the value's
    tone curve. curve names the activation after the slope."""

    value: tuple[float, float]
    shade: tuple[float, float]
    accent: tuple[float, float]
    bend: float
    curve: str


def _best(
    seed: str, style: Style, options: Options, latent: NDArray[np.float32], middle: float
) -> tuple[Program, Measures, Levels]:
    """The first attempt that is not dull, or else the least dull."""
    best = None
    lowest = np.inf
    for attempt in range(ATTEMPTS):
        raw = style.draw(Stream(seed, "theme", style.name, attempt), options)
        judged = _judged(raw, style, latent, middle)
        if judged is None:
            continue
        dullness = judged[0].dullness(style.noise, style.edges)
        if dullness < lowest:
            best, lowest = (raw, *judged), dullness
        if dullness == 0:
            break
    if best is None:
        raise ValueError(f"style {style.name!r}: these options give values that are not finite")
    return best


def _judged(
    raw: Program, style: Style, latent: NDArray[np.float32], middle: float
) -> tuple[Measures, Levels] | None:
    """What a raw program looks like with its tones set; None where it is not finite."""
    fields = _probed(raw, latent)
    if not all(np.isfinite(field).all() for field in fields.values()):
        return None
    shown = _shown(fields)
    levels = _levels(fields, shown, style, middle)
    return measure(np.where(shown, _tones(fields["value"], levels), 0.5)), levels


def _checked_weights(weights: Program, style: Style) -> Program:
    """A network that takes and makes what those of a style do."""
    inputs = {"x": 1, "y": 1, "z": style.latent, **({"t": 1} if style.time else {})}
    outputs = {"value", "shade", "accent", *(("alpha",) if style.alpha else ())}
    if dict(weights.inputs) != inputs or set(weights.output_names) != outputs:
        raise ValueError(
            f"weights with inputs {', '.join(weights.input_names)} and outputs"
            f" {', '.join(weights.output_names)}: expected {', '.join(inputs)} and"
            f" {', '.join(sorted(outputs))}, as style {style.name!r} has them"
        )
    return weights


def levels_of(raw: Program, latent: ArrayLike, style: Style, middle: float) -> Levels:
    """The levels of a raw program, as those of a draw are set, whatever its values are."""
    with np.errstate(all="ignore"):
        found = _probed(raw, latent)
    fields = {
        name: np.nan_to_num(field, posinf=HUGE, neginf=-HUGE) for name, field in found.items()
    }
    return _levels(fields, _shown(fields), style, middle)


def _shown(fields: dict[str, Array]) -> NDArray[np.bool_]:
    """Where there is something to see: everywhere, or where alpha covers."""
    everywhere = np.ones((PROBE, PROBE), bool)
    shown = fields["alpha"] > 0.5 if "alpha" in fields else everywhere
    return shown if shown.sum() >= PROBE else everywhere


def _levels(
    fields: dict[str, Array], shown: NDArray[np.bool_], style: Style, middle: float
) -> Levels:
    if style.tones == "drawn":
        return Levels((1.0, 0.0), (1.0, 0.0), (1.0, 0.0), 0.0, "identity")
    value = fields["value"][shown]
    soft = style.tones == "soft"
    slope, offset = _fit(value, "sigmoid" if soft else "identity")
    median = float(np.median(slope * value + offset))
    if soft:
        median = 1 / (1 + float(np.exp(-median)))
    reach = max(median * (1 - median), 0.05)
    bend = _rounded(float(np.clip((middle - median) / reach, -0.6, 0.6)))
    return Levels(
        (slope, offset),
        _fit(fields["shade"][shown], "sigmoid"),
        _fit(fields["accent"][shown], "sigmoid"),
        bend,
        "sigmoid" if soft else "identity",
    )


def _fit(values: Array, curve: str) -> tuple[float, float]:
    """The slope and offset that bring the percentiles of ENDS to their values."""
    (low, high), targets = np.percentile(values, ENDS[curve][0]), np.array(ENDS[curve][1])
    if curve == "sigmoid":
        targets = np.log(targets / (1 - targets))
    slope = (targets[1] - targets[0]) / max(high - low, 1e-6)
    return _rounded(slope), _rounded(targets[0] - slope * low)


def _rounded(number: float) -> float:
    """Six significant digits, so that rounding in the probe does not show."""
    return float(f"{number:.6g}")


def _tones(value: Array, levels: Levels) -> Array:
    """The tones of raw values: what ``toned`` adds to the program, in numpy."""
    slope, offset = levels.value
    u = slope * value + offset
    if levels.curve == "sigmoid":
        u = 0.5 + 0.5 * np.tanh(0.5 * u)
    return np.asarray(u + levels.bend * u * (1 - u))


def toned(raw: Program, levels: Levels) -> Program:
    """The raw program with its outputs brought into [0, 1]."""
    b = Builder(**dict(raw.inputs))
    out = b.include(raw)
    if levels.curve == "identity" and levels.bend == 0:
        return raw
    sources = [out["value"], out["shade"], out["accent"]]
    slopes, offsets = zip(levels.value, levels.shade, levels.accent, strict=True)
    curves = (levels.curve, "sigmoid", "sigmoid")
    tones = b.affine(sources, np.diag(slopes), offsets, curves)
    value, shade, accent = (tones[i : i + 1] for i in range(3))
    if levels.bend:
        square = b.map(value, "square")
        value = b.affine([value, square], [[1 + levels.bend, -levels.bend]])
    outputs: dict[str, Values] = {"value": value, "shade": shade, "accent": accent}
    if "alpha" in out:
        outputs["alpha"] = out["alpha"]
    return b.build(**outputs)


def _traits(
    style: Style, options: Options, mood: str, measures: Measures, program: Program
) -> dict[str, int | float | str]:
    """What is worth saying about a picture, as art platforms list it."""
    fold = options.symmetry
    busy = np.searchsorted([0.25, 0.55], measures.edges)
    traits: dict[str, int | float | str] = {"style": style.name}
    if fold:
        traits["symmetry"] = "none" if fold == 1 else f"{fold}-fold"
    if options.activation:
        traits["activation"] = options.activation
    traits["mood"] = mood
    traits["texture"] = ("calm", "lively", "busy")[int(busy)]
    traits["parameters"] = program.parameters
    return traits
