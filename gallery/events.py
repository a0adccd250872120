"""What happens, told to every page that is open: server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

HEARTBEAT = 15.0
MOST = 64
"""Pages that may listen."""


class Events:
    """Sends events to whoever listens; of several about the same thing that nobody has read yet,
    the last one counts. Belongs to the loop in which it was made."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._listeners: set[_Listener] = set()

    def send(self, event: str, about: str, data: bytes) -> None:
        """From any thread. data: in one line."""
        message = b"event: " + event.encode() + b"\ndata: " + data + b"\n\n"
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._spread, about, message)

    def _spread(self, about: str, message: bytes) -> None:
        for listener in self._listeners:
            listener.put(about, message)

    @property
    def full(self) -> bool:
        return len(self._listeners) >= MOST

    async def listen(self) -> AsyncIterator[bytes]:
        """The stream of one page, until the server stops."""
        listener = _Listener()
        self._listeners.add(listener)
        try:
            yield b"retry: 2000\n\n"
            while not listener.closed:
                yield await listener.take()
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """Ends all streams."""
        for listener in self._listeners:
            listener.close()


class _Listener:
    def __init__(self) -> None:
        self._unread: dict[str, bytes] = {}
        self._there = asyncio.Event()
        self.closed = False

    def put(self, about: str, message: bytes) -> None:
        self._unread.pop(about, None)
        self._unread[about] = message
        self._there.set()

    def close(self) -> None:
        self.closed = True
        self._there.set()

    async def take(self) -> bytes:
        try:
            await asyncio.wait_for(self._there.wait(), HEARTBEAT)
        except asyncio.TimeoutError:
            return b": still here\n\n"
        self._there.clear()
        messages, self._unread = self._unread, {}
        return b"".join(messages.values())
