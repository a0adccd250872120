"""Recipes of solids: what a picture or a film of one was made from, enough to make it again.

As those of other pictures (see render/recipe.py), they are JSON in a file that anybody may have
written. What is large and no seed can draw, a field or a mesh, is kept in full as base64 up to
LARGEST; beyond that a recipe has ``file:`` and its name, and the file is looked for beside the
picture.
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import cppnart
from cppnart.fields import files
from cppnart.fields.families.choosing import is_family
from cppnart.fields.program import Program
from cppnart.fields.shapes.meshes import Mesh, checked
from cppnart.fields.shapes.textured import Textured
from cppnart.render.palettes import Palette
from cppnart.render.recipe import MAX_BYTES, Name, check_version, failure_line

LARGEST = 4 << 20
"""Bytes of a field or a mesh that a recipe holds in full."""
FILE = "file:"
T = TypeVar("T")

Packed = Annotated[str, msgspec.Meta(max_length=MAX_BYTES)]
Code = Annotated[list[float], msgspec.Meta(max_length=4096)]


class Coat(
    msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """The colours of a mesh that was painted: the solid texture of a seed, or those of a field, and
    the code where it has one. scale: 2 is twice as fine."""

    seed: Name | None = None
    texture: Name | None = None
    field: Packed | None = None
    code: Code | None = None
    scale: float = 1.0


class Subject(
    msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What is seen: the solid of a seed and its form, a field, or a mesh and perhaps its coat.

    codes: where the field is that of a family, of its members: one, or two and more of a film that
    goes from each to the next, and back to the first.
    """

    seed: Name | None = None
    form: Name | None = None
    field: Packed | None = None
    codes: Annotated[list[Code], msgspec.Meta(min_length=1, max_length=256)] | None = None
    mesh: Packed | None = None
    coat: Coat | None = None
    threshold: float | None = None


