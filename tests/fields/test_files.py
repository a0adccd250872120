import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load as plain_load
from safetensors.numpy import save as plain_save

from cppnart.fields import files
from cppnart.fields.program import Builder, Program

from .strategies import programs

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def small() -> Program:
    b = Builder(x=1, z=2)
    h = b.affine([b["x"], b["z"]], np.arange(9).reshape(3, 3), 0.5, ["tanh", "tanh", "sin"])
    g = b.grid(h[:2], np.arange(8).reshape(4, 2), (2, 2), wrap=True)
    return b.build(value=b.product(g, h[1:])[0], shade=b.constant(1.0))


def parts(data: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    """The specification and the arrays of a file, by the library's own reader."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    return json.loads(header["__metadata__"]["cppnart"]), dict(plain_load(data))


def rebuilt(spec, arrays) -> bytes:
    return plain_save(arrays, {"cppnart": spec if isinstance(spec, str) else json.dumps(spec)})


def assert_same(a: Program, b: Program) -> None:
    assert (a.inputs, a.outputs) == (b.inputs, b.outputs)
    assert len(a.operations) == len(b.operations)
    for mine, other in zip(a.operations, b.operations, strict=True):
        assert type(mine) is type(other)
        for name, value in vars(mine).items():
            if isinstance(value, np.ndarray):
                assert value.dtype == getattr(other, name).dtype
                np.testing.assert_array_equal(value, getattr(other, name))
            else:
                assert getattr(other, name) == value


@given(programs(), st.dictionaries(st.text(), JSON, max_size=4))
@settings(max_examples=80)
def test_what_is_written_is_what_is_read(program, note):
    data = files.to_bytes(program, note)
    again, read = files.from_bytes(data)
    assert_same(program, again)
    assert read == note
    assert files.to_bytes(again, read) == data


def test_a_file_and_its_bytes_are_the_same(tmp_path):
    path = tmp_path / "field.safetensors"
    files.save(path, small(), {"seed": 42})
    program, note = files.load(str(path))
    assert_same(program, small())
    assert note == {"seed": 42}
    assert path.read_bytes() == files.to_bytes(small(), {"seed": 42})
    assert [p.name for p in tmp_path.iterdir()] == ["field.safetensors"]


def test_equal_programs_give_equal_bytes_in_every_process():
    code = (
        "import sys; from cppnart.fields import files; from cppnart.fields.program import Builder; "
        "b = Builder(x=1, y=1); h = b.affine([b['x'], b['y']], [[1, 2], [3, 4]], 0.5, 'sin'); "
        "p = b.build(value=h[0], shade=h[1]); "
        "sys.stdout.buffer.write(files.to_bytes(p, {'b': 1, 'a': {'d': 2, 'c': 3}}))"
    )
    made = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
        for _ in range(3)
    }
    assert len(made) == 1
    (data,) = made
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    assert list(header["__metadata__"]) == ["cppnart"]


def test_any_reader_of_safetensors_can_open_it():
    spec, arrays = parts(files.to_bytes(small()))
    assert spec["operations"][0] == {"kind": "affine", "activations": [["tanh", 2], ["sin", 1]]}
    assert arrays["0.weight"].dtype == np.float32
    np.testing.assert_array_equal(arrays["1.sources"], [3, 4])


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "field.safetensors"
    path.write_bytes(b"precious")
    with pytest.raises(ValueError, match="the note has the number nan: expected finite ones"):
        files.save(path, small(), {"a": float("nan")})
    assert path.read_bytes() == b"precious"
    with pytest.raises(OSError, match="does not exist"):
        files.save(tmp_path / "nowhere" / "field.safetensors", small())


def nested(depth: int) -> dict:
    note: dict = {}
    for _ in range(depth):
        note = {"a": [note]}
    return note


@pytest.mark.parametrize(
    ("note", "message"),
    [
        ({"a": [float("inf")]}, "the note has the number inf"),
        ({"a": {1: 2}}, "the note has the key 1: expected text"),
        ({"a": np.ones(2)}, "the note has a ndarray: expected what JSON can hold"),
        ({"a": b"x"}, "the note has a bytes"),
        ({"a": "\ud800"}, "the note has text that is not Unicode"),
        (nested(20), "the note is nested more than 24 deep"),
    ],
)
def test_a_note_that_json_cannot_hold_is_refused(note, message):
    with pytest.raises(ValueError, match=message):
        files.to_bytes(small(), note)


def changed(**changes) -> bytes:
    spec, arrays = parts(files.to_bytes(small()))
    return rebuilt(spec | changes, arrays)


def with_array(name: str, array: np.ndarray | None) -> bytes:
    spec, arrays = parts(files.to_bytes(small()))
    if array is None:
        del arrays[name]
    else:
        arrays[name] = array
    return rebuilt(spec, arrays)


def with_operation(number: int, operation: object) -> bytes:
    spec, arrays = parts(files.to_bytes(small()))
    spec["operations"][number] = operation
    return rebuilt(spec, arrays)


GOOD = files.to_bytes(small())
DEEP = '{"format":"field","version":1,"note":' + '{"a":' * 5000 + "1" + "}" * 5000 + "}"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a .safetensors file, or one that was cut short"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a .safetensors file"),
        (GOOD[:5], "cut short"),
        (GOOD[:-1], "not a .safetensors file"),
        (GOOD[: len(GOOD) // 2], "cut short"),
        (GOOD + b"x", "not a .safetensors file"),
        ((2**63).to_bytes(8, "little") + bytes(50), "cut short"),
        ((40).to_bytes(8, "little") + b"[" * 40, "not a .safetensors file"),
        (plain_save({"a": np.zeros(1)}), "but not of cppnart: it has no key 'cppnart'"),
        (plain_save({}, {"other": "{}"}), "it has no key 'cppnart'"),
        (rebuilt("", {}), "not a usable field"),
        (rebuilt("[]", {}), "not a usable field"),
        (rebuilt("{}", {}), "not a usable field: .*format"),
        (rebuilt(DEEP, {}), "too deep"),
        (rebuilt('{"format":"field","version":1e999}', {}), "not a usable field"),
        (rebuilt('{"format":"field","version":' + "9" * 5000 + "}", {}), "not a usable field"),
        (changed(format="picture"), "'picture' file of version 1: this cppnart reads 'field'"),
        (changed(version=2), "of version 2: this cppnart reads 'field' files of version 1"),
        (changed(version="1"), "Expected `int`, got `str`"),
        (changed(extra=1), "unknown field `extra`"),
        (changed(note=[]), "Expected `object`, got `array`"),
        (changed(note=nested(20)), "the note is nested more than 24 deep"),
        (changed(inputs=[["x", 2]]), "reads a value|there is no value"),
        (changed(inputs=[["x", 1, 1]]), "not a usable field"),
        (changed(inputs=[["x", 1e300]]), "not a usable field"),
        (changed(inputs=[["x", 10**30]]), "not a usable field"),
        (changed(inputs=[["../x", 3]]), "name '../x': expected lower-case letters"),
        (changed(outputs=[["value", 99]]), "there is no value 99"),
        (changed(outputs=[]), "needs at least one output"),
        (changed(operations=[]), "array '0.bias' belongs to no operation"),
        (with_operation(0, {"kind": "python", "code": "1"}), "Invalid value 'python'"),
        (with_operation(0, {"kind": "product"}), "array '0.left' is missing"),
        (with_operation(0, {"kind": "affine", "activations": [["tanh", 2]]}), "are not 3"),
        (
            with_operation(0, {"kind": "affine", "activations": [["tanh", 4], ["sin", -1]]}),
            "operation 0: its activations are not 3",
        ),
        (
            with_operation(0, {"kind": "affine", "activations": [["tanh", 2**60]]}),
            "operation 0: its activations are not 3",
        ),
        (
            with_operation(0, {"kind": "affine", "activations": [["eval", 3]]}),
            "unknown activation 'eval'",
        ),
        (
            with_operation(1, {"kind": "grid", "resolution": [2, 2**62], "wrap": 1, "smooth": 0}),
            "Expected `bool`, got `int`",
        ),
        (
            with_operation(
                1, {"kind": "grid", "resolution": [2, 2**62], "wrap": True, "smooth": True}
            ),
            "expected 2 or more a side",
        ),
        (with_array("0.weight", None), "array '0.weight' is missing"),
        (with_array("0.weight", np.zeros((3, 3))), "array '0.weight' is F64, expected F32 or I32"),
        (
            with_array("0.weight", np.zeros((3, 3), np.int32)),
            "'0.weight' is int32 .*expected float32",
        ),
        (with_array("0.weight", np.zeros(9, np.float32)), "expected float32 with 2 dimensions"),
        (with_array("0.weight", np.zeros((2, 3), np.float32)), "do not fit together"),
        (with_array("0.weight", np.full((3, 3), np.nan, np.float32)), "not finite"),
        (with_array("0.sources", np.zeros(3, np.float32)), "expected int32"),
        (with_array("0.sources", np.full(3, 1000, np.int32)), "does not come before it"),
        (with_array("0.sources", np.full(3, -1, np.int32)), "does not come before it"),
        (
            with_array("7.weight", np.zeros(1, np.float32)),
            "array '7.weight' belongs to no operation",
        ),
        (with_array("e" * 500, np.zeros(1, np.float32)), "array 'e{40}' belongs to no"),
    ],
)
def test_what_is_not_a_field_is_refused_in_one_line(data, message, tmp_path):
    with pytest.raises(ValueError, match=message) as error:
        files.from_bytes(data)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400
    path = tmp_path / "bad.safetensors"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message) as error:
        files.load(path)
    assert str(error.value).startswith(str(path))


def test_a_file_that_is_missing_is_an_oserror(tmp_path):
    with pytest.raises(FileNotFoundError):
        files.load(tmp_path / "none.safetensors")


def refused_or_read(data: bytes) -> None:
    try:
        program, note = files.from_bytes(data)
    except ValueError as error:
        assert "\n" not in str(error)  # noqa: PT017 - most of these fail, and some do not
    else:
        assert isinstance(program, Program)
        assert isinstance(note, dict)


@given(st.binary(max_size=200))
@example(bytes(8))
def test_random_bytes_are_refused(data):
    refused_or_read(data)


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=6))
@settings(max_examples=300)
def test_a_damaged_file_is_read_or_refused_but_never_a_crash(changes):
    data = bytearray(GOOD)
    for at, byte in changes:
        data[at] = byte
    refused_or_read(bytes(data))


@given(st.data())
@settings(max_examples=200)
def test_a_hostile_specification_is_read_or_refused_but_never_a_crash(data):
    spec, arrays = parts(GOOD)
    keys = data.draw(st.lists(st.sampled_from(sorted(spec)), min_size=1, max_size=2))
    for key in keys:
        spec[key] = data.draw(JSON)
    if data.draw(st.booleans()):
        spec["operations"] = data.draw(
            st.lists(
                st.fixed_dictionaries(
                    {"kind": st.sampled_from(["affine", "product", "grid", "x"])},
                    optional={
                        "activations": JSON,
                        "resolution": st.lists(st.integers()),
                        "wrap": JSON,
                        "smooth": st.booleans(),
                    },
                ),
                max_size=3,
            )
        )
    refused_or_read(rebuilt(json.dumps(spec), arrays))
