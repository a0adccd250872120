"""How long a training goes, how far it is, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """When to stop, whichever comes first; and how often to look.

    images: seen, of all processes. minutes: of training, those before a resumption included.
    check_every: steps between checks.
    """

    images: int | None = None
    minutes: float | None = None
    check_every: int = 200

    def __post_init__(self) -> None:
        if self.images is None and self.minutes is None:
            raise ValueError("how long: give minutes or images")
        if self.images is not None and self.images < 1:
            raise ValueError(f"images {self.images}: expected a number above 0")
        if self.minutes is not None and not 0 < self.minutes < 1e7:
            raise ValueError(f"minutes {self.minutes:g}: expected a number above 0")
        if self.check_every < 1:
            raise ValueError(f"check every {self.check_every}: expected a number of steps")


@dataclass(frozen=True)
class Progress:
    """How far a training is. total: images that it will have seen, as far as is known. left: in
    seconds. rate: images a second. losses: means since the check before."""

    step: int
    images: int
    total: int
    seconds: float
    left: float
    rate: float
    losses: dict[str, float]
    augment: float


@dataclass(frozen=True)
class Trained:
    """How a training ended: why is ``images``, ``minutes``, ``stopped`` or ``loss``, where a loss
    was not a number any more and the last good state was kept."""

    path: str
    step: int
    images: int
    seconds: float
    rate: float
    why: str
    losses: dict[str, float]
    remark: str | None = None

    def __str__(self) -> str:
        losses = ", ".join(f"{name} {value:.3g}" for name, value in self.losses.items())
        return (
            f"{self.images} images in {self.seconds:.0f} s, {self.rate:.0f} a second: {losses}"
            + (f" ({self.why})" if self.why != "images" else "")
        )
