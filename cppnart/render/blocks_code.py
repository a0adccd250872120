"""Pictures by blocks of 64 x 64 pixels, as numba compiles them: adaptive evaluation, colour,
antialiasing, quantising.

A block evaluates the field on a coarse grid of pixels with an apron, interpolates between them
with cubic Lagrange polynomials, and compares, at points midway between the samples and after
colour, with the field itself. Where they differ by more than half a grey level, parts of 16 x 16
pixels halve the stride: 8, 4, 2, then every pixel. What is sharp may lie between the points, so a
part also looks at points round it, beyond its block's border too. Blocks are aligned to the full
picture, and what becomes of one depends on a fixed neighbourhood alone, so the pixels do not
depend on tiles, regions or threads. A block that stays at the first stride, and whose pixels look
alike at their centres and over all their samples, takes one sample a pixel.

Compiled programs are passed as (code, data, outputs). A field reads rows 0 and 1, x and y; a
colouring reads the field's outputs, then x, y and the pixel size. fx and cx are rows for a tile.
A geometry is (origin x, y, right x, y, down x, y, size of what a sample stands for). Points are in
lists: coordinates xs and ys, values (outputs, count), colours (channels, count). Nothing is
allocated here and nothing raised: see ``fields/machine_code.py``.
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
from .blocks import BLOCK, CHECKS, PART, PARTS, RINGED, SEGMENT, STRIDES

PIXELS = BLOCK * BLOCK
ACROSS = BLOCK // PART
CELLS = BLOCK // STRIDES[0]
RAISED = 100
HALF_LEVEL = np.float32(0.25 / 255)
EDGE_SHIFT = np.float32(1 / 800)
"""How far, in pixels, interpolation may displace an edge that is as sharp as a pixel."""
NOISE = np.float32(3e-7)
"""Rounding errors of a field's value: less says nothing about its edges."""
ONCE, TWICE = np.float32(32), np.float32(512)
"""Errors, in half levels, that halving the stride once or twice will hardly mend: an error falls
by 16 where the field is smooth, and by 2 to 4 across a kink."""

HUGE = np.float32(1e30)
"""A field beyond this, or not a number, cannot be interpolated."""

ZERO, ONE = np.float32(0), np.float32(1)
TINY = np.float32(1e-6)


def _loops(function: Any) -> Any:
    return njit(nogil=True, fastmath=FAST, error_model="numpy", boundscheck=False)(function)


@_loops
def _part(work, first, rows, columns):
    """Room for an array (rows, columns) in a workspace, and where the next may begin."""
    array = carray(float_pointer(address_of(work) + 4 * first), (rows, columns))
    return array, first + rows * columns


@_loops
def _append(geometry, left, top, stride, columns, rows, xs, ys, at):
    """Appends a grid of positions to a list of points, row by row; returns the new length.

    The grid begins at the pixel centre (left, top) and steps by ``stride`` pixels.
    """
    wide_vectors()
    right, down = geometry[2], geometry[3]
    for row in range(rows):
        py = top + stride * row + 0.5
        x0, y0 = geometry[0] + py * geometry[4], geometry[1] + py * geometry[5]
        x, y = xs[at : at + columns], ys[at : at + columns]
        for j in range(columns):
            px = left + 0.5 + np.float64(np.int32(j)) * stride
            x[j] = x0 + px * right
            y[j] = y0 + px * down
        at += columns
    return at


@_loops
def _evaluate(field, fx, xs, ys, count, values):
    """The field at the points of a list."""
    code, data, outputs = field
    for start in range(0, count, TILE):
        n = min(TILE, count - start)
        fx[:n] = xs[start : start + n]
        fx[TILE : TILE + n] = ys[start : start + n]
        fx[n:TILE] = xs[start]
        fx[TILE + n : 2 * TILE] = ys[start]
        run_tile(code, data, fx, 0)
        for j in range(len(outputs)):
            row = outputs[j] * TILE
            values[j, start : start + n] = fx[row : row + n]


