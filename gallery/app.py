"""The application: routes, what they share, and how errors are answered."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .app_state import State
from .collection import Collection
from .errors import Conflict, NotThere, TooLarge
from .events import Events
from .guard import Guard
from .home import Home, Served
from .jobs import Job, Jobs
from .nurseries import Nurseries
from .routes import ROUTES
from .workers import Busy, Gone, Workers

log = logging.getLogger("cppnart.gallery")


def application(home: Home, hosts: Iterable[str], any_address: bool = False) -> Starlette:
    """The web application of a gallery; hosts: what the header Host may say, see ``guard``."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        served = Served(home)
        collection = Collection(home)
        events, workers = Events(), Workers()

        def report(job: Job) -> None:
            events.send("job", job.id, msgspec.json.encode(job))

        jobs = Jobs(collection, report)
        app.state.gallery = State(collection, Nurseries(collection), workers, jobs, events)
        jobs.start()
        try:
            yield
        finally:
            events.close()
            jobs.close()
            workers.close()
            collection.close()
            served.release()

    app = Starlette(
        routes=ROUTES,
        lifespan=lifespan,
        middleware=[Middleware(Guard, hosts=hosts, any_address=any_address)],
        exception_handlers={
            HTTPException: _http,
            NotThere: _answer(404),
            Conflict: _answer(409),
            TooLarge: _answer(413),
            Busy: _answer(429),
            Gone: _gone,
            ValueError: _answer(400),
            OSError: _answer(507),
            Exception: _failed,
        },
    )
    app.router.redirect_slashes = False
    return app


def _answer(status: int) -> Callable[[Request, Exception], Response]:
    def handler(request: Request, error: Exception) -> Response:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        return JSONResponse({"error": line[:500]}, status)

    return handler


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, dict(error.headers or {}))


def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=499)  # nobody reads this


def _failed(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    line = "the gallery failed to answer; its own output says why"
    return JSONResponse({"error": line}, 500)
