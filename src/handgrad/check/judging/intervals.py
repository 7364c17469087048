"""Numbers between bounds: arithmetic and the few functions that people work out by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ROUNDING = 1e-12  # more than floating point loses in a formula of a few hundred steps


class NotDefined(Exception):  # noqa: N818 - no error: there is no such number
    """No number, or one of any size, as 1/0 or the logarithm of 0."""


@dataclass(frozen=True, slots=True)
class Interval:
    """What lies from `low` to `high`."""

    low: float
    high: float

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.high + other.high)

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __mul__(self, other: Interval) -> Interval:
        return _around([a * b for a in (self.low, self.high) for b in (other.low, other.high)])

    def __truediv__(self, other: Interval) -> Interval:
        if other.low <= 0 <= other.high:
            raise NotDefined
        return self * Interval(1 / other.high, 1 / other.low)

    def meets(self, other: Interval) -> bool:
        """Whether they have a number in common, but for what floating point loses."""
        slack = ROUNDING * max(1.0, abs(self.low), abs(self.high), abs(other.low), abs(other.high))
        return self.low <= other.high + slack and other.low <= self.high + slack


ONE = Interval(1.0, 1.0)


def _around(values: list[float]) -> Interval:
    if not all(math.isfinite(value) for value in values):
        raise NotDefined
    return Interval(min(values), max(values))


def raised(base: Interval, power: Interval) -> Interval:
    """base^power, for whole powers and for positive bases."""
    if power.low == power.high and power.low == round(power.low) and abs(power.low) <= 100:
        if power.low < 0:
            return ONE / raised(base, -power)
        ends = [base.low**power.low, base.high**power.low]
        if base.low < 0 < base.high and power.low % 2 == 0:
            ends.append(0.0 if power.low else 1.0)
        return _around(ends)
    if base.low <= 0:
        raise NotDefined
    return applied("exp", [power * applied("log", [base])])


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


RISING: dict[str, Callable[[float], float]] = {
    "log": math.log, "log10": math.log10, "log2": math.log2, "exp": math.exp, "sqrt": math.sqrt, "tanh": math.tanh,
    "sigmoid": _sigmoid, "relu": lambda x: max(0.0, x), "relu'": lambda x: float(x > 0),
}  # fmt: skip
SQUARE = Interval(2.0, 2.0)


def applied(function: str, arguments: Sequence[Interval]) -> Interval:
    """A function of one argument, or max and min of several."""
    if function in {"max", "min"}:
        choose = max if function == "max" else min
        return Interval(choose(x.low for x in arguments), choose(x.high for x in arguments))
    if len(arguments) != 1:
        raise NotDefined
    x = arguments[0]
    if function in RISING:
        if (function.startswith("log") and x.low <= 0) or (function == "sqrt" and x.low < 0):
            raise NotDefined
        return _around([RISING[function](x.low), RISING[function](x.high)])
    if function == "abs":
        return _around([abs(x.low), abs(x.high), *([0.0] if x.low < 0 < x.high else [])])
    if function == "sigmoid'":
        slope = applied("sigmoid", [x])
        return slope * (ONE + -slope)
    if function == "tanh'":
        return ONE + -raised(applied("tanh", [x]), SQUARE)
    raise NotDefined
