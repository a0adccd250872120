"""Programs on torch: a module whose parameters are the program's arrays.

It trains, differentiates twice in its inputs, and runs wherever torch does (CUDA, MPS).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import product as corners_of
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from . import activations, grid_autograd
from .program import HASH_PRIMES, Affine, Grid, Operation, Product, Program, Values

Number: TypeAlias = "float | list[float] | np.ndarray[Any, Any] | Tensor"


class ProgramModule(nn.Module):
    """A program as a torch module.

    Parameters: every weight and bias of the affine maps and every table of the grids, float32
    until ``.to()`` says otherwise; results have their dtype and device. frozen: the numbers of
    operations that do not learn; their arrays are buffers, and a diagonal map among them
    multiplies value by value.
    """

    def __init__(self, program: Program, frozen: Collection[int] = ()) -> None:
        super().__init__()
        self._program = program
        starts = [0]
        if program.input_size:
            starts.append(program.input_size)
        modules: list[_OperationModule] = []
        steps: list[_OperationModule | _Grids] = []
        for number, operation in enumerate(program.operations):
            module = _module_of(operation, np.array(starts), number not in frozen)
            modules.append(module)
            last = steps[-1] if steps else None
            if not isinstance(module, _GridModule):
                steps.append(module)
            elif isinstance(last, _Grids) and last.reads(operation.reads):
                last.grids.append(module)
                starts[-1] += operation.size
                continue
            else:
                steps.append(_Grids([module]))
            starts.append(starts[-1] + operation.size)
        self.operations = nn.ModuleList(modules)
        self.result = _Gather(program.output_values, np.array(starts))
        self._steps = steps
        self._done = _last_reads([*steps, self.result])
        # follows .to() even where there are no parameters
        self.register_buffer("_like", torch.empty(0), persistent=False)

    @property
    def input_names(self) -> tuple[str, ...]:
        return self._program.input_names

    @property
    def output_names(self) -> tuple[str, ...]:
        return self._program.output_names

    def forward(self, coords: Tensor | None = None, **inputs: Number) -> Tensor:
        """The outputs at N points, (N, outputs).

        coords (N, input_size): all inputs side by side in the program's order; or every input by
        name: (N, width), (N,) where its width is 1, or a constant, (width,) or a number.
        Raises ValueError when an input is missing, unknown or of another shape.
        """
        if coords is None:
            coords = self._side_by_side(inputs)
        elif inputs:
            raise ValueError("give either all inputs side by side or each by its name, not both")
        if coords.ndim != 2 or coords.shape[1] != self._program.input_size:
            raise ValueError(
                f"coordinates of shape {tuple(coords.shape)}: expected (N, "
                f"{self._program.input_size}) for inputs {', '.join(self.input_names)}"
            )
        coords = coords.to(self.get_buffer("_like"))
        parts: list[Tensor | None] = [coords] if self._program.input_size else []
        for number, step in enumerate(self._steps):
            parts.append(step(parts, coords))
            for part in self._done[number]:
                parts[part] = None
        out: Tensor = self.result(parts, coords)
        return out

    def program(self) -> Program:
        """The program with the parameters as they are now. ValueError when one is not finite."""
        operations = tuple(
            module.operation() for module in self.operations if isinstance(module, _OperationModule)
        )
        return Program(self._program.inputs, operations, self._program.outputs)

    def _side_by_side(self, inputs: dict[str, Number]) -> Tensor:
        if set(inputs) != set(self.input_names):
            raise ValueError(
                f"the program takes inputs {', '.join(self.input_names) or '(none)'}; "
                f"unknown: {sorted(set(inputs) - set(self.input_names))}, "
                f"missing: {sorted(set(self.input_names) - set(inputs))}"
            )
        like = self.get_buffer("_like")
        columns = []
        for name, width in self._program.inputs:
            column = torch.as_tensor(inputs[name], dtype=like.dtype, device=like.device)
            if column.ndim == 1 and width == 1:
                column = column[:, None]
            if column.shape not in {(), (width,), *((n, width) for n in column.shape[:1])}:
                raise ValueError(
                    f"input {name!r} of shape {tuple(column.shape)}: expected (N, {width})"
                )
            columns.append(column.expand(max(column.shape[:-1], default=1), width))
        lengths = {len(column) for column in columns} - {1} or {1}
        if len(lengths) > 1:
            raise ValueError(f"inputs of different lengths: {sorted(lengths)}")
        if not columns:
            return like.new_empty(1, 0)
        (n,) = lengths
        return torch.cat([column.expand(n, -1) for column in columns], 1)


class _Gather(nn.Module):
    """Collects chosen values as columns (N, k) from the tensors that operations have made.

    ``parts`` are those tensors, (N, size) each; part p holds the values from ``starts[p]`` on.
    A part that is read whole and in order is taken as it is, and nothing is copied.
    """

    def __init__(self, values: Values, starts: Values) -> None:
        super().__init__()
        of = np.searchsorted(starts, values, "right") - 1
        self.parts = list(dict.fromkeys(of.tolist()))
        collected = []
        for number, part in enumerate(self.parts):
            chosen = np.unique(values[of == part]) - starts[part]
            collected.append(chosen + starts[part])
            self.register_buffer(f"columns{number}", torch.from_numpy(chosen), persistent=False)
        self.spans = [
            (int(c[0] - starts[p]), len(c)) if len(c) == c[-1] - c[0] + 1 else None
            for p, c in zip(self.parts, collected, strict=True)
        ]
        order = np.zeros(0, np.int64)
        if collected:
            have = np.concatenate(collected)
            rank = np.argsort(have)
            order = rank[np.searchsorted(have, values, sorter=rank)]
        self.in_order = np.array_equal(order, np.arange(sum(map(len, collected))))
        self.register_buffer("order", torch.from_numpy(order), persistent=False)

    def forward(self, parts: list[Tensor], coords: Tensor) -> Tensor:
        if not self.parts:
            return coords[:, :0]
        columns = []
        for number, (part, span) in enumerate(zip(self.parts, self.spans, strict=True)):
            tensor = parts[part]
            if span is None:
                tensor = tensor.index_select(1, self.get_buffer(f"columns{number}"))
            elif span != (0, tensor.shape[1]):
                tensor = tensor.narrow(1, *span)
            columns.append(tensor)
        values = columns[0] if len(columns) == 1 else torch.cat(columns, 1)
        return values if self.in_order else values.index_select(1, self.get_buffer("order"))


class _OperationModule(nn.Module):
    gathers: Iterable[_Gather]

    def operation(self) -> Operation:
        raise NotImplementedError


class _AffineModule(_OperationModule):
    weight: Tensor
    bias: Tensor

    def __init__(self, operation: Affine, starts: Values, learns: bool) -> None:
        super().__init__()
        self.sources = operation.sources
        self.names = operation.activations
        self.gather = _Gather(operation.sources, starts)
        self.gathers = (self.gather,)
        _hold(self, "weight", operation.weight, learns)
        _hold(self, "bias", operation.bias, learns)
        self.diagonal = not learns and _is_diagonal(operation.weight)
        self.groups = tuple(dict.fromkeys(self.names))
        names = np.array(self.names)
        units = [np.flatnonzero(names == name) for name in self.groups]
        for number, group in enumerate(units):
            self.register_buffer(f"units{number}", torch.from_numpy(group), persistent=False)
        back = np.argsort(np.concatenate(units))
        self.register_buffer("back", torch.from_numpy(back), persistent=False)

    def forward(self, parts: list[Tensor], coords: Tensor) -> Tensor:
        if self.diagonal:
            sums = self.gather(parts, coords) * self.weight.diagonal() + self.bias
        elif len(self.sources):
            sums = functional.linear(self.gather(parts, coords), self.weight, self.bias)
        else:
            sums = self.bias.expand(len(coords), -1)
        if len(self.groups) == 1:
            return _activate(self.groups[0], sums)
        made = [
            _activate(name, sums.index_select(1, self.get_buffer(f"units{number}")))
            for number, name in enumerate(self.groups)
        ]
        return torch.cat(made, 1).index_select(1, self.get_buffer("back"))

    def operation(self) -> Affine:
        return Affine(self.sources, _numpy(self.weight), _numpy(self.bias), self.names)


class _ProductModule(_OperationModule):
    def __init__(self, operation: Product, starts: Values) -> None:
        super().__init__()
        self._operation = operation
        self.left = _Gather(operation.left, starts)
        self.right = _Gather(operation.right, starts)
        self.gathers = (self.left, self.right)

    def forward(self, parts: list[Tensor], coords: Tensor) -> Tensor:
        product: Tensor = self.left(parts, coords) * self.right(parts, coords)
        return product

    def operation(self) -> Product:
        return self._operation


class _GridModule(_OperationModule):
    """One grid, in plain torch: what the machine code is held to, and what serves elsewhere."""

    table: Tensor

    def __init__(self, operation: Grid, starts: Values, learns: bool) -> None:
        super().__init__()
        self.sources = operation.sources
        self.resolution = operation.resolution
        self.wrap, self.smooth, self.hashed = operation.wrap, operation.smooth, operation.hashed
        self.gather = _Gather(operation.sources, starts)
        self.gathers = (self.gather,)
        _hold(self, "table", operation.table, learns)

    def forward(self, points: Tensor) -> Tensor:
        lower, upper, fraction = [], [], []
        points = torch.nan_to_num(points)
        for u, n in zip(points.unbind(1), self.resolution, strict=True):
            p = (u - u.floor()) * n if self.wrap else u.clip(0, 1) * (n - 1)
            cell = p.detach().long().clip(0, n - 1 if self.wrap else n - 2)
            f = p - cell
            lower.append(cell)
            upper.append((cell + 1) % n if self.wrap else cell + 1)
            fraction.append(f * f * (3 - 2 * f) if self.smooth else f)
        out: Any = 0
        for corner in corners_of((0, 1), repeat=len(lower)):
            index: Any = 0
            weight: Any = 1
            for axis, far in enumerate(corner):
                i = upper[axis] if far else lower[axis]
                weight = weight * (fraction[axis] if far else 1 - fraction[axis])
                if self.hashed:
                    index = index ^ ((i * HASH_PRIMES[axis]) & 0xFFFFFFFF)
                else:
                    index = index * self.resolution[axis] + i
            entries = functional.embedding(index % len(self.table), self.table)
            out = out + entries * weight[:, None]
        result: Tensor = out
        return result

    @property
    def level(self) -> grid_autograd.Level:
        entries, channels = self.table.shape
        flags = self.wrap, self.smooth, self.hashed
        return grid_autograd.Level(entries, channels, self.resolution, *flags)

    def operation(self) -> Grid:
        return Grid(self.sources, _numpy(self.table), self.resolution, self.wrap, self.smooth)


class _Grids:
    """Grids of the same coordinates, one after another, which are looked up together."""

    def __init__(self, grids: list[_GridModule]) -> None:
        self.grids = grids
        self.gathers = grids[0].gathers

    def reads(self, sources: Values) -> bool:
        return np.array_equal(self.grids[0].sources, sources)

    def __call__(self, parts: Any, coords: Tensor) -> Tensor:
        points = self.grids[0].gather(parts, coords)
        tables = [grid.table for grid in self.grids]
        levels = tuple(grid.level for grid in self.grids)
        found = grid_autograd.look_up(points, tables, levels)
        return torch.cat([grid(points) for grid in self.grids], 1) if found is None else found


def _module_of(operation: Operation, starts: Values, learns: bool) -> _OperationModule:
    if isinstance(operation, Affine):
        return _AffineModule(operation, starts, learns)
    if isinstance(operation, Product):
        return _ProductModule(operation, starts)
    return _GridModule(operation, starts, learns)


def _hold(module: nn.Module, name: str, array: np.ndarray[Any, Any], learns: bool) -> None:
    """Keeps an array as a parameter, or as a buffer where it does not learn."""
    tensor = torch.from_numpy(array.copy())
    if learns:
        module.register_parameter(name, nn.Parameter(tensor))
    else:
        module.register_buffer(name, tensor)


def _is_diagonal(weight: np.ndarray[Any, Any]) -> bool:
    units, sources = weight.shape
    return units == sources and not np.any(weight - np.diag(weight.diagonal()))


def _last_reads(modules: list[Any]) -> list[list[int]]:
    """For every operation the parts that nothing reads after it: they need not be kept."""
    last: dict[int, int] = {}
    for number, module in enumerate(modules):
        for gather in getattr(module, "gathers", (module,)):
            last.update(dict.fromkeys(gather.parts, number))
    done: list[list[int]] = [[] for _ in modules]
    for part, number in last.items():
        done[number].append(part)
    return done


def _activate(name: str, x: Tensor) -> Tensor:
    if name == "relu":  # the table's form, but torch takes a fifth of the time for its slopes
        return torch.relu(x)
    result: Tensor = activations.ACTIVATIONS[name].array(torch, x)
    return result


def _numpy(parameter: Tensor) -> np.ndarray[Any, Any]:
    array: np.ndarray[Any, Any] = parameter.detach().to("cpu", torch.float32).numpy()
    return array
