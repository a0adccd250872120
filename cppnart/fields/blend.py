"""Two pictures blended by their gradients, as a field (Perez et al., "Poisson image editing", 2003;
with networks: Sitzmann et al., "Implicit neural representations with periodic activation
functions", 2020, section 4.1)."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from .fit_gradients import AUTO, METHODS, gradient_network
from .gradients import GradientTask
from .pictures import open_image, read_levels
from .training import FittedField, Training, train

if TYPE_CHECKING:
    from typing_extensions import Unpack

LARGEST = 1 << 24
"""Pixels of a blend."""
HELD = 10.0
"""How much more the error of a known pixel counts than that of a slope."""
EXTREMES = (0.005, 0.995)
"""Shares of the values of a blend between which they fit into the range of colours."""

Picture = str | os.PathLike[str] | NDArray[np.uint8]


class BlendTask(GradientTask):
    """A picture of which gradients are known, and some pixels.

    along, down: the slopes from each pixel to the next one in its row, (H, W - 1, 3), and in its
    column, (H - 1, W, 3), which need not be those of any picture. pixels (H, W, 3), uint8: the
    picture itself where ``known`` (H, W) is true; where it is nowhere, its colours on average.

    Scores: ``slopes`` in decibels, of what is left between the field's slopes and these; and
    ``psnr`` of the pixels that are known.
    """

    name = "blend"
    falls = 1.5  # other weights would favour another picture where the slopes are those of none

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        known: NDArray[np.bool_],
        along: NDArray[np.float32],
        down: NDArray[np.float32],
        *,
        batch: int | None = 8192,
    ) -> None:
        super().__init__(pixels, batch=batch)
        self.settings = {name: s for name, s in self.settings.items() if name != "from"}
        self._known = torch.from_numpy(known.reshape(-1))
        self._anywhere = bool(known.any())
        # the differences of a running sum are the slopes, across any number of pixels
        self._along = _running_sum(along, 1)
        self._down = _running_sum(down, 0)

    def _targets(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        return self._along[numbers], self._down[numbers]

    def _error(self, values: Tensor, numbers: Tensor, weight: Tensor) -> Tensor:
        slopes = super()._error(values, numbers, weight)
        if not self._anywhere:
            return slopes
        colours = self.colours(numbers.flatten()).reshape(values.shape).to(values)
        off = self._known[numbers][..., None].to(values) * (values - colours)
        return slopes + HELD * (weight * off.square()).mean()

    @torch.no_grad()
    def scores(self, field: nn.Module) -> dict[str, float]:
        numbers = self._sample()
        here, left = self._values(field, numbers), []
        for step, sums, more in (
            (1, self._along, numbers % self.width < self.width - 1),
            (self.width, self._down, numbers // self.width < self.height - 1),
        ):
            there = numbers[more] + step
            slopes = self._values(field, there) - here[more]
            left.append((slopes - sums[there] + sums[numbers[more]]).flatten())
        scores = {"slopes": _decibels(torch.cat(left))}
        if self._anywhere:
            known = self._known[numbers]
            off = here[known].clamp(0, 1) - self.colours(numbers[known])
            scores["psnr"] = _decibels(off)
        return scores

    def _levels(self, values: Tensor, colours: Tensor) -> tuple[Tensor, Tensor]:
        """Colours on average as they should be, and contrasts at most as large as colours are."""
        scale, offset = torch.ones(self.channels), torch.zeros(self.channels)
        if self._anywhere:
            return scale, offset
        mean, level = values.mean(0), colours.mean(0)
        low, high = torch.quantile(values - mean, torch.tensor(EXTREMES).to(values), dim=0)
        room = torch.cat([level / -low.clamp(max=-1e-9), (1 - level) / high.clamp(min=1e-9)])
        scale = scale * min(1.0, float(room.min()))
        return scale, level - scale * mean


def fit_blend(
    a: Picture,
    b: Picture,
    *,
    mask: Picture | None = None,
    at: tuple[int, int] | None = None,
    mixed: bool = False,
    method: str = "auto",
    batch: int | None = None,
    options: Mapping[str, Any] | None = None,
    **training: Unpack[Training],
) -> FittedField:
    """Blends two pictures by their gradients, into a field of the size of the first.

    a, b: picture files, or (H, W, 3) uint8; transparency is ignored. mask: a picture of the size
    of b, white (or opaque, where it has transparency) where b goes into a: there the slopes are
    those of b, and all else is a. Without a mask the slopes are the means of those of both
    everywhere, as in the paper on SIREN. at: the column and row of a where b's left upper corner
    lies; without it, b and its mask are brought to the size of a. With ``at`` but no mask all of b
    goes into a. mixed: wherever slopes of both meet, the steeper is taken, so that what is lively
    in either shows. method, batch, options, training: as for fit_gradients; ``until`` is of the
    slopes, in decibels.

    Raises ValueError for pictures that do not go together and OSError for files that cannot be
    read.
    """
    name = AUTO if method == "auto" else method
    if name not in METHODS:
        raise ValueError(f"method {method!r}: expected auto, {', '.join(METHODS)}")
    ground = _pixels(a)
    if ground.shape[0] * ground.shape[1] > LARGEST:
        raise ValueError(f"{ground.shape[1]}x{ground.shape[0]}: expected at most {LARGEST} pixels")
    chosen = METHODS[name]
    task = _task(ground, *_laid(ground, _pixels(b), mask, at), mixed, batch or chosen.batch)
    how = {"at": None if at is None else list(at), "masked": mask is not None, "mixed": mixed}
    task.settings = {**task.settings, **how}
    network = gradient_network(
        name, task, {**chosen.options, **(options or {})}, training.get("seed", 0)
    )
    return train(network, task, chosen.settings, training, method=name, shape=task.shaped)


def _laid(
    ground: NDArray[np.uint8],
    over: NDArray[np.uint8],
    mask: Picture | None,
    at: tuple[int, int] | None,
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.bool_] | None]:
    """The second picture as it lies on the first, where it has pixels, and where it is wanted."""
    height, width = ground.shape[:2]
    wanted = None
    if mask is not None:
        wanted = _white(mask)
        if wanted.shape != over.shape[:2]:
            raise ValueError(
                f"mask of {wanted.shape[1]}x{wanted.shape[0]}: expected {over.shape[1]}x"
                f"{over.shape[0]}, the size of the picture that it is for"
            )
    if at is None:
        over = _resized(over, width, height)
        wanted = None if wanted is None else _resized(wanted, width, height)
        return over, np.ones((height, width), bool), _usable(wanted)
    wanted = np.ones(over.shape[:2], bool) if wanted is None else wanted
    laid, there, usable = np.zeros_like(ground), np.zeros((height, width), bool), None
    x, y = at
    to = np.s_[max(y, 0) : max(y + len(over), 0), max(x, 0) : max(x + over.shape[1], 0)]
    rows, columns = there[to].shape
    of = np.s_[max(-y, 0) :, max(-x, 0) :]
    laid[to], there[to] = over[of][:rows, :columns], True
    usable = np.zeros_like(there)
    usable[to] = wanted[of][:rows, :columns]
    return laid, there, _usable(usable)


def _usable(wanted: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    if wanted is not None and not wanted.any():
        raise ValueError("the mask is white nowhere in the picture: white is what is blended in")
    if wanted is not None and wanted.all():
        raise ValueError(
            "the mask is white all over the picture: leave something of the picture around it"
        )
    return wanted


def _task(
    ground: NDArray[np.uint8],
    over: NDArray[np.uint8],
    there: NDArray[np.bool_],
    wanted: NDArray[np.bool_] | None,
    mixed: bool,
    batch: int | None,
) -> BlendTask:
    a, b = (np.float32(pixels / 255) for pixels in (ground, over))
    slopes = []
    for axis in (1, 0):
        of_a, of_b = np.diff(a, axis=axis), np.diff(b, axis=axis)
        if mixed:
            steeper = (of_b**2).sum(-1, keepdims=True) > (of_a**2).sum(-1, keepdims=True)
            chosen = np.where(steeper, of_b, of_a)
        else:
            chosen = (of_a + of_b) / 2 if wanted is None else of_b
        if wanted is not None:
            # every slope of a pixel that is blended in, where b has it
            either = _neighbours(wanted, axis, np.logical_or)
            both = _neighbours(there, axis, np.logical_and)
            chosen = np.where((either & both)[..., None], chosen, of_a)
        slopes.append(chosen)
    if wanted is not None:
        return BlendTask(ground, ~wanted, slopes[0], slopes[1], batch=batch)
    mean = np.asarray((a + b) * 127.5 + 0.5).astype(np.uint8)
    return BlendTask(mean, np.zeros_like(there), slopes[0], slopes[1], batch=batch)


def _decibels(error: Tensor) -> float:
    return -10 * math.log10(max(float(error.square().sum()) / max(error.numel(), 1), 1e-12))


def _neighbours(flags: NDArray[np.bool_], axis: int, of: np.ufunc) -> NDArray[np.bool_]:
    first, second = (flags[:-1], flags[1:]) if axis == 0 else (flags[:, :-1], flags[:, 1:])
    return np.asarray(of(first, second))


def _running_sum(slopes: NDArray[np.float32], axis: int) -> Tensor:
    """(pixels, 3), from 0 on in every row or column."""
    before = [(int(a == axis), 0) for a in range(3)]
    sums = np.pad(np.cumsum(slopes, axis, dtype=np.float64), before)
    return torch.from_numpy(sums.astype(np.float32)).reshape(-1, slopes.shape[2])


def _pixels(picture: Picture) -> NDArray[np.uint8]:
    if isinstance(picture, str | os.PathLike):
        return np.asarray(open_image(picture).convert("RGB"))
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or not picture.size:
        raise ValueError(
            f"pixels of shape {picture.shape}, {picture.dtype}: expected (H, W, 3), uint8"
        )
    return picture


def _white(mask: Picture) -> NDArray[np.bool_]:
    """Where a mask is white, or opaque."""
    levels = read_levels(mask)[0] if isinstance(mask, str | os.PathLike) else np.asarray(mask)
    if levels.ndim == 2:
        levels = levels[..., None]
    if levels.ndim != 3 or levels.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"mask of shape {levels.shape}, {levels.dtype}: expected (H, W), uint8")
    shown = levels[..., 3] if levels.shape[2] == 4 else levels.mean(2)
    return np.asarray(shown > np.iinfo(levels.dtype).max / 2)


def _resized(pixels: NDArray[Any], width: int, height: int) -> NDArray[Any]:
    if pixels.shape[:2] == (height, width):
        return pixels
    how = Image.Resampling.NEAREST if pixels.dtype == bool else Image.Resampling.LANCZOS
    return np.asarray(Image.fromarray(pixels).resize((width, height), how))
