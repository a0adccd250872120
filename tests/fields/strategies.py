"""Random programs for property-based tests.

Backends are compared at a tight absolute bound, so these programs must not amplify rounding
errors: an error of e in the values that an operation reads may become at most e in what it makes
(plus its own rounding). For a unit this holds when the L1 norm of its weights is at most 1 / L,
where L is the Lipschitz constant of its activation over the range that its sums can take; for a
product of values in [-1, 1] an error doubles, so the reader of a product counts its weights
twice; for a grid the entries are scaled so that the look-up has slope 1 at most. Values stay in
[-1, 1]: sums are kept to a range where the activation does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from cppnart.fields.program import Builder, Program


@dataclass(frozen=True)
class Range:
    """Where the sums of a unit may lie, and the steepest slope of its activation there.

    Within it the activation stays in [-1, 1] and has no jump.
    """

    low: float
    high: float
    slope: float


RANGES: dict[str, Range] = {
    "identity": Range(-1, 1, 1),
    "tanh": Range(-6, 6, 1),
    "sigmoid": Range(-9, 9, 0.25),
    "sin": Range(-9, 9, 1),
    "cos": Range(-9, 9, 1),
    "gaussian": Range(-4, 4, 1.72),
    "bell": Range(-4, 4, 0.86),
    "abs": Range(-1, 1, 1),
    "relu": Range(-1, 1, 1),
    "leaky_relu": Range(-1, 1, 1),
    "softplus": Range(-4, 0.5, 0.63),
    "square": Range(-1, 1, 2),
    "atan": Range(-1.5, 1.5, 1),
    "sinc": Range(-9, 9, 0.44),
    "triangle": Range(-9, 9, 0.64),
    "square_wave": Range(-9, 9, 6),
    "staircase": Range(-1.5, 1.5, 1),
    "exp": Range(-4, 0, 1),
    "log": Range(0.4, 2.7, 2.5),
    "sqrt": Range(0.1, 1, 1.6),
    "rsqrt": Range(1, 9, 0.5),
    "reciprocal": Range(1, 9, 1),
    "clamp": Range(-2, 2, 1),
    "smoothstep": Range(-2, 2, 1.5),
    "floor": Range(-0.9, -0.1, 0),
    "srgb": Range(-0.5, 1.5, 12.93),
    "linear": Range(-0.5, 1.5, 2.3),
    "lorentz": Range(-9, 9, 0.65),
    "one": Range(-9, 9, 0),
    "step": Range(0.1, 0.9, 0),
    "sign": Range(-0.9, -0.1, 0),
    "tanh_slope": Range(-6, 6, 0.78),
    "sigmoid_slope": Range(-9, 9, 0.39),
    "bell_slope": Range(-4, 4, 2),
    "leaky_relu_slope": Range(-0.9, -0.1, 0),
    "sinc_slope": Range(-9, 9, 0.34),
    "triangle_slope": Range(-1.4, 1.4, 0),
    "square_wave_slope": Range(-9, 9, 5),
    "staircase_slope": Range(-1.5, 1.5, 1),
    "clamp_slope": Range(0.1, 0.9, 0),
    "smoothstep_slope": Range(-2, 2, 1),
}
"""For every activation of the table; ``test_backends.py`` checks these numbers."""

SMOOTH = (
    *("identity", "tanh", "sigmoid", "sin", "cos", "gaussian", "bell", "softplus", "square"),
    *("atan", "sinc", "square_wave", "staircase", "exp", "log", "sqrt"),
)
"""Those that have a slope in the table and a second derivative."""


class Drawing:
    """Appends random operations to a program; ``gain`` is how far each value's error may have
    grown since the last affine map."""

    def __init__(self, seed: int, inputs: dict[str, int]) -> None:
        self.random = np.random.default_rng(seed)
        self.builder = Builder(**inputs)
        self.gain = [1.0] * sum(inputs.values())

    @property
    def size(self) -> int:
        return len(self.gain)

    def some(self, count: int, recent: int | None = None) -> NDArray[np.int64]:
        """Values, any of the last ``recent``."""
        first = 0 if recent is None else max(0, self.size - recent)
        return self.random.integers(first, self.size, count)

    def affine(self, sources: NDArray[np.int64], names: list[str]) -> NDArray[np.int64]:
        weight = self.random.normal(size=(len(names), len(sources)))
        # sparse as graphs are, now and then
        weight *= self.random.random(weight.shape) < self.random.choice([0.3, 1.0])
        bias = np.zeros(len(names))
        gains = np.array([self.gain[source] for source in sources])
        for unit, name in enumerate(names):
            span = RANGES[name]
            reach = (span.high - span.low) / 2
            norm = np.abs(weight[unit]).sum()
            limit = min(reach, 1 / span.slope if span.slope else reach)
            # gains only shrink the weights, so the sums stay within the reach too
            weight[unit] *= 0.999 * limit / max(norm, (np.abs(weight[unit]) * gains).sum(), 1e-9)
            used = np.abs(weight[unit]).sum()
            bias[unit] = self.random.uniform(span.low + used, span.high - used)
        self.gain += [1.0] * len(names)
        return self.builder.affine(sources, weight, bias, names)

    def product(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
        self.gain += [self.gain[a] + self.gain[b] for a, b in zip(left, right, strict=True)]
        return self.builder.product(left, right)

    def grid(
        self,
        sources: NDArray[np.int64],
        resolution: list[int],
        channels: int,
        *,
        hashed: bool,
        wrap: bool,
        smooth: bool,
    ) -> NDArray[np.int64]:
        entries = int(np.prod(resolution))
        # neighbours differ by up to twice the amplitude, and easing is 3/2 as steep
        slope = (
            2
            * (1.5 if smooth else 1)
            * sum(n * self.gain[s] for n, s in zip(resolution, sources, strict=True))
        )
        rows = max(1, 1 << (entries.bit_length() - 2)) if hashed else entries
        table = self.random.uniform(-1, 1, (rows, channels)) / max(slope, 1)
        self.gain += [1.0] * channels
        return self.builder.grid(sources, table, resolution, wrap=wrap, smooth=smooth)

    def build(self, outputs: int) -> Program:
        last = range(max(0, self.size - outputs), self.size)
        return self.builder.build(**{f"out{i}": value for i, value in enumerate(last)})


seeds = st.integers(0, 2**32 - 1)


@st.composite
def programs(
    draw: st.DrawFn,
    names: tuple[str, ...] = tuple(RANGES),
    depth: int = 12,
    grids: bool = True,
    latent: bool = True,
) -> Program:
    """Layers, graphs with skip connections and an activation for each unit, products and grids.

    The structure is drawn by hypothesis, so that it shrinks; the numbers come from a seed.
    """
    inputs = {"x": 1, "y": 1}
    if latent and draw(st.booleans()):
        inputs["z"] = draw(st.integers(1, 5))
    drawing = Drawing(draw(seeds), inputs)
    kinds = ["layer", "layer", "graph", "graph", "product"] + ["grid"] * grids
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=depth)):
        count = draw(st.integers(1, 9))
        if kind == "layer":
            previous = np.arange(max(0, drawing.size - 9), drawing.size)
            drawing.affine(previous, [draw(st.sampled_from(names))] * count)
        elif kind == "graph":
            chosen = [draw(st.sampled_from(names)) for _ in range(count)]
            drawing.affine(drawing.some(draw(st.integers(0, 6))), chosen)
        elif kind == "product":
            recent = draw(st.sampled_from([4, None]))
            left, right = drawing.some(count, recent), drawing.some(count, recent)
            # products of products of products would grow errors beyond the bound
            allowed = [
                drawing.gain[a] + drawing.gain[b] <= 4 for a, b in zip(left, right, strict=True)
            ]
            if any(allowed):
                drawing.product(left[allowed], right[allowed])
        else:
            axes = draw(st.integers(1, 4))
            drawing.grid(
                drawing.some(axes),
                draw(st.lists(st.integers(2, 6), min_size=axes, max_size=axes)),
                draw(st.integers(1, 6)),
                hashed=draw(st.booleans()),
                wrap=draw(st.booleans()),
                smooth=draw(st.booleans()),
            )
    return drawing.build(draw(st.integers(1, 8)))


def points_of(program: Program, count: int, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Random inputs in [-1, 1], the corners among them: the same numbers for every precision."""
    random = np.random.default_rng(seed)
    inputs = {}
    for name, width in program.inputs:
        array = random.uniform(-1, 1, (count, width)).astype(np.float32)
        array[: min(3, count)] = np.array([[-1], [0], [1]], np.float32)[: min(3, count)]
        inputs[name] = array
    return inputs


