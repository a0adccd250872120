"""Rendering on a dask cluster: tiles, zarr and Deep Zoom, workers that die, lazy arrays."""

import json
import os
import signal
import socket
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

pytest.importorskip("distributed")
pytest.importorskip("zarr")

import dask
import distributed
import zarr

from cppnart.cppn import styles
from cppnart.fields.program import Builder
from cppnart.render import api, cluster, stores
from cppnart.render.cluster import as_dask, as_done, map_in_order, render_on_cluster
from cppnart.render.prepare import Prepared, prepare
from cppnart.render.recipe import new_recipe, recipe_text, with_field
from cppnart.render.stores import ZarrStore, boxes, render_box
from cppnart.render.tiles import DeepZoom, halved, to_levels, to_light

WORKERS = 2
Function = TypeVar("Function", bound=Callable[..., Any])


def sent_whole(function: Function) -> Function:
    """Workers cannot import the tests; what seems to be from the main script is sent as code."""
    function.__module__ = "__main__"
    return function


def local_cluster(**options: Any) -> distributed.LocalCluster:
    return distributed.LocalCluster(
        threads_per_worker=1,
        host="127.0.0.1",
        scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
        memory_limit=0,
        silence_logs=100,
        **options,
    )


@pytest.fixture(scope="module")
def workers() -> Iterator[distributed.LocalCluster]:
    """Two worker processes; a task over which two workers die is given up."""
    with (
        dask.config.set(
            {
                "distributed.scheduler.allowed-failures": 1,
                "distributed.comm.timeouts.connect": "3s",  # to fetch results from the dead
            }
        ),
        local_cluster(n_workers=WORKERS) as running,
    ):
        yield running


@pytest.fixture
def client(workers: distributed.LocalCluster) -> Iterator[distributed.Client]:
    with cluster.connect(workers.scheduler_address) as client:
        client.wait_for_workers(WORKERS, timeout=60)
        yield client


def waves(size: str, **look: Any) -> Prepared:
    """A picture of a field of our own, which takes no time to draw."""
    b = Builder(x=1, y=1)
    first = b.affine([b["x"], b["y"]], [[9.0, 4.0], [-3.0, 7.0]], [0.3, 0.1], "sin")
    value = b.affine([first, b["x"]], [[4.0, 3.0, 1.0]], 0.2, "sin")
    program = b.build(value=b.map(value, scale=0.4, shift=0.5))
    return prepare(with_field(new_recipe(), program), size=size, **look)


def plain(prepared: Prepared) -> np.ndarray:
    """The picture as the renderer makes it without any cluster."""
    image = api.render(prepared.recipe)
    assert isinstance(image, np.ndarray)
    return image


def begun(prepared: Prepared, path: Path, **named: Any) -> ZarrStore | DeepZoom:
    """An empty store for a picture."""
    store = cluster.store_for(prepared, path, **named)
    store.begin(recipe_text(prepared.recipe), overwrite=False)
    return store


def work_in_order(store: ZarrStore | DeepZoom, prepared: Prepared) -> int:
    """Does what is missing without any cluster; how many jobs that were."""
    count = 0
    for jobs in store.stages():
        for job in jobs:
            if not store.is_done(job):
                store.run(job, recipe_text(prepared.recipe))
                count += 1
    store.finish()
    return count


def array_in(path: Path) -> np.ndarray:
    return np.asarray(zarr.open_array(str(path), mode="r")[:])


# --- Tiles ---


@given(width=st.integers(1, 700), height=st.integers(1, 700), tile=st.sampled_from([64, 128, 256]))
def test_boxes_cover_every_pixel_once(width: int, height: int, tile: int) -> None:
    covered = np.zeros((height, width), int)
    for x0, y0, x1, y1 in boxes(width, height, tile):
        assert x0 % tile == y0 % tile == 0
        covered[y0:y1, x0:x1] += 1
    assert (covered == 1).all()


