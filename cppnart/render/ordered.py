"""Work done in threads whose results are wanted in the order it was given."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class OrderedPool(Generic[T]):
    """Hands each result to `consume`, in order, in the thread that submits.

    At most two pieces of work a thread are unfinished or unclaimed, so memory stays bounded: a
    submission waits for the oldest piece. `threads` None means all cores, sixteen at most.
    """

    def __init__(self, consume: Callable[[T], None], threads: int | None) -> None:
        threads = threads or min(cores(), 16)
        self._consume = consume
        self._limit = 2 * threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="encode")
        self._pending: deque[Future[T]] = deque()

    def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> None:
        while self._pending and (len(self._pending) >= self._limit or self._pending[0].done()):
            self._consume(self._pending.popleft().result())
        self._pending.append(self._pool.submit(work, *args, **kwargs))

    def finish(self) -> None:
        """Waits for everything submitted."""
        while self._pending:
            self._consume(self._pending.popleft().result())

    def close(self) -> None:
        """Stops the threads; work that has not begun is dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
