"""Pictures by blocks of 64 x 64 pixels, as numba compiles them: adaptive evaluation, colour,
antialiasing, quantising.

A block evaluates the field on a coarse grid of pixels with an apron, interpolates between them
with cubic Lagrange polynomials, and compares, at points midway between the samples and after
colour, with the field itself. Where they differ by more than half a grey level it halves the
stride: 8, 4, 2, then every pixel. Blocks are aligned to the full picture and know nothing of each
other, so the pixels do not depend on tiles, regions or threads.

Compiled programs are passed as (code, data, outputs). A field reads rows 0 and 1, x and y; a
colouring reads the field's outputs, then x, y and the pixel size. A scratch is an array of rows
for a tile. A geometry is (origin x, y, right x, y, down x, y, pixel size). Nothing is allocated
here and nothing raised: see ``fields/machine_code.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, cfunc, njit, types

from ..fields.kernel import TILE
from ..fields.kernel_code import (
    address_of,
    byte_pointer,
    double_pointer,
    float_pointer,
    int_pointer,
    program_at,
    run_tile,
    short_pointer,
)
from ..fields.kernel_math import FAST, srgb, wide_vectors
from .blocks import BLOCK, SEGMENT, STRIDES

ROWS = TILE // BLOCK
"""Rows of a block that make a tile."""
HALF_LEVEL = np.float32(0.5 / 255)
EDGE_SHIFT = np.float32(1 / 400)
"""How far, in pixels, interpolation may displace an edge that is as sharp as a pixel."""
NOISE = np.float32(2e-6)
"""Rounding errors of a field: differences below this are not worth a refinement."""
LOST = np.float32(64)
"""An error, in half levels, that halving the stride once will hardly mend: it falls by 16 where
the field is smooth, and by 2 to 4 across a kink."""

HUGE = np.float32(1e30)
"""A field beyond this, or not a number, cannot be interpolated."""

ZERO, ONE = np.float32(0), np.float32(1)
TINY = np.float32(1e-6)


def _loops(function: Any) -> Any:
    return njit(nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)(function)


@_loops
def _part(work, first, a, b, c):
    """Room for an array (a, b, c) in a workspace."""
    return carray(float_pointer(address_of(work) + 4 * first), (a, b, c))


@_loops
def _place(x, first, geometry, left, top, stride, columns, start, count):
    """Writes the coordinates of positions start .. of a grid to rows x[first:] and the next.

    The grid begins at the pixel centre (left, top) and steps by ``stride`` pixels; positions
    beyond ``count`` repeat the last.
    """
    wide_vectors()
    i = 0
    while i < TILE:
        k = min(start + i, count - 1)
        row = k // columns
        column = k - row * columns
        inside = start + i < count
        n = min(columns - column, TILE - i) if inside else TILE - i
        step = stride if inside else 0
        xs, ys = x[first + i : first + i + n], x[first + TILE + i : first + TILE + i + n]
        px, py = left + stride * column + 0.5, top + stride * row + 0.5
        x0, y0 = geometry[0] + py * geometry[4], geometry[1] + py * geometry[5]
        right, down = geometry[2], geometry[3]
        for j in range(n):
            at = px + np.float64(np.int32(j)) * step
            xs[j] = x0 + at * right
            ys[j] = y0 + at * down
        i += n


@_loops
def _sample(field, scratch, geometry, left, top, stride, columns, values):
    """The field on a grid of pixels, as in _place: values (outputs, count)."""
    wide_vectors()
    code, data, outputs = field
    x = scratch
    count = values.shape[1]
    for start in range(0, count, TILE):
        n = min(TILE, count - start)
        _place(x, 0, geometry, left, top, stride, columns, start, count)
        run_tile(code, data, x, 0)
        for j in range(len(outputs)):
            row = outputs[j] * TILE
            values[j, start : start + n] = x[row : row + n]


@_loops
def _colours(colour, scratch, geometry, left, top, stride, columns, values, colours):
    """The colours (channels, count) of field values (outputs, count) on a grid of pixels."""
    wide_vectors()
    code, data, outputs = colour
    x = scratch
    fields, count = values.shape
    xy = fields * TILE
    for start in range(0, count, TILE):
        n = min(TILE, count - start)
        for c in range(fields):
            row = c * TILE
            x[row : row + n] = values[c, start : start + n]
            x[row + n : row + TILE] = values[c, count - 1]
        _place(x, xy, geometry, left, top, stride, columns, start, count)
        x[xy + 2 * TILE : xy + 3 * TILE] = np.float32(geometry[6])
        run_tile(code, data, x, 0)
        for j in range(len(outputs)):
            row = outputs[j] * TILE
            colours[j, start : start + n] = x[row : row + n]


@_loops
def _midpoints(nodes, columns, values, across):
    """Interpolates halfway between samples: values (outputs, rows * columns)."""
    wide_vectors()
    a, b = np.float32(-1 / 16), np.float32(9 / 16)
    for c in range(nodes.shape[0]):
        for j in range(nodes.shape[1] - 3):
            n0, n1, n2, n3 = nodes[c, j], nodes[c, j + 1], nodes[c, j + 2], nodes[c, j + 3]
            for i in range(columns + 3):
                across[i] = a * (n0[i] + n3[i]) + b * (n1[i] + n2[i])
            out = values[c, j * columns : (j + 1) * columns]
            for i in range(columns):
                out[i] = a * (across[i] + across[i + 3]) + b * (across[i + 1] + across[i + 2])


@_loops
def _errors(exact, guess, seen, guessed, edge, pixel, errors):
    """Errors (count) at check points, in units of what is allowed: half a grey level.

    exact, guess: the field's values and the interpolated ones; seen, guessed: their colours.
    """
    wide_vectors()
    count = len(errors)
    for k in range(count):
        errors[k] = ZERO
    for c in range(3):
        a, b = seen[c], guessed[c]
        for k in range(count):
            errors[k] = max(errors[k], abs(srgb(a[k]) - srgb(b[k])))
    if len(seen) == 4:
        a, b = seen[3], guessed[3]
        for k in range(count):
            hidden = max(a[k], b[k]) <= ZERO
            errors[k] = ZERO if hidden else max(errors[k], abs(a[k] - b[k]))
    for k in range(count):
        errors[k] /= HALF_LEVEL
    if edge[0] >= 0:
        value, own, dx, dy = exact[edge[0]], guess[edge[0]], exact[edge[1]], exact[edge[2]]
        for k in range(count):
            allowed = EDGE_SHIFT * pixel * np.sqrt(dx[k] * dx[k] + dy[k] * dy[k]) + NOISE
            errors[k] = max(errors[k], abs(value[k] - own[k]) / allowed)
    for c in range(len(guess)):
        value, own = exact[c], guess[c]
        for k in range(count):
            known = abs(value[k]) + abs(own[k]) < HUGE
            errors[k] = errors[k] if known else HUGE


@_loops
def _examine(field, fx, colour, cx, geometry, edge, left, top, stride, columns, rows, work):
    """Samples cells of ``stride`` pixels and checks what interpolation gives in their middles.

    Returns the samples with their apron (outputs, rows + 3, columns + 3) and the errors of the
    cells (rows, columns), as in _errors; both lie in work, laid out as blocks.level_size says.
    """
    fields, channels = len(field[2]), len(colour[2])
    count, half, grid = rows * columns, stride // 2, (rows + 3) * (columns + 3)
    nodes = _part(work, 0, fields, rows + 3, columns + 3)
    flat = _part(work, 0, 1, fields, grid)[0]
    at = fields * grid
    exact = _part(work, at, 1, fields, count)[0]
    guess = _part(work, at + fields * count, 1, fields, count)[0]
    at += 2 * fields * count
    seen = _part(work, at, 1, channels, count)[0]
    guessed = _part(work, at + channels * count, 1, channels, count)[0]
    at += 2 * channels * count
    errors = _part(work, at, 1, 1, count)[0, 0]
    across = _part(work, at + count, 1, 1, columns + 3)[0, 0]
    _sample(field, fx, geometry, left - stride, top - stride, stride, columns + 3, flat)
    _sample(field, fx, geometry, left + half, top + half, stride, columns, exact)
    _midpoints(nodes, columns, guess, across)
    _colours(colour, cx, geometry, left + half, top + half, stride, columns, exact, seen)
    _colours(colour, cx, geometry, left + half, top + half, stride, columns, guess, guessed)
    _errors(exact, guess, seen, guessed, edge, np.float32(geometry[6]), errors)
    return nodes, _part(work, at, 1, rows, columns)[0]


@_loops
def _largest(errors, column, columns):
    """The largest error of some columns; one that is not a number counts as infinite."""
    largest = ZERO
    for j in range(errors.shape[0]):
        for i in range(column, column + columns):
            if not errors[j, i] <= largest:
                largest = errors[j, i] if errors[j, i] > largest else np.float32(np.inf)
    return largest


@_loops
def _lagrange(t):
    """Weights of the cubic through samples at -1, 0, 1, 2 at t."""
    return (
        np.float32(-t * (t - 1) * (t - 2) / 6),
        np.float32((t + 1) * (t - 1) * (t - 2) / 2),
        np.float32(-(t + 1) * t * (t - 2) / 2),
        np.float32((t + 1) * t * (t - 1) / 6),
    )


@_loops
def _across(nodes, column, stride, offset, h, weights):
    """Interpolates along rows: h (outputs, rows, 64) at pixels shifted by ``offset``."""
    wide_vectors()
    cells = BLOCK // stride
    for p in range(stride):
        w = _lagrange((p + offset) / stride)
        for k in range(4):
            weights[k, p] = w[k]
    w0, w1, w2, w3 = weights[0], weights[1], weights[2], weights[3]
    for c in range(nodes.shape[0]):
        for r in range(cells + 3):
            row, out = nodes[c, r], h[c, r]
            for i in range(cells):
                n0, n1 = row[column + i], row[column + i + 1]
                n2, n3 = row[column + i + 2], row[column + i + 3]
                part = out[i * stride : (i + 1) * stride]
                if stride == 8:
                    for p in range(8):
                        part[p] = n0 * w0[p] + n1 * w1[p] + n2 * w2[p] + n3 * w3[p]
                else:
                    for p in range(stride):
                        part[p] = n0 * w0[p] + n1 * w1[p] + n2 * w2[p] + n3 * w3[p]


@_loops
def _down(h, stride, offset, first_row, cx):
    """Interpolates a tile's rows of pixels, starting with ``first_row``, into rows of cx."""
    wide_vectors()
    for q in range(ROWS):
        y = min(first_row + q, BLOCK - 1)
        cell = y // stride
        w0, w1, w2, w3 = _lagrange((y - cell * stride + offset) / stride)
        for c in range(h.shape[0]):
            start = c * TILE + q * BLOCK
            n0, n1, n2, n3 = h[c, cell], h[c, cell + 1], h[c, cell + 2], h[c, cell + 3]
            out = cx[start : start + BLOCK]
            for i in range(BLOCK):
                out[i] = w0 * n0[i] + w1 * n1[i] + w2 * n2[i] + w3 * n3[i]


