"""The forms that a random solid may have: each draws a program from a stream."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cppnart.cppn.seeds import Stream
from cppnart.fields.numpy_backend import evaluate
from cppnart.fields.program import Program

from .space import Space


@dataclass(frozen=True)
class Form:
    """A way to draw solids, one line on it, what suits it, and how often it comes."""

    name: str
    description: str
    draw: Callable[[Stream], Program]
    looks: tuple[str, ...]
    weight: float = 1.0


def _colours(s: Space, *extra: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value, shade and accent of a solid, by one small network."""
    made = s.noise(np.concatenate([s.point, *extra]), 3, gain=1.5)
    return made[:1], made[1:2], made[2:]


def _torso(stream: Stream) -> Program:
    """A stone that water and a hand have shaped: balls grown together, warped, and bored
    through."""
    s = Space(stream)
    point = s.warped(s.point, stream.number(0.14, 0.24), 1.15)
    body = None
    count = stream.integer(2, 4)
    for number in range(count):
        high = 0.42 * (2 * number / (count - 1) - 1)
        aside = stream.uniform(-0.24, 0.24, 2)
        away = s.away(point, [aside[0], high, aside[1]])
        part = s.ball(away, stream.number(0.26, 0.44))
        body = part if body is None else s.largest(body, part, 0.32)
    assert body is not None
    for _ in range(stream.integer(1, 3)):
        turned = s.b.affine(point, rotation_near(stream, 0.5))
        across = s.away(turned[:2], [stream.number(-0.12, 0.12), stream.number(-0.4, 0.4)])
        slim = s.scaled(across, 1.0, stream.number(0.5, 1.0))
        hole = s.b.map(s.length(slim), shift=-stream.number(0.10, 0.19))
        body = s.smallest(body, hole, stream.number(0.08, 0.16))
    return s.solid(body, *_colours(s, body))


def _radiolarian(stream: Stream) -> Program:
    """A shell after Haeckel: ribs in the order of a polyhedron, windows between them, often
    spines, and sometimes a smaller shell within, which bars hold."""
    s = Space(stream)
    wedge, corners = _folded(s, s.spun(s.point), stream)
    radius = s.length(s.point)
    way = s.b.product(wedge, s.b.map(radius, "reciprocal", shift=0.02))
    pattern = s.noise(way, 2, gain=stream.number(1.7, 2.5))
    middle, spread = _levels(s, pattern[:1], stream.number(48, 64))
    window = s.b.map(pattern[:1], scale=1 / spread, shift=-middle / spread)
    swell = s.b.map(pattern[1:], "tanh", 0.8)
    walls = [np.cross(corners[a], corners[b]) for a, b in ((0, 1), (1, 2), (2, 0))]
    ribs = [walls[k] / np.linalg.norm(walls[k]) for k in stream.shuffled((0, 1, 2))[:2]]
    to_ribs = s.b.map(s.b.affine(wedge, np.stack(ribs)), "square")
    thick = stream.number(0.04, 0.065)

    def shell(size: float) -> np.ndarray:
        bent = s.b.affine([radius, swell], [[1.0, -0.07 * size]], -size)
        wall = s.b.map(s.b.map(bent, "abs"), scale=-1, shift=thick * (0.4 + 0.6 * size))
        body = s.smallest(wall, s.b.map(window, scale=-0.16 * size), 0.04)
        off = s.b.map(bent, "square")
        for k in range(2):
            round_ = s.b.affine([to_ribs[k : k + 1], off], [[1, 1]], 1e-5, "sqrt")
            rib = s.b.map(round_, scale=-1, shift=(0.075 - 0.012 * k) * size)
            body = s.largest(body, rib, 0.03)
        return body

    size = stream.number(0.64, 0.74)
    body = shell(size)
    inner = stream.chance(0.5)
    if inner:
        body = s.largest(body, shell(size * stream.number(0.42, 0.55)), 0.02)
    if inner or stream.chance(0.6):
        axis = corners[stream.integer(0, 2)]
        along = s.b.affine(wedge, axis[None])
        off = s.b.combine((1.0, s.square(wedge)), (-1.0, s.b.map(along, "square")))
        taper = s.b.affine(along, [[-0.055]], 0.08)
        bar = s.b.combine((1.0, taper), (-1.0, s.b.map(off, "sqrt", shift=1e-5)))
        far = stream.number(0.9, 0.97) if stream.chance(0.7) else size
        near = 0.25 if inner else size - 0.05
        middle, half = (far + near) / 2, (far - near) / 2
        ends = s.b.map(s.b.map(radius, "abs", 1.0, -middle), scale=-1, shift=half)
        body = s.largest(body, s.smallest(bar, ends), 0.05)
    return s.solid(body, *_colours(s, window))


