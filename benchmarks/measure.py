"""What all benchmarks share: fair timing, processes and their memory, rows of the report."""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

Key = TypeVar("Key")
PACKAGES = ("torch", "numba", "numpy", "pillow", "isal")


@dataclass
class Row:
    """One line of the report.

    figure: what was reached, in the unit of what was asked for; passed: None where nothing was
    asked for, or where it could not be measured, which ``note`` then explains.
    """

    name: str
    what: str
    required: str
    measured: str
    passed: bool | None
    note: str = ""
    figures: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Options:
    """How to measure.

    rounds: how often, in turns. quick: small pictures, to see that all of it works. all_styles,
    size: for the comparison of adaptive with exact. folder: for files. neuralart: how it is run.
    """

    threads: int
    rounds: int
    quick: bool
    all_styles: bool
    size: int
    folder: Path
    neuralart: tuple[str, ...]

    def say(self, text: str) -> None:
        """Progress, beside the report."""
        print(text, file=sys.stderr, flush=True)


def interleaved(
    contestants: Mapping[Key, Callable[[], object]], rounds: int
) -> dict[Key, list[float]]:
    """Seconds that each contestant takes, ``rounds`` times, in turns.

    Whatever else the machine does in the meantime then hits all of them.
    """
    seconds: dict[Key, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            began = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - began)
    return seconds


def best(seconds: Mapping[Key, Sequence[float]]) -> dict[Key, float]:
    """The least of each: what the machine can do when nothing disturbs it."""
    return {name: min(times) for name, times in seconds.items()}


def median(seconds: Mapping[Key, Sequence[float]]) -> dict[Key, float]:
    return {name: statistics.median(times) for name, times in seconds.items()}


@dataclass(frozen=True)
class Ended:
    """A process that ended: seconds it took, the most memory it and its children held, in bytes."""

    seconds: float
    peak: int


def run(command: Sequence[str], *, watch: bool = False) -> Ended:
    """Runs a process to its end, with nothing on the screen; RuntimeError when it fails.

    watch: sum the memory of the whole tree of processes, which takes a little time from it.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    watcher = _Watcher(process.pid)
    if watch:
        watcher.start()
    _, errors = process.communicate()
    seconds = time.perf_counter() - began
    watcher.stopped.set()
    if process.returncode:
        lines = errors.decode(errors="replace").strip().splitlines() or ["no message"]
        raise RuntimeError(f"{' '.join(command)}: {lines[-1]}")
    return Ended(seconds, watcher.peak)


class _Watcher(threading.Thread):
    """Sums resident memory over a tree of processes, as /proc tells it; Linux only."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak = 0
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(0.02):
            self.peak = max(self.peak, _tree_memory(self.pid))


def _tree_memory(pid: int) -> int:
    try:
        # VmHWM is the peak that the process itself has seen, between two looks too
        status = Path(f"/proc/{pid}/status").read_text()
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:
        return 0
    held = next((line.split()[1] for line in status.splitlines() if line[:6] == "VmHWM:"), "0")
    return int(held) * 1024 + sum(map(_tree_memory, children))


def cppnart(*arguments: object) -> list[str]:
    """The command that a user types, of the environment that runs this."""
    script = Path(sys.executable).with_name("cppnart")
    start = [str(script)] if script.exists() else [sys.executable, "-m", "cppnart"]
    return [*start, *map(str, arguments)]


def machine(threads: int) -> str:
    """The machine in one line."""
    cores = f"{threads} core{'s' if threads > 1 else ''}"
    parts = [f"{cores} of {_processor()}"]
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        parts.append(f"{memory / 2**30:.0f} GiB")
    parts += [platform.system(), f"Python {_short(platform.python_version())}"]
    for package in PACKAGES:
        try:
            parts.append(f"{package} {_short(metadata.version(package))}")
        except metadata.PackageNotFoundError:
            parts.append(f"no {package}")
    return ", ".join(parts)


def _short(version: str) -> str:
    return ".".join(version.split("+")[0].split(".")[:2])


def _processor() -> str:
    """Its name without ornaments, and the widest vectors that it has."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    pairs = [line.split(":", 1) for line in lines if ":" in line]
    facts = {key.strip(): value.strip() for key, value in pairs}
    name = re.sub(r"\((R|TM)\)|Processor|CPU|@.*", " ", facts.get("model name", ""))
    name = " ".join(name.split()) or platform.machine()
    flags = facts.get("flags", "").split()
    wide = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else ""
    article = "an" if name[0] in "AEIOUaeiou" else "a"
    return f"{article} {name}{' with ' if wide else ''}{wide}"


def busy() -> str | None:
    """A warning where other programs keep the machine busy."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load < 0.3:
        return None
    return f"the machine is busy (load {load:.1f}): figures and ratios will be off"


def times(ratio: float) -> str:
    """A ratio as text: 12x, 4.5x, 1.32x."""
    return f"{ratio:.{0 if ratio >= 20 else 1 if ratio >= 3 else 2}f}x"


VERDICTS = {True: "yes", False: "**no**", None: ""}


def reported(rows: Iterable[Row], path: Path | None) -> int:
    """Prints rows as they come, and writes them to a file of JSON, if there is one; 1 where
    something falls short of what is asked for."""
    found = []
    for row in rows:
        cells = (row.what, row.required, row.measured, VERDICTS[row.passed], row.note)
        print(f"| {' | '.join(cells)} |", flush=True)
        found.append(row)
    if path is not None:
        path.write_text(json.dumps([row.as_dict() for row in found], indent=1) + "\n")
    return int(any(row.passed is False for row in found))
