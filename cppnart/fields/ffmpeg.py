"""ffmpeg as a child: it is not hit by our Ctrl-C, and what it complains about is one line."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

# Where moviepy has said otherwise, the later word counts.
QUIET = ["-hide_banner", "-nostats", "-loglevel", "error"]

_MAX_LOG = 1 << 16


def run_ffmpeg(arguments: list[str], log: IO[str]) -> int:
    """Runs ffmpeg without moviepy; its exit code. What it says goes to `log`.

    Raises OSError where there is no ffmpeg. Ctrl-C ends it.
    """
    command = [ffmpeg_path(), "-nostdin", "-y", *QUIET, *arguments]
    child = None
    try:
        with shielded():
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log
            )
        return child.wait()
    finally:
        if child is not None:
            child.kill()
            child.wait()


def ffmpeg_path() -> str:
    """The path of ffmpeg, which comes with a package that moviepy needs."""
    import imageio_ffmpeg

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise OSError(f"films and sounds need ffmpeg: {_one_line(str(error))}") from None


@contextmanager
def shielded() -> Iterator[None]:
    """Processes started in the block ignore Ctrl-C, which a terminal sends to all of a group.

    We end them ourselves, or let them finish a shorter film. A mask of signals is inherited by
    children; on Windows moviepy gives them a console of their own.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def reason(log: IO[str], ended: int, temporary: Path, shown: str) -> str:
    """Why ffmpeg failed, in one line: the first thing that it said, or how it ended.

    The name `shown` stands in place of the temporary file's.
    """
    log.seek(0)
    for line in log.read(_MAX_LOG).splitlines():
        line = re.sub(r"^(\[[^\]]* @ [^\]]*\] )+", "", line).replace(str(temporary), shown)
        if line.strip() and not line.startswith("Svt["):
            return _one_line(line)
    return f"it was ended by signal {-ended}" if ended < 0 else f"it ended with code {ended}"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
