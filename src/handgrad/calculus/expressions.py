"""What is meant: immutable expressions over named axes, checked when they are made.

There are no transposes and no orders of axes here. W[l] has the axes (unit[l], unit[l-1]), Z[l] has (unit[l], example), and a
matrix product is a sum over a shared axis of a product. Every node knows its free axes and refuses operands that do
not fit together, also where their sizes happen to be equal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Self

from handgrad.calculus.indices import NEXT, Affine, Axis, listed
from handgrad.calculus.quantities import ELEMENTS, TARGETS, default_axes
from handgrad.errors import AxisError, FormulaError


def union(parts: Iterable[tuple[Axis, ...]]) -> tuple[Axis, ...]:
    """All axes of the parts, each once, in the order of the part that has most of them."""
    ordered = sorted(parts, key=len, reverse=True)
    return tuple(dict.fromkeys(axis for part in ordered for axis in part))


@dataclass(frozen=True)
class Expression:
    """A node of what is meant. `axes` are its free axes; equality is structural."""

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """The named axes that the value has."""
        return union(part.axes for part in self.parts)

    @cached_property
    def parts(self) -> tuple[Expression, ...]:
        """The direct operands, in order."""
        found: list[Expression] = []
        for entry in fields(self):
            value = getattr(self, entry.name)
            found.extend(v for v in (value if isinstance(value, tuple) else (value,)) if isinstance(v, Expression))
        return tuple(found)

    @cached_property
    def size(self) -> int:
        """How many nodes the expression has, itself included."""
        return 1 + sum(part.size for part in self.parts)

    def map(self, change: Callable[[Any], Any]) -> Self:
        """Rebuild this node with `change` applied to every operand, axis and index in it (one level)."""
        changed: dict[str, Any] = {}
        for entry in fields(self):
            old = getattr(self, entry.name)
            new = tuple(_apply(change, v) for v in old) if isinstance(old, tuple) else _apply(change, old)
            if new != old:
                changed[entry.name] = new
        return replace(self, **changed) if changed else self

    def __str__(self) -> str:
        from handgrad.calculus.text import to_text  # the text form is written over these nodes

        return to_text(self)

    def __add__(self, other: Expression | float) -> Expression:
        return Add((self, meant(other)))

    def __radd__(self, other: float) -> Expression:
        return Add((meant(other), self))

    def __sub__(self, other: Expression | float) -> Expression:
        return Add((self, Negative(meant(other))))

    def __rsub__(self, other: float) -> Expression:
        return Add((meant(other), Negative(self)))

    def __mul__(self, other: Expression | float) -> Expression:
        return Multiply((self, meant(other)))

    def __rmul__(self, other: float) -> Expression:
        return Multiply((meant(other), self))

    def __truediv__(self, other: Expression | float) -> Expression:
        return Quotient(self, meant(other))

    def __rtruediv__(self, other: float) -> Expression:
        return Quotient(meant(other), self)

    def __pow__(self, other: Expression | float) -> Expression:
        return Power(self, meant(other))

    def __neg__(self) -> Expression:
        return Negative(self)

    def __matmul__(self, other: Expression) -> Expression:
        return contract(self, other)


def _apply(change: Callable[[Any], Any], value: Any) -> Any:
    return change(value) if isinstance(value, Expression | Axis | Affine) else value


def meant(value: Expression | float) -> Expression:
    """Take an expression as it is and a plain number as a Number; below zero, as its Negative."""
    if isinstance(value, Expression):
        return value
    return Negative(Number(-value)) if value < 0 else Number(value)


def contract(left: Expression, right: Expression) -> Expression:
    """The matrix product of what is meant: the sum, over the axes that both have, of the product."""
    product = Multiply((left, right))
    shared = tuple(axis for axis in left.axes if axis in right.axes)
    return Reduction("sum", shared, product) if shared else product


@dataclass(frozen=True)
class Number(Expression):
    """A finite number, not below zero."""

    value: int | float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and self.value >= 0):
            raise ValueError(f"a Number is finite and not below zero, but {self.value!r} was given; use Negative")


@dataclass(frozen=True)
class Symbol(Expression):
    """A named quantity such as W[l], alpha or v[t-1].

    `on` are the axes of its array, in order; None takes those of `default_axes`. An occurrence may name other copies, as
    A[L] on (unit[L]', example) in ∂A_i/∂Z_j.
    """

    name: str
    layer: Affine | None = None
    time: Affine | None = None
    on: tuple[Axis, ...] | None = None

    def __post_init__(self) -> None:
        usual = default_axes(self.name, self.layer)
        if self.on is None:
            object.__setattr__(self, "on", usual)
        elif usual:  # other copies of the usual axes; the outputs' layer is L until it has a number, the inputs' may be L-3
            counted = bool(self.on and self.on[0].layer and self.on[0].layer.terms)
            free = self.name in TARGETS or (self.name == "X" and counted)
            if [(a.name, free or a.layer) for a in self.on] != [(a.name, free or a.layer) for a in usual]:
                raise AxisError(f"{self.key} stands on {listed(usual)} or copies of these, not on {listed(self.on)}")

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        return tuple(dict.fromkeys(self.on or ()))

    @cached_property
    def key(self) -> str:
        """The quantity's name among values, whatever copies of its axes an occurrence names: "W[2]"."""
        time = None if self.time is None else str(self.time) if "t" in dict(self.time.terms) else f"t:{self.time}"
        index = ", ".join(str(part) for part in (self.layer, time) if part is not None)
        return f"{self.name}[{index}]" if index else self.name

    @property
    def now(self) -> Symbol:
        """The quantity without the time after this one, as an update names it."""
        return replace(self, time=None) if self.time == NEXT else self


def symbol(name: str, layer: int | str | Affine | None = None, on: tuple[Axis, ...] | None = None) -> Symbol:
    """Make a Symbol: symbol("W", 2), symbol("Z", "l"), symbol("alpha")."""
    return Symbol(name, None if layer is None else Affine.of(layer), None, on)


@dataclass(frozen=True)
class Derivative(Expression):
    """∂of/∂by, as a quantity of its own. Axes that both name are one index: ∂Z_j/∂W_jk has (unit_j, unit_k, example)."""

    of: Symbol
    by: Symbol

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        return tuple(dict.fromkeys((*self.by.axes, *self.of.axes)))

    @property
    def short(self) -> bool:
        """Whether the gradient has a short name: dZ[l] and dA[l] of an example's loss, dW[l] and db[l] of the batch's."""
        usual = ELL if self.by.name in {"Z", "A"} else J
        return self.by.name in ELEMENTS - {"M"} and self.by.layer is not None and self.of == usual

    @cached_property
    def key(self) -> str:
        """The quantity's name among values: "dZ[2]", "derivative(J, X)"."""
        return f"d{self.by.key}" if self.short else f"derivative({self.of.key}, {self.by.key})"


@dataclass(frozen=True)
class Rate(Expression):
    """∂/∂by applied to a formula, before it is worked out: ∂/∂A_j Σ_j (A_j - Y_j)². Axes that both have are one index."""

    body: Expression
    by: Symbol

    def __post_init__(self) -> None:
        _require_numbers((self.body,))
        if isinstance(self.body, Symbol):
            raise ValueError(f"the derivative of the quantity {self.body} is a Derivative")

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        return tuple(dict.fromkeys((*self.by.axes, *self.body.axes)))


J = Symbol("J")
ELL = Symbol("ell")
"""The loss of one example, whose mean over the examples is J."""


def gradient(by: Symbol) -> Derivative:
    """The gradient that is named d followed by the quantity: dZ and dA of each example's loss, dW and db of the batch's."""
    return Derivative(ELL if by.name in {"Z", "A"} else J, by)


@dataclass(frozen=True)
class Negative(Expression):
    """Minus a term."""

    term: Expression

    def __post_init__(self) -> None:
        _require_numbers(self.parts)


@dataclass(frozen=True)
class Add(Expression):
    """A sum of two or more terms; sums inside are flattened. Smaller terms are repeated along the axes they lack."""

    terms: tuple[Expression, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "terms", _flat(Add, "terms", self.terms))
        _require_nested(self.terms, "add", "and")


@dataclass(frozen=True)
class Multiply(Expression):
    """An elementwise product of two or more factors, which shared axes must connect; products inside are flattened."""

    factors: tuple[Expression, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "factors", _flat(Multiply, "factors", self.factors))
        _require_numbers(self.factors)
        groups: list[tuple[set[Axis], Expression]] = []
        for factor in (f for f in self.factors if f.axes):
            joined = set(factor.axes)
            for group in [g for g in groups if g[0] & joined]:
                groups.remove(group)
                joined |= group[0]
            groups.append((joined, factor))
        if len(groups) > 1:
            left, right = groups[0][1], groups[1][1]
            raise AxisError(f"cannot multiply {described(left)} and {described(right)}: they have no axis in common")


@dataclass(frozen=True)
class Quotient(Expression):
    """numerator / denominator, elementwise."""

    numerator: Expression
    denominator: Expression

    def __post_init__(self) -> None:
        _require_nested(self.parts, "divide", "by")


@dataclass(frozen=True)
class Power(Expression):
    """base ^ exponent, elementwise."""

    base: Expression
    exponent: Expression

    def __post_init__(self) -> None:
        _require_nested(self.parts, "raise", "to")


@dataclass(frozen=True)
class Reduction(Expression):
    """A sum, mean or maximum over axes, which the body must have.

    A mean over the examples is the weighted one, Σ w_i x_i / Σ w_i, which is written 1/m Σ x_i for equal weights.
    """

    kind: str
    over: tuple[Axis, ...]
    body: Expression

    def __post_init__(self) -> None:
        _require_numbers(self.parts)
        missing = [axis for axis in self.over if axis not in self.body.axes]
        if len(set(self.over)) < len(self.over):
            raise AxisError(f"cannot take the {self.kind} over {listed(self.over)}: an axis is named twice")
        if self.kind not in {"sum", "mean", "max"} or not self.over:
            raise ValueError(f"a Reduction is a sum, mean or max over axes, not {self.kind!r} over {self.over!r}")
        if missing:
            raise AxisError(f"cannot take the {self.kind} over {missing[0]}: {described(self.body)} does not have that axis")

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        return tuple(axis for axis in self.body.axes if axis not in self.over)


@dataclass(frozen=True)
class Call(Expression):
    """A function of expressions: exp(x), where(z > 0, a, b), sigmoid(z), g[l](Z[l]), g'[l](Z[l])."""

    function: str
    arguments: tuple[Expression, ...]
    layer: Affine | None = None
    primes: int = 0

    def __post_init__(self) -> None:
        conditional = self.function in {"where", "indicator"} and not self.primes
        condition, numbers = (self.arguments[:1], self.arguments[1:]) if conditional else ((), self.arguments)
        if condition and not isinstance(condition[0], Compare):
            raise FormulaError(f"{self.function} asks for a condition such as z > 0 first, but {condition[0]} was given")
        _require_numbers(numbers)
        _require_nested(self.arguments, f"apply {self.function} to", "and", numbers=False)

    @cached_property
    def name(self) -> str:
        """The function's own name with primes and layer: "g'[2]"."""
        return self.function + "'" * self.primes + ("" if self.layer is None else f"[{self.layer}]")

    @cached_property
    def key(self) -> str:
        """The call's name among values: "relu'(Z[1])"."""
        return f"{self.name}({', '.join(key_of(argument) for argument in self.arguments)})"


@dataclass(frozen=True)
class Compare(Expression):
    """left > right and the like, as used by where and indicator."""

    relation: str
    left: Expression
    right: Expression

    def __post_init__(self) -> None:
        _require_nested(self.parts, "compare", "with")


@dataclass(frozen=True)
class Delta(Expression):
    """Kronecker's delta: 1 where the index along `axis` equals that along the other axis, or equals the label; else 0."""

    axis: Axis
    other: Axis | Symbol

    def __post_init__(self) -> None:
        if self.axis == self.other:
            raise AxisError(f"delta compares two indices, but {self.axis} is named twice")

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        return (self.axis, *((self.other,) if isinstance(self.other, Axis) else self.other.axes))


@dataclass(frozen=True)
class Lookup(Expression):
    """The entry of `body` along `axis` at the whole number `label`: A[L] at each example's class."""

    axis: Axis
    body: Expression
    label: Symbol

    def __post_init__(self) -> None:
        if self.axis not in self.body.axes:
            raise AxisError(f"cannot look up along {self.axis}: {described(self.body)} does not have that axis")

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        return union((tuple(axis for axis in self.body.axes if axis != self.axis), self.label.axes))


def described(expression: Expression) -> str:
    """An operand for a message: W[2] with axes (unit[2], unit[1])."""
    return f"{expression} with axes {listed(expression.axes)}" if expression.axes else f"{expression} without axes"


def key_of(expression: Expression) -> str:
    """The name of a quantity among values."""
    return expression.key if isinstance(expression, Symbol | Derivative | Call) else str(expression)


def quantities(expression: Expression) -> Iterator[Symbol | Derivative]:
    """Every quantity that an expression reads, in order, each time that it stands there."""
    if isinstance(expression, Symbol | Derivative):
        yield expression
        return
    for part in expression.parts:
        yield from quantities(part)


def symbols(expression: Expression) -> Iterator[Symbol]:
    """Every symbol that an expression names, those of its derivatives too."""
    for quantity in quantities(expression):
        yield from (quantity,) if isinstance(quantity, Symbol) else (quantity.of, quantity.by)


def mentions(expression: Expression, axis: Axis) -> bool:
    """Whether an axis occurs anywhere in an expression, free or summed over."""
    own = expression.over if isinstance(expression, Reduction) else expression.axes
    return axis in own or any(mentions(part, axis) for part in expression.parts)


def _flat(kind: type[Expression], name: str, parts: tuple[Expression, ...]) -> tuple[Expression, ...]:
    flat = tuple(p for part in parts for p in (getattr(part, name) if isinstance(part, kind) else (part,)))
    if len(flat) < 2:
        raise ValueError(f"{kind.__name__} takes two or more {name}")
    return flat


def _has_delta(expression: Expression) -> bool:
    return isinstance(expression, Delta) or any(_has_delta(part) for part in expression.parts)


def _require_numbers(parts: tuple[Expression, ...]) -> None:
    """A comparison is no number: it is the condition of where or indicator."""
    for part in parts:
        if isinstance(part, Compare):
            raise FormulaError(f"{part} is a condition, not a number; write indicator({part}) for 1 or 0")


def _require_nested(parts: tuple[Expression, ...], verb: str, joint: str, *, numbers: bool = True) -> None:
    """Operands side by side need nested axes: b[l] may be repeated along the examples, but b[2] does not fit Z[1].

    Kronecker's delta is exempt, since δ_ij - A_j is what the softmax Jacobian is made of.
    """
    if numbers:
        _require_numbers(parts)
    widest = max(parts, key=lambda part: len(part.axes), default=None)
    if widest is None:
        return
    for part in parts:
        if not set(part.axes) <= set(widest.axes) and not any(map(_has_delta, parts)):
            first, second = (part, widest) if parts.index(part) < parts.index(widest) else (widest, part)
            raise AxisError(f"cannot {verb} {described(first)} {joint} {described(second)}")
