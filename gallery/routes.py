"""What the server answers to: one function for each address, no logic of its own."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import msgspec
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from cppnart.cppn import styles
from cppnart.render.finishes import FINISHES
from cppnart.render.palettes import PALETTES

from . import pictures, requests, tiles, works
from .app_state import State
from .assets import page, static
from .drawings import drawing_of
from .errors import Conflict, NotThere
from .jobs import Request as JobRequest
from .lineage import children_of, lineage_of
from .nurseries import CHOICES, Settings

P = ParamSpec("P")
T = TypeVar("T")

LASTING = {"Cache-Control": "private, max-age=3600"}
"""For what never changes, but might after an update."""


def _state(request: Request) -> State:
    state: State = request.app.state.gallery
    return state


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    content = msgspec.json.encode(value)
    kept = headers or {"Cache-Control": "no-store"}
    return Response(content, status, kept, media_type="application/json")


async def _in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """For work that is short, but waits for a disk."""
    return await run_sync(lambda: work(*args, **kwargs))


# --- Works ---


async def works_list(request: Request) -> Response:
    chosen = requests.search(request)
    found = await _in_thread(works.find, _state(request).collection.catalogue, **chosen)
    return _json({"total": found.total, "works": found.works, "tags": found.tags})


async def works_add(request: Request) -> Response:
    state = _state(request)
    if "name" in request.query_params:
        return await _upload(request)
    seed = await requests.body(request, requests.Seed)

    def add() -> works.Work:
        return state.collection.add_seed(
            seed.seed,
            seed.title,
            seed.tags,
            style=seed.style,
            palette=seed.palette,
            finish=seed.finish,
            color=seed.color,
        )

    return _json(await state.workers.breed(request, add), 201)


async def _upload(request: Request) -> Response:
    """A file goes to the disk as it comes, under a name of ours; its own says only what it is."""
    state, name = _state(request), request.query_params["name"]
    path = state.collection.home.incoming(requests.suffix(name))
    try:
        with path.open("xb") as file:
            async for part in request.stream():
                await run_sync(file.write, part)
        try:
            work = await state.workers.breed(
                request, state.collection.add_file, path, title=works.titled(name)
            )
        except (ValueError, OSError) as error:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise  # that is no fault of the file
            # the name on our disk is nobody's business
            line = str(error).replace(str(path), name[:80])
            raise type(error)(line) if type(error) is ValueError else ValueError(line) from None
    finally:
        path.unlink(missing_ok=True)
    return _json(work, 201)


async def work_get(request: Request) -> Response:
    collection, id = _state(request).collection, request.path_params["id"]

    def found() -> dict[str, Any]:
        work = collection.work(id)
        recipe = collection.recipe(id)
        more = {
            "recipe": works.shown_recipe(recipe),
            "text": works.command_of(work),
            "children": children_of(collection.catalogue, id),
        }
        return {**msgspec.structs.asdict(work), **more}

    return _json(await _in_thread(found))


async def work_change(request: Request) -> Response:
    change = await requests.body(request, requests.Change)
    return await _changed(request, title=change.title, tags=change.tags, favourite=change.favourite)


async def work_delete(request: Request) -> Response:
    return await _changed(request, state=works.DELETED)


async def work_restore(request: Request) -> Response:
    return await _changed(request, state=works.KEPT)


async def _changed(request: Request, **changes: Any) -> Response:
    catalogue = _state(request).collection.catalogue
    return _json(await _in_thread(works.change, catalogue, request.path_params["id"], **changes))


async def work_lineage(request: Request) -> Response:
    catalogue = _state(request).collection.catalogue
    return _json(await _in_thread(lineage_of, catalogue, request.path_params["id"]))


async def work_drawing(request: Request) -> Response:
    state, id = _state(request), request.path_params["id"]

    def drawn() -> dict[str, Any]:
        return drawing_of(state.collection.prepared(id))

    return _json(await state.workers.run(request, drawn), headers=LASTING)


async def work_shader(request: Request) -> Response:
    state, id = _state(request), request.path_params["id"]
    return _json(await state.workers.run(request, state.collection.shader, id), headers=LASTING)


async def work_thumbnail(request: Request) -> Response:
    state, id = _state(request), request.path_params["id"]
    return _webp(await state.workers.run(request, state.collection.thumbnail, id))


async def work_webp(request: Request) -> Response:
    state, id = _state(request), request.path_params["id"]
    side = pictures.checked_side(requests.number(request, "size", 256))

    def drawn() -> bytes:
        return pictures.small(state.collection.prepared(id), side)

    return _webp(await state.workers.run(request, drawn))


async def work_png(request: Request) -> Response:
    state, id = _state(request), request.path_params["id"]
    side = pictures.checked_side(requests.number(request, "size", 1024))

    def drawn() -> bytes:
        path = state.collection.home.incoming(".png")
        return pictures.png(state.collection.prepared(id), side, path)

    content = await state.workers.run(request, drawn)
    return Response(content, headers=LASTING, media_type="image/png")


async def work_tile(request: Request) -> Response:
    state, id = _state(request), request.path_params["id"]
    level, x, y = (request.path_params[name] for name in ("level", "x", "y"))
    tile = tiles.parse_tile(level, x, y, request.query_params.get("side", "256"))

    def drawn() -> bytes:
        return pictures.webp(tiles.tile_pixels(state.collection.prepared(id), tile))

    return _webp(await state.workers.run(request, drawn))


def _webp(content: bytes) -> Response:
    return Response(content, headers=LASTING, media_type="image/webp")


# --- Nurseries ---


async def nursery_begin(request: Request) -> Response:
    state, begin = _state(request), await requests.body(request, requests.Begin)
    start, settings = begin.start, Settings(**begin.changes())
    given = sum((start.works is not None, start.seed is not None, start.nothing))
    if given != 1:
        raise ValueError("start: expected one of works, a seed, or nothing")

    def bred() -> Any:
        parents = list(start.works or [])
        if start.seed is not None:
            parents = [state.nurseries.seedling(start.seed, start.style)]
        return state.nurseries.begin(parents, settings)

    return _json(await state.workers.breed(request, bred), 201)


async def nursery_get(request: Request) -> Response:
    state, id = _state(request), request.path_params["id"]
    return _json(await state.workers.run(request, state.nurseries.get, id))


async def nursery_next(request: Request) -> Response:
    state, asked = _state(request), await requests.body(request, requests.Next)
    id = request.path_params["id"]
    work = state.nurseries.next
    return _json(
        await state.workers.breed(request, work, id, asked.chosen, asked.changes(), asked.round)
    )


async def nursery_again(request: Request) -> Response:
    state, id = _state(request), request.path_params["id"]
    asked = requests.Again()
    if request.headers.get("content-length", "0") != "0":
        asked = await requests.body(request, requests.Again)
    return _json(await state.workers.breed(request, state.nurseries.again, id, asked.changes()))


async def nursery_back(request: Request) -> Response:
    state, id = _state(request), request.path_params["id"]
    return _json(await state.workers.run(request, state.nurseries.back, id))


async def nursery_keep(request: Request) -> Response:
    state, id = _state(request), request.path_params["id"]
    asked = await requests.body(request, requests.Keep)
    work = state.nurseries.keep
    return _json(
        await state.workers.run(
            request, work, id, asked.index, asked.title, asked.tags, asked.round
        ),
        201,
    )


async def round_shaders(request: Request) -> Response:
    state, id = _state(request), request.path_params["id"]
    number = requests.place(request, "round")

    def drawn() -> list[Any]:
        found: list[Any] = []
        for key, recipe in state.nurseries.all_of(id, number):
            try:
                found.append(state.collection.shader_from(key, recipe))
            except NotThere:
                found.append(None)
        return found

    return _json(await state.workers.run(request, drawn), headers=LASTING)


async def child_shader(request: Request) -> Response:
    state, child = _state(request), _child(request)
    work = state.collection.shader_from
    return _json(await state.workers.run(request, lambda: work(*child())), headers=LASTING)


async def child_drawing(request: Request) -> Response:
    state, child = _state(request), _child(request)

    def drawn() -> dict[str, Any]:
        return drawing_of(state.collection.picture_from(*child()))

    return _json(await state.workers.run(request, drawn), headers=LASTING)


async def child_picture(request: Request) -> Response:
    state, child = _state(request), _child(request)
    side = pictures.checked_side(requests.number(request, "size", 256))

    def drawn() -> bytes:
        return pictures.small(state.collection.picture_from(*child()), side)

    return _webp(await state.workers.run(request, drawn))


def _child(request: Request) -> Callable[[], Any]:
    state, id = _state(request), request.path_params["id"]
    number, index = requests.place(request, "round"), requests.place(request, "index")
    return lambda: state.nurseries.child(id, number, index)


# --- Jobs ---


async def jobs_list(request: Request) -> Response:
    return _json(await _in_thread(_state(request).jobs.all))


async def jobs_add(request: Request) -> Response:
    asked = await requests.body(request, JobRequest)
    return _json(await _in_thread(_state(request).jobs.add, asked), 201)


async def job_get(request: Request) -> Response:
    return _json(await _in_thread(_state(request).jobs.get, request.path_params["id"]))


async def job_cancel(request: Request) -> Response:
    return _json(await _in_thread(_state(request).jobs.cancel, request.path_params["id"]))


async def job_file(request: Request) -> Response:
    jobs = _state(request).jobs
    job = await _in_thread(jobs.get, request.path_params["id"])
    if job.file is None:
        raise Conflict(f"the job is {job.state}: its file is there when it is done")
    path = jobs.path(job)
    if not path.is_file():
        raise NotThere("the file of this job is gone")
    headers = {
        "Content-Disposition": f'attachment; filename="{job.file}"',
        "Cache-Control": "no-store",
    }
    return FileResponse(path, headers=headers)


async def events(request: Request) -> Response:
    listening = _state(request).events
    if listening.full:
        raise Conflict("too many pages listen already")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(listening.listen(), headers=headers, media_type="text/event-stream")


# --- The rest ---


async def choices(request: Request) -> Response:
    found = {
        "styles": list(styles.names()),
        "palettes": list(PALETTES),
        "finishes": list(FINISHES),
        "colours": CHOICES["colour"],
        "activations": CHOICES["activations"],
        "inputs": CHOICES["inputs"],
        "kinds": list(works.KINDS),
        "sorts": list(works.SORTS),
        "jobs": ["png", "tiff", "mp4"],
    }
    return _json(found)


_WORK, _NURSERY = "/api/works/{id}", "/api/nurseries/{id}"
_CHILD = f"{_NURSERY}/{{round}}/{{index}}"

ROUTES = [
    Route("/", page),
    Route("/static/{name}", static),
    Route("/api/choices", choices),
    Route("/api/works", works_list),
    Route("/api/works", works_add, methods=["POST"]),
    Route(_WORK, work_get),
    Route(_WORK, work_change, methods=["PATCH"]),
    Route(_WORK, work_delete, methods=["DELETE"]),
    Route(f"{_WORK}/restore", work_restore, methods=["POST"]),
    Route(f"{_WORK}/lineage", work_lineage),
    Route(f"{_WORK}/drawing", work_drawing),
    Route(f"{_WORK}/shader", work_shader),
    Route(f"{_WORK}/thumbnail.webp", work_thumbnail),
    Route(f"{_WORK}/picture.webp", work_webp),
    Route(f"{_WORK}/picture.png", work_png),
    Route(f"{_WORK}/tiles/{{level}}/{{x}}/{{y}}.webp", work_tile),
    Route("/api/nurseries", nursery_begin, methods=["POST"]),
    Route(_NURSERY, nursery_get),
    Route(f"{_NURSERY}/next", nursery_next, methods=["POST"]),
    Route(f"{_NURSERY}/again", nursery_again, methods=["POST"]),
    Route(f"{_NURSERY}/back", nursery_back, methods=["POST"]),
    Route(f"{_NURSERY}/keep", nursery_keep, methods=["POST"]),
    Route(f"{_NURSERY}/{{round}}/shaders", round_shaders),
    Route(f"{_CHILD}/shader", child_shader),
    Route(f"{_CHILD}/drawing", child_drawing),
    Route(f"{_CHILD}/picture.webp", child_picture),
    Route("/api/jobs", jobs_list),
    Route("/api/jobs", jobs_add, methods=["POST"]),
    Route("/api/jobs/{id}", job_get),
    Route("/api/jobs/{id}", job_cancel, methods=["DELETE"]),
    Route("/api/jobs/{id}/file", job_file),
    Route("/api/events", events),
]