@_loops
def _accumulate(colour, cx, at, begin, total):
    """Adds a tile's colours, premultiplied by alpha, to total (channels, 64 * 64) from ``at``.

    What is not a number counts as 0: max(ZERO, x) takes x only where it is greater.
    """
    wide_vectors()
    channels = total.shape[0]
    n = min(TILE, BLOCK * BLOCK - at)
    for c in range(channels):
        row = colour[2][c] * TILE
        part, sums = cx[row : row + n], total[c, at : at + n]
        if channels == 4 and c < 3:
            row = colour[2][3] * TILE
            alpha = cx[row : row + n]
            for i in range(n):
                light = min(max(ZERO, part[i]), ONE) * min(max(ZERO, alpha[i]), ONE)
                sums[i] = light if begin else sums[i] + light
        else:
            for i in range(n):
                light = min(max(ZERO, part[i]), ONE)
                sums[i] = light if begin else sums[i] + light


@_loops
def _shade(field, fx, colour, cx, placed, geometry, samples, left, top, stride, nodes, column, h,
           weights, total):  # fmt: skip
    """Sums the colours of a block's pixels over their samples, in linear light, into total.

    Interpolates nodes from ``column`` on at this stride; with stride 1 evaluates the field.
    """
    fields = len(field[2])
    xy = fields * TILE
    for s in range(len(samples)):
        dx, dy = samples[s, 0], samples[s, 1]
        if stride > 1:
            _across(nodes, column, stride, dx, h, weights)
        for first_row in range(0, BLOCK, ROWS):
            at = first_row * BLOCK
            if stride > 1:
                _down(h, stride, dy, first_row, cx)
            else:
                _place(fx, 0, geometry, left + dx, top + dy, 1, BLOCK, at, BLOCK * BLOCK)
                run_tile(field[0], field[1], fx, 0)
                for c in range(fields):
                    row = field[2][c] * TILE
                    cx[c * TILE : (c + 1) * TILE] = fx[row : row + TILE]
            if placed:
                _place(cx, xy, geometry, left + dx, top + dy, 1, BLOCK, at, BLOCK * BLOCK)
                cx[xy + 2 * TILE : xy + 3 * TILE] = np.float32(geometry[6])
            run_tile(colour[0], colour[1], cx, 0)
            _accumulate(colour, cx, at, s == 0, total)


