"""torchvision's data sets by name."""

from __future__ import annotations

import inspect
from typing import Any

from PIL import Image

from cppnart.fields.torchvision import part_of_torchvision

from .sources import Source


def open_torchvision(name: str) -> Source:
    """The training part of a data set, as in ``torchvision:MNIST``, fetched into the cache."""
    from cppnart.fields.machine_code import cache_folder

    found = part_of_torchvision("datasets")
    wanted = name.partition(":")[2]
    kind = getattr(found, wanted, None)
    if not (isinstance(kind, type) and wanted in getattr(found, "__all__", ())):
        close = [n for n in getattr(found, "__all__", ()) if n.lower() == wanted.lower()]
        hint = f": did you mean torchvision:{close[0]}?" if close else ""
        raise ValueError(f"{name}: torchvision has no data set of that name{hint}")
    parameters = inspect.signature(kind).parameters
    given: dict[str, Any] = {"root": str(cache_folder() / "torchvision")}
    if "download" in parameters:
        given["download"] = True
    if "train" in parameters:
        given["train"] = True
    try:
        data = kind(**given)
    except TypeError as error:
        raise ValueError(f"{name}: this data set needs more than a name ({error})") from None
    except RuntimeError as error:
        raise ValueError(f"{name}: {' '.join(str(error).split())}") from None
    labels = _labels(data)
    names = [f"{wanted}:{number}" for number in range(len(data))]

    def read(number: int) -> Image.Image:
        picture = data[number][0]
        if not isinstance(picture, Image.Image):
            raise ValueError(f"{wanted}:{number}: expected a picture")
        return picture.convert("RGBA" if picture.has_transparency_data else "RGB")

    return Source(name, names, labels, f"{wanted}-{len(data)}", read)


def _labels(data: Any) -> list[int] | None:
    """Classes, where the data set holds them as whole numbers."""
    for name in ("targets", "labels", "_labels"):
        found = getattr(data, name, None)
        if found is not None and len(found) == len(data):
            try:
                labels = [int(label) for label in found]
            except (TypeError, ValueError):
                return None
            return labels if min(labels) >= 0 else None
    return None
