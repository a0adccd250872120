"""Rendering on a dask cluster: pictures larger than one machine, and films of many.

Workers are sent the recipe of a picture and the boxes to render, and write the tiles themselves,
so that nothing large travels; they need cppnart of the same version and the folder that is written
to. dask pickles the messages between its processes: use only clusters that you trust.

Workers that you start yourself do best with `MALLOC_TRIM_THRESHOLD_=268435456` and
`MALLOC_MMAP_THRESHOLD_=268435456` in their environment. dask's own setting gives memory back at
once, to be asked for again: tiles of zarr then take 8 % longer, and those of Deep Zoom a third.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

import cppnart
from cppnart.render.api import Progress, Rendered
from cppnart.render.ordered import cores
from cppnart.render.prepare import Prepared, Source, prepare
from cppnart.render.recipe import recipe_text
from cppnart.render.renderer import LEVELS, Rows
from cppnart.render.sizes import Size, check_size
from cppnart.render.stores import (
    TILE,
    Job,
    Store,
    ZarrStore,
    check_folder,
    check_tile,
    import_extra,
    render_box,
)
from cppnart.render.tiles import DeepZoom

if TYPE_CHECKING:
    from dask.array import Array
    from distributed import Client, Future

CONNECT_SECONDS = 5.0
SILENT = logging.CRITICAL + 1
RETRIES = 2
"""How often a task that failed is tried again; one whose worker died is, whatever this says."""
WORKER_ENVIRONMENT = {
    # dask's own are such that freed memory goes back at once, to be asked for again.
    "MALLOC_TRIM_THRESHOLD_": str(1 << 28),
    "MALLOC_MMAP_THRESHOLD_": str(1 << 28),
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}

Item = TypeVar("Item")
Result = TypeVar("Result")


def render_on_cluster(
    prepared: Prepared,
    output: str | os.PathLike[str],
    *,
    dask: str | None = None,
    tile: int = TILE,
    kind: str = "png",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Rendered:
    """Renders a picture in tiles on a dask cluster.

    output: `name.zarr`, an array (H, W, C) in zarr's format 2 whose chunks are the tiles, or
    `name.dzi`, a Deep Zoom pyramid with its tiles in `name_files`. dask: the address of a
    scheduler, such as tcp://scheduler:8786; None starts workers on this machine for the time that
    it takes. tile: pixels a side of what is rendered at once, a multiple of 64. kind: of the
    files of a Deep Zoom pyramid, png or jpg. progress: called with pixels done and to do.

    What an interrupted run has left is continued, provided that it is the same picture; another
    picture is refused, or replaced when overwrite says so. Workers may come, go and die.

    Raises ValueError for what cannot be rendered or continued, OSError where the scheduler or the
    folder cannot be reached, and ModuleNotFoundError where dask or zarr is not installed.
    """
    began = time.perf_counter()
    store = store_for(prepared, output, tile=tile, kind=kind)
    recipe = recipe_text(prepared.recipe)
    check_folder(Path(store.path).parent)
    with connect(dask) as client:
        check_workers(client, Path(store.path).parent)
        store.begin(recipe, overwrite)
        _run(client, store, recipe, progress)
    store.finish()
    return Rendered(
        os.fspath(output),
        *_size(prepared),
        prepared.recipe.seed,
        prepared.recipe.style,
        prepared.palette.name,
        prepared.recipe.finish or "plain",
        round(time.perf_counter() - began, 3),
        None,
    )


def store_for(
    prepared: Prepared, output: str | os.PathLike[str], *, tile: int = TILE, kind: str = "png"
) -> ZarrStore | DeepZoom:
    """The store that an output's name asks for; nothing is written yet."""
    path = os.path.realpath(output)
    suffix = Path(path).suffix.lower()
    (width, height), recipe = _size(prepared), prepared.recipe
    channels = len(prepared.picture.colour.outputs)
    check_tile(tile)
    check_size(Size(width, height), channels=channels, bits=recipe.bits, path="tiles.tif")
    if suffix == ".zarr":
        return ZarrStore(path, width, height, channels, recipe.bits, tile)
    if suffix == ".dzi":
        return DeepZoom(path, width, height, channels, recipe.bits, tile, recipe.dither, kind)
    raise ValueError(
        f"{os.fspath(output)}: a cluster writes a name that ends in .zarr or .dzi (Deep Zoom)"
    )


def _size(prepared: Prepared) -> tuple[int, int]:
    x0, y0, x1, y1 = prepared.settings().area
    return x1 - x0, y1 - y0


def _run(client: Client, store: Store, recipe: str, progress: Progress | None) -> None:
    total = sum(_area(job) for jobs in store.stages() for job in jobs)
    done = 0

    def count(job: Job) -> None:
        nonlocal done
        done += _area(job)
        if progress is not None:
            progress(done, total)

    def missing(jobs: Iterable[Job]) -> Iterator[Job]:
        for job in jobs:
            if store.is_done(job):
                count(job)
            else:
                yield job

    for jobs in store.stages():
        for job in as_done(client, _do, missing(jobs), store, recipe):
            count(job)


