"""Who may ask, and how much they may send: before anything else of the server sees a request."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import TooLarge

MAX_BODY = 256 << 20
"""Of a file that is added; JSON has a limit of its own."""
POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Refuses requests that some other page made a browser send.

    A page of another site can name this server, by its own name too if its DNS says so: so the
    header Host must be one of ours, which DNS rebinding cannot bring about, and Origin must be that
    same host wherever a browser sends one. any_address: take every IP address for a host of ours,
    for servers that listen on all; no name in DNS can look like one.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], any_address: bool = False) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)
        self.any_address = any_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # there are no websockets
        headers = Headers(scope=scope)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = self._refusal(scope, headers)
        if refusal is not None:
            status, line = refusal
            await JSONResponse({"error": line}, status)(scope, receive, answer)
            return
        await self.app(scope, _limited(receive), answer)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return 403, f"host {', '.join(hosts)[:80]!r}: this gallery answers under its own only"
        for origin in origins:
            if origin.lower() != f"http://{hosts[0].lower()}":
                return 403, f"origin {origin[:80]!r}: other sites may not ask this gallery"
        foreign = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if foreign and scope["path"] != "/":
            return 403, "other sites may not ask this gallery"
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or len(length) > 18:
            return 400, "content-length: expected a number"
        if int(length) > MAX_BODY:
            return 413, f"{length} bytes: expected at most {MAX_BODY}"
        return None

    def _is_ours(self, host: str) -> bool:
        if host.lower() in self.hosts:
            return True
        return self.any_address and _is_address(host)


def _is_address(host: str) -> bool:
    """Whether a Host is an IP address, with a port or without."""
    name = host.rpartition(":")[0] if host.count(":") == 1 or "]:" in host else host
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _limited(receive: Receive) -> Receive:
    """Counts what comes in, since a length need not be given, nor be true."""
    count = 0

    async def counted() -> Message:
        nonlocal count
        message = await receive()
        count += len(message.get("body", b""))
        if count > MAX_BODY:
            raise TooLarge(f"more than {MAX_BODY} bytes: expected fewer")
        return message

    return counted


def hosts_of(host: str, port: int) -> tuple[list[str], bool]:
    """What Host may say for a server at this address: and whether any address will do."""
    names = ["localhost", "127.0.0.1", "[::1]"]
    everywhere = host in ("0.0.0.0", "::", "")
    if not everywhere:
        names.append(f"[{host}]" if ":" in host else host)
    hosts = [f"{name}:{port}" for name in names]
    return hosts + (names if port == 80 else []), everywhere