def _sphere(count: int = 1500) -> np.ndarray:
    """Directions spread evenly by the golden angle, (count, 3)."""
    y = 1 - 2 * (np.arange(count) + 0.5) / count
    angle = np.arange(count) * math.pi * (3 - math.sqrt(5))
    flat = np.sqrt(1 - y * y)
    return np.stack([flat * np.cos(angle), y, flat * np.sin(angle)], 1)


def _probe(s: Space, values: np.ndarray) -> np.ndarray:
    """What values are over the sphere of radius 0.7, (points, values)."""
    names = {f"v{number}": value for number, value in enumerate(values)}
    program = s.b.build(**names)
    x, y, z = 0.7 * _sphere().T
    return np.asarray(evaluate(program, {"x": x, "y": y, "z": z}))


def _levels(s: Space, values: np.ndarray, percentile: float) -> tuple[float, float]:
    """The value that so many per cent of the sphere stay below, and the deviation; rounded, so
    that the last bits of the probe make no difference."""
    found = _probe(s, values)
    level, spread = float(np.percentile(found, percentile)), float(found.std())
    return float(f"{level:.5g}"), max(float(f"{spread:.5g}"), 1e-3)


def _folded(s: Space, point: np.ndarray, stream: Stream) -> tuple[np.ndarray, np.ndarray]:
    """The point folded by the mirrors of a tetrahedron, a cube, an icosahedron or a prism, and the
    three corners (3, 3) of the part of the sphere that everything is folded into."""
    n = stream.choice((3, 4, 5, 0), (1, 2, 3, 1.5))
    if n:
        # three mirrors, two of them at right angles: Coxeter, "Regular polytopes" (1973), chapter 5
        c = math.cos(math.pi / n)
        r = math.sqrt(0.75 - c * c)
        mirrors = [np.array([1.0, 0, 0]), np.array([0.0, 1, 0]), np.array([-0.5, -c, r])]
        corners = np.array([[0.0, 0, 1], [r, 0, 0.5], [0, r, c]])
        corners /= np.linalg.norm(corners, axis=1, keepdims=True)
        return s.mirrored_in(point, *mirrors * n), corners
    sides = stream.integer(3, 7)
    flat = s.folded(point[[0, 2]], sides)
    high = s.b.map(point[1:2], "abs")
    a = math.pi / sides
    corners = np.array([[0.0, 1, 0], [1, 0, 0], [math.cos(a), 0, math.sin(a)]])
    return np.concatenate([flat[:1], high, flat[1:]]), corners


