"""Rendering in the background: a queue in the database, worked through by one thread.

Jobs write through the functions behind ``cppnart render`` and ``cppnart walk``. A job that was
running when the process died waits again when the next one starts.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import msgspec

from cppnart.render.api import render
from cppnart.render.motion.walk import walk
from cppnart.render.sizes import parse_size

from . import pictures, works
from .catalogue import Row
from .collection import Collection
from .errors import Conflict, NotThere

SUFFIXES = {"png": ".png", "tiff": ".tif", "mp4": ".mp4"}
MAX_PIXELS = 1 << 30
"""Of a picture."""
MAX_FRAME, MAX_FILM = 1 << 25, 1 << 36
"""Pixels of a frame, and of all frames."""
MAX_SECONDS, FPS = 600.0, 30.0
MAX_WAITING, MAX_KEPT = 100, 1000
EVERY = 0.2
"""Seconds between two reports."""

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"

log = logging.getLogger("cppnart.gallery")

Report = Callable[["Job"], None]


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked for. size: as for ``cppnart render``; one number is the longer side. seconds:
    of a film. bits: of a picture."""

    work: str
    kind: Literal["png", "tiff", "mp4"] = "png"
    size: str = "2048"
    seconds: float = 10.0
    bits: Literal[8, 16] = 8


class Job(msgspec.Struct, frozen=True):
    """A job as it is shown. progress: 0 to 1; left: seconds, as far as one can tell; file: the
    name that a download gets."""

    id: str
    work: str
    title: str
    kind: str
    size: str
    state: str
    progress: float
    left: float | None
    error: str | None
    file: str | None
    bytes: int
    seconds: float | None


class _Stopped(BaseException):
    """Ends a job from within; no handler of errors may take it for one."""


