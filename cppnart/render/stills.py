"""JPEG, WebP and AVIF, through Pillow, which needs the whole picture in memory."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

from PIL import Image, features

from cppnart.render.formats import PictureFile, Rows
from cppnart.render.icc import srgb_profile
from cppnart.render.xmp import jpeg_segments, packet

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_EXIF_X_RESOLUTION, _EXIF_Y_RESOLUTION, _EXIF_UNIT, _EXIF_INCH = 0x11A, 0x11B, 0x128, 2


class StillEncoder:
    """Collects rows of `picture`, then writes `file` in one go; `name` is Pillow's for the format.

    Colours keep their full resolution (4:4:4), because these pictures are full of saturated edges.
    """

    def __init__(self, file: BinaryIO, picture: PictureFile, name: str) -> None:
        if name != "JPEG" and not features.check(name.lower()):
            raise ValueError(f"this Pillow was built without {name}: write .png or .jpg instead")
        self._file = file
        self._picture = picture
        self._name = name
        self._image = Image.new(_MODES[picture.channels], (picture.width, picture.height))
        self._top = 0

    def write(self, rows: Rows) -> None:
        # Pillow wants gray as (h, W).
        piece = Image.fromarray(rows[..., 0] if rows.shape[-1] == 1 else rows)
        self._image.paste(piece, (0, self._top))
        self._top += len(rows)

    def finish(self) -> None:
        # In memory first, so that what goes wrong in the encoder is told from a full disk.
        encoded = io.BytesIO()
        self._image.save(encoded, self._name, **self._options())
        data = encoded.getvalue()
        if self._name == "JPEG" and self._picture.recipe is not None:
            # After the first segment, JFIF, which must lead; its length counts itself.
            place = 4 + int.from_bytes(data[4:6], "big")
            data = data[:place] + jpeg_segments(self._picture.recipe) + data[place:]
        self._file.write(data)

    def close(self) -> None:
        pass

    def _options(self) -> dict[str, Any]:
        picture, options = self._picture, _quality(self._name, self._picture.small)
        # Pillow tags AVIF as sRGB by itself, and makes gray WebP and AVIF RGB.
        if self._name != "AVIF":
            gray = self._name == "JPEG" and picture.channels == 1
            options["icc_profile"] = srgb_profile(gray=gray)
        if picture.dpi is not None and self._name == "JPEG":
            options["dpi"] = (picture.dpi, picture.dpi)
        elif picture.dpi is not None:
            exif = Image.Exif()
            exif[_EXIF_X_RESOLUTION] = exif[_EXIF_Y_RESOLUTION] = picture.dpi
            exif[_EXIF_UNIT] = _EXIF_INCH
            options["exif"] = exif.tobytes()
        if picture.recipe is not None and self._name != "JPEG":
            options["xmp"] = packet(picture.recipe)
        return options


def _quality(name: str, small: bool) -> dict[str, Any]:
    """Settings that look the same as the original; `small` takes longer for fewer bytes."""
    settings: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": 93, "subsampling": 0, "optimize": small, "progressive": small},
        "WebP": {"quality": 93, "method": 6 if small else 4},
        # Its bytes are the same for any number of threads but one.
        "AVIF": {
            "quality": 85,
            "subsampling": "4:4:4",
            "speed": 5 if small else 6,
            "max_threads": 8,
        },
    }
    return settings[name]
