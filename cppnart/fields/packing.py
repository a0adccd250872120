"""Arrays as few bytes: numbers that are multiples of a step, entropy-coded.

What ``files`` keeps as it is takes four bytes for each parameter. Here an array of floats is
``step`` times whole numbers (step 0: its bits, unchanged), and value numbers, which mostly run on
one by one, are what they differ from that. All go through one ``entropy`` coder, behind a small
JSON head that is deflated. An array of more than two dimensions is a grid: each of its channels,
the last dimension, is a plane, in which numbers are told by their neighbours.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from . import entropy

MAX_HEAD = 1 << 20
MOST_PER_BYTE = 64
"""Numbers for each byte; more would be a bomb, not a signal."""
MOST_PLANES = 4096


class _Entry(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    name: str
    kind: str
    """f for floats, i for value numbers."""
    shape: list[int]
    step: float = 0.0


class _Head(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    text: str
    arrays: list[_Entry]


def quantised(array: NDArray[Any], step: float) -> NDArray[np.float32]:
    """What ``pack`` keeps of an array: the nearest multiples of the step, in float32."""
    return (np.rint(array / step) * step).astype(np.float32)


def pack(text: str, arrays: Mapping[str, NDArray[Any]], steps: Mapping[str, float]) -> bytes:
    """A text and arrays (float32, or int32 value numbers) as bytes.

    steps: by name of array; floats without one keep all their bits.
    """
    entries: list[_Entry] = []
    planes: list[entropy.Plane] = []
    for name, array in arrays.items():
        kind, step = array.dtype.kind, float(steps.get(name, 0.0))
        entries.append(_Entry(name, kind, list(array.shape), step))
        if kind == "i":
            numbers = array.astype(np.int64)
            numbers[1:] -= numbers[:-1] + 1
        elif step:
            numbers = np.rint(array.astype(np.float64) / step).astype(np.int64)
        else:
            numbers = array.astype("<f4").view("<i4").astype(np.int64)
        channels, rows, columns = _planes(array.shape)
        planes += list(numbers.reshape(-1, channels).T.reshape(channels, rows, columns))
    head = zlib.compress(msgspec.json.encode(_Head(text, entries)), 9)
    return len(head).to_bytes(4, "little") + head + entropy.encode(planes)


def unpack(data: bytes) -> tuple[str, dict[str, NDArray[Any]]]:
    """The text and arrays that ``pack`` made these bytes of, grids as (entries, channels).

    ValueError for anything else that shows; nothing is allocated before its size is known to be in
    proportion to the data.
    """
    length = int.from_bytes(data[:4], "little")
    if len(data) < 4 or length > len(data) - 4:
        raise ValueError("packed arrays that were cut short")
    inflate = zlib.decompressobj()
    try:
        text = inflate.decompress(data[4 : 4 + length], MAX_HEAD)
    except zlib.error:
        raise ValueError("packed arrays with a broken head") from None
    if not inflate.eof:
        raise ValueError("packed arrays with a head cut short, or too long")
    head = msgspec.json.decode(text, type=_Head)
    shapes, total = [], 0
    for entry in head.arrays:
        if entry.kind not in ("i", "f") or not 1 <= len(entry.shape) <= 5:
            raise ValueError(f"packed array {entry.name[:40]!r} is of no kind that is known")
        if not all(0 <= side <= MOST_PER_BYTE * len(data) for side in entry.shape):
            raise ValueError(f"packed array {entry.name[:40]!r} of shape {entry.shape}")
        if not (math.isfinite(entry.step) and entry.step >= 0):
            raise ValueError(f"packed array {entry.name[:40]!r} with the step {entry.step}")
        channels, rows, columns = _planes(entry.shape)
        if channels > MOST_PLANES:
            raise ValueError(f"packed array {entry.name[:40]!r} of shape {entry.shape}")
        shapes.append([(rows, columns)] * channels)
        total += math.prod(entry.shape)
    if total > MOST_PER_BYTE * len(data) or len({e.name for e in head.arrays}) < len(head.arrays):
        raise ValueError(f"packed arrays of {total} numbers in {len(data)} bytes")
    planes = iter(entropy.decode(data[4 + length :], [one for many in shapes for one in many]))
    return head.text, {
        entry.name: _array(entry, [next(planes) for _ in many])
        for entry, many in zip(head.arrays, shapes, strict=True)
    }


def _planes(shape: Sequence[int]) -> tuple[int, int, int]:
    """How many planes, their rows and columns."""
    if len(shape) <= 2:
        return 1, 1 if len(shape) == 1 else shape[0], shape[-1]
    return shape[-1], shape[0], math.prod(shape[1:-1])


def _array(entry: _Entry, planes: list[entropy.Plane]) -> NDArray[Any]:
    shape = entry.shape
    if len(shape) > 2:
        flat = [plane.reshape(-1) for plane in planes]
        plane = np.stack(flat, 1) if flat else np.zeros((math.prod(shape[:-1]), 0), np.int64)
        shape = [len(plane), len(planes)]
    else:
        plane = planes[0]
    if entry.kind == "i":
        numbers = np.cumsum(plane.reshape(-1) + 1, dtype=np.int64) - 1
        if len(numbers) and (numbers.min() < 0 or numbers.max() >= 1 << 31):
            raise ValueError(f"packed array {entry.name[:40]!r} names values that cannot be")
        return numbers.astype("<i4").reshape(shape)
    if entry.step:
        with np.errstate(over="ignore"):
            return (plane * entry.step).astype("<f4").reshape(shape)
    return plane.astype(np.uint32).view("<f4").reshape(shape)
