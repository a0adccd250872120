"""How fast are networks evaluated at every point: our kernel, numpy tiles, torch, peak."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

import numpy as np
from measure import Options, Row, best, interleaved, times
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from cppnart.cppn.seeds import Stream
from cppnart.fields import kernel, numpy_backend
from cppnart.fields.coordinates import pixel_centers
from cppnart.fields.program import Builder, Program, Values

Floats = NDArray[np.float32]
Layers = list[tuple[Floats, Floats]]

SIZE, WIDTH, DEPTH = 2048, 32, 8
TILES = (1 << 12, 1 << 13, 1 << 14, 1 << 15, 1 << 16)
"""Points that torch takes at once; less is all overhead, more falls out of the caches."""
ASKED = {"tanh": 4.0, "sin": 2.5}
ASKED_OF_NUMPY = 1.3
PEAK_SHARE = 0.8
WIDTHS = (64, 128, 256)
MATMUL = 4096


def network(width: int, activation: str) -> tuple[Program, Layers]:
    """A random network of x and y with DEPTH hidden layers, and its weights and biases."""
    stream = Stream(42, "benchmark", width)
    b = Builder(x=1, y=1)
    values: Values = np.array([b["x"][0], b["y"][0]])
    layers: Layers = []
    for units in [width] * DEPTH + [3]:
        weight = stream.normal((units, len(values))) * 1.2 / len(values) ** 0.5
        bias = 0.3 * stream.normal(units)
        layers.append((weight.astype(np.float32), bias.astype(np.float32)))
        values = b.affine(values, weight, bias, activation if units == width else "identity")
    return b.build(red=values[:1], green=values[1:2], blue=values[2:]), layers


def torch_eager(layers: Layers, activation: str, points: Floats, tile: int) -> Floats:
    """The network on points (N, 2) in torch, its activations in place; (N, 3)."""
    import torch
    from torch.nn.functional import linear

    weights = [(torch.from_numpy(weight), torch.from_numpy(bias)) for weight, bias in layers]
    activate: Any = getattr(torch, f"{activation}_")
    with torch.inference_mode():
        out = torch.empty(len(points), 3)
        for start in range(0, len(points), tile):
            values = torch.from_numpy(points[start : start + tile])
            for weight, bias in weights[:-1]:
                values = activate(linear(values, weight, bias))
            out[start : start + tile] = linear(values, *weights[-1])
        return cast(Floats, out.numpy())


def kernel_rows(o: Options) -> Iterator[Row]:
    """The kernel against torch at its best tile size, and against numpy."""
    import torch

    torch.set_num_threads(o.threads)
    size = SIZE // 4 if o.quick else SIZE
    points = pixel_centers(size, size).astype(np.float32)
    inputs = {"x": points[:, 0].copy(), "y": points[:, 1].copy()}
    for activation, asked in ASKED.items():
        program, layers = network(WIDTH, activation)
        runs: dict[str | int, Callable[[], Floats]] = {
            "kernel": partial(kernel.evaluate, program, inputs, o.threads),
            "numpy": partial(numpy_backend.evaluate, program, inputs, np.float32, o.threads),
            **{tile: partial(torch_eager, layers, activation, points, tile) for tile in TILES},
        }
        # the first runs warm everything up, and show that all compute the same
        _check_same([runs[name]() for name in ("kernel", "numpy", TILES[0])])
        seconds = best(interleaved(runs, o.rounds))
        tile = min(TILES, key=lambda tile: seconds[tile])
        what = f"{DEPTH} layers of {WIDTH}, {size}x{size}, {activation}: kernel against"
        ratio = seconds[tile] / seconds["kernel"]
        yield Row(
            f"kernel-torch-{activation}",
            f"{what} torch eager",
            times(asked),
            times(ratio),
            ratio >= asked,
            f"{seconds['kernel']:.2f} s; torch {seconds[tile]:.2f} s in tiles of {tile}",
            {str(name): number for name, number in seconds.items()},
        )
        ratio = seconds["numpy"] / seconds["kernel"]
        yield Row(
            f"kernel-numpy-{activation}",
            f"{what} numpy tiles",
            times(ASKED_OF_NUMPY),
            times(ratio),
            ratio >= ASKED_OF_NUMPY,
            f"numpy {seconds['numpy']:.2f} s",
        )


def _check_same(results: list[Floats]) -> None:
    worst = max(float(np.abs(other - results[0]).max()) for other in results[1:])
    if worst > 1e-3:
        raise RuntimeError(f"the backends differ by {worst:.2g}: a comparison means nothing")


def flops_rows(o: Options) -> Iterator[Row]:
    """The kernel's multiply-adds against numpy's matrix product, both on all threads."""
    stream = Stream(42, "matmul")
    side = MATMUL // 4 if o.quick else MATMUL
    a, b = (stream.normal((side, side)).astype(np.float32) for _ in range(2))
    out = np.empty_like(a)
    runs: dict[str | int, Callable[[], object]] = {"matmul": lambda: np.matmul(a, b, out=out)}
    work = {"matmul": 2 * side**3}
    for width in WIDTHS:
        program, layers = network(width, "identity")
        each = 2 * sum(weight.size for weight, _ in layers)
        count = (1 << 33 if o.quick else 1 << 36) // each
        points = stream.uniform(-1, 1, (2, count)).astype(np.float32)
        inputs = {"x": points[0], "y": points[1]}
        runs[width] = partial(kernel.evaluate, program, inputs, o.threads)
        work[str(width)] = each * count
    with threadpool_limits(o.threads, "blas"):
        interleaved(runs, 1)
        seconds = best(interleaved(runs, o.rounds))
    rate = {str(name): work[str(name)] / taken / 1e9 for name, taken in seconds.items()}
    for width in WIDTHS:
        share = rate[str(width)] / rate["matmul"]
        yield Row(
            f"flops-{width}",
            f"kernel at width {width}, multiply-adds only, against numpy's {side}x{side} matmul",
            f"{PEAK_SHARE:.0%}",
            f"{share:.0%}",
            share >= PEAK_SHARE,
            f"{rate[str(width)]:.0f} GFLOP/s; numpy {rate['matmul']:.0f}",
            rate,
        )
