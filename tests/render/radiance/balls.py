"""Fields of light whose every value is known."""

import numpy as np

from cppnart.fields.program import Builder
from cppnart.fields.radiance.kept import LightField
from cppnart.fields.radiance.space import Space
from cppnart.render.radiance.cameras import facing

SIDE = 32


def ball(radius: float = 0.5, codes: bool = False) -> LightField:
    """A ball in the middle, so dense that nothing comes through, orange on its right half; or
    as bright as its code says."""
    b = Builder(x=1, y=1, z=1, u=1, v=1, w=1, **({"appearance": 2} if codes else {}))
    squares = b.map([b["x"], b["y"], b["z"]], "square")
    inside = b.affine(squares, [[-1e4] * 3], 1e4 * radius**2, "relu")
    if codes:
        red = b.affine(b["appearance"], [[1.0, 0.0]])
        colours = {"red": red, "green": red, "blue": red}
    else:
        right = b.map(b["x"], "step")
        colours = {
            "red": b.constant(1.0),
            "green": b.map(right, "identity", 0.5),
            "blue": b.constant(0.0),
        }
    program = b.build(density=inside, **colours)
    places = np.stack(np.unravel_index(np.arange(SIDE**3), (SIDE,) * 3), 1)
    corners = (places + 0.5) * (2 / SIDE) - 1
    full = np.linalg.norm(corners, axis=1) < radius + 2 / SIDE
    turns = np.arange(8) * (2 * np.pi / 8)
    ways = np.stack([np.cos(turns), np.sin(turns), 0.5 * np.ones(8)], 1)
    poses = np.stack([facing(3 * way, -way, np.array([0.0, 0.0, 1.0])) for way in ways])
    named = {"dark": np.array([0.25, 0], np.float32), "light": np.array([0.75, 0], np.float32)}
    return LightField(
        program,
        Space((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
        *(
            0.5,
            6.0,
            False,
            1.0,
            SIDE,
            0.01,
            full,
            poses,
            np.full((8, 2), 60.0),
            np.full((8, 2), 60),
        ),
        tuple(f"r_{n}" for n in range(8)),
        named if codes else {},
    )
