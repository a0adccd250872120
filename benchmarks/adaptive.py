"""What adaptive evaluation saves, and what it changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import partial

import numpy as np
from measure import Options, Row, best, interleaved, times
from numpy.typing import NDArray

from cppnart.cppn import styles
from cppnart.render import api
from cppnart.render.picture import Picture
from cppnart.render.renderer import Settings, render_rows

SPEED_SEEDS = (42, 1, 2, 3, 4)
ASKED = 10.0
STYLES, SEEDS = 16, 20
SHARE, WORST = 0.9999, 3
"""Of pixels that may differ by no more than one level, and how much any may."""


def picture_of(seed: int, style: str | None, size: int) -> Picture:
    return api.prepare(seed=str(seed), style=style, size=str(size)).picture


def rendered(picture: Picture, settings: Settings) -> NDArray[np.uint8]:
    return np.concatenate(list(render_rows(picture, settings)))


def speed_rows(o: Options) -> Iterator[Row]:
    """Rendering only: adaptive against every sample, as rendered by default and once a pixel."""
    size = 1024 if o.quick else 4096
    seeds = SPEED_SEEDS[: 2 if o.quick else None]
    found = {samples: _speed(size, seeds, samples, o) for samples in (4, 1)}
    usual, single = (np.array(found[samples]) for samples in found)
    ratios, ones = usual[:, 1] / usual[:, 0], single[:, 1] / single[:, 0]
    ratio = float(np.median(ratios))
    yield Row(
        "adaptive-speed",
        f"adaptive against exact, {size}x{size}, style {styles.DEFAULT}, 4 samples a pixel (the "
        f"default), median of {len(seeds)} seeds",
        times(ASKED),
        times(ratio),
        ratio >= ASKED,
        f"seed {seeds[0]}: {ratios[0]:.1f}x; seeds {ratios.min():.1f}x to {ratios.max():.1f}x; "
        f"{np.median(usual[:, 0]):.2f} s against {np.median(usual[:, 1]):.2f} s; with one sample "
        f"{np.median(ones):.1f}x, {ones.min():.1f}x to {ones.max():.1f}x",
        {"seconds": found},
    )


def _speed(
    size: int, seeds: tuple[int, ...], samples: int, o: Options
) -> list[tuple[float, float]]:
    """Seconds, adaptive and exact, for each seed."""
    found = []
    for seed in seeds:
        picture = picture_of(seed, None, size)
        runs = {
            exact: partial(
                _consume,
                picture,
                Settings(size, size, samples=samples, exact=exact, threads=o.threads),
            )
            for exact in (False, True)
        }
        seconds = best(interleaved(runs, max(1, o.rounds // 3)))
        found.append((seconds[False], seconds[True]))
    return found


def _consume(picture: Picture, settings: Settings) -> None:
    deque(render_rows(picture, settings), maxlen=0)


def agreement_rows(o: Options) -> Iterator[Row]:
    """How far adaptive pictures are from exact ones: 8 bits, no dither, one sample a pixel."""
    names = styles.names() if o.all_styles else styles.names()[:STYLES]
    seeds = range(2 if o.quick else SEEDS)
    size = 256 if o.quick else o.size
    pixels = over = worst = 0
    worst_of: dict[str, int] = {}
    over_of: dict[str, int] = {}
    cases: list[tuple[int, str, int]] = []
    for name in names:
        worst_of[name] = over_of[name] = 0
        for seed in seeds:
            far, most = _difference(seed, name, size, o.threads)
            over_of[name] += far
            worst_of[name] = max(worst_of[name], most)
            pixels += size * size
            if most > 1:
                cases.append((far, f"{name} {seed}", most))
        over += over_of[name]
        worst = max(worst, worst_of[name])
        o.say(f"{name}: {over_of[name] / (len(seeds) * size * size):.2e} over, {worst_of[name]}")
    share = 1 - over / pixels
    cases.sort(reverse=True)
    yield Row(
        "adaptive-agreement",
        f"adaptive against exact, {len(names)} styles x {len(seeds)} seeds at {size}x{size}: "
        "pixels within one grey level; largest difference",
        f"{SHARE:.2%}; {WORST}",
        f"{share:.4%}; {worst}",
        share >= SHARE and worst <= WORST,
        "most pixels over one level: "
        + (
            ", ".join(
                f"{case} ({far / size**2:.1e}, worst {most})" for far, case, most in cases[:5]
            )
            or "none"
        ),
        {
            "over": over_of,
            "worst": worst_of,
            "largest": sorted(((m, c, f) for f, c, m in cases if m > WORST), reverse=True)[:100],
        },
    )


def _difference(seed: int, style: str, size: int, threads: int) -> tuple[int, int]:
    """How many pixels differ by more than a level in some channel, and the largest difference."""
    picture = picture_of(seed, style, size)
    images = (
        rendered(picture, Settings(size, size, dither=False, exact=exact, threads=threads))
        for exact in (False, True)
    )
    adaptive, exact = (image.astype(np.int16) for image in images)
    difference = np.abs(adaptive - exact).max(2)
    return int((difference > 1).sum()), int(difference.max())
