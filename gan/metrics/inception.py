"""FID and KID with Inception's features, through torchmetrics; its weights are never fetched."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from torch import Tensor

NAME = "weights-inception-2015-12-05-6726825d.pth"
"""What the weights are called in torch's own cache, where torch-fidelity puts them."""


def inception_weights(given: str | os.PathLike[str] | None) -> Path:
    """The file of weights: the given one, or one in torch's cache. FileNotFoundError, saying what
    to do, where there is none."""
    if given is not None:
        if not Path(given).is_file():
            raise FileNotFoundError(2, "no such file of Inception's weights", os.fspath(given))
        return Path(given)
    import torch

    found = Path(torch.hub.get_dir()) / "checkpoints" / NAME
    if not found.is_file():
        raise FileNotFoundError(
            f"no weights of Inception: put {NAME} (of torch-fidelity's releases) into"
            f" {found.parent}, or name it with --inception"
        )
    return found


def _check_weights(path: Path) -> None:
    """Refuses a file that holds anything but arrays: what reads it later would run it."""
    import torch

    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged file makes of its reader
        reason = (str(error).splitlines() or [type(error).__name__])[0][:100]
        raise ValueError(f"{path}: not weights of Inception ({reason})") from None
    if not isinstance(weights, dict) or "fc.weight" not in weights:
        raise ValueError(f"{path}: not weights of Inception: expected those of torch-fidelity")


def inception_distances(
    real: Tensor, made: Tensor, weights: str | os.PathLike[str] | None, batch: int = 64
) -> dict[str, float]:
    """FID and KID of two sets of pictures (N, 1 or 3, H, W) in [-1, 1].

    Raises ImportError where torchmetrics is not installed, FileNotFoundError without weights, and
    ValueError for a file that holds something else.
    """
    path = inception_weights(weights)
    _check_weights(path)
    try:
        from torchmetrics.image.fid import FrechetInceptionDistance, NoTrainInceptionV3
        from torchmetrics.image.kid import KernelInceptionDistance

        features = NoTrainInceptionV3("inception-v3-compat", ["2048"], str(path))
        size = min(1000, len(real), len(made))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that features are kept, of a number that is known
            measures = {
                "FID": FrechetInceptionDistance(feature=features),
                "KID": KernelInceptionDistance(feature=features, subset_size=size),
            }
    except (ModuleNotFoundError, ImportError) as error:
        raise ImportError(
            f"FID needs torchmetrics and torch-fidelity ({error}): pip install 'cppnart[metrics]'"
        ) from None
    for images, is_real in ((real, True), (made, False)):
        for part in images.split(batch):
            shown = part.add(1).mul(127.5).round().clamp(0, 255).byte()
            shown = shown.expand(-1, 3, -1, -1) if shown.shape[1] == 1 else shown
            for measure in measures.values():
                measure.update(shown, real=is_real)
    kid, _ = measures["KID"].compute()
    return {"FID": float(measures["FID"].compute()), "KID": float(kid)}
