"""The files of the page itself."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from .errors import NotThere

KINDS = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "png": "image/png",
}
"""What browsers are told, whatever the system thinks of these suffixes."""


async def page(request: Request) -> Response:
    """The page."""
    return await run_sync(_static, request, "index.html")


async def static(request: Request) -> Response:
    """What it is made of."""
    return await run_sync(_static, request, request.path_params["name"])


def _static(request: Request, name: str) -> Response:
    """A file of the page: by its name among those that are there, never by a path."""
    folder = files(__package__).joinpath("static")
    found = {file.name: file for file in folder.iterdir()} if folder.is_dir() else {}
    if name not in found or not found[name].is_file():
        raise NotThere(f"{name[:80]!r}: there is no such file")
    content = found[name].read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"Cache-Control": "no-cache", "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    kind = KINDS.get(name.rpartition(".")[2], "application/octet-stream")
    return Response(content, headers=headers, media_type=kind)