@pytest.mark.parametrize(
    "look",
    [
        {"style": "marble", "samples": 4},
        {"style": "engraving", "samples": 2},
        {"style": "kaleidoscope", "finish": "relief", "bits": 16},
        {"bits": 32, "rotate": 20.0, "zoom": 2.0},
        {"region": (37, 65, 201, 130), "samples": 4},
    ],
)
def test_boxes_hold_the_pixels_of_the_whole_picture(look: dict[str, Any]) -> None:
    prepared = prepare("7", size="300x220", **look)
    whole = plain(prepared)
    for x0, y0, x1, y1 in boxes(whole.shape[1], whole.shape[0], 64):
        part = render_box(recipe_text(prepared.recipe), (x0, y0, x1, y1))
        assert np.array_equal(part, whole[y0:y1, x0:x1])


def test_a_process_draws_a_seed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    monkeypatch.setattr(stores, "prepare", lambda recipe: calls.append(recipe) or prepare(recipe))
    stores._prepared.cache_clear()
    recipe = recipe_text(prepare("3", size="128").recipe)
    for box in boxes(128, 128, 64):
        render_box(recipe, box)
    assert len(calls) == 1
    assert 1 <= (stores._prepared.cache_info().maxsize or 0) <= 8  # and forgets it some time


# --- zarr ---


@pytest.mark.parametrize(
    ("bits", "kind", "region"),
    [(8, np.uint8, None), (16, np.uint16, (10, 20, 150, 90)), (32, np.float32, None)],
)
def test_zarr_holds_the_picture_and_its_recipe(
    tmp_path: Path, bits: int, kind: type, region: tuple[int, int, int, int] | None
) -> None:
    prepared = waves("200x150", bits=bits, region=region)
    store = begun(prepared, tmp_path / "a.zarr", tile=64)
    assert work_in_order(store, prepared) == (12 if region is None else 6)
    array = zarr.open_array(str(tmp_path / "a.zarr"), mode="r")
    assert array.dtype == kind
    assert array.chunks == (64, 64, 3)
    assert np.array_equal(array[:], plain(prepared))
    assert array.attrs["cppnart"] == recipe_text(prepared.recipe)
    assert "sRGB" in array.attrs["color_space"]
    assert json.loads((tmp_path / "a.zarr" / ".zattrs").read_text())["cppnart"]
    assert os.listdir(tmp_path) == ["a.zarr"]


def test_a_store_continues_where_it_stopped(tmp_path: Path) -> None:
    prepared = waves("200x150")
    path = tmp_path / "a.zarr"
    work_in_order(begun(prepared, path, tile=64), prepared)
    kept = (path / "0/0/0").stat().st_mtime_ns
    (path / "1/2/0").unlink()
    (path / "0/0/.cppnart-0123").touch()  # of a worker that died
    assert work_in_order(begun(prepared, path, tile=64), prepared) == 1
    assert np.array_equal(array_in(path), plain(prepared))
    assert (path / "0/0/0").stat().st_mtime_ns == kept
    assert not list(path.rglob(".cppnart-*"))


def test_another_picture_is_refused_or_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    first, second = prepare("5", size="128"), prepare("6", size="128")
    work_in_order(begun(first, path, tile=64), first)
    with pytest.raises(ValueError, match=r'another picture: its seed is "5", not "6"'):
        begun(second, path, tile=64)
    with pytest.raises(ValueError, match=r'its size is "128x128", not "192x64"'):
        begun(prepare("5", size="192x64"), path, tile=64)
    with pytest.raises(ValueError, match=r"another form: its chunks is \[64, 64, 3\], not"):
        begun(first, path, tile=128)
    assert np.array_equal(array_in(path), plain(first))
    store = cluster.store_for(second, path, tile=64)
    store.begin(recipe_text(second.recipe), overwrite=True)
    assert work_in_order(store, second) == 4
    assert np.array_equal(array_in(path), plain(second))
    assert os.listdir(tmp_path) == ["a.zarr"]


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    "content",
    [{"notes.txt": "mine"}, {".zattrs": "{"}, {".zattrs": '{"cppnart": 3}'}, {".zattrs": "[1]"}],
)
def test_what_is_not_ours_stays(tmp_path: Path, content: dict[str, str], overwrite: bool) -> None:
    path = tmp_path / "a.zarr"
    path.mkdir()
    for name, text in content.items():
        (path / name).write_text(text)
    prepared = waves("64")
    with pytest.raises(ValueError, match=r"holds no picture of cppnart: move it away"):
        cluster.store_for(prepared, path).begin(recipe_text(prepared.recipe), overwrite)
    assert {p.name: p.read_text() for p in path.iterdir()} == content
    assert os.listdir(tmp_path) == ["a.zarr"]


