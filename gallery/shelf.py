"""What is likely to be wanted again soon, kept within a size."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Shelf:
    """Keeps what was made, the least recently used out first; what several threads want at the
    same time is made once.

    room: what all of it may weigh, in the units of what ``get`` is told.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Future[Any], int]] = OrderedDict()
        self._weight = 0

    def get(self, key: Hashable, make: Callable[[], T], weigh: Callable[[T], int]) -> T:
        """What is kept under a key, made now if it is not there."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                future, mine = found[0], False
            else:
                future, mine = Future(), True
                self._kept[key] = (future, 0)
        if mine:
            try:
                made = make()
            except BaseException as error:
                with self._lock:
                    self._kept.pop(key, None)
                future.set_exception(error)
            else:
                self._put(key, future, weigh(made))
                future.set_result(made)
        result: T = future.result()
        return result

    def _put(self, key: Hashable, future: Future[Any], weight: int) -> None:
        with self._lock:
            if key in self._kept:
                self._kept[key] = (future, weight)
                self._weight += weight
            while self._weight > self.room and len(self._kept) > 1:
                _, (_, gone) = self._kept.popitem(last=False)
                self._weight -= gone
