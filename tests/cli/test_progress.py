"""Progress: silent for short work, a bar on a terminal, plain lines elsewhere."""

import io
import sys

import pytest

from cppnart.cli.report import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_short_work_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("rendering", delay=60) as progress:
        progress(5, 10)
    assert capsys.readouterr().err == ""


def test_elsewhere_than_on_a_terminal_there_are_plain_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Progress("rendering", delay=0, every=0) as progress:
        progress(0, 8)
        progress(2, 8)
        progress(8, 8)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" after")[0] for line in lines] == [
        "rendering: 0%",
        "rendering: 25%",
        "rendering: 100%",
    ]


def test_lines_come_only_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("rendering", delay=0, every=60) as progress:
        for done in range(100):
            progress(done, 100)
    assert capsys.readouterr().err == ""


def test_on_a_terminal_there_is_a_bar_that_is_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress("rendering", delay=0) as progress:
        progress.started -= 10
        progress(1_000_000, 4_000_000)
    assert "rendering:  25%" in terminal.getvalue()
    assert "1.00M/4.00M [00:10<00:30, 100kpx/s]" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r")


def test_quiet_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress("rendering", quiet=True, delay=0, every=0) as progress:
        progress(1, 2)
    assert terminal.getvalue() == ""
