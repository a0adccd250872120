"""Jobs: what they write, how they are cancelled, what a page is told, what survives a kill."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

import cppnart
from cppnart.gallery import jobs
from cppnart.render.metadata import read_recipe
from cppnart.render.motion.plan import film_of
from cppnart.render.recipe import parse_recipe

from .live import PATIENCE, got, refused, served, until


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with served(tmp_path_factory.mktemp("gallery")) as client:
        yield client


def work(client: httpx.Client, seed: str = "42") -> str:
    asked = {"seed": seed, "style": "neat", "title": f"Seed {seed}"}
    return str(got(client.post("/api/works", json=asked))["id"])


def begin(client: httpx.Client, **asked: Any) -> dict[str, Any]:
    job: dict[str, Any] = got(client.post("/api/jobs", json={"work": work(client), **asked}))
    return job


def ended(client: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    address = f"/api/jobs/{job['id']}"
    until(lambda: got(client.get(address))["state"] not in ("waiting", "running"))
    found: dict[str, Any] = got(client.get(address))
    return found


def taken(client: httpx.Client, job: dict[str, Any], folder: Path) -> Path:
    """The file of a job, once it is done."""
    found = ended(client, job)
    assert found["state"] == "done", found
    answer = client.get(f"/api/jobs/{job['id']}/file")
    assert answer.headers["content-disposition"] == f'attachment; filename="{found["file"]}"'
    assert len(answer.content) == found["bytes"]
    path = folder / str(found["file"])
    path.write_bytes(answer.content)
    return path


# --- What they write ---


@pytest.mark.parametrize(("kind", "bits"), [("png", 8), ("png", 16), ("tiff", 8)])
def test_a_picture_is_what_render_makes_and_carries_its_recipe(
    gallery: httpx.Client, tmp_path: Path, kind: str, bits: int
) -> None:
    path = taken(gallery, begin(gallery, kind=kind, size="96x64", bits=bits), tmp_path)
    suffix = {"png": ".png", "tiff": ".tif"}[kind]
    assert path.name == f"seed-42-96x64{suffix}"
    expected = tmp_path / f"expected{suffix}"
    cppnart.render(42, style="neat", size="96x64", bits=bits, output=expected)
    assert path.read_bytes() == expected.read_bytes()
    assert parse_recipe(read_recipe(path)).size == "96x64"


def test_a_film_is_what_walk_makes(gallery: httpx.Client, tmp_path: Path) -> None:
    path = taken(gallery, begin(gallery, kind="mp4", size="64x48", seconds=0.5), tmp_path)
    film = film_of(path)
    assert (film.frames, film.keys[0].size, film.keys[0].seed) == (15, "64x48", "42")


def test_one_number_is_the_longer_side(gallery: httpx.Client, tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    cppnart.render(5, style="neat", size="90x30", output=path)
    answer = gallery.post("/api/works?name=wide.png", content=path.read_bytes())
    job = begin(gallery, work=got(answer)["id"], size="120")
    with Image.open(taken(gallery, job, tmp_path)) as picture:
        assert picture.size == (120, 40)


def test_the_size_of_a_part_of_a_picture_is_that_of_the_part(
    gallery: httpx.Client, tmp_path: Path
) -> None:
    path = tmp_path / "part.png"
    cppnart.render(5, style="neat", size=128, region=(32, 64, 64, 32), output=path)
    answer = gallery.post("/api/works?name=part.png", content=path.read_bytes())
    work = got(answer)["id"]
    whole = np.asarray(cppnart.render(5, style="neat", size=256))
    with Image.open(taken(gallery, begin(gallery, work=work, size="128"), tmp_path)) as picture:
        assert np.array_equal(np.asarray(picture), whole[128:192, 64:192])


def test_paper_brings_its_dots_per_inch(gallery: httpx.Client, tmp_path: Path) -> None:
    with Image.open(taken(gallery, begin(gallery, size="A7@60dpi"), tmp_path)) as picture:
        assert picture.size == (175, 248)
        assert round(picture.info["dpi"][0]) == 60


# --- The queue ---


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"size": "32769"}, "32769x32769"),
        ({"size": "big"}, "big"),
        ({"size": "0"}, "0"),
        ({"kind": "mp4", "size": "8192"}, "8192x8192"),
        ({"kind": "mp4", "seconds": 601}, "601"),
        ({"kind": "mp4", "seconds": -1}, "-1"),
        ({"kind": "mp4", "size": "3840x2160", "seconds": 600}, "3840x2160"),
        ({"kind": "exe"}, "exe"),
        ({"bits": 7}, "bits"),
        ({"output": "/etc/passwd"}, "output"),
    ],
)
def test_jobs_are_limited(gallery: httpx.Client, asked: dict[str, Any], word: str) -> None:
    answer = gallery.post("/api/jobs", json={"work": work(gallery), **asked})
    refused(answer, 400, word)


def test_a_work_that_is_not_there_cannot_be_rendered(gallery: httpx.Client) -> None:
    refused(gallery.post("/api/jobs", json={"work": "0" * 16}), 404, "0" * 16)
    refused(gallery.get("/api/jobs/none"), 404, "none")
    refused(gallery.delete("/api/jobs/none"), 404, "none")


def test_the_queue_is_bounded(gallery: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MAX_WAITING", 2)
    first = begin(gallery, size="16384")
    until(lambda: got(gallery.get(f"/api/jobs/{first['id']}"))["state"] == "running")
    others = [begin(gallery, size="64") for _ in range(2)]
    refused(gallery.post("/api/jobs", json={"work": work(gallery)}), 409, "2 jobs")
    for job in [first, *others]:
        got(gallery.delete(f"/api/jobs/{job['id']}"))
    assert {ended(gallery, job)["state"] for job in [first, *others]} == {"cancelled"}


def test_a_job_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    with served(tmp_path) as client:
        job = begin(client, size="16384")
        until(lambda: got(client.get(f"/api/jobs/{job['id']}"))["progress"] > 0)
        refused(client.get(f"/api/jobs/{job['id']}/file"), 409, "running")
        got(client.delete(f"/api/jobs/{job['id']}"))
        assert ended(client, job)["state"] == "cancelled"
        assert list((tmp_path / "renders").iterdir()) == []
        refused(client.get(f"/api/jobs/{job['id']}/file"), 409, "cancelled")


def test_a_job_that_has_ended_can_be_removed_with_its_file(tmp_path: Path) -> None:
    with served(tmp_path) as client:
        job = begin(client, size="32")
        assert ended(client, job)["state"] == "done"
        assert len(list((tmp_path / "renders").iterdir())) == 1
        assert got(client.delete(f"/api/jobs/{job['id']}"))["state"] == "removed"
        assert got(client.get("/api/jobs")) == []
        assert list((tmp_path / "renders").iterdir()) == []


def test_a_job_that_fails_says_why_and_the_next_one_runs(
    gallery: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jobs, "render", fail)
    found = ended(gallery, begin(gallery, size="32"))
    assert found["state"] == "failed"
    assert "No space left" in found["error"]
    monkeypatch.undo()
    assert ended(gallery, begin(gallery, size="32"))["state"] == "done"


# --- Events ---


def test_a_page_is_told_how_jobs_come_along(gallery: httpx.Client) -> None:
    found: list[dict[str, Any]] = []
    there = threading.Event()

    def listen() -> None:
        with gallery.stream("GET", "/api/events") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            kind = ""
            for line in answer.iter_lines():
                there.set()
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                if line.startswith("data: "):
                    assert kind == "job"
                    found.append(json.loads(line.removeprefix("data: ")))
                    if found[-1]["state"] == "done":
                        return

    thread = threading.Thread(target=listen)
    thread.start()
    assert there.wait(PATIENCE)
    job = begin(gallery, size="4000")
    thread.join(PATIENCE)
    assert not thread.is_alive()
    own = [event for event in found if event["id"] == job["id"]]
    assert own[-1]["state"] == "done"
    assert own[-1]["bytes"] > 0
    shares = [event["progress"] for event in own]
    assert shares == sorted(shares)


def test_a_server_that_ends_ends_its_streams(tmp_path: Path) -> None:
    lines: list[str] = []
    with served(tmp_path) as client:
        there = threading.Event()

        def listen() -> None:
            with httpx.stream("GET", f"{client.base_url}api/events", timeout=PATIENCE) as answer:
                for line in answer.iter_lines():
                    lines.append(line)
                    there.set()

        thread = threading.Thread(target=listen)
        thread.start()
        assert there.wait(PATIENCE)
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert lines[0] == "retry: 2000"


# --- Kills ---


@contextmanager
def process(folder: Path) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """A server in a process of its own, which the block may kill."""
    words = ["-m", "cppnart", "gallery", "--no-browser", "--port", "0", "--home", str(folder)]
    with subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, text=True, env=os.environ
    ) as server:
        assert server.stdout is not None
        address = server.stdout.readline().split()[0]
        client = httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False)
        try:
            until(lambda: answers(client))
            yield server, client
        finally:
            client.close()
            server.kill()


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/api/choices").is_success
    except httpx.TransportError:
        return False


def test_the_queue_survives_a_kill(tmp_path: Path) -> None:
    with process(tmp_path) as (server, client):
        running = begin(client, size="3500")
        waiting = begin(client, size="40")
        until(lambda: got(client.get(f"/api/jobs/{running['id']}"))["progress"] > 0)
        server.kill()
        server.wait()
    assert [path.name[:9] for path in (tmp_path / "renders").iterdir()] == [".cppnart-"]
    with served(tmp_path) as client:
        assert ended(client, waiting)["state"] == "done"
        assert ended(client, running)["state"] == "done"
        content = client.get(f"/api/jobs/{running['id']}/file").content
        with Image.open(io.BytesIO(content)) as picture:
            assert picture.size == (3500, 3500)
            assert np.asarray(picture)[-1].any()
        names = sorted(path.stem for path in (tmp_path / "renders").iterdir())
        assert names == sorted([running["id"], waiting["id"]])


def test_a_job_that_a_stop_interrupts_begins_again(tmp_path: Path) -> None:
    with served(tmp_path) as client:
        job = begin(client, size="4000")
        until(lambda: got(client.get(f"/api/jobs/{job['id']}"))["progress"] > 0)
    assert list((tmp_path / "renders").iterdir()) == []
    with served(tmp_path) as client:
        assert got(client.get(f"/api/jobs/{job['id']}"))["state"] in ("waiting", "running", "done")
        got(client.delete(f"/api/jobs/{job['id']}"))
