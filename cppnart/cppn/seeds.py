"""Seeds, and the random draws made from them.

Draws come from a counter-based generator (Philox 4x64, Salmon et al., "Parallel random numbers:
as easy as 1, 2, 3", 2011), keyed by a hash of the seed and of the names of what is drawn, through
transforms that use only exactly rounded arithmetic. So a seed gives the same numbers on every
machine and version, and drawing one thing more never shifts the others.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
Floats = NDArray[np.float64]


def parse_seed(seed: str | int) -> str:
    """The canonical text of a seed: an integer, a word or sentence, or a 0x hash.

    ``42`` and ``" 42 "`` are the same seed; so are ``0xAB`` and ``0xab``. Raises ValueError when
    it is empty or longer than 256 characters.
    """
    text = str(seed).strip()
    if not text or len(text) > 256:
        raise ValueError(f"seed {text[:40]!r}: expected an integer, a word, or a 0x hash")
    if re.fullmatch(r"[+-]?\d+", text):
        return str(int(text))
    if re.fullmatch(r"0[xX][0-9a-fA-F]+", text):
        return text.lower()
    return text


class Stream:
    """A stream of random draws that belongs to one seed and one purpose.

    ``Stream(42, "palette")`` and ``Stream(42, "weights")`` are independent of each other.
    """

    def __init__(self, seed: str | int, *names: str | int) -> None:
        self.path = (parse_seed(seed), *map(str, names))
        digest = hashlib.sha256("\x1f".join(self.path).encode()).digest()
        self._bits = np.random.Philox(key=np.frombuffer(digest[:16], "<u8").astype(np.uint64))

    def child(self, *names: str | int) -> Stream:
        """An independent stream under a longer name."""
        return Stream(*self.path, *names)

    def uniform(
        self, low: float = 0.0, high: float = 1.0, shape: int | tuple[int, ...] = ()
    ) -> Floats:
        """Uniform on [low, high), float64."""
        raw = self._raw(shape)
        return np.asarray(low + (high - low) * ((raw >> np.uint64(11)) * 2.0**-53))

    def number(self, low: float = 0.0, high: float = 1.0) -> float:
        """One uniform number."""
        return float(self.uniform(low, high))

    def normal(self, shape: int | tuple[int, ...] = ()) -> Floats:
        """Standard normal up to the fourth moment: twelve 16-bit uniforms, added, minus six.

        Addition rounds alike everywhere, which logarithms and cosines (Box-Muller) do not.
        The values lie within +-6.
        """
        shape = (shape,) if isinstance(shape, int) else shape
        words = self._raw((*shape, 3))[..., None]
        lanes = (words >> np.array([0, 16, 32, 48], np.uint64)) & np.uint64(0xFFFF)
        return np.asarray((lanes.astype(np.int64).sum((-2, -1)) + 6) / 65536.0 - 6.0)

    def integer(self, low: int, high: int) -> int:
        """One whole number, low <= n <= high."""
        return low + int(self.number() * (high - low + 1))

    def integers(self, low: int, high: int, shape: int | tuple[int, ...]) -> NDArray[np.int64]:
        """Whole numbers, low <= n <= high."""
        return low + (self.uniform(0, 1, shape) * (high - low + 1)).astype(np.int64)

    def choice(self, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
        """One of the options, with probability proportional to its weight."""
        if weights is None:
            return options[self.integer(0, len(options) - 1)]
        edges = np.cumsum(np.asarray(weights, float))
        return options[int(np.searchsorted(edges, self.number() * edges[-1], side="right"))]

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.number() < probability

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """The options in a random order."""
        order = np.argsort(self._raw(len(options)), kind="stable")
        return [options[i] for i in order]

    def _raw(self, shape: int | tuple[int, ...]) -> NDArray[np.uint64]:
        shape = (shape,) if isinstance(shape, int) else shape
        count = int(np.prod(shape, dtype=np.int64))
        return self._bits.random_raw(count).reshape(shape)
