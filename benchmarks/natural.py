"""How well fits say what lies between the pixels that they saw: the protocol of Tancik et al.,
"Fourier features let networks learn high frequency functions" (2020), section 6 and appendix.

`python benchmarks/natural.py --log natural.jsonl` fits; each result is a line of the log, and what
is there already is not fitted again. `python benchmarks/fit.py --only natural` reports the log.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from measure import Row
from numpy.typing import NDArray

from cppnart.fields.fit_image import fit_image
from cppnart.fields.pictures import read_levels

LOG = Path("natural.jsonl")
PART = 8192
"""Pixels of a part of a step."""
WAYS = ("none", "gaussian", "ours", "cubic")
"""cubic: interpolation of the pixels, with nothing learned, as what is possible without."""


def data() -> Path:
    """The folder of real signals: CPPNART_DATA, or ../shared/data beside the checkout."""
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    return Path(os.environ.get("CPPNART_DATA", beside))


def result(way: str, pixels: NDArray[Any], steps: int, precision: str) -> dict[str, float]:
    """Scores of one picture by one of WAYS."""
    if way == "cubic":
        return {"test_psnr": _cubic(pixels)}
    if way == "ours":  # its settings are its own, and the held-out pixels change nothing
        return fit_image(pixels, method="local", holdout="odd").scores
    return _published(pixels, way, steps, precision)


def _published(pixels: NDArray[Any], way: str, steps: int, precision: str) -> dict[str, float]:
    """Four dense layers of 256, Adam, all pixels in every step; coordinates in [0, 1), for
    ``gaussian`` as sines and cosines of 256 frequencies of deviation 10.

    Their encoding does not learn and is computed once. A step adds up slopes over parts of the
    picture that stay in a processor's cache.
    """
    import torch
    from torch.nn import functional

    random = torch.Generator().manual_seed(0)
    side = torch.arange(len(pixels)) / len(pixels)
    frequencies = 10 * torch.randn(2, 256, generator=random)

    def half(start: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs and colours of every second pixel of every second row."""
        points = torch.cartesian_prod(side[start::2], side[start::2])
        angles = 2 * torch.pi * points @ frequencies
        inputs = torch.cat([angles.sin(), angles.cos()], 1) if way == "gaussian" else points
        colours = torch.from_numpy(pixels[start::2, start::2] / np.float32(255)).reshape(-1, 3)
        return inputs.to(kind), colours

    kind = getattr(torch, precision)
    inputs, colours = half(0)
    sizes = [inputs.shape[1], 256, 256, 256, 3]
    layers = []
    for sources, units in pairwise(sizes):
        spread = (2 / (sources + units)) ** 0.5  # of Glorot and Bengio, as in the paper's code
        weight = spread * torch.randn(units, sources, generator=random)
        layers.append((weight.requires_grad_(), torch.zeros(units, requires_grad=True)))
    learning = [tensor for layer in layers for tensor in layer]
    adam = torch.optim.Adam(learning, lr=1e-3 if way == "gaussian" else 1e-2)

    def network(x: torch.Tensor) -> torch.Tensor:
        for number, (weight, bias) in enumerate(layers):
            x = functional.linear(x.relu() if number else x, weight.to(kind), bias.to(kind))
        return x.float().sigmoid()

    def psnr(inputs: torch.Tensor, colours: torch.Tensor) -> float:
        with torch.no_grad():
            made = torch.cat([network(part) for part in inputs.split(PART)])
        return float(-10 * (made - colours).square().mean().log10())

    for _ in range(steps):
        adam.zero_grad()
        for part, own in zip(inputs.split(PART), colours.split(PART), strict=True):
            ((network(part) - own).square().sum() / colours.numel()).backward()
        adam.step()
    return {"test_psnr": psnr(*half(1)), "psnr": psnr(inputs, colours)}


def _cubic(pixels: NDArray[Any]) -> float:
    levels = pixels / 255.0
    seen = np.pad(levels[::2, ::2], ((1, 2), (1, 2), (0, 0)), "edge")
    for axis in (0, 1):
        size = seen.shape[axis] - 3
        parts = [np.take(seen, range(start, start + size), axis) for start in range(4)]
        seen = (9 * (parts[1] + parts[2]) - parts[0] - parts[3]) / 16
    held_out = levels[1::2, 1::2]
    made = seen[: held_out.shape[0], : held_out.shape[1]].clip(0, 1)
    return float(-10 * np.log10(np.square(made - held_out).mean()))


def measure(ways: Sequence[str], images: int, steps: int, precision: str, log: Path) -> None:
    done = {(line["way"], line["image"]) for line in _lines(log)}
    for path in sorted((data() / "ffn_natural").glob("*.png"))[:images]:
        pixels = read_levels(path)[0]
        for way in ways:
            if (way, path.stem) in done:
                continue
            began = time.monotonic()
            scores = result(way, pixels, steps, precision)
            line = {"way": way, "image": path.stem, "steps": steps, "precision": precision}
            line |= {**scores, "seconds": round(time.monotonic() - began, 1)}
            print(json.dumps(line), flush=True)
            with log.open("a") as file:
                file.write(json.dumps(line) + "\n")


def _lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def natural_rows(rounds: int, quick: bool) -> Iterator[Row]:
    """Of the log, for the pictures that all ways have fitted."""
    found = {(line["way"], line["image"]): line for line in _lines(LOG)}
    named = sorted({image for _, image in found})
    images = [image for image in named if all((way, image) in found for way in WAYS)]
    mean = {
        way: sum(found[way, image]["test_psnr"] for image in images) / max(len(images), 1)
        for way in WAYS
    }
    note = ", ".join(f"{way} {mean[way]:.2f} dB" for way in WAYS) if images else f"no {LOG} yet"
    for way, other, asked in (("gaussian", "none", 5.0), ("ours", "gaussian", 0.5)):
        gain = mean[way] - mean[other]
        yield Row(
            f"natural-{way}",
            f"train even, test odd pixels, {len(images)} pictures of 512x512: {way} above {other}",
            f"{asked:g} dB",
            f"{gain:.2f} dB" if images else "",
            gain >= asked if images else None,
            note,
            {"mean": mean if images else {}},
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--ways", nargs="+", choices=WAYS, default=WAYS)
    add("--images", type=int, default=8, help="the first so many")
    add("--steps", type=int, default=2000, help="of the networks of the protocol")
    add("--precision", default="float32", help="of the same: float32 or bfloat16")
    add("--log", type=Path, default=LOG)
    a = parser.parse_args()
    measure(a.ways, a.images, a.steps, a.precision, a.log)


if __name__ == "__main__":
    main()
