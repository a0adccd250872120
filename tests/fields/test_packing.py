"""Packed files: every number comes back, in about as many bytes as there is information."""

import math
import zlib

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors.numpy import save as safetensors_bytes

from cppnart.fields import entropy, files, packing
from cppnart.fields.packing import pack, quantised, unpack
from cppnart.fields.training import build

WHOLE = arrays.arrays(
    np.int64,
    arrays.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=9),
    elements=st.integers(-(2**31), 2**31) | st.integers(-2, 2),
)


@settings(max_examples=60)
@given(st.lists(WHOLE, max_size=3))
def test_planes_come_back(planes: list[np.ndarray]) -> None:
    made = entropy.decode(entropy.encode(planes), [plane.shape for plane in planes])
    for ours, theirs in zip(made, planes, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("spread", [0.2, 1.0, 12.0])
def test_a_code_is_as_long_as_the_entropy_says(spread: float) -> None:
    plane = np.rint(np.random.default_rng(0).laplace(0, spread, (64, 64))).astype(np.int64)
    share = np.unique(plane, return_counts=True)[1] / plane.size
    least = -(share * np.log2(share)).sum() * plane.size / 8
    # the histogram itself, which nobody sends, makes this a little less than is possible
    assert 0.97 * least < len(entropy.encode([plane])) < 1.06 * least + 8


def test_neighbours_tell() -> None:
    random = np.random.default_rng(0)
    spread = np.repeat(np.repeat(random.uniform(0, 6, (8, 8)) ** 2 / 6, 8, 0), 8, 1)
    plane = np.rint(random.laplace(0, spread + 0.01)).astype(np.int64)
    mixed = random.permutation(plane.ravel()).reshape(plane.shape)
    assert len(entropy.encode([plane])) < 0.95 * len(entropy.encode([mixed]))


def program():
    options = {"levels": 3, "entries": 200, "features": 2, "width": 8}
    return build("grid", {"x": 1, "y": 1}, ("red", "green", "blue"), 3, options).program


def test_without_steps_a_packed_field_is_the_same_field() -> None:
    packed = files.to_bytes(program(), {"of": "a test"}, {})
    read, note = files.from_bytes(packed)
    assert files.to_bytes(read, note) == files.to_bytes(program(), {"of": "a test"})


def test_with_steps_arrays_are_the_nearest_multiples() -> None:
    steps = {"1.table": 2e-5, "4.weight": 0.03125}
    whole, packed = files.to_bytes(program()), files.to_bytes(program(), None, steps)
    read, _ = files.from_bytes(packed)
    assert len(packed) < len(whole)
    np.testing.assert_array_equal(
        read.operations[4].weight, quantised(program().operations[4].weight, 0.03125)
    )
    table = program().operations[1].table
    np.testing.assert_allclose(read.operations[1].table, quantised(table, 2e-5), rtol=1e-6)
    assert files.to_bytes(read, None, steps) == packed


@settings(max_examples=25)
@given(st.data())
def test_damaged_bytes_are_a_field_or_one_line(data: st.DataObject) -> None:
    packed = bytearray(files.to_bytes(program(), None, {"4.weight": 0.03125}))
    for _ in range(data.draw(st.integers(1, 3))):
        packed[data.draw(st.integers(8, len(packed) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(packed)))
    message = ""
    try:
        files.from_bytes(bytes(packed[: cut or None]))
    except ValueError as error:
        message = str(error)
    assert "\n" not in message


def blob(*entries: list, text: str = "{}") -> bytes:
    head = zlib.compress(msgspec.json.encode([text, entries]))
    return len(head).to_bytes(4, "little") + head + b"\0" * 20


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cut short"),
        (b"\xff\xff\0\0abc", "cut short"),
        (b"\x03\0\0\0abc", "broken head"),
        (blob(["a", "f", [1 << 40], 0.0]), "of shape"),
        (blob(["a", "f", [3000, 3000], 0.0]), "9000000 numbers"),
        (blob(["a", "f", [-1, 2], 0.0]), "of shape"),
        (blob(["a", "f", [0, 1, 5000], 0.0]), "of shape"),
        (blob(["a", "f", [2], -1.0]), "step -1.0"),
        (blob(["a", "u", [2], 0.0]), "no kind"),
        (blob(["a", "f", [1], 0.0], ["a", "f", [1], 0.0]), "packed arrays of"),
        (blob(text=" " * (packing.MAX_HEAD + 1)), "too long"),
    ],
)
def test_bytes_that_are_no_arrays(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        unpack(data)
    packed = {"packed": np.frombuffer(data or b"\0", np.uint8)}
    whole = safetensors_bytes(packed, {"cppnart": '{"format":"packed","version":1}'})
    with pytest.raises(ValueError, match="not a usable field"):
        files.from_bytes(whole)


def test_every_float_keeps_its_bits_without_a_step() -> None:
    values = np.array([[0.0, -0.0, math.pi, -1e-40, 3e38]], np.float32)
    _, read = unpack(pack("", {"a": values}, {}))
    assert read["a"].tobytes() == values.tobytes()
