"""How soon a sound is fitted, and by SIREN beside: a section of fit.py."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from measure import Row

from cppnart.fields.fit_audio import fit_audio

DATA = Path(os.environ.get("CPPNART_DATA", Path(__file__).parents[2] / "shared" / "data"))
GOAL, LIMIT = 25.0, 300.0


def audio_rows(rounds: int, quick: bool) -> Iterator[Row]:
    """The signal-to-noise ratio of gt_bach in five minutes, or in ten seconds to be quick."""
    clip, seconds = DATA / "audio" / "gt_bach.wav", 10.0 if quick else LIMIT
    if not clip.exists():
        return
    for method, until in (("auto", GOAL), ("auto", None), ("siren", None)):
        made = fit_audio(clip, method=method, until=until, seconds=seconds)
        ratio = made.scores["snr"]
        goal = until is not None
        yield Row(
            "audio",
            f"audio, gt_bach, {method}{', until it is enough' if goal else ''}",
            f"{GOAL:g} dB in {LIMIT:g} s" if goal else "",
            f"{ratio:.1f} dB in {made.seconds:.0f} s",
            ratio >= GOAL if goal else None,
            f"{made.step} steps of {1000 * made.seconds / made.step:.0f} ms",
        )