class Jobs:
    """The queue of a gallery. ``report`` is called with every job that has changed, from any
    thread."""

    def __init__(self, collection: Collection, report: Report) -> None:
        self.collection = collection
        self.report = report
        self._wake = threading.Condition()
        self._closing = False
        self._running: str | None = None
        self._cancelled: set[str] = set()
        self._progress: tuple[float, float | None] = (0.0, None)
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)

    def start(self) -> None:
        """Begins with what a process that died had begun."""
        with self.collection.catalogue.change() as db:
            db.execute("UPDATE jobs SET state = ? WHERE state = ?", (WAITING, RUNNING))
        self._thread.start()

    def close(self) -> None:
        """Stops; a job that is running waits for the next start."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join()

    # --- The queue ---

    def add(self, request: Request) -> Job:
        """A new job; ValueError for one that is too large or makes no sense, Conflict where too
        many are waiting."""
        catalogue = self.collection.catalogue
        size = checked_size(request, works.work_of(catalogue, request.work))
        text = msgspec.json.encode(msgspec.structs.replace(request, size=size)).decode()
        id = secrets.token_hex(8)
        with catalogue.change() as db:
            count = "SELECT count(*) FROM jobs"
            (waiting,) = db.execute(f"{count} WHERE state = ?", (WAITING,)).fetchone()
            if waiting >= MAX_WAITING:
                raise Conflict(f"{waiting} jobs are waiting: cancel one, or wait")
            if db.execute(count).fetchone()[0] >= MAX_KEPT:
                raise Conflict(f"{MAX_KEPT} jobs are in the list: remove some first")
            query = "INSERT INTO jobs (id, work, request, state) VALUES (?, ?, ?, ?)"
            db.execute(query, (id, request.work, text, WAITING))
        with self._wake:
            self._wake.notify()
        return self._changed(id)

    def all(self) -> list[Job]:
        """All jobs, the newest first."""
        rows = self.collection.catalogue.rows(f"{_SELECT} ORDER BY jobs.number DESC")
        return [self._job(row) for row in rows]

    def get(self, job: str) -> Job:
        """A job; NotThere."""
        row = self.collection.catalogue.row(f"{_SELECT} WHERE jobs.id = ?", (job,))
        if row is None:
            raise NotThere(f"job {job[:40]!r}: there is none")
        return self._job(row)

    def cancel(self, job: str) -> Job:
        """Cancels a job that waits or runs; removes one that has ended, and its file."""
        found = self.get(job)
        if found.state in (WAITING, RUNNING):
            with self._wake:
                self._cancelled.add(job)
            if self._set(job, CANCELLED, only=WAITING):
                self._cancelled.discard(job)
            return self._changed(job)
        with self.collection.catalogue.change() as db:
            db.execute("DELETE FROM jobs WHERE id = ?", (job,))
        with suppress(OSError):
            self.path(found).unlink()
        return msgspec.structs.replace(found, state="removed")

    def path(self, job: Job) -> Path:
        """Where a job's file is, or will be."""
        return self.collection.home.render(job.id, SUFFIXES[job.kind])

    # --- The work ---

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._closing and (job := self._next()) is None:
                    self._wake.wait()
                if self._closing:
                    return
            assert job is not None
            try:
                self._do(job)
            except Exception as error:  # of the database or the disk: the queue must go on
                log.error("job %s", job, exc_info=error)
                time.sleep(1)

    def _next(self) -> str | None:
        query = "SELECT id FROM jobs WHERE state = ? ORDER BY number LIMIT 1"
        row = self.collection.catalogue.row(query, (WAITING,))
        return None if row is None else str(row["id"])

    def _do(self, job: str) -> None:
        if not self._set(job, RUNNING, only=WAITING):
            return  # it was cancelled a moment ago
        self._running, self._progress = job, (0.0, None)
        found = self._changed(job)
        path, began = self.path(found), time.monotonic()
        try:
            self._render(found, path, began)
        except _Stopped:
            if job in self._cancelled:
                self._set(job, CANCELLED)
            else:
                self._set(job, WAITING)
        except Exception as error:
            line = (str(error).splitlines() or [type(error).__name__])[0]
            self._set(job, FAILED, error=line[:300])
        else:
            seconds = round(time.monotonic() - began, 3)
            self._set(job, DONE, bytes=path.stat().st_size, seconds=seconds)
        finally:
            self._running = None
            self._cancelled.discard(job)
        with suppress(NotThere):
            self._changed(job)

    def _render(self, job: Job, path: Path, began: float) -> None:
        request = self._request(job.id)
        reported = began

        def progress(done: int, total: int) -> None:
            nonlocal reported
            if self._closing or job.id in self._cancelled:
                raise _Stopped
            now, share = time.monotonic(), done / total
            left = (now - began) * (1 - share) / share if share > 0 else None
            self._progress = (share, left)
            if now - reported >= EVERY:
                reported = now
                self._changed(job.id)

        prepared = self.collection.prepared(job.work)
        asked = parse_size(request.size)
        size = pictures.whole_size(prepared, (asked.width, asked.height))
        size += f"@{asked.dpi:g}dpi" if asked.dpi else ""
        if request.kind == "mp4":
            walk(
                prepared.recipe,
                size=size,
                duration=request.seconds,
                fps=FPS,
                output=path,
                progress=progress,
            )
        else:
            render(
                prepared.recipe,
                size=size,
                bits=request.bits,
                output=path,
                progress=progress,
            )

    def _request(self, job: str) -> Request:
        row = self.collection.catalogue.row("SELECT request FROM jobs WHERE id = ?", (job,))
        if row is None:
            raise NotThere(f"job {job}: there is none")
        return msgspec.json.decode(row["request"], type=Request)

    def _set(self, job: str, state: str, only: str | None = None, **facts: Any) -> bool:
        """Whether the job was there, and in the state that it had to be in."""
        facts = {"state": state, **facts}
        sets = ", ".join(f"{name} = ?" for name in facts)
        where, values = "id = ?", [*facts.values(), job]
        if only is not None:
            where, values = f"{where} AND state = ?", [*values, only]
        with self.collection.catalogue.change() as db:
            return db.execute(f"UPDATE jobs SET {sets} WHERE {where}", values).rowcount > 0

    def _changed(self, job: str) -> Job:
        found = self.get(job)
        self.report(found)
        return found

    def _job(self, row: Row) -> Job:
        request = msgspec.json.decode(row["request"], type=Request)
        state = row["state"]
        progress, left = (1.0 if state == DONE else 0.0), None
        if state == RUNNING and row["id"] == self._running:
            progress, left = self._progress
        stem = works.file_stem(row["title"])
        return Job(
            id=row["id"],
            work=row["work"],
            title=row["title"],
            kind=request.kind,
            size=request.size,
            state=state,
            progress=round(progress, 4),
            left=None if left is None else round(left, 1),
            error=row["error"],
            file=f"{stem}-{request.size}{SUFFIXES[request.kind]}" if state == DONE else None,
            bytes=row["bytes"],
            seconds=row["seconds"],
        )


_SELECT = "SELECT jobs.*, works.title FROM jobs JOIN works ON works.id = jobs.work"


def checked_size(request: Request, work: works.Work) -> str:
    """The size of a job's picture in pixels, as WIDTHxHEIGHT; ValueError where it is too large."""
    size = parse_size(request.size)
    width, height = size.width, size.height
    if request.size.strip().isdigit():  # one number: the longer side, in the shape of the work
        width, height = pictures.fitted(work.size, width)
    if request.kind != "mp4":
        if width * height > MAX_PIXELS:
            raise ValueError(
                f"size {width}x{height}: expected at most {MAX_PIXELS} pixels; 'cppnart render'"
                " has no such limit"
            )
        return f"{width}x{height}{f'@{size.dpi:g}dpi' if size.dpi else ''}"
    if not work.can["animate"]:
        raise ValueError("this picture has nothing that moves: expected one from a seed or bred")
    if not 0 < request.seconds <= MAX_SECONDS:
        raise ValueError(f"seconds {request.seconds:g}: expected up to {MAX_SECONDS:g}")
    width, height = (max(2, side - side % 2) for side in (width, height))
    total = width * height * request.seconds * FPS
    if width * height > MAX_FRAME or total > MAX_FILM:
        raise ValueError(
            f"size {width}x{height}: expected at most {MAX_FRAME} pixels a frame and {MAX_FILM} in"
            " all frames"
        )
    return f"{width}x{height}"