def test_a_recipe_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    path.mkdir()
    (path / ".zattrs").write_text('{"cppnart": "[[["}')
    with pytest.raises(ValueError, match="not a cppnart recipe"):
        begun(waves("64"), path)


def test_an_empty_folder_is_used_and_a_file_is_not(tmp_path: Path) -> None:
    prepared = waves("64")
    (tmp_path / "a.zarr").mkdir()
    assert work_in_order(begun(prepared, tmp_path / "a.zarr"), prepared) == 1
    (tmp_path / "b.zarr").write_text("a file")
    with pytest.raises(ValueError, match="holds no picture"):
        begun(prepared, tmp_path / "b.zarr")


@pytest.mark.parametrize(
    ("output", "named", "look", "message"),
    [
        ("a.png", {}, {}, r"a name that ends in .zarr or .dzi"),
        ("a.zarr", {"tile": 100}, {}, "tile 100: expected a multiple of 64, up to 16384"),
        ("a.zarr", {"tile": 0}, {}, "tile 0: expected"),
        ("a.zarr", {"tile": 32768}, {}, "tile 32768: expected"),
        ("a.zarr", {}, {"size": "2000000"}, "the limit is"),
        ("a.dzi", {"kind": "gif"}, {}, "tiles as 'gif': expected png or jpg"),
        ("a.dzi", {}, {"bits": 16}, "Deep Zoom holds 8 bits a channel, not 16"),
        ("a.dzi", {"tile": 512}, {}, "tile 512: for Deep Zoom, expected 1024, 2048, 4096"),
        ("a.dzi", {"tile": 1536}, {}, "tile 1536: for Deep Zoom"),
        ("a.dzi", {"kind": "jpg"}, {"style": "emblem", "transparent": True}, "no transparency"),
    ],
)
def test_impossible_outputs_are_refused_before_anything_is_written(
    tmp_path: Path, output: str, named: dict[str, Any], look: dict[str, Any], message: str
) -> None:
    if look.get("transparent"):
        look = {**look, "style": next(n for n in styles.names() if styles.get(n).alpha)}
    prepared = prepare("5", **{"size": "64", **look}) if look else waves("64")
    with pytest.raises(ValueError, match=message):
        render_on_cluster(prepared, tmp_path / output, dask="tcp://127.0.0.1:1", **named)
    assert not list(tmp_path.iterdir())


# --- Deep Zoom ---


def zoomed(prepared: Prepared, path: Path, **named: Any) -> DeepZoom:
    """A pyramid of small tiles, in several stages."""
    store = begun(prepared, path, tile=2048, **named)
    assert isinstance(store, DeepZoom)
    return DeepZoom(**{**vars(store), "tile": 256, "side": 64})


