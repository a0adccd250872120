"""fit_gradients: a field that knows nothing of a picture but its derivatives."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from . import fit_image
from .fit_image import picture_network, read_picture
from .fitting import Settings
from .gradients import GradientTask, SirenTask
from .images import ImageTask
from .networks import NETWORKS, Network
from .training import FittedField, Method, Training, train

if TYPE_CHECKING:
    from typing_extensions import Unpack

AUTO = "grid"
"""The method that is fastest to 30 dB."""

DEMO_LARGEST = 256 * 256
"""Pixels of the picture of a demonstration."""

METHODS = {
    # derivatives leave offset and scale open, and so does the last layer
    name: replace(method, options={**method.options, "last": "identity"})
    for name, method in fit_image.METHODS.items()
    if name in NETWORKS
}
# every grid has cells half as large as the one before, from half of the picture down to its pixels
METHODS["grid"] = replace(
    METHODS["grid"],
    options={"coarsest": 2, "growth": 2.0, "entries": 1 << 17, "width": 32},
)

DEMOS = {
    "siren": Method(Settings(steps=10_000, rate=1e-4, check_every=500), {}, None),
}
"""Fits as papers describe them."""


def fit_gradients(
    source: str | os.PathLike[str] | NDArray[Any],
    *,
    derivative: str = "gradient",
    method: str = "auto",
    batch: int | None = None,
    demo: str | None = None,
    options: Mapping[str, Any] | None = None,
    **training: Unpack[Training],
) -> FittedField:
    """Fits a field to the gradients or the Laplacian of a picture, and to nothing else of it.

    source: a picture file, or (H, W, 1, 3 or 4) uint8 or uint16. derivative: ``gradient`` or
    ``laplacian``. method: one of METHODS, or auto. batch: points in a step. demo: ``siren``, as in
    its paper: at most 256x256 pixels, all of them in every step, and derivatives of the network
    itself, for a graphics processor. options: of the network. training: see Training; ``until`` is
    a PSNR in decibels, after scale and offset of each channel are brought to those of the picture.
    The field is kept at these.

    Raises ValueError for what cannot be fitted, a picture of one colour among it, and OSError for
    files that cannot be read.
    """
    name = AUTO if method == "auto" else method
    known, asked, kind = (DEMOS, demo, "demo") if demo is not None else (METHODS, name, "method")
    if asked not in known:
        raise ValueError(f"{kind} {asked!r}: expected {', '.join(known)}")
    chosen = known[asked]
    pixels, remark = read_picture(source, DEMO_LARGEST if demo else fit_image.LARGEST)
    if (pixels == pixels[:1, :1]).all():
        raise ValueError("the picture is all of one colour: it has no gradients to be fitted")
    made = SirenTask if demo else GradientTask
    task = made(pixels, derivative=derivative, batch=batch or chosen.batch)
    own = {**chosen.options, **(options or {})}
    network = gradient_network(asked, task, own, training.get("seed", 0))
    return train(
        network, task, chosen.settings, training, method=asked, shape=task.shaped, remark=remark
    )


def gradient_network(name: str, task: ImageTask, options: Mapping[str, Any], seed: int) -> Network:
    """A network for a picture by its derivatives."""
    own = dict(options)
    if name == "grid":
        own.setdefault("levels", math.ceil(math.log2(max(task.width, task.height, 2))))
    return picture_network(name, task, own, seed)
