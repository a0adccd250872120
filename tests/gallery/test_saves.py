"""Kills in the middle of saves: what was acknowledged is there afterwards."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from cppnart.gallery.collection import open_collection
from cppnart.gallery.nurseries import Nurseries

from .live import PATIENCE, got, until

KILLS = 50
ROUNDS = "SELECT id, round FROM nurseries"
CLIENTS = 2


class Book:
    """What a gallery has acknowledged, and what it was asked for since."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.titles: dict[str, set[str]] = {}
        """Of each work: the last title that was acknowledged, and those asked for after it."""
        self.nurseries: dict[str, dict[str, Any]] = {}
        self.jobs: set[str] = set()

    def asks(self, work: str, title: str) -> None:
        with self.lock:
            self.titles[work].add(title)

    def has(self, work: str, title: str) -> None:
        with self.lock:
            self.titles[work] = {title}


def save(client: httpx.Client, book: Book, name: str, stop: threading.Event) -> None:
    """Saves one thing after another until the server is gone."""
    number = 0
    with suppress(httpx.TransportError):
        with book.lock:
            works = list(book.titles)[-1:]
        start = {"works": works} if works else {"nothing": True}
        nursery = got(client.post("/api/nurseries", json={"start": start, "count": 2}))
        with book.lock:
            book.nurseries[nursery["id"]] = nursery
        while not stop.is_set():
            number += 1
            title = f"{name} {number}"
            work = got(client.post(f"/api/nurseries/{nursery['id']}/keep", json={"index": 0}))
            book.has(work["id"], work["title"])
            book.asks(work["id"], title)
            got(client.patch(f"/api/works/{work['id']}", json={"title": title, "tags": [title]}))
            book.has(work["id"], title)
            if number == 2:
                job = got(client.post("/api/jobs", json={"work": work["id"], "size": "16"}))
                with book.lock:
                    book.jobs.add(job["id"])
            address = f"/api/nurseries/{nursery['id']}/next"
            nursery = got(client.post(address, json={"chosen": [1]}))
            with book.lock:
                book.nurseries[nursery["id"]] = nursery


@pytest.fixture
def saver(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    if not hasattr(os, "fork"):
        pytest.skip("no fork here: a server would take too long to start fifty times")
    words = [sys.executable, str(Path(__file__).with_name("saver.py")), str(tmp_path / "home")]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        yield process
        process.kill()


def start(saver: subprocess.Popen[str]) -> tuple[int, str]:
    assert saver.stdin is not None
    assert saver.stdout is not None
    saver.stdin.write("\n")
    saver.stdin.flush()
    child, address = saver.stdout.readline().split()
    return int(child), address


def test_nothing_that_was_acknowledged_is_lost(
    saver: subprocess.Popen[str], tmp_path: Path
) -> None:
    book, chance = Book(), random.Random(0)
    for kill in range(KILLS):
        child, address = start(saver)
        before, stop = len(book.titles), threading.Event()
        clients = [
            httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False)
            for _ in range(CLIENTS)
        ]
        threads = [
            threading.Thread(target=save, args=(client, book, f"{kill}.{number}", stop))
            for number, client in enumerate(clients)
        ]
        for thread in threads:
            thread.start()
        until(lambda before=before: len(book.titles) > before)
        time.sleep(chance.uniform(0, 0.1))
        os.kill(child, signal.SIGKILL)
        stop.set()
        for thread, client in zip(threads, clients, strict=True):
            thread.join(PATIENCE)
            assert not thread.is_alive()
            client.close()
    database = sqlite3.connect(tmp_path / "home" / "gallery.db")
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    database.close()
    collection = open_collection(tmp_path / "home")
    for work, titles in book.titles.items():
        found = collection.work(work)
        assert found.title in titles
        assert found.kept
    nurseries = Nurseries(collection)
    for nursery, shown in list(book.nurseries.items())[::8]:
        now = nurseries.get(nursery)
        assert now.round in (shown["round"], shown["round"] + 1)
        if now.round == shown["round"]:  # else the next one had come, unacknowledged
            assert [child.key for child in now.children] == [
                child["key"] for child in shown["children"]
            ]
    rounds = {row["id"]: row["round"] for row in collection.catalogue.rows(ROUNDS)}
    assert all(rounds[nursery] >= shown["round"] for nursery, shown in book.nurseries.items())
    jobs = {row["id"] for row in collection.catalogue.rows("SELECT id FROM jobs")}
    assert book.jobs <= jobs
    collection.close()
    assert len(book.titles) >= KILLS