def _vessel(stream: Stream) -> Program:
    """Thrown on a wheel: a profile, flutes that wind round it, hollow, open at the top."""
    s = Space(stream)
    point = s.twisted(s.point, stream.number(-2.2, 2.2))
    radius, way = s.round(point)
    n = stream.integer(3, 14)
    petals = s.power(way, n)[:1]
    high = stream.number(0.72, 0.86)
    waves = s.b.affine(s.y, stream.uniform(1.6, 4.6, (3, 1)), stream.uniform(0, 6.28, 3), "sin")
    belly = s.b.affine(waves, (stream.uniform(0.05, 0.15, (1, 3))), stream.number(0.38, 0.50))
    flute = stream.number(0.01, 0.06) * (1.4 if n < 6 else 0.8)
    crisp = s.b.map(petals, "abs", 1.0) if stream.chance(0.4) else petals
    outer = s.b.affine([belly, crisp], [[1.0, flute]])
    wall = stream.number(0.045, 0.07)
    side = s.b.combine((1.0, outer), (-1.0, radius))
    ends = s.b.map(s.b.map(s.y, "abs"), scale=-1, shift=high)
    body = s.smallest(side, ends, 0.05)
    hollow = s.smallest(
        s.b.map(side, shift=-wall), s.b.map(s.y, shift=high - 1.6 * wall), stream.number(0.03, 0.1)
    )
    body = s.smallest(body, s.b.map(hollow, scale=-1), 0.03)
    if stream.chance(0.45):
        pierced = s.b.affine(
            [s.power(way, n), s.b.affine(s.y, [[n * 1.1]], activation="sin")], [[1, 0, 0.9]]
        )
        window = s.b.map(s.b.map(pierced, "abs"), scale=0.10, shift=-stream.number(0.028, 0.045))
        solid_part = s.b.map(s.b.map(s.y, "abs"), shift=-high + 0.16)
        body = s.smallest(body, s.largest(window, solid_part, 0.05), 0.02)
    value = s.b.affine([petals, waves[:1], s.y], [[0.8, 0.7, 0.8]])
    _, shade, accent = _colours(s)
    return s.solid(body, value, shade, accent)


def _coral(stream: Stream) -> Program:
    """A minimal surface that grows through a warped ball, thicker here and thinner there."""
    s = Space(stream)
    body = s.ball(s.warped(s.scaled(s.spun(s.point), 1.0, 1.12, 1.05), 0.11, 1.0), 0.80)
    point = s.warped(s.spun(s.point), stream.number(0.05, 0.16), 1.0)
    k = stream.number(5.5, 10.0)
    sines = s.b.map(point, "sin", k)
    cosines = s.b.map(point, "cos", k)
    kind = stream.choice(("gyroid", "primitive", "diamond"))
    if kind == "gyroid":
        sheet = s.total(s.b.product(sines, cosines[[1, 2, 0]]))
    elif kind == "primitive":
        sheet = s.total(cosines)
    else:
        first = s.b.product(s.b.product(sines[:1], sines[1:2]), sines[2:])
        second = s.b.product(s.b.product(cosines[:1], cosines[1:2]), cosines[2:])
        sheet = s.b.combine((1.6, first), (1.6, second))
    breathing = s.noise(s.point, 1, gain=1.2)
    if stream.chance(0.6):
        wall = s.b.map(s.b.map(sheet, "abs"), scale=-1)
        wall = s.b.affine([wall, breathing], [[1.0, 0.16]], stream.number(0.42, 0.58))
    else:
        wall = s.b.affine([sheet, breathing], [[1.0, 0.3]], stream.number(-0.25, 0.1))
    wall = s.b.map(wall, scale=0.8 / k)
    whole = s.smallest(body, wall, 0.03)
    return s.solid(whole, *_colours(s, sheet))