@_loops
def _load(cx, values, xs, ys, pixel, start, n):
    """Fills the rows that a colouring reads with points start .. start + n of a list."""
    fields = values.shape[0]
    for c in range(fields):
        cx[c * TILE : c * TILE + n] = values[c, start : start + n]
        cx[c * TILE + n : (c + 1) * TILE] = values[c, start]
    xy = fields * TILE
    cx[xy : xy + n] = xs[start : start + n]
    cx[xy + TILE : xy + TILE + n] = ys[start : start + n]
    cx[xy + n : xy + TILE] = xs[start]
    cx[xy + TILE + n : xy + 2 * TILE] = ys[start]
    cx[xy + 2 * TILE : xy + 3 * TILE] = pixel


@_loops
def _colours(colour, cx, values, xs, ys, pixel, count, colours):
    """The colours of the field's values at the points of a list."""
    code, data, outputs = colour
    for start in range(0, count, TILE):
        n = min(TILE, count - start)
        _load(cx, values, xs, ys, pixel, start, n)
        run_tile(code, data, cx, 0)
        for j in range(len(outputs)):
            row = outputs[j] * TILE
            colours[j, start : start + n] = cx[row : row + n]


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
def _between(nodes, at, columns, rows, ring, u, v, values, out_at, line):
    """Interpolates at one place of every cell, (u, v) in [0, 1]: from a grid (rows + 3,
    columns + 3) that begins at ``at`` in each row of nodes, to a grid at out_at.

    ring: (left, top, right, bottom), 1 where the grid also has a place for the cells beyond, in
    which the polynomial of the cells beside is extended.
    """
    wide_vectors()
    left, above, right, below = ring
    a0, a1, a2, a3 = _lagrange(u)
    l0, l1, l2, l3 = _lagrange(u - 1)
    r0, r1, r2, r3 = _lagrange(u + 1)
    wide, end = columns + 3, columns - 1
    to = out_at
    for j in range(-above, rows + below):
        cell = min(max(j, 0), rows - 1)
        b0, b1, b2, b3 = _lagrange(v + (j - cell))
        for c in range(nodes.shape[0]):
            first = at + cell * wide
            n0, n1 = nodes[c, first : first + wide], nodes[c, first + wide : first + 2 * wide]
            first += 2 * wide
            n2, n3 = nodes[c, first : first + wide], nodes[c, first + wide : first + 2 * wide]
            for i in range(wide):
                line[i] = b0 * n0[i] + b1 * n1[i] + b2 * n2[i] + b3 * n3[i]
            out = values[c, to + left : to + left + columns]
            for i in range(columns):
                out[i] = a0 * line[i] + a1 * line[i + 1] + a2 * line[i + 2] + a3 * line[i + 3]
            if left:
                values[c, to] = l0 * line[0] + l1 * line[1] + l2 * line[2] + l3 * line[3]
            if right:
                values[c, to + left + columns] = (
                    r0 * line[end] + r1 * line[end + 1] + r2 * line[end + 2] + r3 * line[end + 3]
                )
        to += left + columns + right


@_loops
def _shift(geometry):
    """How far, in coordinates, interpolation may displace an edge."""
    return EDGE_SHIFT * np.float32(np.sqrt(geometry[2] ** 2 + geometry[3] ** 2))


@_loops
def _errors(exact, guess, seen, guessed, edge, shift, count, errors):
    """Errors at the first ``count`` check points, in units of what is allowed: half a grey level.

    exact, guess: the field's values and the interpolated ones; seen, guessed: their colours.
    """
    wide_vectors()
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
            allowed = shift * np.sqrt(dx[k] * dx[k] + dy[k] * dy[k]) + NOISE
            errors[k] = max(errors[k], abs(value[k] - own[k]) / allowed)
    for c in range(len(guess)):
        value, own = exact[c], guess[c]
        for k in range(count):
            known = abs(value[k]) + abs(own[k]) < HUGE
            errors[k] = errors[k] if known else HUGE


