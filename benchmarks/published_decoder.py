"""LIIF's decoder on the encoder of the shipped upscaler, to compare ours with: trained by
`python benchmarks/published_decoder.py -o published.safetensors`, which takes hours on a CPU.

The encoder stays as it is, which is to the advantage of the decoder that it was trained with.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from natural import data

from cppnart.fields.fitting import Report, Schedule, Settings, fit
from cppnart.fields.upscaling.fit_upscaler import read_photographs
from cppnart.fields.upscaling.light import Light
from cppnart.fields.upscaling.liif import Liif
from cppnart.fields.upscaling.models import load_upscaler, save_upscaler
from cppnart.fields.upscaling.task import UpscalingTask
from cppnart.render.upscale import _model

HELD_OUT = 8
SIDE, POINTS = 32, 256


def with_encoder_of(light: Light) -> Liif:
    """The published model with this encoder, and a decoder as published that knows nothing yet."""
    names = ("blocks", "channels")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = Liif(encoder_options={name: light.spec[name] for name in names})
    model.encoder.load_state_dict(light.encoder.state_dict())
    with torch.no_grad():
        # it reads pictures in [-1, 1], where ours reads [-1/2, 1/2]
        model.encoder.head[0].weight.mul_(0.5)  # type: ignore[index, union-attr, operator]
    return model.requires_grad_(False).eval()


def read_published(path: Path) -> Liif:
    model = load_upscaler(path)
    assert isinstance(model, Liif)
    return model


def train(steps: int, output: Path) -> None:
    light = _model(None)
    assert isinstance(light, Light)
    model = with_encoder_of(light).train().requires_grad_(True)
    pictures, _ = read_photographs(data() / "bsds500" / "train", 4 * SIDE)
    held_out = set(np.linspace(0, len(pictures) - 1, HELD_OUT).round().astype(int).tolist())
    task = UpscalingTask(
        [p for n, p in enumerate(pictures) if n not in held_out], [], side=SIDE, points=POINTS
    )
    settings = Settings(
        steps=steps,
        rate=5e-4,
        schedule=Schedule("cosine", 0.01, warmup=100),
        ema=0.999,
        clip=1.0,
        precision="bfloat16",
        check_every=steps,
    )

    def report(at: Report) -> None:
        if at.step % 100 == 0:
            print(f"{at.step} of {at.steps} steps, {at.seconds:.0f} s", flush=True)

    rates = {name: 0.0 for name, _ in model.named_parameters() if name.startswith("encoder.")}
    fit(model, task, settings, rates=rates, report=report)
    save_upscaler(output, model, {"steps": steps}, torch.float32)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    train(given.steps, given.output)
