"""Generators against their formulas, written out in plain numpy, node by node."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from .fields import SMALL, latents, numbers, raster, small

POINTS = raster(6, 4)


def leaky(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, 0.2 * x)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def style_of(w: dict[str, np.ndarray], z: np.ndarray, label: int | None) -> np.ndarray:
    if label is not None:
        z = np.concatenate([z, w["styles.label.weight"][label]])
    for layer in ("styles.first", "styles.second"):
        z = leaky(w[f"{layer}.weight"] @ z + w[f"{layer}.bias"])
    return z


def cppn2016_by_hand(g: Any, z: np.ndarray, label: int | None, points: np.ndarray) -> np.ndarray:
    w, spec = numbers(g), g.spec
    x, y = spec["scale"] * points.T
    place = np.stack([x, y, np.hypot(x, y)])
    h = w["place.weight"] @ place
    h += (w["latent.weight"] @ (spec["scale"] * z) + w["latent.bias"])[:, None]
    if label is not None:
        h += w["label.weight"][:, label, None]
    if spec["blocks"]:
        h = np.tanh(h)
        for i in range(spec["blocks"]):
            inner = h
            for j in range(4):
                name = f"layers.{i}.inner.{j}"
                inner = np.maximum(w[f"{name}.weight"] @ inner + w[f"{name}.bias"][:, None], 0)
            last = w[f"layers.{i}.last.weight"] @ inner + w[f"layers.{i}.last.bias"][:, None]
            h = h + np.tanh(last)
    else:
        h = np.log1p(np.exp(h))
        for i in range(spec["depth"]):
            h = np.tanh(w[f"layers.{i}.weight"] @ h + w[f"layers.{i}.bias"][:, None])
    return 1.05 * (2 * sigmoid(w["last.weight"] @ h + w["last.bias"][:, None]).T - 1)


def poly_by_hand(g: Any, z: np.ndarray, label: int | None, points: np.ndarray) -> np.ndarray:
    w, spec = numbers(g), g.spec
    style = style_of(w, z, label)
    x = np.ones((spec["width"], len(points)))
    for i in range(spec["levels"]):
        both = w[f"grids.{i}.weight"] @ style + w[f"grids.{i}.bias"]
        a, b = both[: 2 * spec["width"]].reshape(2, -1), both[2 * spec["width"] :]
        seen = leaky(a.T @ points.T + b[:, None])
        x = leaky(w[f"layers.{i}.weight"] @ (x * seen) + w[f"layers.{i}.bias"][:, None])
    return 1.05 * np.tanh(w["last.weight"] @ x + w["last.bias"][:, None]).T


class FmmByHand:
    """Node by node and layer by layer: features are interpolated as they are, then mapped."""

    def __init__(self, g: Any, z: np.ndarray, label: int | None) -> None:
        self.g, self.w, self.spec = g, numbers(g), g.spec
        self.style = style_of(self.w, z, label)
        cells = max(round(self.spec["resolution"] / 2 ** (self.spec["levels"] - 1)), 2)
        self.cells = [cells * 2**i for i in range(self.spec["levels"] - 1)]
        self.node = cache(self._node)

    def weights(self, name: str, plain: bool = False) -> np.ndarray:
        shared = self.w[f"{name}.weight"]
        units, sources = shared.shape
        rank = self.spec["rank"]
        factors = self.w[f"{name}.factors.weight"] @ self.style + self.w[f"{name}.factors.bias"]
        a = factors[: units * rank].reshape(units, rank)
        b = factors[units * rank :].reshape(rank, sources)
        if self.spec["form"] == "sigmoid":
            return shared * 2 * sigmoid(a @ b)
        made = shared * (1 + a @ b / np.sqrt(rank))
        if plain:
            return made
        # of rows of length 1, times what keeps the variance through leaky rectifiers
        return np.sqrt(2 / 1.04) * made / np.linalg.norm(made, axis=1, keepdims=True)

    def level(self, i: int, before: np.ndarray, place: np.ndarray) -> np.ndarray:
        """From (features of the level before, colours) to the same of level i."""
        name = f"levels.{i}"
        channels = self.spec["channels"]
        x, colour = before[:-channels], before[-channels:]
        frequency = self.w["frequencies"][self.g.shown[i]]
        angle = 2 * np.pi * frequency @ place
        waves = np.concatenate([np.sin(angle), np.cos(angle)])
        first = self.weights(f"{name}.first") @ np.concatenate([x, waves])
        x = leaky(first + self.w[f"{name}.first.bias"])
        for j in range(self.spec["layers"] - 1):
            more = f"{name}.more.{j}"
            x = leaky(self.weights(more) @ x + self.w[f"{more}.bias"])
        own = self.weights(f"{name}.colour", plain=True) @ x + self.w[f"{name}.colour.bias"]
        return np.concatenate([x, colour + own])

    def _node(self, i: int, kx: int, ky: int) -> np.ndarray:
        """What level i makes at a node of its lattice."""
        before = np.zeros(self.spec["channels"]) if i == 0 else self.subdivided(i, kx, ky)
        return self.level(i, before, np.array([kx, ky]) * 2 / self.cells[i])

    def subdivided(self, i: int, kx: int, ky: int) -> np.ndarray:
        """The level before i at a node of a lattice of half its step, by cubic B-splines."""

        def taps(k: int) -> list[tuple[int, float]]:
            half = k // 2
            if k % 2:
                return [(half, 1 / 2), (half + 1, 1 / 2)]
            return [(half - 1, 1 / 8), (half, 6 / 8), (half + 1, 1 / 8)]

        return sum(a * b * self.node(i - 1, jx, jy) for jx, a in taps(kx) for jy, b in taps(ky))

    def at(self, place: np.ndarray) -> np.ndarray:
        levels = self.spec["levels"]
        before = np.zeros(self.spec["channels"])
        start = 0
        if self.spec["multiscale"] and levels > 1:
            u, v = place * self.cells[-1]  # in steps of half a cell, which is 2 / cells
            kx, ky = int(np.floor(u)), int(np.floor(v))
            fx, fy = u - kx, v - ky
            before = sum(
                wx * wy * self.subdivided(levels - 1, kx + i, ky + j)
                for i, wx in ((0, 1 - fx), (1, fx))
                for j, wy in ((0, 1 - fy), (1, fy))
            )
            start = levels - 1
        for i in range(start, levels):
            before = self.level(i, before, place)
        return 1.05 * np.tanh(before[-self.spec["channels"] :])


def fmm_by_hand(g: Any, z: np.ndarray, label: int | None, points: np.ndarray) -> np.ndarray:
    by_hand = FmmByHand(g, z, label)
    return np.stack([by_hand.at(place) for place in points])


BY_HAND = {"cppn2016": cppn2016_by_hand, "poly": poly_by_hand, "fmm": fmm_by_hand}


@pytest.mark.parametrize("spec", SMALL, ids=str)
@pytest.mark.parametrize("classes", [0, 3])
def test_a_generator_is_its_formula(spec, classes):
    g = small(spec, classes=classes).double()
    z = latents(2, 5).double()
    labels = torch.tensor([2, 0]) if classes else None
    points = POINTS.double()
    got = g(z, points, labels).detach().numpy()
    assert got.shape == (2, 4, 6, 3)
    for number, label in enumerate([2, 0] if classes else [None, None]):
        flat = points.reshape(-1, 2).numpy()
        expected = BY_HAND[spec["kind"]](g, z[number].numpy(), label, flat)
        np.testing.assert_allclose(got[number].reshape(-1, 3), expected, atol=1e-7)
    with torch.no_grad():
        clipped = g.eval()(z, points, labels).numpy()
    np.testing.assert_array_equal(clipped, got.clip(-1, 1))
