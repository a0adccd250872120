"""Whole processes, as a user waits for them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from measure import Options, Row, best, cppnart, interleaved, median, run, times
from PIL import Image

from cppnart.fields import files
from cppnart.fields.program import Builder, Program

ASKED_OF_PLAIN, ASKED_OF_NEURALART, ASKED_OF_START, ASKED_OF_HELP = 10.0, 20.0, 0.5, 8.0
UNITS, DEPTH = 16, 8
INSTALL = "pip install neuralart==1.1.1"


def plain_rows(o: Options) -> Iterator[Row]:
    """A picture by the command against the plain way with torch and Pillow."""
    size = 1024 if o.quick else 4096
    plain = [sys.executable, str(Path(__file__).with_name("plain_torch.py"))]
    ours = cppnart("render", "--seed", 42, "--size", size, "--quiet", "-o", o.folder / "ours.png")
    runs = {
        "cppnart": partial(run, ours),
        "one sample": partial(run, [*ours, "--samples", "1"]),
        "plain": partial(run, [*plain, str(size), str(o.folder / "plain.png")]),
    }
    runs["cppnart"]()
    seconds = best(interleaved(runs, o.rounds))
    ratio, single = (seconds["plain"] / seconds[name] for name in ("cppnart", "one sample"))
    yield Row(
        "whole-plain",
        f"`cppnart render --seed 42 --size {size}` against torch eager (8 layers of 32) and "
        "Pillow, whole processes",
        times(ASKED_OF_PLAIN),
        times(ratio),
        ratio >= ASKED_OF_PLAIN,
        f"{seconds['cppnart']:.2f} s against {seconds['plain']:.2f} s; with --samples 1, as the "
        f"plain way has it, {times(single)}",
        seconds,
    )


def neuralart_rows(o: Options) -> Iterator[Row]:
    """The very network of neuralart, rendered by it and by us; the pictures are compared."""
    size = 1024 if o.quick else 4096
    what = (
        f"the same network against neuralart 1.1.1, `--xres {size} --units {UNITS} "
        f"--depth {DEPTH}`, whole processes"
    )
    command = [*o.neuralart, "--no-verbose", "--seed", "42", "--units", str(UNITS)]
    command += ["--depth", str(DEPTH), "--xres", str(size), str(o.folder / "theirs.png")]
    try:
        run([*o.neuralart, "--version"])
    except (RuntimeError, OSError):
        note = f"not installed: {INSTALL}"
        yield Row("whole-neuralart", what, times(ASKED_OF_NEURALART), "", None, note)
        return
    field = o.folder / "same.safetensors"
    files.save(field, same_network(42))
    # its pixels reach from edge to edge, ours have their centres half a pixel inside
    ours = cppnart("render", field, "--size", size, "--zoom", (size - 1) / size, "--quiet")
    ours += ["--no-dither", "-o", str(o.folder / "ours.png")]
    runs = {
        "defaults": partial(run, ours),
        "cppnart": partial(run, [*ours, "--samples", "1"]),
        "neuralart": partial(run, command),
    }
    runs["cppnart"]()
    seconds = best(interleaved(runs, max(2, o.rounds // 2)))
    runs["cppnart"]()
    images = [np.asarray(Image.open(o.folder / f"{n}.png")) for n in ("ours", "theirs")]
    ours_, theirs = (image.astype(np.int16) for image in images)
    within = float((np.abs(ours_ - theirs).max(2) <= 1).mean())
    ratio, default = (seconds["neuralart"] / seconds[name] for name in ("cppnart", "defaults"))
    yield Row(
        "whole-neuralart",
        what,
        times(ASKED_OF_NEURALART),
        times(ratio),
        ratio >= ASKED_OF_NEURALART and within > 0.999,
        f"{seconds['cppnart']:.2f} s against {seconds['neuralart']:.2f} s, both one sample a "
        f"pixel, {within:.3%} of the pixels within one level; with our default samples "
        f"{times(default)}",
        {**seconds, "within": within},
    )


def same_network(seed: int) -> Program:
    """The network that neuralart draws from a seed: tanh layers of y, x and the radius with a
    bias, all weights N(0, 1) from torch's generator, then a sigmoid for each colour."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    b = Builder(x=1, y=1)
    squares = b.map([b["x"], b["y"]], "square")
    values = np.concatenate([b["y"], b["x"], b.affine(squares, [[1, 1]], activation="sqrt")])
    for units in [UNITS] * DEPTH + [3]:
        drawn = torch.randn((1 + len(values), units), generator=generator).numpy()
        kind = "tanh" if units == UNITS else "sigmoid"
        values = b.affine(values, drawn[1:].T, drawn[0], kind)
    return b.build(red=values[:1], green=values[1:2], blue=values[2:])


def start_rows(o: Options) -> Iterator[Row]:
    """A small picture against importing torch; the help against an empty Python."""
    output = ("--quiet", "-o", o.folder / "small.png")
    runs = {
        "render": partial(run, cppnart("render", "--seed", 42, "--size", 512, *output)),
        "torch": partial(run, [sys.executable, "-c", "import torch"]),
        "help": partial(run, cppnart("--help")),
        "pass": partial(run, [sys.executable, "-c", "pass"]),
    }
    interleaved(runs, 1)
    seconds = median(interleaved(runs, 2 * o.rounds + 1))
    ratio = seconds["render"] / seconds["torch"]
    yield Row(
        "start-render",
        "`cppnart render --seed 42 --size 512`, second run, against `import torch`",
        f"{ASKED_OF_START:.0%} of it",
        f"{ratio:.0%}",
        ratio < ASKED_OF_START,
        f"{seconds['render']:.2f} s against {seconds['torch']:.2f} s",
        seconds,
    )
    ratio = seconds["help"] / seconds["pass"]
    yield Row(
        "start-help",
        "`cppnart --help` against `python -c pass`",
        f"under {ASKED_OF_HELP:.0f} times",
        f"{ratio:.1f} times",
        ratio < ASKED_OF_HELP,
        f"{seconds['help'] * 1e3:.0f} ms against {seconds['pass'] * 1e3:.0f} ms",
    )
