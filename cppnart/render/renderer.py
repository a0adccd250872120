"""Pictures to rows of pixels: by blocks on the CPU kernel, or point by point on any backend."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cppnart.fields import numpy_backend
from cppnart.fields.coordinates import Geometry, View, geometry
from cppnart.fields.program import Program
from cppnart.render.colour import srgb_encode
from cppnart.render.ordered import cores
from cppnart.render.picture import Picture

if TYPE_CHECKING:
    from cppnart.render import blocks

BAND = 64
"""Rows rendered at once: the height of a block."""
TORCH_POINTS = 1 << 20
"""Points that torch evaluates at once: more would fill a device's memory with hidden layers."""
LEVELS = {8: (255, np.uint8), 16: (65535, np.uint16), 32: (0, np.float32)}

Clip: TypeAlias = tuple[int, int, int, int]
Rows: TypeAlias = NDArray[Any]
Evaluate: TypeAlias = Callable[[Program, dict[str, Any]], NDArray[Any]]


@dataclass
class Settings:
    """How a picture becomes pixels.

    width, height: of the full frame; clip: the part to render, (x0, y0, x1, y1), None for all.
    samples: a pixel, 1 to 64. bits: 8, 16, or 32 for encoded fractions. device: cpu, or one of
    torch's. threads: None for one a core.
    """

    width: int
    height: int
    view: View = field(default_factory=View)
    clip: Clip | None = None
    samples: int = 1
    bits: int = 8
    dither: bool = True
    exact: bool = False
    device: str = "cpu"
    threads: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.samples <= 64:
            raise ValueError(f"samples {self.samples}: expected 1 to 64")
        if self.bits not in LEVELS:
            raise ValueError(f"bits {self.bits}: expected 8 or 16, or 32 for fractions")
        if self.threads is not None and not 1 <= self.threads <= 1024:
            raise ValueError(f"threads {self.threads}: expected 1 to 1024")

    @property
    def area(self) -> Clip:
        return self.clip or (0, 0, self.width, self.height)


class Shot(Protocol):
    """A picture in the two forms that renderers take; only the one that is needed is made."""

    def picture(self) -> Picture: ...

    def laid_out(self) -> blocks.Prepared: ...


@dataclass(frozen=True)
class Still:
    """A picture as it is."""

    of: Picture

    def picture(self) -> Picture:
        return self.of

    def laid_out(self) -> blocks.Prepared:
        from cppnart.render import blocks

        return blocks.prepare(self.of)


def render_rows(
    picture: Picture, settings: Settings, strides: NDArray[np.int64] | None = None
) -> Iterator[Rows]:
    """The rows of a picture from top to bottom, in bands of any height up to BAND.

    Arrays (h, w, channels): uint8 or uint16 levels, or float32; channels are 3, or 4 with straight
    alpha. The outcome does not depend on threads. strides (4,), when given, gets the number of
    blocks that were evaluated at each stride of blocks.STRIDES, on the kernel.
    """
    worker = _band_worker(settings, strides)
    work = worker(Still(picture))
    bands = _bands(settings)
    if len(bands) == 1:
        yield work(bands[0])
        return
    yield from _in_order((partial(work, band) for band in bands), settings, 2)


def render_frames(shots: Iterable[tuple[Shot, View]], settings: Settings) -> Iterator[Rows]:
    """The frames of a film, (h, w, channels) each, in order; see ``render_rows``.

    shots: what each frame shows, and its view, in place of that of the settings. They are drawn
    from the iterator while earlier frames are still being rendered, so cores never wait for a
    frame to end, and no more than a few frames are in memory.
    """
    bands = _bands(settings)

    def work() -> Iterator[Callable[[], Rows]]:
        for shot, view in shots:
            render = _band_worker(replace(settings, view=view))(shot)
            yield from (partial(render, band) for band in bands)

    rows = _in_order(work(), settings, len(bands))
    while frame := list(islice(rows, len(bands))):
        yield np.concatenate(frame)