def _do(job: Job, store: Store, recipe: str) -> None:
    store.run(job, recipe)


def _area(job: Job) -> int:
    _, (x0, y0, x1, y1) = job
    return (x1 - x0) * (y1 - y0)


def as_dask(
    source: Source | Prepared | None = None, *, tile: int = TILE, **parameters: Any
) -> Array:
    """A picture as a lazy dask array (H, W, C), whose chunks are tiles.

    source and parameters: as for `cppnart.render`, whose pixels these are, bit for bit. Computing
    a part renders only the tiles that it touches, wherever dask is told to compute.
    """
    da = import_extra("dask.array")
    check_tile(tile)
    prepared = _prepare(source, parameters)
    width, height = _size(prepared)
    channels = len(prepared.picture.colour.outputs)
    kind = np.dtype(LEVELS[prepared.recipe.bits][1])
    array: Array = da.map_blocks(
        _chunk,
        recipe_text(prepared.recipe),
        chunks=(_cut(height, tile), _cut(width, tile), (channels,)),
        dtype=kind,
        meta=np.empty((0, 0, 0), kind),
    )
    return array


def _prepare(source: Source | Prepared | None, parameters: dict[str, Any]) -> Prepared:
    """What cppnart.render makes of its arguments."""
    if isinstance(source, Prepared):
        if not parameters:
            return source
        source = source.recipe
    return prepare(source, **parameters)


def _cut(length: int, tile: int) -> tuple[int, ...]:
    return tuple(min(tile, length - start) for start in range(0, length, tile))


def _chunk(recipe: str, block_info: Any) -> Rows:
    (y0, y1), (x0, x1), _ = block_info[None]["array-location"]
    return render_box(recipe, (x0, y0, x1, y1))


# --- Clusters ---


@contextmanager
def connect(address: str | None, workers: int | None = None) -> Iterator[Client]:
    """A client of the scheduler at an address, or of workers on this machine when it is None.

    workers: how many there, of one thread each; one a core when None. They end with the block, and
    listen on this machine alone, where other users could reach them. Raises OSError, after a few
    seconds, where no scheduler answers. A script that asks for workers of its own starts with
    `if __name__ == "__main__":`, as always with new processes.
    """
    distributed = import_extra("distributed")
    if address is not None:
        _check_scheduler(address)
    with ExitStack() as stack:
        stack.enter_context(_silent_logs())
        if address is None:
            cluster = stack.enter_context(_local_cluster(workers or cores()))
            client = stack.enter_context(distributed.Client(cluster, set_as_default=False))
            client.register_worker_callbacks(setup=_ignore_interrupts)
        else:
            client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
            stack.enter_context(client)
        yield client


def _local_cluster(workers: int) -> Any:
    """Processes of one thread each, which are faster than the threads of one process."""
    dask, distributed = import_extra("dask"), import_extra("distributed")
    before = dict(os.environ)
    # dask prefers what is in our environment, where a cluster before may have left its own.
    os.environ.update(WORKER_ENVIRONMENT)
    try:
        with dask.config.set({"distributed.nanny.pre-spawn-environ": WORKER_ENVIRONMENT}):
            return distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                host="127.0.0.1",
                # Without an address it would listen at port 8787, which may be taken.
                scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                memory_limit=0,
                silence_logs=SILENT,
            )
    finally:
        for name in WORKER_ENVIRONMENT:
            if name in before:
                os.environ[name] = before[name]
            else:
                os.environ.pop(name, None)


@contextmanager
def _silent_logs() -> Iterator[None]:
    """What goes wrong is raised; dask's tracebacks beside it would only hide that."""
    levels = {handler: handler.level for handler in logging.getLogger("distributed").handlers}
    for handler in levels:
        handler.setLevel(SILENT)
    try:
        yield
    finally:
        for handler, level in levels.items():
            handler.setLevel(level)


def _ignore_interrupts() -> None:
    """Ctrl-C reaches all processes of a terminal, but is for the one that tells the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _check_scheduler(address: str) -> None:
    """Refuses an address where no scheduler answers; dask's client can wait for one for ever."""
    comm, distributed = import_extra("distributed.comm"), import_extra("distributed")

    async def answer() -> None:
        arguments = distributed.Security().get_connection_args("client")
        link = await asyncio.wait_for(
            comm.connect(address, timeout=CONNECT_SECONDS, **arguments), CONNECT_SECONDS
        )
        link.abort()

    try:
        # In a thread of its own, because a notebook's has a loop already.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, answer()).result()
    except ValueError as error:
        raise ValueError(f"dask {address!r}: {error}; expected tcp://host:8786") from None
    except Exception as error:  # another server's answer can be anything
        raise OSError(f"no dask scheduler answers at {address} ({_line(error)})") from None


