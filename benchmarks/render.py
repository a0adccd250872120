"""The speed of rendering, as ratios within one run: `python benchmarks/render.py --help`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import adaptive
import evaluation
import pictures
import processes
from measure import VERDICTS, Options, Row, busy, machine

from cppnart.render.renderer import cores

QUESTIONS: dict[str, Callable[[Options], Iterator[Row]]] = {
    "kernel": evaluation.kernel_rows,
    "flops": evaluation.flops_rows,
    "adaptive": adaptive.speed_rows,
    "agreement": adaptive.agreement_rows,
    "plain": processes.plain_rows,
    "neuralart": processes.neuralart_rows,
    "start": processes.start_rows,
    "png": pictures.png_rows,
    "huge": pictures.huge_rows,
}


def main() -> int:
    """Measures, prints, and returns 1 when something is slower than asked for."""
    a = _arguments()
    report = _Report(a.json, machine(a.threads))
    print(report.machine)
    if warning := busy():
        print(warning)
    chosen = a.only or [name for name in QUESTIONS if name != "huge" or a.huge]
    with tempfile.TemporaryDirectory(dir=a.folder) as folder:
        options = Options(
            threads=a.threads,
            rounds=2 if a.quick else a.rounds,
            quick=a.quick,
            all_styles=a.all_styles,
            size=a.size,
            folder=Path(folder),
            neuralart=tuple(a.neuralart.split()),
        )
        for name in chosen:
            for row in QUESTIONS[name](options):
                report.add(row)
                print(_line(row), flush=True)
    if a.markdown:
        print(report.markdown())
    return int(any(row.passed is False for row in report.rows.values()))


class _Report:
    """The rows so far, kept in a file when there is one, so that they can be measured in parts."""

    def __init__(self, path: Path | None, machine: str) -> None:
        self.path = path
        self.machine = machine
        self.rows: dict[str, Row] = {}
        if path is not None and path.exists():
            kept = json.loads(path.read_text())
            if kept["machine"] == machine:
                self.rows = {row["name"]: Row(**row) for row in kept["rows"]}

    def add(self, row: Row) -> None:
        self.rows[row.name] = row
        if self.path is not None:
            rows = [row.as_dict() for row in self.rows.values()]
            content = {"machine": self.machine, "rows": rows}
            self.path.write_text(json.dumps(content, indent=1) + "\n")

    def markdown(self) -> str:
        lines = [
            f"On {self.machine}:",
            "",
            "| what | asked | measured | reached | |",
            "|---|---|---|---|---|",
        ]
        for row in self.rows.values():
            cells = (row.what, row.required, row.measured, VERDICTS[row.passed], row.note)
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines)


def _line(row: Row) -> str:
    verdict = {True: "ok  ", False: "FAIL", None: "    "}[row.passed]
    asked = f" (asked: {row.required})" if row.required else ""
    return f"{verdict} {row.name}: {row.measured or 'not measured'}{asked}; {row.note}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--only", action="append", choices=QUESTIONS, help="only this question; may be repeated")
    add("--huge", action="store_true", help="also the 65536x65536 PNG: minutes, gigabytes of disk")
    add("--quick", action="store_true", help="small pictures, to see that everything works")
    add("--rounds", type=int, default=5, help="runs of each contestant, in turns")
    add("--threads", type=int, default=cores(), help="for all contestants; default: all cores")
    add("--size", type=int, default=1024, help="of the pictures in the question agreement")
    add("--all-styles", action="store_true", help="there, all styles, not the first 16")
    add("--folder", type=Path, help="for files, removed at the end; default: the temporary folder")
    add("--neuralart", default=f"{sys.executable} -m neuralart", help="how neuralart is run")
    add("--json", type=Path, help="keep the figures here; rows not measured now stay as they were")
    add("--markdown", action="store_true", help="print the table for the README at the end")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
