"""The functions that the language itself knows, each with its NumPy meaning and its ways of being written.

A primitive is one record. Everything else (sigmoid, gelu, g[l]) is a formula made of these, from the catalogue or a user.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.calculus.expressions import Expression, mentions
from handgrad.calculus.indices import unit

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Primitive:
    """A function of the language: how many arguments, what it computes, and how it is written.

    `latex` and `unicode` are templates over the written arguments; None writes name(arguments). `numpy` is the same for
    source code, and `kernel` for that of compiled kernels over single numbers, with {one} and {zero} in their precision; empty, a
    function of this name in engine.vector_math does it. `from_truth` says that the value can come from a truth value alone, which
    has no precision of its own.
    """

    arity: int
    compute: Callable[..., Array]
    numpy: str
    latex: str | None = None
    unicode: str | None = None
    from_truth: bool = False
    kernel: str = ""


@dataclass(frozen=True)
class Formula:
    """A function defined by an expression in its parameters, such as sigmoid(z) = 1 / (1 + exp(-z)).

    Parameters with a default may be left out of a call, from the last. A rowwise formula, such as softmax, names the bare axis
    `unit`; a call maps it to the one unit axis of its argument.
    """

    parameters: tuple[str, ...]
    body: Expression
    defaults: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def rowwise(self) -> bool:
        """Whether the body names the bare axis `unit`."""
        return mentions(self.body, unit())


Function = Formula | Callable[..., Array]


@cache
def _error_function_fits() -> tuple[np.polynomial.Chebyshev, np.polynomial.Chebyshev]:
    """Chebyshev interpolants of erf(x)/x in x² for |x| ≤ 1, and of (1 + 2x) exp(x²) erfc(x) in t = (x-3.75)/(x+3.75).

    NumPy has no error function. The second substitution is Shepherd and Laframboise's (Mathematics of Computation 36, 1981);
    the coefficients come from the standard library's values at the Chebyshev nodes.
    """

    def small(squares: Array) -> Array:
        return np.array([math.erf(math.sqrt(s)) / math.sqrt(s) for s in squares])

    def scaled(t: float) -> float:
        x = 3.75 * (1 + t) / (1 - t)
        if x < 8:
            return (1 + 2 * x) * math.exp(x * x) * math.erfc(x)
        # the continued fraction of erfc, where exp(x²) erfc(x) would lose digits and then overflow
        tail = x
        for k in range(60, 0, -1):
            tail = x + k / 2 / tail
        return (1 + 2 * x) / tail / math.sqrt(math.pi)

    chebyshev = np.polynomial.Chebyshev
    return (
        chebyshev.interpolate(small, 10, [0, 1]),
        chebyshev.interpolate(lambda ts: np.array([scaled(float(t)) for t in ts]), 24, [-0.58, 1]),
    )


def erf(x: Array) -> Array:
    """The error function 2/√π ∫₀ˣ exp(-t²) dt, elementwise; within 1e-15 in float64."""
    small = _error_function_fits()[0]
    inner = x * small(np.minimum(np.square(np.asarray(x, np.float64)), 1))
    return np.asarray(np.where(np.abs(x) <= 1, inner, 1 - erfc(np.abs(x))) * np.where(np.abs(x) <= 1, 1, np.sign(x)), _float(x))


def erfc(x: Array) -> Array:
    """The complementary error function 1 - erf(x), elementwise; relative error below 1e-13 in float64."""
    wide = np.asarray(x, np.float64)
    size = np.clip(np.abs(wide), 1, 1e9)  # beyond 30 it is 0 to the last bit
    scaled = _error_function_fits()[1]((size - 3.75) / (size + 3.75))
    tail = np.exp(-(np.minimum(size, 30) ** 2)) * scaled / (1 + 2 * size)
    small = _error_function_fits()[0]
    middle = 1 - wide * small(np.minimum(np.square(wide), 1))
    return np.asarray(np.where(np.abs(wide) <= 1, middle, np.where(wide > 0, tail, 2 - tail)), _float(x))


def _float(x: Array) -> npt.DTypeLike:
    dtype = np.asarray(x).dtype
    return dtype if dtype.kind == "f" else np.float64


PRIMITIVES: dict[str, Primitive] = {
    "exp": Primitive(1, np.exp, "np.exp({0})", "e^{{{0}}}", None),
    "expm1": Primitive(1, np.expm1, "np.expm1({0})", r"\operatorname{{expm1}}({0})"),
    "log": Primitive(1, np.log, "np.log({0})", r"\log({0})"),
    "log1p": Primitive(1, np.log1p, "np.log1p({0})", r"\operatorname{{log1p}}({0})"),
    "sqrt": Primitive(1, np.sqrt, "np.sqrt({0})", r"\sqrt{{{0}}}", "√({0})", kernel="math.sqrt({0})"),
    "erf": Primitive(1, erf, "erf({0})", r"\operatorname{{erf}}({0})"),
    "erfc": Primitive(1, erfc, "erfc({0})", r"\operatorname{{erfc}}({0})"),
    "tanh": Primitive(1, np.tanh, "np.tanh({0})", r"\tanh({0})"),
    "cosh": Primitive(1, np.cosh, "np.cosh({0})", r"\cosh({0})"),
    "cos": Primitive(1, np.cos, "np.cos({0})", r"\cos({0})", kernel="math.cos({0})"),
    "floor": Primitive(1, np.floor, "np.floor({0})", r"\left\lfloor {0} \right\rfloor", "⌊{0}⌋", kernel="np.floor({0})"),
    "abs": Primitive(1, np.abs, "np.abs({0})", r"\lvert {0} \rvert", "|{0}|", kernel="abs({0})"),
    "sign": Primitive(1, np.sign, "np.sign({0})", r"\operatorname{{sign}}({0})"),
    "max": Primitive(2, np.maximum, "np.maximum({0}, {1})", r"\max({0}, {1})", kernel="{0} if ({0} > {1}) | ({0} != {0}) else {1}"),
    "min": Primitive(2, np.minimum, "np.minimum({0}, {1})", r"\min({0}, {1})", kernel="{0} if ({0} < {1}) | ({0} != {0}) else {1}"),
    "clip": Primitive(
        3,
        np.clip,
        "np.clip({0}, {1}, {2})",
        r"\operatorname{{clip}}({0}, {1}, {2})",
        kernel="{1} if {0} < {1} else ({2} if {0} > {2} else {0})",
    ),
    "where": Primitive(
        3,
        np.where,
        "np.where({0}, {1}, {2})",
        r"\begin{{cases}} {1} & \text{{if }} {0} \\ {2} & \text{{otherwise}} \end{{cases}}",
        "{{{1} if {0}, else {2}}}",
        from_truth=True,
        kernel="{1} if {0} else {2}",
    ),
    "indicator": Primitive(
        1,
        np.asarray,
        "np.where({0}, 1.0, 0.0)",
        r"\mathbf{{1}}[{0}]",
        "[{0}]",
        from_truth=True,
        kernel="{one} if {0} else {zero}",
    ),
}

CONSTANTS = {"pi": math.pi}
