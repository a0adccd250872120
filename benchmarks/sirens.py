"""SIREN on a grey picture by the recipe of its paper, against a loop of torch written by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from measure import Row, interleaved, median
from natural import data
from torch import Tensor, nn

from cppnart.fields.fitting import Settings, fit
from cppnart.fields.images import ImageTask
from cppnart.fields.networks.trained import trainable
from cppnart.fields.pictures import read_levels
from cppnart.fields.training import build

ASKED = 1.05
OMEGA = 30.0


class SineLayer(nn.Module):
    """The layer as the paper's notebook has it."""

    def __init__(self, sources: int, units: int) -> None:
        super().__init__()
        self.linear = nn.Linear(sources, units)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(OMEGA * self.linear(x))


class Contestants:
    """The same network, twice; each steps on and keeps its losses."""

    def __init__(self, size: int, width: int, steps: int) -> None:
        y = slice(0, size)
        pixels = read_levels(data() / "kodak" / "kodim03.png")[0][y, y]
        grey = np.rint(pixels @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)[..., None]
        self.steps = steps
        network = build("siren", {"x": 1, "y": 1}, ("value",), 0, {"width": width})
        self.module, self.rates = trainable(network)
        self.task = _Signed(grey, batch=None)
        numbers = self.task.numbers(held_out=False)
        self.points, self.values = self.task.points(numbers), 2 * self.task.colours(numbers) - 1
        self.plain = self._by_hand()
        self.optimiser = torch.optim.Adam(self.plain.parameters(), lr=1e-4)
        self.losses: dict[str, list[float]] = {"ours": [], "plain": []}

    def _by_hand(self) -> nn.Sequential:
        """With the weights that ours begins with, which hold omega."""
        operations = list(self.module.operations)
        layers: list[nn.Module] = []
        for operation in operations[:-1]:
            layers.append(SineLayer(operation.weight.shape[1], operation.weight.shape[0]))
        last = operations[-1]
        layers.append(nn.Linear(last.weight.shape[1], 1))
        for layer, operation in zip(layers, operations, strict=True):
            sine = isinstance(layer, SineLayer)
            linear = layer.linear if isinstance(layer, SineLayer) else layer
            with torch.no_grad():
                linear.weight.copy_(operation.weight / (OMEGA if sine else 1))
                linear.bias.copy_(operation.bias / (OMEGA if sine else 1))
        return nn.Sequential(*layers)

    def ours(self) -> None:
        settings = Settings(steps=self.steps, rate=1e-4, check_every=10**9)
        self.task.losses = self.losses["ours"]
        fit(self.module, self.task, settings, rates=self.rates)

    def by_hand(self) -> None:
        for _ in range(self.steps):
            loss = ((self.plain(self.points) - self.values) ** 2).mean()
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            self.losses["plain"].append(float(loss.detach()))


class _Signed(ImageTask):
    """Values in [-1, 1], as there; a fit of some steps is all that is wanted, not its score."""

    losses: list[float]

    def __init__(self, pixels: np.ndarray, *, batch: int | None) -> None:
        super().__init__(pixels, batch=batch)
        numbers = self.numbers(held_out=False)
        self._all = (self.points(numbers), 2 * self.colours(numbers) - 1)

    def loss(self, field: nn.Module, random: torch.Generator, device: torch.device) -> Tensor:
        points, values = self._all
        error: Tensor = (field(points) - values).square().mean()
        self.losses.append(float(error.detach()))
        return error

    def scores(self, field: nn.Module) -> dict[str, float]:
        return {"psnr": math.nan}


def siren_rows(rounds: int, quick: bool) -> Iterator[Row]:
    size, width = (64, 64) if quick else (512, 256)
    steps = 2
    pair = Contestants(size, width, steps)
    took = interleaved({"ours": pair.ours, "by hand": pair.by_hand}, rounds)
    ratio = median(took)["ours"] / median(took)["by hand"]
    # the loop begins its optimiser anew with each round, so that only the first steps are the same
    apart = max(
        abs(a - b) / b
        for a, b in zip(pair.losses["ours"][:steps], pair.losses["plain"][:steps], strict=True)
    )
    yield Row(
        "siren",
        f"SIREN {width} x (1+3), {size}x{size} grey, full batch: a step against torch by hand",
        f"{ASKED:g}x",
        f"{ratio:.3f}x",
        ratio <= ASKED,
        f"{median(took)['ours'] / steps:.3f} s a step; the first losses differ by {apart:.1e}",
        {"seconds": took},
    )
