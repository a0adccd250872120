"""What every mistake at the command line looks like."""

import pytest

from cppnart.cli.main import main

Capture = pytest.CaptureFixture[str]


def fails(words: list[str], code: int, named: str, captured: Capture) -> None:
    """The command ends with this code, and one line on stderr with these words."""
    assert main(words) == code
    streams = captured.readouterr()
    assert streams.out == ""
    (line,) = streams.err.splitlines()
    assert line.startswith("Error: ")
    assert named in line
