"""Rendering beside the server: dropped when nobody waits for it, and bounded."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from starlette.requests import Request

from cppnart.gallery import workers
from cppnart.gallery.workers import Busy, Gone, Workers


def request(gone: asyncio.Event) -> Request:
    """A request whose client hangs up when the event comes."""

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http"}, receive)


def test_results_and_errors_come_back() -> None:
    async def ask() -> None:
        pool, stays = Workers(), asyncio.Event()
        assert await pool.run(request(stays), pow, 2, 5) == 32
        with pytest.raises(ValueError, match="abc"):
            await pool.breed(request(stays), int, "abc")
        pool.close()

    asyncio.run(ask())


def test_work_that_nobody_waits_for_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "cores", lambda: 1)

    async def ask() -> None:
        pool, stays, hangs_up = Workers(), asyncio.Event(), asyncio.Event()
        gate, done = threading.Event(), []
        first = asyncio.ensure_future(pool.run(request(stays), gate.wait))
        await asyncio.sleep(0.01)
        second = asyncio.ensure_future(pool.run(request(hangs_up), done.append, 2))
        third = asyncio.ensure_future(pool.run(request(stays), done.append, 3))
        await asyncio.sleep(0.01)
        hangs_up.set()
        with pytest.raises(Gone):
            await second
        gate.set()
        await asyncio.gather(first, third)
        assert done == [3]
        pool.close()

    asyncio.run(ask())


def test_breeding_does_not_keep_pictures_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "cores", lambda: 1)

    async def ask() -> None:
        pool, stays, gate = Workers(), asyncio.Event(), threading.Event()
        slow = asyncio.ensure_future(pool.breed(request(stays), gate.wait))
        assert await pool.run(request(stays), pow, 2, 3) == 8
        assert not slow.done()
        gate.set()
        await slow
        pool.close()

    asyncio.run(ask())


def test_the_queue_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "MOST", 1)

    async def ask() -> None:
        pool, stays, gate = Workers(), asyncio.Event(), threading.Event()
        first = asyncio.ensure_future(pool.run(request(stays), gate.wait))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await pool.run(request(stays), pow, 2, 3)
        gate.set()
        await first
        assert await pool.run(request(stays), pow, 2, 3) == 8
        pool.close()

    asyncio.run(ask())