@_loops
def _encode(total, first, count, bits, noise, lines):
    """Averages, encodes and dithers a row of pixels into lines (4, 64), a channel each."""
    wide_vectors()
    levels = np.float32(255 if bits == 8 else 65535)
    scale = ONE / np.float32(count)
    channels = total.shape[0]
    for c in range(channels):
        sums, line = total[c, first : first + BLOCK], lines[c]
        if c == 3:
            for i in range(BLOCK):
                line[i] = sums[i] * scale
        elif channels == 4:
            alpha = total[3, first : first + BLOCK]
            for i in range(BLOCK):
                line[i] = srgb(sums[i] / max(alpha[i], TINY))
        else:
            for i in range(BLOCK):
                line[i] = srgb(sums[i] * scale)
        if bits < 32:
            for i in range(BLOCK):
                line[i] = np.floor(min(line[i] * levels + noise[i], levels))


@_loops
def _interleave(lines, channels, first, last, out):
    """Stores pixels first .. last of a row: lines (4, 64) to out, channels side by side."""
    wide_vectors()
    if channels == 3:
        red, green, blue = lines[0, first:last], lines[1, first:last], lines[2, first:last]
        for i in range(last - first):
            out[3 * i] = red[i]
            out[3 * i + 1] = green[i]
            out[3 * i + 2] = blue[i]
    else:
        for c in range(channels):
            for i in range(last - first):
                out[channels * i + c] = lines[c, first + i]