def _bands(settings: Settings) -> range:
    _, y0, _, y1 = settings.area
    return range(y0 // BAND, (y1 - 1) // BAND + 1)


def _in_order(work: Iterable[Callable[[], Rows]], settings: Settings, ahead: int) -> Iterator[Rows]:
    """What pieces of work return, in their order, from a pool of threads; up to ``ahead`` pieces
    for each thread are begun before they are asked for."""
    threads = settings.threads or cores()
    if settings.device != "cpu" or threads == 1:
        yield from (piece() for piece in work)
        return
    pool = ThreadPoolExecutor(threads, thread_name_prefix="render")
    pending: deque[Future[Rows]] = deque()
    try:
        for piece in work:
            pending.append(pool.submit(piece))
            if len(pending) > ahead * threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def sample_offsets(count: int) -> NDArray[np.float64]:
    """Where in a pixel its samples lie, (count, 2) in pixels from the centre: a rotated grid.

    Of the lattices that take every row and every column once, the one whose nearest samples are
    furthest apart; four samples are the usual rotated grid.
    """
    rows = np.arange(count)
    orders = [rows * step % count for step in range(1, count + 1) if math.gcd(step, count) == 1]
    n = count + 1
    orders += [(rows + 1) * step % n - 1 for step in range(1, n) if math.gcd(step, n) == 1]
    best = max(orders, key=_least_distance)
    return np.stack([rows, best], 1) / count - (count - 1) / (2 * count)


def _least_distance(order: NDArray[np.int64]) -> int:
    """The square of the distance of the nearest two points (row, order[row])."""
    rows = np.arange(len(order))
    squares = (rows[:, None] - rows) ** 2 + (order[:, None] - order) ** 2
    return int(squares[squares > 0].min(initial=2 * len(order) ** 2))


def dither_pattern(on: bool, bits: int) -> NDArray[np.float32]:
    """What is added to a level before it is rounded down, (64, 64) in [0, 1).

    Interleaved gradient noise (Jimenez, "Next generation post processing in Call of Duty", 2014):
    every 3 x 3 neighbourhood has values spread over the whole range. The ends are left out, so
    that rounding errors cannot turn a white pixel into a grey one.
    """
    if not on or bits != 8:
        return np.full((BAND, BAND), 0.5, np.float32)
    y, x = np.mgrid[0:BAND, 0:BAND].astype(np.float64)
    noise = np.mod(52.9829189 * np.mod(0.06711056 * x + 0.00583715 * y, 1), 1)
    return np.asarray(np.clip(noise, 1e-3, 1 - 1e-3), np.float32)


def _band_worker(
    settings: Settings, strides: NDArray[np.int64] | None = None
) -> Callable[[Shot], Callable[[int], Rows]]:
    """What makes of a shot a renderer of its bands, by their number."""
    if settings.device != "cpu":
        evaluate = _torch_evaluator(settings.device)
        return lambda shot: partial(_band_of_points, shot.picture(), settings, evaluate)
    try:
        from cppnart.render import blocks
    except ImportError:  # llvmlite, which comes with numba, is missing
        function = None
    else:
        function = blocks.function()
    if function is None:
        numpy = partial(numpy_backend.evaluate, dtype=np.float32)
        return lambda shot: partial(_band_of_points, shot.picture(), settings, numpy)

    call = function
    raster = blocks.Raster(
        _place(settings),
        sample_offsets(settings.samples),
        dither_pattern(settings.dither, settings.bits),
        settings.bits,
        not settings.exact,
    )

    def of_shot(shot: Shot) -> Callable[[int], Rows]:
        prepared = shot.laid_out()

        def work(band: int) -> Rows:
            rows, ended = blocks.render_band(call, prepared, raster, settings.area, band)
            if strides is not None:
                strides[:] += ended
            return rows

        return work

    return of_shot


def _place(settings: Settings) -> Geometry:
    """Where the samples lie. A pixel counts as what each of its samples stands for, a square as
    large as their share of it: or edges would be smoothed twice, and thin lines spread out."""
    whole = geometry(settings.width, settings.height, settings.view)
    return replace(whole, pixel=whole.pixel / math.sqrt(settings.samples))


def _torch_evaluator(device: str) -> Evaluate:
    """Runs programs through torch on a device; ValueError where torch cannot use it."""
    import torch

    from cppnart.fields.torch_backend import ProgramModule

    try:
        torch.zeros(1, device=device).cpu().numpy()  # the device "meta" has no numbers to give
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"device {device!r}: torch cannot use it here ({reason})") from None
    modules: dict[int, Any] = {}

    def evaluate(program: Program, inputs: dict[str, Any]) -> NDArray[np.float32]:
        if id(program) not in modules:
            modules[id(program)] = ProgramModule(program).to(device).requires_grad_(False)
        rows = numpy_backend.input_rows(program, inputs, np.float32)
        points = torch.from_numpy(np.ascontiguousarray(rows.T)).to(device)
        with torch.inference_mode():
            parts = [
                modules[id(program)](part).cpu().numpy() for part in points.split(TORCH_POINTS)
            ]
        return np.concatenate(parts)

    return evaluate


