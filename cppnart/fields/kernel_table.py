"""tanh from a table that fits into registers, where the processor has AVX-512.

The interval from 0 to LIMIT is cut into SEGMENTS parts, narrow where tanh bends and wide where it
is flat, with a polynomial in |x| for each. AVX-512 looks 16 numbers up in 32 at once, so this takes
14 instructions for 16 points, and no division. The parts are those in which a float32 between 1.375
and 22 keeps its sign, exponent and first three digits: the fit's argument is brought to that range,
and the part is in its bits.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

LIMIT = 8.3
"""Beyond it float32's tanh is 1, to within 1.3e-7."""
DEGREE = 4
SEGMENTS, FIRST = 32, 3
DIGITS = 3


def _edges() -> NDArray[np.float64]:
    number = np.arange(FIRST, FIRST + SEGMENTS)
    return 2.0 ** (number >> DIGITS) * (1 + number % (1 << DIGITS) / (1 << DIGITS))


def _coefficients() -> NDArray[np.float64]:
    """(SEGMENTS, DEGREE + 1) of polynomials through tanh at the Chebyshev points of each part.

    The last part begins at LIMIT: it is for arguments that were rounded up to it. The first goes
    through 0, so that tanh of 0 is 0.
    """
    edges = (_edges() - _edges()[0]) / (_edges()[-1] - _edges()[0]) * LIMIT
    angles = (2 * np.arange(DEGREE + 1) + 1) / (2 * DEGREE + 2) * np.pi
    rows = []
    for low, high in pairwise(edges):
        x = (low + high) / 2 - (high - low) / 2 * np.cos(angles)
        x[0] = 0 if low == 0 else x[0]
        rows.append(np.linalg.solve(np.vander(x, increasing=True), np.tanh(x)))
    rows[0][0] = 0
    return np.array([*rows, rows[-1]])


SLOPE = (_edges()[-1] - _edges()[0]) / LIMIT
TABLES = np.roll(_coefficients(), FIRST + (127 << DIGITS), axis=0).T.astype(np.float32)
"""By power, and by the last five bits of exponent and digits; that of 1 is 127."""


@intrinsic
def tanh_vector(typingctx: Any, address: Any) -> Any:
    """Takes tanh of the 16 numbers at an address, in their place."""
    f32, i32 = ir.FloatType(), ir.IntType(32)
    vector, bits = ir.VectorType(f32, 16), ir.VectorType(i32, 16)

    def codegen(context: Any, b: Any, signature: Any, args: Any) -> Any:
        def intrinsic(name: str, *arguments: Any) -> Any:
            kind = ir.FunctionType(vector, [a.type for a in arguments])
            function = b.module.globals.get(name) or ir.Function(b.module, kind, name)
            return b.call(function, arguments)

        def whole(number: int) -> Any:
            return ir.Constant(bits, [number] * 16)

        def number(value: float) -> Any:
            return ir.Constant(vector, [float(np.float32(value))] * 16)

        place = b.inttoptr(args[0], vector.as_pointer())
        x = b.bitcast(b.load(place, align=64, typ=vector), bits)
        size = b.bitcast(b.and_(x, whole(0x7FFFFFFF)), vector)
        size = b.select(b.fcmp_ordered("<", size, number(LIMIT)), size, number(LIMIT))
        moved = intrinsic("llvm.fma.v16f32", size, number(SLOPE), number(_edges()[0]))
        part = b.lshr(b.bitcast(moved, bits), whole(23 - DIGITS))

        def coefficient(power: int) -> Any:
            low, high = (
                ir.Constant(vector, [float(v) for v in half]) for half in np.split(TABLES[power], 2)
            )
            return intrinsic("llvm.x86.avx512.vpermi2var.ps.512", low, part, high)

        y = coefficient(DEGREE)
        for power in range(DEGREE - 1, -1, -1):
            y = intrinsic("llvm.fma.v16f32", y, size, coefficient(power))
        sign = b.and_(x, whole(-0x80000000))
        b.store(b.bitcast(b.or_(b.bitcast(y, bits), sign), vector), place, align=64)
        return context.get_dummy_value()

    return types.void(address), codegen
