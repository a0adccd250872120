"""How fast and how well fields are fitted, as ratios within one run: `python benchmarks/fit.py`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import torch
from grids import grid_rows
from kodak import kodak_rows, size_rows
from measure import Row, busy, machine, reported
from natural import natural_rows
from poisson import poisson_rows
from shapes import family_rows, shape_rows
from sirens import siren_rows
from sounds import audio_rows

from cppnart.render.renderer import cores

SECTIONS: dict[str, Callable[[int, bool], Iterator[Row]]] = {
    "grid": grid_rows,
    "poisson": poisson_rows,
    "audio": audio_rows,
    "shape": shape_rows,
    "family": family_rows,
    "natural": natural_rows,
    "siren": siren_rows,
    "kodak": kodak_rows,
    "size": size_rows,
}
"""Each takes the number of rounds, and whether to be quick."""


def main() -> int:
    """Measures, prints, and returns 1 when something falls short of what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--only", action="append", choices=SECTIONS, help="this section; may be repeated")
    add("--quick", action="store_true", help="small cases, to see that everything works")
    add("--rounds", type=int, default=5, help="runs of each contestant, in turns; the best counts")
    add("--threads", type=int, default=cores(), help="for all contestants; default: all cores")
    add("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(machine(arguments.threads))
    if warning := busy():
        print(warning)
    rounds = 2 if arguments.quick else arguments.rounds
    names = arguments.only or SECTIONS
    rows = chain.from_iterable(SECTIONS[name](rounds, arguments.quick) for name in names)
    return reported(rows, arguments.json)


if __name__ == "__main__":
    raise SystemExit(main())