def _band_of_points(picture: Picture, settings: Settings, evaluate: Evaluate, band: int) -> Rows:
    """A band evaluated at every sample of every pixel: slow, plain, and the same everywhere."""
    x0, y0, x1, y1 = settings.area
    y0, y1 = max(y0, band * BAND), min(y1, (band + 1) * BAND)
    place = _place(settings)
    py, px = np.mgrid[y0:y1, x0:x1].astype(np.float64)
    total: Any = 0
    for dx, dy in sample_offsets(settings.samples):
        total = total + light_at(picture, place, px + 0.5 + dx, py + 0.5 + dy, evaluate)
    coded = encoded(total / settings.samples)
    return levels(coded, settings, np.arange(x0, x1), np.arange(y0, y1))


def light_at(
    picture: Picture,
    place: Geometry,
    px: NDArray[np.float64],
    py: NDArray[np.float64],
    evaluate: Evaluate,
) -> NDArray[Any]:
    """The colours at positions in pixels, of any shape (...): linear light (..., 3), or 4 with
    alpha, which the others are then multiplied with; all of them in [0, 1]."""
    xy = place.at(px, py).reshape(-1, 2)
    with np.errstate(all="ignore"):  # what is infinite or not a number stays so until clipped
        values = evaluate(picture.field, _chosen(picture.field, xy, place.pixel))
    inputs = _chosen(picture.colour, xy, place.pixel)
    inputs.update(zip(picture.field.output_names, values.T, strict=True))
    inputs = {name: inputs[name] for name in picture.colour.input_names}
    with np.errstate(all="ignore"):
        colours = np.nan_to_num(np.clip(evaluate(picture.colour, inputs), 0, 1))
    colours[:, :3] *= colours[:, 3:] if colours.shape[1] == 4 else 1
    light: NDArray[Any] = colours.reshape(*px.shape, -1)
    return light


def encoded(light: NDArray[Any]) -> NDArray[Any]:
    """What ``light_at`` gives, or a mean of it, as sRGB with straight alpha."""
    coded = light.copy()
    if coded.shape[-1] == 4:
        coded[..., :3] /= np.maximum(coded[..., 3:], 1e-6)
    coded[..., :3] = srgb_encode(np.clip(coded[..., :3], 0, 1))
    return coded


def levels(
    coded: NDArray[Any], settings: Settings, columns: NDArray[np.int64], rows: NDArray[np.int64]
) -> Rows:
    """Encoded colours (rows, columns, channels) as the settings' bits have them."""
    most, kind = LEVELS[settings.bits]
    if most:
        pattern = dither_pattern(settings.dither, settings.bits)
        noise = pattern[rows[:, None] % BAND, columns % BAND]
        coded = np.minimum(np.floor(coded * most + noise[..., None]), most)
    return np.asarray(coded, kind)


def _chosen(program: Program, xy: NDArray[np.float64], pixel: float) -> dict[str, Any]:
    """Those inputs among x, y and pixel that a program has."""
    known = {"x": xy[:, 0], "y": xy[:, 1], "pixel": pixel}
    return {name: value for name, value in known.items() if name in program.input_names}
