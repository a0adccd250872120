"""The gallery under load: `python benchmarks/gallery.py --help`."""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
from measure import Row, busy, machine

from cppnart.gallery import adding, works
from cppnart.gallery.collection import Collection
from cppnart.gallery.home import open_home
from cppnart.render.ordered import cores
from cppnart.render.prepare import prepare

WORDS = [
    "amber",
    "basalt",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "heron",
    "inlet",
    "jade",
    "kelp",
    "lagoon",
    "mesa",
]
STYLES = ("neat", "sine", "marble")
LEVELS = 30


def fill(home: Path, count: int) -> list[str]:
    """A gallery of so many works, with titles, tags and favourites; the ids of some that are
    pictures of their own."""
    collection = Collection(open_home(home))
    own = [collection.add_seed(str(n), style=style).id for style in STYLES for n in range(3)]
    prepared = prepare(None, seed=1, style="neat")
    chance = random.Random(0)
    for number in range(count - len(own)):
        recipe = msgspec.structs.replace(prepared.recipe, seed=f"work {number}")
        work = adding.remember(
            collection.catalogue,
            replace(prepared, recipe=recipe),
            key=adding.recipe_key(recipe),
            shader=True,
            title=" ".join(chance.sample(WORDS, 3)) + f" {number}",
            tags=chance.sample(WORDS, 2),
        )
        if number % 20 == 0:
            works.change(collection.catalogue, work, favourite=True)
    collection.close()
    return own


# --- Lists ---

LISTS: dict[str, dict[str, Any]] = {
    "the newest": {},
    "the last page by title": {"sort": "title", "offset": 9940},
    "favourites first": {"sort": "favourite"},
    "a common word": {"search": "heron"},
    "three words": {"search": "heron jade 99"},
    "nothing": {"search": "zeppelin"},
    "a tag": {"tag": "grove", "sort": "title"},
}


def listing(address: str, count: int, rounds: int) -> Iterator[Row]:
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
        for name, chosen in LISTS.items():
            took = []
            for _ in range(rounds):
                began = time.perf_counter()
                client.get("/api/works", params=chosen).raise_for_status()
                took.append(time.perf_counter() - began)
            middle, worst = float(np.median(took)), max(took)
            yield Row(
                "list",
                f"a list of {count} works: {name}",
                "100 ms",
                f"{1e3 * middle:.0f} ms",
                middle < 0.1,
                f"the slowest of {rounds}: {1e3 * worst:.0f} ms",
            )


# --- Load ---


