"""load_shape: a solid from a file, be it a field or one of a family."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import safetensors
from numpy.typing import NDArray

from ..shapes.meshes import Placement
from ..shapes.solid import SolidField, load_solid

if TYPE_CHECKING:
    from .family import ShapeFamily

KEY = "shapes"
"""Of the metadata of a family's file."""
File = str | os.PathLike[str]


def is_family(path: File) -> bool:
    """Whether a file is a family of shapes, by its head alone. OSError where there is none."""
    with Path(path).open("rb"):
        pass
    try:
        with safetensors.safe_open(os.fspath(path), "np") as file:
            return KEY in (file.metadata() or {})
    except safetensors.SafetensorError:
        return False


def load_shape(
    path: File,
    threshold: float | None = None,
    *,
    member: str | None = None,
    like: File | None = None,
    complete: File | None = None,
) -> SolidField:
    """Reads a solid from a .safetensors file; of a family, the one that load_choice finds. Raises
    OSError, or ValueError for anything else."""
    if member is like is complete is None and not is_family(path):
        return load_solid(path, threshold)
    family, code, place = load_choice(path, member=member, like=like, complete=complete)
    return family.decode(code, threshold, place)


def load_choice(
    path: File,
    *,
    member: str | None = None,
    like: File | None = None,
    complete: File | None = None,
) -> tuple[ShapeFamily, NDArray[np.float64] | str, Placement | None]:
    """A family from its file, a code or the name of a member, and where its shape was outside the
    box, if that is known. One of these says which it is:

    member: its name. like: a file that the family's encoder reads: a mesh or a cloud of points,
    which is brought into the box, voxels (.npy), or a picture. complete: points of a part of the
    surface, where they lie in the box. Raises OSError, or ValueError for anything else.
    """
    choice = {"member": member, "like": like, "complete": complete}
    given = [name for name, value in choice.items() if value is not None]
    shown = os.fspath(path)
    if not is_family(path):
        raise ValueError(f"{shown}: {given[0]} {choice[given[0]]!r}: it is no family of shapes")
    from .family import load_family, read_seen, read_surface

    family = load_family(path)
    if len(given) != 1:
        raise ValueError(
            f"{shown}: a family of shapes, {_some(family)}: expected one of --member NAME,"
            f" --like FILE and --complete FILE, not {' and '.join(given) or 'none'}"
        )
    if member is not None:
        return family, member, None
    if like is not None:
        seen, place = read_seen(like, family.reads or "points")
        return family, family.encode(seen), place
    assert complete is not None
    return family, family.complete(read_surface(complete)), None


def _some(family: ShapeFamily) -> str:
    return ", ".join(family.names[:3]) + (", ..." if len(family.names) > 3 else "")
