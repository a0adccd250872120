"""fit_textures: the colours of several meshes become one field, with a code for each of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .fitting import Schedule, Settings
from .networks.trained import trainable
from .shapes.meshes import normalised
from .shapes.textured import Textured, read_textured
from .texture_family import TextureFamilyModel, TextureFamilyTask, note_of
from .training import FittedField, Method, Training, build, keep, run

if TYPE_CHECKING:
    from typing_extensions import Unpack

AUTO = "grid"
_SETTINGS = Settings(
    steps=2000, rate=5e-3, eps=1e-12, schedule=Schedule("cosine", 0.02), check_every=500
)
METHODS = {
    "grid": Method(_SETTINGS, {"levels": 8, "width": 64, "depth": 2}, 8192),
    "residual": Method(replace(_SETTINGS, rate=1e-3), {}, 4096),
}
"""``residual`` is the decoder as published, ``grid`` the same with features of grids for the point,
and smaller."""
KINDS = (".glb", ".obj", ".ply")
MOST = 4096
"""Meshes."""
CODES = 16
"""Numbers of a code."""


def fit_textures(
    source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | Mapping[str, Textured],
    *,
    codes: int = CODES,
    method: str = "auto",
    batch: int | None = None,
    options: Mapping[str, Any] | None = None,
    **training: Unpack[Training],
) -> FittedField:
    """Fits colours of several meshes with one field over x, y, z and ``code`` (Oechsle et al.,
    "Texture fields", 2019); codes are learnt with it ("DeepSDF", Park et al. 2019). What lies
    between two codes is a texture too.

    source: a folder of .glb, .obj and .ply files with colours, files, or Textured meshes by name;
    each is brought into the box. They may be one mesh in several colours, or several meshes. codes:
    numbers of a code. method: one of METHODS, or auto. batch: points in a step. options: of the
    network. training: see Training; ``until`` is a PSNR in decibels, the mean over all.

    The file has the codes in its note; see load_textures. Raises ValueError for fewer than two
    meshes and for meshes without colours, OSError for files that cannot be read.
    """
    name = AUTO if method == "auto" else method
    if name not in METHODS:
        raise ValueError(f"method {method!r}: expected auto, {', '.join(METHODS)}")
    if not 1 <= codes <= 1024:
        raise ValueError(f"codes {codes}: expected 1 to 1024 numbers")
    chosen = METHODS[name]
    members = _read(source)
    task = TextureFamilyTask(members, batch=chosen.batch or 8192 if batch is None else batch)
    inputs, outputs = {"x": 1, "y": 1, "z": 1, "code": codes}, ("red", "green", "blue")
    seed = training.get("seed", 0)
    network = build("texture", inputs, outputs, seed, {**chosen.options, **(options or {})})
    decoder, rates = trainable(network)
    model = TextureFamilyModel(decoder, len(members), codes, seed)
    fitted = run(model, model.rates(rates), task, chosen.settings, training, method=name)
    note = note_of(list(members), model)
    program = model.decoder.cpu().program()
    return keep(program, fitted, task, training.get("output"), method=name, note=note)


def _read(
    source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | Mapping[str, Textured],
) -> dict[str, Textured]:
    """Textured meshes in the box, by name."""
    if isinstance(source, Mapping):
        found = dict(source)
    else:
        if isinstance(source, str | os.PathLike):
            inside = sorted(Path(source).iterdir())
            paths = [path for path in inside if path.suffix.lower() in KINDS]
        else:
            paths = [Path(path) for path in source]
        if len({path.stem for path in paths}) < len(paths):
            raise ValueError("two of the meshes have one name: names are what codes are called by")
        found = {path.stem: read_textured(path) for path in paths[: MOST + 1]}
    if not 2 <= len(found) <= MOST:
        kinds = ", ".join(KINDS)
        raise ValueError(f"{len(found)} meshes with colours ({kinds}): expected 2 to {MOST}")
    return {name: replace(own, mesh=normalised(own.mesh)[0]) for name, own in found.items()}
