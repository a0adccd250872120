"""fit_texture: the colours of a mesh become a field over x, y and z."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .fitting import Schedule, Settings
from .photographed import Photographed, photographed, unseen
from .scenes.scene import Scene, read_scene
from .shapes.meshes import Mesh, normalised, read_mesh
from .shapes.textured import Textured, read_textured
from .texture import POOL, SCORED, TextureTask
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
    photos: str | os.PathLike[str] | Scene | None = None,
    method: str = "auto",
    batch: int | None = None,
    options: Mapping[str, Any] | None = None,
    **training: Unpack[Training],
) -> FittedField:
    """Fits colours, outputs red, green and blue in [0, 1] as encoded, to points of a surface.

    source: a mesh with texture coordinates and a picture, or with colours of vertices; or a
    Textured. texture: a picture in place of the one that the file names. photos: a scene of
    photographs of the mesh, which has the colours then, in the scene's coordinates or as ``scene
    render`` puts it there; depths are the scene's or cast from the mesh. method: one of METHODS, or
    auto. batch: points in a step. options: of the network. training: see Training; ``until`` is a
    PSNR in decibels. The field is in the box into which the mesh is brought.

    Raises ValueError for a mesh without colours, OSError for files that cannot be read.
    """
    name = AUTO if method == "auto" else method
    if name not in METHODS:
        raise ValueError(f"method {method!r}: expected auto, {', '.join(METHODS)}")
    chosen = METHODS[name]
    if photos is not None and texture is not None:
        raise ValueError(f"texture {os.fspath(texture)}: colours are those of the photographs")
    if isinstance(source, Textured):
        own = source
    else:
        own = read_textured(source, texture) if photos is None else Textured(read_mesh(source))
    mesh, place = normalised(own.mesh)
    seen, remark = (None, None) if photos is None else _seen(own.mesh, mesh, photos)
    size = chosen.batch or 8192 if batch is None else batch
    task = TextureTask(replace(own, mesh=mesh), batch=size, seen=seen)
    inputs, outputs = {"x": 1, "y": 1, "z": 1}, ("red", "green", "blue")
    network = build(
        name, inputs, outputs, training.get("seed", 0), {**chosen.options, **(options or {})}
    )
    return train(
        network,
        task,
        chosen.settings,
        training,
        method=name,
        note={"place": asdict(place)},
        remark=remark,
    )


def _seen(
    mesh: Mesh, boxed: Mesh, photos: str | os.PathLike[str] | Scene
) -> tuple[tuple[Photographed, Photographed], str | None]:
    """Points to learn from and others to score with, and a remark on what nobody photographed."""
    scene = photos if isinstance(photos, Scene) else read_scene(photos)
    learnt = photographed(mesh, scene, "train", POOL)
    if not len(learnt.points):
        raise ValueError(f"{scene.name}: no photograph for training shows the mesh")
    if len(scene.numbers("test")):
        held = photographed(mesh, scene, "test", SCORED)
    else:
        order = np.random.default_rng(1).permutation(len(learnt.points))
        out, rest = np.split(order, [max(len(order) // 20, 1)])
        held = Photographed(learnt.points[out], learnt.colours[out])
        learnt = Photographed(learnt.points[rest], learnt.colours[rest])
    share = unseen(boxed, learnt.points)
    remark = f"{share:.0%} of the surface is in no photograph" if share >= 0.005 else None
    return (learnt, held), remark
