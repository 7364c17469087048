"""The value of an expression: NumPy over named axes, with einsum where products are summed.

An array may have more dimensions in front of its named axes, such as a stack of perturbed parameters; they broadcast, so
that one evaluation serves the whole stack. No Python loop runs over examples or units. Overflow follows IEEE: exp(1e4) is
infinite, without a warning.
"""

import functools
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from handgrad.calculus.expressions import (
    Add,
    Call,
    Compare,
    Delta,
    Derivative,
    Expression,
    Lookup,
    Multiply,
    Negative,
    Number,
    Power,
    Quotient,
    Rate,
    Reduction,
    Symbol,
    quantities,
    union,
)
from handgrad.calculus.functions import CONSTANTS, PRIMITIVES, Array, Formula, Function
from handgrad.calculus.indices import EXAMPLE, Axis, listed, unit
from handgrad.calculus.parser import parse
from handgrad.errors import AxisError, HandgradError, did_you_mean

Value = Array | float
Named = tuple[Value, tuple[Axis, ...]]
"""A value and the axes of its last dimensions. Plain numbers stay Python's, so that they never widen a float32."""

ARRAY_OPERATORS = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
}  # fmt: skip
REDUCE: dict[str, Callable[..., Array]] = {"sum": np.sum, "mean": np.mean, "max": np.max}
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def evaluate(
    expression: Expression,
    values: Mapping[str, Value],
    functions: Mapping[str, Function] | None = None,
    axes: tuple[Axis, ...] | None = None,
) -> Array:
    """Compute an expression.

    `values` maps quantities by their keys ("W[2]", "dZ[2]", "alpha", "relu'(Z[1])") to arrays whose last dimensions are
    the quantity's axes in their order: W[2] is n_2 × n_1, Z[2] is n_2 × m. "w" are the examples' weights in means; without them
    all are equal. `functions` maps names ("g[1]", "relu'") to formulas or to callables on arrays. The result has the
    expression's axes, in the order of `axes` where that is given. float32 stays float32.

    Raises HandgradError for a quantity or function without a value, AxisError for sizes that contradict each other.
    """
    plain = {name: v if isinstance(v, np.ndarray | float | int) else np.asarray(v) for name, v in values.items()}
    require_sizes(plain)
    return evaluate_checked(expression, plain, functions or {}, axes)


def evaluate_checked(
    expression: Expression, values: Mapping[str, Value], functions: Mapping[str, Function], axes: tuple[Axis, ...] | None
) -> Array:
    """`evaluate` for values whose sizes are known to agree."""
    evaluator = _Evaluator(values, functions)
    with np.errstate(all="ignore"):  # infinities and NaN are values here, and where() computes both branches
        value, have = evaluator.value(expression)
    if not isinstance(value, np.ndarray):
        return np.asarray(value, evaluator.dtype)
    return np.asarray(value if axes is None else _aligned(value, have, axes))


def require_sizes(values: Mapping[str, Value]) -> None:
    """Refuse arrays that give one axis different sizes, size 1 included: a value is never repeated silently."""
    _require_agreement((name, value, axes_of_key(name)) for name, value in values.items() if isinstance(value, np.ndarray))


def _require_agreement(named: Iterable[tuple[str, Value, tuple[Axis, ...]]]) -> None:
    """Refuse an array that lacks an axis of its quantity, and two arrays that give one axis different sizes."""
    seen: dict[Axis, tuple[int, str]] = {}
    for name, value, axes in named:
        shape = np.shape(value)
        if len(shape) < len(axes):
            raise AxisError(f"{name} has the axes {listed(axes)}, but its array has the shape {shape}")
        for axis, size in zip(axes, shape[len(shape) - len(axes) :], strict=True):
            known, first = seen.setdefault(axis, (size, name))
            if known != size:
                raise AxisError(f"{axis} has {known} entries in {first}, but {size} in {name}")


@functools.lru_cache(maxsize=4096)
def axes_of_key(key: str) -> tuple[Axis, ...]:
    """The axes, in order, of the quantity that a key names."""
    quantity = parse(key)
    return tuple(quantity.on or ()) if isinstance(quantity, Symbol) else quantity.axes


