"""The database: one SQLite file, whose every change is on disk before it is acknowledged."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
Row: TypeAlias = sqlite3.Row

MIGRATIONS = (
    """
    CREATE TABLE recipes (id TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE works (
        id TEXT PRIMARY KEY,
        number INTEGER NOT NULL,
        lineage TEXT NOT NULL,
        title TEXT NOT NULL,
        sorting TEXT NOT NULL,
        words TEXT NOT NULL,
        kind TEXT NOT NULL,
        style TEXT,
        seed TEXT,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        nodes INTEGER NOT NULL,
        weights INTEGER NOT NULL,
        breed INTEGER NOT NULL,
        animate INTEGER NOT NULL,
        shader INTEGER NOT NULL,
        favourite INTEGER NOT NULL DEFAULT 0,
        state TEXT NOT NULL,
        created TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX works_by_number ON works (state, number);
    CREATE INDEX works_by_title ON works (state, sorting, number);
    CREATE INDEX works_by_lineage ON works (lineage);
    CREATE TABLE tags (
        work TEXT NOT NULL REFERENCES works (id),
        tag TEXT NOT NULL,
        PRIMARY KEY (work, tag)
    ) WITHOUT ROWID;
    CREATE INDEX tags_by_tag ON tags (tag, work);
    CREATE TABLE parents (
        work TEXT NOT NULL REFERENCES works (id),
        lineage TEXT NOT NULL,
        parent TEXT,
        PRIMARY KEY (work, lineage)
    ) WITHOUT ROWID;
    CREATE INDEX parents_by_lineage ON parents (lineage);
    CREATE TABLE nurseries (id TEXT PRIMARY KEY, round INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE rounds (
        nursery TEXT NOT NULL REFERENCES nurseries (id),
        number INTEGER NOT NULL,
        previous INTEGER,
        parents TEXT NOT NULL,
        settings TEXT NOT NULL,
        PRIMARY KEY (nursery, number)
    ) WITHOUT ROWID;
    CREATE TABLE jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        work TEXT NOT NULL REFERENCES works (id),
        request TEXT NOT NULL,
        state TEXT NOT NULL,
        error TEXT,
        bytes INTEGER NOT NULL DEFAULT 0,
        seconds REAL
    );
    CREATE INDEX jobs_by_state ON jobs (state, number);
    """,
)
"""How a database of version N becomes one of version N + 1. What was released never changes."""


class Catalogue:
    """The database of a gallery, for several threads and processes at once.

    Readers never wait for writers: each has a connection of its own, used by one thread at a time.
    Raises OSError where the file is none of ours.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._writing, self._reading = threading.Lock(), threading.Lock()
        self._writer = _connected(self.path)
        try:
            _migrate(self._writer, self.path)
        except BaseException:
            self._writer.close()
            raise
        self._reader = _connected(self.path)
        self._reader.execute("PRAGMA query_only = ON")
        self._cache: dict[str, tuple[int, Any]] = {}

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of the block happens, on disk, or nothing of it."""
        with self._writing:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    def rows(self, query: str, values: Iterable[Any] = ()) -> list[Row]:
        """What a query finds."""
        with self._reading:
            return self._reader.execute(query, tuple(values)).fetchall()

    def row(self, query: str, values: Iterable[Any] = ()) -> Row | None:
        """The first row that a query finds."""
        found = self.rows(query, values)
        return found[0] if found else None

    def cached(self, name: str, make: Callable[[], T]) -> T:
        """What was made of the database as it is now, made again when anything has changed."""
        (version,) = self.rows("PRAGMA data_version")[0]
        found = self._cache.get(name)
        if found is None or found[0] != version:
            found = self._cache[name] = (version, make())
        made: T = found[1]
        return made

    def close(self) -> None:
        with self._writing, self._reading:
            self._writer.close()
            self._reader.close()


def _connected(path: str) -> sqlite3.Connection:
    try:
        database = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise OSError(f"{path}: the database cannot be opened ({error})") from None
    database.row_factory = sqlite3.Row
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error as error:
        database.close()
        raise OSError(f"{path}: this cannot be used as a gallery's database ({error})") from None
    return database


def _migrate(database: sqlite3.Connection, path: str) -> None:
    # of two processes that begin together, one migrates and the other finds it done
    database.execute("BEGIN IMMEDIATE")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise OSError(
            f"{path}: version {version} of the database is newer than this cppnart, which knows"
            f" {len(MIGRATIONS)}: install a newer one"
        )
    try:
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            for statement in script.split(";"):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {number}")
    except sqlite3.Error as error:
        raise OSError(f"{path}: this is not a gallery's database ({error})") from None
    database.execute("COMMIT")