@_loops
def _check(field, fx, colour, cx, xs, ys, count, pixel, shift, edge, checks):
    """Errors of what is guessed at the points of a list; see _errors.

    checks: (exact, guess, seen, guessed, errors), of which guess is filled already.
    """
    exact, guess, seen, guessed, errors = checks
    _evaluate(field, fx, xs, ys, count, exact)
    _colours(colour, cx, exact, xs, ys, pixel, count, seen)
    _colours(colour, cx, guess, xs, ys, pixel, count, guessed)
    _errors(exact, guess, seen, guessed, edge, shift, count, errors[0])


@_loops
def _largest(errors, at, step, rows, columns):
    """The largest of a grid of errors; one that is not a number counts as infinite."""
    largest = ZERO
    for j in range(rows):
        for i in range(columns):
            error = errors[0, at + j * step + i]
            if not error <= largest:
                largest = error if error > largest else np.float32(np.inf)
    return largest


@_loops
def _next_level(error, level):
    """The number of the stride to try after one that gave this error."""
    if error <= ONE:
        return level
    if error < ONCE:
        return min(level + 1, len(STRIDES) - 1)
    return min(level + 2, len(STRIDES) - 1) if error < TWICE else len(STRIDES) - 1


@_loops
def _spread(levels, least):
    """Raises parts that stand at a stride below ``least`` beside a part that needs every pixel.

    What is too sharp there may just reach into them, between their points.
    """
    every = len(STRIDES) - 1
    for part in range(PARTS):
        if levels[part] < least:
            y, x = part // ACROSS, part % ACROSS
            for j in range(max(y - 1, 0), min(y + 2, ACROSS)):
                for i in range(max(x - 1, 0), min(x + 2, ACROSS)):
                    if levels[j * ACROSS + i] == every:
                        levels[part] = least - RAISED
    for part in range(PARTS):
        levels[part] += RAISED if levels[part] < 0 else 0


@_loops
def _outside(part):
    """On which sides of a part its block ends: 1 or 0 for left, top, right, bottom."""
    y, x = part // ACROSS, part % ACROSS
    last = ACROSS - 1
    return int(x == 0), int(y == 0), int(x == last), int(y == last)


@_loops
def _refine(field, fx, colour, cx, geometry, edge, left, top, column, coarse, finer, xs, ys,
            checks, line, levels, slots):  # fmt: skip
    """Chooses the stride of each part of a block, and samples those that need a finer one.

    coarse: the errors (1, RINGED) of the segment's cells and those round it; the block's begin at
    ``column``, after the ring's. A part looks one cell beyond itself, and at finer strides one
    beyond the block: what is thin enough to pass between its own points seldom passes between its
    neighbours' too. levels (PARTS,): the number of the stride; slots: where a part's samples are in
    finer[level], counted in parts.
    """
    pixel, shift = np.float32(geometry[6]), _shift(geometry)
    own, wide = PART // STRIDES[0], SEGMENT * CELLS + 2
    for part in range(PARTS):
        first = part // ACROSS * own * wide + part % ACROSS * own + column
        levels[part] = _next_level(_largest(coarse, first, wide, own + 2, own + 2), 0)
    for level in range(1, len(STRIDES) - 1):
        stride = STRIDES[level]
        n = PART // stride
        nodes = finer[level - 1]
        at, count = 0, 0
        for part in range(PARTS):
            if levels[part] == level:
                x, y = left + part % ACROSS * PART, top + part // ACROSS * PART
                at = _append(geometry, x - stride, y - stride, stride, n + 3, n + 3, xs, ys, at)
                slots[part] = count
                count += 1
        _evaluate(field, fx, xs, ys, at, nodes)
        at = 0
        for part in range(PARTS):
            if levels[part] == level:
                x, y = left + part % ACROSS * PART, top + part // ACROSS * PART
                first = slots[part] * (n + 3) ** 2
                ring = _outside(part)
                _between(nodes, first, n, n, ring, 0.5, 0.5, checks[1], at, line)
                x, y = x + stride // 2 - stride * ring[0], y + stride // 2 - stride * ring[1]
                wide, high = n + ring[0] + ring[2], n + ring[1] + ring[3]
                at = _append(geometry, x, y, stride, wide, high, xs, ys, at)
        _check(field, fx, colour, cx, xs, ys, at, pixel, shift, edge, checks)
        at = 0
        for part in range(PARTS):
            if levels[part] == level:
                ring = _outside(part)
                wide, high = n + ring[0] + ring[2], n + ring[1] + ring[3]
                levels[part] = _next_level(_largest(checks[4], at, wide, high, wide), level)
                at += wide * high
        _spread(levels, level + 1)


