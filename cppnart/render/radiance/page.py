"""A page in which a field of light is walked round: one file, which asks nothing of any network.

A browser cannot ask a network at a hundred points of every ray fast enough without a large graphics
card. So the field is baked: its density and its colour, as seen from straight above what is dense,
become a lattice that any of them reads hundreds of millions of times a second. What depends on the
direction, as gloss does, is lost.
"""

from __future__ import annotations

import base64
import html
import io
import json
import math
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import cppnart
from cppnart.fields.radiance.kept import LightField
from cppnart.fields.radiance.meshed import density_of, solid_at
from cppnart.fields.shapes.solid import Sampler
from cppnart.fields.shapes.surface import normals_of

from .cameras import around, looked_at

SIDE = 160
"""Cells of the lattice, along the longest side of what is full."""
PART = 1 << 18
SOLID = 8.0
"""What a cell absorbs at most: the lattice has eight bits for it."""


def light_page(field: LightField, name: str, *, side: int = SIDE) -> str:
    """The text of a page. ValueError where the field has no end, or nothing in it."""
    if field.space.contracted or field.ndc:
        raise ValueError("html: this scene has no end: only fields in a box fit into a page")
    if not field.full.any():
        raise ValueError("html: there is nothing to be seen in this field")
    low, high = _full_box(field)
    shape, colours, absorbed = baked(field, low, high, side)
    half, centre = np.array(field.space.half), np.array(field.space.centre)
    eye = around(field, 30.0)
    target = looked_at(field)
    data = {
        "shape": shape,
        "worldLow": (low * half + centre).tolist(),
        "worldHigh": (high * half + centre).tolist(),
        "cell": float(((high - low) * half).max() / side),
        "solid": SOLID,
        "columns": _columns(shape),
        "colours": _picture(colours, shape),
        "absorbed": _picture(absorbed, shape),
        "target": target.tolist(),
        "distance": float(np.linalg.norm(eye.pose[:3, 3] - target)),
        "pose": eye.pose[:3, :3].T.tolist(),
        "field": 2 * math.atan(0.5 * min(eye.size) / eye.focal[0]),
        "background": field.background,
    }
    text = files("cppnart.render.radiance").joinpath("page.html").read_text(encoding="utf-8")
    words = {
        "version": cppnart.__version__,
        "title": html.escape(name),
        "description": html.escape(f"{name}, to walk round"),
        "ink": "#1c1b1a" if field.background > 0.5 else "#e8e4dc",
        "paper": "#ffffff" if field.background > 0.5 else "#000000",
        # nothing in it may end the script
        "data": json.dumps(data, separators=(",", ":")).replace("</", "<\\/"),
    }
    for word, value in words.items():
        text = text.replace(f"@@{word}@@", value)
    return text


def baked(
    field: LightField, low: NDArray[np.float64], high: NDArray[np.float64], side: int
) -> tuple[tuple[int, int, int], NDArray[np.uint8], NDArray[np.uint8]]:
    """A lattice between two corners of the field's box: its shape (nz, ny, nx), colours (N, 3)
    and what a cell absorbs (N,), in 255ths of SOLID, x fastest."""
    half = np.array(field.space.half)
    sizes = (high - low) * half
    cell = sizes.max() / side
    nx, ny, nz = (max(round(float(size / cell)), 2) for size in sizes)
    z, y, x = (
        (np.arange(n) + 0.5) / n * (high[a] - low[a]) + low[a]
        for n, a in ((nz, 2), (ny, 1), (nx, 0))
    )
    points = np.stack(np.meshgrid(z, y, x, indexing="ij"), -1).reshape(-1, 3)[:, ::-1]
    solid = solid_at(field, 1 / cell)
    ask, dense = Sampler(field.standing()), Sampler(density_of(field))
    colours = np.zeros((len(points), 3), np.uint8)
    absorbed = np.zeros(len(points), np.uint8)
    cells = ((points + 1) * (field.side / 2)).astype(int).clip(0, field.side - 1)
    where = np.flatnonzero(
        field.full[(cells[:, 0] * field.side + cells[:, 1]) * field.side + cells[:, 2]]
    )
    for start in range(0, len(where), PART):
        part = where[start : start + PART]
        at = np.ascontiguousarray(points[part])
        density = dense(at)[:, 0]
        absorbed[part] = (density * (cell * 255 / SOLID)).clip(0, 255).round()
        seen = absorbed[part] > 0
        at = at[seen]
        ways = -normals_of(solid, at, float(cell / half.max())) / half
        ways /= np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1e-9)
        shown = ask(np.concatenate([at, ways], 1))[:, 1:]
        colours[part[seen]] = (shown.clip(0, 1) * 255).round()
    return (nz, ny, nx), colours, absorbed


def _full_box(field: LightField) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The corners of what is full, in the field's box."""
    places = np.stack(np.unravel_index(np.flatnonzero(field.full), (field.side,) * 3), 1)
    return places.min(0) * (2 / field.side) - 1, (places.max(0) + 1) * (2 / field.side) - 1


def _columns(shape: tuple[int, int, int]) -> int:
    """Slices of the lattice that lie beside one another in a picture."""
    return max(round(math.sqrt(shape[0] * shape[1] / shape[2])), 1)


def _picture(values: NDArray[np.uint8], shape: tuple[int, int, int]) -> str:
    """The slices of a lattice as a PNG, in base64: browsers read it faster than anything else."""
    depth, height, width = shape
    columns = _columns(shape)
    rows = -(-depth // columns)
    slices = np.zeros((rows * columns, height, width, *values.shape[1:]), np.uint8)
    slices[:depth] = values.reshape(depth, height, width, *values.shape[1:])
    tiled = slices.reshape(rows, columns, height, width, -1).swapaxes(1, 2)
    whole = tiled.reshape(rows * height, columns * width, -1)
    file = io.BytesIO()
    Image.fromarray(whole.squeeze()).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()
