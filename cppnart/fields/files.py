"""Programs as files: one ``.safetensors`` file holds the arrays and, as JSON, everything else.

The JSON is the single metadata key ``cppnart`` (with more than one key safetensors writes them in
another order every time), in canonical form, so that equal programs give equal bytes. Operation 3
has its arrays under the names ``3.weight``, ``3.sources`` and so on: float32, and int32 for the
numbers of values. A *packed* file has instead one array of bytes, ``packed``, in which JSON and
arrays are entropy-coded (``packing``). Whatever is read is taken as untrusted: nothing of it is
ever executed, and everything is checked before a Program is made of it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save as safetensors_bytes

from . import packing
from .atomic import atomic_output
from .program import MAX_PARAMETERS, Affine, Grid, Operation, Product, Program

VERSION = 1
KEY = "cppnart"
PACKED = "packed"
_PACKED_TEXT = '{"format":"packed","version":1}'
MAX_BYTES = 8 * MAX_PARAMETERS
MAX_HEADER = 1 << 25
MAX_NOTE_DEPTH = 24


class _AffineSpec(msgspec.Struct, tag="affine", tag_field="kind", forbid_unknown_fields=True):
    activations: list[tuple[str, int]]
    """(name, how many units in a row) pairs."""


class _ProductSpec(msgspec.Struct, tag="product", tag_field="kind", forbid_unknown_fields=True):
    pass


class _GridSpec(msgspec.Struct, tag="grid", tag_field="kind", forbid_unknown_fields=True):
    resolution: list[int]
    wrap: bool
    smooth: bool


class _Spec(msgspec.Struct, forbid_unknown_fields=True):
    format: Literal["field"]
    version: int
    inputs: list[tuple[str, int]]
    operations: list[_AffineSpec | _ProductSpec | _GridSpec]
    outputs: list[tuple[str, int]]
    note: dict[str, Any]


class _Version(msgspec.Struct):
    """What every version has, read first."""

    format: str
    version: int


def save(
    path: str | os.PathLike[str],
    program: Program,
    note: dict[str, Any] | None = None,
    steps: Mapping[str, float] | None = None,
) -> None:
    """Writes a program and a note (JSON: how it was made) to a file, whole or not at all.

    steps: see ``to_bytes``.

    Raises ValueError when the note is not JSON, OSError when the file cannot be written.
    """
    data = to_bytes(program, note, steps)
    with atomic_output(path) as temporary:
        temporary.write_bytes(data)


def load(path: str | os.PathLike[str]) -> tuple[Program, dict[str, Any]]:
    """Reads a program and its note. Raises OSError, or ValueError saying what is wrong with it."""
    with Path(path).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        try:
            _header_size(file.read(8), size)  # before reading gigabytes of something else
            file.seek(0)
            return from_bytes(file.read(size))
        except ValueError as error:
            raise ValueError(f"{os.fspath(path)}: {error}") from None


def to_bytes(
    program: Program,
    note: dict[str, Any] | None = None,
    steps: Mapping[str, float] | None = None,
) -> bytes:
    """What ``save`` writes; the same bytes for equal programs and notes.

    steps: makes a packed file; of the arrays named, as "3.weight", the nearest multiples of their
    steps are kept.
    """
    note = {} if note is None else note
    _check_note(note, "the note")
    arrays: dict[str, NDArray[Any]] = {}
    operations: list[_AffineSpec | _ProductSpec | _GridSpec] = []
    for number, operation in enumerate(program.operations):
        operations.append(_spec_of(operation))
        for name in _array_names(operation):
            array = np.asarray(getattr(operation, name))
            kind = "<i4" if array.dtype.kind == "i" else "<f4"
            arrays[f"{number}.{name}"] = np.ascontiguousarray(array, kind)
    spec = _Spec("field", VERSION, list(program.inputs), operations, list(program.outputs), note)
    try:
        text = msgspec.json.encode(spec, order="sorted").decode()
    except UnicodeEncodeError as error:
        raise ValueError(f"the note has text that is not Unicode: {error.reason}") from None
    if steps is not None:
        for number, operation in enumerate(program.operations):
            if isinstance(operation, Grid) and not operation.hashed:
                shape = (*operation.resolution, operation.size)
                arrays[f"{number}.table"] = arrays[f"{number}.table"].reshape(shape)
        blob = np.frombuffer(packing.pack(text, arrays, steps), np.uint8)
        return bytes(safetensors_bytes({PACKED: blob}, {KEY: _PACKED_TEXT}))
    return bytes(safetensors_bytes(arrays, {KEY: text}))


def from_bytes(data: bytes) -> tuple[Program, dict[str, Any]]:
    """The program and note that ``to_bytes`` made these bytes of.

    Raises ValueError, in one line, for anything else, however it is made.
    """
    text, arrays = _unpacked(data)
    try:
        version = msgspec.json.decode(text, type=_Version)
        if version.format != "field" or version.version != VERSION:
            raise ValueError(
                f"a {version.format[:40]!r} file of version {version.version}: this cppnart reads "
                f"'field' files of version {VERSION}"
            )
        spec = msgspec.json.decode(text, type=_Spec)
        _check_note(spec.note, "the note")
        operations = tuple(
            _operation(operation, number, arrays)
            for number, operation in enumerate(spec.operations)
        )
        if arrays:
            raise ValueError(f"array {min(arrays)[:40]!r} belongs to no operation")
        return Program(tuple(spec.inputs), operations, tuple(spec.outputs)), spec.note
    except (msgspec.MsgspecError, ValueError) as error:
        raise ValueError(f"not a usable field: {_one_line(error)}") from None
    except (RecursionError, OverflowError):
        raise ValueError("not a usable field: its JSON is too deep or has absurd numbers") from None


def _array_names(operation: Operation) -> tuple[str, ...]:
    if isinstance(operation, Affine):
        return ("sources", "weight", "bias")
    return ("left", "right") if isinstance(operation, Product) else ("sources", "table")


def _spec_of(operation: Operation) -> _AffineSpec | _ProductSpec | _GridSpec:
    if isinstance(operation, Affine):
        runs: list[tuple[str, int]] = []
        for name in operation.activations:
            if runs and runs[-1][0] == name:
                runs[-1] = (name, runs[-1][1] + 1)
            else:
                runs.append((name, 1))
        return _AffineSpec(runs)
    if isinstance(operation, Product):
        return _ProductSpec()
    return _GridSpec(list(operation.resolution), operation.wrap, operation.smooth)


def _operation(
    spec: _AffineSpec | _ProductSpec | _GridSpec, number: int, arrays: dict[str, NDArray[Any]]
) -> Operation:
    """Makes one operation, taking its arrays out of the dictionary."""

    def take(name: str, dtype: str, ndim: int) -> NDArray[Any]:
        array = arrays.pop(f"{number}.{name}", None)
        if array is None:
            raise ValueError(f"array '{number}.{name}' is missing")
        if array.dtype != np.dtype(dtype) or array.ndim != ndim:
            raise ValueError(
                f"array '{number}.{name}' is {array.dtype} {array.shape}: "
                f"expected {np.dtype(dtype)} with {ndim} dimensions"
            )
        return array

    if isinstance(spec, _ProductSpec):
        return Product(take("left", "<i4", 1), take("right", "<i4", 1))
    sources = take("sources", "<i4", 1)
    if isinstance(spec, _GridSpec):
        table = take("table", "<f4", 2)
        return Grid(sources, table, tuple(spec.resolution), spec.wrap, spec.smooth)
    weight, bias = take("weight", "<f4", 2), take("bias", "<f4", 1)
    if sum(count for _, count in spec.activations) != len(bias) or any(
        count < 1 for _, count in spec.activations
    ):
        raise ValueError(f"operation {number}: its activations are not {len(bias)}")
    names = tuple(name for name, count in spec.activations for _ in range(count))
    return Affine(sources, weight, bias, names)


def _header_size(first: bytes, size: int) -> int:
    """The length of the JSON header of a file of this size, from its first eight bytes."""
    length = int.from_bytes(first, "little")
    if size > MAX_BYTES:
        raise ValueError(f"not a usable field: it has more than {MAX_BYTES} bytes")
    if len(first) < 8 or length > min(size - 8, MAX_HEADER):
        raise ValueError("not a .safetensors file, or one that was cut short")
    return length


_DTYPES = {"F32": "<f4", "I32": "<i4"}


def _unpacked(data: bytes) -> tuple[str, dict[str, NDArray[Any]]]:
    """The JSON text and the arrays of a safetensors file."""
    length = _header_size(data[:8], len(data))
    try:
        entries = deserialize(data)
        header = msgspec.json.decode(data[8 : 8 + length], type=dict[str, dict[str, Any]])
    except (SafetensorError, msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ValueError(f"not a .safetensors file: {_one_line(error)}") from None
    text = header.get("__metadata__", {}).get(KEY)
    if not isinstance(text, str):
        raise ValueError("a .safetensors file, but not of cppnart: it has no key 'cppnart'")
    if text == _PACKED_TEXT:
        if [(name, entry["dtype"]) for name, entry in entries] != [(PACKED, "U8")]:
            raise ValueError(f"not a usable field: expected one array {PACKED!r} of bytes")
        try:
            return packing.unpack(bytes(entries[0][1]["data"]))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ValueError(f"not a usable field: {_one_line(error)}") from None
    arrays = {}
    for name, entry in entries:
        if entry["dtype"] not in _DTYPES:
            raise ValueError(
                f"not a usable field: array {name[:40]!r} is {entry['dtype']}, expected F32 or I32"
            )
        flat = np.frombuffer(entry["data"], _DTYPES[entry["dtype"]])
        arrays[name] = flat.reshape(entry["shape"])
    return text, arrays


def _check_note(note: Any, where: str) -> None:
    """Refuses what JSON cannot hold, or what nobody means to keep: NaN, and deep nesting."""
    level: list[Any] = [note]
    for _ in range(MAX_NOTE_DEPTH):
        level = [part for whole in level for part in _parts(whole, where)]
        if not level:
            return
    raise ValueError(f"{where} is nested more than {MAX_NOTE_DEPTH} deep")


def _parts(whole: Any, where: str) -> Iterator[Any]:
    if isinstance(whole, dict):
        for key in whole:
            if not isinstance(key, str):
                raise ValueError(f"{where} has the key {key!r}: expected text")
        yield from whole.values()
    elif isinstance(whole, list | tuple):
        yield from whole
    elif isinstance(whole, float) and not math.isfinite(whole):
        raise ValueError(f"{where} has the number {whole}: expected finite ones")
    elif not (whole is None or isinstance(whole, bool | int | float | str)):
        raise ValueError(f"{where} has a {type(whole).__name__}: expected what JSON can hold")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
