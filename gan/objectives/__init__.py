"""Objectives: what generators are trained for. Each is a small object that makes losses of a
batch, with its schedules as data; none of them draws random numbers but by the batch's own."""

from __future__ import annotations

from .adversarial import Gan, WganGp
from .glo import Glo
from .objective import Batch as Batch
from .objective import Loss as Loss
from .objective import Objective as Objective
from .schedules import Ramp as Ramp
from .schedules import Schedules as Schedules
from .vae import Vae, VaeGan

OBJECTIVES: dict[str, type[Objective]] = {
    "gan": Gan,
    "wgan-gp": WganGp,
    "vae": Vae,
    "vae-gan": VaeGan,
    "glo": Glo,
}


def build_objective(name: str, *, resolution: int, batch: int) -> Objective:
    """The objective of that name for pictures of so many pixels on the short side, in batches of
    so many. Raises ValueError for an unknown name."""
    if name not in OBJECTIVES:
        raise ValueError(f"objective {name!r}: expected one of {', '.join(OBJECTIVES)}")
    return OBJECTIVES[name](resolution, batch)
