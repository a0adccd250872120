"""What a network sees: pictures that excite one of its channels, units or classes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .coordinates import pixel_centers
from .vision import Vision

SIZES = (16, 2048)
"""The smallest and the largest side of the pictures that are shown to a network."""
JITTER = (8, 4)
"""Pixels in which a picture moves before it is scaled and turned, and after."""
SCALE = 0.1
TURN = 10.0
"""Degrees."""
PREVIEW = 512
"""The side of a preview, in pixels; of several pictures, half as much."""
PAGE = (244, 241, 234)
"""What shows between several."""


class Fields(nn.Module):
    """Several fields that are fitted side by side."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, points: Tensor) -> Tensor:
        """The values (members, N, c) at points (N, 2), or at (members, N, 2), points for each."""
        each = points.expand(len(self.members), -1, -1)
        if len(self.members) == 1:
            values: Tensor = self.members[0](each[0])[None]
            return values
        # what is in between is made again for the gradient, so that memory holds one field's
        made = [
            checkpoint(member, own, use_reentrant=False, preserve_rng_state=False)
            for member, own in zip(self.members, each, strict=True)
        ]
        return torch.stack(made)


class FeatureTask:
    """Pictures that excite something in a network.

    layer, channel: the mean of a channel (Olah, Mordvintsev and Schubert, "Feature visualization",
    Distill 2017); with unit (x, y), the channel at that place of the layer's map alone. category:
    a class instead, by its number or name: its output before the softmax. size: the side of the
    pictures. Layers make (N, channels), (N, channels, H, W) or (N, tokens, channels).

    transforms: each step looks at the picture moved, scaled and turned a little, so that what
    excites does not hang on single pixels. The fields are asked at other points, so nothing is
    interpolated, and beyond its border a picture goes on. diversity: how much several pictures are
    to differ: so many times their activations weighs their mean ``similarity`` at the layer.

    Scores are the activation, and, of several, their similarity.
    """

    name = "feature"

    def __init__(
        self,
        network: Vision,
        *,
        layer: str | None = None,
        channel: int | None = None,
        unit: tuple[int, int] | None = None,
        category: int | str | None = None,
        size: int | None = None,
        transforms: bool = False,
        diversity: float = 0.0,
    ) -> None:
        if (channel is None) == (category is None):
            raise ValueError("give either a channel of a layer, or a class")
        if channel is not None and layer is None:
            raise ValueError(f"channel {channel}: of which layer?")
        if category is not None and unit is not None:
            raise ValueError("unit: a class has no places; give a channel of a layer")
        if category is not None and diversity and layer is None:
            raise ValueError("diversity of a class: give a layer in which pictures are to differ")
        if not (math.isfinite(diversity) and diversity >= 0):
            raise ValueError(f"diversity {diversity:g}: expected 0 or more")
        self.size = network.size if size is None else size
        if not SIZES[0] <= self.size <= SIZES[1]:
            raise ValueError(f"size {self.size}: expected {SIZES[0]} to {SIZES[1]} pixels")
        self.network, self.layer, self.unit = network, layer, unit
        self.transforms, self.diversity = transforms, diversity
        self._of_class = category is not None
        wanted = category if channel is None else channel
        assert wanted is not None
        self.channel = self._found(wanted)
        self.settings: Mapping[str, Any] = {
            "model": network.name,
            "layer": layer,
            "class" if self._of_class else "channel": self.channel,
            "unit": None if unit is None else list(unit),
            "size": self.size,
            "transforms": transforms,
            "diversity": diversity,
        }
        self._points = torch.from_numpy(pixel_centers(self.size, self.size)).float()

    @torch.no_grad()
    def _found(self, wanted: int | str) -> int:
        """The number of the channel or class, after a look at a grey picture."""
        grey = torch.full((1, 3, self.size, self.size), 0.5)
        try:
            made, features = self._looked(grey)
        except (RuntimeError, AssertionError) as error:
            reason = " ".join(str(error).split())[:160]
            raise ValueError(
                f"{self.network.name} cannot look at pictures of {self.size}x{self.size} ({reason})"
            ) from None
        name = self.network.name
        if self.diversity and (features is None or features.ndim == 2):
            raise ValueError(f"diversity: layer {self.layer} of {name} has no places to compare")
        if self._of_class:
            if made.ndim != 2:
                shape = tuple(made.shape)
                raise ValueError(f"{name} makes {shape}: expected (N, classes) for a class")
            return self.network.number_of(wanted, made.shape[1])
        shape = made.shape
        count = shape[-1] if made.ndim == 3 else shape[1] if made.ndim > 1 else 0
        if made.ndim not in (2, 3, 4):
            raise ValueError(f"layer {self.layer} of {name} makes {tuple(shape)}, not channels")
        if not 0 <= int(wanted) < count:
            raise ValueError(f"channel {wanted}: layer {self.layer} of {name} has 0 to {count - 1}")
        if self.unit is not None:
            self._check_unit(self.unit, shape)
        return int(wanted)

    def _check_unit(self, unit: tuple[int, int], shape: torch.Size) -> None:
        where = f"unit {unit[0]},{unit[1]}: layer {self.layer} of {self.network.name}"
        if len(shape) != 4:
            raise ValueError(f"{where} has no map of places")
        if not (0 <= unit[0] < shape[3] and 0 <= unit[1] < shape[2]):
            raise ValueError(f"{where} has 0,0 to {shape[3] - 1},{shape[2] - 1}")

    # --- What the network makes of pictures ---

    def _looked(self, pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        """What is excited, and the features in which pictures are to differ."""
        if self._of_class:
            return self.network.outputs(pictures, self.layer)
        assert self.layer is not None
        features = self.network.layer(pictures, self.layer)
        return features, features

    def _excited(self, made: Tensor) -> Tensor:
        """How much of it there is in each picture, (N,)."""
        if made.ndim == 3:
            return made[..., self.channel].mean(1)
        own = made[:, self.channel]
        if own.ndim == 1:
            return own
        return own.mean((1, 2)) if self.unit is None else own[:, self.unit[1], self.unit[0]]

    def pictures(self, fields: nn.Module, points: Tensor) -> Tensor:
        """The fields as pictures (members, 3, size, size), channels last in memory."""
        values: Tensor = fields(points).unflatten(1, (self.size, self.size))
        return values.movedim(3, 1)

    @torch.no_grad()
    def activations(self, pictures: Tensor) -> Tensor:
        """How much each picture (N, 3, size, size) excites what is asked for, (N,)."""
        return self._excited(self._looked(pictures)[0])

    def moved(self, random: torch.Generator) -> Tensor:
        """The points (size * size, 2) at which a picture is seen after a random move, scaling by
        1 - SCALE to 1 + SCALE, turn of up to TURN degrees, and move."""
        draws = (2 * torch.rand(6, generator=random, dtype=torch.float64) - 1).tolist()
        scale, angle = 1 + SCALE * draws[0], math.radians(TURN * draws[1])
        before, after = (
            torch.tensor(pair).float() * pixels / self.size
            for pair, pixels in zip((draws[2:4], draws[4:]), JITTER, strict=True)
        )
        cos, sin = math.cos(angle) / scale, math.sin(angle) / scale
        turned = (self._points + after) @ torch.tensor([[cos, -sin], [sin, cos]])
        return turned + before

    @property
    def sought(self) -> str:
        """What is to be excited, in words."""
        if self._of_class:
            return f"class {self.channel} of {self.network.name}"
        return f"channel {self.channel} of layer {self.layer} of {self.network.name}"

    # --- What a fit asks for ---

    def loss(self, field: nn.Module, random: torch.Generator, device: torch.device) -> Tensor:
        points = self._points
        if self.transforms:
            points = torch.stack([self.moved(random) for _ in range(_count(field))])
        self.network.to(device)
        made, features = self._looked(self.pictures(field, points.to(device)))
        excited = self._excited(made)
        if not self.diversity or features is None or len(features) == 1:
            return -excited.mean()
        # by the activations of each pair: they differ from layer to layer, and a picture that does
        # not excite yet has better things to do than to differ
        sizes = excited.detach().abs().sqrt()
        alike = similarity(features, sizes[:, None] * sizes)
        return self.diversity * alike - excited.mean()

    @torch.no_grad()
    def scores(self, field: nn.Module) -> dict[str, float]:
        device = next(field.parameters()).device
        self.network.to(device)
        made, features = self._looked(self.pictures(field, self._points.to(device)))
        scores = {"activation": float(self._excited(made).mean())}
        if features is not None and features.ndim > 2 and len(features) > 1:
            scores["similarity"] = float(similarity(features))
        return scores

    @torch.no_grad()
    def preview(self, field: nn.Module) -> NDArray[np.uint8]:
        return sheet(field, PREVIEW if _count(field) == 1 else PREVIEW // 2)


def similarity(features: Tensor, weights: Tensor | None = None) -> Tensor:
    """How alike the features of several pictures are, (N, channels, H, W) or (N, tokens,
    channels): the mean, over pairs of pictures, of the cosine between their Gram matrices, which
    say what features appear together and not where (Olah et al., 2017, "Diversity"). weights: of
    the pairs, (N, N)."""
    places = features.flatten(2).movedim(1, 2) if features.ndim == 4 else features
    grams = (places.movedim(1, 2) / places.shape[1] @ places).flatten(1)
    grams = nn.functional.normalize(grams, dim=1, eps=1e-10)
    cosines = grams @ grams.T if weights is None else weights * (grams @ grams.T)
    count = len(grams)
    return (cosines.sum() - cosines.diagonal().sum()) / (count * (count - 1))


@torch.no_grad()
def sheet(fields: nn.Module, side: int) -> NDArray[np.uint8]:
    """The fields as one picture (H, W, 3), row by row, each ``side`` pixels wide; a single one has
    no margin."""
    points = torch.from_numpy(pixel_centers(side, side)).to(next(fields.parameters()))
    levels = (fields(points).float().clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
    pictures = levels.reshape(-1, side, side, 3)
    count = len(pictures)
    if count == 1:
        return np.asarray(pictures[0])
    columns, gap = math.ceil(math.sqrt(count)), side // 16
    step, rows = side + gap, math.ceil(count / columns)
    page = np.full((rows * step + gap, columns * step + gap, 3), PAGE, np.uint8)
    for number, picture in enumerate(pictures):
        row, column = (gap + step * at for at in divmod(number, columns))
        page[row : row + side, column : column + side] = picture
    return page


def _count(fields: nn.Module) -> int:
    assert isinstance(fields, Fields)
    return len(fields.members)
