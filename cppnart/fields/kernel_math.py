"""The activations of the table as the kernel computes them: float32 polynomials, one point each.

LLVM vectorises these across points, so they are written without branches that it cannot turn into
selections. The coefficients are minimax fits of our own, made by linear programming in float64.
With AVX-512 tanh itself comes from a table (``kernel_table.py``); what is made of tanh does not.
Absolute error against float64, measured over the stated range (tests hold them to these bounds):

=============================  =================  ========
function                       range              error
=============================  =================  ========
tanh (by table: 4e-7), sigmoid all                2e-7
sin, cos                       |x| <= 8192        2e-7 + rounding of x
exp (relative)                 |x| <= 80          2e-7
log                            1e-12 .. 1e30      3e-7 + 1e-7 |log x|
atan                           all                2e-7
=============================  =================  ========
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from .activations import NUMBER, SQUARENESS, TINY

f32 = np.float32
FAST = {"contract", "nsz", "arcp"}  # fused multiply-adds, but no assumption about infinities


@intrinsic
def bits_of(typingctx: Any, x: Any) -> Any:
    """The bits of a float32 as int32."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(32))

    return types.int32(types.float32), codegen


@intrinsic
def float_of(typingctx: Any, x: Any) -> Any:
    """The float32 that has the bits of an int32."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.int32), codegen


@intrinsic
def wide_vectors(typingctx: Any) -> Any:
    """Asks LLVM to vectorise the loops of the function it stands in with the widest registers.

    Left alone it prefers 256 bits on every processor that has 512.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), codegen


def scalar(function: Any) -> Any:
    """Compiles a function of one float32 so that loops over it vectorise."""
    return njit(inline="never", fastmath=FAST, error_model="numpy", boundscheck=False)(function)


ZERO, ONE, TWO, HALF = f32(0), f32(1), f32(2), f32(0.5)
TINY32 = f32(TINY)
STEEP = f32(SQUARENESS)
LEAK = f32(0.01)


@scalar
def identity(x):
    return x


T_MAX = f32(8.3)
TP0, TP1, TP2, TP3, TP4 = map(
    f32, (9.9999995676e-01, 1.3419126582e-01, 3.5412685973e-03, 2.1382164162e-05, 1.4478649791e-08)
)
TQ1, TQ2, TQ3, TQ4 = map(f32, (4.6752442242e-01, 2.6049620230e-02, 3.3611973867e-04, 8.2246259e-07))


@scalar
def tanh(x):
    x = min(max(x, -T_MAX), T_MAX)
    s = x * x
    p = (((TP4 * s + TP3) * s + TP2) * s + TP1) * s + TP0
    q = (((TQ4 * s + TQ3) * s + TQ2) * s + TQ1) * s + ONE
    return x * p / q


@scalar
def sigmoid(x):
    return HALF + HALF * tanh(HALF * x)


# x - k pi with pi in two parts, the first with few bits so that k times it is exact
INV_PI, PI_A, PI_B = map(f32, (0.3183098861837907, 3.140625, 9.67653589793e-4))
S3, S5, S7, S9 = map(
    f32, (-1.6666656457e-01, 8.3330023038e-03, -1.9805594769e-04, 2.5979631123e-06)
)
TURN_MAX = f32(2.0**23)
ROUNDER = f32(1.5 * 2**23)
"""Added to a number below 2^22 it leaves that rounded to a whole number, in the lowest bits."""


@scalar
def _sine(r, turns):
    """sin(r), with the other sign where ``turns`` is odd; |r| <= pi / 2."""
    s = r * r
    y = r + r * s * (((S9 * s + S7) * s + S5) * s + S3)
    return float_of(bits_of(y) ^ (turns << np.int32(31)))


@scalar
def sin(x):
    x = min(max(x, -TURN_MAX), TURN_MAX)
    rounded = x * INV_PI + ROUNDER
    k = rounded - ROUNDER
    return _sine((x - k * PI_A) - k * PI_B, bits_of(rounded))


@scalar
def cos(x):
    # cos x = sin(x + pi/2): reduce x by odd multiples of pi/2, so that nothing is added to x
    x = min(max(x, -TURN_MAX), TURN_MAX)
    rounded = (x * INV_PI - HALF) + ROUNDER
    h = (rounded - ROUNDER) + HALF
    return _sine((h * PI_A - x) + h * PI_B, bits_of(rounded))


LOG2E, LN2_A, LN2_B = map(f32, (1.4426950408889634, 0.693359375, -2.12194440054690583e-4))
E2, E3, E4, E5, E6 = map(
    f32, (4.9999993345e-01, 1.6666519978e-01, 4.1668415224e-02, 8.3687894017e-03, 1.3813168639e-03)
)
E_MAX = f32(80)
E_MIN = f32(-87)


@scalar
def exp(x):
    x = min(max(x, E_MIN), E_MAX)
    rounded = x * LOG2E + ROUNDER
    n = rounded - ROUNDER
    r = (x - n * LN2_A) - n * LN2_B
    y = r * r * ((((E6 * r + E5) * r + E4) * r + E3) * r + E2) + r + ONE
    return float_of(bits_of(y) + (bits_of(rounded) << np.int32(23)))  # y times 2^n


L3, L4, L5, L6, L7, L8, L9, L10 = map(
    f32,
    (
        3.3333328267e-01,
        -2.5001059510e-01,
        2.0001615994e-01,
        -1.6616522880e-01,
        1.4190006389e-01,
        -1.3207887324e-01,
        1.2854921853e-01,
        -7.6312083788e-02,
    ),
)
LN2 = f32(0.6931471805599453)
L_MAX = f32(3e38)
ROOT_HALF_BITS = np.int32(0x3F3504F3)


