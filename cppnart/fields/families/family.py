"""ShapeFamily: a family of solids that was learnt; its members, and what lies between them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import safetensors
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..files import MAX_BYTES
from ..fold import bind
from ..program import Program
from ..runs import write_tensors
from ..shapes.meshes import MESHES, Cloud, Placement, normalised, read_cloud, read_mesh
from ..shapes.sampling import on_surface
from ..shapes.solid import SolidField
from .choosing import KEY
from .completing import fitted_code, hints
from .encoders import PIXELS, VOXELS
from .members import CLOUD, MOST
from .model import METHODS, FamilyModel
from .task import first
from .views import levelled, read_view

Code = NDArray[np.float64]


class _Spec(msgspec.Struct, forbid_unknown_fields=True):
    model: dict[str, Any]
    names: list[str]
    places: list[Placement]
    note: dict[str, Any]


@dataclass(frozen=True, eq=False)
class ShapeFamily:
    """A decoder and its encoder; names of members, and where each of them was before it was brought
    into the box. A code is an array of ``model.decoder.codes`` numbers."""

    model: FamilyModel
    names: tuple[str, ...]
    places: tuple[Placement, ...]
    note: Mapping[str, Any] = field(default_factory=dict)
    title: str = "the family"

    @property
    def reads(self) -> str | None:
        """What its encoder reads: points, voxels, image, or None."""
        return METHODS[self.model.method]

    @property
    def program(self) -> Program:
        """All members at once: inputs x, y, z and ``code``, output occupancy."""
        return self.model.decoder.program()

    def code(self, member: str) -> Code:
        """Of a member by its name, or its number from 0. ValueError where there is none."""
        return _numbers(self.model.codes[self._number(member)])

    def decode(
        self,
        code: NDArray[np.floating] | str,
        threshold: float | None = None,
        place: Placement | None = None,
    ) -> SolidField:
        """The solid of a code, or of a member by its name: a field over x, y and z alone. place:
        where it is outside the box; a member is where it was."""
        place, name = place or Placement(), self.title
        if isinstance(code, str):
            number = self._number(code)
            place, name = self.places[number], f"{self.title}, {self.names[number]}"
            code = self.code(code)
        if np.shape(code) != (self.model.decoder.codes,):
            wanted = self.model.decoder.codes
            raise ValueError(f"a code of shape {np.shape(code)}: expected {wanted} numbers")
        return SolidField(bind(self.program, code=code), threshold, place, name)

    @torch.no_grad()
    def encode(self, seen: NDArray[Any] | Cloud) -> Code:
        """The code of what the encoder reads.

        For points, (N, 3) or a Cloud in the box; for voxels, whether inside, (n, n, n) by x, y and
        z over the box; for image, a picture (PIXELS, PIXELS) uint8 of the shape on a plain ground.
        """
        if self.reads is None:
            raise ValueError(f"{self.title}: there is no encoder: its codes were learnt")
        return _numbers(self.model.encode(_READERS[self.reads](seen))[0])

    def complete(self, cloud: Cloud, *, seed: int = 0) -> Code:
        """The code of the shape that agrees best with points of its surface, in the box, of which
        any part may be missing; normals that they lack are found from their neighbours."""
        if not len(cloud.points) >= 16:
            raise ValueError(f"{len(cloud.points)} points: expected 16 or more")
        if not np.abs(cloud.points).max() <= 1.1:
            raise ValueError(
                f"points reach to {np.abs(cloud.points).max():.3g}: expected them where the shape"
                " lies in the box from -1 to 1, its longest side 1.82"
            )
        points, inside = hints(cloud)
        model = self.model
        return _numbers(fitted_code(model.decoder, model.codes, points, inside, seed=seed))

    def _number(self, member: str) -> int:
        if member in self.names:
            return self.names.index(member)
        if member.isdigit() and int(member) < len(self.names):
            return int(member)
        shown = ", ".join(self.names[:4]) + (", ..." if len(self.names) > 4 else "")
        raise ValueError(
            f"{self.title}: there is no member {member!r}: expected one of {len(self.names)}:"
            f" {shown}, or a number from 0 to {len(self.names) - 1}"
        )


def _numbers(code: Tensor) -> Code:
    return np.asarray(code.detach().cpu().double().numpy())


# --- What encoders read ---


def _points(seen: Any) -> Tensor:
    points = np.asarray(seen.points if isinstance(seen, Cloud) else seen, np.float32)
    if points.ndim != 2 or points.shape[1] != 3 or len(points) < 16:
        raise ValueError(f"points of shape {points.shape}: expected (N, 3), 16 or more")
    if not np.isfinite(points).all():
        raise ValueError("points that are not finite")
    return first(torch.from_numpy(points)[None])


def _voxels(seen: Any) -> Tensor:
    inside = np.asarray(seen)
    if inside.ndim != 3 or len(set(inside.shape)) != 1 or inside.shape[0] % VOXELS:
        raise ValueError(
            f"voxels of shape {inside.shape}: expected {VOXELS} a side, or a multiple of that"
        )
    by = inside.shape[0] // VOXELS
    parts = (inside > 0).reshape(VOXELS, by, VOXELS, by, VOXELS, by)
    return torch.from_numpy(parts.mean((1, 3, 5)) >= 0.5)[None].float()


def _image(seen: Any) -> Tensor:
    picture = np.asarray(seen)
    if picture.shape != (PIXELS, PIXELS) or picture.dtype != np.uint8:
        raise ValueError(
            f"a picture of {picture.shape} {picture.dtype}: expected uint8, {PIXELS}x{PIXELS}"
        )
    return torch.from_numpy(levelled(picture[None]))


_READERS = {"points": _points, "voxels": _voxels, "image": _image}


def read_seen(path: str | os.PathLike[str], reads: str) -> tuple[NDArray[Any] | Cloud, Placement]:
    """A file as an encoder reads it, and where what it shows was: a mesh or points, which are
    brought into the box; voxels (.npy); or a picture."""
    if reads == "image":
        return read_view(path), Placement()
    if reads == "voxels":
        try:
            return np.asarray(np.load(path, allow_pickle=False)), Placement()
        except (ValueError, EOFError) as error:
            raise ValueError(f"{os.fspath(path)}: cannot be read as voxels: {error}") from None
    found: tuple[Cloud, Placement] = normalised(read_surface(path))
    return found


def read_surface(path: str | os.PathLike[str]) -> Cloud:
    """Points of a file, or points on the mesh in it, as they are there."""
    from ..shapes.meshes import has_faces

    if Path(path).suffix.lower() in MESHES and has_faces(path):
        return Cloud(*on_surface(read_mesh(path), CLOUD, np.random.default_rng(1)))
    return read_cloud(path)


# --- Files ---


def save_family(path: str | os.PathLike[str], family: ShapeFamily) -> None:
    """Writes a family as one .safetensors file: weights and codes as arrays, the rest as JSON."""
    about = {
        "model": dict(family.model.spec),
        "names": list(family.names),
        "places": [asdict(place) for place in family.places],
        "note": dict(family.note),
    }
    tensors = {k: v.detach().cpu().contiguous() for k, v in family.model.state_dict().items()}
    write_tensors(path, tensors, {KEY: json.dumps(about)})


def load_family(path: str | os.PathLike[str]) -> ShapeFamily:
    """Reads a family. Raises OSError, or ValueError in one line for anything else."""
    shown = os.fspath(path)
    if Path(path).stat().st_size > MAX_BYTES:
        raise ValueError(f"{shown}: more than {MAX_BYTES} bytes: not a family of shapes")
    try:
        with safetensors.safe_open(shown, "pt") as file:
            spec = msgspec.json.decode((file.metadata() or {})[KEY], type=_Spec)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return _built(spec, tensors, shown)
    except (safetensors.SafetensorError, msgspec.MsgspecError, KeyError, TypeError) as error:
        raise ValueError(f"{shown}: this is not a family of shapes ({_line(error)})") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{shown}: this is not a usable family of shapes: {_line(error)}"
        ) from None


def _built(spec: _Spec, tensors: Mapping[str, Tensor], shown: str) -> ShapeFamily:
    names, places = tuple(spec.names), tuple(spec.places)
    if not 1 <= len(names) <= MOST or len(places) != len(names):
        raise ValueError(
            f"{len(names)} names and {len(places)} places: expected as many, 1 or more"
        )
    for place in places:
        if not (all(map(math.isfinite, place.centre)) and 0 < place.scale < math.inf):
            raise ValueError("a place that is not finite")
    model = FamilyModel(members=len(names), **spec.model)
    wanted = model.state_dict()
    if missing := sorted(set(wanted) ^ set(tensors)):
        raise ValueError(f"{len(missing)} weights are missing or have no place, {missing[0]} first")
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name].shape or tensor.dtype != torch.float32:
            there, ours = tuple(tensor.shape), tuple(wanted[name].shape)
            raise ValueError(f"{name} is {tensor.dtype} {there}: expected float32 {ours}")
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{name} has a number that is not finite")
    model.load_state_dict(dict(tensors))
    return ShapeFamily(model.requires_grad_(False), names, places, spec.note, shown)


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
