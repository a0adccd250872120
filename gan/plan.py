"""From what a person asks of a training to its networks: every number that a run is made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch
from torch import nn

from .data import Pictures
from .discriminators import build_discriminator
from .generators import build_generator
from .objectives import Objective, Ramp, build_objective
from .objectives.glo import Codes
from .objectives.vae import Encoder, EncoderSpec

MANY = 20_000
"""Pictures from which on augmentation is not needed."""
PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16}
"""Of the discriminator. Gradients of gradients leave the range of float16."""
PARTS = ("generator", "discriminator", "encoder", "objective")


@dataclass(frozen=True)
class Options:
    """What a person chooses; see ``train``."""

    generator: str = "fmm"
    discriminator: str = "conv"
    objective: str = "gan"
    resolution: str | None = None
    channels: int | None = None
    anyres: bool = False
    mirror: bool = False
    conditional: bool = False
    augment: str = "auto"
    batch: int = 64
    seed: int = 0
    precision: str = "float32"
    start: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= self.batch <= 1 << 20:
            raise ValueError(f"batch {self.batch}: expected a number of pictures above 0")
        if not 0 <= self.seed < 1 << 31:
            raise ValueError(f"seed {self.seed}: expected 0 to {(1 << 31) - 1}")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision {self.precision!r}: expected {' or '.join(PRECISIONS)}")
        for name in self.settings:
            if name.partition(".")[0] not in PARTS or "." not in name:
                raise ValueError(
                    f"setting {name!r}: expected PART.NAME, where the part is one of"
                    f" {', '.join(PARTS)}"
                )

    def of(self, part: str) -> dict[str, Any]:
        """The settings of a part, by their own names."""
        return {
            name.partition(".")[2]: value
            for name, value in self.settings.items()
            if name.partition(".")[0] == part
        }


@dataclass(frozen=True)
class Plan:
    """A training, ready to begin: augment is the kind that was chosen."""

    options: Options
    pictures: Pictures
    objective: Objective
    networks: dict[str, nn.Module]
    augment: str

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that a run goes by, flat and JSON-ready, for its folder."""
        options = asdict(self.options)
        given = options.pop("settings")
        flat = {**options, **{f"settings.{name}": value for name, value in given.items()}}
        form = self.pictures.form
        flat |= {"data": self.pictures.name, "pictures": self.pictures.identity}
        flat |= {"width": form.width, "height": form.height, "channels": form.channels}
        flat |= {"augment": self.augment}
        for name, network in self.networks.items():
            spec = getattr(network, "spec", {})
            flat |= {f"{name}.{key}": value for key, value in spec.items()}
        for name, value in asdict(self.objective.schedules).items():
            flat[f"objective.{name}"] = list(value.values()) if isinstance(value, dict) else value
        return flat

    @property
    def about(self) -> dict[str, Any]:
        """What snapshots hold beside the generator."""
        form = self.pictures.form
        note = {"data": self.pictures.name, "batch": self.options.batch, "seed": self.options.seed}
        return {
            "width": form.width,
            "height": form.height,
            "objective": self.options.objective,
            "note": note,
        }

    def parameters(self) -> dict[str, int]:
        """How many numbers each network learns."""
        return {
            name: sum(parameter.numel() for parameter in network.parameters())
            for name, network in self.networks.items()
        }


def make_plan(options: Options, pictures: Pictures) -> Plan:
    """The networks and schedules that options and pictures make; ValueError for what does not go
    together."""
    form = pictures.form
    if options.conditional and not pictures.classes:
        raise ValueError(f"conditional: {pictures.name} has no labels")
    classes = pictures.classes if options.conditional else 0
    short = min(form.width, form.height)
    shared = {"channels": form.channels, "resolution": short}
    objective = build_objective(options.objective, resolution=short, batch=options.batch)
    objective.schedules = replace(objective.schedules, **_schedules(objective, options))
    seed = options.seed
    generator = build_generator(
        {"kind": options.generator, "classes": classes, **shared, **options.of("generator")},
        seed=seed,
    )
    networks: dict[str, nn.Module] = {"generator": generator}
    latent = int(generator.spec["latent"])
    if "discriminator" in objective.networks:
        spec = {"kind": options.discriminator, "classes": classes, **shared}
        if form.anyres and options.discriminator == "conv":
            spec["coords"] = True  # what a crop shows depends on where it lies
        spec |= options.of("discriminator")
        networks["discriminator"] = build_discriminator(spec, seed=seed + 1)
    if "encoder" in objective.networks:
        known = EncoderSpec(latent, **shared)
        networks["encoder"] = Encoder(_replaced(known, options.of("encoder")), seed=seed + 2)
    if "codes" in objective.networks:
        networks["codes"] = Codes(len(pictures), latent, seed=seed + 3)
    return Plan(options, pictures, objective, networks, _augment(options, objective, pictures))


def _augment(options: Options, objective: Objective, pictures: Pictures) -> str:
    if options.augment != "auto":
        return options.augment
    needed = "discriminator" in objective.networks and len(pictures) < MANY
    return "ada" if needed else "none"


def _schedules(objective: Objective, options: Options) -> dict[str, Any]:
    """Given numbers of an objective: "0.001", or "0.001:0.0001" from the first step to the last."""
    known = asdict(objective.schedules)
    made: dict[str, Any] = {}
    for name, value in options.of("objective").items():
        if name not in known:
            raise ValueError(f"setting objective.{name}: expected among {', '.join(known)}")
        numbers = re.split(":", str(value))
        try:
            ends = [float(number) for number in numbers]
        except ValueError:
            ends = []
        ramp = isinstance(known[name], dict)
        if not 1 <= len(ends) <= (2 if ramp else 1):
            raise ValueError(
                f"setting objective.{name} {value!r}: expected a number"
                + (" or FROM:TO" if ramp else "")
            )
        made[name] = Ramp(ends[0], ends[-1]) if ramp else type(known[name])(ends[0])
    return made


def _replaced(spec: EncoderSpec, given: Mapping[str, Any]) -> EncoderSpec:
    unknown = set(given) - set(asdict(spec))
    if unknown:
        raise ValueError(f"setting encoder.{min(unknown)}: expected {', '.join(asdict(spec))}")
    return replace(spec, **given)
