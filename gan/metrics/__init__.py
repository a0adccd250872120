"""How much samples are like the pictures: ``evaluate``."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..augment import premultiplied
from ..data import Pictures, open_pictures
from ..model import Model, load_model
from .classifier import train_classifier
from .distances import frechet, kernel_distance, precision_recall
from .inception import inception_distances
from .patches import sliced_wasserstein, small_pictures

Progress = Callable[[int, int], None]
SURE = 0.9


def evaluate(
    run: str | os.PathLike[str] | Model,
    data: str | os.PathLike[str] | None = None,
    *,
    samples: int = 5000,
    inception: str | os.PathLike[str] | None = None,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Compares samples of a generator with pictures, by name of the measure.

    Always: ``sliced wasserstein``, of patches of Laplacian pyramids, by size, times 1000; and
    ``pictures at 16 pixels``: precision and recall in 64 principal components of small pictures.
    With labels also ``classifier``: of the data's own labels, its accuracy on pictures kept back,
    how many samples it is at least 90 % sure of, the share of each class, and precision, recall,
    kernel and Frechet distance in its features; none of these is the FID of Inception, which is
    there as ``inception`` where torchmetrics and weights are.

    data: the pictures; by default those of the run. samples: how many, and as many pictures, or
    all where there are fewer. inception: a file of weights. progress: called with pictures done
    and to do. Raises ValueError and OSError as ``open_pictures`` does.
    """
    if not 32 <= samples <= 1_000_000:
        raise ValueError(f"samples {samples}: expected 32 to 1000000")
    model = run if isinstance(run, Model) else load_model(run, device=device)
    place = data if data is not None else model.note.get("data")
    if not isinstance(place, str | os.PathLike):
        raise ValueError("no pictures to compare with: give a folder of them")
    size = (model.width, model.height)
    pictures = open_pictures(place, resolution=size, channels=model.channels)
    random = np.random.default_rng(seed)
    numbers = np.sort(random.permutation(len(pictures))[:samples])
    real = _planes(pictures, numbers)
    made = _samples(model, pictures, samples, random, progress)
    found: dict[str, Any] = {
        "images": model.images,
        "samples": len(made),
        "pictures": len(real),
        "sliced wasserstein": _rounded(sliced_wasserstein(real, made, random)),
    }
    a, b = small_pictures([real, made])
    precision, recall = precision_recall(a, b)
    found["pictures at 16 pixels"] = _rounded({"precision": precision, "recall": recall})
    if pictures.classes > 1:
        found["classifier"] = _by_classes(pictures, real, made, random, seed, progress)
    found["inception"] = _by_inception(real, made, inception)
    return found


def _by_classes(
    pictures: Pictures,
    real: Tensor,
    made: Tensor,
    random: np.random.Generator,
    seed: int,
    progress: Progress | None,
) -> dict[str, Any]:
    assert pictures.labels is not None
    judge = train_classifier(
        lambda numbers: _planes(pictures, numbers), pictures.labels, seed=seed, progress=progress
    )
    a, _ = judge.look(real)
    b, shares = judge.look(made)
    precision, recall = precision_recall(a, b)
    classes = np.bincount(shares.argmax(1), minlength=shares.shape[1]) / len(shares)
    own: dict[str, Any] = {
        "accuracy": judge.accuracy,
        f"sure of {SURE:.0%}": float((shares.max(1) >= SURE).mean()),
        "precision": precision,
        "recall": recall,
        "kernel distance": kernel_distance(a, b, random),
        "frechet distance": frechet(a, b),
    }
    return {**_rounded(own), "classes": {str(n): round(float(s), 4) for n, s in enumerate(classes)}}


def _by_inception(
    real: Tensor, made: Tensor, weights: str | os.PathLike[str] | None
) -> dict[str, float] | str:
    """FID and KID, or why they are not to be had; an error where weights were named."""
    if real.shape[1] == 4:
        # Inception sees colours: what is transparent lies on grey, as these values have it
        real, made = real[:, :3], made[:, :3]
    try:
        return _rounded(inception_distances(real, made, weights))
    except (ImportError, FileNotFoundError) as error:
        if weights is not None:
            raise
        return str(error)


def _planes(pictures: Pictures, numbers: NDArray[np.int64]) -> Tensor:
    """Pictures by their numbers, (N, C, H, W) in [-1, 1], colours multiplied with alpha."""
    pixels = torch.from_numpy(pictures.stacked[numbers]).permute(0, 3, 1, 2)
    return premultiplied(pixels.float() / 127.5 - 1)


def _samples(
    model: Model,
    pictures: Pictures,
    count: int,
    random: np.random.Generator,
    progress: Progress | None,
) -> Tensor:
    """Samples, whose classes come as often as in the data."""
    weight = next(model.generator.parameters())
    z = torch.from_numpy(model.placed(random.standard_normal((count, model.latent)))).to(weight)
    labels = None
    if model.classes:
        if pictures.labels is None or pictures.classes > model.classes:
            chosen = random.integers(0, model.classes, count)
        else:
            chosen = random.choice(pictures.labels, count)
        labels = torch.from_numpy(chosen).to(weight.device)
    coords = model.coords()
    made = []
    for first in range(0, count, 64):
        part = slice(first, first + 64)
        own = None if labels is None else labels[part]
        made.append(premultiplied(model.images_of(z[part], own, coords)).cpu())
        if progress is not None:
            progress(min(first + 64, count), count)
    # as pictures are: in levels
    return torch.cat(made).add(1).mul(127.5).round().div(127.5).sub(1)


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(float(value), 5) for name, value in values.items()}
