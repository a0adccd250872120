"""What tests of adversarial networks share: coordinates, and numbers out of modules."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cppnart.fields.coordinates import View, pixel_centers
from cppnart.fields.numpy_backend import evaluate
from cppnart.fields.program import Program
from cppnart.gan.generators import build_generator

SMALL: list[dict[str, Any]] = [
    {"kind": "cppn2016", "latent": 5, "width": 12},
    {"kind": "cppn2016", "latent": 5, "width": 6, "blocks": 3},
    {"kind": "poly", "latent": 5, "width": 9, "levels": 4, "style": 8},
    {"kind": "fmm", "latent": 5, "width": 16, "resolution": 16, "style": 8, "rank": 3},
    {"kind": "fmm", "latent": 5, "width": 16, "resolution": 20, "style": 8, "form": "sigmoid"},
    {"kind": "fmm", "latent": 5, "width": 16, "resolution": 16, "style": 8, "multiscale": False},
    {"kind": "fmm", "latent": 5, "width": 16, "resolution": 16, "style": 8, "levels": 1},
]
"""Generators of every form, small enough for tests."""


def raster(width: int, height: int, view: View | None = None) -> Tensor:
    """The coordinates of a picture, (1, height, width, 2), float32."""
    points = pixel_centers(width, height, view).astype(np.float32)
    return torch.from_numpy(points).reshape(1, height, width, 2)


def latents(count: int, size: int, seed: int = 0) -> Tensor:
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed))


def unsettled(module: nn.Module, seed: int = 0) -> nn.Module:
    """The module with every parameter moved a little, so that none is zero as at first."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=random, dtype=parameter.dtype)
    return module


def numbers(module: nn.Module) -> dict[str, np.ndarray]:
    """Parameters and buffers by name, in float64."""
    return {name: value.double().numpy() for name, value in module.state_dict().items()}


def colours_of(program: Program, points: Tensor, dtype: type = np.float32) -> np.ndarray:
    """The outputs of a program at points (..., 2), (N, outputs)."""
    flat = points.reshape(-1, 2).numpy()
    return evaluate(program, {"x": flat[:, 0], "y": flat[:, 1]}, dtype)


def small(spec: dict[str, Any], **more: Any) -> Any:
    """A generator whose weights are as good as trained."""
    return unsettled(build_generator({**spec, **more}, seed=3))