def _knot(stream: Stream) -> Program:
    """A torus knot, or several rings linked: u^q = a^q e^(i p t), for u the place in the tube's
    cross-section and t the angle round the axis."""
    s = Space(stream)
    p, q = stream.choice(
        ((3, 2), (5, 2), (4, 3), (5, 3), (7, 2), (2, 3), (7, 3), (3, 3), (6, 2), (5, 4), (9, 2))
    )
    tilted = s.b.affine(s.point, _tilt(stream.number(0.75, 1.35)))
    radius, way = s.round(tilted)
    around = stream.number(0.50, 0.56)
    u = np.concatenate([s.b.map(radius, shift=-around), tilted[1:2]])
    a = stream.number(0.25, 0.31)
    # the angle to the nearest strand, times q
    back = s.b.map(s.power(way, p), scale=np.array([1.0, -1.0]))
    cosine, sine = s.direction(s.times(s.power(u, q), back), 1e-5)
    apart = s.b.map(s.half_angle(cosine[None], sine[None]), "cos", 2 / q)
    away = s.length(u, 1e-4)
    square = s.b.combine((1.0, s.square(u)), (-2 * a, s.b.product(away, apart)), bias=a * a)
    far = s.b.map(square, "sqrt", shift=1e-6)
    phase = stream.integer(2, 5) * 2
    beat = s.b.map(s.power(way, phase)[:1], scale=stream.number(0.0, 0.018))
    thick = min(
        stream.number(0.09, 0.13), stream.number(0.36, 0.46) * 2 * a * math.sin(math.pi / q)
    )
    body = s.b.combine((1.0, beat), (-1.0, far), bias=thick)
    value = s.b.affine([s.power(way, 2), u], [[0.9, 0.4, 1.5, 1.5]])
    _, shade, accent = _colours(s)
    return s.solid(body, value, shade, accent)


def _tilt(angle: float) -> np.ndarray:
    c, n = math.cos(angle), math.sin(angle)
    return np.array([[1, 0, 0], [0, c, -n], [0, n, c]])


def _idol(stream: Stream) -> Program:
    """A figure with a left and a right side: a spine of balls, and pairs of limbs that grow out
    of it, in a skin that a small network dents."""
    s = Space(stream)
    x = s.b.map(s.b.map(s.x, "square"), "sqrt", shift=4e-4)
    half = np.concatenate([x, s.y, s.zed])
    count = stream.integer(3, 5)
    spine = []
    body = None
    high = np.linspace(-0.42, 0.66, count)
    for number in range(count):
        centre = np.array([0.0, high[number], stream.number(-0.1, 0.1)])
        last = number == count - 1
        radius = stream.number(0.13, 0.20) if last else stream.number(0.15, 0.30)
        stretched = s.scaled(s.away(s.point, centre), stream.number(0.8, 1.15), 1.0, 1.1)
        part = s.ball(stretched, radius)
        spine.append(centre)
        body = part if body is None else s.largest(body, part, 0.17)
    assert body is not None
    for pair in range(stream.integer(2, 4)):
        legs = pair == 0
        start = spine[0] if legs else spine[stream.integer(1, count - 1)]
        out = stream.number(0.14, 0.3) if legs else stream.number(0.3, 0.55)
        down = -0.82 if legs else stream.number(-0.45, 0.45) + float(start[1])
        end = np.array([out, min(down, 0.82), stream.number(-0.25, 0.25)])
        root = start + np.array([0.08, 0.0, 0.0])
        elbow = (root + end) / 2 + stream.uniform(-0.16, 0.16, 3) * [0.6, 1, 1]
        thick = stream.number(0.07, 0.12)
        for a, b, first, second in (
            (root, elbow, thick, 0.85 * thick),
            (elbow, end, 0.85 * thick, thick * stream.number(0.5, 1.2)),
        ):
            body = s.largest(body, s.limb(half, a, b, first, second), 0.08)
    dents = s.noise(s.b.map(half, scale=2.0), 2, gain=1.9)
    body = s.b.combine((1.0, body), (stream.number(0.006, 0.022), dents[:1]))
    return s.solid(body, *_colours(s, dents))