class SolidRecipe(
    msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Every parameter of a picture of a solid, or of a film as it turns, which has ``orbit``, or
    of one between members of a family.

    look, palette: None where the subject's own hold; palette as Palette.to_dict.
    """

    cppnart: str
    solid: Subject
    look: Name | None = None
    palette: dict[str, msgspec.Raw] | None = None
    size: Name = "1024"
    azimuth: float = 25.0
    elevation: float = 18.0
    zoom: float = 1.0
    samples: int = 4
    orbit: bool = False
    duration: float = 6.0
    fps: float = 25.0

    @property
    def between(self) -> bool:
        """Whether it is a film from member to member of a family."""
        return len(self.solid.codes or ()) > 1

    @property
    def moves(self) -> bool:
        """Whether it is that of a film."""
        return self.orbit or self.between


def new_recipe(subject: Subject) -> SolidRecipe:
    return SolidRecipe(cppnart=cppnart.__version__, solid=subject)


def parse_solid_recipe(text: str | bytes) -> SolidRecipe:
    """Reads a recipe of a solid; ValueError, in one line, for anything else."""
    data = check_version(text)
    try:
        return msgspec.json.decode(data, type=SolidRecipe)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise ValueError(f"the solid's recipe cannot be used: {failure_line(error)}") from None


def solid_recipe_text(recipe: SolidRecipe) -> str:
    """Its JSON; parse_solid_recipe gives the recipe back."""
    return msgspec.json.encode(recipe).decode()


def summary(recipe: SolidRecipe) -> dict[str, Any]:
    """A recipe to be looked at: what only programs read is counted."""

    def short(whole: dict[str, Any]) -> dict[str, Any]:
        return {
            name: short(part)
            if isinstance(part, dict)
            else f"{len(part)} characters"
            if name in ("field", "mesh") and not part.startswith(FILE)
            else f"{len(part)} of {len(part[0])} numbers"
            if name == "codes"
            else part
            for name, part in whole.items()
        }

    return short(msgspec.json.decode(solid_recipe_text(recipe)))


def with_palette(recipe: SolidRecipe, palette: Palette) -> SolidRecipe:
    raw = msgspec.json.decode(msgspec.json.encode(palette.to_dict()), type=dict[str, msgspec.Raw])
    return msgspec.structs.replace(recipe, palette=raw)


def palette_of(recipe: SolidRecipe) -> Palette | None:
    if recipe.palette is None:
        return None
    return Palette.from_dict(msgspec.json.decode(msgspec.json.encode(recipe.palette)))


# --- What is large ---


def packed_program(program: Program, name: str) -> str:
    return _packed(files.to_bytes(program), name)


def packed_model(model: Textured, name: str) -> str:
    """A mesh with its colours, in the box."""
    from safetensors.numpy import save

    mesh = model.mesh
    arrays: dict[str, NDArray[Any]] = {
        "vertices": mesh.vertices.astype(np.float32),
        "faces": mesh.faces.astype(np.uint32),
    }
    if mesh.colours is not None:
        arrays["colours"] = np.round(np.clip(mesh.colours, 0, 1) * 255).astype(np.uint8)
    if model.picture is not None and model.uv is not None:
        file = io.BytesIO()
        Image.fromarray(model.picture).save(file, "PNG")
        arrays["uv"] = model.uv.astype(np.float32)
        arrays["picture"] = np.frombuffer(file.getvalue(), np.uint8)
    return _packed(save(arrays), name)


def program_of(text: str, folder: Path) -> Program:
    """The program of a recipe whose picture lies in a folder."""
    return _unpacked(text, folder, _program, lambda data: files.from_bytes(data)[0])


def model_of(text: str, folder: Path, read: Callable[[Path], Textured]) -> Textured:
    """The mesh of a recipe whose picture lies in a folder; read: a file of a mesh."""
    return _unpacked(text, folder, read, _model)


def left_out(recipe: SolidRecipe) -> list[str]:
    """The names of files that a recipe has no more of than their names."""
    whole = recipe.solid
    parts = (whole.field, whole.mesh, whole.coat.field if whole.coat is not None else None)
    return [text[len(FILE) :] for text in parts if text is not None and text.startswith(FILE)]


def _program(path: Path) -> Program:
    if is_family(path):
        from cppnart.fields.families.family import load_family  # takes torch

        return load_family(path).program
    return files.load(path)[0]


def _packed(data: bytes, name: str) -> str:
    if len(data) > LARGEST:
        return FILE + Path(name).name
    return base64.b64encode(data).decode()


def _unpacked(text: str, folder: Path, read: Callable[[Path], T], parse: Callable[[bytes], T]) -> T:
    if text.startswith(FILE):
        name = text[len(FILE) :]
        if name != Path(name).name:
            raise ValueError(f"the recipe names a file by {name[:60]!r}: expected a name alone")
        if not (folder / name).is_file():
            raise ValueError(f"the recipe needs the file {name}: put it beside the picture")
        return read(folder / name)
    try:
        return parse(base64.b64decode(text, validate=True))
    except binascii.Error:
        raise ValueError("the recipe's field or mesh is not base64") from None


def _model(data: bytes) -> Textured:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(data)
        vertices, faces = arrays["vertices"].astype(float), arrays["faces"].astype(np.int64)
        colours, uv = arrays.get("colours"), arrays.get("uv")
        if vertices.ndim != 2 or faces.ndim != 2 or (vertices.shape[1], faces.shape[1]) != (3, 3):
            raise ValueError("its arrays have other shapes")
        for array, width in ((colours, 3), (uv, 2)):
            if array is not None and array.shape != (len(vertices), width):
                raise ValueError("its colours are not those of its vertices")
        mesh = Mesh(vertices, faces, None if colours is None else colours.astype(float) / 255)
        checked(mesh)
        if uv is None:
            return Textured(mesh)
        with Image.open(io.BytesIO(arrays["picture"].tobytes())) as opened:
            return Textured(mesh, np.nan_to_num(uv.astype(float)), np.array(opened.convert("RGB")))
    except (SafetensorError, KeyError, ValueError, OSError, SyntaxError) as error:
        line = failure_line(error)
        raise ValueError(f"the mesh of the recipe cannot be used: {line}") from None