def level_of(store: DeepZoom, level: int) -> np.ndarray:
    """A level put together from its files, which must be exactly those that a viewer asks for."""
    scale = 2 ** (store.top - level)
    width, height = (max(1, -(-side // scale)) for side in (store.width, store.height))
    columns, rows = -(-width // store.side), -(-height // store.side)
    names = {f"{x}_{y}.{store.kind}" for x in range(columns) for y in range(rows)}
    assert set(os.listdir(store.folder / str(level))) == names
    whole = np.zeros((height, width, store.channels), np.uint8)
    for x in range(columns):
        for y in range(rows):
            with Image.open(store.folder / f"{level}/{x}_{y}.{store.kind}") as image:
                place = np.s_[y * 64 : (y + 1) * 64, x * 64 : (x + 1) * 64]
                whole[place] = np.asarray(image)
    return whole


def averaged(pixels: np.ndarray) -> np.ndarray:
    """One level lower by the textbook, in float64: levels, from 8-bit levels or fractions."""
    values = pixels / 255.0
    values = np.pad(values, ((0, len(values) % 2), (0, values.shape[1] % 2), (0, 0)), mode="edge")
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    linear = (linear[0::2] + linear[1::2]) / 2
    linear = (linear[:, 0::2] + linear[:, 1::2]) / 2
    low = linear <= 0.0031308
    return 255 * np.where(low, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("dither", [False, True])
@pytest.mark.parametrize("size", ["700x400", "513x64", "256x256", "65x1", "1x1"])
def test_deep_zoom_levels_are_averages_in_linear_light(
    tmp_path: Path, size: str, dither: bool
) -> None:
    prepared = waves(size, dither=dither, samples=2)
    store = zoomed(prepared, tmp_path / "a.dzi")
    work_in_order(store, prepared)
    expected: np.ndarray = plain(prepared)
    assert np.array_equal(level_of(store, store.top), expected)
    for level in range(store.top - 1, -1, -1):
        expected = averaged(expected)
        # Rounding is by half a level and dithering by one; from the third level on the averages
        # are of levels that were rounded before.
        bound = (1.0 if dither else 0.501) * (1 if level >= store.top - 2 else 3)
        assert np.abs(level_of(store, level) - expected).max() <= bound
    assert expected.shape == (1, 1, 3)


def test_the_description_is_what_viewers_read(tmp_path: Path) -> None:
    prepared = waves("200x90")
    store = zoomed(prepared, tmp_path / "a.dzi")
    assert not (tmp_path / "a.dzi").exists()
    work_in_order(store, prepared)
    image = ElementTree.parse(tmp_path / "a.dzi").getroot()
    space = "{http://schemas.microsoft.com/deepzoom/2008}"
    assert image.tag == f"{space}Image"
    assert image.attrib == {"Format": "png", "Overlap": "0", "TileSize": "64"}
    size = image.find(f"{space}Size")
    assert size is not None
    assert size.attrib == {"Width": "200", "Height": "90"}
    assert sorted(os.listdir(tmp_path)) == ["a.dzi", "a_files"]
    assert set(os.listdir(store.folder)) == {"cppnart.json", *map(str, range(store.top + 1))}


def test_jpeg_tiles_look_the_same(tmp_path: Path) -> None:
    prepared = waves("500x270")
    lossy = zoomed(prepared, tmp_path / "a.dzi", kind="jpg")
    exact = zoomed(prepared, tmp_path / "b.dzi")
    for store in (lossy, exact):
        work_in_order(store, prepared)
    for level in (0, 5, exact.top):
        apart = level_of(lossy, level).astype(int) - level_of(exact, level)
        assert np.abs(apart).mean() < 5


def test_a_pyramid_continues_where_it_stopped(tmp_path: Path) -> None:
    prepared = waves("700x400")
    store = zoomed(prepared, tmp_path / "a.dzi")
    jobs = work_in_order(store, prepared)
    assert jobs == 3 * 2 + 1
    before = {path: path.read_bytes() for path in store.folder.rglob("*.png")}
    (store.folder / str(store.top) / ".cppnart-0123.png").touch()
    (store.folder / f"{store.top - 2}/1_0.png").unlink()  # the last file of the second job
    (store.folder / "0/0_0.png").unlink()
    assert work_in_order(store, prepared) == 2
    assert {path: path.read_bytes() for path in store.folder.rglob("*.png")} == before


def test_colours_under_transparency_do_not_bleed_into_lower_levels() -> None:
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[:, 0] = [255, 0, 0, 255]
    pixels[:, 1] = [0, 255, 0, 0]
    assert to_levels(halved(to_light(pixels)), False).tolist() == [[[255, 0, 0, 128]]]


def test_black_and_white_average_to_the_grey_of_half_the_light() -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[0] = 255
    assert (to_levels(halved(to_light(pixels)), False) == 188).all()


@given(st.integers(0, 255), st.integers(0, 255))
def test_levels_survive_the_way_through_light(level: int, alpha: int) -> None:
    opaque = np.full((3, 2, 3), level, np.uint8)
    assert np.array_equal(to_levels(to_light(opaque), False), opaque)
    clear = np.full((1, 1, 4), [level, level, level, max(alpha, 1)], np.uint8)
    assert np.array_equal(to_levels(to_light(clear), False), clear)


def test_a_tile_that_somebody_replaced_is_refused(tmp_path: Path) -> None:
    prepared = waves("700x400")
    store = zoomed(prepared, tmp_path / "a.dzi")
    (first, second) = list(store.stages())
    for job in first:
        store.run(job, recipe_text(prepared.recipe))
    Image.new("RGB", (3, 3)).save(store.folder / f"{store.top - 2}/0_0.png")
    with pytest.raises(ValueError, match=r"0_0\.png is not the tile that was written"):
        store.run(next(iter(second)), recipe_text(prepared.recipe))


# --- On a cluster ---


def test_a_cluster_renders_the_same_picture(
    workers: distributed.LocalCluster, tmp_path: Path
) -> None:
    prepared = waves("500x300", samples=2)
    path, seen = tmp_path / "big.zarr", []
    report = render_on_cluster(
        prepared,
        path,
        dask=workers.scheduler_address,
        tile=128,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert np.array_equal(array_in(path), plain(prepared))
    assert (report.path, report.width, report.height) == (os.fspath(path), 500, 300)
    assert (report.seed, report.palette) == (None, prepared.palette.name)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert len(seen) == 12
    assert seen[-1] == (150_000, 150_000)
    # A second run finds nothing to do.
    before = {p: p.stat().st_mtime_ns for p in path.rglob("0")}
    render_on_cluster(prepared, path, dask=workers.scheduler_address, tile=128)
    assert {p: p.stat().st_mtime_ns for p in path.rglob("0")} == before


def test_a_cluster_makes_deep_zoom_tiles(workers: distributed.LocalCluster, tmp_path: Path) -> None:
    prepared = waves("2100x700")
    path = tmp_path / "big.dzi"
    render_on_cluster(prepared, path, dask=workers.scheduler_address, tile=1024)
    alone = begun(prepared, tmp_path / "alone.dzi", tile=1024)
    work_in_order(alone, prepared)
    files = sorted(p.relative_to(tmp_path / "big_files") for p in tmp_path.glob("big_files/*/*"))
    assert len(files) == 5 * 2 + 3 + 2 + 10
    for name in files:
        same = (tmp_path / "alone_files" / name).read_bytes()
        assert (tmp_path / "big_files" / name).read_bytes() == same


def test_a_worker_that_is_killed_is_survived(
    workers: distributed.LocalCluster, client: distributed.Client, tmp_path: Path
) -> None:
    prepared = waves("640", exact=True, samples=1)
    victim = next(iter(client.run(os.getpid).values()))
    steps = []

    def progress(done: int, total: int) -> None:
        steps.append(done)
        if len(steps) == 10:
            os.kill(victim, signal.SIGKILL)

    path = tmp_path / "a.zarr"
    render_on_cluster(prepared, path, dask=workers.scheduler_address, tile=64, progress=progress)
    assert steps[-1] == 640 * 640
    assert len(steps) == 100
    assert np.array_equal(array_in(path), plain(prepared))
    client.wait_for_workers(WORKERS, timeout=60)
    assert victim not in client.run(os.getpid).values()


def test_an_interrupted_picture_is_continued(
    workers: distributed.LocalCluster, tmp_path: Path
) -> None:
    prepared = waves("512", exact=True, samples=1)
    path = tmp_path / "a.zarr"

    def interrupt(done: int, total: int) -> None:
        if done > total // 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render_on_cluster(
            prepared, path, dask=workers.scheduler_address, tile=64, progress=interrupt
        )
    before = {p: p.stat().st_mtime_ns for p in path.rglob("0") if p.is_file()}
    assert len(before) >= 16
    render_on_cluster(prepared, path, dask=workers.scheduler_address, tile=64)
    assert np.array_equal(array_in(path), plain(prepared))
    assert {p: p.stat().st_mtime_ns for p in before} == before


def test_workers_are_started_where_no_cluster_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")  # as an earlier cluster leaves it
    with cluster.connect(None, workers=1) as client:
        assert os.environ["MALLOC_TRIM_THRESHOLD_"] == "65536"
        (facts,) = client.run(_worker_facts).values()
    assert facts["pid"] != os.getpid()
    assert facts["MALLOC_TRIM_THRESHOLD_"] == facts["MALLOC_MMAP_THRESHOLD_"] == str(1 << 28)
    assert facts["OMP_NUM_THREADS"] == "1"
    assert facts["interrupts"] == signal.SIG_IGN
    with pytest.raises(ProcessLookupError):
        os.kill(facts["pid"], 0)


@sent_whole
def _worker_facts() -> dict[str, Any]:
    return {**os.environ, "pid": os.getpid(), "interrupts": signal.getsignal(signal.SIGINT)}


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("tcp://127.0.0.1:1", "no dask scheduler answers at tcp://127.0.0.1:1"),
        ("nonsense", "dask 'nonsense': missing port number"),
        ("ftp://127.0.0.1:1", "dask 'ftp://127.0.0.1:1': unknown address scheme"),
        ("", "dask ''"),
    ],
)
def test_a_scheduler_that_is_not_there_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, message: str
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.3)
    with pytest.raises((OSError, ValueError), match=message) as raised:
        render_on_cluster(prepare("1", size="64"), tmp_path / "a.zarr", dask=address)
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_told_before_any_cluster_starts(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="the folder does not exist") as raised:
        render_on_cluster(waves("64"), tmp_path / "none" / "a.zarr", dask="tcp://127.0.0.1:1")
    assert raised.value.filename == str(tmp_path / "none")


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0" * 64])
def test_another_server_is_no_scheduler(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        ended = threading.Event()

        def serve() -> None:
            link, _ = server.accept()
            with link:
                link.sendall(answer)
                ended.wait(20)

        pool.submit(serve)
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        try:
            with (
                pytest.raises(OSError, match="no dask scheduler answers"),
                cluster.connect(address),
            ):
                pass
        finally:
            ended.set()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (("0.0.1", True), r"has cppnart 0\.0\.1, not"),
        ((cluster.cppnart.__version__, False), "does not see .*: give a folder that all"),
        (ModuleNotFoundError("No module named 'cppnart'"), "cannot run cppnart .No module named"),
    ],
)
def test_workers_that_would_do_something_else_are_refused(
    tmp_path: Path, answer: object, message: str
) -> None:
    class Fake:
        def run(self, *args: object, **named: object) -> dict[str, object]:
            return {"tcp://one:1": (cluster.cppnart.__version__, True), "tcp://two:2": answer}

    client: Any = Fake()
    with pytest.raises(OSError, match=f"worker tcp://two:2 {message}"):
        cluster.check_workers(client, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_cluster_without_workers_is_waited_for(tmp_path: Path) -> None:
    with (
        local_cluster(n_workers=0) as empty,
        cluster.connect(empty.scheduler_address) as client,
        pytest.warns(UserWarning, match="no workers yet"),
    ):
        cluster.check_workers(client, tmp_path)


@pytest.mark.parametrize("missing", ["distributed", "zarr", "dask.array"])
def test_a_missing_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    prepared = prepare("1", size="64")
    package = missing.split(".")[0]
    calls: dict[str, Callable[[], object]] = {
        "distributed": lambda: render_on_cluster(prepared, tmp_path / "a.zarr"),
        "zarr": lambda: begun(prepared, tmp_path / "a.zarr"),
        "dask.array": lambda: as_dask(prepared),
    }
    message = rf"^{package} is not .*: pip install 'cppnart\[cluster\]'$"
    with pytest.raises(ImportError, match=message):
        calls[missing]()
    assert not list(tmp_path.iterdir())


# --- Work in general ---


@sent_whole
def _slow_first(item: int, factor: int = 1) -> int:
    time.sleep(0.2 if item == 0 else 0.0)
    return item * factor


@sent_whole
def _fail_once(folder: str) -> str:
    try:
        (Path(folder) / "tried").mkdir()
    except FileExistsError:
        return "done"
    raise OSError("the first time")


@sent_whole
def _fail(item: int) -> None:
    if item == 3:
        raise ValueError(f"no {item}")


@sent_whole
def _die(item: int) -> None:
    os._exit(1)


@sent_whole
def _die_once(item: int, folder: str) -> int:
    if item == 5:
        try:
            (Path(folder) / "died").mkdir()
        except FileExistsError:
            return item
        os._exit(1)
    return item


@sent_whole
def _nothing(item: int) -> None:
    time.sleep(0.05)


def test_results_come_in_order(client: distributed.Client) -> None:
    assert list(map_in_order(client, _slow_first, range(20), 3)) == [3 * n for n in range(20)]
    assert list(map_in_order(client, _slow_first, [])) == []


def test_items_come_as_they_end(client: distributed.Client) -> None:
    ended = list(as_done(client, _slow_first, range(20), 3))
    assert sorted(ended) == list(range(20))
    assert ended[0] != 0


@pytest.mark.parametrize("function", [as_done, map_in_order])
def test_items_are_taken_as_they_are_needed(client: distributed.Client, function: Any) -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(1, 10**9):
            taken += 1
            yield number

    results = function(client, _slow_first, items(), window=5)
    for count in range(1, 20):
        next(results)
        assert taken <= count + 5
    results.close()
    assert taken <= 25


def test_leaving_early_cancels_the_rest(client: distributed.Client) -> None:
    results = as_done(client, _nothing, range(1000), window=200)
    next(results)
    results.close()
    deadline = time.monotonic() + 30
    while client.run_on_scheduler(_tasks) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert client.run_on_scheduler(_tasks) == 0


@sent_whole
def _tasks(dask_scheduler: Any) -> int:
    return len(dask_scheduler.tasks)


def test_what_fails_is_tried_again(client: distributed.Client, tmp_path: Path) -> None:
    assert list(map_in_order(client, _fail_once, [str(tmp_path)])) == ["done"]


@pytest.mark.parametrize("function", [as_done, map_in_order])
def test_what_fails_again_and_again_fails(client: distributed.Client, function: Any) -> None:
    with pytest.raises(ValueError, match="no 3"):
        list(function(client, _fail, range(8)))


def test_results_in_order_survive_a_worker(client: distributed.Client, tmp_path: Path) -> None:
    folder = str(tmp_path)
    assert list(map_in_order(client, _die_once, range(30), folder, window=10)) == list(range(30))
    client.wait_for_workers(WORKERS, timeout=60)


def test_a_task_that_kills_every_worker_is_given_up(client: distributed.Client) -> None:
    with pytest.raises(OSError, match=r"workers died over the same task.*Run it again") as raised:
        list(as_done(client, _die, [1]))
    assert "\n" not in str(raised.value)
    client.wait_for_workers(WORKERS, timeout=60)


def test_a_scheduler_that_goes_away_is_told() -> None:
    with (
        local_cluster(n_workers=1, processes=False, protocol="tcp://") as short,
        cluster.connect(short.scheduler_address) as client,
    ):
        results = as_done(client, _nothing, range(1000))
        next(results)
        short.close()
        with pytest.raises(OSError, match="the scheduler is gone"):
            list(results)


# --- Lazy arrays ---


@pytest.mark.parametrize(
    "look", [{}, {"bits": 16, "samples": 2}, {"region": (33, 70, 100, 90), "rotate": 10.0}]
)
def test_a_lazy_array_is_the_picture(look: dict[str, Any]) -> None:
    array = as_dask(seed=42, size="300x200", tile=128, **look)
    whole = api.render(seed=42, size="300x200", **look)
    assert isinstance(whole, np.ndarray)
    assert array.shape == whole.shape
    assert array.dtype == whole.dtype
    assert np.array_equal(array.compute(scheduler="threads"), whole)


def test_a_slice_of_a_lazy_array_renders_only_its_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = []

    def render(recipe: str, box: Any) -> np.ndarray:
        rendered.append(box)
        return render_box(recipe, box)

    monkeypatch.setattr(cluster, "render_box", render)
    array = as_dask(waves("9000x6000"), tile=128)
    assert array.chunks[0][:2] == (128, 128)
    assert array.shape == (6000, 9000, 3)
    assert rendered == []
    part = array[1000:1100, 300:310].compute(scheduler="threads")
    assert part.shape == (100, 10, 3)
    assert sorted(rendered) == [(256, 896, 384, 1024), (256, 1024, 384, 1152)]


def test_a_lazy_array_is_computed_on_a_cluster(client: distributed.Client) -> None:
    array = as_dask("42", size=256, tile=64)
    whole = api.render(seed=42, size=256)
    assert np.array_equal(client.gather(client.compute(array)), whole)


def test_a_lazy_array_takes_what_render_takes(tmp_path: Path) -> None:
    prepared = prepare("42", size="128")
    assert as_dask(prepared, size="200x64").shape == (64, 200, 3)
    api.render(seed=42, size=64, output=tmp_path / "a.png")
    assert as_dask(tmp_path / "a.png").shape == (64, 64, 3)
    with pytest.raises(ValueError, match="tile 3: expected"):
        as_dask(prepared, tile=3)
