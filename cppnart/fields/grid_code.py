"""Look-ups in grids and all their derivatives, as numba compiles them.

What is computed is the form  sum over points, corners and channels of

    weight(corner, point) * table[corner's entry, channel] * slope[point, channel],

differentiated in one of its factors: in the slopes it gives the values that are looked up, in the
table what a table learns, in the points the slopes of coordinates. The weight itself may be
differentiated along any number of directions first, which gives all derivatives of these.
``grid_autograd.py`` says which is which. A tile of points at a time: cells, weights and entries
are loops over points that LLVM vectorises, in any number of dimensions; only the table is read
point by point. Nothing is allocated and nothing raised: see ``machine_code.py``.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from .grid_autograd import CHUNK, LEVEL, SPREAD, TILE, VALUES
from .kernel_code import P0, P1, P2, P3, TWO, U, Z, float_pointer, int_pointer
from .kernel_math import wide_vectors

THREE, SIX, TWELVE = np.float32(3), np.float32(6), np.float32(12)
EVERYTHING = 1 << 40


@njit(nogil=True, error_model="numpy", boundscheck=False)
def _axis(points, rows, factors, entries, n, wrap, smooth, mask, stride, prime, orders):
    """One coordinate of a tile: what its two sides put into weights and into entries.

    factors (2, orders, TILE): for the near and the far side the weight, and its derivatives in
    the coordinate. entries (2, TILE): the side's part of the index, or of the hash.
    """
    wide_vectors()
    span, top = np.float32(n if wrap else n - 1), np.int64(n - 1 if wrap else n - 2)
    near, far = entries[:TILE], entries[TILE : 2 * TILE]
    fraction, slope = rows[:TILE], rows[TILE : 2 * TILE]
    factor = stride if mask < 0 else prime
    for i in range(len(points)):
        u = points[i]
        if wrap:
            slope[i] = span if u - u == Z else Z
            u = u - np.floor(u)
        else:
            slope[i] = span if u >= Z and u <= U else Z
            u = U if u > U else u
        p = u * span if u > Z else Z  # also where u is not a number
        cell = min(np.int64(p), top)
        after = cell + 1
        after = np.int64(0) if wrap and after == n else after
        fraction[i] = p - np.float32(cell)
        near[i], far[i] = cell * factor, after * factor
    for order in range(orders):
        low = factors[order * TILE : (order + 1) * TILE]
        high = factors[(orders + order) * TILE : (orders + order + 1) * TILE]
        for i in range(len(points)):
            f, s = fraction[i], slope[i]
            if order == 0:
                w = f * f * (THREE - TWO * f) if smooth else f
                low[i], high[i] = U - w, w
            else:
                if order == 1:
                    w = s * (SIX * f * (U - f)) if smooth else s
                elif order == 2:
                    w = s * s * (SIX - TWELVE * f) if smooth else Z
                elif order == 3:
                    w = -TWELVE * s * s * s if smooth else Z
                else:
                    w = Z
                low[i], high[i] = -w, w


@njit(nogil=True, error_model="numpy", boundscheck=False)
def _entries(index, parts, corner, d, mask):
    """The entries of one corner of every cell in a tile."""
    wide_vectors()
    for a in range(d):
        row = 2 * a + ((corner >> a) & 1)
        part = parts[row * TILE : row * TILE + len(index)]
        if a == 0:
            for i in range(len(index)):
                index[i] = part[i]
        elif mask < 0:
            for i in range(len(index)):
                index[i] += part[i]
        else:
            for i in range(len(index)):
                index[i] ^= part[i]
    if mask >= 0:
        for i in range(len(index)):
            index[i] &= mask


@njit(nogil=True, error_model="numpy", boundscheck=False)
def _weights(sums, spare, factors, moves, step, corner, d, order, along, count):
    """The weights of one corner of every cell in a tile, differentiated along ``order``
    directions, and along coordinate ``along`` where it is not negative.

    Row s of sums is the derivative along the set of directions s, of the product over the axes so
    far: each axis takes a part of the set, as Leibniz has it. The last row is the result.
    moves: the directions, (order, d) rows that are ``step`` apart.
    """
    wide_vectors()
    sets = 1 << order
    orders = order + 2
    for a in range(d):
        first = (2 * a + ((corner >> a) & 1)) * orders + (1 if a == along else 0)
        for s in range(sets - 1, -1, -1):
            total = sums[s * TILE : s * TILE + count]
            own = factors[first * TILE : first * TILE + count]
            if a > 0:
                for i in range(count):
                    total[i] *= own[i]
            elif s == 0:
                for i in range(count):
                    total[i] = own[i]
            else:
                for i in range(count):
                    total[i] = Z
            part = s
            while part > 0:
                if a > 0 or part == s:
                    rest = s & ~part
                    length = 0
                    for k in range(order):
                        length += (part >> k) & 1
                    row = first + length
                    own = factors[row * TILE : row * TILE + count]
                    before = sums[rest * TILE : rest * TILE + count]
                    for i in range(count):
                        spare[i] = own[i] * before[i] if a > 0 else own[i]
                    for k in range(order):
                        if (part >> k) & 1:
                            move = moves[(k * d + a) * step : (k * d + a) * step + count]
                            for i in range(count):
                                spare[i] *= move[i]
                    for i in range(count):
                        total[i] += spare[i]
                part = (part - 1) & s


@njit(nogil=True, error_model="numpy", boundscheck=False)
def _gather(out, width, table, c, index, weight, begin):
    """out[i] += weight[i] * table[index[i]], or = where a corner begins."""
    if c == 2:
        for i in range(len(index)):
            w, k, o = weight[i], index[i] * 2, i * width
            if begin:
                out[o], out[o + 1] = w * table[k], w * table[k + 1]
            else:
                out[o] += w * table[k]
                out[o + 1] += w * table[k + 1]
        return
    for i in range(len(index)):
        for j in range(c):
            found = weight[i] * table[index[i] * c + j]
            if begin:
                out[i * width + j] = found
            else:
                out[i * width + j] += found


@njit(nogil=True, error_model="numpy", boundscheck=False)
def _scatter(table, c, index, weight, slopes, width):
    """table[index[i]] += weight[i] * slopes[i], in the order of points."""
    if c == 2:
        for i in range(len(index)):
            w, k, o = weight[i], index[i] * 2, i * width
            a, b = w * slopes[o], w * slopes[o + 1]
            table[k] += a
            table[k + 1] += b
        return
    for i in range(len(index)):
        for j in range(c):
            table[index[i] * c + j] += weight[i] * slopes[i * width + j]


@njit(nogil=True, error_model="numpy", boundscheck=False)
def _dot(out, table, c, index, slopes, width):
    """out[i] = table[index[i]] . slopes[i]."""
    if c == 2:
        for i in range(len(index)):
            k, o = index[i] * 2, i * width
            out[i] = table[k] * slopes[o] + table[k + 1] * slopes[o + 1]
        return
    for i in range(len(index)):
        total = Z
        for j in range(c):
            total += table[index[i] * c + j] * slopes[i * width + j]
        out[i] = total


@cfunc(types.void(types.CPointer(types.int64)), error_model="numpy")
def look_up_grids(address):
    """Arguments: kind, dimensions, order, levels (address, first, step, stop), points, directions,
    values, width of values, slopes, count, first point, stop, scratch, scratch of whole numbers.

    points (d, count), directions (order, d, count), slopes (d, count), to which is added; values
    (count, width): what is found or, for the other kinds, the form's ``back``.
    """
    a = carray(address, (17,))
    kind, d, order, count, width = a[0], a[1], a[2], a[12], a[10]
    levels = carray(int_pointer(a[3]), (a[6] * LEVEL,))
    points = carray(float_pointer(a[7]), (EVERYTHING,))
    directions = carray(float_pointer(a[8]), (EVERYTHING,))
    values = carray(float_pointer(a[9]), (EVERYTHING,))
    slopes = carray(float_pointer(a[11]), (EVERYTHING,))
    orders = order + 2
    sums = carray(float_pointer(a[15]), (EVERYTHING,))
    factors = sums[TILE << order :]
    spare = factors[2 * d * orders * TILE :]
    parts = carray(int_pointer(a[16]), ((2 * d + 1) * TILE,))
    if kind == SPREAD:
        for number in range(a[4], a[6], a[5]):
            level = levels[number * LEVEL : (number + 1) * LEVEL]
            table = carray(float_pointer(level[0]), (level[1] * level[2],))
            table[:] = Z
    for chunk in range(a[13], a[14], CHUNK):
        for number in range(a[4], a[6], a[5]):
            level = levels[number * LEVEL : (number + 1) * LEVEL]
            c, mask = level[2], level[4]
            table = carray(float_pointer(level[0]), (level[1] * c,))
            for start in range(chunk, min(chunk + CHUNK, a[14]), TILE):
                n = min(TILE, a[14] - start)
                stride = 1
                for axis in range(d - 1, -1, -1):
                    prime = P0 if axis == 0 else P1 if axis == 1 else P2 if axis == 2 else P3
                    _axis(
                        points[axis * count + start : axis * count + start + n],
                        spare,
                        factors[2 * axis * orders * TILE :],
                        parts[2 * axis * TILE :],
                        level[7 + axis],
                        level[5],
                        level[6],
                        mask,
                        stride,
                        np.int64(prime),
                        orders,
                    )
                    stride *= level[7 + axis]
                index = parts[2 * d * TILE : 2 * d * TILE + n]
                weight = sums[((1 << order) - 1) * TILE : ((1 << order) - 1) * TILE + n]
                moves = directions[start:]
                here = values[start * width + level[3] :]
                for corner in range(1 << d):
                    _entries(index, parts, corner, d, mask)
                    if kind == VALUES:
                        _weights(sums, spare, factors, moves, count, corner, d, order, -1, n)
                        _gather(here, width, table, c, index, weight, corner == 0)
                    elif kind == SPREAD:
                        _weights(sums, spare, factors, moves, count, corner, d, order, -1, n)
                        _scatter(table, c, index, weight, here, width)
                    else:
                        dots = spare[TILE : TILE + n]
                        _dot(dots, table, c, index, here, width)
                        for axis in range(d):
                            _weights(sums, spare, factors, moves, count, corner, d, order, axis, n)
                            out = slopes[axis * count + start : axis * count + start + n]
                            for i in range(n):
                                out[i] += weight[i] * dots[i]