def _crystal(stream: Stream) -> Program:
    """Stones with cut planes that grow from one root, the tallest in the middle."""
    s = Space(stream)
    body = None
    for number in range(stream.integer(4, 8)):
        first = number == 0
        turn = rotation_near(stream, 0.1) if first else rotation_near(stream, 0.95)
        size = 1.0 if first else stream.number(0.42, 0.8)
        point = s.b.affine(s.point, turn, turn @ [0, 0.62, 0])  # the root is the origin
        sides = stream.integer(5, 7)
        angles = 2 * math.pi * (np.arange(sides) + stream.uniform(-0.12, 0.12, sides)) / sides
        around = np.stack([np.cos(angles), np.full(sides, -0.06), np.sin(angles)], 1)
        slope = stream.number(0.8, 1.3)
        roof = np.stack([np.cos(angles) * slope, np.ones(sides), np.sin(angles) * slope], 1)
        roof /= np.linalg.norm(roof, axis=1, keepdims=True)
        wide = stream.number(0.15, 0.2) * (1.15 if first else 0.95)
        tall = 1.38 * size / math.sqrt(1 + slope * slope)
        reach = np.concatenate(
            [wide * stream.uniform(0.85, 1.1, sides), tall * stream.uniform(0.93, 1.0, sides)]
        )
        stone = _cut(s, s.b.affine(point, -np.concatenate([around, roof]), reach))
        body = stone if body is None else s.largest(body, stone, 0.004)
    assert body is not None
    rock = s.ball(
        s.scaled(s.away(s.warped(s.point, 0.08, 1.6), [0, -0.72, 0]), 0.8, 1.9, 0.8), 0.34
    )
    body = s.largest(body, rock, 0.03)
    ground = s.b.map(s.y, shift=0.80)
    return s.solid(s.smallest(body, ground), *_colours(s))


def _cut(s: Space, planes: np.ndarray) -> np.ndarray:
    """The least of many values, by halves."""
    while len(planes) > 1:
        half = len(planes) // 2
        lower = s.smallest(planes[:half], planes[half : 2 * half], 0.006)
        planes = np.concatenate([lower, planes[2 * half :]])
    return planes


def rotation_near(stream: Stream, most: float) -> np.ndarray:
    """A rotation that leans by at most an angle, and turns by any."""
    a, lean = stream.number(0, 6.2832), stream.number(-most, most)
    turn = np.array([[math.cos(a), 0, math.sin(a)], [0, 1, 0], [-math.sin(a), 0, math.cos(a)]])
    return np.asarray(_tilt(lean) @ turn)


def _bloom(stream: Stream) -> Program:
    """Petals in rings, each ring higher and narrower, round a heart."""
    s = Space(stream)
    n = stream.integer(3, 8)
    tilted = s.b.affine(s.point, _tilt(stream.number(-0.65, -0.35)))
    radius, way = s.round(tilted)
    up = tilted[1:2]
    body = None
    rings = stream.integer(3, 5)
    curl = stream.number(0.5, 1.3)
    for ring in range(rings):
        share = ring / max(rings - 1, 1)
        phase = ring * math.pi / n * stream.choice((1, 0.5))
        turned = s.times(s.power(way, n), s.b.constant(math.cos(n * phase), math.sin(n * phase)))
        lobe = s.b.map(turned[:1], shift=0.15)
        reach = 0.86 - 0.52 * share
        edge = s.b.affine([lobe, radius], [[0.20 - 0.10 * share, -1.0]], reach - 0.12)
        height = s.b.map(radius, "square", 1.0)
        bend = s.b.affine([up, height, turned[:1]], [[1.0, -curl * (0.5 + 1.6 * share), 0.03]])
        leaf = s.b.map(s.b.map(bend, "abs", 1.0, 0.34 - 0.14 * ring), scale=-0.75, shift=0.036)
        petal = s.smallest(leaf, edge, 0.05)
        body = petal if body is None else s.largest(body, petal, 0.02)
    heart = s.ball(s.away(tilted, [0, -0.20 + 0.06 * rings, 0]), stream.number(0.14, 0.2))
    stalk = s.smallest(
        s.b.map(radius, scale=-1, shift=0.07),
        s.smallest(s.b.map(up, scale=-1, shift=0.0), s.b.map(up, shift=0.8)),
    )
    assert body is not None
    body = s.largest(s.largest(body, heart, 0.06), stalk, 0.1)
    value = s.b.affine([radius, up, s.power(way, n)], [[2.2, 0.8, 0.4, 0.0]], -1.0)
    _, shade, accent = _colours(s)
    return s.solid(body, value, shade, accent)


