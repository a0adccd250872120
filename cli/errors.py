"""How a command ends: failures become one line on stderr and an exit code, never a traceback.

| what happened | exit code |
|---|---|
| all went well, or the reader of our output went away | 0 |
| a failure: a file, memory, the device | 1 |
| a mistake in the arguments: a usage error, or ValueError and TypeError from the library | 2 |
| Ctrl-C | 130 |

With CPPNART_TRACEBACK=1 in the environment the exception is raised as it is, for developers.
"""

import contextlib
import os
import signal
import sys
import warnings
from collections.abc import Callable
from typing import Any, TextIO

import click

FAILURE, USAGE, INTERRUPTED = 1, 2, 130


def exit_code_of(command: Callable[[], object]) -> int:
    """Run `command`; return its exit code, having said on stderr what went wrong, if anything."""
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            command()
            sys.stdout.flush()
            return 0
        except (KeyboardInterrupt, click.Abort):
            return _interrupted()
        except Exception as error:
            if os.environ.get("CPPNART_TRACEBACK", "0") not in ("", "0"):
                raise
            if isinstance(error, BrokenPipeError) and _reader_is_gone():
                return 0
            message, code = explain(error)
            say_error(f"Error: {message}")
            return code


def explain(error: Exception) -> tuple[str, int]:
    """What to say about `error`, and the exit code for it."""
    if isinstance(error, click.ClickException):
        return error.format_message(), error.exit_code
    if isinstance(error, MemoryError):
        return str(error) or "not enough memory; try a smaller size", FAILURE
    if isinstance(error, OSError):
        return _about_file(error), FAILURE
    if isinstance(error, (ValueError, TypeError)):
        return str(error) or type(error).__name__, USAGE
    if isinstance(error, ImportError):
        return f"{error} (is everything that cppnart needs installed?)", FAILURE
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"unexpected {text} (with CPPNART_TRACEBACK=1 it shows where)", FAILURE


def say_error(text: str) -> None:
    """Print `text` on stderr in one line, with nothing in it that could steer a terminal."""
    line = " ".join(text.split())
    printable = "".join(c if c.isprintable() else "?" for c in line)
    with contextlib.suppress(OSError):
        click.echo(printable, err=True)


def _about_file(error: OSError) -> str:
    if error.strerror is None:
        return str(error) or type(error).__name__
    if error.filename is None:
        return error.strerror
    return f"{os.fsdecode(error.filename)}: {error.strerror}"


def _interrupted() -> int:
    # From here on a second Ctrl-C ends the process at once instead of printing tracebacks.
    with contextlib.suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.stderr.isatty():
        click.echo(err=True)  # leave the line on which the terminal wrote ^C
    say_error("Interrupted.")
    return INTERRUPTED


def _reader_is_gone() -> bool:
    """Whether stdout is a pipe that nobody reads any more, as after `cppnart styles | head -1`."""
    try:
        # What a failed write has left unsaid is gone, so a flush would succeed: write something.
        sys.stdout.write("\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more when it ends and would complain: give it somewhere to write.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> Any:
    say_error(f"Warning: {message}")
