"""How many pictures are dull? `python benchmarks/dullness.py --help`

Looks at finished pictures, in colour, as nobody who drew them can: the rule by which styles reject
draws (`cppnart/cppn/dullness.py`) sees only a probe of 64 x 64 values without colour.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from cppnart.cppn import styles
from cppnart.render import api

Image = NDArray[np.uint8]

SIZE = 256
CELL = 4
"""Pixels a side that are averaged before edges are sought: noise and dither are none."""
EDGE = 6.0
"""A difference between neighbouring cells, in levels of 255, that the eye sees as a slope."""
BINS = 64
LEAST_EDGES, LEAST_ENTROPY, LEAST_COLOUR = 0.03, 3.5, 15.0
ALLOWED = 0.01


@dataclass(frozen=True)
class Measures:
    """entropy: of the histogram of luma in BINS bins, in bits: 0 for one tone, 6 for all alike.
    edges: the share of neighbouring cells that differ by more than EDGE levels of luma.
    colour: the colourfulness of Hasler and Suesstrunk, "Measuring colourfulness in natural images"
        (2003): 0 is none, 15 slight, 33 moderate, 59 quite, 109 extreme.
    """

    entropy: float
    edges: float
    colour: float

    @property
    def near_uniform(self) -> bool:
        """Hardly an edge, and besides either few tones or hardly a colour."""
        few = self.entropy < LEAST_ENTROPY or self.colour < LEAST_COLOUR
        return self.edges < LEAST_EDGES and few

    @property
    def interest(self) -> float:
        """For sorting: the geometric mean of the measures, each over its limit."""
        parts = self.edges / LEAST_EDGES, self.entropy / LEAST_ENTROPY, self.colour / LEAST_COLOUR
        return float(np.prod(parts) ** (1 / 3))


def measure(image: Image) -> Measures:
    """The measures of a picture (h, w, 3) uint8, both sides at least 2 * CELL."""
    rgb = image.astype(np.float64)
    luma = rgb @ (0.2126, 0.7152, 0.0722)
    counts = np.bincount((luma * (BINS / 256)).astype(int).ravel(), minlength=BINS)
    share = counts[counts > 0] / luma.size
    h, w = (side // CELL for side in luma.shape)
    cells = luma[: h * CELL, : w * CELL].reshape(h, CELL, w, CELL).mean((1, 3))
    steps = np.concatenate([np.diff(cells, axis=axis).ravel() for axis in (0, 1)])
    red, green, blue = np.moveaxis(rgb, 2, 0)
    opponents = (red - green, 0.5 * (red + green) - blue)
    spread = np.hypot(*(opponent.std() for opponent in opponents))
    centre = np.hypot(*(opponent.mean() for opponent in opponents))
    return Measures(
        entropy=float(-(share * np.log2(share)).sum()),
        edges=float((np.abs(steps) > EDGE).mean()),
        colour=float(spread + 0.3 * centre),
    )


def constructed() -> dict[str, tuple[Image, bool]]:
    """Pictures of which everybody would say whether they are nearly uniform."""
    rng = np.random.default_rng(0)
    y, x = (np.mgrid[0:SIZE, 0:SIZE] + 0.5) / SIZE
    r = np.hypot(x - 0.5, y - 0.5)
    grey = np.ones(3)

    def picture(value: Any, colour: Any = grey, ground: Any = 0.0) -> Image:
        value = np.clip(np.broadcast_to(value, (SIZE, SIZE)), 0, 1)[..., None]
        mixed = ground + value * (np.asarray(colour, float) - ground)
        return cast(Image, np.round(255 * mixed).astype(np.uint8))

    waves = 0.5 + 0.5 * np.sin(9 * x + 4 * np.sin(7 * y))
    return {
        "black": (picture(0.0), True),
        "grey": (picture(0.5), True),
        "red": (picture(1.0, (0.9, 0.1, 0.1)), True),
        "grey with 2 levels of noise": (picture(0.5 + rng.uniform(-2, 2, x.shape) / 255), True),
        "grey with 6 levels of noise": (picture(0.5 + rng.uniform(-6, 6, x.shape) / 255), True),
        "red with faint waves": (picture(0.96 + 0.04 * waves, (0.9, 0.1, 0.1)), True),
        "a slow slope of grey": (picture(0.4 + 0.2 * x), True),
        "a grey vignette": (picture(0.8 - 0.5 * r), True),
        "a dot on navy": (picture(r < 0.02, (1, 1, 1), (0.05, 0.05, 0.2)), True),
        "a corner of orange": (picture(1 - 9 * np.hypot(x, y), (1, 0.6, 0.1)), True),
        "waves of blue and sand": (picture(waves, (0.9, 0.8, 0.6), (0.1, 0.2, 0.5)), False),
        "waves of grey": (picture(waves), False),
        "lines of ink": (picture(np.sin(90 * (x + 0.1 * waves)) > 0.3), False),
        "a disc": (picture(r < 0.3, (0.9, 0.8, 0.6), (0.5, 0.1, 0.2)), False),
        "soft orange to violet": (picture(x, (1, 0.6, 0.2), (0.3, 0.1, 0.6)), False),
    }


def check_rule() -> None:
    """RuntimeError where the rule is wrong about a constructed picture."""
    for name, (image, uniform) in constructed().items():
        found = measure(image)
        if found.near_uniform != uniform:
            raise RuntimeError(f"the rule is wrong about {name!r}: {found}")
    print(f"the rule is right about {len(constructed())} constructed pictures")


def main() -> int:
    """Measures, prints, and returns 1 when more than ALLOWED are nearly uniform."""
    a = _arguments()
    check_rule()
    seeds = range(a.seeds)
    found: dict[int, Measures] = {}
    began = time.perf_counter()
    for seed in seeds:
        found[seed] = measure(picture(seed, a.style))
    rate = len(found) / (time.perf_counter() - began)
    dull = [seed for seed in seeds if found[seed].near_uniform]
    worst = sorted(seeds, key=lambda seed: found[seed].interest)[: a.worst]
    print(
        f"style {a.style}, seeds 0..{len(found) - 1} at {SIZE} px, {rate:.0f} a second: "
        f"{len(dull)} nearly uniform ({len(dull) / len(found):.2%}, allowed {ALLOWED:.0%})"
    )
    for name in ("entropy", "edges", "colour"):
        spread = np.percentile([getattr(m, name) for m in found.values()], (0, 1, 10, 50, 90))
        least, low, tenth, middle, high = (f"{number:.3g}" for number in spread)
        print(f"{name}: least {least}, 1 % {low}, 10 % {tenth}, median {middle}, 90 % {high}")
    for seed in worst:
        mark = "dull" if found[seed].near_uniform else "    "
        m = found[seed]
        print(f"{mark} seed {seed}: {m.entropy:.2f} bits, edges {m.edges:.3f}, {m.colour:.0f}")
    if a.sheet:
        api.sheet(seeds=worst, style=a.style, thumb=SIZE, columns=8, output=a.sheet)
    if a.json:
        content = {
            "style": a.style,
            "near_uniform": dull,
            "measures": {seed: asdict(m) for seed, m in found.items()},
        }
        a.json.write_text(json.dumps(content, indent=1) + "\n")
    return int(len(dull) >= ALLOWED * len(found))


def picture(seed: int, style: str) -> Image:
    return cast(Image, api.render(seed=seed, style=style, size=SIZE))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--style", default=styles.DEFAULT, help="default: %(default)s")
    add("--seeds", type=int, default=1000, help="how many, from 0 on; default: %(default)s")
    add("--worst", type=int, default=40, help="how many of the dullest to show")
    add("--sheet", type=Path, help="write the dullest here")
    add("--json", type=Path, help="write all measures here")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