@scalar
def log(x):
    x = min(max(x, TINY32), L_MAX)
    b = bits_of(x) - ROOT_HALF_BITS
    e = b >> np.int32(23)
    m = float_of((b & np.int32(0x7FFFFF)) + ROOT_HALF_BITS)  # x = m 2^e, m in [sqrt 1/2, sqrt 2)
    f = m - ONE
    p = ((((((L10 * f + L9) * f + L8) * f + L7) * f + L6) * f + L5) * f + L4) * f + L3
    return f32(e) * LN2 + (f - HALF * f * f + f * f * f * p)


@scalar
def bell(x):
    return exp(-x * x)


@scalar
def gaussian(x):
    return TWO * bell(x) - ONE


@scalar
def absolute(x):
    return abs(x)


@scalar
def relu(x):
    return max(x, ZERO)


@scalar
def leaky_relu(x):
    return max(x, LEAK * x)


@scalar
def softplus(x):
    return max(x, ZERO) + log(ONE + exp(-abs(x)))


@scalar
def square(x):
    return x * x


A3, A5, A7, A9, A11, A13, A15 = map(
    f32,
    (
        -3.3331659035e-01,
        1.9962704017e-01,
        -1.3976582358e-01,
        9.7942352562e-02,
        -5.7773600087e-02,
        2.3040143429e-02,
        -4.3554079213e-03,
    ),
)
HALF_PI = f32(1.5707963267948966)


@scalar
def atan(x):
    a = abs(x)
    small = a <= ONE
    t = min(a, ONE) / max(a, ONE)
    s = t * t
    y = t + t * s * ((((((A15 * s + A13) * s + A11) * s + A9) * s + A7) * s + A5) * s + A3)
    y = y if small else HALF_PI - y
    return y if x >= ZERO else -y


SIXTH, SINC_NEAR = f32(1 / 6), f32(1e-3)


@scalar
def sinc(x):
    near = abs(x) < SINC_NEAR
    return ONE - x * x * SIXTH if near else sin(x) / (ONE if near else x)


INV_TWO_PI, QUARTER, FOUR = f32(0.15915494309189535), f32(0.25), f32(4)


@scalar
def triangle(x):
    u = x * INV_TWO_PI - QUARTER
    return FOUR * abs(u - np.floor(u) - HALF) - ONE


@scalar
def square_wave(x):
    return tanh(STEEP * sin(x))


@scalar
def staircase(x):
    return x - sin(x)


@scalar
def sqrt(x):
    return np.sqrt(max(x, TINY32))


@scalar
def rsqrt(x):
    return ONE / np.sqrt(max(x, TINY32))


@scalar
def reciprocal(x):
    return ONE / max(x, TINY32)


@scalar
def clamp(x):
    return min(max(x, ZERO), ONE)


THREE = f32(3)


@scalar
def smoothstep(x):
    c = min(max(x, ZERO), ONE)
    return c * c * (THREE - TWO * c)


@scalar
def floor(x):
    return np.floor(x)


SRGB_KNEE, SRGB_SLOPE, SRGB_POWER, SRGB_SCALE, SRGB_SHIFT = map(
    f32, (0.0031308, 12.92, 1 / 2.4, 1.055, 0.055)
)


@scalar
def srgb(x):
    x = min(max(x, ZERO), ONE)
    curve = SRGB_SCALE * exp(SRGB_POWER * log(max(x, SRGB_KNEE))) - SRGB_SHIFT
    return SRGB_SLOPE * x if x <= SRGB_KNEE else curve


LINEAR_KNEE, LINEAR_SLOPE, LINEAR_POWER, LINEAR_SCALE = map(
    f32, (0.04045, 1 / 12.92, 2.4, 1 / 1.055)
)


@scalar
def linear(x):
    x = min(max(x, ZERO), ONE)
    curve = exp(LINEAR_POWER * log((max(x, LINEAR_KNEE) + SRGB_SHIFT) * LINEAR_SCALE))
    return LINEAR_SLOPE * x if x <= LINEAR_KNEE else curve


@scalar
def lorentz(x):
    return ONE / (ONE + x * x)


@scalar
def one(x):
    return ONE


@scalar
def step(x):
    return ONE if x > ZERO else ZERO


@scalar
def sign(x):
    return ONE if x > ZERO else (-ONE if x < ZERO else ZERO)


@scalar
def tanh_slope(x):
    y = tanh(x)
    return ONE - y * y


@scalar
def sigmoid_slope(x):
    return tanh_slope(HALF * x)


@scalar
def bell_slope(x):
    return -TWO * x * bell(x)


@scalar
def leaky_relu_slope(x):
    return ONE if x > ZERO else LEAK


N1, N3, N5, N7 = f32(-1 / 3), f32(1 / 30), f32(-1 / 840), f32(1 / 45360)
SLOPE_NEAR = f32(0.3)


@scalar
def sinc_slope(x):
    near = abs(x) < SLOPE_NEAR
    safe = ONE if near else x
    s = x * x
    series = x * (N1 + s * (N3 + s * (N5 + s * N7)))
    return series if near else (cos(safe) - sin(safe) / safe) / safe


@scalar
def triangle_slope(x):
    return sign(cos(x))


@scalar
def square_wave_slope(x):
    return cos(x) * tanh_slope(STEEP * sin(x))


@scalar
def staircase_slope(x):
    return ONE - cos(x)


@scalar
def clamp_slope(x):
    return ONE if (x > ZERO and x < ONE) else ZERO


@scalar
def smoothstep_slope(x):
    c = min(max(x, ZERO), ONE)
    return c * (ONE - c)


FORMS: dict[str, Any] = {name: globals()["absolute" if name == "abs" else name] for name in NUMBER}
"""The compiled function of every activation of the table, by name."""
