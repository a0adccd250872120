"""Where a gallery lives: a folder with a database and files, all of it under one root."""

from __future__ import annotations

import os
import re
import secrets
import sqlite3
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

DATABASE = "gallery.db"
LOCK = "serving.db"
FOLDERS = ("thumbnails", "renders", "incoming")
_LEFT_BEHIND = re.compile(r"\.cppnart-[0-9a-f]{12}\..+")
"""What atomic_output leaves where a process was killed."""


def default_home() -> Path:
    """The user's own data folder, as their system has it, and cppnart in it."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library/Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    return Path(base) / "cppnart"


@dataclass(frozen=True)
class Home:
    """The folder of a gallery. Names in it are made here, of ids that the database gave."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / DATABASE

    def thumbnail(self, work: str) -> Path:
        """Of a work: a file that can be made again."""
        return self.folder / "thumbnails" / f"{_checked(work)}.webp"

    def render(self, job: str, suffix: str) -> Path:
        """Where a job writes."""
        return self.folder / "renders" / f"{_checked(job)}{suffix}"

    def incoming(self, suffix: str) -> Path:
        """A new name for something that is only passing through."""
        return self.folder / "incoming" / f"{secrets.token_hex(8)}{suffix}"


def open_home(folder: str | os.PathLike[str] | None = None) -> Home:
    """The home in this folder, by default the user's own, made if need be; OSError if it cannot."""
    home = Home(Path(default_home() if folder is None else folder).expanduser().absolute())
    for name in FOLDERS:
        (home.folder / name).mkdir(parents=True, exist_ok=True)
    return home


def _checked(name: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{8,64}", name):
        raise ValueError(f"{name[:40]!r} is no id")
    return name


class Served:
    """Holds a home for one server: a second one would run the same jobs.

    An open transaction on a database of its own is the lock, since every system gives that up when
    a process dies.
    """

    def __init__(self, home: Home) -> None:
        self._lock = sqlite3.connect(home.folder / LOCK, timeout=0.2, check_same_thread=False)
        try:
            self._lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            self._lock.close()
            raise OSError(
                f"{home.folder}: a gallery is already open from this folder; use that one, or name"
                " another folder by --home"
            ) from None
        _clear(home.folder / "incoming", everything=True)
        _clear(home.folder / "renders")
        _clear(home.folder / "thumbnails")

    def release(self) -> None:
        self._lock.close()


def _clear(folder: Path, everything: bool = False) -> None:
    """Removes what a killed process left half done."""
    for path in folder.iterdir():
        if everything or _LEFT_BEHIND.fullmatch(path.name):
            with suppress(OSError):
                path.unlink()
