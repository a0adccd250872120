"""Pictures as ONNX models, which many runtimes evaluate.

Every value of a program is a column of a tensor (points, columns). Activations are not written out
here: their one form for numpy and torch, ``array(m, x)``, is called with an m that records what it
does as operations of ONNX.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from itertools import product as corners_of
from typing import Any

import numpy as np

import cppnart
from cppnart.fields.activations import Activation, get
from cppnart.fields.program import HASH_PRIMES, Affine, Grid, Product, Program, Values
from cppnart.render.export.still import look_of, name_of, pixel_size, standing
from cppnart.render.prepare import Prepared
from cppnart.render.recipe import recipe_text

OPSET, IR_VERSION = 18, 8
"""The oldest with bitwise operations, which hashed grids need, and the file format of its time."""
MAX_BYTES = 1 << 30
"""Of weights: a model is one message of Protocol Buffers, which end at 2 GiB."""
_INTERFACE = """
points (N, 2): x and y in the coordinates of the frame, whose short side spans [-1, 1]; y runs down.
t (), where the picture moves: 0, the default, is the picture itself; the period is 1.
pixel (), where it matters: the size of a pixel in the units of x and y; by default the picture's.
colours (N, 3), or (N, 4) with alpha: encoded as sRGB, in [0, 1].
""".strip()
"""The inputs and the output of every model."""


def model(prepared: Prepared) -> bytes:
    """The file of a picture that was prepared with ``moving``; _INTERFACE says what is in it, and
    the metadata hold the recipe. Raises ImportError where the package onnx is missing."""
    program = standing(prepared, encoded=True)
    defaults = {"t": 0.0, "pixel": pixel_size(prepared)}
    return _model(
        program,
        defaults,
        name=f"{name_of(prepared)}: {look_of(prepared)}",
        metadata={"cppnart": recipe_text(prepared.recipe)},
    )


def _model(
    program: Program, defaults: dict[str, float], *, name: str, metadata: dict[str, str]
) -> bytes:
    """A program of x, y and inputs with defaults as a checked model."""
    try:
        import onnx
        from onnx import TensorProto, helper
    except ImportError:
        raise ImportError(
            "ONNX models need the package onnx: pip install 'cppnart[onnx]'"
        ) from None
    if 4 * program.parameters > MAX_BYTES:
        raise ValueError(
            f"a program of {program.parameters} parameters: a model takes at most {MAX_BYTES // 4}"
        )
    graph = _Graph()
    writer = _Writer(program, graph)
    writer.run()
    used = [n for n in program.input_names if n in defaults and n in writer.read]
    for other in used:
        graph.tensors[other] = np.float32(defaults[other])
    inputs = [helper.make_tensor_value_info("points", TensorProto.FLOAT, ["N", 2])]
    inputs += [helper.make_tensor_value_info(other, TensorProto.FLOAT, []) for other in used]
    channels = len(program.outputs)
    outputs = [helper.make_tensor_value_info("colours", TensorProto.FLOAT, ["N", channels])]
    made = helper.make_graph(
        [helper.make_node(kind, given, made, **extra) for kind, given, made, extra in graph.nodes],
        "cppn",
        inputs,
        outputs,
        [onnx.numpy_helper.from_array(np.asarray(a), n) for n, a in graph.tensors.items()],
        doc_string=_INTERFACE,
    )
    whole = helper.make_model(
        made,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="cppnart",
        producer_version=cppnart.__version__,
        doc_string=name,
    )
    helper.set_model_props(whole, metadata)
    onnx.checker.check_model(whole, full_check=True)
    return bytes(whole.SerializeToString(deterministic=True))


class _Graph:
    """Nodes and constants in the making; every result has a name."""

    def __init__(self) -> None:
        self.nodes: list[tuple[str, list[str], list[str], dict[str, Any]]] = []
        self.tensors: dict[str, Any] = {}
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def node(self, kind: str, *inputs: str, made: str | None = None, **attributes: Any) -> str:
        name = made or f"v{len(self.nodes)}"
        self.nodes.append((kind, list(inputs), [name], attributes))
        return name

    def constant(self, array: Any) -> str:
        """The name of a constant; equal ones are kept once."""
        array = np.asarray(array)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            self._known[key] = f"c{len(self._known)}"
            self.tensors[self._known[key]] = array
        return self._known[key]


class _Symbol:
    """A tensor that records what is done with it."""

    def __init__(self, graph: _Graph, name: str, dtype: type = np.float32) -> None:
        self.graph = graph
        self.name = name
        self.dtype = dtype

    def of(self, kind: str, *others: Any, dtype: type | None = None, **attributes: Any) -> _Symbol:
        """The result of a node of this and others: symbols, or numbers of this one's kind."""
        names = [
            other.name
            if isinstance(other, _Symbol)
            else self.graph.constant(np.asarray(other, self.dtype))
            for other in others
        ]
        made = self.graph.node(kind, self.name, *names, **attributes)
        return _Symbol(self.graph, made, dtype or self.dtype)

    def constant(self, number: Any) -> _Symbol:
        return _Symbol(self.graph, self.graph.constant(np.asarray(number, self.dtype)), self.dtype)

    def __add__(self, other: Any) -> _Symbol:
        return self.of("Add", other)

    def __sub__(self, other: Any) -> _Symbol:
        return self.of("Sub", other)

    def __mul__(self, other: Any) -> _Symbol:
        return self.of("Mul", other)

    def __truediv__(self, other: Any) -> _Symbol:
        return self.of("Div", other)

    def __pow__(self, power: Any) -> _Symbol:
        return self * self if power == 2 else self.of("Pow", power)

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: Any) -> _Symbol:
        return self.constant(other) - self

    def __rtruediv__(self, other: Any) -> _Symbol:
        return self.constant(other) / self

    def __neg__(self) -> _Symbol:
        return self.of("Neg")

    def __abs__(self) -> _Symbol:
        return self.of("Abs")

    def __lt__(self, other: Any) -> _Symbol:
        return self.of("Less", other)

    def __le__(self, other: Any) -> _Symbol:
        return self.of("LessOrEqual", other)

    def __gt__(self, other: Any) -> _Symbol:
        return self.of("Greater", other)

    def __and__(self, other: _Symbol) -> _Symbol:
        return self.of("And", other)


