"""A picture from its gradients and from its Laplacian."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from measure import Row
from PIL import Image

from cppnart.fields.fit_gradients import fit_gradients

SIREN: dict[str, Any] = {"options": {"width": 128, "depth": 3, "first_omega": 60.0}}
CONTESTANTS: list[tuple[str, str, dict[str, Any], bool]] = [
    ("gradient", "grid", {}, True),
    ("laplacian", "grid", {}, False),
    ("gradient", "siren", SIREN, False),
    ("laplacian", "siren", SIREN, False),
]
"""A derivative, a method, more of it, and whether anything is asked for."""


def poisson_rows(rounds: int, quick: bool) -> Iterator[Row]:
    """A grey Kodak picture of 256x256 until 30 dB are reached, four minutes at most."""
    data = Path(os.environ.get("CPPNART_DATA") or "../shared/data")
    with Image.open(data / "kodak" / "kodim05.png") as picture:
        square = picture.convert("L").crop((128, 0, 640, 512)).resize((256, 256))
    pixels = np.asarray(square, np.uint8)[..., None]
    for derivative, method, more, asked in CONTESTANTS[:1] if quick else CONTESTANTS:
        made = fit_gradients(
            pixels, derivative=derivative, method=method, until=30.0, seconds=240, **more
        )
        psnr = made.scores["psnr"]
        yield Row(
            f"poisson {derivative} {method}",
            f"256x256 from its {derivative}, {method}, after the affine fit",
            "30 dB" if asked else "",
            f"{psnr:.1f} dB after {made.step} steps, {made.seconds:.0f} s",
            psnr >= 30 if asked else None,
            figures={"psnr": psnr, "steps": made.step, "seconds": made.seconds},
        )
