"""The kernel's interpreter, as numba compiles it: programs over tiles of points.

Three things make it fast: the multiply-adds run in a register-blocked microkernel written in
LLVM's own vectors (``_affine_block``), activations are polynomials that LLVM vectorises across
points, and the interpreter's decisions are made once per tile, not per point. It allocates
nothing and raises nothing, so that its machine code can be kept and loaded without numba
(``machine_code.py``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, cfunc, njit, types
from numba.extending import intrinsic

from . import kernel_math
from .activations import NUMBER
from .kernel import ACTIVATE, AFFINE, END, LANES, MULTIPLY, PANEL, TILE, VECTORS
from .kernel_math import FAST, wide_vectors
from .kernel_table import tanh_vector
from .program import HASH_PRIMES


def _pointer(kind: Any) -> Any:
    """An intrinsic that makes a pointer of this type from an address."""

    @intrinsic
    def pointer(typingctx: Any, address: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

        return types.CPointer(kind)(types.int64), codegen

    return pointer


float_pointer, double_pointer = _pointer(types.float32), _pointer(types.float64)
int_pointer, byte_pointer = _pointer(types.int64), _pointer(types.uint8)
short_pointer = _pointer(types.uint16)


@intrinsic
def address_of(typingctx: Any, array: Any) -> Any:
    """The address of an array's first number."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.ptrtoint(data, ir.IntType(64))

    return types.int64(array), codegen


def _affine_block(units: int) -> Any:
    """The microkernel for this many units: over one panel of points,

    y[u] = bias[u] + sum over k of weight[k, u] * x[row[k]],   u = 0 .. units - 1.

    All accumulators stay in registers: units * VECTORS of them, VECTORS loads and ``units``
    broadcasts for every units * VECTORS multiply-adds. All arguments are addresses in bytes:
    weights (bias first, then units of weights for each k), n row offsets (int64), the rows,
    the output, and the step between output rows.
    """
    f32, i32, i64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
    vector = ir.VectorType(f32, LANES)

    @intrinsic
    def block(typingctx: Any, weights: Any, offsets: Any, n: Any, x: Any, y: Any, step: Any) -> Any:
        def codegen(context: Any, b: Any, signature: Any, args: Any) -> Any:
            weights, offsets, n, x, y, step = args
            name = f"llvm.fmuladd.v{LANES}f32"
            fma = b.module.globals.get(name) or ir.Function(
                b.module, ir.FunctionType(vector, [vector] * 3), name
            )

            def at(base: Any, count: int, size: int) -> Any:
                return b.add(base, ir.Constant(i64, count * size))

            def load(address: Any, of: Any, align: int) -> Any:
                return b.load(b.inttoptr(address, of.as_pointer()), align=align, typ=of)

            def splat(number: Any) -> Any:
                undefined = ir.Constant(vector, ir.Undefined)
                first = b.insert_element(undefined, number, ir.Constant(i32, 0))
                zeros = ir.Constant(ir.VectorType(i32, LANES), [0] * LANES)
                return b.shuffle_vector(first, undefined, zeros)

            start = b.block
            bias = [splat(load(at(weights, u, 4), f32, 4)) for u in range(units)]
            first_w = at(weights, units, 4)
            loop, done = b.append_basic_block("loop"), b.append_basic_block("done")
            b.cbranch(b.icmp_signed(">", n, ir.Constant(i64, 0)), loop, done)

            b.position_at_end(loop)
            k, w = b.phi(i64), b.phi(i64)
            sums = [[b.phi(vector) for _ in range(VECTORS)] for _ in range(units)]
            row = b.add(x, load(b.add(offsets, b.shl(k, ir.Constant(i64, 3))), i64, 8))
            points = [load(at(row, v, 4 * LANES), vector, 4 * LANES) for v in range(VECTORS)]
            new = []
            for u in range(units):
                weight = splat(load(at(w, u, 4), f32, 4))
                new.append([b.call(fma, [weight, points[v], sums[u][v]]) for v in range(VECTORS)])
            next_k, next_w = at(k, 1, 1), at(w, units, 4)
            for phi, first, following in ((k, ir.Constant(i64, 0), next_k), (w, first_w, next_w)):
                phi.add_incoming(first, start)
                phi.add_incoming(following, loop)
            for u in range(units):
                for v in range(VECTORS):
                    sums[u][v].add_incoming(bias[u], start)
                    sums[u][v].add_incoming(new[u][v], loop)
            b.cbranch(b.icmp_signed("<", next_k, n), loop, done)

            b.position_at_end(done)
            results = [[b.phi(vector) for _ in range(VECTORS)] for _ in range(units)]
            for u in range(units):
                out = b.add(y, b.mul(step, ir.Constant(i64, u)))
                for v in range(VECTORS):
                    results[u][v].add_incoming(bias[u], start)
                    results[u][v].add_incoming(new[u][v], loop)
                    target = b.inttoptr(at(out, v, 4 * LANES), vector.as_pointer())
                    b.store(results[u][v], target, align=4 * LANES)
            return context.get_dummy_value()

        return types.void(weights, offsets, n, x, y, step), codegen

    return block


