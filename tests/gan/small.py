"""Networks so small that a test can train them."""

import json
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from cppnart.gan.train import train

SETTINGS = {
    "generator.latent": 6,
    "generator.width": 8,
    "generator.style": 8,
    "generator.layers": 1,
    "generator.rank": 2,
    "generator.features": 4,
    "generator.levels": 2,
    "discriminator.width": 4,
}


def small_train(data: Path | str | None, run: Path, **given: Any) -> Any:
    """A training of a few steps of batches of four."""
    options: dict[str, Any] = {"images": 24, "check_every": 2, **given}
    if not given.get("resume"):
        settings = {**SETTINGS, **given.get("settings", {})}
        if given.get("generator") not in (None, "fmm"):
            settings = {k: v for k, v in settings.items() if k == "generator.latent"}
        if given.get("objective") in ("vae", "glo"):
            settings = {k: v for k, v in settings.items() if "discriminator" not in k}
        options = {"batch": 4, "resolution": "8", **options, "settings": settings}
    return train(data, run=run, **options)


def state_of(run: Path) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(sorted(run.glob("state-*.safetensors"))[-1])


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def lines(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
