"""Solids: how well they are fitted, extracted, evaluated, painted and sculpted; part of fit.py."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measure import Row, best, interleaved, times

from cppnart.cppn.solids.families import family
from cppnart.fields.families.family import ShapeFamily
from cppnart.fields.families.fit_shapes import fit_shapes
from cppnart.fields.families.members import CLOUD, voxels_of
from cppnart.fields.families.views import views
from cppnart.fields.fit_shape import fit_shape
from cppnart.fields.fit_texture import fit_texture
from cppnart.fields.shapes.inside import Solid
from cppnart.fields.shapes.meshes import Cloud, Mesh, normalised
from cppnart.fields.shapes.metrics import iou
from cppnart.fields.shapes.mise import dense, mise
from cppnart.fields.shapes.sampling import in_box, on_surface
from cppnart.fields.shapes.solid import Sampler, SolidField
from cppnart.fields.shapes.surface import surface
from cppnart.fields.shapes.textured import baked, read_textured
from cppnart.fields.texture import psnr
from cppnart.fields.torch_backend import ProgramModule
from cppnart.render.solids.sculpt import sculpt

DATA = Path(os.environ.get("CPPNART_DATA", Path(__file__).parents[2] / "shared" / "data"))
SECONDS = 180.0
VOXELS = 256
POINTS = 1 << 19
MEMBERS = 300
GOALS = {"points": 0.85, "codes": 0.85, "voxels": 0.85, "image": 0.6, "vae": None}
"""The mean IoU of members held out, by how codes come about."""


def shape_rows(rounds: int, quick: bool) -> Iterator[Row]:
    """spot and rocker-arm in three minutes each, ten seconds to be quick; then their fields."""
    for name in ("spot", "rocker-arm"):
        mesh = DATA / "meshes" / f"{name}.obj"
        if not mesh.exists():
            return
        made = fit_shape(mesh, seconds=15.0 if quick else SECONDS)
        box, near = made.scores["iou"], made.scores["near"]
        yield Row(
            "shape",
            f"{name}, occupancy, auto",
            f"IoU .985 and .93 near the surface, in {SECONDS:g} s",
            f"{box:.4f} and {near:.4f} in {made.seconds:.0f} s",
            box >= 0.985 and near >= 0.93,
            f"{made.step} steps of {1000 * made.seconds / made.step:.0f} ms",
        )
        yield from _extraction(name, SolidField(made.program), 1 if quick else min(rounds, 2))
        yield _evaluation(name, SolidField(made.program), rounds)
    yield from _textures(15.0 if quick else 120.0)
    yield _sculptures(10 if quick else 100, 64 if quick else 256)


def _extraction(name: str, solid: SolidField, rounds: int) -> Iterator[Row]:
    kept = {}

    def whole() -> None:
        kept["dense"] = dense(solid, VOXELS)

    def search() -> None:
        kept["mise"] = mise(solid, VOXELS)

    seconds = best(interleaved({"dense": whole, "mise": search}, rounds))
    a, b = surface(kept["dense"]), surface(kept["mise"])
    same = np.array_equal(a.vertices, b.vertices) and np.array_equal(a.faces, b.faces)
    share = kept["mise"].evaluations / kept["dense"].evaluations
    ratio = seconds["dense"] / seconds["mise"]
    yield Row(
        "shape",
        f"{name}, MISE at {VOXELS}^3 against all corners",
        "the same mesh, under 8 % of the evaluations, 5x",
        f"{'the same' if same else 'another'}, {share:.1%}, {times(ratio)}",
        same and share < 0.08 and ratio >= 5,
        f"{seconds['mise']:.2f} s",
    )


def _evaluation(name: str, solid: SolidField, rounds: int) -> Row:
    """As a search asks: along rows of the box, not at random."""
    threads = torch.get_num_threads()
    kernel = Sampler(solid.program, threads)
    module = ProgramModule(solid.program)
    steps = np.linspace(-1, 1, 1 << 7)
    grid = np.stack(np.meshgrid(steps[:32], steps, steps, indexing="ij"), -1).reshape(-1, 3)
    points = grid.astype(np.float32)
    tensor = torch.from_numpy(points)

    def in_torch() -> None:
        with torch.no_grad():
            for part in tensor.split(1 << 15):
                module(part)

    seconds = best(interleaved({"kernel": lambda: kernel(points), "torch": in_torch}, rounds))
    ratio = seconds["torch"] / seconds["kernel"]
    each = seconds["kernel"] / len(points) * 1e9
    return Row(
        "shape",
        f"{name}, the kernel against torch, {len(points)} points",
        "2.5x",
        times(ratio),
        ratio >= 2.5,
        f"{each:.0f} ns a point",
    )


def _textures(seconds: float) -> Iterator[Row]:
    """The texture of spot, and what becomes of it in a picture of four times the side."""
    folder = DATA / "meshes" / "spot_textured" / "spot"
    if not folder.exists():
        return
    own = read_textured(folder / "spot_triangulated.obj", folder / "spot_texture.png")
    made = fit_texture(own, seconds=seconds)
    assert own.uv is not None
    assert own.picture is not None
    boxed = replace(own, mesh=normalised(own.mesh)[0])
    picture = baked(boxed.mesh, own.uv, Sampler(made.program), 4 * len(own.picture))
    _, wanted = boxed.on_surface(100_000, np.random.default_rng(1))
    _, found = replace(boxed, picture=picture).on_surface(100_000, np.random.default_rng(1))
    fitted, after = made.scores["psnr"], psnr(found, wanted)
    yield Row(
        "shape",
        "texture of spot, and baked",
        "30 dB in 120 s, baked within 1 dB",
        f"{fitted:.1f} dB in {made.seconds:.0f} s, baked {after:.1f} dB",
        fitted >= 30 and after >= fitted - 1,
        f"{made.step} steps of {1000 * made.seconds / made.step:.0f} ms",
    )


def _sculptures(count: int, voxels: int) -> Row:
    import trimesh

    good = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.stl"
        for seed in range(count):
            sculpt(seed, path, voxels=voxels)
            good += trimesh.load_mesh(path).is_watertight
    return Row(
        "shape",
        f"sculpt, seeds 0 to {count - 1}, {voxels}^3",
        "all watertight by trimesh",
        f"{good} of {count}",
        good == count,
    )


def family_rows(rounds: int, quick: bool) -> Iterator[Row]:
    """Vases that were not learnt: what an encoder makes of them, and what points of them, or of
    their nearer half, are completed to."""
    meshes = family("vases", 30 if quick else MEMBERS)
    for method, goal in GOALS.items():
        made = fit_shapes(meshes, method=method, steps=100 if quick else None)
        held = [meshes[name] for name in made.held_out]
        whole, half = (
            float(np.mean([_completed(made.family, m, h) for m in held])) for h in (False, True)
        )
        found = whole
        if made.family.reads is not None:
            found = float(np.mean([_encoded(made.family, mesh) for mesh in held]))
        yield Row(
            "family",
            f"{len(held)} of {len(meshes)} vases held out, {method}",
            "" if goal is None else f"IoU {goal:g}",
            f"{found:.3f}; of points by search {whole:.3f}, of half of them {half:.3f}",
            None if goal is None else found >= goal,
            f"{made.step} steps of {1000 * made.seconds / made.step:.0f} ms",
        )


def _encoded(family: ShapeFamily, mesh: Mesh) -> float:
    """The IoU of what the encoder takes a mesh for; of pictures, the mean over them."""
    seen: list[np.ndarray[Any, Any]]
    if family.reads == "points":
        seen = [on_surface(mesh, CLOUD, np.random.default_rng(1))[0]]
    elif family.reads == "voxels":
        seen = [voxels_of(mesh, Solid(mesh))]
    else:
        seen = list(views(mesh, 4, np.random.default_rng(3)))
    return float(np.mean([_likeness(family, family.encode(one), mesh) for one in seen]))


def _completed(family: ShapeFamily, mesh: Mesh, half: bool) -> float:
    points, normals = on_surface(mesh, CLOUD, np.random.default_rng(1))
    kept = points @ [0.6, 0.0, 0.8] > 0 if half else np.ones(len(points), bool)
    return _likeness(family, family.complete(Cloud(points[kept], normals[kept])), mesh)


def _likeness(family: ShapeFamily, code: np.ndarray, mesh: Mesh) -> float:
    box = in_box(100_000, np.random.default_rng(2))
    return iou(family.decode(code).inside(box), Solid(mesh)(box))