_block8, _block4, _block3, _block2, _block1 = map(_affine_block, (8, 4, 3, 2, 1))


@njit(inline="never", nogil=True, boundscheck=False)
def _affine(units, weights, offsets, n, x, y, step):
    for panel in range(0, TILE * 4, PANEL * 4):
        if units == 8:
            _block8(weights, offsets, n, x + panel, y + panel, step)
        elif units == 4:
            _block4(weights, offsets, n, x + panel, y + panel, step)
        elif units == 3:
            _block3(weights, offsets, n, x + panel, y + panel, step)
        elif units == 2:
            _block2(weights, offsets, n, x + panel, y + panel, step)
        else:
            _block1(weights, offsets, n, x + panel, y + panel, step)


def _dispatcher(names: list[str]) -> Any:
    """activate(number, x, start, stop): applies the activation of that number in place.

    A binary tree of comparisons, made here because numba has no table of functions.
    """
    if names == ["tanh"] and LANES == 16:

        @njit(nogil=True, boundscheck=False)
        def tabled(number, x, start, stop):
            base = address_of(x)
            for address in range(base + 4 * start, base + 4 * stop, 64):
                tanh_vector(address)

        return tabled

    if len(names) == 1:
        function = kernel_math.FORMS[names[0]]

        @njit(nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
        def activate(number, x, start, stop):
            wide_vectors()
            part = x[start:stop]
            for i in range(len(part)):
                part[i] = function(part[i])

        return activate

    half = len(names) // 2
    low, high = _dispatcher(names[:half]), _dispatcher(names[half:])
    pivot = NUMBER[names[half]]

    @njit(nogil=True)
    def choose(number, x, start, stop):
        if number < pivot:
            low(number, x, start, stop)
        else:
            high(number, x, start, stop)

    return choose


_activate = _dispatcher(list(NUMBER))
P0, P1, P2, P3 = (np.uint32(prime) for prime in HASH_PRIMES)


Z, U, TWO, THREE = np.float32(0), np.float32(1), np.float32(2), np.float32(3)


@njit(nogil=True, error_model="numpy", boundscheck=False)
def _cells(x, source, low, fraction, n, wrap, smooth):
    """The cell and the fraction within it, of one coordinate of a tile; cells kept as floats."""
    wide_vectors()
    us, cells, fractions = (
        x[source : source + TILE],
        x[low : low + TILE],
        x[fraction : fraction + TILE],
    )
    span = np.float32(n if wrap else n - 1)
    top = np.float32(n - 1 if wrap else n - 2)
    for i in range(TILE):
        u = us[i]
        u = u - np.floor(u) if wrap else min(u, U)
        p = u * span if u > Z else Z  # also where u is not a number
        cell = min(np.floor(p), top)
        f = p - cell
        cells[i] = cell
        fractions[i] = f * f * (THREE - TWO * f) if smooth else f


@njit(nogil=True, error_model="numpy", boundscheck=False)
def _corner(x, lows, i, a, n, wrap, far):
    """The index along axis a of a corner of the cell of point i."""
    cell = np.int64(x[lows + 2 * a * TILE + i]) + far
    return cell - n if wrap and cell >= n else cell


@intrinsic
def _line_block(
    typingctx: Any, entries: Any, cells: Any, fraction: Any, out: Any, step: Any, last: Any
) -> Any:
    """One vector of linear look-ups in a table; all but step and last are addresses in bytes.

    LLVM does not vectorise this loop, for all it knows the results may lie in the table.
    """
    f32, i32, i64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
    vector, whole = ir.VectorType(f32, LANES), ir.VectorType(i32, LANES)
    places = ir.VectorType(f32.as_pointer(), LANES)
    mask = ir.VectorType(ir.IntType(1), LANES)

    def codegen(context: Any, b: Any, signature: Any, args: Any) -> Any:
        entries, cells, fraction, out, step, last = args

        def splat(number: Any, of: Any) -> Any:
            undefined = ir.Constant(of, ir.Undefined)
            first = b.insert_element(undefined, number, ir.Constant(i32, 0))
            return b.shuffle_vector(first, undefined, ir.Constant(whole, [0] * LANES))

        def load(address: Any) -> Any:
            return b.load(b.inttoptr(address, vector.as_pointer()), align=4 * LANES, typ=vector)

        name = f"llvm.masked.gather.v{LANES}f32.v{LANES}p0"
        kind = ir.FunctionType(vector, [places, i32, mask, vector])
        gather = b.module.globals.get(name) or ir.Function(b.module, kind, name)

        def at(index: Any) -> Any:
            wide = ir.VectorType(i64, LANES)
            bytes_in = b.sext(b.mul(index, splat(step, whole)), wide)
            undefined = ir.Constant(vector, ir.Undefined)
            every = ir.Constant(mask, [1] * LANES)
            pointers = b.inttoptr(b.add(splat(entries, wide), bytes_in), places)
            return b.call(gather, [pointers, ir.Constant(i32, 4), every, undefined])

        k = b.fptosi(load(cells), whole)
        next_k = b.add(k, ir.Constant(whole, [1] * LANES))
        beyond = b.icmp_signed(">", next_k, splat(last, whole))
        next_k = b.select(beyond, ir.Constant(whole, [0] * LANES), next_k)
        a0, a1 = at(k), at(next_k)
        fma = b.module.globals.get(f"llvm.fmuladd.v{LANES}f32") or ir.Function(
            b.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fmuladd.v{LANES}f32"
        )
        y = b.call(fma, [load(fraction), b.fsub(a1, a0), a0])
        b.store(y, b.inttoptr(out, vector.as_pointer()), align=4 * LANES)
        return context.get_dummy_value()

    return types.void(entries, cells, fraction, out, step, last), codegen


@njit(inline="never", nogil=True, boundscheck=False)
def _line(cells, fraction, out, entries, c, n):
    """Linear look-ups of a tile in a 1-D table of n entries of c numbers; addresses in bytes."""
    for i in range(0, 4 * TILE, 4 * LANES):
        _line_block(entries, cells + i, fraction + i, out + i, np.int32(4 * c), np.int32(n - 1))


@njit(inline="always", nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def _between(entries, j, near, far, fraction):
    """Channel j of two entries, and what lies between them."""
    low, high = entries[near + j], entries[far + j]
    return low + fraction * (high - low)


@njit(inline="always", nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def _cube_of(cells, out, entries, c, n0, n1, n2, mask):
    """Trilinear look-ups of a tile in a table of n0 n1 n2 entries, or hashed, of c numbers.

    cells: rows of cells and of fractions, by turns, of the three coordinates.
    """
    top0, top1, top2 = np.uint32(n0), np.uint32(n1), np.uint32(n2)
    kept, one, none = np.uint32(mask), np.uint32(1), np.uint32(0)
    for i in range(TILE):
        x0, y0, z0 = (
            np.uint32(cells[i]),
            np.uint32(cells[2 * TILE + i]),
            np.uint32(cells[4 * TILE + i]),
        )
        x1, y1, z1 = x0 + one, y0 + one, z0 + one
        x1 = none if x1 == top0 else x1
        y1 = none if y1 == top1 else y1
        z1 = none if z1 == top2 else z1
        if mask >= 0:
            x0, x1, y0, y1, z0, z1 = x0 * P0, x1 * P0, y0 * P1, y1 * P1, z0 * P2, z1 * P2
            r00, r01, r10, r11 = x0 ^ y0, x0 ^ y1, x1 ^ y0, x1 ^ y1
            a0, a1 = np.int64((r00 ^ z0) & kept) * c, np.int64((r00 ^ z1) & kept) * c
            b0, b1 = np.int64((r01 ^ z0) & kept) * c, np.int64((r01 ^ z1) & kept) * c
            c0, c1 = np.int64((r10 ^ z0) & kept) * c, np.int64((r10 ^ z1) & kept) * c
            d0, d1 = np.int64((r11 ^ z0) & kept) * c, np.int64((r11 ^ z1) & kept) * c
        else:
            x0, x1 = x0 * top1, x1 * top1
            r00, r01 = np.int64(x0 + y0) * n2, np.int64(x0 + y1) * n2
            r10, r11 = np.int64(x1 + y0) * n2, np.int64(x1 + y1) * n2
            a0, a1 = (r00 + z0) * c, (r00 + z1) * c
            b0, b1 = (r01 + z0) * c, (r01 + z1) * c
            c0, c1 = (r10 + z0) * c, (r10 + z1) * c
            d0, d1 = (r11 + z0) * c, (r11 + z1) * c
        f, g, h = cells[TILE + i], cells[3 * TILE + i], cells[5 * TILE + i]
        for j in range(c):
            upper, lower = _between(entries, j, a0, a1, h), _between(entries, j, b0, b1, h)
            near = upper + g * (lower - upper)
            upper, lower = _between(entries, j, c0, c1, h), _between(entries, j, d0, d1, h)
            far = upper + g * (lower - upper)
            out[j * TILE + i] = near + f * (far - near)


@njit(inline="never", nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def _cube(cells, out, entries, c, n0, n1, n2, mask):
    """Trilinear look-ups of a tile; a usual number of channels makes one loop less."""
    if c == 2:
        _cube_of(cells, out, entries, 2, n0, n1, n2, mask)
    else:
        _cube_of(cells, out, entries, c, n0, n1, n2, mask)


@njit(nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def _look_up(code, at, data, x, origin):
    """One grid look-up of a tile: multilinear interpolation; see Grid for the conventions.

    Layout: dimensions, channels, wrap, smooth, mask of the hash or -1, table, output, scratch
    (two rows a dimension), then source and resolution of every dimension.
    """
    wide_vectors()
    d, c, wrap, smooth, mask = code[at], code[at + 1], code[at + 2], code[at + 3], code[at + 4]
    table, out, lows = code[at + 5], origin + code[at + 6], origin + code[at + 7]
    axes = at + 8
    for a in range(d):
        low = lows + 2 * a * TILE
        _cells(
            x, origin + code[axes + 2 * a], low, low + TILE, code[axes + 2 * a + 1], wrap, smooth
        )
    if mask < 0 and d == 1:
        base = address_of(x)
        for j in range(c):
            _line(
                base + 4 * lows,
                base + 4 * (lows + TILE),
                base + 4 * (out + j * TILE),
                address_of(data) + 4 * (table + j),
                c,
                code[axes + 1],
            )
        return
    if mask < 0 and d == 2:
        n0, n1 = np.int32(code[axes + 1]), np.int32(code[axes + 3])
        k0, f0 = x[lows : lows + TILE], x[lows + TILE : lows + 2 * TILE]
        k1, f1 = x[lows + 2 * TILE : lows + 3 * TILE], x[lows + 3 * TILE : lows + 4 * TILE]
        width, one = np.int32(c), np.int32(1)
        for j in range(c):
            y = x[out + j * TILE : out + (j + 1) * TILE]
            entries = data[table + j : table + n0 * n1 * c]
            for i in range(TILE):
                a0, b0 = np.int32(k0[i]), np.int32(k1[i])
                a1, b1 = a0 + one, b0 + one
                a1 = np.int32(0) if a1 == n0 else a1
                b1 = np.int32(0) if b1 == n1 else b1
                e00, e01 = entries[(a0 * n1 + b0) * width], entries[(a0 * n1 + b1) * width]
                e10, e11 = entries[(a1 * n1 + b0) * width], entries[(a1 * n1 + b1) * width]
                upper, lower = e00 + f1[i] * (e01 - e00), e10 + f1[i] * (e11 - e10)
                y[i] = upper + f0[i] * (lower - upper)
        return
    if d == 3:
        n0, n1, n2 = code[axes + 1], code[axes + 3], code[axes + 5]
        _cube(x[lows : lows + 6 * TILE], x[out:], data[table:], c, n0, n1, n2, mask)
        return
    for j in range(c):
        x[out + j * TILE : out + (j + 1) * TILE] = Z
    for corner in range(1 << d):
        for i in range(TILE):
            weight, index, hashed = U, np.int64(0), np.uint32(0)
            for a in range(d):
                far = (corner >> a) & 1
                f = x[lows + (2 * a + 1) * TILE + i]
                weight *= f if far else U - f
                k = _corner(x, lows, i, a, code[axes + 2 * a + 1], wrap, far)
                prime = P0 if a == 0 else P1 if a == 1 else P2 if a == 2 else P3
                hashed ^= np.uint32(k) * prime
                index = index * code[axes + 2 * a + 1] + k
            entry = table + (np.int64(hashed) & mask if mask >= 0 else index) * c
            for j in range(c):
                x[out + j * TILE + i] += weight * data[entry + j]


@njit(nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)
def run_tile(code, data, x, origin):
    """Runs a compiled program on one tile.

    x[origin:] are its rows, 64-byte aligned, the inputs in the first of them.
    """
    wide_vectors()
    base, numbers, offsets = address_of(x) + 4 * origin, address_of(data), address_of(code)
    at = 0
    while code[at] != END:
        kind = code[at]
        if kind == AFFINE:
            units, n, out = code[at + 1], code[at + 2], base + 4 * code[at + 4]
            weights, rows = numbers + 4 * code[at + 3], offsets + 8 * (at + 5)
            _affine(units, weights, rows, n, base, out, 4 * TILE)
            at += 5 + n
        elif kind == ACTIVATE:
            start = origin + code[at + 2]
            _activate(code[at + 1], x, start, start + code[at + 3])
            at += 4
        elif kind == MULTIPLY:
            left, right, out = origin + code[at + 1], origin + code[at + 2], origin + code[at + 3]
            a, b, ab = x[left : left + TILE], x[right : right + TILE], x[out : out + TILE]
            for i in range(TILE):
                ab[i] = a[i] * b[i]
            at += 4
        else:
            _look_up(code, at + 1, data, x, origin)
            at += 9 + 2 * code[at + 1]


@njit(nogil=True, error_model="numpy", boundscheck=False)
def program_at(arguments, first):
    """A compiled program out of five numbers: address and length of code and of data, outputs.

    Returns (code, data, outputs).
    """
    code = carray(int_pointer(arguments[first]), (arguments[first + 1],))
    data = carray(float_pointer(arguments[first + 2]), (arguments[first + 3],))
    outputs = carray(int_pointer(arguments[first + 4]), (arguments[first + 5],))
    return code, data, outputs


@cfunc(types.void(types.CPointer(types.int64)), error_model="numpy")
def evaluate_points(address):
    """Arguments: a program (6), scratch, points, row step of points, count, inputs, out."""
    arguments = carray(address, (12,))
    code, data, outputs = program_at(arguments, 0)
    count, step, inputs = arguments[9], arguments[8], arguments[10]
    x = carray(float_pointer(arguments[6]), (1 << 40,))
    points = carray(float_pointer(arguments[7]), (1 << 40,))
    out = carray(float_pointer(arguments[11]), (1 << 40,))
    for start in range(0, count, TILE):
        n = min(TILE, count - start)
        for row in range(inputs):
            first = row * step + start
            for i in range(n):
                x[row * TILE + i] = points[first + i]
            for i in range(n, TILE):  # the rest of the last tile: its last point again
                x[row * TILE + i] = points[first + n - 1]
        run_tile(code, data, x, 0)
        for j in range(len(outputs)):
            first = outputs[j] * TILE
            for i in range(n):
                out[(start + i) * len(outputs) + j] = x[first + i]
