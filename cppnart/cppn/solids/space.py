"""A program over x, y and z in the making: what forms of solids are built of."""

from __future__ import annotations

import math

import numpy as np

from cppnart.cppn.networks import Canvas
from cppnart.cppn.seeds import Stream
from cppnart.cppn.style import Options
from cppnart.fields.program import Builder, Program, Values

SHARPNESS = 12.0
"""Log-odds of being inside, for each unit of a form's depth."""


class Space(Canvas):
    """A canvas with a third coordinate and without a latent.

    point: x, y, z, where y is up; the solid is to lie within the unit ball, or nearly.
    """

    def __init__(self, stream: Stream, *, width: int = 16, depth: int = 2) -> None:
        self.stream = stream
        self.options = Options(width=width, depth=depth, activation="sin")
        self.b = Builder(x=1, y=1, z=1)
        self.z = self.clock = np.zeros(0, np.int64)
        self.point = np.concatenate([self.b["x"], self.b["y"], self.b["z"]])
        self.x, self.y, self.zed = (self.point[i : i + 1] for i in range(3))

    def noise(
        self, point: Values, outputs: int = 1, *, gain: float = 1.6, activation: str = "sin"
    ) -> Values:
        """A random network of about unit size; the larger the gain, the livelier."""
        return self.net(point, outputs, gain=gain, activation=activation, latent=0.0)

    def warped(self, point: Values, amount: float, gain: float = 1.3) -> Values:
        """The point moved by noise, as far as ``amount`` on the average."""
        return self.moved(point, self.noise(point, 3, gain=gain), amount)

    def spun(self, point: Values) -> Values:
        """The point after a rotation in space that the stream picks."""
        return self.b.affine(point, rotation(self.stream))

    def scaled(self, point: Values, *factors: float) -> Values:
        return self.b.map(point, scale=np.array(factors))

    def largest(self, a: Values, b: Values, round_: float = 0.0) -> Values:
        """The larger of two values; their edge is rounded off within about ``round_``."""
        difference = self.b.combine((1.0, a), (-1.0, b))
        if round_:
            squares = self.b.map(difference, "square")
            apart = self.b.map(squares, "sqrt", shift=round_ * round_)
        else:
            apart = self.b.map(difference, "abs")
        return self.b.combine((0.5, a), (0.5, b), (0.5, apart))

    def smallest(self, a: Values, b: Values, round_: float = 0.0) -> Values:
        lower = self.largest(self.b.map(a, scale=-1), self.b.map(b, scale=-1), round_)
        return self.b.map(lower, scale=-1)

    def ball(self, point: Values, radius: float) -> Values:
        """How deep points are in a ball: negative outside."""
        return self.b.map(self.length(point), scale=-1, shift=radius)

    def round(self, point: Values) -> tuple[Values, Values]:
        """The distance from the vertical axis, and the direction about it, (cos, sin)."""
        flat = point[[0, 2]]
        return self.length(flat, 0.02), self.direction(flat, 0.03)

    def half_angle(self, cosine: Values, sine: Values) -> Values:
        """Half the angle of a direction, in [-pi / 2, pi / 2]; it jumps where the angle is pi."""
        inverse = self.b.map(cosine, "reciprocal", shift=1.0)
        return self.b.map(self.b.product(sine, inverse), "atan")

    def limb(
        self, point: Values, start: np.ndarray, end: np.ndarray, first: float, second: float
    ) -> Values:
        """How deep points are in a round bar from start to end, of these radii at its ends."""
        way = end - start
        length = float(way @ way)
        share = self.b.affine(point, way[None] / length, -float(start @ way) / length, "clamp")
        off = self.b.affine([point, share], np.hstack([np.eye(3), -way[:, None]]), -start)
        return self.b.combine((second - first, share), (-1.0, self.length(off)), bias=first)

    def twisted(self, point: Values, turns: float) -> Values:
        """The point turned about the vertical axis, by ``turns`` radians for each unit upwards."""
        x, y, z = (point[i : i + 1] for i in range(3))
        angle = self.b.affine(y, [[turns], [turns]], activation=("cos", "sin"))
        turned = self.times(np.concatenate([x, z]), angle)
        return np.concatenate([turned[:1], y, turned[1:]])

    def mirrored_in(self, point: Values, *normals: np.ndarray) -> Values:
        """The point reflected to the positive side of planes through the origin, in turn."""
        for normal in normals:
            unit = np.asarray(normal, float) / np.linalg.norm(normal)
            side = self.b.affine(point, unit[None])
            beyond = self.b.affine([side, self.b.map(side, "abs")], [[-0.5, 0.5]])
            point = self.b.affine([point, beyond], np.hstack([np.eye(3), 2 * unit[:, None]]))
        return point

    def solid(self, depth: Values, value: Values, shade: Values, accent: Values) -> Program:
        """The program of a form: depth is positive inside, and about a distance near the surface;
        the others colour it, of about unit size."""
        inside = self.b.map(depth, scale=SHARPNESS)
        tones = self.b.map(np.concatenate([value, shade, accent]), "sigmoid", 1.4)
        return self.b.build(occupancy=inside, value=tones[0], shade=tones[1], accent=tones[2])


def rotation(stream: Stream) -> np.ndarray:
    """A random rotation, (3, 3): of a unit quaternion (Shoemake 1992)."""
    q = stream.normal(4)
    w, x, y, z = q / math.sqrt(float(q @ q))
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
