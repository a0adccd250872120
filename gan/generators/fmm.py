"""INR-GAN: layers whose weights a latent multiplies, from coarse grids to single points.

Skorokhodov, Ignatyev, Elhoseiny, "Adversarial generation of continuous images" (2021).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from cppnart.fields.program import Builder, Values, joined

from ..specs import check_between
from . import fourier, lattice
from .generator import (
    GAIN,
    Generator,
    GeneratorSpec,
    Last,
    Region,
    Styles,
    array,
    fold_leaky,
    leaky,
    linear,
    relate_colours,
)

REFINED = 1
"""Subdivisions before the linear interpolation: a folded table then has cells of a pixel."""
EVEN = 0.5
"""The frequency, in cycles over a unit, above which features weigh less and less at first."""
COLOUR = 0.35
"""How far the sums of colours spread before they are trained."""


@dataclass(frozen=True)
class FmmSpec(GeneratorSpec):
    """width: units of the first two levels; each further one has half of those before. layers:
    in a level. rank: of the modulation. form: ``normalised``, as the authors released it, or
    ``sigmoid``, as in their paper. features: how many random frequencies there are. levels: the
    last looks at points, those before it at grids, each twice as fine as the one before.
    multiscale: False has all levels look at points: several times slower, but without a table.
    """

    width: int = 128
    style: int = 128
    layers: int = 2
    rank: int = 10
    form: Literal["normalised", "sigmoid"] = "normalised"
    features: int = 32
    levels: int = 4
    multiscale: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, low, high in (
            ("width", 8, 4096),
            ("style", 1, 4096),
            ("layers", 1, 16),
            ("rank", 1, 256),
            ("features", 0, 4096),
            ("levels", 1, 6),
        ):
            check_between(name, getattr(self, name), low, high)


class Modulated(nn.Module):
    """A linear map whose weights depend on a style: factorized multiplicative modulation.

    The style makes A (units, rank) and B (rank, sources). Form ``sigmoid``: the weights are
    shared ones times 2 sigmoid(A B); ``normalised``: times 1 + A B / sqrt(rank), after which each
    row is brought to the length ``spread``, unless ``plain``. spread: the deviation, at first, of
    sums of sources of variance 1.
    """

    def __init__(
        self,
        spec: FmmSpec,
        sources: int,
        units: int,
        random: torch.Generator,
        *,
        plain: bool = False,
        spread: float = GAIN,
    ) -> None:
        super().__init__()
        self.units, self.sources, self.rank = units, sources, spec.rank
        self.form, self.plain, self.spread = spec.form, plain, spread
        self.weight = nn.Parameter(
            torch.empty(units, sources).normal_(0, spread / sources**0.5, generator=random)
        )
        self.bias = nn.Parameter(torch.zeros(units))
        # the paper's product is not divided by sqrt(rank): so that sigmoids begin unsaturated
        reach = spec.rank**-0.25 if spec.form == "sigmoid" else 1.0
        self.factors = linear(spec.style, (units + sources) * spec.rank, random, reach)

    def weights(self, style: Tensor, before: int = 0) -> tuple[Tensor, Tensor]:
        """Those of the first ``before`` sources and of the others, (B, units, ...), for styles
        (B, width)."""
        factors = self.factors(style)
        split = self.units * self.rank
        a = factors[:, :split].reshape(-1, self.units, self.rank)
        b = factors[:, split:].reshape(-1, self.rank, self.sources)
        sizes = [before, self.sources - before]
        parts = zip(self.weight.split(sizes, 1), b.split(sizes, 2), strict=True)
        if self.form == "sigmoid":
            first, second = (shared * (2 * torch.sigmoid(a @ part)) for shared, part in parts)
            return first, second
        one, share = a.new_ones(()), self.rank**-0.5
        first, second = (w * torch.baddbmm(one, a, part, alpha=share) for w, part in parts)
        if self.plain:
            return first, second
        size = first.square().sum(2, keepdim=True) + second.square().sum(2, keepdim=True)
        scale = self.spread * torch.rsqrt(size + 1e-8)
        return first * scale, second * scale


@dataclass(frozen=True)
class Weights:
    """Those of a level for some styles: of the level before (B, width, sources), of the features
    (B, width, 2 F), of further layers (B, width, width), of colours (B, channels, width)."""

    before: Tensor
    seen: Tensor
    more: list[Tensor]
    colour: Tensor


class Level(nn.Module):
    """Layers of one width, which read the level before and features of the point, and a map to
    colours, which add up over the levels.

    sources: units of the level before; lengths: of the frequencies that this level is given.
    """

    def __init__(
        self, spec: FmmSpec, sources: int, lengths: Tensor, width: int, random: torch.Generator
    ) -> None:
        super().__init__()
        self.sources, self.frequencies = sources, len(lengths)
        self.first = Modulated(spec, sources + 2 * len(lengths), width, random)
        with torch.no_grad():
            # waves have a variance of 1/2, and pictures less of higher frequencies
            share = math.sqrt(2) * (EVEN / lengths).clamp(max=1)
            self.first.weight[:, sources:] *= share.repeat(2)
        self.more = nn.ModuleList(
            Modulated(spec, width, width, random) for _ in range(spec.layers - 1)
        )
        spread = COLOUR * spec.levels**-0.5
        self.colour = Modulated(spec, width, spec.channels, random, plain=True, spread=spread)
        relate_colours(self.colour.weight)

    def layers(self) -> list[Modulated]:
        """Those after the first."""
        return [layer for layer in self.more if isinstance(layer, Modulated)]

    def weights(self, style: Tensor, fade: Tensor | None) -> Weights:
        """fade: the amplitudes (B or 1, 2 F) of the features, 1 if None."""
        before, seen = self.first.weights(style, self.sources)
        if fade is not None:
            seen = seen * fade[:, None]
        more = [layer.weights(style)[1] for layer in self.layers()]
        return Weights(before, seen, more, self.colour.weights(style)[1])


class Fmm(Generator):
    """INR-GAN as a field.

    The levels before the last are evaluated at the nodes of lattices, which lie still in the
    plane, and interpolated (see ``lattice.py``); the last looks at each point by itself. So the
    coarse part of a sample is a table, which a program can hold: folding is exact wherever the
    table reaches. A level is given the Fourier features that its lattice can show, and whatever
    samples cannot show fades.
    """

    def __init__(self, spec: FmmSpec, random: torch.Generator) -> None:
        super().__init__()
        self.specification: FmmSpec = spec
        cells = max(round(spec.resolution / 2 ** (spec.levels - 1)), 2)
        self.cells = [cells << i for i in range(spec.levels - 1)]
        """Of each grid, along the short side of the frame."""
        limits = [fourier.band(n) for n in (*self.cells, spec.resolution)]
        drawn = fourier.frequencies(limits[-1], spec.features)
        self.register_buffer("frequencies", drawn)
        lengths = drawn.norm(dim=1)
        # a little more than the limits, which some frequencies lie at
        shown = [max(int((lengths <= 1.001 * limit).sum()), 4) for limit in limits]
        self.shown = [slice(a, b) for a, b in zip([0, 0, *shown], shown, strict=False)]
        """Which frequencies each level is given."""
        self.styles = Styles(spec, spec.style, random)
        widths = [max(spec.width >> max(i - 1, 0), 4) for i in range(spec.levels)]
        self.levels = nn.ModuleList(
            Level(spec, before, lengths[part], width, random)
            for before, part, width in zip([0, *widths], self.shown, widths, strict=False)
        )

    @property
    def coarse(self) -> int:
        """How many levels are evaluated on grids."""
        return len(self.cells) if self.specification.multiscale else 0

    def sums(
        self, z: Tensor, coords: Tensor, labels: Tensor | None, spacing: Tensor | None
    ) -> Tensor:
        weights = self._weights(z, labels, spacing)
        carried: Tensor | None = None
        if self.coarse:
            flat = coords.reshape(len(coords), -1, 2)
            window, table = self._table(weights, flat.amin(1), flat.amax(1))
            carried = lattice.sampled(table, window, coords, REFINED)
        for number in range(self.coarse, len(self.levels)):
            carried = self._level(number, weights, carried, coords)
        assert carried is not None
        return carried

    def _weights(self, z: Tensor, labels: Tensor | None, spacing: Tensor | None) -> list[Weights]:
        style = self.styles(z, labels)
        return [
            level.weights(
                style,
                None if spacing is None else fourier.fade(self._frequencies(number), spacing),
            )
            for number, level in enumerate(self._levels())
        ]

    def _levels(self) -> list[Level]:
        return [level for level in self.levels if isinstance(level, Level)]

    def _frequencies(self, number: int) -> Tensor:
        return self.get_buffer("frequencies")[self.shown[number]]

    def _table(
        self, weights: list[Weights], low: Tensor, high: Tensor
    ) -> tuple[lattice.Window, Tensor]:
        """What the first level that looks at points takes over, on a window of the last lattice
        that covers boxes from low to high (b, 2) once it is refined."""
        steps = [2 / n for n in self.cells]
        steps += [steps[-1] / 2 ** (i + 1) for i in range(REFINED)]
        windows = lattice.covering(low, high, steps)[: self.coarse]
        carried: Tensor | None = None
        for number, window in enumerate(windows):
            if carried is not None:
                carried = lattice.refined(carried)
            carried = self._level(number, weights, carried, window.nodes(low))
        assert carried is not None
        return windows[-1], carried

    def _level(
        self, number: int, weights: list[Weights], carried: Tensor | None, points: Tensor
    ) -> Tensor:
        """One level at points (B or 1, ..., 2): from what the level before carries over to what
        it carries over itself.

        That is the next level's first sums, but for features, and the colours so far, side by
        side. Affine maps and interpolation can change places, and at fewer points there is less to
        do.
        """
        level, own = self._levels()[number], weights[number]
        count, width = own.seen.shape[:2]
        seen = fourier.encoded(points.reshape(len(points), -1, 2), self._frequencies(number))
        before: Tensor | None = None
        start: Tensor = level.first.bias
        if carried is not None:
            carried = carried.reshape(count, -1, carried.shape[-1])
            start, before = carried[..., :width], carried[..., width:]
        x = leaky(_mapped(seen, own.seen, start))
        for layer, weight in zip(level.layers(), own.more, strict=True):
            x = leaky(_mapped(x, weight, layer.bias))
        colour = _mapped(x, own.colour, level.colour.bias)
        if before is not None:
            colour = colour + before
        if number + 1 < len(weights):
            following = self._levels()[number + 1].first.bias
            colour = torch.cat([_mapped(x, weights[number + 1].before, following), colour], 2)
        return colour.reshape(count, *points.shape[1:-1], -1)

    def fold(
        self,
        b: Builder,
        z: Tensor,
        labels: Tensor | None,
        spacing: Tensor | None,
        region: Region,
    ) -> Last:
        weights = self._weights(z, labels, spacing)
        read: Values = np.zeros(0, np.int64)
        matrix = np.zeros((weights[0].seen.shape[1], 0))
        colours: list[tuple[Values, np.ndarray]] = []
        bias = np.zeros(self.specification.channels)
        if self.coarse:
            corners = torch.tensor([region], dtype=z.dtype, device=z.device)
            window, table = self._table(weights, corners[:, :2], corners[:, 2:])
            grid = fold_table(b, window, table)
            read, shown = np.split(grid, [len(grid) - len(bias)])
            matrix, colours = np.eye(len(read)), [(shown, np.eye(len(shown)))]
        for number in range(self.coarse, len(self.levels)):
            level, own = self._levels()[number], weights[number]
            turn, names = fourier.turns(self._frequencies(number))
            seen = b.affine([b["x"], b["y"]], turn, None, names)
            first = np.hstack([matrix, array(own.seen[0])])
            start = array(level.first.bias)
            if number == self.coarse > 0:
                start = 0 * start  # the table has it already
            x, through = fold_leaky(b, joined([read, seen]), first, start)
            for layer, weight in zip(level.layers(), own.more, strict=True):
                x, through = fold_leaky(b, x, array(weight[0]) @ through, array(layer.bias))
            colours.append((x, array(own.colour[0]) @ through))
            bias = bias + array(level.colour.bias)
            if number + 1 < len(weights):
                read, matrix = x, array(weights[number + 1].before[0]) @ through
        return joined([v for v, _ in colours]), np.hstack([m for _, m in colours]), bias


def fold_table(b: Builder, window: lattice.Window, table: Tensor) -> Values:
    """A look-up in values (1, ny, nx, C) on a window, subdivided as in ``lattice.sampled``."""
    start, step = window.start[0].tolist(), window.step
    for _ in range(REFINED):
        table = lattice.refined(table)
        start, step = [2 * n + 1 for n in start], step / 2
    ny, nx, channels = table.shape[1:]
    place = b.affine(
        [b["y"], b["x"]],
        np.diag([1 / (step * (ny - 1)), 1 / (step * (nx - 1))]),
        [-start[1] / (ny - 1), -start[0] / (nx - 1)],
    )
    return b.grid(place, array(table).reshape(-1, channels), (ny, nx))


def _mapped(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """x (B or 1, N, sources), weight (B, units, sources) to (B, N, units); bias (units,) or as
    the result."""
    return torch.baddbmm(bias, x.expand(len(weight), -1, -1), weight.transpose(1, 2))
