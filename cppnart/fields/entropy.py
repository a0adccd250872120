"""Whole numbers, mostly small, as few bytes: an adaptive binary arithmetic coder.

A number is its size in bits, one decision for each, then its sign, then the bits below the
leading one. Every decision has a probability that is learned on the way, chosen by the sizes of
the numbers before and above; so there are no tables to be kept, and planes that are nearly zero
cost nearly nothing. The coder is that of Mahoney's fpaq0 (an interval of 32 bits that is cut at
the probability; Witten, Neal and Cleary, "Arithmetic coding for data compression", 1987).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.int64]
"""Whole numbers (rows, columns), each within 32 bits."""

CONTEXTS = 7
"""Classes of surroundings."""
SIZES = 34
"""Decisions about a size: 0 to 33 bits."""
TREE = 2
"""Bits below the leading one that are told apart by those before them."""
MEMORY = 90
"""Decisions that a probability looks back upon."""
ONE = 1 << 16


def encode(planes: Sequence[Plane]) -> bytes:
    """Planes as bytes; their shapes are not among them."""
    coder = _Encoder()
    for plane in planes:
        _code(coder, plane.tolist(), [list(row) for row in plane.tolist()])
    return coder.finished()


def decode(data: bytes, shapes: Sequence[tuple[int, int]]) -> list[Plane]:
    """The planes of these shapes (rows, columns). Bytes that are none of ``encode`` give numbers
    too: whoever calls this checks them."""
    coder = _Decoder(data)
    planes = []
    for rows, columns in shapes:
        made = [[0] * columns for _ in range(rows)]
        _code(coder, None, made)
        planes.append(np.array(made, np.int64).reshape(rows, columns))
    return planes


class _Encoder:
    def __init__(self) -> None:
        self.low, self.high = 0, 0xFFFFFFFF
        self.out = bytearray()

    def bit(self, state: list[int], bit: int) -> int:
        middle = self.low + ((self.high - self.low) * state[0] >> 16)
        if bit:
            self.high = middle
        else:
            self.low = middle + 1
        _learn(state, bit)
        while not (self.low ^ self.high) & 0xFF000000:
            self.out.append(self.high >> 24)
            self.low = self.low << 8 & 0xFFFFFFFF
            self.high = self.high << 8 & 0xFFFFFFFF | 0xFF
        return bit

    def finished(self) -> bytes:
        # a byte that lies within the interval whatever follows; the decoder reads zeros after it
        self.out.append((self.low >> 24) + 1 if self.low & 0xFFFFFF else self.low >> 24)
        return bytes(self.out)


class _Decoder:
    def __init__(self, data: bytes) -> None:
        self.low, self.high = 0, 0xFFFFFFFF
        self.data, self.at = data, 4
        self.code = int.from_bytes(data[:4].ljust(4, b"\0"), "big")

    def bit(self, state: list[int], bit: int) -> int:
        middle = self.low + ((self.high - self.low) * state[0] >> 16)
        bit = int(self.code <= middle)
        if bit:
            self.high = middle
        else:
            self.low = middle + 1
        _learn(state, bit)
        while not (self.low ^ self.high) & 0xFF000000:
            self.low = self.low << 8 & 0xFFFFFFFF
            self.high = self.high << 8 & 0xFFFFFFFF | 0xFF
            following = self.data[self.at] if self.at < len(self.data) else 0
            self.code = self.code << 8 & 0xFFFFFFFF | following
            self.at += 1
        return bit


def _learn(state: list[int], bit: int) -> None:
    """state: the probability of a one in 65536ths, and how many decisions it rests on."""
    state[0] += ((ONE - 32 if bit else 32) - state[0]) // state[1]
    if state[1] < MEMORY:
        state[1] += 1


def _code(coder: _Encoder | _Decoder, given: list[list[int]] | None, made: list[list[int]]) -> None:
    """Goes through a plane: of an encoder the numbers are given, a decoder makes them."""
    columns = len(made[0]) if made else 0
    sizes = [[[ONE // 2, 2] for _ in range(SIZES)] for _ in range(CONTEXTS)]
    sign = [ONE // 2, 2]
    tree = [[[ONE // 2, 2] for _ in range(1 << TREE)] for _ in range(SIZES)]
    below = [[[ONE // 2, 2] for _ in range(SIZES)] for _ in range(SIZES)]
    above = [0] * (columns + 2)  # with one beyond each end
    for row, line in enumerate(made):
        left = corner = 0
        for column in range(columns):
            number = 0 if given is None else given[row][column]
            magnitude = abs(number)
            around = 2 * left + 2 * above[column + 1] + corner + above[column + 2]
            states = sizes[min((around + 1).bit_length(), CONTEXTS) - 1]
            size, wanted = 0, magnitude.bit_length()
            while size < SIZES - 1 and coder.bit(states[size], int(size < wanted)):
                size += 1
            found = int(size > 0)
            if size:
                negative = coder.bit(sign, int(number < 0))
                node = 1
                for place in range(size - 2, -1, -1):
                    depth = size - 2 - place
                    state = tree[size][node] if depth < TREE else below[size][place]
                    bit = coder.bit(state, magnitude >> place & 1)
                    found = found << 1 | bit
                    if depth < TREE - 1:  # the last numbers that are told apart are leaves
                        node = node << 1 | bit
                line[column] = -found if negative else found
            corner = above[column + 1]
            left = above[column + 1] = min(found, 1 << 16)
