"""Threads that render while the server goes on answering."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from starlette.requests import Request

from cppnart.render.ordered import cores

P = ParamSpec("P")
T = TypeVar("T")

MOST = 2000
"""Pieces of work that may wait."""


class Busy(RuntimeError):
    """More is waiting than will be done in time."""


class Gone(Exception):
    """Whoever asked is there no more."""


class Workers:
    """Threads, one a core, and a queue in front of them that is bounded; and as many again for
    what takes seconds, so that pictures need not wait for it."""

    def __init__(self) -> None:
        self._quick = ThreadPoolExecutor(cores(), thread_name_prefix="pictures")
        self._slow = ThreadPoolExecutor(cores(), thread_name_prefix="breeding")
        self._waiting = 0

    async def run(
        self, request: Request, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What the work returns; Gone, and work that had not begun is dropped, when the client
        hangs up; Busy when too much is waiting. The body of the request must have been read."""
        return await self._run(self._quick, request, work, *args, **kwargs)

    async def breed(
        self, request: Request, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The same for work that takes longer."""
        return await self._run(self._slow, request, work, *args, **kwargs)

    async def _run(
        self,
        pool: ThreadPoolExecutor,
        request: Request,
        work: Callable[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        if self._waiting >= MOST:
            raise Busy("the gallery is busy: ask again in a moment")
        self._waiting += 1
        future: asyncio.Future[T] = asyncio.wrap_future(pool.submit(work, *args, **kwargs))
        hung_up = asyncio.ensure_future(_hung_up(request))
        try:
            both: set[asyncio.Future[Any]] = {future, hung_up}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if not future.done():
                raise Gone
            return future.result()
        finally:
            self._waiting -= 1
            hung_up.cancel()
            future.cancel()

    def close(self) -> None:
        """Ends the threads; what has not begun is dropped."""
        for pool in (self._quick, self._slow):
            pool.shutdown(wait=True, cancel_futures=True)


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
