"""Numbers that a document puts in the place of its names, and whether what it works out with them is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from handgrad.check.judging.arithmetic import Right, ValueOf, Wrong, unit_of, worked_out
from handgrad.check.judging.comparing import Outcome, Scale
from handgrad.check.judging.evaluating import UnknownError
from handgrad.check.judging.program_graph import Graph
from handgrad.check.judging.program_names import MarkError, has_gradients, is_loss, variables
from handgrad.check.judging.program_point import Point
from handgrad.check.tree import (
    Call,
    Derivative,
    Differential,
    Fraction,
    Name,
    Node,
    Number,
    Product,
    Script,
    Scripted,
    Sum,
    bare,
    walk,
)
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import ACTIVATIONS

HOLDS = Outcome("holds", Scale())
WORKED = frozenset({"sigmoid", "tanh", "relu"})
"""Activations that are worked out by hand."""


@dataclass
class Numbers:
    """Values by name and by gradient, each with the place of the relation that gave it, and what each name was said to be."""

    graph: Graph
    values: dict[str, list[tuple[int, Number]]] = field(default_factory=dict)
    formulas: dict[str, list[Relation]] = field(default_factory=dict)

    def learn(self, relation: Relation) -> None:
        """Take the numbers from a relation: x = 0.5, a chain's result, numbers in the place of the names of the side before."""
        left, right, place = relation.left, relation.right, relation.place
        literal = signed(right)
        subject = self.key(relation.subject)
        if literal is not None:
            for given in dict.fromkeys(k for k in (self.key(left), subject) if k):
                self.add(given, place, literal)
        key = self.key(left)
        for side in [left] if key is None else [self.graph.defined.get(key)]:
            if side is not None and literal is None and self.plain(right):
                for name, number in self.unified(side, right):
                    if name not in self.values:  # a number of its own tells more
                        self.add(name, place, number)
        if subject is not None and literal is None:
            self.formulas.setdefault(subject, []).append(relation)

    def add(self, key: str, place: int, number: Number) -> None:
        """Note a value of a name."""
        have = self.values.setdefault(key, [])
        if not have or have[-1][1].text != number.text:
            have.append((place, number))

    def key(self, node: Node) -> str | None:
        """The key of a name or of a gradient; None for other formulas."""
        node = bare(node)
        names = self.graph.names
        try:
            if isinstance(node, Name):
                spelled = names.spelled(node)
                if spelled.letters or spelled.power is not None or (node.name in {"e", "pi"} and not spelled.suffix):
                    return None
                key = self._loss(node, spelled.key) or spelled.key
                return key + "@" if spelled.updated else key
            if isinstance(node, Call) and is_loss(node.function):
                return self.key(node.function)
            if isinstance(node, Derivative) and node.order == 1:
                of, by = self.key(node.of), self.key(node.by)
                return f"d {of} by {by}" if of and by else None
            if isinstance(node, Differential) and self.graph.loss:
                by = self.key(node.by or node.of)
                return f"d {self.graph.loss} by {by}" if by else None
        except MarkError:
            return None
        return None

    def _loss(self, name: Name, key: str) -> str | None:
        return self.graph.loss if self.graph.is_the_loss(key, name) else None

    def plain(self, node: Node) -> bool:
        """Whether a formula is of numbers alone."""
        if has_gradients(node):
            return False
        known, functions = self.graph.known, self.graph.is_function
        return all(functions(name) and not name.scripts and name.name not in known for name in variables(node))

    def unified(self, formula: Node, numbers: Node) -> Iterator[tuple[str, Number]]:
        """Names of a formula and the numbers in their places, where both have the same shape."""
        found: list[tuple[str, Number]] = []
        if self._matched(formula, numbers, found):
            yield from found

    def _matched(self, formula: Node, numbers: Node, found: list[tuple[str, Number]], depth: int = 0) -> bool:
        formula, numbers = bare(formula), bare(numbers)
        key, literal = self.key(formula), signed(numbers)
        if depth > 40:
            return False
        if key is not None and literal is not None:
            found.append((key, literal))
            return True
        if isinstance(formula, Product) and isinstance(numbers, Product):
            return self._alike(formula.items, numbers.items, found, depth)
        if isinstance(formula, Sum) and isinstance(numbers, Sum) and formula.signs == numbers.signs:
            return self._alike(formula.terms, numbers.terms, found, depth)
        if isinstance(formula, Fraction) and isinstance(numbers, Fraction):
            return self._alike((formula.over, formula.under), (numbers.over, numbers.under), found, depth)
        if isinstance(formula, Scripted) and isinstance(numbers, Scripted) and formula.scripts and numbers.scripts:
            return self._matched(formula.base, numbers.base, found, depth + 1)
        if isinstance(formula, Call) and isinstance(numbers, Call) and formula.function.name == numbers.function.name:
            return self._alike(formula.arguments, numbers.arguments, found, depth)
        if isinstance(formula, Name) and isinstance(numbers, Name) and formula.name == numbers.name == "e":
            return self._alike(_above(formula), _above(numbers), found, depth)
        return isinstance(formula, Number) and literal is not None and formula.value == literal.value

    def _alike(self, formulas: tuple[Node, ...], numbers: tuple[Node, ...], found: list[tuple[str, Number]], depth: int) -> bool:
        return len(formulas) == len(numbers) and all(
            self._matched(a, b, found, depth + 1) for a, b in zip(formulas, numbers, strict=True)
        )

    # judging

    def value_of(self, place: int, which: str) -> ValueOf:
        """What names and gradients are at a place of the document: by their latest value before it, or their first or last one."""

        def value(node: Node) -> Number | None:
            if isinstance(node, Number | Sum | Product):
                return None
            key = self.key(node)
            found = (self.values.get(key + "@") if which == "updated" and key else None) or (self.values.get(key) if key else None)
            if not found:
                return self.truth(node) if key is not None and key.startswith("d ") else None
            before = [number for at, number in found if at <= place]
            if which == "first" or not before:
                return found[0][1]
            return found[-1][1] if which == "last" else before[-1]

        return value

    def truth(self, node: Node) -> Number | None:
        """What the program gives for a formula at the document's own numbers, to three digits."""
        fixed = {
            key: found[0][1].value
            for key, found in self.values.items()
            if key not in self.graph.defined and not key.startswith("d ")
        }
        point = Point(self.graph, fixed)
        try:
            value = float(np.asarray(point.value(node))[0])
        except UnknownError:
            return None
        leaves = {key for key in point.seen if key not in self.graph.defined and key != self.graph.loss}
        if leaves - set(fixed) or not np.isfinite(value):
            return None
        return Number(None, float(f"{value:.4g}"), f"{value:.4g}")

    def updated_before(self, place: int) -> bool:
        """Whether names have been given new values before a place."""
        return any(key.endswith("@") and values[0][0] < place for key, values in self.values.items()) or any(
            key not in self.graph.defined and not key.startswith("d ") and any(values[0][0] < at < place for at, _ in values)
            for key, values in self.values.items()
        )

    def concerns(self, relation: Relation) -> bool:
        """Whether a relation has numbers put in on a side."""
        sides = relation.sides
        return any(_decimals(side) or (self.plain(side) and (self.worked or not any(map(has_gradients, sides)))) for side in sides)

    @property
    def worked(self) -> bool:
        """Whether the document gives any name that it computes with a number."""
        return any(key in self.graph.used and key not in self.graph.defined for key in self.values)

    def judge(self, relation: Relation, is_right: Callable[[Relation], bool]) -> Outcome | None:
        """Whether the numbers of a relation are right given the document's own; None where that cannot be told.

        `is_right` tells of earlier relations whether what they say can be relied on.
        """
        left, right = relation.left, relation.right
        key, other = self.key(left), self.key(right)
        functions = {word: kind for word, kind in {**ACTIVATIONS, **self.graph.activations}.items() if kind in WORKED}
        if other is not None and key is not None:
            return None
        results: list[Right | Wrong] = []
        pairs = [(a, b) for a in self.said(left, relation.place, is_right) for b in self.said(right, relation.place, is_right)]
        for which in ("latest", "first", "last", "updated"):
            value_of = self.value_of(relation.place, which)
            for a, b in pairs:
                found = self._compared(a, b, relation.op, value_of, functions)
                if isinstance(found, Right):
                    return HOLDS
                if isinstance(found, Wrong):
                    results.append(found)
        symbol, numbers = (left, right) if key is not None else (right, left)
        if key is not None or other is not None:
            told = self.truth(symbol)
            number = signed(numbers)
            if (
                told is not None
                and number is not None
                and abs(told.value - number.value) <= max(unit_of(number), 0.02 * abs(told.value))
            ):
                return HOLDS
        if results and isinstance(results[0], Wrong):
            if self.updated_before(relation.place) and not (self.plain(left) and self.plain(right)):
                return None  # the numbers may be those after an update, or of another example
            return Outcome("differs", why=f"it comes to {results[0].expected}", misfit="number")
        if (key is not None and isinstance(bare(left), Name) and self.plain(right)) or (
            key is not None and signed(right) is not None
        ):
            return HOLDS  # a value that is given
        return None

    def said(self, side: Node, place: int, is_right: Callable[[Relation], bool]) -> list[Node]:
        """A side, or what the document has said before that a name is, latest first."""
        key = self.key(side)
        if key is None:
            return [side]
        earlier = [relation.right for relation in self.formulas.get(key, ()) if relation.place < place and is_right(relation)]
        defined = self.graph.defined.get(key)
        return [*reversed(earlier[-3:]), *([defined] if defined is not None else [])]

    @staticmethod
    def _compared(a: Node, b: Node, op: str, value_of: ValueOf, functions: dict[str, str]) -> Right | Wrong | None:
        x, y = signed(a), signed(b)
        if x is not None and y is not None:
            return Right() if abs(x.value - y.value) <= max(unit_of(x), unit_of(y)) * 1.001 else None
        # A name alone is no arithmetic, but its value is.
        a, b = (value_of(bare(side)) or side if isinstance(bare(side), Name) else side for side in (a, b))
        found = worked_out(a, b, op, value_of=value_of, functions=functions)
        return found if isinstance(found, Right | Wrong) else None


def _above(name: Name) -> tuple[Node, ...]:
    return name.scripts[0].body if name.scripts and isinstance(name.scripts[0], Script) else ()


def _decimals(node: Node) -> bool:
    return any(isinstance(part, Number) and "." in part.text and part.value not in {0.5, 1.0, 2.0, 0.0} for part in walk(node))


def signed(node: Node) -> Number | None:
    """A number with its sign as one, or None."""
    node = bare(node)
    if isinstance(node, Number):
        return node
    if isinstance(node, Sum) and node.signs == ("-",):
        inner = signed(node.terms[0])
        if inner is not None:
            return Number(node.span, -inner.value, inner.text[1:] if inner.text.startswith("-") else "-" + inner.text)
    return None


__all__ = ["HOLDS", "Numbers", "signed"]
