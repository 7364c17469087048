"""What a person's formula comes to in a world: all the values that its text allows, with named axes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.check.judging import products
from handgrad.check.judging.calls import PLAIN_FUNCTIONS, SOFTMAX_SLOPE, Calls
from handgrad.check.judging.derivatives import Derivatives
from handgrad.check.judging.lexicon import NO_LAYER, Lexicon, Meaning, UnknownError, slope_of, spelled
from handgrad.check.judging.limits import MOST_READINGS, TOO_LONG, late
from handgrad.check.judging.sums import total
from handgrad.check.judging.values import MisfitError, Value, elementwise, number
from handgrad.check.judging.world import ONE
from handgrad.check.tree import (
    BigSum,
    Call,
    Cases,
    Compare,
    Derivative,
    Differential,
    Dots,
    Fraction,
    Group,
    Matrix,
    Name,
    Node,
    Number,
    Operator,
    Product,
    Root,
    Script,
    Scripted,
    Sum,
    Unreadable,
    Words,
)


class Evaluator(Calls, Derivatives):
    """Evaluates formulas in one world."""

    def values(self, node: Node) -> list[Value]:
        """All values that a formula may have. Raises UnknownError and MisfitError."""
        if late():
            raise UnknownError(node, TOO_LONG)
        found = self.by_kind(node)
        if len(found) > MOST_READINGS:
            raise UnknownError(node, "this can be read in too many ways")
        return found

    def by_kind(self, node: Node) -> list[Value]:
        """All values of a formula, by what it is."""
        match node:
            case Number():
                return [number(node.value)]
            case Name():
                return self.name(node)
            case Group():
                return self.group(node)
            case Scripted():
                return self.scripted(node)
            case Sum():
                return self.sum(node)
            case Product():
                return self.product(node)
            case Fraction():
                return self.each([node.over, node.under], lambda a, b: elementwise([a, b], np.divide))
            case Root():
                return self.each([node.body], lambda a: elementwise([a], np.sqrt))
            case BigSum():
                return self.big_sum(node)
            case Differential():
                return self.differential(node)
            case Derivative():
                return self.derivative(node)
            case Call():
                return self.call(node)
            case Compare():
                return self.compare(node)
            case Cases():
                return self.cases(node)
            case Matrix():
                return self.matrix(node)
            case Unreadable():
                raise UnknownError(node, node.reason)
            case Words():
                raise UnknownError(node, f"words inside a formula: {node.text.strip()}")
            case Dots():
                raise UnknownError(node, "something is left out (…)")
            case Operator():
                raise UnknownError(node, "an operator ∂/∂ with nothing to its right")
        raise UnknownError(node, "this is not understood")

    def group(self, node: Group) -> list[Value]:
        """Brackets, |…| and norms."""
        if node.open == "|" and isinstance(node.body, Name) and self.lexicon.habit.role(node.body) in {"X", "Y"}:
            return [number(float(self.world.m if self.setting.batch else 7 + 2 * self.world.m))]  # |Y|: how many there are
        if node.open == "|":
            return self.each([node.body], lambda a: elementwise([a], np.abs))
        if node.open == "norm":
            return self.each([node.body], lambda a: elementwise([total(elementwise([a], np.square))], np.sqrt))
        return self.values(node.body)

    def scripted(self, node: Scripted) -> list[Value]:
        """(…) with a transpose, a power, an index or a prime."""
        marks = self.marker.marks(Name(None, "?", node.scripts))
        base: Node = node.base
        inner = base.body if isinstance(base, Group) and base.open != "norm" else base
        if marks.primes and isinstance(inner, Call):
            called = replace(inner, function=replace(inner.function, scripts=(*inner.function.scripts, *node.scripts)))
            return self.call(called)
        found = self.values(base)
        if isinstance(inner, Name | Differential) and marks.layer is not None and marks.power is None:
            raise UnknownError(node, "marks at brackets that are no power and no transpose")
        if marks.transpose or (marks.primes and self.lexicon.habit.prime_transposes):
            found = [value.T for value in found]
        elif marks.primes:
            raise UnknownError(node, "it is not said what the prime means here")
        power = marks.power if marks.power is not None else (marks.layer if isinstance(marks.layer, Number) else None)
        if marks.indices and not isinstance(base, Group | Call):
            raise UnknownError(node, "an index at brackets")
        if marks.indices and len(marks.indices) == 1 and not (isinstance(base, Group) and base.open == "norm"):
            found = [v for value in found for v in self.indexed(value, marks.indices[0])]
        return self.powered(found, power)

    def indexed(self, value: Value, index: Node) -> list[Value]:
        """(…)_j of a column: its element."""
        if value.matrix is None or value.matrix.count(ONE) != 1:
            return [value] if value.matrix is None else []
        place = 1 - value.matrix.index(ONE)
        column = np.squeeze(value.data, axis=-1 if place == 0 else -2)
        data, letters = self.take(column, column.ndim - 1, index, value.matrix[place], list(value.letters))
        if len(letters) == len(value.letters):
            return [Value(data, value.letters)]
        return [Value(np.asarray(data), (*value.letters, letters[-1]))]

    def sum(self, node: Sum) -> list[Value]:
        """Terms; an operator ∂/∂ in the first one may be of all of them."""
        signs = [-1.0 if sign == "-" else 1.0 for sign in node.signs]

        def added(*values: Value) -> Value:
            return elementwise(values, lambda *arrays: sum(s * a for s, a in zip(signs, arrays, strict=True)))

        found, first = [], None
        try:
            found = self.each(node.terms, added)
        except MisfitError as error:
            first = error
        head = node.terms[0]
        if len(node.terms) > 1 and isinstance(head, Product) and (k := _operator(head)) is not None:
            rest = Sum(None, (_product(head.items[k + 1 :], head.signs[k + 1 :]), *node.terms[1:]), ("+", *node.signs[1:]))
            whole: Node = Product(None, (*head.items[: k + 1], Group(None, rest)), (*head.signs[:k], ""))
            if node.signs[0] == "-":
                whole = Sum(None, (whole,), ("-",))
            found += self.attempt(lambda: self.values(whole))
        if not found:
            raise first or MisfitError("nothing fits")
        return found

    def product(self, node: Product) -> list[Value]:
        """Factors; an operator ∂/∂ is of those to its right."""
        k = _operator(node)
        if k is not None:
            by = node.items[k]
            assert isinstance(by, Operator)
            if k + 1 == len(node.items):
                raise UnknownError(by, "an operator ∂/∂ with nothing to its right")
            inner = self.derived(_product(node.items[k + 1 :], node.signs[k + 1 :]), by.by)
            if k == 0:
                return inner
            left = _product(node.items[:k], node.signs[: k - 1])
            return products.multiplied([self.values(left), inner], [node.signs[k - 1] or ""], self.loose_axes())
        return products.multiplied([self.values(item) for item in node.items], node.signs, self.loose_axes())

    def compare(self, node: Compare) -> list[Value]:
        """1 where a condition holds, 0 elsewhere."""
        if node.op in {"==", "!="} and isinstance(node.left, Name) and isinstance(node.right, Name):
            same = self.kronecker(Name(None, "delta", (Script(None, "sub", (node.left, node.right)),)))
            if same is not None:
                return [same if node.op == "==" else elementwise([same], lambda a: 1 - a)]
        operators = {">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal, "==": np.equal, "!=": np.not_equal}
        return self.each(
            [node.left, node.right], lambda a, b: elementwise([a, b], lambda x, y: operators[node.op](x, y).astype(float))
        )

    def cases(self, node: Cases) -> list[Value]:
        """The value of the first case whose condition holds."""
        last = node.rows[-1]
        if any(condition is None for _, condition in node.rows[:-1]):
            raise UnknownError(node, "a case without its condition")
        parts: list[Node] = []
        for value, condition in node.rows[:-1]:
            assert condition is not None
            parts += [condition, value]
        if last[1] is not None and len(node.rows) == 1:
            raise UnknownError(node, "one case only")

        def chosen(*arrays: Array) -> Array:
            result = arrays[-1]
            for k in range(len(arrays) - 3, -1, -2):
                result = np.where(arrays[k] > 0, arrays[k + 1], result)
            return np.asarray(result)

        return self.each([*parts, last[0]], lambda *values: elementwise(values, chosen))

    def matrix(self, node: Matrix) -> list[Value]:
        """A matrix of numbers."""
        rows = [[self.values(entry)[0] for entry in row] for row in node.rows]
        if any(v.matrix is not None and not v.scalar for row in rows for v in row) or len({len(row) for row in rows}) != 1:
            raise UnknownError(node, "a matrix whose entries are matrices")
        data = np.array([[float(np.squeeze(v.data)) if v.data.size == 1 else np.nan for v in row] for row in rows])
        if np.isnan(data).any():
            raise UnknownError(node, "a matrix whose entries have indices")
        return [Value(data, (), (_sized(data.shape[0]), _sized(data.shape[1])))]


def _sized(size: int) -> str:
    return ONE if size == 1 else f"{size} entries"


def _operator(node: Product) -> int | None:
    return next((k for k, item in enumerate(node.items) if isinstance(item, Operator)), None)


def _product(items: tuple[Node, ...], signs: tuple[str, ...]) -> Node:
    return items[0] if len(items) == 1 else Product(None, items, tuple(signs[: len(items) - 1]))


__all__ = [
    "NO_LAYER",
    "PLAIN_FUNCTIONS",
    "SOFTMAX_SLOPE",
    "Evaluator",
    "Lexicon",
    "Meaning",
    "UnknownError",
    "slope_of",
    "spelled",
    "total",
]
