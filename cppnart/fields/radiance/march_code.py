"""Steps of rays through full cells, as numba compiles them: ``occupied.py`` says what they are.

A ray that is in an empty cell still goes on step by step: a step costs less than a division.
Nothing is allocated and nothing raised: see ``machine_code.py``.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from ..kernel_code import byte_pointer, float_pointer, int_pointer

EVERYTHING = 1 << 40
HALF, U, TWO = np.float32(0.5), np.float32(1), np.float32(2)


@njit(nogil=True, error_model="numpy", boundscheck=False)
def _march(origin, direction, span, place, contracted, full, side, found, fill):
    """The steps of one ray into ``found``, if ``fill``; how many there are."""
    first, last, size, shift, bend = span[0], span[1], span[2], span[3], span[4]
    cx, cy, cz, hx, hy, hz = place[0], place[1], place[2], place[3], place[4], place[5]
    ox, oy, oz = (origin[0] - cx) / hx, (origin[1] - cy) / hy, (origin[2] - cz) / hz
    dx, dy, dz = direction[0] / hx, direction[1] / hy, direction[2] / hz
    scale = HALF * np.float32(side)
    top = side - 1
    count = 0
    number = 0
    s = first + (shift - HALF) * size
    while s < last:
        if s > first:
            z = s if s < bend else bend * bend / (TWO * bend - s)
            x, y, w = ox + z * dx, oy + z * dy, oz + z * dz
            if contracted:
                length = np.sqrt(x * x + y * y + w * w)
                if length < U:
                    length = U
                factor = HALF * ((TWO - U / length) / length)
                x, y, w = x * factor, y * factor, w * factor
            i = min(max(np.int64((x + U) * scale), 0), top)
            j = min(max(np.int64((y + U) * scale), 0), top)
            k = min(max(np.int64((w + U) * scale), 0), top)
            if full[(i * side + j) * side + k]:
                if fill:
                    found[count] = s
                count += 1
        number += 1
        s = first + (np.float32(number) + (shift - HALF)) * size
    return count


@cfunc(types.void(types.CPointer(types.int64)), error_model="numpy")
def march_rays(address):
    """Arguments: first ray, stop, origins (R, 3), directions (R, 3), spans (R, 5), place: centre
    and half sides (6,), contracted, cells, side, counts (R,), to be filled where steps is 0, else
    where those of each ray go; steps.
    """
    a = carray(address, (11,))
    side = a[8]
    origins = carray(float_pointer(a[2]), (EVERYTHING,))
    directions = carray(float_pointer(a[3]), (EVERYTHING,))
    spans = carray(float_pointer(a[4]), (EVERYTHING,))
    place = carray(float_pointer(a[5]), (6,))
    full = carray(byte_pointer(a[7]), (EVERYTHING,))
    counts = carray(int_pointer(a[9]), (EVERYTHING,))
    fill = a[10] != 0
    steps = carray(float_pointer(a[10]), (EVERYTHING,))
    for ray in range(a[0], a[1]):
        found = _march(
            origins[3 * ray : 3 * ray + 3],
            directions[3 * ray : 3 * ray + 3],
            spans[5 * ray : 5 * ray + 5],
            place,
            a[6] != 0,
            full,
            side,
            steps[counts[ray] if fill else 0 :],
            fill,
        )
        if not fill:
            counts[ray] = found
