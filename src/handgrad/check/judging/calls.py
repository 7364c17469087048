"""Calls of a formula: activations and their slopes, functions that the document defines, NumPy's functions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from itertools import product as combinations

import numpy as np

from handgrad.calculus.functions import Array, erf, erfc
from handgrad.catalogue.lookup import find_activation
from handgrad.check.judging import products
from handgrad.check.judging.lexicon import UnknownError, shown_name, slope_of
from handgrad.check.judging.sums import Sums
from handgrad.check.judging.values import Value, elementwise, number
from handgrad.check.judging.world import STEP, activate, slope, stored_slope
from handgrad.check.tree import Call, Compare, Fraction, Group, Name, Product, Sum
from handgrad.check.understanding.names import Marks, is_name
from handgrad.check.understanding.roles import ACTIVATIONS, PLAIN

PLAIN_FUNCTIONS: Mapping[str, Callable[[Array], Array]] = {
    "exp": np.exp, "log": np.log, "ln": np.log, "log10": np.log10, "expm1": np.expm1, "log1p": np.log1p, "sqrt": np.sqrt,
    "abs": np.abs, "sign": np.sign, "cosh": np.cosh, "sinh": np.sinh, "erf": erf, "erfc": erfc,
}  # fmt: skip
SOFTMAX_SLOPE = "the slope of softmax, which has a Jacobian"


class Calls(Sums):
    """Evaluates calls."""

    @abstractmethod
    def compare(self, node: Compare) -> list[Value]:
        """1 where a condition holds, 0 elsewhere."""

    def call(self, node: Call) -> list[Value]:
        """f(…), whatever f is: a function, the loss, the network's output, or a factor before brackets."""
        name = node.function
        marks = self.marker.marks(name)
        primes = marks.primes
        if name.name in self.lexicon.defined:
            return self.user_call(node, primes)
        if node.arguments and isinstance(node.arguments[0], Compare) and len(node.arguments) == 1:
            return self.compare(node.arguments[0])
        base = slope_of(name.name)
        if base is not None:
            return self.code_slope(base, node)
        if name.name in PLAIN:
            return self.plain_call(node)
        role = self.lexicon.habit.role(name)
        if role == "loss":
            if any(isinstance(a, Sum | Product | Fraction) for a in node.arguments):
                raise UnknownError(node, "the loss at another point")
            return self.loss_value(marks)
        if role == "output" or (
            name.name in {"h", "f", "F"} and any(self.lexicon.habit.role(a) == "X" for a in node.arguments if isinstance(a, Name))
        ):
            return self.shown(
                self.world["A", self.world.L], self.world.axes(("A", self.world.L)), self.argument_marks(node, marks), "A"
            )
        if not self.is_function(name):
            if len(node.arguments) == 1:
                return self.values(Product(node.span, (name, Group(None, node.arguments[0])), ("",)))
            raise UnknownError(node, f"the function {shown_name(name)} is not known")
        if len(node.arguments) != 1:
            raise UnknownError(node, f"{shown_name(name)} of {len(node.arguments)} arguments")
        return self.activated(node, primes, marks)

    def argument_marks(self, node: Call, marks: Marks) -> Marks:
        """Marks of h_Θ(x^{(i)})_k, whose example stands in the brackets."""
        example = next((self.marker.marks(a).example for a in node.arguments if isinstance(a, Name)), None)
        indices = tuple(i for i in marks.indices if not is_name(i, {"Theta", "theta", "W", "w"}))
        return Marks(indices=indices, example=marks.example or example, transpose=marks.transpose)

    def activated(self, node: Call, primes: int, marks: Marks) -> list[Value]:
        """σ(z) and σ'(z)."""
        argument = node.arguments[0]
        found = []
        for value in self.values(argument):
            kinds = self.kinds(node.function, argument, value)
            if primes and find_activation(kinds[0]).rowwise:
                raise UnknownError(node, SOFTMAX_SLOPE)
            results = [_applied(kind, value, primes) for kind in kinds if not (primes and find_activation(kind).rowwise)]
            found += [result.T if marks.transpose else result for result in results]
        return self.powered(found, marks.power) if not isinstance(marks.power, Name) else found

    def code_slope(self, base: str, node: Call) -> list[Value]:
        """relu_prime(Z) and sigmoid_derivative(A): code hands over z, or a where it has stored that."""
        if len(node.arguments) != 1:
            raise UnknownError(node, f"{node.function.name} of {len(node.arguments)} arguments")
        argument = node.arguments[0]
        found = []
        for value in self.values(argument):
            kind = base if base == "exp" else ACTIVATIONS.get(base) or self.activation(Name(node.span, base), argument, value)
            if find_activation(kind).rowwise:
                raise UnknownError(node, SOFTMAX_SLOPE)
            found.append(_applied(kind, value, 1))
            stored = stored_slope(kind)
            if stored is not None and isinstance(argument, Name) and self.lexicon.habit.role(argument) in {"A", "output"}:
                found.append(elementwise([value], stored))
        return found

    def user_call(self, node: Call, primes: int) -> list[Value]:
        """A function that the document defines, or its slope."""
        parameters, body = self.lexicon.defined[node.function.name]
        if len(parameters) != len(node.arguments):
            raise UnknownError(node, f"{node.function.name} takes {len(parameters)} arguments")
        if len(self.locals) > 40:
            raise UnknownError(node, "a function that is defined by itself")
        inner = self.elsewhere(self.world)
        found = []
        for values in combinations(*(self.values(a) for a in node.arguments)):

            def at(step: float, values: tuple[Value, ...] = values) -> Value:
                moved = [elementwise([v, number(step)], np.add) for v in values]
                inner.locals = {**self.locals, **{p: [v] for p, v in zip(parameters, moved, strict=True)}}
                return inner.values(body)[0]

            found.append(at(0.0) if not primes else elementwise([at(STEP), at(-STEP)], lambda a, b: (a - b) / (2 * STEP)))
        return found

    def plain_call(self, node: Call) -> list[Value]:
        """Functions of mathematics and of NumPy: exp, log, max, sum, dot, where and so on."""
        name, arguments = node.function.name, node.arguments
        marks = self.marker.marks(node.function)
        if name in PLAIN_FUNCTIONS and len(arguments) == 1:
            function = _slope_by_nudging(PLAIN_FUNCTIONS[name]) if marks.primes else PLAIN_FUNCTIONS[name]
            found = self.each(arguments, lambda a: elementwise([a], function))
            return self.powered(found, marks.power)
        if name in {"max", "maximum"} and len(arguments) == 2:
            return self.each(arguments, lambda a, b: elementwise([a, b], np.maximum))
        if name in {"min", "minimum"} and len(arguments) == 2:
            return self.each(arguments, lambda a, b: elementwise([a, b], np.minimum))
        if name in {"sum", "mean", "average", "avg"} and arguments:
            return self.totals(node, mean=name != "sum")
        if name == "dot" and len(arguments) == 2:
            return products.multiplied([self.values(a) for a in arguments], ["@"], self.loose_axes())
        if name == "outer" and len(arguments) == 2:
            return self.each(arguments, products.outer)
        if name == "transpose" and len(arguments) == 1:
            return [v.T for v in self.values(arguments[0])]
        if name == "where" and len(arguments) == 3:
            return self.each(arguments, lambda c, a, b: elementwise([c, a, b], _where))
        if name == "clip" and len(arguments) == 3:
            return self.each(arguments, lambda a, low, high: elementwise([a, low, high], np.clip))
        if name == "diag" and len(arguments) == 1:
            return [products.diagonal(v) for v in self.values(arguments[0])]
        raise UnknownError(node, f"{name} of {len(arguments)} arguments")

    def loose_axes(self) -> Value | None:
        """The left side, where the order of factors and their transposes are left aside."""
        return self.target if self.loose else None


def _slope_by_nudging(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda x: (function(x + STEP) - function(x - STEP)) / (2 * STEP)


def _where(condition: Array, a: Array, b: Array) -> Array:
    return np.where(condition > 0, a, b)


def _applied(kind: str, value: Value, primes: int) -> Value:
    """An activation or its slope at a value; softmax runs along the units."""
    data = value.data
    if not find_activation(kind).rowwise:
        return Value(np.asarray(slope(kind, data) if primes else activate(kind, data)), value.letters, value.matrix)
    place = next((k for k, (_, axis) in enumerate(value.letters) if axis.startswith("units")), None)
    if place is None and value.matrix is not None:
        place = next((len(value.letters) + k for k in range(2) if value.matrix[k].startswith("units")), None)
    if place is None:
        return Value(np.ones_like(data), value.letters, value.matrix)
    return Value(np.moveaxis(activate(kind, np.moveaxis(data, place, 0)), 0, place), value.letters, value.matrix)