def held(pid: int) -> int:
    """The bytes of memory that a process holds now."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if "VmRSS" in line) * 1024


@dataclass
class Load:
    """What clients did, and how long each thing took."""

    took: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    async def ask(self, client: httpx.AsyncClient, what: str, method: str, path: str, **more: Any):
        began = time.perf_counter()
        try:
            answer = await client.request(method, path, **more)
        except httpx.HTTPError as error:
            self.errors.append(f"{what}: {type(error).__name__} {error}")
            return None
        self.took.setdefault(what, []).append(time.perf_counter() - began)
        if not answer.is_success:
            self.errors.append(f"{what}: {answer.status_code} {answer.text[:100]}")
            return None
        return answer


async def visitor(load: Load, address: str, own: list[str], number: int, end: float) -> None:
    """Somebody who breeds for a while, looks around, zooms in, and keeps something."""
    chance = random.Random(number)
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=300) as client:
        nursery: dict[str, Any] | None = None
        while time.monotonic() < end:
            what = chance.choice(["breed", "breed", "zoom", "zoom", "list"])
            if what == "list":
                query = {"search": chance.choice(WORDS), "offset": chance.randrange(500)}
                await load.ask(client, "list", "GET", "/api/works", params=query)
            elif what == "zoom":
                work = chance.choice(own)
                x, y = chance.random(), chance.random()
                for level in range(0, LEVELS, 3):
                    place = f"{level}/{int(x * 2**level)}/{int(y * 2**level)}"
                    await load.ask(client, "tile", "GET", f"/api/works/{work}/tiles/{place}.webp")
            else:
                nursery = await breed(load, client, nursery, chance, own)
            await asyncio.sleep(chance.uniform(0, 0.2))


async def breed(
    load: Load,
    client: httpx.AsyncClient,
    nursery: dict[str, Any] | None,
    chance: random.Random,
    own: list[str],
) -> dict[str, Any] | None:
    if nursery is None or chance.random() < 0.1:
        start = {"nothing": True} if chance.random() < 0.3 else {"works": [chance.choice(own)]}
        asked = {"start": start, "count": 12}
        answer = await load.ask(client, "begin", "POST", "/api/nurseries", json=asked)
        return answer and answer.json()
    address = f"/api/nurseries/{nursery['id']}"
    step = chance.choice(["next", "next", "again", "back", "keep"])
    if step == "keep":
        await load.ask(client, "keep", "POST", f"{address}/keep", json={"index": 0})
        return nursery
    if step == "back" and not nursery["can_undo"]:
        return nursery
    body = {"chosen": [chance.randrange(12)]} if step == "next" else None
    answer = await load.ask(client, step, "POST", f"{address}/{step}", json=body)
    if answer is None:
        return None
    found: dict[str, Any] = answer.json()
    await load.ask(client, "shaders", "GET", f"{address}/{found['round']}/shaders")
    return found


async def crowd(
    address: str, own: list[str], clients: int, seconds: float, watch: Callable[[], int]
) -> tuple[Load, list[int]]:
    """What so many clients did in that time, and the server's memory every second."""
    load, memory = Load(), []
    end = time.monotonic() + seconds
    crowd = [
        asyncio.ensure_future(visitor(load, address, own, number, end)) for number in range(clients)
    ]
    while not all(task.done() for task in crowd):
        await asyncio.sleep(1)
        memory.append(watch())
    for task in crowd:
        task.result()
    return load, memory


def loaded(load: Load, memory: list[int], clients: int, seconds: float) -> Iterator[Row]:
    done = sum(map(len, load.took.values()))
    slowest = ", ".join(
        f"{what} {1e3 * float(np.median(took)):.0f} ms (at most {max(took):.1f} s, {len(took)})"
        for what, took in sorted(load.took.items())
    )
    yield Row(
        "errors",
        f"errors while {clients} clients breed and zoom for {seconds:.0f} s",
        "0",
        str(len(load.errors)),
        not load.errors,
        f"{done} answers; medians: {slowest}; " + "; ".join(load.errors[:3]),
    )
    part = max(len(memory) // 4, 1)
    before, after = (float(np.median(found)) for found in (memory[:part], memory[-part:]))
    yield Row(
        "memory",
        "the server's memory in the last quarter of that, against the first",
        "1.05x",
        f"{after / before:.3f}x",
        after <= 1.05 * before,
        f"{before / 2**20:.0f} MiB, {after / 2**20:.0f} MiB; after a while of the same",
    )


def main() -> int:
    """Measures, prints, and returns 1 when something is slower than asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--works", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--warm", type=float, default=120, help="seconds of it before")
    arguments = parser.parse_args()
    print(machine(cores()))
    if warning := busy():
        print(warning)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        own = fill(Path(folder), arguments.works)
        print(f"{arguments.works} works added in {time.perf_counter() - began:.0f} s")
        words = ["gallery", "--no-browser", "--port", "0", "--home", folder]
        with subprocess.Popen(
            [sys.executable, "-m", "cppnart", *words], stdout=subprocess.PIPE, text=True
        ) as server:
            assert server.stdout is not None
            address = server.stdout.readline().split()[0]
            try:
                rows = list(listing(address, arguments.works, 20))
                load, memory = Load(), [0]
                for seconds in (arguments.warm, arguments.seconds):  # once to fill what is kept
                    came = crowd(address, own, arguments.clients, seconds, lambda: held(server.pid))
                    load, memory = asyncio.run(came)
                rows += loaded(load, memory, arguments.clients, arguments.seconds)
            finally:
                server.terminate()
    for row in rows:
        passed = "yes" if row.passed else "NO"
        print(f"{row.what}: {row.measured} (must reach {row.required}: {passed}); {row.note}")
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