def every_operation(seed: int) -> list[Program]:
    """Programs that have between them every activation and every form of every operation."""
    made = []
    for part in np.array_split(np.array(list(RANGES)), 4):
        drawing = Drawing(seed, {"x": 1, "y": 1, "z": 3})
        drawing.affine(np.arange(5), [str(name) for name in part])
        drawing.affine(drawing.some(6), ["identity", "sin"])
        made.append(drawing.build(12))
    drawing = Drawing(seed, {"x": 1, "y": 1})
    for axes in (1, 2, 3, 4):
        for hashed in (False, True):
            for wrap in (False, True):
                # 5 a side: not a power of two; 19: the larger tables become textures
                resolution = [19, 5, 4, 3][:axes]
                drawing.grid(
                    np.arange(axes) % 2,
                    resolution,
                    5 if axes == 2 else 1,
                    hashed=hashed and axes > 1,
                    wrap=wrap,
                    smooth=axes % 2 == 1,
                )
    drawing.product(np.arange(2, 9), np.arange(9, 2, -1))
    made.append(drawing.build(16))
    drawing = Drawing(seed, {"x": 1, "y": 1})
    drawing.grid(np.array([0, 1]), [90, 70], 6, hashed=False, wrap=True, smooth=True)
    drawing.grid(np.array([1, 0]), [300, 200], 2, hashed=True, wrap=False, smooth=False)
    drawing.product(drawing.some(9), drawing.some(9))
    drawing.affine(np.arange(drawing.size), ["tanh"] * 3 + ["sin"] * 6 + ["identity"] * 2)
    drawing.affine(np.zeros(0, np.int64), ["cos", "identity"])
    made.append(drawing.build(16))
    return made
