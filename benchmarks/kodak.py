"""`fit image` on Kodak pictures: how soon it is good, and how good it is within a size."""

from __future__ import annotations

from collections.abc import Iterator

from measure import Row
from natural import data

from cppnart.fields.fit_image import fit_image

PICTURES = ("kodim01", "kodim03", "kodim08")
TARGETS = {35.0: 30.0, 40.0: 90.0}
"""Seconds by decibels."""
COIN = {0.16: 24.64, 0.61: 28.41, 1.21: 30.64}
"""Decibels by bits a pixel, the mean of all 24 pictures after 50,000 steps: Dupont et al.,
"COIN: compression with implicit neural representations" (2021), figure 2."""


def kodak_rows(rounds: int, quick: bool) -> Iterator[Row]:
    for name in PICTURES[: 1 if quick else None]:
        for target, asked in TARGETS.items():
            made = fit_image(
                data() / "kodak" / f"{name}.png", until=target, seconds=2 if quick else 4 * asked
            )
            reached = made.scores["psnr"] >= target
            yield Row(
                f"kodak-{name}-{target:g}",
                f"`fit image` of {name}, 768x512, by auto to {target:g} dB",
                f"{asked:g} s",
                f"{made.seconds:.1f} s" if reached else f"not in {made.seconds:.0f} s",
                reached and made.seconds <= asked,
                f"{made.step} steps, {made.scores['psnr']:.1f} dB",
                {"seconds": made.seconds, "psnr": made.scores["psnr"]},
            )


def size_rows(rounds: int, quick: bool) -> Iterator[Row]:
    for name in PICTURES[: 1 if quick else None]:
        for bits, coin in COIN.items():
            made = fit_image(
                data() / "kodak" / f"{name}.png",
                compress=f"{bits}bpp",
                steps=20 if quick else 3000,
            )
            yield Row(
                f"size-{name}-{bits}",
                f"{name} within {bits} bits a pixel",
                "",
                f"{made.scores['psnr']:.2f} dB",
                None,
                f"{made.scores['bytes']:.0f} bytes, {made.seconds:.0f} s; COIN's mean of 24 "
                f"pictures {coin} dB",
                {"seconds": made.seconds, **made.scores},
            )