@_loops
def _interpolate(nodes, at, wide, stride, cells, dx, dy, values, first, h, weights):
    """Interpolates pixels from samples, shifted by (dx, dy) pixels.

    nodes: a grid of rows of ``wide`` numbers, which begins at ``at`` with the apron; values: the
    block's pixels (fields, PIXELS), of which ``cells * stride`` square are filled from ``first``.
    """
    wide_vectors()
    side = cells * stride
    for p in range(stride):
        w = _lagrange((p + dx) / stride)
        for k in range(4):
            weights[k, p] = w[k]
    w0, w1, w2, w3 = weights[0], weights[1], weights[2], weights[3]
    for c in range(nodes.shape[0]):
        for r in range(cells + 3):
            row, out = nodes[c, at + r * wide : at + r * wide + cells + 3], h[r]
            for i in range(cells):
                n0, n1, n2, n3 = row[i], row[i + 1], row[i + 2], row[i + 3]
                part = out[i * stride : (i + 1) * stride]
                if stride == 8:
                    for p in range(8):
                        part[p] = n0 * w0[p] + n1 * w1[p] + n2 * w2[p] + n3 * w3[p]
                else:
                    for p in range(stride):
                        part[p] = n0 * w0[p] + n1 * w1[p] + n2 * w2[p] + n3 * w3[p]
        for y in range(side):
            cell = y // stride
            d0, d1, d2, d3 = _lagrange((y - cell * stride + dy) / stride)
            h0, h1, h2, h3 = h[cell], h[cell + 1], h[cell + 2], h[cell + 3]
            out = values[c, first + y * BLOCK : first + y * BLOCK + side]
            if side == BLOCK:
                for i in range(BLOCK):
                    out[i] = d0 * h0[i] + d1 * h1[i] + d2 * h2[i] + d3 * h3[i]
            else:
                for i in range(PART):
                    out[i] = d0 * h0[i] + d1 * h1[i] + d2 * h2[i] + d3 * h3[i]


@_loops
def _pixels(field, fx, geometry, left, top, dx, dy, nodes, column, finer, levels, slots, xs, ys,
            exact, values, h, weights):  # fmt: skip
    """The field at one sample of every pixel of a block: values (fields, PIXELS)."""
    fields = values.shape[0]
    coarsest = len(STRIDES)
    for part in range(PARTS):
        coarsest = min(coarsest, levels[part])
    if coarsest == 0:
        wide = SEGMENT * CELLS + 3
        _interpolate(nodes, column, wide, STRIDES[0], CELLS, dx, dy, values, 0, h, weights)
    count = 0
    for part in range(PARTS):
        level = levels[part]
        x, y = part % ACROSS * PART, part // ACROSS * PART
        if level == len(STRIDES) - 1:
            count = _append(geometry, left + x + dx, top + y + dy, 1, PART, PART, xs, ys, count)
        elif level > 0:
            n = PART // STRIDES[level]
            at = slots[part] * (n + 3) ** 2
            _interpolate(finer[level - 1], at, n + 3, STRIDES[level], n, dx, dy, values,
                         y * BLOCK + x, h, weights)  # fmt: skip
    _evaluate(field, fx, xs, ys, count, exact)
    at = 0
    for part in range(PARTS):
        if levels[part] == len(STRIDES) - 1:
            first = part // ACROSS * PART * BLOCK + part % ACROSS * PART
            for y in range(PART):
                to = first + y * BLOCK
                for c in range(fields):
                    values[c, to : to + PART] = exact[c, at : at + PART]
                at += PART


