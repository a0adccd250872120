"""blend: two pictures blended by their gradients, as a picture or as a field."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from cppnart.fields.blend import Picture, fit_blend
from cppnart.fields.training import FittedField, Training
from cppnart.render.api import render
from cppnart.render.formats import format_of
from cppnart.render.prepare import FIELD_SUFFIX

if TYPE_CHECKING:
    from typing_extensions import Unpack


def blend(
    a: Picture,
    b: Picture,
    *,
    mask: Picture | None = None,
    at: tuple[int, int] | None = None,
    mixed: bool = False,
    method: str = "auto",
    batch: int | None = None,
    size: str | int | None = None,
    **training: Unpack[Training],
) -> FittedField:
    """Blends two pictures by their gradients: a picture or a field, as the output's suffix says.

    A picture has the size of ``a`` if no other is given, and carries its field, so that it can be
    rendered again at any size. The rest is as for fit_blend.
    """
    output = training.get("output")
    asked: dict[str, Any] = {
        **training,
        "mask": mask,
        "at": at,
        "mixed": mixed,
        "method": method,
        "batch": batch,
    }
    if output is None or os.fspath(output).lower().endswith(FIELD_SUFFIX):
        if size is not None:
            raise ValueError(f"size {size}: a field has none; give the blend a picture's name")
        return fit_blend(a, b, **asked)
    format_of(output)
    if not Path(output).resolve().parent.is_dir():
        raise ValueError(f"{os.fspath(output)}: there is no such folder")
    with TemporaryDirectory() as folder:
        field = Path(folder) / f"blend{FIELD_SUFFIX}"
        made = fit_blend(a, b, **{**asked, "output": field})
        render(field, size=size, output=output)
    return replace(made, path=os.fspath(output))
