"""LIIF as published: a perceptron on the features nearest to a point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .encoders import Edsr, Rdn

ENCODERS = {"edsr-baseline": Edsr, "rdn": Rdn}
AREA = 1e-9
SHIFT = 1e-6
"""Of the coordinates over [-1, 1], which keeps a point between two pixels from being a tie."""


class Perceptron(nn.Module):
    def __init__(self, inputs: int, outputs: int, hidden: Sequence[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(inputs, width), nn.ReLU()]
            inputs = width
        self.layers = nn.Sequential(*layers, nn.Linear(inputs, outputs))

    def forward(self, values: Tensor) -> Tensor:
        made: Tensor = self.layers(values)
        return made


class Liif(nn.Module):
    """Local implicit image function (Chen, Liu and Wang, "Learning continuous image representation
    with local implicit image function", 2021, section 3), under the names of its checkpoints.

    unfold: a feature is joined with its eight neighbours (3.2). ensemble: the four nearest features
    answer, each weighted by the area of the rectangle opposite to it (3.2). cell: the perceptron is
    told the size of the pixel to be made (3.3).
    """

    def __init__(
        self,
        encoder: str = "edsr-baseline",
        hidden: Sequence[int] = (256, 256, 256, 256),
        *,
        unfold: bool = True,
        ensemble: bool = True,
        cell: bool = True,
        encoder_options: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__()
        if encoder not in ENCODERS:
            raise ValueError(f"encoder {encoder!r}: expected {', '.join(ENCODERS)}")
        self.spec: Mapping[str, Any] = {
            "kind": "liif",
            "encoder": encoder,
            "hidden": list(hidden),
            "unfold": unfold,
            "ensemble": ensemble,
            "cell": cell,
            "encoder_options": dict(encoder_options or {}),
        }
        self.encoder = ENCODERS[encoder](**(encoder_options or {}))
        self.unfold, self.ensemble, self.cell = unfold, ensemble, cell
        self.reach = self.encoder.reach + unfold
        inputs = self.encoder.channels * (9 if unfold else 1) + 2 + 2 * cell
        self.imnet = Perceptron(inputs, 3, hidden)

    def encode(self, pictures: Tensor) -> Tensor:
        return self.unfolded(self.encoder(pictures * 2 - 1))

    def unfolded(self, features: Tensor) -> Tensor:
        """Features of the encoder, each joined with its neighbours if the model does that."""
        if not self.unfold:
            return features
        batch, _, height, width = features.shape
        return functional.unfold(features, 3, padding=1).view(batch, -1, height, width)

    def decode(self, encoded: Tensor, points: Tensor, cell: Tensor) -> Tensor:
        size = torch.tensor([encoded.shape[3], encoded.shape[2]], device=points.device)
        rows = encoded.flatten(2).transpose(1, 2)
        answers, areas = [], []
        for dx, dy in ((-1, -1), (-1, 1), (1, -1), (1, 1)) if self.ensemble else ((0, 0),):
            step = 0.5 * torch.tensor([dx, dy], device=points.device)
            nearest = points + step + (0.5 * SHIFT * size if self.ensemble else 0)
            pixel = torch.minimum(nearest.floor().clamp(min=0), size - 1).long()
            number = (pixel[..., 1] * size[0] + pixel[..., 0])[..., None]
            features = rows.gather(1, number.expand(-1, -1, rows.shape[2]))
            away = 2 * (points - pixel - 0.5)  # a pixel's side is 2, as in the paper
            values = [features, away.flip(2)]
            if self.cell:
                values.append((2 * cell)[:, None, None].expand(*points.shape[:2], 2))
            answers.append(self.imnet(torch.cat(values, 2)))
            areas.append(away.prod(2).abs() + AREA)
        total = torch.stack(areas).sum(0)
        made = torch.stack(
            [a * (area / total)[..., None] for a, area in zip(answers, areas[::-1], strict=True)]
        )
        colours: Tensor = made.sum(0) / 2 + 0.5
        return colours

    def forward(self, pictures: Tensor, points: Tensor, cell: Tensor) -> Tensor:
        return self.decode(self.encode(pictures), points, cell)
