"""fit_texture: the colours of a mesh become a field over x, y and z."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from .fitting import Schedule, Settings
from .shapes.meshes import normalised
from .shapes.textured import Textured, read_textured
from .texture import TextureTask
from .training import FittedField, Method, Training, build, train

if TYPE_CHECKING:
    from typing_extensions import Unpack

AUTO = "grid"
_COSINE = Schedule("cosine", 0.02)
METHODS = {
    "grid": Method(
        Settings(steps=1500, rate=1e-2, betas=(0.9, 0.99), eps=1e-15, schedule=_COSINE),
        {
            "levels": 9,
            "coarsest": 8,
            "growth": 1.7,
            "entries": 1 << 18,
            "width": 32,
            "last": "sigmoid",
        },
        8192,
    ),
    "siren": Method(Settings(steps=3000, rate=2e-4, schedule=_COSINE), {"last": "identity"}, 8192),
    "fourier": Method(
        Settings(steps=3000, rate=1e-3, schedule=_COSINE), {"sigma": 6.0, "last": "sigmoid"}, 8192
    ),
}


def fit_texture(
    source: str | os.PathLike[str] | Textured,
    *,
    texture: str | os.PathLike[str] | None = None,
    method: str = "auto",
    batch: int | None = None,
    options: Mapping[str, Any] | None = None,
    **training: Unpack[Training],
) -> FittedField:
    """Fits colours, outputs red, green and blue in [0, 1] as encoded, to points of a surface.

    source: a mesh with texture coordinates and a picture, or with colours of vertices; or a
    Textured. texture: a picture in place of the one that the file names. method: one of METHODS,
    or auto. batch: points in a step. options: of the network. training: see Training; ``until`` is
    a PSNR in decibels. The field is in the box into which the mesh is brought.

    Raises ValueError for a mesh without colours, OSError for files that cannot be read.
    """
    name = AUTO if method == "auto" else method
    if name not in METHODS:
        raise ValueError(f"method {method!r}: expected auto, {', '.join(METHODS)}")
    chosen = METHODS[name]
    own = source if isinstance(source, Textured) else read_textured(source, texture)
    mesh, place = normalised(own.mesh)
    task = TextureTask(
        replace(own, mesh=mesh), batch=chosen.batch or 8192 if batch is None else batch
    )
    inputs, outputs = {"x": 1, "y": 1, "z": 1}, ("red", "green", "blue")
    network = build(
        name, inputs, outputs, training.get("seed", 0), {**chosen.options, **(options or {})}
    )
    return train(
        network, task, chosen.settings, training, method=name, note={"place": asdict(place)}
    )
