"""Building blocks of styles: random layers, and coordinates that give a picture its order."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from cppnart.fields.activations import NETWORK_ACTIVATIONS
from cppnart.fields.program import Builder, Program, Values, joined

from .seeds import Stream
from .style import LATENT, MIXED, Options

GAIN = 1.8
"""Weights of standard deviation GAIN / sqrt(fan in) and biases of BIAS give structure without
noise for two to five layers."""
BIAS = 0.3
MIXTURE = ("sin", "tanh", "gaussian", "bell", "abs", "cos", "sigmoid", "triangle")
"""What a unit of a ``mixed`` layer is picked from: Stanley's set (2007) and a few more."""


class Canvas:
    """A program in the making, with the stream that it is drawn from.

    x, y: the frame's coordinates times the option ``scale``; z: the latent; clock: cosine and sine
    of 2 pi t where there is time, so that t has period 1.
    """

    def __init__(
        self, stream: Stream, options: Options, *, time: bool = False, latent: int = LATENT
    ) -> None:
        self.stream = stream
        self.options = options
        self.b = Builder(x=1, y=1, z=latent, t=1) if time else Builder(x=1, y=1, z=latent)
        self.z = self.b["z"]
        self.clock = self._clock() if time else self.z[:0]
        self.point = self.b.map([self.b["x"], self.b["y"]], scale=options.scale)
        self.x, self.y = self.point[:1], self.point[1:]

    def _clock(self) -> Values:
        two_pi = 2 * math.pi
        t = self.b["t"]
        return self.b.affine(t, [[two_pi], [two_pi]], activation=("cos", "sin"))

    # --- Random layers ---

    def layer(
        self,
        sources: Values | Sequence[Values],
        units: int,
        activation: str = "sin",
        *,
        gain: float = GAIN,
        bias: float = BIAS,
        latent: float = 0.0,
        time: float = 0.0,
    ) -> Values:
        """A random dense layer: gain and bias are standard deviations, gain that of a weighted
        sum of unit inputs; so are latent and time, the shares that z and the clock have in it."""
        sources = joined(sources)
        weight = self.stream.normal((units, len(sources))) * (gain / math.sqrt(len(sources)))
        parts, columns = [sources], [weight]
        if latent:
            parts.append(self.z)
            spread = latent / math.sqrt(len(self.z))
            columns.append(self.stream.normal((units, len(self.z))) * spread)
        if time and len(self.clock):
            parts.append(self.clock)
            columns.append(self.stream.normal((units, 2)) * time)
        offset = self.stream.normal(units) * bias
        return self.b.affine(
            parts, np.concatenate(columns, 1), offset, self.names(activation, units)
        )

    def names(self, activation: str, units: int) -> str | list[str]:
        """The activations of a layer; ``mixed`` picks one for every unit, sorted into runs."""
        if activation != MIXED:
            return activation
        picked = [self.stream.choice(MIXTURE) for _ in range(units)]
        return sorted(picked, key=NETWORK_ACTIVATIONS.index)

    def net(
        self,
        sources: Values | Sequence[Values],
        outputs: int,
        *,
        depth: int = 0,
        width: int = 0,
        activation: str = "",
        gain: float = GAIN,
        latent: float = 0.5,
        time: float = 0.0,
    ) -> Values:
        """A random network with linear outputs of about unit size; z and the clock enter at its
        first layer. Depth, width and activation are the options' where they are not given."""
        o = self.options
        for number in range(depth or o.depth):
            first = number == 0
            sources = self.layer(
                sources,
                width or o.width,
                activation or o.activation or "sin",
                gain=gain,
                latent=latent if first else 0.0,
                time=time if first else 0.0,
            )
        return self.layer(sources, outputs, "identity", gain=1.4, bias=0.0)

    def bands(
        self,
        depth: Values,
        waves: int,
        lowest: float,
        highest: float,
        outputs: int = 2,
        *,
        sharpness: float = 3.4,
    ) -> Values:
        """A random sequence of bands over one coordinate: its sines, of frequencies that spread
        evenly in the logarithm from lowest to highest, and a layer of tanh that gives them
        edges, as crisp as its gain, sharpness, says."""
        k = lowest * (highest / lowest) ** self.stream.uniform(0.0, 1.0, waves)
        phase = self.stream.uniform(0, 2 * math.pi, waves)
        sines = self.b.affine(depth, k[:, None], phase, "sin")
        edges = self.layer(sines, 8, "tanh", gain=sharpness, bias=0.6)
        return self.layer(edges, outputs, "identity", gain=1.4, bias=0.0)

    def sway(self, units: int, amount: float, *, time: float = 0.0) -> Values:
        """Numbers that are the same everywhere and move with z (and t): standard deviation
        ``amount``, and ``time`` for the clock's part."""
        weight = self.stream.normal((units, len(self.z))) * (amount / math.sqrt(len(self.z)))
        clock = self.stream.normal((units, len(self.clock))) * time
        return self.b.affine([self.z, self.clock], np.concatenate([weight, clock], 1))

    # --- Coordinates ---

    def turned(self, point: Values, angle: float, stretch: float = 1.0) -> Values:
        """The point turned by an angle, then its first coordinate multiplied by stretch."""
        c, s = math.cos(angle), math.sin(angle)
        return self.b.affine(point, [[c * stretch, s * stretch], [-s, c]])

    def moved(self, point: Values, offset: Values, factor: float = 1.0) -> Values:
        """point + factor * offset."""
        return self.b.combine((1.0, point), (factor, offset))

    def away(self, point: Values, centre: ArrayLike) -> Values:
        """point - centre, the centre two plain numbers."""
        return self.b.map(point, shift=-np.asarray(centre, float))

    def square(self, point: Values) -> Values:
        """The squared length of a point."""
        return self.total(self.b.map(point, "square"))

    def length(self, point: Values, soft: float = 1e-3) -> Values:
        """The length of a point, rounded off within ``soft`` of the origin, smooth there."""
        squares = self.b.map(point, "square")
        return self.b.affine(squares, np.ones((1, len(squares))), soft * soft, "sqrt")

    def total(self, values: Values, bias: float = 0.0, activation: str = "identity") -> Values:
        """The sum of values."""
        return self.b.affine(values, np.ones((1, len(values))), bias, activation)

    def bell(self, point: Values, radius: float) -> Values:
        """1 at the origin, 1/e at this radius, 0 far away."""
        return self.b.map(self.length(point), "bell", 1 / radius)

    def direction(self, point: Values, soft: float = 1e-3) -> Values:
        """The point scaled to length 1 (cos and sin of its angle), fading to 0 within ``soft`` of
        the origin."""
        squares = self.b.map(point, "square")
        inverse = self.b.affine(squares, np.ones((1, 2)), soft * soft, "rsqrt")
        return self.b.product(point, inverse)

    def times(self, left: Values, right: Values) -> Values:
        """The product of two complex numbers."""
        a, b = left
        c, d = right
        terms = self.b.product(np.array([a, b, a, b]), np.array([c, d, d, c]))
        return self.b.affine(terms, [[1, -1, 0, 0], [0, 0, 1, 1]])

    def power(self, number: Values, n: int) -> Values:
        """A complex number to the n-th power, n at least 1, by repeated squaring: of a direction,
        cos and sin of n times its angle."""
        result: Values | None = None
        while True:
            if n & 1:
                result = number if result is None else self.times(result, number)
            n >>= 1
            if not n:
                assert result is not None
                return result
            number = self.times(number, number)

    def mirrored(self, point: Values, angle: float) -> Values:
        """The point reflected across the line at this angle through the origin, where it lies on
        the line's left side (counter-clockwise, y up)."""
        normal = np.array([-math.sin(angle), math.cos(angle)])
        side = self.b.affine(point, normal[None])
        beyond = self.b.affine([side, self.b.map(side, "abs")], [[0.5, 0.5]])
        reflected = np.concatenate([np.eye(2), -2 * normal[:, None]], 1)
        return self.b.affine([point, beyond], reflected)

    def folded(self, point: Values, n: int) -> Values:
        """The point folded into one wedge of an n-fold kaleidoscope by reflections: the wedge of
        angles from 0 to pi / n. One fold is a mirror at the x axis."""
        point = self.b.map(point, ("identity", "abs"))
        sector = n
        while sector > 1:
            sector = (sector + 1) // 2
            point = self.mirrored(point, sector * math.pi / n)
        return point

    def torus(self, radius: float = 1.0) -> Values:
        """The frame as a torus of one period: cos and sin of pi x, of pi y, times radius."""
        pi = math.pi
        weight = [[pi, 0], [pi, 0], [0, pi], [0, pi]]
        frame = [self.b["x"], self.b["y"]]
        circles = self.b.affine(frame, weight, activation=("cos", "sin", "cos", "sin"))
        return self.b.map(circles, scale=radius)

    def spiral(self, point: Values, soft: float = 0.02) -> tuple[Values, Values]:
        """Log-polar coordinates: the logarithm of the radius, rounded off within ``soft`` of the
        origin, and the direction."""
        squares = self.b.map(point, "square")
        log = self.b.affine(squares, np.ones((1, 2)), soft * soft, "log")
        return self.b.map(log, scale=0.5), self.direction(point, soft)

    # --- Shapes ---

    def edge(self, distance: Values, sharpness: float, shift: float = 0.0) -> Values:
        """1 where distance + shift is well above 0, 0 well below: a smooth edge about
        4 / sharpness wide."""
        return self.b.map(distance, "sigmoid", sharpness, sharpness * shift)

    def mix(self, share: Values, first: Values, second: Values) -> Values:
        """first where share is 0, second where it is 1: paints second over first."""
        difference = self.b.combine((1.0, second), (-1.0, first))
        return self.b.combine((1.0, first), (1.0, self.b.product(share, difference)))

    def finish(
        self, value: Values, shade: Values, accent: Values, alpha: Values | None = None
    ) -> Program:
        """The program with these outputs."""
        outputs = {"value": value, "shade": shade, "accent": accent}
        if alpha is not None:
            outputs["alpha"] = alpha
        return self.b.build(**outputs)
