"""The table of activations: what each computes, on arrays and in shaders, and its slope.

One form serves numpy and torch: ``array(m, x)`` uses only functions that both modules have under
the same name. The kernel's forms, which are polynomials, are in ``kernel_math.py`` under the same
names. A slope is named, not computed: it is an entry of this same table times a number, so that
the derivative of a program is again a program (see ``tangents.py``).

Functions that are undefined somewhere are extended to all numbers: roots, logarithms and
reciprocals take max(x, 1e-12).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

TINY = 1e-12
TWO_PI = 2 * math.pi
SQUARENESS = 6.0
"""How steep the square wave is: square_wave(x) = tanh(SQUARENESS sin x)."""


@dataclass(frozen=True)
class Activation:
    """A function of one number.

    ``array(m, x)`` evaluates it with m either numpy or torch; ``glsl`` is an expression in ``x``;
    ``slope`` is (factor, name) of its derivative, or None where the table ends.
    """

    name: str
    array: Callable[[Any, Any], Any]
    glsl: str
    slope: tuple[float, str] | None = None


def _tri(m: Any, x: Any) -> Any:
    """Distance to the nearest even step of a triangle of period 2 pi, in [0, 1/2]."""
    u = x / TWO_PI - 0.25
    return abs(u - m.floor(u) - 0.5)


def _tanh_slope(m: Any, x: Any) -> Any:
    return 1 - m.tanh(x) ** 2


def _sinc(m: Any, x: Any) -> Any:
    near = abs(x) < 1e-3
    safe = m.where(near, m.ones_like(x), x)
    return m.where(near, 1 - x * x / 6, m.sin(safe) / safe)


def _sinc_slope(m: Any, x: Any) -> Any:
    # cos x / x - sin x / x^2 cancels near zero; its series is exact to rounding below 0.3
    near = abs(x) < 0.3
    safe = m.where(near, m.ones_like(x), x)
    s = x * x
    series = x * (-1 / 3 + s * (1 / 30 + s * (-1 / 840 + s / 45360)))
    return m.where(near, series, (m.cos(safe) - m.sin(safe) / safe) / safe)


def _clamp(m: Any, x: Any) -> Any:
    return m.clip(x, 0.0, 1.0)


def _positive(m: Any, x: Any) -> Any:
    return m.clip(x, TINY, None)


def _step(m: Any, x: Any) -> Any:
    return m.where(x > 0, m.ones_like(x), m.zeros_like(x))


def _inside(m: Any, x: Any) -> Any:
    return m.where((x > 0) & (x < 1), m.ones_like(x), m.zeros_like(x))


def _srgb(m: Any, x: Any) -> Any:
    x = _clamp(m, x)
    curve = 1.055 * m.clip(x, 0.0031308, None) ** (1 / 2.4) - 0.055
    return m.where(x <= 0.0031308, 12.92 * x, curve)


def _linear(m: Any, x: Any) -> Any:
    x = _clamp(m, x)
    curve = ((m.clip(x, 0.04045, None) + 0.055) / 1.055) ** 2.4
    return m.where(x <= 0.04045, x / 12.92, curve)


_CLAMP = "clamp(x, 0.0, 1.0)"
_SAFE_TANH = "tanh(clamp(x, -15.0, 15.0))"  # some drivers compute tanh by exponentials: inf / inf
_TRI = "abs(fract(x * 0.15915494309189535 - 0.25) - 0.5)"

TABLE: tuple[Activation, ...] = (
    Activation("identity", lambda m, x: x, "x", (1, "one")),
    Activation("tanh", lambda m, x: m.tanh(x), _SAFE_TANH, (1, "tanh_slope")),
    Activation(
        "sigmoid",
        lambda m, x: 0.5 + 0.5 * m.tanh(0.5 * x),
        "0.5 + 0.5 * tanh(clamp(0.5 * x, -15.0, 15.0))",
        (0.25, "sigmoid_slope"),
    ),
    Activation("sin", lambda m, x: m.sin(x), "sin(x)", (1, "cos")),
    Activation("cos", lambda m, x: m.cos(x), "cos(x)", (-1, "sin")),
    Activation(
        "gaussian", lambda m, x: 2 * m.exp(-x * x) - 1, "2.0 * exp(-x * x) - 1.0", (2, "bell_slope")
    ),
    Activation("bell", lambda m, x: m.exp(-x * x), "exp(-x * x)", (1, "bell_slope")),
    Activation("abs", lambda m, x: abs(x), "abs(x)", (1, "sign")),
    Activation("relu", lambda m, x: m.clip(x, 0.0, None), "max(x, 0.0)", (1, "step")),
    Activation(
        "leaky_relu",
        lambda m, x: m.where(x > 0, x, 0.01 * x),
        "x > 0.0 ? x : 0.01 * x",
        (1, "leaky_relu_slope"),
    ),
    Activation(
        "softplus",
        lambda m, x: m.logaddexp(x, m.zeros_like(x)),
        "max(x, 0.0) + log(1.0 + exp(-abs(x)))",
        (1, "sigmoid"),
    ),
    Activation("square", lambda m, x: x * x, "x * x", (2, "identity")),
    Activation("atan", lambda m, x: m.arctan(x), "atan(x)", (1, "lorentz")),
    Activation("sinc", _sinc, "abs(x) < 1e-3 ? 1.0 - x * x / 6.0 : sin(x) / x", (1, "sinc_slope")),
    Activation(
        "triangle",
        lambda m, x: 4 * _tri(m, x) - 1,
        f"4.0 * {_TRI} - 1.0",
        (2 / math.pi, "triangle_slope"),
    ),
    Activation(
        "square_wave",
        lambda m, x: m.tanh(SQUARENESS * m.sin(x)),
        f"tanh({SQUARENESS} * sin(x))",
        (SQUARENESS, "square_wave_slope"),
    ),
    Activation("staircase", lambda m, x: x - m.sin(x), "x - sin(x)", (1, "staircase_slope")),
    Activation("exp", lambda m, x: m.exp(m.clip(x, None, 80.0)), "exp(min(x, 80.0))", (1, "exp")),
    Activation(
        "log", lambda m, x: m.log(_positive(m, x)), f"log(max(x, {TINY}))", (1, "reciprocal")
    ),
    Activation(
        "sqrt", lambda m, x: m.sqrt(_positive(m, x)), f"sqrt(max(x, {TINY}))", (0.5, "rsqrt")
    ),
    Activation("rsqrt", lambda m, x: 1 / m.sqrt(_positive(m, x)), f"inversesqrt(max(x, {TINY}))"),
    Activation("reciprocal", lambda m, x: 1 / _positive(m, x), f"1.0 / max(x, {TINY})"),
    Activation("clamp", _clamp, _CLAMP, (1, "clamp_slope")),
    Activation(
        "smoothstep",
        lambda m, x: _clamp(m, x) ** 2 * (3 - 2 * _clamp(m, x)),
        "smoothstep(0.0, 1.0, x)",
        (6, "smoothstep_slope"),
    ),
    Activation("floor", lambda m, x: m.floor(x), "floor(x)", (0, "one")),
    Activation(
        "srgb",
        _srgb,
        "x <= 0.0031308 ? 12.92 * max(x, 0.0) : 1.055 * pow(min(x, 1.0), 0.4166666667) - 0.055",
    ),
    Activation(
        "linear",
        _linear,
        "x <= 0.04045 ? max(x, 0.0) / 12.92 : pow((min(x, 1.0) + 0.055) / 1.055, 2.4)",
    ),
    Activation("lorentz", lambda m, x: 1 / (1 + x * x), "1.0 / (1.0 + x * x)"),
    Activation("one", lambda m, x: m.ones_like(x), "1.0", (0, "one")),
    Activation("step", _step, "x > 0.0 ? 1.0 : 0.0", (0, "one")),
    Activation("sign", lambda m, x: m.sign(x), "sign(x)", (0, "one")),
    Activation("tanh_slope", _tanh_slope, f"1.0 - pow(abs({_SAFE_TANH}), 2.0)"),
    Activation(
        "sigmoid_slope",
        lambda m, x: _tanh_slope(m, 0.5 * x),
        "1.0 - pow(abs(tanh(clamp(0.5 * x, -15.0, 15.0))), 2.0)",
    ),
    Activation("bell_slope", lambda m, x: -2 * x * m.exp(-x * x), "-2.0 * x * exp(-x * x)"),
    Activation(
        "leaky_relu_slope",
        lambda m, x: m.where(x > 0, m.ones_like(x), 0.01 * m.ones_like(x)),
        "x > 0.0 ? 1.0 : 0.01",
        (0, "one"),
    ),
    Activation(
        "sinc_slope",
        _sinc_slope,
        "abs(x) < 0.3 ? x * (-1.0 / 3.0 + x * x * (1.0 / 30.0 - x * x / 840.0))"
        " : (cos(x) - sin(x) / x) / x",
    ),
    Activation("triangle_slope", lambda m, x: m.sign(m.cos(x)), "sign(cos(x))", (0, "one")),
    Activation(
        "square_wave_slope",
        lambda m, x: m.cos(x) * _tanh_slope(m, SQUARENESS * m.sin(x)),
        f"cos(x) * (1.0 - pow(abs(tanh({SQUARENESS} * sin(x))), 2.0))",
    ),
    Activation("staircase_slope", lambda m, x: 1 - m.cos(x), "1.0 - cos(x)", (1, "sin")),
    Activation("clamp_slope", _inside, "x > 0.0 && x < 1.0 ? 1.0 : 0.0", (0, "one")),
    Activation(
        "smoothstep_slope",
        lambda m, x: _clamp(m, x) * (1 - _clamp(m, x)),
        f"{_CLAMP} * (1.0 - {_CLAMP})",
    ),
)

ACTIVATIONS: dict[str, Activation] = {entry.name: entry for entry in TABLE}
NUMBER: dict[str, int] = {entry.name: number for number, entry in enumerate(TABLE)}
"""The number by which compiled programs know an activation."""

NETWORK_ACTIVATIONS = tuple(entry.name for entry in TABLE[: 1 + NUMBER["staircase"]])
"""Those meant for the units of a network; the rest build coordinates and colours."""


def get(name: str) -> Activation:
    """The activation of that name; ValueError lists the names when there is none."""
    try:
        return ACTIVATIONS[name]
    except (KeyError, TypeError):
        known = ", ".join(NETWORK_ACTIVATIONS)
        raise ValueError(f"unknown activation {name!r}: expected one of {known}") from None
