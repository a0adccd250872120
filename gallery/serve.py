"""`gallery`: the server, and the browser that shows it."""

from __future__ import annotations

import errno
import os
import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from threadpoolctl import threadpool_limits

from .app import application
from .guard import hosts_of
from .home import Home, Served, open_home

PORT = 8717


def serve(
    *,
    home: str | os.PathLike[str] | None = None,
    host: str = "127.0.0.1",
    port: int = PORT,
    browser: bool = True,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serves the gallery in a folder until it is interrupted.

    home: the folder, by default the user's own. host, port: where it listens; port 0 takes a free
    one. browser: open the page. ready: called with the address once it listens. Raises OSError
    where the port is taken or the folder cannot be used.
    """
    server = Server(open_home(home), host, port)
    if ready is not None:
        ready(server.address)
    if browser:
        threading.Timer(0.3, webbrowser.open, (server.address,)).start()
    # Threads of linear algebra would only fight with those that render.
    with suppress(KeyboardInterrupt), threadpool_limits(1, "blas"):
        server.run()


class Server(uvicorn.Server):
    """A server that listens at ``address`` from when it is made, and answers once it runs."""

    def __init__(self, home: Home, host: str = "127.0.0.1", port: int = 0) -> None:
        Served(home).release()  # so that what is wrong with it is said at once
        self._listener = _listener(host, port)
        port = self._listener.getsockname()[1]
        hosts, any_address = hosts_of(host, port)
        shown = "127.0.0.1" if any_address else f"[{host}]" if ":" in host else host
        self.address = f"http://{shown}:{port}/"
        self._app = application(home, hosts, any_address)
        super().__init__(
            uvicorn.Config(
                self._app,
                log_level="warning",
                access_log=False,
                server_header=False,
                ws="none",
                timeout_graceful_shutdown=3,
            )
        )

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Answers until it is interrupted, or ``should_exit`` is set."""
        super().run(sockets or [self._listener])

    def close(self) -> None:
        """Stops listening; for a server that is not to run, or not in this process."""
        self._listener.close()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends what would go on for ever, streams of events, before what else is going on."""
        self._app.state.gallery.events.close()
        await super().shutdown(sockets)


def _listener(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise ValueError(f"port {port}: expected 0 to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # with the protocol said, asyncio sends what is small at once: it is 40 ms otherwise
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name != "nt":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise OSError(f"port {port} is taken: name another by --port, or 0 for any") from None
        raise OSError(f"{host}:{port}: {error.strerror or error}") from None
    return listener
