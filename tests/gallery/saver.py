"""Serves a gallery again and again, each time in a process that may be killed.

For each line of its input it starts a server of the folder, and answers with its process and its
address: a fork of this one, which has everything at hand already.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path

from cppnart.gallery.collection import Collection
from cppnart.gallery.home import open_home
from cppnart.gallery.nurseries import Nurseries, Settings
from cppnart.gallery.serve import Server


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        warm(Path(folder))
    home = open_home(sys.argv[1])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        server = Server(home)
        server.config.load()
        child = os.fork()
        if child == 0:
            server.run()
            os._exit(0)
        server.close()
        print(child, server.address, flush=True)


def warm(folder: Path) -> None:
    """Does once what loads code when it is first done."""
    collection = Collection(open_home(folder))
    nurseries = Nurseries(collection)
    nursery = nurseries.begin([], Settings(count=2))
    nurseries.keep(nursery.id, 0)
    nurseries.next(nursery.id, [0], {})
    collection.close()


if __name__ == "__main__":
    main()