@_loops
def _store(total, count, dither, bits, left, top, clip, out, lines):
    """Stores the part of a block that lies in clip, as levels, or with 32 bits as fractions.

    out is the address of (rows, columns, channels) numbers that begin at clip's corner.
    """
    channels = total.shape[0]
    x0, x1 = max(left, clip[0]), min(left + BLOCK, clip[2])
    for y in range(max(top, clip[1]), min(top + BLOCK, clip[3])):
        _encode(total, (y - top) * BLOCK, count, bits, dither[y - top], lines)
        pixel = (y - max(top, clip[1])) * (clip[2] - clip[0]) + x0 - clip[0]
        target, length = out + pixel * channels * (bits // 8), (x1 - x0) * channels
        if bits == 8:
            row8 = carray(byte_pointer(target), (length,))
            _interleave(lines, channels, x0 - left, x1 - left, row8)
        elif bits == 16:
            row16 = carray(short_pointer(target), (length,))
            _interleave(lines, channels, x0 - left, x1 - left, row16)
        else:
            row32 = carray(float_pointer(target), (length,))
            _interleave(lines, channels, x0 - left, x1 - left, row32)


@cfunc(types.void(types.CPointer(types.int64)), error_model="numpy", fastmath=FAST)
def render_band(address):
    """Renders the part of a band of blocks that lies in clip; arguments as in blocks.py."""
    a = carray(address, (34,))
    field, colour = program_at(a, 0), program_at(a, 6)
    fields, channels = len(field[2]), len(colour[2])
    fx, cx = carray(float_pointer(a[12]), (a[13],)), carray(float_pointer(a[14]), (a[15],))
    work = carray(float_pointer(a[16]), (a[17],))
    work2 = carray(float_pointer(a[18]), (a[19],))
    total = carray(float_pointer(a[20]), (channels, BLOCK * BLOCK))
    h = carray(float_pointer(a[21]), (fields, BLOCK // 2 + 3, BLOCK))
    small = carray(float_pointer(a[22]), (8, BLOCK))
    weights, lines = small[:4], small[4:]
    geometry = carray(double_pointer(a[23]), (7,))
    samples = carray(double_pointer(a[24]), (a[25], 2))
    dither = carray(float_pointer(a[26]), (BLOCK, BLOCK))
    clip = carray(int_pointer(a[27]), (4,))
    edge = carray(int_pointer(a[28]), (3,))
    ended = carray(int_pointer(a[29]), (len(STRIDES),))
    placed, adaptive, band = a[30] & 1, a[30] & 2, a[31]
    bits, out = a[32], a[33]

    top, cells = band * BLOCK, BLOCK // STRIDES[0]
    first, last = clip[0] // BLOCK, (clip[2] - 1) // BLOCK + 1
    nodes = _part(work, 0, fields, cells + 3, SEGMENT * cells + 3)
    errors = _part(work, 0, 1, cells, SEGMENT * cells)[0]
    for segment in range(first // SEGMENT * SEGMENT, last, SEGMENT):
        if adaptive:
            nodes, errors = _examine(
                field, fx, colour, cx, geometry, edge,
                segment * BLOCK, top, STRIDES[0], SEGMENT * cells, cells, work,
            )  # fmt: skip
        for block in range(max(segment, first), min(segment + SEGMENT, last)):
            left = block * BLOCK
            column = (block - segment) * cells
            level, net = len(STRIDES) - 1, nodes
            if adaptive:
                level = 0
                error = _largest(errors, column, cells)
                while error > ONE and level < len(STRIDES) - 1:
                    level = min(level + (1 if error < LOST else 2), len(STRIDES) - 1)
                    column = 0
                    if STRIDES[level] > 1:
                        n = BLOCK // STRIDES[level]
                        net, own = _examine(
                            field, fx, colour, cx, geometry, edge,
                            left, top, STRIDES[level], n, n, work2,
                        )  # fmt: skip
                        error = _largest(own, 0, n)
            ended[level] += 1
            _shade(field, fx, colour, cx, placed, geometry, samples, left, top,
                   STRIDES[level], net, column, h, weights, total)  # fmt: skip
            _store(total, len(samples), dither, bits, left, top, clip, out, lines)
