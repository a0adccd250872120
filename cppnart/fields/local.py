"""Fields that are their picture's own pixels, and a network that knows what lies between them.

What lies between pixels is learned from the picture itself, a scale up: every other pixel of every
other row is a picture of half the size, whose points between are known (as in Shocher et al.,
"Zero-shot super-resolution using deep internal learning", 2018). A small network learns to correct
a cubic interpolation by the 4 x 4 pixels around a point, in all four kinds of place; then the
pixels themselves take the place of the coarser ones. So pixels that are held out are never seen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .images import ImageTask
from .networks.layers import Layers, Network, glorot
from .program import Builder, Program, Values
from .torch_backend import ProgramModule

Floats = NDArray[np.float32]

AROUND = 4
"""Pixels a side of what is seen around a point."""
EXAMPLES = 1 << 18
"""The most that are learned from."""
CONTRAST = 4.0
"""By what differences from the mean of the pixels around are multiplied."""
_TURNS = 8


def between(channels: int, random: np.random.Generator, *, width: int = 64) -> Network:
    """The network: from what ``_seen`` gives of a point to its colour.

    near: colours of the 16 pixels around, row by row, then the mean of the nearest ones; where:
    the cosine of the place between two rows, and two columns, 1 on a pixel and -1 midway.
    """
    outputs = ("red", "green", "blue", "alpha")[:channels]
    cells = AROUND * AROUND
    layers = Layers({"near": (cells + 1) * channels, "where": 2})
    near, where = layers.b["near"], layers.b["where"]
    each = np.eye(channels)
    mean = np.append(np.full(cells, 1 / cells), 0.0)
    differences = CONTRAST * np.kron(np.eye(cells + 1) - mean, each)
    values: Values = layers.affine(near, differences, None, "identity", 0.0)
    values = np.concatenate([values, where])
    for _ in range(2):
        values = layers.affine(values, *glorot(random, width, len(values)), "relu")
    # what cubics say, where the mean of the nearest four is taken off what they have; corrections
    # begin with none
    edge = np.array([-1, 9, 9, -1]) / 16
    cubic = np.outer(edge, edge)
    cubic[1:3, 1:3] -= 0.25
    base = np.kron(np.append(cubic.ravel(), 1.0)[None], each)
    change = layers.affine(values, np.zeros((channels, width)))
    return layers.network(
        layers.affine([near, change], np.hstack([base, each]), None, "identity", 0.0), outputs
    )


def field_of(
    program: Program, lattice: Floats, corner: tuple[float, float], step: float
) -> Program:
    """A trained ``between`` as a field of x and y.

    lattice (h, w, channels): its pixels. corner: the x and y of the first; step: from one to the
    next.
    """
    height, width, _ = lattice.shape
    b = Builder(x=1, y=1)
    inverse = 1 / step

    def unit(shift: float, cells: tuple[int, int]) -> Values:
        """Rows and columns, so many cells on [0, 1]."""
        scale = np.array([[0, inverse / max(cells[0], 1)], [inverse / max(cells[1], 1), 0]])
        start = [
            (shift - corner[1] * inverse) / max(cells[0], 1),
            (shift - corner[0] * inverse) / max(cells[1], 1),
        ]
        return b.affine([b["x"], b["y"]], scale, start)

    # nodes midway between pixels, from half a pixel before the first on
    around = _patches(lattice)
    nodes = b.grid(
        unit(0.5, (height, width)), around.reshape(-1, around.shape[2]), (height + 1, width + 1)
    )
    sides = (max(height, 2), max(width, 2))
    pixels = np.pad(lattice, ((0, sides[0] - height), (0, sides[1] - width), (0, 0)), "edge")
    own = b.grid(
        unit(0.0, (sides[0] - 1, sides[1] - 1)), pixels.reshape(-1, pixels.shape[2]), sides
    )
    turn = 2 * math.pi * inverse
    where = b.affine(
        [b["x"], b["y"]],
        [[0, turn], [turn, 0]],
        [-turn * corner[1], -turn * corner[0]],
        "cos",
    )
    return b.build(**b.include(program, near=np.concatenate([nodes, own]), where=where))


class LocalTask:
    """Learns what lies between the pixels of a lattice; scores are those of the picture.

    image: says what is trained on, and scores: with holdout ``none`` or ``odd``.
    """

    name = "image"

    def __init__(self, image: ImageTask, pixels: NDArray[Any], *, batch: int) -> None:
        if image.holdout == "checkerboard":
            raise ValueError("method local: expected holdout none or odd, not checkerboard")
        stride = 2 if image.holdout == "odd" else 1
        white = np.float32(np.iinfo(pixels.dtype).max)
        self.lattice = pixels[::stride, ::stride].astype(np.float32) / white
        if min(self.lattice.shape[:2]) < 2 * AROUND:
            raise ValueError(
                f"method local: a picture of {image.width}x{image.height} is too small"
            )
        self.image, self.batch = image, batch
        self.settings: Mapping[str, Any] = {**image.settings, "batch": batch}
        short = min(image.width, image.height)
        self._corner = ((1 - image.width) / short, (1 - image.height) / short)
        self._step = 2 * stride / short
        seen, colours = _examples(self.lattice)
        self._seen, self._colours = torch.from_numpy(seen), torch.from_numpy(colours)
        self._turns = [torch.from_numpy(turn) for turn in _turned(self.lattice.shape[2])]

    def field(self, program: Program) -> Program:
        return field_of(program, self.lattice, self._corner, self._step)

    def loss(self, field: nn.Module, random: torch.Generator, device: torch.device) -> Tensor:
        chosen = torch.randint(len(self._seen), (self.batch,), generator=random)
        turn = self._turns[int(torch.randint(_TURNS, (), generator=random))]
        seen = self._seen[chosen][:, turn].to(device)
        error: Tensor = (field(seen) - self._colours[chosen].to(device)).square().mean()
        return error

    def scores(self, field: nn.Module) -> dict[str, float]:
        return self.image.scores(self._whole(field))

    def preview(self, field: nn.Module) -> NDArray[np.uint8]:
        return self.image.preview(self._whole(field))

    def _whole(self, field: nn.Module) -> ProgramModule:
        assert isinstance(field, ProgramModule)
        device = next(field.parameters()).device
        return ProgramModule(self.field(field.program())).to(device)


def _patches(lattice: Floats) -> Floats:
    """The 4 x 4 pixels around every corner of a pixel, (h + 1, w + 1, 16 channels)."""
    height, width, channels = lattice.shape
    padded = np.pad(lattice, ((2, 2), (2, 2), (0, 0)), "edge")
    parts = [
        padded[row : row + height + 1, column : column + width + 1]
        for row in range(AROUND)
        for column in range(AROUND)
    ]
    return np.concatenate(parts, 2).reshape(height + 1, width + 1, AROUND * AROUND * channels)


def _examples(lattice: Floats) -> tuple[Floats, Floats]:
    """What is seen at pixels of a lattice by the lattices of half its size, and their colours."""
    seen, colours = [], []
    for top in (0, 1):
        for left in (0, 1):
            coarse = lattice[top::2, left::2]
            target = lattice[top:, left:]
            for down in (0, 1):
                for across in (0, 1):
                    colour = target[down::2, across::2]
                    height, width, channels = colour.shape
                    near = _seen(coarse, down, across)[:height, :width]
                    seen.append(near.reshape(-1, near.shape[2]))
                    colours.append(colour.reshape(-1, channels))
    every = max(1, math.ceil(sum(map(len, seen)) / EXAMPLES))
    return np.concatenate([part[::every] for part in seen]), np.concatenate(
        [part[::every] for part in colours]
    )


def _seen(lattice: Floats, down: int, across: int) -> Floats:
    """What a field sees on (0) the pixels of a lattice or midway to the next (1), by axis."""
    around: NDArray[Any] = _patches(lattice)
    own: NDArray[Any] = lattice
    if not down:
        around = (around[:-1] + around[1:]) / 2
    else:
        around, own = around[1:], _to_next(own, 0)
    if not across:
        around = (around[:, :-1] + around[:, 1:]) / 2
    else:
        around, own = around[:, 1:], _to_next(own, 1)
    where = np.broadcast_to([1 - 2 * down, 1 - 2 * across], (*own.shape[:2], 2))
    return np.concatenate([around, own, where], 2).astype(np.float32)


def _to_next(lattice: NDArray[Any], axis: int) -> NDArray[Any]:
    """Means of neighbours along an axis; the last has none and is kept."""
    last = np.take(lattice, [-1], axis)
    following = np.concatenate([np.take(lattice, range(1, lattice.shape[axis]), axis), last], axis)
    return np.asarray((lattice + following) / 2)


def _turned(channels: int) -> list[NDArray[np.int64]]:
    """For the eight ways to turn and mirror what is seen, where each number comes from."""
    cells = np.arange(AROUND * AROUND).reshape(AROUND, AROUND)
    orders = []
    for quarter in range(4):
        for mirrored in (False, True):
            turned = np.rot90(cells, quarter)
            turned = turned[:, ::-1] if mirrored else turned
            order = np.append(turned.ravel(), AROUND * AROUND)
            near = (order[:, None] * channels + np.arange(channels)).ravel()
            where = len(near) + (np.array([1, 0]) if quarter % 2 else np.array([0, 1]))
            orders.append(np.concatenate([near, where]))
    return orders