def _aligned(value: Value, have: tuple[Axis, ...], want: tuple[Axis, ...]) -> Value:
    """Put the named axes in the order of `want`, with size 1 for those that the value does not have."""
    if have == want or not isinstance(value, np.ndarray) or (not have and value.ndim == 0):
        return value
    front = value.ndim - len(have)
    order = [have.index(axis) for axis in want if axis in have]
    value = value.transpose(*range(front), *(front + place for place in order))
    return value[(..., *(slice(None) if axis in have else None for axis in want))]


class _Evaluator:
    def __init__(self, values: Mapping[str, Value], functions: Mapping[str, Function]) -> None:
        self.values, self.functions = values, functions
        self.arguments: dict[str, Named] = {}

    @functools.cached_property
    def dtype(self) -> np.dtype[Any]:
        """The precision at work: that of the arrays that were given."""
        given = [self.values[name] for name in self.values]
        arrays = [v.dtype for v in given if isinstance(v, np.ndarray) and v.dtype.kind == "f"]
        return np.result_type(*arrays) if arrays else np.dtype(np.float64)

    def value(self, expression: Expression) -> Named:
        match expression:
            case Number(number):
                return float(number), ()
            case Symbol() | Derivative():
                return self.quantity(expression)
            case Call():
                return self.call(expression)
            case Negative(term):
                value, axes = self.value(term)
                return -value, axes
            case Add(terms):
                return self.together(terms, lambda *values: functools.reduce(operator.add, values))
            case Multiply(factors):
                return self.together(factors, lambda *values: functools.reduce(operator.mul, values))
            case Quotient(numerator, denominator):
                return self.together((numerator, denominator), np.divide)
            case Power(base, Number(2)):
                return self.together((base,), np.square)
            case Power(base, exponent):
                return self.together((base, exponent), np.power)
            case Compare(relation, left, right):
                return self.together((left, right), ARRAY_OPERATORS[relation])
            case Reduction():
                return self.reduction(expression)
            case Delta(axis, other):
                return self.delta(axis, other)
            case Lookup():
                return self.lookup(expression)
            case Rate():
                raise HandgradError(f"{expression} is a derivative that is not worked out yet, so it has no value of its own")
            case _:
                raise TypeError(f"{type(expression).__name__} has no value")

    def together(self, parts: tuple[Expression, ...], compute: Callable[..., Value]) -> Named:
        """Compute elementwise over the union of the parts' axes."""
        found = [self.value(part) for part in parts]
        axes = union(have for _, have in found)
        values = [_aligned(value, have, axes) for value, have in found]
        try:
            result = compute(*values)
        except ValueError:
            self.require_agreement(parts)
            raise
        if all(isinstance(value, float) for value in values):
            return float(result), axes
        return result, axes

    def quantity(self, quantity: Symbol | Derivative) -> Named:
        if quantity.key in self.arguments:
            return self.arguments[quantity.key]
        value = self.values.get(quantity.key)
        if value is None and isinstance(quantity, Symbol):
            value = self.implied(quantity)
        if value is None:
            known = did_you_mean(quantity.key, self.values) if self.values else "no values were given"
            raise HandgradError(f"{quantity.key} has no value. {known}")
        if isinstance(value, int | float):
            if quantity.axes:
                raise AxisError(f"{quantity.key} has the axes {listed(quantity.axes)}, but the plain number {value} was given")
            return float(value), ()
        axes = (quantity.on or ()) if isinstance(quantity, Symbol) else quantity.axes
        if value.dtype.kind in "iub":
            value = value.astype(np.float64)  # whole numbers count as numbers, without wrapping round
        if value.ndim < len(axes):
            raise AxisError(f"{quantity.key} has the axes {listed(axes)}, but its array has the shape {value.shape}")
        if len(set(axes)) < len(axes):  # the same axis twice is the diagonal
            letters = dict(zip(dict.fromkeys(axes), LETTERS, strict=False))
            value = np.einsum(f"...{''.join(letters[a] for a in axes)}->...{''.join(letters.values())}", value)
        return value, quantity.axes

    def implied(self, quantity: Symbol) -> Value | None:
        """Constants, and what follows from the batch: m, and each example's share w_i / Σ w."""
        if quantity.key in CONSTANTS:
            return CONSTANTS[quantity.key]
        if quantity.key == "m":
            return float(self.size(EXAMPLE))
        if quantity.key == "share":
            weights = self.values.get("w")
            size = self.size(EXAMPLE)
            return np.full(size, 1 / size, self.dtype) if weights is None else weights / np.sum(weights)
        return None

    def size(self, axis: Axis) -> int:
        """The size of an axis, from the first array that has it."""
        for name, value in self.values.items():
            if not isinstance(value, np.ndarray) or not value.ndim or "(" in name:
                continue
            have = axes_of_key(name)
            shape = value.shape[value.ndim - len(have) :]
            for own, size in zip(have, shape, strict=True):
                if (own.name, own.layer) == (axis.name, axis.layer):
                    return int(size)
            if axis == unit("L") and name == "Y":
                return int(shape[0])
        for value, named in self.arguments.values():
            if axis.layer is None and unit() in named and isinstance(value, np.ndarray):
                return int(value.shape[value.ndim - len(named) + named.index(unit())])
        raise HandgradError(f"the size of {axis} is not known: no array that was given has that axis")

    def require_agreement(self, parts: tuple[Expression, ...]) -> None:
        """Name the quantities in the parts, on axes of their own too, that give one axis different sizes."""
        _require_agreement((quantity.key, *self.quantity(quantity)) for part in parts for quantity in quantities(part))

    def call(self, call: Call) -> Named:
        if call.key in self.values:
            return np.asarray(self.values[call.key]), call.axes
        primitive = PRIMITIVES.get(call.function)
        if primitive is not None and not call.primes:
            value, axes = self.together(call.arguments, primitive.compute)
            # where and indicator can lose the precision at work, since they may see no number but a truth value
            return (value.astype(self.dtype) if primitive.from_truth and isinstance(value, np.ndarray) else value), axes
        function = self.functions.get(call.name)
        if function is None:
            function = self.functions.get(call.function + "'" * call.primes)
        if function is None:
            known = did_you_mean(call.name, {*self.functions, *PRIMITIVES})
            raise HandgradError(f"the function {call.name} is not known. {known}")
        if not isinstance(function, Formula):
            return self.together(call.arguments, function)
        left_out = function.parameters[len(call.arguments) :]
        if len(call.arguments) > len(function.parameters) or not set(left_out) <= set(function.defaults):
            raise HandgradError(f"{call.name} takes {', '.join(function.parameters)}, but {len(call.arguments)} were given")
        own: list[Named] = [(float(function.defaults[name]), ()) for name in left_out]
        return self.formula(function, [*(self.value(argument) for argument in call.arguments), *own])

    def formula(self, function: Formula, arguments: list[Named]) -> Named:
        """Evaluate a formula's body with its parameters bound; a rowwise one runs along the one unit axis there is."""
        rows = {axis for _, axes in arguments for axis in axes if axis.name == "unit"}
        rowwise = function.rowwise and unit() not in rows
        if rowwise and len(rows) != 1:
            raise AxisError(f"a rowwise function needs an argument with one axis of units, but it has {listed(tuple(rows))}")
        place = dict.fromkeys(rows, unit()) if rowwise else {}
        outer = self.arguments
        self.arguments = {
            name: (value, tuple(place.get(axis, axis) for axis in axes))
            for name, (value, axes) in zip(function.parameters, arguments, strict=True)
        }
        try:
            value, axes = self.value(function.body)
        finally:
            self.arguments = outer
        if isinstance(value, float):  # a constant, as the identity's slope, still has an entry for each of its argument's
            axes = union(axes for _, axes in arguments)
            shape = np.broadcast_shapes(*(np.shape(_aligned(argument, own, axes)) for argument, own in arguments))
            return (np.full(shape, value, self.dtype) if shape else value), axes
        back = {new: old for old, new in place.items()}
        return value, tuple(back.get(axis, axis) for axis in axes)

    def reduction(self, reduction: Reduction) -> Named:
        kind, over, body = reduction.kind, reduction.over, reduction.body
        weighted = kind == "mean" and EXAMPLE in over and self.values.get("w") is not None
        if weighted:
            inner = Reduction("sum", over, Multiply((Symbol("share"), body)))
            value, axes = self.reduction(inner)
            others = [self.size(axis) for axis in over if axis != EXAMPLE]
            return value / float(np.prod(others)), axes
        if kind != "max" and isinstance(body, Multiply):
            return self.contraction(kind, over, body)
        value, axes = self.value(body)
        assert isinstance(value, np.ndarray)
        front = value.ndim - len(axes)
        places = tuple(front + axes.index(axis) for axis in over)
        return REDUCE[kind](value, axis=places), tuple(axis for axis in axes if axis not in over)

    def contraction(self, kind: str, over: tuple[Axis, ...], body: Multiply) -> Named:
        """A sum of products is one einsum: a matrix product where two matrices share one axis."""
        found = [self.value(factor) for factor in body.factors]
        scale = float(np.prod([value for value, _ in found if isinstance(value, float)]))
        by_axes: dict[tuple[Axis, ...], list[Array]] = {}
        for value, axes in found:
            if isinstance(value, np.ndarray):
                by_axes.setdefault(axes, []).append(value)
        arrays = [(functools.reduce(operator.mul, values), axes) for axes, values in by_axes.items()]
        every = union(axes for _, axes in arrays)
        letters = dict(zip(every, LETTERS, strict=False))
        result = tuple(axis for axis in every if axis not in over)
        subscripts = ",".join("..." + "".join(letters[axis] for axis in axes) for _, axes in arrays)
        target = "".join(letters[axis] for axis in result)
        try:
            value = np.einsum(f"{subscripts}->...{target}", *(value for value, _ in arrays), optimize=len(arrays) > 1)
        except ValueError:
            self.require_agreement(body.factors)
            raise
        if kind == "mean":
            sizes = {axis: size for v, axes in arrays for axis, size in zip(axes[::-1], v.shape[::-1], strict=False)}
            scale /= float(np.prod([sizes[axis] for axis in over]))
        return (value if scale == 1 else value * scale), result

    def delta(self, axis: Axis, other: Axis | Symbol) -> Named:
        along = np.arange(self.size(axis))
        if isinstance(other, Axis):
            return (along[:, None] == along).astype(self.dtype), (axis, other)
        label, axes = self.label(other, len(along))
        return (along[:, None] == label).astype(self.dtype), (axis, *axes)

    def label(self, symbol: Symbol, count: int) -> tuple[Array, tuple[Axis, ...]]:
        """Whole numbers that number the entries of an axis."""
        label, axes = self.quantity(symbol)
        whole = np.asarray(label)
        if np.any(whole != np.floor(whole)) or np.any(whole < 0) or np.any(whole >= count):
            raise HandgradError(
                f"{symbol.key} holds whole numbers from 0 to {count - 1}, but {whole[...].ravel().tolist()[:8]} was given"
            )
        return whole.astype(int), axes

    def lookup(self, lookup: Lookup) -> Named:
        value, axes = self.value(lookup.body)
        label, along = self.label(lookup.label, np.shape(value)[np.ndim(value) - len(axes) + axes.index(lookup.axis)])
        rest = (lookup.axis, *(axis for axis in axes if axis not in (lookup.axis, *along)), *along)
        ordered = np.asarray(_aligned(value, axes, rest))
        index = np.reshape(label, (1,) * (len(rest) - len(along)) + np.shape(label))
        front = ordered.ndim - len(rest)
        found = np.take_along_axis(ordered, index[(None,) * front], axis=front)
        return np.squeeze(found, axis=front), rest[1:]
