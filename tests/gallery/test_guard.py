"""Who is let in: hosts, origins, sizes, paths."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cppnart.gallery import guard, requests
from cppnart.gallery.guard import Guard, hosts_of
from cppnart.gallery.home import open_home
from cppnart.gallery.serve import Server

from .live import got, refused, served


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with served(tmp_path_factory.mktemp("gallery")) as client:
        yield client


def port(client: httpx.Client) -> int:
    return client.base_url.port or 80


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"])
def test_the_gallery_answers_under_its_own_names(gallery: httpx.Client, name: str) -> None:
    got(gallery.get("/api/works", headers={"Host": f"{name}:{port(gallery)}"}))


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "localhost", "localhost:1", "127.0.0.1", ""]
)
def test_a_name_that_leads_here_is_not_enough(gallery: httpx.Client, host: str) -> None:
    headers = {"Host": host.format(port=port(gallery))}
    for path in ("/", "/api/works", "/static/x", "/nothing"):
        refused(gallery.get(path, headers=headers), 403, "host")


def raw(client: httpx.Client, lines: list[str]) -> int:
    """The status of a request that is sent as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", port(client), timeout=20)
    connection.connect()
    connection.sock.sendall("\r\n".join([*lines, "", ""]).encode())
    answer = http.client.HTTPResponse(connection.sock)
    answer.begin()
    status = answer.status
    answer.close()
    connection.close()
    return status


def test_two_hosts_or_none_are_refused(gallery: httpx.Client) -> None:
    own = f"Host: localhost:{port(gallery)}"
    assert raw(gallery, ["GET /api/works HTTP/1.1", own, "Connection: close"]) == 200
    assert raw(gallery, ["GET /api/works HTTP/1.1", own, own, "Connection: close"]) in (400, 403)
    assert raw(gallery, ["GET /api/works HTTP/1.1", "Connection: close"]) in (400, 403)
    assert raw(gallery, ["GET /api/works HTTP/1.0"]) == 403


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://localhost:{port}", "http://localhost:1", ""]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_other_sites_may_not_ask(gallery: httpx.Client, method: str, origin: str) -> None:
    headers = {"Origin": origin.format(port=port(gallery)), "Host": f"localhost:{port(gallery)}"}
    refused(gallery.request(method, "/api/works", headers=headers), 403, "origin")


def test_the_own_page_may_ask(gallery: httpx.Client) -> None:
    headers = {
        "Origin": f"http://localhost:{port(gallery)}",
        "Host": f"localhost:{port(gallery)}",
        "Sec-Fetch-Site": "same-origin",
    }
    got(gallery.post("/api/works", json={"seed": "1", "style": "neat"}, headers=headers))


def test_other_sites_may_link_to_the_page_but_embed_nothing(gallery: httpx.Client) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert gallery.get("/", headers=headers).status_code != 403
    refused(gallery.get("/api/works", headers=headers), 403, "other sites")
    refused(gallery.get("/static/app.js", headers=headers), 403, "other sites")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_a_form_can_send_is_no_json(gallery: httpx.Client, kind: str) -> None:
    answer = gallery.post("/api/works", content=b'{"seed":"1"}', headers={"Content-Type": kind})
    refused(answer, 400, "content-type")


@pytest.mark.parametrize("path", ["/", "/api/works", "/api/works/none", "/nothing", "/api/choices"])
def test_every_answer_says_what_a_page_may_do(gallery: httpx.Client, path: str) -> None:
    for headers in ({}, {"Host": "evil.example"}):
        answer = gallery.get(path, headers=headers)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/static/../home.py",
        "/static/..%2fhome.py",
        "/static/%2e%2e/home.py",
        "/static/..%5chome.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/.",
        "/static/..",
        "/static/%00",
        "/api/works/..%2f..%2fgallery.db/thumbnail.webp",
        "/api/works/%2e%2e/thumbnail.webp",
        "/api/jobs/..%2fgallery.db/file",
    ],
)
def test_no_path_reaches_the_file_system(gallery: httpx.Client, path: str) -> None:
    own = f"Host: localhost:{port(gallery)}"
    assert raw(gallery, [f"GET {path} HTTP/1.1", own, "Connection: close"]) == 404


def test_bodies_are_limited(gallery: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MAX_BODY", 5000)
    monkeypatch.setattr(requests, "MAX_JSON", 1000)
    refused(gallery.post("/api/works?name=a.png", content=b"x" * 6000), 413, "6000")
    parts: Iterator[bytes] = iter([b"x" * 1000] * 6)
    refused(gallery.post("/api/works?name=a.png", content=parts), 413, "5000")
    refused(gallery.post("/api/works", json={"seed": "x" * 2000}), 413, "1000")


def test_a_length_is_a_number(gallery: httpx.Client) -> None:
    own = f"Host: localhost:{port(gallery)}"
    for length in ("-1", "1e3", "0x10", "9" * 40):
        lines = ["POST /api/works HTTP/1.1", own, f"Content-Length: {length}", "Connection: close"]
        assert raw(gallery, lines) in (400, 413)


def test_methods_that_an_address_does_not_have_are_refused(gallery: httpx.Client) -> None:
    refused(gallery.put("/api/works"), 405)
    refused(gallery.delete("/api/works"), 405)
    assert gallery.options("/api/works").status_code == 405


def test_a_server_on_all_addresses_takes_addresses_but_no_names() -> None:
    hosts, any_address = hosts_of("0.0.0.0", 80)
    own = Guard(lambda *_: None, hosts, any_address)  # type: ignore[arg-type, return-value]
    taken = ["192.168.1.7", "192.168.1.7:80", "[fe80::1]", "[fe80::1]:80", "localhost:80"]
    assert all(own._is_ours(host) for host in taken)
    names = ["evil.example", "evil.example:80", "192.168.1.7.evil.example", "", "1.2.3", "a:b:c"]
    assert not any(own._is_ours(host) for host in names)


def test_a_server_on_one_address_takes_no_other() -> None:
    hosts, any_address = hosts_of("192.168.1.7", 8000)
    assert "192.168.1.7:8000" in hosts
    assert not any_address


def test_small_answers_are_sent_at_once(tmp_path: Path) -> None:
    # asyncio switches off Nagle's algorithm for sockets that say that they are of TCP
    server = Server(open_home(tmp_path))
    assert server._listener.proto == socket.IPPROTO_TCP
    server.close()
