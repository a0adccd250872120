"""PNG files: what our writer costs against Pillow's, and pictures larger than memory."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
from measure import Options, Row, best, cppnart, interleaved, run
from numpy.typing import NDArray
from PIL import Image

from cppnart.render import api
from cppnart.render.writers import open_picture

HUGE = 65536
SECONDS, BYTES = 180, 10**9


def png_rows(o: Options) -> Iterator[Row]:
    """Writing the picture of seed 42 from memory."""
    size = 1024 if o.quick else 4096
    pixels = cast("NDArray[np.uint8]", api.render(seed=42, size=size, threads=o.threads))
    image = Image.fromarray(pixels)
    runs: dict[str, Callable[[Path], None]] = {
        "fast": partial(_write, pixels, o.threads, False),
        "small": partial(_write, pixels, o.threads, True),
        "pillow": image.save,
    }
    paths = {name: o.folder / f"{name}.png" for name in runs}
    seconds = best(interleaved({n: partial(runs[n], paths[n]) for n in runs}, 2))
    sizes = {name: paths[name].stat().st_size for name in runs}
    for name, option in (("fast", "default"), ("small", "`--small`")):
        yield Row(
            f"png-{name}",
            f"PNG of seed 42 at {size}x{size}, {option}, against Pillow's default",
            "",
            f"{seconds[name] / seconds['pillow']:.2g} of its time, "
            f"{sizes[name] / sizes['pillow']:.2f} of its size",
            None,
            f"{seconds[name]:.2f} s and {sizes[name] / 1e6:.1f} MB against "
            f"{seconds['pillow']:.2f} s and {sizes['pillow'] / 1e6:.1f} MB",
            {"seconds": seconds, "bytes": sizes},
        )


def _write(pixels: NDArray[np.uint8], threads: int, small: bool, path: Path) -> None:
    height, width, channels = pixels.shape
    with open_picture(
        path, width=width, height=height, channels=channels, small=small, threads=threads
    ) as writer:
        for row in range(0, height, 64):
            writer.write(pixels[row : row + 64])


def huge_rows(o: Options) -> Iterator[Row]:
    """A picture of 4 gigapixels: time and memory; then the file is read to its end."""
    size = 4096 if o.quick else HUGE
    path = o.folder / "huge.png"
    command = cppnart("render", "--seed", 42, "--size", size, "--quiet", "-o", path)
    ended = run([*command, "--threads", str(o.threads)], watch=True)
    bytes_written = os.path.getsize(path)
    _check_whole(path, size)
    path.unlink()
    yield Row(
        "huge",
        f"{size}x{size} PNG: time and peak memory of the process tree",
        f"{SECONDS} s; {BYTES / 1e9:.0f} GB",
        f"{ended.seconds:.0f} s; {ended.peak / 1e9:.2f} GB",
        ended.seconds < SECONDS and 0 < ended.peak < BYTES,
        f"a file of {bytes_written / 1e9:.2f} GB, read back whole",
        {"seconds": ended.seconds, "peak": ended.peak, "bytes": bytes_written},
    )


def _check_whole(path: Path, size: int) -> None:
    """Reads a PNG (RGB, 8 bits) chunk by chunk; RuntimeError where it is not whole."""
    stream = zlib.decompressobj()
    inflated = 0
    with open(path, "rb") as file:
        file.read(8)
        while True:
            length, kind = struct.unpack(">I4s", file.read(8))
            data = file.read(length)
            if zlib.crc32(data, zlib.crc32(kind)) != int.from_bytes(file.read(4), "big"):
                raise RuntimeError(f"{path}: a chunk with a wrong checksum")
            if kind == b"IHDR" and struct.unpack(">IIBB", data[:10]) != (size, size, 8, 2):
                raise RuntimeError(f"{path}: another header than expected")
            if kind == b"IDAT":
                inflated += len(stream.decompress(data))
            if kind == b"IEND":
                break
    if not stream.eof or inflated != size * (3 * size + 1):
        raise RuntimeError(f"{path}: {inflated} bytes of pixels, and the stream is not whole")
