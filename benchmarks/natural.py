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
from pathlib import Path
from typing import Any

import numpy as np
from measure import Row
from numpy.typing import NDArray

from cppnart.fields.fit_image import fit_image
from cppnart.fields.fitting import Settings, fit
from cppnart.fields.images import ImageTask
from cppnart.fields.networks.trained import trainable
from cppnart.fields.pictures import read_levels
from cppnart.fields.training import build

LOG = Path("natural.jsonl")
RGB = ("red", "green", "blue")
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
    task = ImageTask(pixels, batch=None, holdout="odd")
    options = {"sigma": 10.0} if way == "gaussian" else {}
    method = "fourier" if way == "gaussian" else "relu"
    network = build(method, {"x": 1, "y": 1}, RGB, 0, options)
    module, rates = trainable(network)
    settings = Settings(
        steps=steps,
        rate=1e-3 if way == "gaussian" else 1e-2,
        check_every=steps,
        precision=precision,
    )
    return fit(module, task, settings, rates=rates).scores


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
