"""A gallery's own server, in a thread, and a client that talks to it over a socket."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from cppnart.gallery.home import open_home
from cppnart.gallery.serve import Server

PATIENCE = 120.0


@contextmanager
def served(folder: Path) -> Iterator[httpx.Client]:
    """A client of the gallery in this folder, while the block lasts."""
    server = Server(open_home(folder))
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    try:
        until(lambda: server.started)
        with httpx.Client(base_url=server.address, timeout=PATIENCE, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
    assert not thread.is_alive()


def until(true: Callable[[], Any]) -> None:
    """Waits for something to come true."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def got(answer: httpx.Response) -> Any:
    """The JSON of an answer that is none of an error."""
    assert answer.is_success, answer.text
    return answer.json()


def refused(answer: httpx.Response, status: int, *words: str) -> None:
    """An error of this status, as one line that has these words."""
    assert answer.status_code == status, answer.text
    (line,) = answer.json().values()
    assert line.splitlines() == [line]
    for word in words:
        assert word in line
