"""Anything at all, sent to every endpoint: an answer, and never that the server failed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cppnart.gallery.routes import ROUTES

from .live import got, served

ENDPOINTS = sorted(
    {
        (method, route.path)
        for route in ROUTES
        for method in (route.methods or set()) - {"HEAD"}
        if route.path != "/api/events"  # answers for ever; see test_jobs
    }
)
KNOWN = "known"
"""Stands for the id of something that is there."""


@pytest.fixture(scope="module")
def gallery(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[httpx.Client, dict[str, str]]]:
    with served(tmp_path_factory.mktemp("gallery")) as client:
        work = got(client.post("/api/works", json={"seed": "1", "style": "neat"}))
        start = {"start": {"nothing": True}, "count": 2}
        nursery = got(client.post("/api/nurseries", json=start))
        job = got(client.post("/api/jobs", json={"work": work["id"], "size": "16"}))
        yield client, {"works": work["id"], "nurseries": nursery["id"], "jobs": job["id"]}


# --- What may come ---

words = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.sampled_from(["..", ".", "%00", "null", "-0", "1e9", "¹", "a" * 3000, "0" * 16]),
)
numbers = st.one_of(
    st.integers(-3, 70).map(str),
    st.integers(-(10**32), 10**32).map(str),
    st.sampled_from(["", "NaN", "1.5", "0x1", "--1", "+1", "٣", " 1"]),
)
queries = st.dictionaries(
    st.sampled_from(
        ["search", "tag", "favourite", "kind", "sort", "deleted", "offset", "limit", "x"]
    ),
    st.one_of(words, numbers, st.sampled_from(["1", "0", "seed", "title"])),
    max_size=4,
) | st.dictionaries(st.sampled_from(["size", "side", "name"]), numbers | words, max_size=2)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
fitting: dict[str, st.SearchStrategy[Any]] = {
    "seed": words,
    "style": st.sampled_from(["neat", "sine", "none"]),
    "title": words,
    "tags": st.lists(words, max_size=3),
    "favourite": st.booleans(),
    "start": st.fixed_dictionaries(
        {},
        optional={
            "nothing": st.booleans(),
            "works": st.lists(st.just(KNOWN) | words, max_size=2),
            "seed": words,
            "style": st.just("neat"),
        },
    ),
    "count": st.integers(0, 3),
    "strength": st.floats(-0.5, 1.5) | st.floats(),
    "colour": st.sampled_from(["ink", "hsb", "palette", "red"]),
    "activations": st.lists(st.sampled_from(["sin", "gaussian", "none"]), max_size=2),
    "inputs": st.lists(st.sampled_from(["x", "d", "none"]), max_size=2),
    "chosen": st.lists(st.integers(-1, 3), max_size=2),
    "index": st.integers(-1, 3),
    "round": st.integers(-1, 3),
    "work": st.just(KNOWN) | words,
    "kind": st.sampled_from(["png", "tiff", "mp4", "gif"]),
    "size": st.sampled_from(["16", "8x8", "A9@20dpi", "0", "x", "99999999"]),
    "seconds": st.sampled_from([0.1, -1, 1e9]),
    "bits": st.sampled_from([8, 16, 12]),
}
NAMES = {
    "/api/works": ["seed", "style", "title", "tags"],
    "/api/works/{id}": ["title", "tags", "favourite"],
    "/api/nurseries": ["start", "count", "strength", "colour", "activations", "inputs"],
    "/api/nurseries/{id}/next": ["chosen", "round", "strength", "colour", "activations", "inputs"],
    "/api/nurseries/{id}/again": ["strength", "colour", "activations", "inputs", "count"],
    "/api/nurseries/{id}/keep": ["index", "round", "title", "tags"],
    "/api/jobs": ["work", "kind", "size", "seconds", "bits"],
}
GOOD: dict[str, Any] = {
    "/api/works": {"seed": "2", "style": "neat"},
    "/api/works/{id}": {"title": "A title", "tags": ["a"], "favourite": True},
    "/api/nurseries": {"start": {"works": [KNOWN]}, "count": 2},
    "/api/nurseries/{id}/next": {"chosen": [0]},
    "/api/nurseries/{id}/again": {"strength": 1},
    "/api/nurseries/{id}/keep": {"index": 1},
    "/api/jobs": {"work": KNOWN, "size": "16"},
}


def bodies(path: str) -> st.SearchStrategy[bytes]:
    """JSON that fits more or less, JSON that does not, and no JSON."""
    names = NAMES.get(path, [])
    near = st.fixed_dictionaries({}, optional={name: fitting[name] for name in names})
    bent = st.dictionaries(st.sampled_from(names or ["x"]), values, max_size=3)
    text = st.one_of(near, near, bent, values).map(lambda value: json.dumps(value).encode())
    deep = st.just(b"[" * 60_000)
    good = st.just(json.dumps(GOOD.get(path, {})).encode())
    return st.one_of(
        good, text, text, st.binary(max_size=60), deep, st.just(b'{"title":"\\ud800"}')
    )


def address(path: str, draw: st.DataObject, known: dict[str, str]) -> str:
    """The path with something in every place."""

    def filled(found: re.Match[str]) -> str:
        if found[1] == "id":
            own = known.get(path.split("/")[2], "")
            return draw.draw(st.just(own) | words.map(lambda word: quote(word, safe="")))
        if found[1] == "name":
            return quote(draw.draw(words), safe="")
        return quote(draw.draw(st.integers(0, 3).map(str) | numbers), safe="")

    return re.sub(r"\{(\w+)\}", filled, path)


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(draw=st.data())
def test_nothing_makes_the_server_fail(
    gallery: tuple[httpx.Client, dict[str, str]],
    method: str,
    path: str,
    draw: st.DataObject,
) -> None:
    client, known = gallery
    body = None
    headers = {}
    if method in ("POST", "PATCH"):
        body = draw.draw(bodies(path)).replace(KNOWN.encode(), known["works"].encode())
        headers["Content-Type"] = draw.draw(st.sampled_from(["application/json"] * 4 + ["a/b", ""]))
    query = draw.draw(queries)
    if path == "/api/works" and method == "POST" and "name" in query:
        suffix = draw.draw(st.sampled_from([".png", ".json", ".zip", ".xml", ".safetensors", ""]))
        query = {"name": query["name"] + suffix}
    answer = client.request(
        method, address(path, draw, known), params=query, content=body, headers=headers
    )
    assert answer.status_code < 500, answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    if answer.status_code >= 400:
        (line,) = answer.json().values()
        assert line
        assert line.splitlines() == [line]
    if method == "POST" and path == "/api/jobs" and answer.is_success:
        client.delete(f"/api/jobs/{answer.json()['id']}")


def test_every_endpoint_is_tried() -> None:
    assert len(ENDPOINTS) == sum(len((route.methods or set()) - {"HEAD"}) for route in ROUTES) - 1
    assert {path for _, path in ENDPOINTS} >= set(NAMES)