def _clip(x: _Symbol, low: float | None, high: float | None) -> _Symbol:
    x = x if low is None else x.of("Max", low)
    return x if high is None else x.of("Min", high)


def _logaddexp(a: _Symbol, b: _Symbol) -> _Symbol:
    return a.of("Max", b) + (1.0 + (-abs(a - b)).of("Exp")).of("Log")


def _where(condition: _Symbol, yes: _Symbol, no: _Symbol) -> _Symbol:
    return _Symbol(condition.graph, condition.of("Where", yes, no).name, yes.dtype)


_FUNCTIONS: dict[str, Callable[..., _Symbol]] = {
    **{
        name: lambda x, kind=kind: x.of(kind)
        for name, kind in {
            "arctan": "Atan",
            "cos": "Cos",
            "exp": "Exp",
            "floor": "Floor",
            "log": "Log",
            "sign": "Sign",
            "sin": "Sin",
            "sqrt": "Sqrt",
            "tanh": "Tanh",
        }.items()
    },
    "clip": _clip,
    "logaddexp": _logaddexp,
    "where": _where,
    "ones_like": lambda x: x.constant(1.0),
    "zeros_like": lambda x: x.constant(0.0),
}


class _Module:
    """Stands in for numpy: the functions of it that activations are made of."""

    def __init__(self, activation: Activation) -> None:
        self._activation = activation

    def __getattr__(self, name: str) -> Callable[..., _Symbol]:
        if name not in _FUNCTIONS:
            raise ValueError(
                f"activation {self._activation.name!r} cannot be a model yet: it uses {name}"
            )
        return _FUNCTIONS[name]


