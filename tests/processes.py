"""Two processes that work together, as torchrun starts them."""

import os
import socket
import subprocess
import sys
from pathlib import Path


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def in_two_processes(code: str, *words: str, cache: Path) -> None:
    """Runs a piece of Python, with words as its arguments, in both; both have to end well."""
    port = str(free_port())
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, *words],
            env={**os.environ, **place, "RANK": str(rank), "CPPNART_CACHE": str(cache)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    for process in started:
        _, errors = process.communicate(timeout=110)
        assert process.returncode == 0, errors[-2000:]