@_loops
def _roughness(colour, cx, geometry, left, top, samples, nodes, xs, ys, checks, sums, line, rough):
    """How much a pixel's samples together differ from its centre, in units of half a grey level,
    in the middle of every cell of a segment: rough (1, CELLS * SEGMENT * CELLS).

    Where they do not, one sample does for all. checks: as _check left them, with the cells round
    the segment; sums: room.
    """
    wide_vectors()
    values, _, seen, guessed, _ = checks
    wide, stride, channels = SEGMENT * CELLS, STRIDES[0], guessed.shape[0]
    count = CELLS * wide
    half, pixel = stride // 2, np.float32(geometry[6])
    for s in range(len(samples)):
        dx, dy = samples[s, 0], samples[s, 1]
        u, v = 0.5 + dx / stride, 0.5 + dy / stride
        _between(nodes, 0, wide, CELLS, (0, 0, 0, 0), u, v, values, 0, line)
        x, y = left + half + dx, top + half + dy
        _append(geometry, x, y, stride, wide, CELLS, xs, ys, 0)
        _colours(colour, cx, values, xs, ys, pixel, count, seen)
        for c in range(channels):
            light, total = seen[c], sums[c]
            for k in range(count):
                own = min(max(light[k], ZERO), ONE)
                total[k] = own if s == 0 else total[k] + own
    scale = ONE / np.float32(len(samples))
    worst = rough[0]
    for k in range(count):
        worst[k] = ZERO
    for c in range(channels):
        for j in range(CELLS):
            total, out = sums[c, j * wide : (j + 1) * wide], worst[j * wide : (j + 1) * wide]
            first = (j + 1) * (wide + 2) + 1
            centre = guessed[c, first : first + wide]
            for k in range(wide):
                own = min(max(centre[k], ZERO), ONE)
                out[k] = max(out[k], abs(srgb(total[k] * scale) - srgb(own)))
    for k in range(count):
        worst[k] /= HALF_LEVEL


