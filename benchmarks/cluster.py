"""What a dask cluster costs on the cores of one machine: `python benchmarks/cluster.py --help`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import distributed
from measure import Row, best, busy, interleaved, machine, times

from cppnart.render import cluster
from cppnart.render.ordered import cores
from cppnart.render.prepare import Prepared, prepare
from cppnart.render.recipe import recipe_text
from cppnart.render.renderer import render_rows
from cppnart.render.writers import open_picture

ASKED = 1.3
SEED = 42


def main() -> int:
    """Measures, prints, and returns 1 when the overhead is larger than asked for."""
    a = _arguments()
    print(machine(a.workers))
    if warning := busy():
        print(warning)
    with tempfile.TemporaryDirectory(dir=a.folder) as folder:
        rows = list(measured(prepare(str(SEED), size=str(a.size)), Path(folder), a))
    print("| what | asked | measured | reached | |")
    print("|---|---|---|---|---|")
    for row in rows:
        reached = {True: "yes", False: "**no**", None: ""}[row.passed]
        print(f"| {row.what} | {row.required} | {row.measured} | {reached} | {row.note} |")
    return int(any(row.passed is False for row in rows))


def measured(prepared: Prepared, folder: Path, a: argparse.Namespace) -> Iterator[Row]:
    """The same picture by the plain renderer and by clusters that run all the time."""
    settings = prepared.settings(threads=a.workers)

    def rows_alone() -> None:
        for _ in render_rows(prepared.picture, settings):
            pass

    def to_png() -> None:
        size, channels = prepared.size, len(prepared.picture.colour.outputs)
        with open_picture(
            folder / "a.png",
            width=size.width,
            height=size.height,
            channels=channels,
            recipe=recipe_text(prepared.recipe),
            threads=a.workers,
        ) as writer:
            for rows in render_rows(prepared.picture, settings):
                writer.write(rows)

    def on(address: str, name: str) -> None:
        fresh = Path(tempfile.mkdtemp(dir=folder))
        cluster.render_on_cluster(prepared, fresh / name, dask=address, tile=a.tile)

    with ExitStack() as stack:
        began = time.perf_counter()
        many = stack.enter_context(cluster.connect(None, a.workers))
        start = time.perf_counter() - began
        one = stack.enter_context(
            distributed.LocalCluster(
                n_workers=1,
                threads_per_worker=a.workers,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                memory_limit=0,
            )
        )
        processes = many.scheduler.address
        runs: dict[str, Callable[[], object]] = {
            "rows": rows_alone,
            "png": to_png,
            "processes": partial(on, processes, "a.zarr"),
            "threads": partial(on, one.scheduler_address, "b.zarr"),
            "dzi": partial(on, processes, "c.dzi"),
        }
        interleaved(runs, 1)  # every worker draws the seed, once
        seconds = best(interleaved(runs, a.rounds))
    size, plain = prepared.size, seconds["png"]
    ratio = seconds["processes"] / plain
    yield Row(
        "cluster",
        f"seed {SEED} at {size}: zarr by {a.workers} worker processes against PNG by the plain"
        " renderer",
        times(ASKED),
        times(ratio),
        ratio <= ASKED,
        f"{seconds['processes']:.2f} s against {plain:.2f} s; the rows alone, not written"
        f" anywhere, take {seconds['rows']:.2f} s; workers start in {start:.1f} s",
        {**seconds, "start": start},
    )
    yield Row(
        "threads",
        f"the same by one process of {a.workers} threads",
        "",
        times(seconds["threads"] / plain),
        None,
        f"{seconds['threads']:.2f} s",
    )
    yield Row(
        "dzi",
        "Deep Zoom tiles of the same picture, with all lower levels",
        "",
        times(seconds["dzi"] / plain),
        None,
        f"{seconds['dzi']:.2f} s",
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--size", default="16384", help="of the picture")
    add("--tile", type=int, default=cluster.TILE, help="pixels a side of what a task renders")
    add("--rounds", type=int, default=3, help="runs of each contestant, in turns; the best counts")
    add("--workers", type=int, default=cores(), help="cores for all contestants; default: all")
    add("--folder", type=Path, help="for files, removed at the end; default: the temporary folder")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