def _shell(stream: Stream) -> Program:
    """A seashell: a tube that grows as it winds, e^(b t), ribbed, open where the animal lived
    (Moseley, "On the geometrical forms of turbinated and discoid shells", 1838)."""
    s = Space(stream)
    tilted = s.b.affine(s.point, _tilt(stream.number(-1.1, 0.9)) @ rotation_near(stream, 0.0))
    growth = stream.number(0.09, 0.15)
    high = stream.number(0.0, 1.5)
    wide = stream.number(0.42, 0.52)
    size = 0.56 / (1 + 0.25 * high)
    flat = s.away(tilted[[0, 2]], [0.0, 0.0])
    cosine, sine = s.direction(flat, 0.01)
    angle = s.b.map(s.half_angle(cosine[None], sine[None]), scale=2.0)
    log = s.b.affine(s.b.map(flat, "square"), [[1, 1]], 1e-5, "log")
    up = s.b.map(tilted[1:2], shift=-0.55 * high * size)
    ribs = stream.integer(8, 22)
    rib = stream.number(0.01, 0.06)
    body = hollow = None
    for offset in (0.0, 1.0):
        # which of its windings is near, in whole turns before the mouth
        winding = s.b.affine(
            [log, angle],
            [[0.5 / growth / (2 * math.pi), -1 / (2 * math.pi)]],
            -math.log(size) / growth / (2 * math.pi) + 0.5 - offset,
        )
        winding = s.b.map(s.b.map(winding, "floor"), "clamp", 0.2, 1.0)
        along = s.b.combine((1.0, angle), (10 * math.pi, winding), bias=-10 * math.pi)
        far = s.b.map(along, "exp", growth, math.log(size))
        relief = s.b.map(along, "sin", ribs / 2.0)
        tube = s.b.product(far, s.b.map(relief, scale=wide * rib, shift=wide))
        radius = s.length(flat)
        place = np.concatenate(
            [
                s.b.combine((1.0, radius), (-1.0, far)),
                s.b.combine((1.0, up), (high, far)),
            ]
        )
        across = s.length(place)
        part = s.b.combine((1.0, tube), (-1.0, across))
        # the animal's room: the last turn only
        room = s.b.combine((0.86, tube), (-1.0, across))
        recent = s.b.map(along, scale=0.2, shift=0.2 * 2.0)
        room = s.smallest(room, recent, 0.05)
        body = part if body is None else s.largest(body, part, 0.01)
        hollow = room if hollow is None else s.largest(hollow, room)
    assert body is not None
    assert hollow is not None
    body = s.smallest(body, s.b.map(hollow, scale=-1), 0.015)
    value = s.b.affine([relief, log], [[0.5, 0.6]], 0.6)
    _, shade, accent = _colours(s)
    return s.solid(s.b.map(body, scale=0.7), value, shade, accent)


FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form(
            "torso", "a stone shaped by water, bored through", _torso, ("plaster", "bronze", "jade")
        ),
        Form("radiolarian", "a shell of ribs and windows", _radiolarian, ("plaster", "porcelain")),
        Form("vessel", "thrown on a wheel, fluted and wound", _vessel, ("porcelain", "clay")),
        Form("coral", "a minimal surface in a ball", _coral, ("plaster", "clay", "gold")),
        Form("knot", "torus knots and links", _knot, ("gold", "bronze", "porcelain")),
        Form("idol", "a figure with two sides", _idol, ("clay", "bronze", "jade")),
        Form("crystal", "stones with cut planes", _crystal, ("jade", "gold", "plaster"), 0.7),
        Form("shell", "a seashell, wound and ribbed", _shell, ("porcelain", "plaster", "jade")),
        Form("bloom", "petals in rings", _bloom, ("porcelain", "plaster", "gold"), 0.8),
    )
}
