"""What a command prints: paths and lists on stdout, remarks and progress on stderr, or JSON."""

import dataclasses
import json
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tqdm import tqdm


def show_written(report: Any, *, as_json: bool, quiet: bool) -> None:
    """Say which file was written: its path alone on stdout, `str(report)` as a remark on stderr.

    `report` is a dataclass with a field `path`. With `as_json` all its fields go to stdout instead.
    """
    if as_json:
        show_json(report)
    elif not quiet:
        click.echo(str(report.path))
        click.echo(str(report), err=True)


def show_json(value: Any) -> None:
    """Print `value` (a dataclass, or mappings and lists) on stdout as JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def show_lines(lines: Mapping[str, str], *, as_json: bool) -> None:
    """Print a name and one line about it for each entry of `lines`."""
    if as_json:
        show_json(dict(lines))
        return
    width = max(map(len, lines), default=0)
    for name, line in lines.items():
        click.echo(f"{name:{width}}  {line}".rstrip())


def show_tree(values: Mapping[str, Any], indent: str = "") -> None:
    """Print nested mappings as an indented list; leaves stand beside their names."""
    width = max(map(len, values), default=0)
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            click.echo(f"{indent}{name}")
            show_tree(value, indent + "  ")
        else:
            text = value if isinstance(value, str) else json.dumps(value, default=_plain)
            click.echo(f"{indent}{name:{width}}  {text}".rstrip())


def _plain(value: Any) -> Any:
    """A value that JSON does not know, as one that it does: numpy's own, paths, anything else; of
    a dataclass the fields that are shown."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        shown = [field.name for field in dataclasses.fields(value) if field.repr]
        return {name: getattr(value, name) for name in shown}
    tolist = getattr(value, "tolist", None)
    return tolist() if callable(tolist) else str(value)


class Progress:
    """Tells on stderr how far long work has come; call it with what is done and the total.

    On a terminal this is a bar with a rate and the time that remains, elsewhere a plain line now
    and then. Nothing appears before `delay` seconds, so that short work stays silent.

        with Progress("rendering", unit="px") as progress:
            progress(done, total)
    """

    def __init__(
        self,
        label: str,
        *,
        unit: str = "px",
        quiet: bool = False,
        delay: float = 1.0,
        every: float = 15.0,
    ) -> None:
        self.label = label
        self.unit = unit
        self.quiet = quiet
        self.delay = delay
        self.every = every
        self.started = time.monotonic()
        self._last_line = self.started
        self._bar: tqdm[Any] | None = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, done: int, total: int, remark: str = "") -> None:
        """remark: what else is to be said now."""
        now = time.monotonic()
        if self.quiet or now - self.started < self.delay:
            return
        if sys.stderr.isatty():
            self._draw(done, total, now - self.started, remark)
        elif now - self._last_line >= self.every:
            self._last_line = now
            self._write_line(done, total, now - self.started, remark)

    def _draw(self, done: int, total: int, seconds: float, remark: str) -> None:
        if self._bar is None:
            from tqdm import tqdm

            # The clock of the bar begins with the work, not with the bar: `delay` keeps tqdm from
            # drawing before that is set. Without smoothing the rate is that of all the work.
            self._bar = tqdm(
                total=total,
                desc=self.label,
                unit=self.unit,
                unit_scale=True,
                leave=False,
                smoothing=0,
                delay=1e-9,
            )
            self._bar.start_t = self._bar.last_print_t = time.time() - seconds
        self._bar.total = total
        self._bar.set_postfix_str(remark, refresh=False)
        self._bar.update(done - self._bar.n)

    def _write_line(self, done: int, total: int, seconds: float, remark: str) -> None:
        share = done / total if total else 1.0
        left = f", about {seconds * (1 - share) / share:.0f} s left" if share > 0 else ""
        said = f"; {remark}" if remark else ""
        click.echo(f"{self.label}: {share:.0%} after {seconds:.0f} s{left}{said}", err=True)