class _Writer:
    """Writes one program into a graph, from ``points`` to ``colours``."""

    def __init__(self, program: Program, graph: _Graph) -> None:
        self.program = program
        self.graph = graph
        self.places: list[tuple[str, int]] = []
        self.widths = {"points": 2}
        self.read: set[str] = set()  # inputs beside x and y that are read

    def run(self) -> None:
        columns = {"x": ("points", 0), "y": ("points", 1)}
        for name, width in self.program.inputs:
            if width != 1:
                raise ValueError(f"input {name!r} has {width} values: expected it to be bound")
            self.places.append(columns.get(name, (f"{name} column", 0)))
        for operation in self.program.operations:
            if isinstance(operation, Affine):
                self._affine(operation)
            elif isinstance(operation, Product):
                left, right = self._columns(operation.left), self._columns(operation.right)
                self._made(self.graph.node("Mul", left, right), operation.size)
            else:
                self._grid(operation)
        self.graph.node("Identity", self._columns(self.program.output_values), made="colours")

    def _made(self, tensor: str, size: int) -> None:
        self.widths[tensor] = size
        self.places += [(tensor, column) for column in range(size)]

    def _columns(self, values: Values | Sequence[int]) -> str:
        """A tensor whose columns are these values."""
        parts = []
        for tensor, run in groupby((self.places[value] for value in values), lambda p: p[0]):
            own = [column for _, column in run]
            tensor = self._whole(tensor)
            if own != list(range(self.widths[tensor])):
                indices = self.graph.constant(np.array(own, np.int64))
                tensor = self.graph.node("Gather", tensor, indices, axis=1)
            parts.append(tensor)
        return parts[0] if len(parts) == 1 else self.graph.node("Concat", *parts, axis=1)

    def _whole(self, tensor: str) -> str:
        """The tensor itself; one of an input that is a single number is made when it is read."""
        name = tensor.removesuffix(" column")
        if name != tensor and tensor not in self.widths:
            self.read.add(name)
            self.graph.node("Expand", name, self._shape(1), made=tensor)
            self.widths[tensor] = 1
        return tensor

    def _shape(self, columns: int) -> str:
        """The shape (points, columns)."""
        points = self.graph.node("Shape", "points", start=0, end=1)
        return self.graph.node("Concat", points, self.graph.constant([columns]), axis=0)

    def _affine(self, operation: Affine) -> None:
        sources = [int(source) for source in operation.sources]
        order = sorted(range(len(sources)), key=lambda i: self.places[sources[i]])
        weight = operation.weight[:, order].astype(np.float32)
        given = self._columns(operation.sources[order]) if order else None
        first = len(self.places)
        self.places += [("", 0)] * operation.size
        names = np.array(operation.activations)
        for name in dict.fromkeys(operation.activations):
            units = np.flatnonzero(names == name)
            bias = self.graph.constant(operation.bias[units])
            if given is None:
                made = self.graph.node("Expand", bias, self._shape(len(units)))
            else:
                made = self.graph.node("Gemm", given, self.graph.constant(weight[units].T), bias)
            entry = get(name)
            made = entry.array(_Module(entry), _Symbol(self.graph, made)).name
            if name == "one":  # a number, which is the same for all
                made = self.graph.node("Expand", made, self._shape(len(units)))
            self.widths[made] = len(units)
            for column, unit in enumerate(units):
                self.places[first + unit] = (made, column)

    def _grid(self, operation: Grid) -> None:
        low, high, share = [], [], []
        for source, n in zip(operation.sources, operation.resolution, strict=True):
            u = _Symbol(self.graph, self._columns([int(source)]))
            if operation.wrap:
                place = (u - u.of("Floor")) * float(n)
                cell = _clip(place.of("Floor"), 0.0, n - 1.0)
            else:
                place = _clip(u, 0.0, 1.0) * (n - 1.0)
                cell = _clip(place.of("Floor"), 0.0, n - 2.0)
            s = place - cell
            share.append(s * s * (3.0 - 2.0 * s) if operation.smooth else s)
            near = cell.of("Cast", to=7, dtype=np.int64)  # 7: the number of int64 in ONNX
            low.append(near)
            high.append((near + 1).of("Mod", n) if operation.wrap else near + 1)
        table = self.graph.constant(operation.table)
        total: Any = 0.0
        for corner in corners_of((0, 1), repeat=len(share)):
            entry = self._entry(operation, [(low, high)[far][a] for a, far in enumerate(corner)])
            weight: Any = 1.0
            for s, far in zip(share, corner, strict=True):
                weight = (s if far else 1.0 - s) * weight
            flat = self.graph.node("Reshape", entry.name, self.graph.constant([-1]))
            total = _Symbol(self.graph, self.graph.node("Gather", table, flat)) * weight + total
        self._made(total.name, operation.size)

    def _entry(self, operation: Grid, corner: Sequence[_Symbol]) -> _Symbol:
        """The number of the entry at a corner of the cell."""
        if operation.hashed:
            mixed = corner[0]
            for number, prime in zip(corner[1:], HASH_PRIMES[1:], strict=False):
                mixed = mixed.of("BitwiseXor", number * prime)
            return mixed.of("BitwiseAnd", len(operation.table) - 1)
        index = corner[0]
        for number, n in zip(corner[1:], operation.resolution[1:], strict=True):
            index = index * n + number
        return index