@_loops
def _accumulate(colour, cx, at, begin, total):
    """Adds a tile's colours, premultiplied by alpha, to total (channels, 64 * 64) from ``at``.

    What is not a number counts as 0: max(ZERO, x) takes x only where it is greater.
    """
    wide_vectors()
    channels = total.shape[0]
    n = min(TILE, PIXELS - at)
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
    a = carray(address, (30,))
    field, colour = program_at(a, 0), program_at(a, 6)
    fields, channels = len(field[2]), len(colour[2])
    fx, cx = carray(float_pointer(a[12]), (a[13],)), carray(float_pointer(a[14]), (a[15],))
    work = carray(float_pointer(a[16]), (a[17],))
    geometry = carray(double_pointer(a[18]), (7,))
    samples = carray(double_pointer(a[19]), (a[20], 2))
    dither = carray(float_pointer(a[21]), (BLOCK, BLOCK))
    clip, edge = carray(int_pointer(a[22]), (4,)), carray(int_pointer(a[23]), (3,))
    ended = carray(int_pointer(a[24]), (len(STRIDES),))
    states = carray(int_pointer(a[25]), (2, PARTS))
    placed, adaptive, band, bits, out = a[26] & 1, a[26] & 2, a[27], a[28], a[29]
    levels, slots = states[0], states[1]

    wide = SEGMENT * CELLS
    lists, at = _part(work, 0, 2, PIXELS)
    xs, ys = lists[0], lists[1]
    nodes, at = _part(work, at, fields, (CELLS + 3) * (wide + 3))
    coarse, at = _part(work, at, 1, RINGED)
    rough, at = _part(work, at, 1, CELLS * wide)
    exact, at = _part(work, at, fields, CHECKS)
    guess, at = _part(work, at, fields, CHECKS)
    seen, at = _part(work, at, channels, CHECKS)
    guessed, at = _part(work, at, channels, CHECKS)
    errors, at = _part(work, at, 1, CHECKS)
    four, at = _part(work, at, fields, PARTS * (PART // STRIDES[1] + 3) ** 2)
    two, at = _part(work, at, fields, PARTS * (PART // STRIDES[2] + 3) ** 2)
    values, at = _part(work, at, fields, PIXELS)
    every, at = _part(work, at, fields, PIXELS)
    total, at = _part(work, at, channels, PIXELS)
    h, at = _part(work, at, CELLS + 3, BLOCK)
    weights, at = _part(work, at, 4, BLOCK)
    lines, at = _part(work, at, 4, 2 * wide)
    line = lines[0]
    checks, finer = (exact, guess, seen, guessed, errors), (four, two)

    pixel, shift = np.float32(geometry[6]), _shift(geometry)
    top = band * BLOCK
    first, last = clip[0] // BLOCK, (clip[2] - 1) // BLOCK + 1
    for segment in range(first // SEGMENT * SEGMENT, last, SEGMENT):
        if adaptive:
            left, stride = segment * BLOCK, STRIDES[0]
            count = _append(
                geometry, left - stride, top - stride, stride, wide + 3, CELLS + 3, xs, ys, 0
            )
            _evaluate(field, fx, xs, ys, count, nodes)
            _between(nodes, 0, wide, CELLS, (1, 1, 1, 1), 0.5, 0.5, guess, 0, line)
            half = stride // 2
            count = _append(
                geometry, left - half, top - half, stride, wide + 2, CELLS + 2, xs, ys, 0
            )
            _check(field, fx, colour, cx, xs, ys, count, pixel, shift, edge, checks)
            coarse[0] = errors[0, :count]
            if len(samples) > 1 and edge[0] < 0:
                _roughness(colour, cx, geometry, left, top, samples, nodes, xs, ys, checks, total,
                           line, rough)  # fmt: skip
        for block in range(max(segment, first), min(segment + SEGMENT, last)):
            left = block * BLOCK
            column = (block - segment) * CELLS
            if adaptive:
                _refine(field, fx, colour, cx, geometry, edge, left, top, column, coarse, finer,
                        xs, ys, checks, line, levels, slots)  # fmt: skip
            else:
                levels[:] = len(STRIDES) - 1
            finest = 0
            for part in range(PARTS):
                ended[levels[part]] += 1
                finest = max(finest, levels[part])
            count = len(samples)
            if finest == 0 and edge[0] < 0 and count > 1:
                count = 1 if _largest(rough, column, wide, CELLS, CELLS) <= ONE else count
            for s in range(count):
                dx, dy = samples[s, 0], samples[s, 1]
                if count == 1:
                    dx, dy = 0.0, 0.0
                _pixels(field, fx, geometry, left, top, dx, dy, nodes, column, finer, levels,
                        slots, xs, ys, every, values, h, weights)  # fmt: skip
                if placed:
                    _append(geometry, left + dx, top + dy, 1, BLOCK, BLOCK, xs, ys, 0)
                for start in range(0, PIXELS, TILE):
                    n = min(TILE, PIXELS - start)
                    _load(cx, values, xs, ys, pixel, start, n)
                    run_tile(colour[0], colour[1], cx, 0)
                    _accumulate(colour, cx, start, s == 0, total)
            _store(total, count, dither, bits, left, top, clip, out, lines)
