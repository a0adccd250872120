"""What makes a picture dull: nothing in it, or nothing but noise.

The measures look at one scalar per pixel in [0, 1], whatever it means: the value of a field on a
coarse probe, or the lightness of a finished picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 32
BLOCK = 8
STEP = 0.02
"""A difference between neighbours that the eye sees as an edge or a slope."""


@dataclass(frozen=True)
class Measures:
    """entropy: of the histogram in BINS bins, 0 (one tone) to 1 (all tones alike).
    edges: the share of neighbouring pixels that differ by more than STEP.
    flat: the share of blocks of 8x8 pixels whose values span less than twice STEP.
    noise: the energy of differences between neighbours over twice the variance: 0 for a smooth
        picture, 1 for white noise (one minus the correlation of neighbours).
    contrast: the standard deviation.
    """

    entropy: float
    edges: float
    flat: float
    noise: float
    contrast: float

    def dullness(self, noise: float = 0.3, edges: float = 0.06) -> float:
        """How far it breaks the rule, 0 when it does not; ``noise`` is how much noise may be,
        ``edges`` how many edges must be."""
        return float(
            max(0.0, 0.42 - self.entropy)
            + max(0.0, edges - self.edges)
            + max(0.0, self.flat - 0.72)
            + max(0.0, 0.09 - self.contrast)
            + max(0.0, self.noise - noise)
        )


def measure(picture: ArrayLike) -> Measures:
    """The measures of one scalar per pixel, (h, w) in [0, 1], both sides at least 8."""
    v: NDArray[np.float64] = np.asarray(picture, np.float64)
    if v.ndim != 2 or min(v.shape) < BLOCK:
        raise ValueError(f"a picture of shape {v.shape}: expected (h, w), 8 or more a side")
    v = np.clip(v, 0.0, 1.0)
    counts = np.bincount((v * (BINS - 1e-9)).astype(np.int64).ravel(), minlength=BINS)
    share = counts[counts > 0] / v.size
    entropy = float((share * np.log2(1 / share)).sum() / np.log2(BINS))

    across, down = np.diff(v, axis=1), np.diff(v, axis=0)
    differences = np.concatenate([across.ravel(), down.ravel()])
    variance = float(v.var())
    energy = float((differences**2).mean())

    h, w = (n // BLOCK * BLOCK for n in v.shape)
    blocks = v[:h, :w].reshape(h // BLOCK, BLOCK, w // BLOCK, BLOCK)
    spans = blocks.max((1, 3)) - blocks.min((1, 3))
    return Measures(
        entropy=entropy,
        edges=float((np.abs(differences) > STEP).mean()),
        flat=float((spans < 2 * STEP).mean()),
        noise=energy / (2 * variance) if variance > 1e-8 else 0.0,
        contrast=float(np.sqrt(variance)),
    )