def check_workers(client: Client, folder: Path | None = None) -> None:
    """Refuses workers that would draw something else, or write somewhere else than in a folder."""
    with ExitStack() as stack:
        probe = None if folder is None else stack.enter_context(_probe(folder))
        answers = client.run(_look, probe, on_error="return")
    if not answers:
        warnings.warn("the cluster has no workers yet: waiting for some", stacklevel=2)
    for worker, answer in answers.items():
        if isinstance(answer, BaseException):
            raise OSError(f"the worker {worker} cannot run cppnart ({_line(answer)})")
        version, seen = answer
        if version != cppnart.__version__:
            raise OSError(
                f"the worker {worker} has cppnart {version}, not {cppnart.__version__}, and may"
                " draw other pictures"
            )
        if not seen:
            raise OSError(
                f"the worker {worker} does not see {folder}: give a folder that all workers share"
            )


@contextmanager
def _probe(folder: Path) -> Iterator[str]:
    """The name of a file in a folder, for as long as the block lasts."""
    path = folder / f".cppnart-{secrets.token_hex(6)}"
    try:
        path.touch(exist_ok=False)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from None
    try:
        yield os.fspath(path)
    finally:
        path.unlink()


def _look(path: str | None) -> tuple[str, bool]:
    return cppnart.__version__, path is None or os.path.exists(path)


# --- Work ---


def as_done(
    client: Client,
    function: Callable[..., object],
    items: Iterable[Item],
    *common: Any,
    window: int | None = None,
    retries: int = RETRIES,
) -> Iterator[Item]:
    """Calls function(item, *common) on a cluster, for what it does; gives the items as they end.

    At most `window` calls are under way, however many items there are. common is sent once, and
    kept by the workers. A call whose worker dies is made again, so that it may happen twice; one
    that fails is made again `retries` times, and then its error is raised here. Raises OSError
    when several workers died over one call, or the scheduler is gone. Leaving early cancels what
    has not begun.
    """
    submit = _submitter(client, function, common, retries)
    ended = import_extra("distributed").as_completed(loop=client.loop)
    waiting = iter(items)
    under_way: dict[Future, Item] = {}

    def add(count: int) -> None:
        for item in islice(waiting, count):
            future = submit(item)
            under_way[future] = item
            ended.add(future)

    try:
        add(window or max(256, 4 * _threads(client)))
        for future in ended:
            if future.status != "finished":
                _result(future)
            item = under_way.pop(future)
            add(1)
            yield item
    finally:
        _cancel(client, list(under_way))


def map_in_order(
    client: Client,
    function: Callable[..., Result],
    items: Iterable[Item],
    *common: Any,
    window: int | None = None,
    retries: int = RETRIES,
) -> Iterator[Result]:
    """Calls function(item, *common) on a cluster; gives the results in the order of the items.

    The rest is as for as_done. At most `window` results are under way, or wait on the workers for
    their turn: by default two for each thread.
    """
    submit = _submitter(client, function, common, retries)
    waiting = iter(items)
    under_way = deque(map(submit, islice(waiting, window or 2 * _threads(client) + 1)))
    try:
        while under_way:
            result = _result(under_way.popleft())
            under_way.extend(map(submit, islice(waiting, 1)))
            yield result
    finally:
        _cancel(client, list(under_way))


def _submitter(
    client: Client, function: Callable[..., Any], common: tuple[Any, ...], retries: int
) -> Callable[[Any], Future]:
    # As results of tasks, they can be made again when the worker that holds them dies.
    shared = [client.submit(_same, value, pure=False) for value in common]
    # One name for all tasks, with a number: dask then keeps them back until a worker is free.
    name = f"{getattr(function, '__name__', 'call').strip('_')}-{secrets.token_hex(8)}"
    numbers = iter(range(1 << 62))

    def submit(item: Any) -> Future:
        key = (name, next(numbers))
        return client.submit(function, item, *shared, key=key, retries=retries, pure=False)

    return submit


def _same(value: Result) -> Result:
    return value


def _threads(client: Client) -> int:
    return max(sum(map(int, client.nthreads().values())), 1)


def _result(future: Future) -> Any:
    """The result of a task, when it is there, or its error."""
    killed = import_extra("distributed").KilledWorker
    try:
        return future.result()
    except killed as error:
        raise OSError(
            f"workers died over the same task, the last of them {error.last_worker.address}; their"
            " logs may say why. Run it again to continue"
        ) from None
    except CancelledError:
        raise OSError(
            "the scheduler is gone, or somebody cancelled the work: run it again to continue"
        ) from None


def _cancel(client: Client, futures: list[Future]) -> None:
    if futures:
        with suppress(Exception):  # the scheduler may be what failed
            client.cancel(futures)


def _line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__
