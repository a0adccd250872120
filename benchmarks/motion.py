"""The speed of films, as ratios within one run: `python benchmarks/motion.py --help`."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from measure import Row, best, busy, interleaved, machine
from numpy.typing import NDArray

from cppnart.render.motion.films import open_film
from cppnart.render.motion.plan import Motion, plan, seed_source
from cppnart.render.motion.timeline import Timeline
from cppnart.render.motion.walk import walk
from cppnart.render.renderer import cores, render_frames

EAGER_FRAMES = 2
"""How many frames torch evaluates; its time for a film is this many times the share."""


class Film:
    """The film that is measured: a loop of the default style."""

    def __init__(self, frames: int, size: str, folder: Path) -> None:
        recipe = plan([seed_source(42)], None, None, Motion(duration=frames / 30), {"size": size})
        self.timeline = Timeline(recipe)
        self.frames = frames
        self.size = size
        self.folder = folder
        self.rendered = self.render()

    def render(self) -> list[NDArray[np.uint8]]:
        settings = self.timeline.settings()
        shots = (self.timeline.shot(n) for n in range(self.frames))
        return list(render_frames(shots, settings))

    def encode(self) -> None:
        height, width, channels = self.rendered[0].shape
        with open_film(
            self.folder / "encoded.mp4",
            width=width,
            height=height,
            fps=30,
            channels=channels,
            frames=self.frames,
        ) as writer:
            for frame in self.rendered:
                writer.write(frame)

    def walk(self) -> None:
        seconds = self.frames / 30
        walk(seed=42, duration=seconds, size=self.size, output=self.folder / "walked.mp4")

    def eager(self) -> None:
        """The same picture at every pixel, one sample each, in torch eager."""
        import torch

        from cppnart.fields.torch_backend import ProgramModule

        settings = self.timeline.settings()
        for frame in range(EAGER_FRAMES):
            shot, _ = self.timeline.shot(frame)
            module = ProgramModule(shot.picture().program()).requires_grad_(False)
            points = torch.rand(settings.width * settings.height, 3) * 2 - 1
            with torch.inference_mode():
                for tile in points.split(8192):
                    module(tile)


def rows(film: Film, rounds: int) -> Iterator[Row]:
    parts: dict[str, Callable[[], object]] = {
        "render": film.render,
        "encode": film.encode,
        "walk": film.walk,
        "eager": film.eager,
    }
    took = best(interleaved(parts, rounds))
    larger = max(took["render"], took["encode"])
    ratio = took["walk"] / larger
    yield Row(
        "walk",
        f"`walk` of {film.frames} frames at {film.size} against the larger of rendering and"
        " encoding alone",
        "1.25x",
        f"{ratio:.2f}x",
        ratio <= 1.25,
        f"{took['walk']:.2f} s; rendering {took['render']:.2f} s, encoding {took['encode']:.2f} s",
    )
    eager = took["eager"] * film.frames / EAGER_FRAMES
    yield Row(
        "eager",
        "the same `walk` against every pixel of every frame in torch eager, one sample a pixel",
        "8x",
        f"{eager / took['walk']:.1f}x",
        eager / took["walk"] >= 8,
        f"torch {eager:.1f} s, by {EAGER_FRAMES} frames",
    )
    fold, frame = _fold(film), took["render"] / film.frames
    yield Row(
        "fold",
        "making a frame's latent and time part of the laid out program, against the frame",
        "1%",
        f"{100 * fold / frame:.2f}%",
        fold < 0.01 * frame,
        f"{1e3 * fold:.2f} ms of {1e3 * frame:.0f} ms",
    )


def _fold(film: Film) -> float:
    """Seconds that the fold of one frame takes."""
    film.timeline.shot(0)[0].laid_out()
    began = time.perf_counter()
    for frame in range(100):
        film.timeline.shot(frame % film.frames)[0].laid_out()
    return (time.perf_counter() - began) / 100


def main() -> int:
    """Measures, prints, and returns 1 when something is slower than asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small film, to see that it works")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each contestant, in turns")
    arguments = parser.parse_args()
    print(machine(cores()))
    if warning := busy():
        print(warning)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        size, frames = ("320x180", 24) if arguments.quick else ("1280x720", 120)
        film = Film(frames, size, Path(folder))
        for row in rows(film, 1 if arguments.quick else arguments.rounds):
            verdict = "yes" if row.passed else "**no**"
            print(f"| {row.what} | {row.required} | {row.measured} | {verdict} | {row.note} |")
            failed |= row.passed is False
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
