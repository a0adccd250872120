"""How an exported picture moves: along a closed curve of latents, and round its time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cppnart.fields.glsl import literal
from cppnart.render.prepare import Prepared

MAX_STEPS = 64


@dataclass(frozen=True)
class Loop:
    """A motion that ends where it began, as ``cppnart walk --steps --loop`` makes one.

    steps: latents that it passes through, 1 to 64; 1 stays at the picture's own. duration: seconds
    for one round. turns: rounds of time, of a style that has it, in one round of the loop.
    """

    steps: int = 6
    duration: float = 90.0
    turns: int = 3

    def __post_init__(self) -> None:
        if isinstance(self.steps, bool) or not 1 <= self.steps <= MAX_STEPS:
            raise ValueError(f"steps {self.steps}: expected 1 to {MAX_STEPS} latents")
        if not 1 <= self.duration <= 86400:
            raise ValueError(f"duration {self.duration:g}: expected 1 to 86400 seconds")
        if self.turns != int(self.turns) or not 0 <= self.turns <= 1000:
            raise ValueError(f"turns {self.turns:g}: expected a whole number from 0 to 1000")

    def keys(self, prepared: Prepared) -> NDArray[np.float32] | None:
        """The latents (steps, n), the picture's own first; None where it has none."""
        return None if prepared.drawn is None else prepared.drawn.latents(self.steps)


def spline_function(keys: NDArray[np.float32], name: str) -> str:
    """The closed spline of ``motion.paths.along`` through keys (count, n), in GLSL.

    ``void name(float U, out float Z[n])``: U is 0, and 1, at the first key.
    """
    count, n = keys.shape
    numbers = ", ".join(literal(number) for number in keys.ravel())
    norms = ", ".join(literal(number) for number in np.linalg.norm(keys, axis=1))
    return f"""
const float {name}Keys[{count * n}] = float[{count * n}]({numbers});
const float {name}Norms[{count}] = float[{count}]({norms});
void {name}(float U, out float Z[{n}]) {{
  float S = fract(U) * {literal(count)};
  int K = min(int(S), {count - 1});
  S -= float(K);
  vec4 W = 0.5 * vec4(((2.0 - S) * S - 1.0) * S, (3.0 * S - 5.0) * S * S + 2.0,
                      ((4.0 - 3.0 * S) * S + 1.0) * S, (S - 1.0) * S * S);
  int A = (K + {count - 1}) % {count}, B = (K + 1) % {count}, C = (K + 2) % {count};
  float Squares = 0.0;
  for (int I = 0; I < {n}; I++) {{
    Z[I] = dot(W, vec4({name}Keys[A * {n} + I], {name}Keys[K * {n} + I],
                       {name}Keys[B * {n} + I], {name}Keys[C * {n} + I]));
    Squares += Z[I] * Z[I];
  }}
  float Norm = mix({name}Norms[K], {name}Norms[B], S);
  float Scale = Squares > 1e-12 * Norm * Norm ? Norm * inversesqrt(Squares) : 1.0;
  for (int I = 0; I < {n}; I++) Z[I] *= Scale;
}}
""".strip()
